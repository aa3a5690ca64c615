//! `UpdateRestApi`.

use gw_model::{EndpointType, RestApi};

use super::{
    Op, PatchOperation,
    table::{AD, ARD, R, Table, Unknown, map, plain},
};
use crate::{
    Fault,
    aws::enumerated,
    aws::{check_address_type, check_policy, compression_size},
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
    unknown: Unknown::Listed,
    rules: &[
        plain(Key::ApiKeySource, "/apiKeySource", R),
        map(Key::BinaryMediaType, "/binaryMediaTypes", ARD),
        plain(Key::Description, "/description", ARD),
        plain(Key::DisableEndpoint, "/disableExecuteApiEndpoint", R),
        plain(Key::AccessMode, "/endpointAccessMode", R),
        plain(Key::AddressType, "/endpointConfiguration/ipAddressType", R),
        map(Key::EndpointType, "/endpointConfiguration/types", R),
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
    operations.iter().try_for_each(|operation| apply(api, operation))
}

fn apply(api: &mut RestApi, operation: &PatchOperation) -> Result<(), Fault> {
    let compression = operation.path.as_deref() == Some("/minimumCompressionSize");
    if compression && operation.op != Op::Replace {
        return Err(Fault::bad_request(
            "Invalid patch operation specified. Must be one of: [replace]",
        ));
    }
    let (key, name) = TABLE.find(operation)?;
    match key {
        Key::Name => {
            api.name = operation
                .filled()
                .ok_or_else(|| Fault::bad_request("API name must be non-empty"))?;
        }
        Key::Description if operation.op == Op::Remove => api.description = None,
        Key::Description => api.description = operation.filled(),
        Key::ApiKeySource => {
            let source = operation.one_of(&["HEADER", "AUTHORIZER"])?;
            api.api_key_source = enumerated(Some(source)).unwrap_or_default();
        }
        Key::DisableEndpoint => api.disable_execute_api_endpoint = operation.boolean()?,
        Key::AccessMode => api.endpoint_access_mode = operation.filled(),
        Key::SecurityPolicy => api.security_policy = operation.filled(),
        Key::Policy => {
            check_policy(operation.value())?;
            api.policy = operation.filled();
        }
        Key::Compression => {
            let bytes = operation.filled().map(|_| operation.number()).transpose()?;
            api.minimum_compression_size_bytes = bytes.map(compression_size).transpose()?;
        }
        Key::BinaryMediaType => binary_media_type(api, operation, name)?,
        Key::EndpointType => endpoint_type(api, operation, &name)?,
        Key::AddressType => {
            let given = operation.one_of(&["ipv4", "dualstack"])?;
            check_address_type(api.endpoint_configuration.endpoint_type, Some(given))?;
            api.endpoint_configuration.ip_address_type = Some(given.to_owned());
        }
        Key::VpcEndpoints => vpc_endpoints(api, operation)?,
    }
    Ok(())
}

fn binary_media_type(
    api: &mut RestApi,
    operation: &PatchOperation,
    name: String,
) -> Result<(), Fault> {
    let types = &mut api.binary_media_types;
    let place = types.iter().position(|known| *known == name);
    let absent = || Fault::not_found("Content-Type specified was not found");
    match operation.op {
        Op::Add if place.is_none() => types.push(name),
        Op::Add => {}
        Op::Remove => _ = types.remove(place.ok_or_else(absent)?),
        _ => types[place.ok_or_else(absent)?] = operation.filled().unwrap_or(name),
    }
    Ok(())
}

/// The path names the present type (or `0`, its place in the list).
fn endpoint_type(api: &mut RestApi, operation: &PatchOperation, name: &str) -> Result<(), Fault> {
    let configuration = &mut api.endpoint_configuration;
    let named: Option<EndpointType> = enumerated(Some(name));
    if name != "0" && named != Some(configuration.endpoint_type) {
        return Err(Fault::bad_request(format!("Invalid endpoint type specified: {name}")));
    }
    let value = operation.one_of(&["PRIVATE", "EDGE", "REGIONAL"])?;
    let wanted: EndpointType = enumerated(Some(value)).unwrap_or_default();
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
