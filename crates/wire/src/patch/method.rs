//! `UpdateMethod` and `UpdateMethodResponse`.

use std::collections::BTreeMap;

use gw_model::{Method, MethodResponse};

use super::{
    Op, PatchOperation,
    check::{check_media_type, check_method, check_response_header},
    check_text,
    table::{AD, ARD, R, Table, Unknown, map, plain},
};
use crate::Fault;

#[derive(Clone, Copy)]
enum Key {
    ApiKeyRequired,
    AuthorizationScopes,
    AuthorizationType,
    AuthorizerId,
    OperationName,
    RequestModel,
    RequestParameter,
    RequestValidator,
}

const METHOD: Table<Key> = Table {
    unknown: Unknown::BareOps,
    rules: &[
        plain(Key::AuthorizationScopes, "/authorizationScopes", AD),
        plain(Key::AuthorizationType, "/authorizationType", R),
        plain(Key::AuthorizerId, "/authorizerId", R),
        plain(Key::ApiKeyRequired, "/apiKeyRequired", R),
        plain(Key::OperationName, "/operationName", R),
        plain(Key::RequestValidator, "/requestValidatorId", R),
        map(Key::RequestParameter, "/requestParameters", ARD),
        map(Key::RequestModel, "/requestModels", ARD),
    ],
};

/// Applies a patch to a method and checks the result.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied, or for a rule
/// that the result breaks.
pub fn patch_method(method: &mut Method, operations: &[PatchOperation]) -> Result<(), Fault> {
    operations.iter().try_for_each(|operation| apply(method, operation))?;
    forget_authorizer(method);
    check_method(method)
}

/// AWS takes an authorizer where the type needs none, and forgets it.
pub(crate) fn forget_authorizer(method: &mut Method) {
    if matches!(method.authorization_type.as_str(), "NONE" | "AWS_IAM") {
        method.authorizer_id = None;
    }
}

fn apply(method: &mut Method, operation: &PatchOperation) -> Result<(), Fault> {
    let (key, name) = METHOD.find(operation)?;
    match key {
        // What is not `true` is false: AWS reads it so.
        Key::ApiKeyRequired => {
            method.api_key_required = operation.value().eq_ignore_ascii_case("true");
        }
        Key::AuthorizationType => operation.value().clone_into(&mut method.authorization_type),
        Key::AuthorizerId => method.authorizer_id = operation.filled().map(Into::into),
        Key::OperationName => {
            check_text("operation name", operation.value())?;
            method.operation_name = operation.filled();
        }
        Key::RequestValidator => {
            method.request_validator_id = operation.filled().map(Into::into);
        }
        Key::AuthorizationScopes => {
            let scopes = &mut method.authorization_scopes;
            let place = scopes.iter().position(|scope| scope == operation.value());
            match (operation.op, place) {
                (Op::Add, None) => scopes.extend(operation.filled()),
                (Op::Add, Some(_)) => {}
                (_, Some(place)) => _ = scopes.remove(place),
                (_, None) => return Err(parameter_absent()),
            }
        }
        Key::RequestParameter => {
            let parameters = &mut method.request_parameters;
            in_map(parameters, name, operation, PatchOperation::boolean, parameter_absent)?;
        }
        Key::RequestModel => {
            if operation.op == Op::Add {
                check_media_type(&name)?;
            }
            in_map(&mut method.request_models, name, operation, text, type_absent)?;
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum ResponseKey {
    Model,
    Parameter,
}

const RESPONSE: Table<ResponseKey> = Table {
    unknown: Unknown::Bare,
    rules: &[
        map(ResponseKey::Model, "/responseModels", ARD),
        map(ResponseKey::Parameter, "/responseParameters", ARD),
    ],
};

/// Applies a patch to a declared response.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied.
pub fn patch_method_response(
    response: &mut MethodResponse,
    operations: &[PatchOperation],
) -> Result<(), Fault> {
    for operation in operations {
        let (key, name) = RESPONSE.find(operation)?;
        match key {
            ResponseKey::Model => {
                if operation.op == Op::Add {
                    check_media_type(&name)?;
                }
                in_map(&mut response.response_models, name, operation, text, type_absent)?;
            }
            ResponseKey::Parameter => {
                if operation.op == Op::Add {
                    check_response_header(&name)?;
                }
                let parameters = &mut response.response_parameters;
                in_map(parameters, name, operation, PatchOperation::boolean, parameter_absent)?;
            }
        }
    }
    Ok(())
}

/// Add, replace or remove of one key. Only keys that are there can be
/// replaced or removed.
pub(super) fn in_map<V>(
    members: &mut BTreeMap<String, V>,
    name: String,
    operation: &PatchOperation,
    value: impl Fn(&PatchOperation) -> Result<V, Fault>,
    absent: impl Fn() -> Fault,
) -> Result<(), Fault> {
    if operation.op != Op::Add && !members.contains_key(&name) {
        return Err(absent());
    }
    if operation.op == Op::Remove {
        members.remove(&name);
    } else {
        members.insert(name, value(operation)?);
    }
    Ok(())
}

fn text(operation: &PatchOperation) -> Result<String, Fault> {
    Ok(operation.value().to_owned())
}

pub(super) fn parameter_absent() -> Fault {
    Fault::not_found("Invalid parameter name specified")
}

pub(super) fn type_absent() -> Fault {
    Fault::not_found("Content-Type specified was not found")
}
