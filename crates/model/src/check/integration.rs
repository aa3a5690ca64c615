//! Integrations and their responses.

use super::{Checked, mapping, media_type, method::response_header, status_code};
use crate::{
    ConnectionType, HttpMethod, Integration, IntegrationResponse, IntegrationType, Method,
};

/// The shortest timeout of an integration, in milliseconds.
pub const MIN_TIMEOUT_MS: u32 = 50;
/// As far as AWS raises its quota.
const MAX_TIMEOUT_MS: u32 = 300_000;
/// What answers that are streamed may take, whatever the quota.
const MAX_STREAMED_TIMEOUT_MS: u32 = 900_000;

/// Checks an integration as `PutIntegration` does, its responses included.
///
/// # Errors
/// The first rule that it breaks, in AWS's words.
pub fn integration(integration: &Integration) -> Checked {
    verb(integration)?;
    uri(integration)?;
    timeout(integration)?;
    if integration.connection_type == ConnectionType::VpcLink
        && integration.connection_id.as_deref().unwrap_or_default().is_empty()
    {
        return Err("Connection Id cannot be empty for connection type VPC_LINK".to_owned());
    }
    for (target, source) in &integration.request_parameters {
        let places = ["header", "querystring", "path"];
        mapping::parameter(target, "integration.request.", &places)?;
        mapping::request_source(source)?;
    }
    integration.request_templates.keys().try_for_each(|key| media_type(key))?;
    integration.responses.keys().try_for_each(|status| status_code(status))?;
    integration.responses.values().try_for_each(integration_response)
}

/// Checks one integration response as `PutIntegrationResponse` does.
///
/// # Errors
/// The first rule that it breaks, in AWS's words.
pub fn integration_response(response: &IntegrationResponse) -> Checked {
    for (target, source) in &response.response_parameters {
        response_header(target)?;
        mapping::response_source(source)?;
    }
    response.response_templates.keys().try_for_each(|key| media_type(key))
}

/// The widest range of integration timeouts, that of streamed answers. What an
/// installation allows of others is one of its quotas: see [`timeout_within`].
///
/// # Errors
/// Outside 50 to 900,000 ms.
pub fn timeout_ms(millis: i64) -> Result<u32, String> {
    u32::try_from(millis)
        .ok()
        .filter(|millis| (MIN_TIMEOUT_MS..=MAX_STREAMED_TIMEOUT_MS).contains(millis))
        .ok_or_else(|| timeout_range(Integration::DEFAULT_TIMEOUT_MS))
}

/// The quota of integration timeouts; AWS's is 29,000 ms unless raised.
/// Streamed answers need no quota.
///
/// # Errors
/// A longer timeout.
pub fn timeout_within(integration: &Integration, most_ms: u32) -> Checked {
    let is_within = is_streamed(integration) || integration.timeout_ms <= most_ms;
    if is_within { Ok(()) } else { Err(timeout_range(most_ms)) }
}

/// The range that no quota widens.
fn timeout(integration: &Integration) -> Checked {
    let (most_ms, told_ms) = match is_streamed(integration) {
        true => (MAX_STREAMED_TIMEOUT_MS, MAX_STREAMED_TIMEOUT_MS),
        false => (MAX_TIMEOUT_MS, Integration::DEFAULT_TIMEOUT_MS),
    };
    let is_within = (MIN_TIMEOUT_MS..=most_ms).contains(&integration.timeout_ms);
    if is_within { Ok(()) } else { Err(timeout_range(told_ms)) }
}

/// Only proxies stream.
fn is_streamed(integration: &Integration) -> bool {
    matches!(integration.kind, IntegrationType::HttpProxy | IntegrationType::AwsProxy)
        && integration.asks_to_stream()
}

fn timeout_range(most_ms: u32) -> String {
    format!("Timeout should be between {MIN_TIMEOUT_MS} ms and {most_ms} ms")
}

/// Mappings from a parameter of the request that the method does not declare:
/// the backend's parameter and what it is set to. AWS refuses them.
pub fn undeclared_sources<'a>(
    method: &'a Method,
    integration: &'a Integration,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    integration.request_parameters.iter().filter_map(|(target, source)| {
        let declaration = declaration_of(source)?;
        (!method.request_parameters.contains_key(&declaration))
            .then_some((target.as_str(), source.as_str()))
    })
}

/// The declaration that a mapping from the request needs; `None` where it
/// needs none.
fn declaration_of(source: &str) -> Option<String> {
    let (place, name) = source.strip_prefix("method.request.")?.split_once('.')?;
    let place = place.strip_prefix("multivalue").unwrap_or(place);
    matches!(place, "header" | "querystring" | "path")
        .then(|| format!("method.request.{place}.{name}"))
}

/// Headers that an integration response sets and the method's response of the
/// same status does not declare. AWS refuses them.
pub fn undeclared_headers<'a>(
    method: &'a Method,
    status: &str,
    response: &'a IntegrationResponse,
) -> impl Iterator<Item = &'a str> {
    let declared = method.responses.get(status);
    response.response_parameters.keys().map(String::as_str).filter(move |key| {
        !declared.is_some_and(|declared| declared.response_parameters.contains_key(*key))
    })
}

/// Whether a text is an address that HTTP integrations take: `http` or
/// `https`, and a host, which may hold variables; or a stage variable at its
/// start, which is judged at run time.
pub fn is_http_uri(uri: &str) -> bool {
    if uri.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return false;
    }
    if uri.starts_with("${stageVariables.") {
        return true;
    }
    let Some((scheme, rest)) = uri.split_once("://") else { return false };
    let http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    http && is_authority(rest.split(['/', '?', '#']).next().unwrap_or_default())
}

/// A host, and perhaps a port; no user. Variables may stand for either.
fn is_authority(authority: &str) -> bool {
    let fixed = without_variables(authority);
    if fixed.contains(['@', '\\', '"', '<', '>', '^', '`', '|']) {
        return false;
    }
    // The colons of an IPv6 address are within brackets.
    let (host, port) = match fixed.rsplit_once(']') {
        Some((host, rest)) if host.starts_with('[') => (host, rest.strip_prefix(':')),
        Some(_) => return false,
        None => match fixed.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (fixed.as_str(), None),
        },
    };
    let is_port = |port: &str| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    !host.is_empty() && port.is_none_or(|port| port.contains(VARIABLE) || is_port(port))
}

/// Stands for a variable: no address holds it.
const VARIABLE: char = '\u{1}';

fn without_variables(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, variable)) = rest.split_once("${") {
        let Some((_, behind)) = variable.split_once('}') else { break };
        out.push_str(before);
        out.push(VARIABLE);
        rest = behind;
    }
    out + rest
}

fn verb(integration: &Integration) -> Checked {
    let verb = integration.http_method.as_deref().unwrap_or_default();
    if verb.is_empty() {
        return match integration.kind {
            IntegrationType::Mock => Ok(()),
            _ => Err("Enumeration value for HttpMethod must be non-empty".to_owned()),
        };
    }
    verb.parse::<HttpMethod>().map(drop).map_err(|invalid| invalid.to_string())
}

fn uri(integration: &Integration) -> Checked {
    let uri = integration.uri.as_deref().unwrap_or_default();
    match integration.kind {
        IntegrationType::Mock => Ok(()),
        IntegrationType::Http | IntegrationType::HttpProxy => {
            // Behind a link the address only names the host and the path to send.
            let linked = integration.connection_type == ConnectionType::VpcLink;
            if is_http_uri(uri) || linked && !uri.contains("://") {
                return Ok(());
            }
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
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let &["arn", _, "apigateway", region, service, rest] = parts.as_slice() else {
        return Err("Invalid ARN specified in the request".to_owned());
    };
    if region.is_empty() || service.is_empty() {
        return Err("Invalid ARN specified in the request".to_owned());
    }
    let kind = rest.split('/').next().unwrap_or_default();
    if !["path", "action"].contains(&kind) || rest.len() == kind.len() {
        return Err("AWS ARN for integration must contain path or action".to_owned());
    }
    Ok(service.rsplit('.').next().unwrap_or(service))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::MethodResponse;

    fn of(kind: IntegrationType, verb: &str, uri: &str) -> Integration {
        let mut integration = Integration::of_kind(kind);
        integration.http_method = Some(verb.to_owned()).filter(|verb| !verb.is_empty());
        integration.uri = Some(uri.to_owned());
        integration
    }

    #[test]
    fn kinds_verbs_and_addresses() {
        use IntegrationType as Kind;
        const FUNCTION: &str =
            "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/f/invocations";
        let table = [
            (Kind::Mock, "", "", ""),
            (Kind::Http, "GET", "http://h/x", ""),
            (Kind::HttpProxy, "ANY", "HTTPS://${stageVariables.h}:8/{p}", ""),
            (Kind::HttpProxy, "ANY", "${stageVariables.url}", ""),
            (Kind::HttpProxy, "", "http://h", "HttpMethod must be non-empty"),
            (Kind::AwsProxy, "", FUNCTION, "HttpMethod must be non-empty"),
            (Kind::HttpProxy, "get", "http://h", "Invalid HttpMethod"),
            (Kind::HttpProxy, "GET", "http://", "Invalid HTTP endpoint"),
            (Kind::HttpProxy, "GET", "http:///x", "Invalid HTTP endpoint"),
            (Kind::HttpProxy, "GET", "http://:80", "Invalid HTTP endpoint"),
            (Kind::HttpProxy, "GET", "http://h:99999/", "Invalid HTTP endpoint"),
            (Kind::HttpProxy, "GET", "http://h:0/", "Invalid HTTP endpoint"),
            (Kind::HttpProxy, "GET", "http://h:/", "Invalid HTTP endpoint"),
            (Kind::HttpProxy, "GET", "http://h:8x/", "Invalid HTTP endpoint"),
            (Kind::HttpProxy, "GET", "http://user@h/", "Invalid HTTP endpoint"),
            (Kind::HttpProxy, "GET", "http://user:pass@h:80/", "Invalid HTTP endpoint"),
            (Kind::HttpProxy, "GET", "http://[::1/", "Invalid HTTP endpoint"),
            (Kind::HttpProxy, "GET", "http://[::1]:8080/x?a=b:c@d", ""),
            (Kind::HttpProxy, "GET", "http://{h}.example.com:65535/x", ""),
            (Kind::HttpProxy, "GET", "http://h:${stageVariables.port}/x", ""),
            (Kind::HttpProxy, "GET", "http://${stageVariables.host}", ""),
            (Kind::HttpProxy, "GET", "http://a b", "Invalid HTTP endpoint"),
            (Kind::HttpProxy, "GET", "ftp://h", "Invalid HTTP endpoint"),
            (Kind::AwsProxy, "POST", FUNCTION, ""),
            (Kind::Aws, "POST", "arn:aws:apigateway:r:sqs:path/1/q", ""),
            (Kind::AwsProxy, "POST", "arn:aws:apigateway:r:sqs:path/1/q", "only supports Lambda"),
            (Kind::AwsProxy, "POST", "arn:aws:apigateway:r:a.lambda:action/x", ""),
            (Kind::Aws, "POST", "arn:aws:apigateway:r:sqs:queue/1", "must contain path or action"),
            (Kind::Aws, "POST", "arn:aws:apigateway:r:sqs:path", "must contain path or action"),
            (Kind::Aws, "POST", "arn:aws:lambda:r:1:function:f", "Invalid ARN"),
            (Kind::Aws, "POST", "http://h", "Invalid ARN"),
        ];
        for (kind, verb, uri, part) in table {
            match integration(&of(kind, verb, uri)) {
                Ok(()) => assert_eq!(part, "", "{kind:?} {verb} {uri}"),
                Err(text) => assert!(!part.is_empty() && text.contains(part), "{uri}: {text}"),
            }
        }
        let mut linked = of(Kind::HttpProxy, "GET", "http://h");
        linked.connection_type = ConnectionType::VpcLink;
        assert!(integration(&linked).unwrap_err().starts_with("Connection Id cannot be empty"));
        linked.connection_id = Some("${stageVariables.link}".into());
        assert_eq!(integration(&linked), Ok(()));
    }

    #[test]
    fn timeouts() {
        let (proxy, http) = (IntegrationType::HttpProxy, IntegrationType::Http);
        for (kind, mode, ms, quota, refused) in [
            (proxy, "BUFFERED", 29_000, 29_000, None),
            (proxy, "BUFFERED", 49, 29_000, Some(29_000)),
            (proxy, "BUFFERED", 60_001, 60_000, Some(60_000)),
            (proxy, "BUFFERED", 300_001, 300_000, Some(29_000)),
            (proxy, "STREAM", 900_000, 29_000, None),
            (proxy, "STREAM", 900_001, 29_000, Some(900_000)),
            (proxy, "STREAM", 49, 29_000, Some(900_000)),
            (http, "STREAM", 29_001, 29_000, Some(29_000)),
        ] {
            let mut timed = of(kind, "GET", "http://h");
            timed.response_transfer_mode = Some(mode.to_owned());
            timed.timeout_ms = ms;
            let checked = integration(&timed).and_then(|()| timeout_within(&timed, quota));
            let told = refused.map_or(Ok(()), |most| Err(timeout_range(most)));
            assert_eq!(checked, told, "{kind:?} {mode} {ms}");
        }
        for (ms, is_taken) in [(-1, false), (49, false), (900_000, true), (900_001, false)] {
            assert_eq!(timeout_ms(ms).is_ok(), is_taken, "{ms}");
        }
    }

    #[test]
    fn mappings() {
        let with = |target: &str, source: &str| {
            let mut mapped = of(IntegrationType::HttpProxy, "GET", "http://h");
            mapped.request_parameters = [(target.to_owned(), source.to_owned())].into();
            integration(&mapped)
        };
        for source in [
            "method.request.header.a",
            "method.request.multivaluequerystring.a",
            "method.request.body.a.b",
            "method.request.body",
            "'text'",
            "''",
            "context.requestId",
            "stageVariables.x",
        ] {
            assert_eq!(with("integration.request.header.x", source), Ok(()), "{source}");
        }
        for source in ["true", "method.request.cookie.a", "'", "context.", "method.request.body."] {
            let text = with("integration.request.header.x", source).unwrap_err();
            assert!(text.ends_with(&format!("expression specified: {source}]")), "{text}");
        }
        assert!(with("header.x", "'a'").unwrap_err().contains("specified: header.x]"));
        assert!(with("integration.request.path.a b", "'a'").unwrap_err().contains("should match"));
        let response = IntegrationResponse {
            response_parameters: [("method.response.header.x".into(), "oops".into())].into(),
            ..Default::default()
        };
        assert!(integration_response(&response).unwrap_err().contains("specified: oops]"));
    }

    #[test]
    fn what_is_mapped_is_declared() {
        let mut mapped = of(IntegrationType::HttpProxy, "GET", "http://h");
        for source in ["header.a", "multivaluequerystring.q", "path.p", "body.x"] {
            let target = format!("integration.request.header.{}", mapped.request_parameters.len());
            mapped.request_parameters.insert(target, format!("method.request.{source}"));
        }
        let mut method = Method {
            request_parameters: [("method.request.querystring.q".into(), false)].into(),
            ..Method::default()
        };
        let missing: Vec<_> = undeclared_sources(&method, &mapped).map(|(_, from)| from).collect();
        assert_eq!(missing, ["method.request.header.a", "method.request.path.p"]);
        let header = |name: &str| format!("method.response.header.{name}");
        method.responses.insert(
            "200".into(),
            MethodResponse {
                response_parameters: [(header("a"), false)].into(),
                ..Default::default()
            },
        );
        let response = IntegrationResponse {
            response_parameters: ["a", "b"].map(|name| (header(name), "'v'".into())).into(),
            ..Default::default()
        };
        let missing = |status| undeclared_headers(&method, status, &response).count();
        assert_eq!((missing("200"), missing("404")), (1, 2));
    }
}
