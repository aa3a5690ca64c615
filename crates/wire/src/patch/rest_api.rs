//! `UpdateRestApi`.

use gw_model::{EndpointType, RestApi};

use super::{
    Op, PatchOperation, check_text,
    table::{AD, ARD, R, Table, Unknown, map, plain},
};
use crate::{
    Fault,
    aws::{
        ACCESS_MODES, MANY_ENDPOINT_TYPES, NO_ENDPOINT_TYPE, SECURITY_POLICIES, check_access_mode,
        check_address_type, check_policy, check_strict, compression_size, enumerated,
    },
};

#[derive(Clone, Copy)]
enum Key {
    AccessMode,
    AddressType,
    BinaryMediaType,
    Compression,
    Description,
    DisableEndpoint,
    EndpointType,
    ApiKeySource,
    Name,
    Policy,
    SecurityPolicy,
    VpcEndpoints,
}

const TABLE: Table<Key> = Table {
    unknown: Unknown::BareOps,
    rules: &[
        plain(Key::ApiKeySource, "/apiKeySource", R),
        map(Key::BinaryMediaType, "/binaryMediaTypes", ARD),
        plain(Key::Description, "/description", ARD),
        plain(Key::DisableEndpoint, "/disableExecuteApiEndpoint", R),
        plain(Key::AccessMode, "/endpointAccessMode", R),
        plain(Key::AddressType, "/endpointConfiguration/ipAddressType", R),
        map(Key::EndpointType, "/endpointConfiguration/types", ARD),
        plain(Key::VpcEndpoints, "/endpointConfiguration/vpcEndpointIds", AD),
        plain(Key::Compression, "/minimumCompressionSize", R),
        plain(Key::Name, "/name", R),
        plain(Key::Policy, "/policy", R),
        plain(Key::SecurityPolicy, "/securityPolicy", R),
    ],
};

/// Applies a patch to an API's own settings.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied.
pub fn patch_rest_api(api: &mut RestApi, operations: &[PatchOperation]) -> Result<(), Fault> {
    let before = api.endpoint_configuration.endpoint_type;
    let mut types = vec![before];
    for operation in operations {
        apply(api, &mut types, operation)?;
    }
    set_endpoint_type(api, &types)?;
    let after = api.endpoint_configuration.endpoint_type;
    if (before, after) == (EndpointType::Private, EndpointType::Edge) {
        return Err(Fault::bad_request(
            "A private API cannot be changed to an edge-optimized API.",
        ));
    }
    let mode = api.endpoint_access_mode.as_deref();
    check_strict(mode, before != after)?;
    check_access_mode(mode, api.security_policy.as_deref().unwrap_or_default())
}

fn apply(
    api: &mut RestApi,
    types: &mut Vec<EndpointType>,
    operation: &PatchOperation,
) -> Result<(), Fault> {
    let of_types = |path: &str| path.starts_with("/endpointConfiguration/types/");
    if operation.path.as_deref().is_some_and(of_types) && !ARD.contains(&operation.op) {
        return Err(Fault::bad_request(
            "Invalid patch operation specified. Must be 'add'|'remove'|'replace'",
        ));
    }
    let (key, name) = TABLE.find(operation)?;
    match key {
        Key::Name => {
            api.name = operation
                .filled()
                .ok_or_else(|| Fault::bad_request("API name must be non-empty"))?;
            check_text("name", &api.name)?;
        }
        Key::Description if operation.op == Op::Remove => api.description = None,
        Key::Description => {
            check_text("description", operation.value())?;
            api.description = operation.filled();
        }
        Key::ApiKeySource => {
            let source = operation.one_of(&["HEADER", "AUTHORIZER"])?;
            api.api_key_source = enumerated(Some(source)).unwrap_or_default();
        }
        Key::DisableEndpoint => api.disable_execute_api_endpoint = operation.boolean()?,
        Key::AccessMode => {
            api.endpoint_access_mode = one_of_or_none(operation, ACCESS_MODES)?;
        }
        Key::SecurityPolicy => {
            api.security_policy = one_of_or_none(operation, SECURITY_POLICIES)?;
        }
        Key::Policy => {
            check_policy(operation.value())?;
            api.policy = operation.filled();
        }
        Key::Compression => {
            // A text that is no number is out of range, too.
            let bytes = operation.filled().map(|text| text.trim().parse().unwrap_or(-1));
            api.minimum_compression_size_bytes = bytes.map(compression_size).transpose()?;
        }
        Key::BinaryMediaType => binary_media_type(api, operation, name)?,
        Key::EndpointType => endpoint_type(types, operation, &name)?,
        Key::AddressType => {
            // Types may have changed before, in this very call.
            set_endpoint_type(api, types)?;
            let given = operation.one_of(&["ipv4", "dualstack"]).map_err(|_| {
                Fault::bad_request("ipAddressType must be either ipv4 or dualstack.")
            })?;
            check_address_type(api.endpoint_configuration.endpoint_type, Some(given))?;
            api.endpoint_configuration.ip_address_type = Some(given.to_owned());
        }
        Key::VpcEndpoints => {
            set_endpoint_type(api, types)?;
            vpc_endpoints(api, operation)?;
        }
    }
    Ok(())
}

fn one_of_or_none(operation: &PatchOperation, allowed: &[&str]) -> Result<Option<String>, Fault> {
    match operation.filled() {
        None => Ok(None),
        Some(_) => Ok(Some(operation.one_of(allowed)?.to_owned())),
    }
}

fn binary_media_type(
    api: &mut RestApi,
    operation: &PatchOperation,
    name: String,
) -> Result<(), Fault> {
    let types = &mut api.binary_media_types;
    let place = types.iter().position(|known| *known == name);
    let absent = || Fault::not_found("Content-Type specified was not found");
    if operation.op == Op::Add {
        if place.is_none() {
            types.push(name);
        }
        return Ok(());
    }
    types.remove(place.ok_or_else(absent)?);
    if operation.op == Op::Replace {
        // The new one comes last, and only once.
        let new = operation.filled().unwrap_or(name);
        if !types.contains(&new) {
            types.push(new);
        }
    }
    Ok(())
}

/// The path names the type that is replaced or removed (or `0`, its place in
/// the list); one to add is the value, or named by the path.
fn endpoint_type(
    types: &mut Vec<EndpointType>,
    operation: &PatchOperation,
    name: &str,
) -> Result<(), Fault> {
    let read = |text: &str| -> Result<EndpointType, Fault> {
        enumerated(Some(text)).ok_or_else(|| {
            Fault::bad_request(
                "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
            )
        })
    };
    let value = operation.filled();
    if operation.op == Op::Add {
        let new = read(value.as_deref().unwrap_or(name))?;
        if !types.contains(&new) {
            types.push(new);
        }
        return Ok(());
    }
    let place = match name.parse::<usize>() {
        Ok(place) => (place < types.len()).then_some(place),
        Err(_) => {
            let named = read(name)?;
            types.iter().position(|known| *known == named)
        }
    };
    let place = place
        .ok_or_else(|| Fault::bad_request(format!("Invalid endpoint type specified: {name}")))?;
    if operation.op == Op::Remove {
        types.remove(place);
    } else {
        types[place] = read(value.as_deref().unwrap_or_default())?;
    }
    Ok(())
}

/// Exactly one type must have remained.
fn set_endpoint_type(api: &mut RestApi, types: &[EndpointType]) -> Result<(), Fault> {
    let wanted = match types {
        [one] => *one,
        [] => return Err(Fault::bad_request(NO_ENDPOINT_TYPE)),
        _ => return Err(Fault::bad_request(MANY_ENDPOINT_TYPES)),
    };
    let configuration = &mut api.endpoint_configuration;
    if wanted == EndpointType::Private && configuration.ip_address_type.as_deref() == Some("ipv4") {
        configuration.ip_address_type = None;
    }
    if wanted != EndpointType::Private {
        configuration.vpc_endpoint_ids.clear();
    }
    configuration.endpoint_type = wanted;
    Ok(())
}

fn vpc_endpoints(api: &mut RestApi, operation: &PatchOperation) -> Result<(), Fault> {
    let configuration = &mut api.endpoint_configuration;
    if configuration.endpoint_type != EndpointType::Private {
        return Err(Fault::bad_request("VPCEndpoints can only be specified with PRIVATE apis."));
    }
    let id = operation
        .filled()
        .ok_or_else(|| Fault::bad_request("VPC endpoint id must be non-empty"))?;
    let place = configuration.vpc_endpoint_ids.iter().position(|known| *known == id);
    match (operation.op, place) {
        (Op::Add, None) => configuration.vpc_endpoint_ids.push(id),
        (Op::Add, Some(_)) => {}
        (_, Some(place)) => _ = configuration.vpc_endpoint_ids.remove(place),
        (_, None) => return Err(Fault::not_found("Invalid parameter name specified")),
    }
    Ok(())
}
