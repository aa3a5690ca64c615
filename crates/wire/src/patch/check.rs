//! Rules of values, shared by creations and patches.

use gw_model::{
    ConnectionType, HttpMethod, Integration, IntegrationResponse, IntegrationType, Method,
    Variables, name,
};

use crate::Fault;

/// AWS's frame around faults of mappings and templates.
fn validation_result(error: &str) -> String {
    format!("Validation Result: warnings : [], errors : [{error}]")
}

fn bad_mapping(detail: &str) -> Fault {
    Fault::bad_request(format!(
        "Invalid mapping expression specified: {}",
        validation_result(&format!("Invalid mapping expression specified: {detail}"))
    ))
}

fn bad_parameter(detail: &str) -> Fault {
    Fault::bad_request(format!(
        "Invalid mapping expression specified: {}",
        validation_result(&format!("Invalid mapping expression parameter specified: {detail}"))
    ))
}

/// `{prefix}.{place}.{name}` with one of the places and a well-formed name.
fn is_parameter(text: &str, prefix: &str, places: &[&str]) -> bool {
    let Some(rest) = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')) else {
        return false;
    };
    rest.split_once('.')
        .is_some_and(|(place, name)| places.contains(&place) && name::is_parameter_name(name))
}

/// The rules of a method that need no look at other rows.
///
/// # Errors
/// AWS's text for the first rule broken.
pub fn check_method(method: &Method) -> Result<(), Fault> {
    let kind = method.authorization_type.as_str();
    if !["NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS", "JWT"].contains(&kind) {
        return Err(Fault::bad_request(
            "Invalid authorization type specified. \
             Valid options are NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS, JWT",
        ));
    }
    let wants_authorizer = matches!(kind, "CUSTOM" | "COGNITO_USER_POOLS" | "JWT");
    if wants_authorizer && method.authorizer_id.is_none() {
        return Err(Fault::bad_request(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or \
             COGNITO_USER_POOLS requires a valid authorizer.",
        ));
    }
    let mut names: Vec<&str> = Vec::new();
    for parameter in method.request_parameters.keys() {
        let places = ["header", "querystring", "path", "multivalueheader", "multivaluequerystring"];
        if !is_parameter(parameter, "method.request", &places) {
            return Err(bad_parameter(parameter));
        }
        names.extend(parameter.splitn(4, '.').nth(3));
    }
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Fault::bad_request(
            "Parameter names must be unique across querystring, header and path",
        ));
    }
    method.request_models.keys().try_for_each(|media_type| check_media_type(media_type))
}

/// A key of `responseParameters`.
///
/// # Errors
/// When it is no `method.response.header.{name}`.
pub fn check_response_header(parameter: &str) -> Result<(), Fault> {
    if is_parameter(parameter, "method.response", &["header", "multivalueheader"]) {
        Ok(())
    } else {
        Err(bad_parameter(parameter))
    }
}

/// `type/subtype`.
pub(super) fn check_media_type(text: &str) -> Result<(), Fault> {
    let fine = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_graphic() && !b"/,;()<>@\"[]?=".contains(&b))
    };
    let essence = text.split(';').next().unwrap_or_default().trim();
    match essence.split_once('/') {
        Some((kind, subtype)) if fine(kind) && fine(subtype) => Ok(()),
        // Models and templates may stand under AWS's catch-all.
        _ if essence == "$default" => Ok(()),
        _ => Err(Fault::bad_request(validation_result(&format!(
            "Invalid content type specified: {text}"
        )))),
    }
}

/// The range of integration timeouts.
///
/// # Errors
/// Outside 50 to 29,000 ms.
pub fn timeout_ms(millis: i64) -> Result<u32, Fault> {
    u32::try_from(millis)
        .ok()
        .filter(|millis| (50..=29_000).contains(millis))
        .ok_or_else(|| Fault::bad_request("Timeout should be between 50 ms and 29000 ms"))
}

/// A `passthroughBehavior` that is none of the three.
pub fn bad_passthrough() -> Fault {
    Fault::bad_request(
        "Enumeration value for PassthroughBehavior must be one of: \
         [WHEN_NO_MATCH, WHEN_NO_TEMPLATES, NEVER]",
    )
}

/// The rules of an integration that need no look at other rows.
///
/// # Errors
/// AWS's text for the first rule broken.
pub fn check_integration(integration: &Integration) -> Result<(), Fault> {
    let kind = integration.kind;
    if kind != IntegrationType::Mock && integration.http_method.is_none() {
        return Err(Fault::bad_request("Enumeration value for HttpMethod must be non-empty"));
    }
    if let Some(verb) = &integration.http_method {
        verb.parse::<HttpMethod>().map_err(|error| Fault::bad_request(error.to_string()))?;
    }
    let uri = integration.uri.as_deref().unwrap_or_default();
    match kind {
        IntegrationType::Mock => {}
        IntegrationType::Http | IntegrationType::HttpProxy => {
            if integration.connection_type == ConnectionType::Internet && !is_http_uri(uri) {
                return Err(Fault::bad_request("Invalid HTTP endpoint specified for URI"));
            }
        }
        IntegrationType::Aws | IntegrationType::AwsProxy => check_arn(uri, kind)?,
    }
    let places = ["header", "querystring", "path"];
    for (parameter, expression) in &integration.request_parameters {
        if !is_parameter(parameter, "integration.request", &places) {
            return Err(bad_parameter(parameter));
        }
        if !is_mapping(expression, "method.request") {
            return Err(bad_mapping(expression));
        }
    }
    integration.request_templates.keys().try_for_each(|media_type| check_media_type(media_type))
}

/// `http(s)://` with something behind; the rest is judged at run time, since
/// stage variables may stand anywhere.
fn is_http_uri(uri: &str) -> bool {
    let lower = uri.get(..8).unwrap_or(uri).to_ascii_lowercase();
    let rest = if lower.starts_with("https://") {
        &uri[8..]
    } else if lower.starts_with("http://") {
        &uri[7..]
    } else {
        return uri.starts_with("${stageVariables.");
    };
    !rest.is_empty()
        && !rest.starts_with('/')
        && !uri.bytes().any(|b| b.is_ascii_whitespace() || b.is_ascii_control())
}

/// `arn:{partition}:apigateway:{region}:{subdomain.service|service}:{path|action}/..`.
fn check_arn(uri: &str, kind: IntegrationType) -> Result<(), Fault> {
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let [scheme, _, "apigateway", _, service, action] = parts.as_slice() else {
        return Err(Fault::bad_request("Invalid ARN specified in the request"));
    };
    if *scheme != "arn" || service.is_empty() {
        return Err(Fault::bad_request("Invalid ARN specified in the request"));
    }
    if !(action.starts_with("path/") || action.starts_with("action/")) {
        return Err(Fault::bad_request("AWS ARN for integration must contain path or action"));
    }
    let proxied = service.ends_with("lambda") || service.ends_with("firehose");
    if kind == IntegrationType::AwsProxy && !proxied {
        return Err(Fault::bad_request(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and \
             Firehose stream invocations.",
        ));
    }
    Ok(())
}

/// A mapping expression: a parameter or the body of the side it reads from,
/// the context, a stage variable, or a fixed text in quotes.
fn is_mapping(expression: &str, source: &str) -> bool {
    if expression.len() >= 2 && expression.starts_with('\'') && expression.ends_with('\'') {
        return true;
    }
    let tail = |prefix: &str| expression.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
    let source_tail = expression.strip_prefix(source).and_then(|rest| rest.strip_prefix('.'));
    tail("context.")
        || tail("stageVariables.")
        || source_tail.is_some_and(|rest| {
            let head = rest.split(['.', '[']).next().unwrap_or_default();
            let places =
                ["header", "querystring", "path", "multivalueheader", "multivaluequerystring"];
            head == "body" || (places.contains(&head) && rest.len() > head.len() + 1)
        })
}

/// The rules of an integration response.
///
/// # Errors
/// AWS's text for the first rule broken.
pub fn check_integration_response(response: &IntegrationResponse) -> Result<(), Fault> {
    for (parameter, expression) in &response.response_parameters {
        check_response_header(parameter)?;
        if !is_mapping(expression, "integration.response") {
            return Err(bad_mapping(expression));
        }
    }
    response.response_templates.keys().try_for_each(|media_type| check_media_type(media_type))
}

/// A model's schema: a JSON object with at least one member.
///
/// # Errors
/// When it is empty or no JSON object.
pub fn check_schema(schema: &str) -> Result<(), Fault> {
    if schema.trim().is_empty() {
        return Err(Fault::bad_request(
            "Model schema must have at least 1 property or array items defined",
        ));
    }
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(schema) {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::bad_request(format!(
            "Invalid model specified: {}",
            validation_result("Invalid model schema specified")
        ))),
    }
}

/// A stage's name.
///
/// # Errors
/// AWS's text.
pub fn check_stage_name(stage: &str) -> Result<(), Fault> {
    if name::is_stage_name(stage) {
        Ok(())
    } else {
        Err(Fault::bad_request("Stage name only allows a-zA-Z0-9_-"))
    }
}

/// Names and values of stage variables.
///
/// # Errors
/// AWS's text for the first that breaks the rules.
pub fn check_variables(variables: &Variables) -> Result<(), Fault> {
    variables.iter().try_for_each(|(key, value)| check_variable(key, value))
}

pub(super) fn check_variable(key: &str, value: &str) -> Result<(), Fault> {
    if !name::is_variable_name(key) {
        return Err(Fault::bad_request(format!(
            "Stage variable name '{key}' is invalid. Please use at most 64 alphanumeric \
             characters and underscores"
        )));
    }
    if !name::is_variable_value(value) {
        return Err(Fault::bad_request(format!(
            "Invalid stage variable value: {value}. Please use values with alphanumeric \
             characters and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
        )));
    }
    Ok(())
}

/// A canary's share.
///
/// # Errors
/// Outside 0.0 to 100.0.
pub fn check_percent(percent: f64) -> Result<(), Fault> {
    if (0.0..=100.0).contains(&percent) {
        Ok(())
    } else {
        Err(Fault::bad_request(
            "Invalid canary percent traffic specified. Must be between 0.0 and 100.0",
        ))
    }
}
