//! What must hold of a method with the rest of its API, in AWS's words.

use std::collections::BTreeSet;

use gw_model::{
    ApiId, ConnectionType, Integration, IntegrationResponse, IntegrationType, Method, ModelName,
    name,
};
use gw_store::Txn;

use crate::{Error, Result};

/// Refuses a method that refers to what its API does not have.
pub(crate) async fn method(txn: &mut Txn, api: &ApiId, method: &Method) -> Result<()> {
    parameters(method)?;
    if let Some(validator) = &method.request_validator_id
        && !txn.validators_all(api).await?.contains_key(validator)
    {
        return Err(Error::bad_request("Invalid Request Validator identifier specified"));
    }
    let needs_authorizer =
        matches!(method.authorization_type.as_str(), "CUSTOM" | "COGNITO_USER_POOLS" | "JWT");
    if needs_authorizer {
        let authorizers = txn.authorizers_all(api).await?;
        if !method.authorizer_id.as_ref().is_some_and(|id| authorizers.contains_key(id)) {
            return Err(Error::bad_request(
                "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or \
                 COGNITO_USER_POOLS requires a valid authorizer.",
            ));
        }
    }
    let responses =
        method.responses.values().flat_map(|response| response.response_models.values());
    let wanted: BTreeSet<&String> = method.request_models.values().chain(responses).collect();
    if !wanted.is_empty() {
        let models = txn.models_all(api).await?;
        for model in wanted {
            if !models.contains_key(&ModelName::new(model.as_str())) {
                let message = format!("Invalid model identifier specified: {model}");
                return Err(Error::BadRequest(message));
            }
        }
    }
    Ok(())
}

/// The form of a method's parameters.
fn parameters(method: &Method) -> Result<()> {
    let mut names = BTreeSet::new();
    for key in method.request_parameters.keys() {
        let place = key.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'));
        let Some(("header" | "querystring" | "path", name)) = place else {
            return Err(invalid_mapping(key));
        };
        if !name::is_parameter_name(name) {
            return Err(invalid_mapping(key));
        }
        if !names.insert(name) {
            return Err(Error::bad_request(
                "Parameter names must be unique across querystring, header and path",
            ));
        }
    }
    for key in method.responses.values().flat_map(|response| response.response_parameters.keys()) {
        let name = key.strip_prefix("method.response.header.");
        if !name.is_some_and(name::is_parameter_name) {
            return Err(invalid_mapping(key));
        }
    }
    Ok(())
}

fn invalid_mapping(key: &str) -> Error {
    Error::BadRequest(format!(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : \
         [Invalid mapping expression specified: {key}]"
    ))
}

/// Refuses a mapping from what the method does not declare, unless it stood in
/// `before`: a declaration may be taken away while a mapping uses it.
pub(crate) fn declared_sources(
    method: &Method,
    integration: &Integration,
    before: Option<&Integration>,
) -> Result<()> {
    let stood = |key: &str| before.and_then(|before| before.request_parameters.get(key));
    for (key, source) in &integration.request_parameters {
        let Some((place, name)) =
            source.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'))
        else {
            continue;
        };
        let place = place.strip_prefix("multivalue").unwrap_or(place);
        let declaration = format!("method.request.{place}.{name}");
        let is_parameter = matches!(place, "header" | "querystring" | "path");
        if is_parameter
            && !method.request_parameters.contains_key(&declaration)
            && stood(key) != Some(source)
        {
            return Err(undeclared(source));
        }
    }
    Ok(())
}

/// Refuses a header that the method's response of this status does not
/// declare, unless it stood in `before`.
pub(crate) fn declared_headers(
    method: &Method,
    status: &str,
    response: &IntegrationResponse,
    before: Option<&IntegrationResponse>,
) -> Result<()> {
    let declared = method.responses.get(status);
    for key in response.response_parameters.keys() {
        let known = declared.is_some_and(|declared| declared.response_parameters.contains_key(key));
        let stood = before.is_some_and(|before| before.response_parameters.contains_key(key));
        if !known && !stood {
            return Err(undeclared(key));
        }
    }
    Ok(())
}

fn undeclared(key: &str) -> Error {
    Error::BadRequest(format!(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : \
         [Invalid mapping expression parameter specified: {key}]"
    ))
}

/// Refuses an integration that AWS refuses when it is put.
pub(crate) fn integration(integration: &Integration) -> Result<()> {
    use IntegrationType as Kind;
    let verb = integration.http_method.as_deref().unwrap_or_default();
    if verb.is_empty() && integration.kind != Kind::Mock {
        return Err(Error::bad_request("Enumeration value for HttpMethod must be non-empty"));
    }
    if !verb.is_empty() && verb.parse::<gw_model::HttpMethod>().is_err() {
        return Err(Error::bad_request(gw_model::method::InvalidHttpMethod.to_string()));
    }
    let uri = integration.uri.as_deref().unwrap_or_default();
    match integration.kind {
        Kind::Http | Kind::HttpProxy => {
            let direct = integration.connection_type == ConnectionType::Internet;
            let known = ["http://", "https://", "${"].iter().any(|start| uri.starts_with(start));
            let bare = uri.strip_prefix("http://").or_else(|| uri.strip_prefix("https://"));
            if (direct && !known) || bare.is_some_and(str::is_empty) {
                return Err(Error::bad_request("Invalid HTTP endpoint specified for URI"));
            }
        }
        Kind::Aws | Kind::AwsProxy => arn(uri)?,
        Kind::Mock => {}
    }
    if !(50..=Integration::DEFAULT_TIMEOUT_MS).contains(&integration.timeout_ms) {
        return Err(Error::bad_request("Timeout should be between 50 ms and 29000 ms"));
    }
    for status in integration.responses.keys() {
        status_code(status)?;
    }
    Ok(())
}

/// `arn:{partition}:apigateway:{region}:{service}:path|action/...`.
fn arn(uri: &str) -> Result<()> {
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let &["arn", _, "apigateway", _, _, target] = parts.as_slice() else {
        return Err(Error::bad_request("Invalid ARN specified in the request"));
    };
    if target.starts_with("path/") || target.starts_with("action/") {
        Ok(())
    } else {
        Err(Error::bad_request("AWS ARN for integration must contain path or action"))
    }
}

/// A status code as responses are keyed by it.
pub(crate) fn status_code(text: &str) -> Result<()> {
    let fine = text.len() == 3
        && matches!(text.as_bytes()[0], b'1'..=b'5')
        && text.bytes().all(|byte| byte.is_ascii_digit());
    if fine {
        Ok(())
    } else {
        Err(Error::bad_request(format!("Invalid response status code specified: {text}")))
    }
}
