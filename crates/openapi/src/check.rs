//! What AWS checks when an integration is put, with its texts. The admin
//! API's `PutIntegration` and the import share these checks.

use gw_model::{
    ConnectionType, HttpMethod, Integration, IntegrationResponse, IntegrationType, Method,
    MethodResponse, name::is_parameter_name,
};

/// The shortest timeout of an integration, in milliseconds.
pub const MIN_TIMEOUT_MS: u32 = 50;

/// Checks an integration as `PutIntegration` does, its responses included.
///
/// # Errors
/// The first rule that it breaks, in AWS's words.
pub fn check_integration(integration: &Integration) -> Result<(), String> {
    check_verb(integration)?;
    check_uri(integration)?;
    if !(MIN_TIMEOUT_MS..=Integration::DEFAULT_TIMEOUT_MS).contains(&integration.timeout_ms) {
        return Err("Timeout should be between 50 ms and 29000 ms".to_owned());
    }
    if integration.connection_type == ConnectionType::VpcLink
        && integration.connection_id.as_deref().unwrap_or_default().is_empty()
    {
        return Err("Connection Id cannot be empty for connection type VPC_LINK".to_owned());
    }
    for (target, source) in &integration.request_parameters {
        check_request_mapping(target, source)?;
    }
    integration.request_templates.keys().try_for_each(|media_type| check_media_type(media_type))?;
    integration.responses.values().try_for_each(check_integration_response)
}

/// Checks one integration response as `PutIntegrationResponse` does.
///
/// # Errors
/// The first rule that it breaks, in AWS's words.
pub fn check_integration_response(response: &IntegrationResponse) -> Result<(), String> {
    for (target, source) in &response.response_parameters {
        let named = target.strip_prefix("method.response.header.").is_some_and(is_parameter_name);
        if !named {
            return Err(invalid_mapping(target));
        }
        if !is_response_source(source) {
            return Err(invalid_mapping(source));
        }
    }
    response.response_templates.keys().try_for_each(|media_type| check_media_type(media_type))
}

/// Checks a method as `PutMethod` does, but for the existence of what it
/// names (models, validators, authorizers).
///
/// # Errors
/// The first rule that it breaks, in AWS's words.
pub fn check_method(method: &Method) -> Result<(), String> {
    let mut names = std::collections::BTreeSet::new();
    for key in method.request_parameters.keys() {
        let name = ["path", "querystring", "header"]
            .iter()
            .find_map(|place| {
                key.strip_prefix("method.request.")?.strip_prefix(place)?.strip_prefix('.')
            })
            .ok_or_else(|| invalid_mapping(key))?;
        if !is_parameter_name(name) {
            return Err(invalid_parameter_name());
        }
        if !names.insert(name) {
            return Err(
                "Parameter names must be unique across querystring, header and path".to_owned()
            );
        }
    }
    method.request_models.keys().try_for_each(|media_type| check_media_type(media_type))?;
    let needs_authorizer =
        ["CUSTOM", "COGNITO_USER_POOLS"].contains(&method.authorization_type.as_str());
    if needs_authorizer && method.authorizer_id.is_none() {
        return Err(crate::security::NO_AUTHORIZER.to_owned());
    }
    method.responses.values().try_for_each(check_method_response)
}

/// Checks a method response as `PutMethodResponse` does.
///
/// # Errors
/// The first rule that it breaks, in AWS's words.
pub fn check_method_response(response: &MethodResponse) -> Result<(), String> {
    for key in response.response_parameters.keys() {
        match key.strip_prefix("method.response.header.") {
            Some(name) if is_parameter_name(name) => {}
            Some(_) => return Err(invalid_parameter_name()),
            None => return Err(invalid_mapping(key)),
        }
    }
    response.response_models.keys().try_for_each(|media_type| check_media_type(media_type))
}

/// Whether a text is an address that HTTP integrations take: `http` or
/// `https`, and a host, which may hold variables.
pub fn is_http_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once("://") else { return false };
    let http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let clean = !uri.chars().any(|c| c.is_whitespace() || c.is_control());
    http && clean && !host.is_empty() && !host.starts_with(':')
}

fn check_verb(integration: &Integration) -> Result<(), String> {
    let verb = integration.http_method.as_deref().unwrap_or_default();
    if verb.is_empty() {
        return match integration.kind {
            IntegrationType::Http | IntegrationType::HttpProxy | IntegrationType::Aws => {
                Err("Enumeration value for HttpMethod must be non-empty".to_owned())
            }
            IntegrationType::AwsProxy | IntegrationType::Mock => Ok(()),
        };
    }
    verb.parse::<HttpMethod>().map(drop).map_err(|invalid| invalid.to_string())
}

fn check_uri(integration: &Integration) -> Result<(), String> {
    let uri = integration.uri.as_deref().unwrap_or_default();
    match integration.kind {
        IntegrationType::Mock => Ok(()),
        IntegrationType::Http | IntegrationType::HttpProxy if is_http_uri(uri) => Ok(()),
        IntegrationType::Http | IntegrationType::HttpProxy => {
            Err("Invalid HTTP endpoint specified for URI".to_owned())
        }
        IntegrationType::Aws => service_of(uri).map(drop),
        IntegrationType::AwsProxy => {
            let service = service_of(uri)?;
            if ["lambda", "firehose"].contains(&service) {
                return Ok(());
            }
            Err("Integrations of type 'AWS_PROXY' currently only supports Lambda function and \
                 Firehose stream invocations."
                .to_owned())
        }
    }
}

/// The service of `arn:{partition}:apigateway:{region}:{subdomain.service}:{path|action}/...`.
fn service_of(uri: &str) -> Result<&str, String> {
    // A stage variable may stand for any part, and holds no colon.
    let mut parts = uri.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (arn, _partition, gateway, region, service, rest) =
        (next(), next(), next(), next(), next(), next());
    if arn != "arn" || gateway != "apigateway" || region.is_empty() || service.is_empty() {
        return Err("Invalid ARN specified in the request".to_owned());
    }
    let kind = rest.split('/').next().unwrap_or_default();
    if !["path", "action"].contains(&kind) || rest.len() == kind.len() {
        return Err("AWS ARN for integration must contain path or action".to_owned());
    }
    Ok(service.rsplit('.').next().unwrap_or(service))
}

fn check_request_mapping(target: &str, source: &str) -> Result<(), String> {
    let place = target.strip_prefix("integration.request.").and_then(|rest| rest.split_once('.'));
    let fine = place.is_some_and(|(place, name)| {
        ["header", "querystring", "path"].contains(&place) && is_parameter_name(name)
    });
    if !fine {
        return Err(invalid_mapping(target));
    }
    if is_request_source(source) { Ok(()) } else { Err(invalid_mapping(source)) }
}

fn is_request_source(source: &str) -> bool {
    let Some(rest) = source.strip_prefix("method.request.") else {
        return is_common_source(source);
    };
    if is_body(rest) {
        return true;
    }
    let places = ["header", "querystring", "path", "multivalueheader", "multivaluequerystring"];
    rest.split_once('.')
        .is_some_and(|(place, name)| places.contains(&place) && is_parameter_name(name))
}

fn is_response_source(source: &str) -> bool {
    let Some(rest) = source.strip_prefix("integration.response.") else {
        return is_common_source(source);
    };
    is_body(rest)
        || rest.split_once('.').is_some_and(|(place, name)| {
            ["header", "multivalueheader"].contains(&place) && is_parameter_name(name)
        })
}

/// `body`, or `body.` and a path into it.
fn is_body(rest: &str) -> bool {
    rest.strip_prefix("body").is_some_and(|path| {
        path.is_empty() || path.len() > 1 && (path.starts_with('.') || path.starts_with('['))
    })
}

/// A static text, a stage variable or a context variable.
fn is_common_source(source: &str) -> bool {
    let quoted = source.len() >= 2 && source.starts_with('\'') && source.ends_with('\'');
    let named = |prefix| {
        source
            .strip_prefix(prefix)
            .is_some_and(|name| !name.is_empty() && !name.contains(char::is_whitespace))
    };
    quoted || named("stageVariables.") || named("context.")
}

/// Whether a text has the form of a media type.
pub(crate) fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    essence.split_once('/').is_some_and(|(main, sub)| token(main) && token(sub))
}

fn check_media_type(text: &str) -> Result<(), String> {
    if is_media_type(text) {
        return Ok(());
    }
    Err(format!(
        "Validation Result: warnings : [], errors : [Invalid content type specified: {text}]"
    ))
}

fn invalid_mapping(expression: &str) -> String {
    format!(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : \
         [Invalid mapping expression specified: {expression}]"
    )
}

fn invalid_parameter_name() -> String {
    "Invalid mapping expression specified: Validation Result: warnings : [], errors : \
     [Parameter name should match the following regular expression: ^[a-zA-Z0-9._$-]+$]"
        .to_owned()
}
