//! `UpdateRequestValidator`, `UpdateAuthorizer`, `UpdateGatewayResponse` and
//! `UpdateDocumentationPart`.

use gw_model::{Authorizer, GatewayResponse, RequestValidator, check};

use super::{
    Op, PatchOperation,
    method::{in_map, parameter_absent, type_absent},
    table::{AD, ARD, R, Table, Unknown, map, plain},
};
use crate::{
    Fault,
    aws::{default_templates, result_ttl},
};

#[derive(Clone, Copy)]
enum ValidatorKey {
    Name,
    Parameters,
    Body,
}

const VALIDATOR: Table<ValidatorKey> = Table {
    unknown: Unknown::Listed,
    // In the order of AWS's message.
    rules: &[
        plain(ValidatorKey::Name, "/name", R),
        plain(ValidatorKey::Parameters, "/validateRequestParameters", R),
        plain(ValidatorKey::Body, "/validateRequestBody", R),
    ],
};

/// Applies a patch to a request validator. A flag without a value is switched
/// off, as AWS does.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied.
pub fn patch_request_validator(
    validator: &mut RequestValidator,
    operations: &[PatchOperation],
) -> Result<(), Fault> {
    for operation in operations {
        let flag = || operation.value().eq_ignore_ascii_case("true");
        match VALIDATOR.find(operation)?.0 {
            ValidatorKey::Name => {
                let name = operation.filled().filter(|name| !name.trim().is_empty());
                let blank = || Fault::bad_request("Request Validator name cannot be blank");
                validator.name = name.ok_or_else(blank)?;
                super::check_text("name", &validator.name)?;
            }
            ValidatorKey::Parameters => validator.validate_request_parameters = flag(),
            ValidatorKey::Body => validator.validate_request_body = flag(),
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum AuthorizerKey {
    Credentials,
    IdentitySource,
    Kind,
    Name,
    ProviderArns,
    Ttl,
    TypeText,
    Uri,
    Validation,
}

const AUTHORIZER: Table<AuthorizerKey> = Table {
    unknown: Unknown::Listed,
    rules: &[
        plain(AuthorizerKey::Uri, "/authorizerUri", R),
        plain(AuthorizerKey::Credentials, "/authorizerCredentials", R),
        plain(AuthorizerKey::Ttl, "/authorizerResultTtlInSeconds", R),
        plain(AuthorizerKey::TypeText, "/authType", R),
        plain(AuthorizerKey::IdentitySource, "/identitySource", ARD),
        plain(AuthorizerKey::Validation, "/identityValidationExpression", R),
        plain(AuthorizerKey::Name, "/name", R),
        plain(AuthorizerKey::ProviderArns, "/providerARNs", AD),
        plain(AuthorizerKey::Kind, "/type", R),
    ],
};

/// Applies a patch to an authorizer and checks the result.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied, or for a rule
/// that the result breaks.
pub fn patch_authorizer(
    authorizer: &mut Authorizer,
    operations: &[PatchOperation],
) -> Result<(), Fault> {
    for operation in operations {
        match AUTHORIZER.find(operation)?.0 {
            AuthorizerKey::Uri => authorizer.authorizer_uri = operation.filled(),
            AuthorizerKey::Credentials => authorizer.authorizer_credentials = operation.filled(),
            AuthorizerKey::Ttl => {
                authorizer.result_ttl_seconds = Some(result_ttl(operation.number()?)?);
            }
            AuthorizerKey::TypeText => authorizer.auth_type = operation.filled(),
            AuthorizerKey::IdentitySource => identity_source(authorizer, operation)?,
            AuthorizerKey::Validation => {
                authorizer.identity_validation_expression = operation.filled();
            }
            AuthorizerKey::Name => {
                authorizer.name = operation.value().to_owned();
                super::check_text("name", &authorizer.name)?;
            }
            AuthorizerKey::ProviderArns => provider_arn(authorizer, operation)?,
            AuthorizerKey::Kind => {
                operation.one_of(check::AUTHORIZER_TYPES)?.clone_into(&mut authorizer.kind);
            }
        }
    }
    check::authorizer(authorizer).map_err(Fault::bad_request)
}

/// Adding appends to the list with commas; removing takes one out of it, or,
/// without a value, all.
fn identity_source(authorizer: &mut Authorizer, operation: &PatchOperation) -> Result<(), Fault> {
    let now = authorizer.identity_source.take().unwrap_or_default();
    let mut sources: Vec<&str> = now.split(',').map(str::trim).filter(|s| !s.is_empty()).collect();
    let value = operation.value().trim();
    authorizer.identity_source = match operation.op {
        Op::Replace => operation.filled(),
        Op::Remove if value.is_empty() => None,
        Op::Remove => {
            let place = sources.iter().position(|source| *source == value);
            sources.remove(place.ok_or_else(parameter_absent)?);
            Some(sources.join(",")).filter(|text| !text.is_empty())
        }
        _ => {
            if !value.is_empty() && !sources.contains(&value) {
                sources.push(value);
            }
            Some(sources.join(",")).filter(|text| !text.is_empty())
        }
    };
    Ok(())
}

fn provider_arn(authorizer: &mut Authorizer, operation: &PatchOperation) -> Result<(), Fault> {
    let arns = &mut authorizer.provider_arns;
    let arn =
        operation.filled().ok_or_else(|| Fault::bad_request("Provider ARN must be non-empty"))?;
    let place = arns.iter().position(|known| *known == arn);
    match (operation.op, place) {
        (Op::Add, None) => arns.push(arn),
        (Op::Add, Some(_)) => {}
        (_, Some(place)) => _ = arns.remove(place),
        (_, None) => return Err(parameter_absent()),
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum ResponseKey {
    Status,
    Parameter,
    Template,
}

const RESPONSE: Table<ResponseKey> = Table {
    unknown: Unknown::Bare,
    rules: &[
        plain(ResponseKey::Status, "/statusCode", R),
        map(ResponseKey::Parameter, "/responseParameters", ARD),
        map(ResponseKey::Template, "/responseTemplates", ARD),
    ],
};

/// Applies a patch to a gateway response and checks the result.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied, or for a rule
/// that the result breaks.
pub fn patch_gateway_response(
    response: &mut GatewayResponse,
    operations: &[PatchOperation],
) -> Result<(), Fault> {
    // The template that is shown where there is none can be changed like any.
    if response.response_templates.is_empty() {
        response.response_templates = default_templates();
    }
    for operation in operations {
        let (key, name) = RESPONSE.find(operation)?;
        let filled = |member: &'static str| {
            move |operation: &PatchOperation| {
                operation.filled().ok_or_else(|| {
                    Fault::bad_request(format!("Invalid null or empty value in {member}"))
                })
            }
        };
        match key {
            ResponseKey::Status => {
                let status = operation.value();
                check::status_code(status).map_err(Fault::bad_request)?;
                response.status_code = Some(status.to_owned());
            }
            ResponseKey::Parameter => {
                let value = filled("responseParameters");
                let parameters = &mut response.response_parameters;
                in_map(parameters, name, operation, value, parameter_absent)?;
            }
            ResponseKey::Template => {
                let value = filled("responseTemplates");
                let templates = &mut response.response_templates;
                in_map(templates, name, operation, value, type_absent)?;
            }
        }
    }
    if response.response_templates == default_templates() {
        response.response_templates.clear();
    }
    check::gateway_response(response).map_err(Fault::bad_request)
}

const DOCUMENTATION: Table<()> =
    Table { unknown: Unknown::Listed, rules: &[plain((), "/properties", R)] };

/// Applies a patch to the content of a documentation part.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied.
pub fn patch_documentation_part(
    properties: &mut String,
    operations: &[PatchOperation],
) -> Result<(), Fault> {
    for operation in operations {
        DOCUMENTATION.find(operation)?;
        let empty = || Fault::bad_request("Documentation part properties must be non-empty");
        *properties = operation.filled().ok_or_else(empty)?;
    }
    Ok(())
}
