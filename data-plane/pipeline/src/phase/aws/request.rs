//! The request to a service: path, query, headers and body in its protocol.

use bytes::Bytes;
use gw_sigv4::UNRESERVED;
use gw_snapshot::{AwsCall, AwsProtocol, AwsTarget, AwsText, MappedRequest, media_type};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use percent_encoding::utf8_percent_encode;

use crate::ctx::RequestCtx;

pub(super) const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

const FORM: &str = "application/x-www-form-urlencoded";

/// What goes out, but for what every call of AWS has.
pub(super) struct Sent {
    /// With its query.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The service may answer JSON or XML, and the author asks for neither.
    pub(super) wants_json: bool,
}

/// Builds the request. `None` if a place of the address has no value.
pub(super) fn build(
    ctx: &RequestCtx<'_>,
    target: &AwsTarget,
    method: &Method,
    mapped: &MappedRequest,
) -> Option<Sent> {
    let mut headers = HeaderMap::new();
    for (name, value) in &mapped.headers {
        headers.append(name, value.clone());
    }
    // As for HTTP, no body goes with these, whatever a template makes.
    let has_body = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let body = if has_body { mapped.body.clone() } else { Bytes::new() };
    let protocol = target.uri.service.protocol;
    let is_query = matches!(protocol, AwsProtocol::Query { .. } | AwsProtocol::Legacy { .. });
    let is_action = matches!(target.uri.call, AwsCall::Action { .. });
    let wants_json = is_query && !headers.contains_key(header::ACCEPT);
    let (mut path, mut query) = (String::from("/"), Query::default());
    match &target.uri.call {
        AwsCall::Lambda(function) => path = function.path.to_string(),
        AwsCall::Path(text) => path = fill(text, false, mapped)?,
        AwsCall::Action { name, parameters } => {
            for (name, value) in parameters {
                query.push_encoded(name, &fill(value, true, mapped)?);
            }
            action(name, protocol, target.uri.service.name, &mut query, &mut headers, mapped);
        }
    }
    for (name, value) in &mapped.query {
        query.push(name, value);
    }
    if has_body && !headers.contains_key(header::CONTENT_TYPE) {
        let sent = ctx.headers.get(header::CONTENT_TYPE);
        if is_query && is_action && !sent.is_some_and(is_form) {
            // The parameters are all that the service reads. They go as SDKs
            // send them; not everything that stands at an endpoint would look
            // for them in the path.
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(FORM));
            return Some(Sent { path, headers, body: query.0.into(), wants_json });
        }
        // Without a body, all stands in the path: some that stand at an
        // endpoint look there only if they are told of a form.
        let default = if is_query && body.is_empty() { FORM } else { "application/json" };
        let default = HeaderValue::from_static(default);
        headers.insert(header::CONTENT_TYPE, sent.cloned().unwrap_or(default));
    }
    query.append_to(&mut path);
    Some(Sent { path, headers, body, wants_json })
}

fn is_form(content_type: &HeaderValue) -> bool {
    content_type.to_str().is_ok_and(|text| media_type(text).eq_ignore_ascii_case(FORM))
}

/// Names the action as the service's protocol does.
fn action(
    name: &str,
    protocol: AwsProtocol,
    service: &str,
    query: &mut Query,
    headers: &mut HeaderMap,
    mapped: &MappedRequest,
) {
    match protocol {
        AwsProtocol::Query { version } | AwsProtocol::Legacy { version, .. } => {
            query.push_encoded("Action", name);
            let is_given = query.has("Version")
                || mapped.query.iter().any(|(name, _)| name == "Version")
                || names_version(&mapped.body);
            if !is_given {
                query.push_encoded("Version", version);
            }
        }
        AwsProtocol::Json { target, content_type } => {
            // Recorded: of EventBridge, the author has to say it.
            if service != "events"
                && let Ok(target) = HeaderValue::from_str(&format!("{target}.{name}"))
            {
                headers.entry(TARGET).or_insert(target);
            }
            let content_type = HeaderValue::from_static(content_type);
            headers.entry(header::CONTENT_TYPE).or_insert(content_type);
        }
        AwsProtocol::Rest => {}
    }
}

/// Whether a form's body names the API's version.
fn names_version(body: &[u8]) -> bool {
    body.split(|byte| *byte == b'&').any(|pair| pair.starts_with(b"Version="))
}

/// A text of the address with the mapped request's values in its places.
pub(super) fn fill(text: &AwsText, is_query: bool, mapped: &MappedRequest) -> Option<String> {
    text.fill(is_query, |place| {
        mapped.path.iter().find(|(name, _)| name == place).map(|(_, value)| value.as_str())
    })
}

/// A query under construction.
#[derive(Default)]
struct Query(String);

impl Query {
    fn push_encoded(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        self.0.push_str(value);
    }

    fn push(&mut self, name: &str, value: &str) {
        let encoded = |text| utf8_percent_encode(text, UNRESERVED).to_string();
        self.push_encoded(&encoded(name), &encoded(value));
    }

    fn has(&self, name: &str) -> bool {
        self.0.split('&').any(|pair| pair.split('=').next() == Some(name))
    }

    fn append_to(&self, path: &mut String) {
        if !self.0.is_empty() {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries() {
        let mut query = Query::default();
        let mut path = "/a".to_owned();
        query.append_to(&mut path);
        assert_eq!(path, "/a");
        query.push_encoded("Action", "A");
        query.push("a b", "ü&=+/");
        assert!(query.has("Action") && !query.has("Act") && !query.has("A"));
        query.append_to(&mut path);
        assert_eq!(path, "/a?Action=A&a%20b=%C3%BC%26%3D%2B%2F");
        let mut path = "/a?b".to_owned();
        query.append_to(&mut path);
        assert!(path.starts_with("/a?b&Action=A&"));
    }

    #[test]
    fn forms_are_told_by_their_media_type() {
        for (text, expected) in [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-Urlencoded; charset=utf-8", true),
            ("application/x-www-form-urlencoded2", false),
        ] {
            assert_eq!(is_form(&HeaderValue::from_static(text)), expected, "{text}");
        }
    }

    #[test]
    fn versions_in_forms() {
        assert!(names_version(b"Action=A&Version=2012-11-05"));
        assert!(!names_version(b"Action=A&MyVersion=1"));
        assert!(!names_version(b""));
    }
}
