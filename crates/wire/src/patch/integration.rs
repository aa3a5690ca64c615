//! `UpdateIntegration` and `UpdateIntegrationResponse`.

use gw_model::{Integration, IntegrationResponse, IntegrationType};

use super::{
    Op, PatchOperation,
    check::{
        bad_passthrough, check_integration, check_integration_response, check_media_type,
        check_response_header, timeout_ms,
    },
    method::{in_map, parameter_absent, type_absent},
    table::{ARD, R, Table, Unknown, map, plain},
    with_slash,
};
use crate::{Fault, aws::enumerated};

#[derive(Clone, Copy)]
enum Key {
    CacheKeyParameter,
    CacheNamespace,
    ConnectionId,
    ConnectionType,
    ContentHandling,
    Credentials,
    HttpMethod,
    Insecure,
    Kind,
    Passthrough,
    RequestParameter,
    RequestTemplate,
    Target,
    Timeout,
    TransferMode,
    Uri,
}

const INTEGRATION: Table<Key> = Table {
    unknown: Unknown::Listed,
    rules: &[
        plain(Key::CacheKeyParameter, "/cacheKeyParameters", ARD),
        map(Key::CacheKeyParameter, "/cacheKeyParameters", ARD),
        plain(Key::CacheNamespace, "/cacheNamespace", R),
        plain(Key::ConnectionId, "/connectionId", R),
        plain(Key::ConnectionType, "/connectionType", R),
        plain(Key::ContentHandling, "/contentHandling", R),
        plain(Key::Credentials, "/credentials", R),
        plain(Key::HttpMethod, "/httpMethod", R),
        plain(Key::Target, "/integrationTarget", R),
        plain(Key::Passthrough, "/passthroughBehavior", R),
        map(Key::RequestParameter, "/requestParameters", ARD),
        map(Key::RequestTemplate, "/requestTemplates", ARD),
        plain(Key::TransferMode, "/responseTransferMode", R),
        plain(Key::Timeout, "/timeoutInMillis", R),
        plain(Key::Insecure, "/tlsConfig/insecureSkipVerification", R),
        plain(Key::Kind, "/type", &[]),
        plain(Key::Uri, "/uri", R),
    ],
};

/// Applies a patch to an integration and checks the result.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied, or for a rule
/// that the result breaks.
pub fn patch_integration(
    integration: &mut Integration,
    operations: &[PatchOperation],
) -> Result<(), Fault> {
    let asked_to_stream = integration.asks_to_stream();
    operations.iter().try_for_each(|operation| apply(integration, operation))?;
    let times = |operation: &PatchOperation| {
        operation.path.as_deref().is_some_and(|path| path.ends_with("timeoutInMillis"))
    };
    if integration.asks_to_stream() != asked_to_stream && !operations.iter().any(times) {
        // "this timeout value is removed", as AWS's guide has it; the other
        // mode has other bounds.
        integration.timeout_ms = Integration::DEFAULT_TIMEOUT_MS;
    }
    check_integration(integration)
}

fn apply(integration: &mut Integration, operation: &PatchOperation) -> Result<(), Fault> {
    let operation = &*with_slash(operation);
    let (key, name) = INTEGRATION.find(operation)?;
    let mock = integration.kind == IntegrationType::Mock;
    if mock && matches!(key, Key::HttpMethod | Key::Uri) {
        return Err(Fault::bad_request(format!(
            "Invalid patch path  '{}' specified for op '{}'. Please choose supported operations",
            operation.path.as_deref().unwrap_or_default(),
            operation.op
        )));
    }
    match key {
        Key::CacheKeyParameter => cache_key_parameter(integration, operation, name)?,
        Key::CacheNamespace => integration.cache_namespace = operation.filled(),
        Key::ConnectionId => integration.connection_id = operation.filled(),
        Key::ConnectionType => {
            let kind = operation.one_of(&["VPC_LINK", "INTERNET"])?;
            integration.connection_type = enumerated(Some(kind)).unwrap_or_default();
        }
        Key::ContentHandling => integration.content_handling = content_handling(operation)?,
        Key::Credentials => integration.credentials = operation.filled(),
        Key::HttpMethod => integration.http_method = operation.filled(),
        Key::Insecure => integration.insecure_skip_verification = Some(operation.boolean()?),
        // No operation is in the table.
        Key::Kind => {}
        Key::Passthrough => {
            integration.passthrough_behavior =
                enumerated(operation.value.as_deref()).ok_or_else(bad_passthrough)?;
        }
        Key::RequestParameter => {
            let parameters = &mut integration.request_parameters;
            in_map(parameters, name, operation, mapping("requestParameters"), parameter_absent)?;
        }
        Key::RequestTemplate => {
            if operation.op == Op::Add {
                check_media_type(&name)?;
            }
            let template = |operation: &PatchOperation| Ok(operation.value.clone());
            in_map(&mut integration.request_templates, name, operation, template, type_absent)?;
        }
        Key::Target => integration.integration_target = operation.filled(),
        Key::Timeout => integration.timeout_ms = timeout_ms(operation.number()?)?,
        Key::TransferMode => {
            integration.response_transfer_mode =
                Some(operation.one_of(&["BUFFERED", "STREAM"])?.to_owned());
        }
        Key::Uri => integration.uri = operation.filled(),
    }
    Ok(())
}

/// Both forms are in use: the parameter as value, and as last segment.
fn cache_key_parameter(
    integration: &mut Integration,
    operation: &PatchOperation,
    name: String,
) -> Result<(), Fault> {
    let parameters = &mut integration.cache_key_parameters;
    let named = if name.is_empty() { operation.value().to_owned() } else { name };
    let place = parameters.iter().position(|known| *known == named);
    match (operation.op, place) {
        (Op::Add, Some(_)) => {}
        (Op::Add, None) if named.is_empty() => return Err(parameter_absent()),
        (Op::Add, None) => parameters.push(named),
        (Op::Remove, Some(place)) => _ = parameters.remove(place),
        (Op::Replace, Some(place)) => {
            parameters[place] = operation.filled().unwrap_or(named);
        }
        _ => return Err(parameter_absent()),
    }
    Ok(())
}

/// An empty value means that bodies pass unchanged.
fn content_handling(
    operation: &PatchOperation,
) -> Result<Option<gw_model::ContentHandling>, Fault> {
    if operation.filled().is_none() {
        return Ok(None);
    }
    let value = operation.one_of(&["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"])?;
    Ok(enumerated(Some(value)))
}

/// A mapping expression, which must be there.
fn mapping(member: &'static str) -> impl Fn(&PatchOperation) -> Result<String, Fault> {
    move |operation| {
        operation
            .filled()
            .ok_or_else(|| Fault::bad_request(format!("Invalid null or empty value in {member}")))
    }
}

#[derive(Clone, Copy)]
enum ResponseKey {
    ContentHandling,
    Parameter,
    SelectionPattern,
    Template,
}

const RESPONSE: Table<ResponseKey> = Table {
    unknown: Unknown::Bare,
    rules: &[
        plain(ResponseKey::ContentHandling, "/contentHandling", R),
        plain(ResponseKey::SelectionPattern, "/selectionPattern", R),
        map(ResponseKey::Parameter, "/responseParameters", ARD),
        map(ResponseKey::Template, "/responseTemplates", ARD),
    ],
};

/// Applies a patch to an integration response and checks the result.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied, or for a rule
/// that the result breaks.
pub fn patch_integration_response(
    response: &mut IntegrationResponse,
    operations: &[PatchOperation],
) -> Result<(), Fault> {
    for operation in operations {
        let (key, name) = RESPONSE.find(operation)?;
        match key {
            ResponseKey::ContentHandling => {
                response.content_handling = content_handling(operation)?;
            }
            ResponseKey::SelectionPattern => {
                response.selection_pattern.clone_from(&operation.value);
            }
            ResponseKey::Parameter => {
                if operation.op == Op::Add {
                    check_response_header(&name)?;
                }
                let parameters = &mut response.response_parameters;
                let value = mapping("responseParameters");
                in_map(parameters, name, operation, value, parameter_absent)?;
            }
            ResponseKey::Template => {
                if operation.op == Op::Add {
                    check_media_type(&name)?;
                }
                let value = |operation: &PatchOperation| {
                    let text = operation.value.clone().ok_or_else(|| {
                        Fault::bad_request("Invalid null or empty value in responseTemplates")
                    })?;
                    Ok(Some(text).filter(|text| !text.is_empty()))
                };
                let templates = &mut response.response_templates;
                in_map(templates, name, operation, value, type_absent)?;
            }
        }
    }
    check_integration_response(response)
}
