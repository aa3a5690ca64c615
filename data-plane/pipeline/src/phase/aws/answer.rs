//! What a service or a function answered, as mappings read it.

use bytes::Bytes;
use gw_convert::{Limits, NotConverted, xml_to_json};
use gw_model::GatewayResponseType as Type;
use gw_snapshot::{GatewayError, media_type};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;

use super::super::{
    lambda::{bad_gateway, misconfigured, refused, request_id},
    mapped::Chosen,
};
use crate::{ctx::RequestCtx, fetch::Fetched, note, rescue::Refusal};

/// The answer of a service that was asked for JSON and may have answered XML,
/// as emulators do.
pub(super) async fn as_json(
    ctx: &RequestCtx<'_>,
    mut fetched: Fetched,
) -> Result<Fetched, Refusal> {
    if !is_xml(&fetched.headers) || fetched.body.is_empty() {
        return Ok(fetched);
    }
    let converted = ctx.core.made_of(&fetched.body, convert).await?;
    fetched.body = converted.map_err(|error| malformed(&error))?;
    fetched.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    fetched.headers.remove(header::CONTENT_LENGTH);
    Ok(fetched)
}

fn convert(xml: &[u8]) -> Result<Bytes, NotConverted> {
    Ok(xml_to_json(xml, &Limits::default())?.to_string().into())
}

fn is_xml(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media_type(media.unwrap_or_default());
    media.eq_ignore_ascii_case("text/xml") || media.eq_ignore_ascii_case("application/xml")
}

/// The service's answer makes no sense.
fn malformed(error: &NotConverted) -> Refusal {
    let log = format!("Execution failed due to an answer that is no XML: {error}");
    bad_gateway(Type::IntegrationFailure, log)
}

/// What chooses the integration response for a function's answer: the error
/// that it raised, if any.
///
/// # Errors
/// Lambda did not call the function: 400 where the payload is no JSON, 500
/// where the gateway may not, else 502.
pub(super) async fn of_function(
    ctx: &RequestCtx<'_>,
    fetched: &Fetched,
) -> Result<Chosen, Refusal> {
    if !fetched.status.is_success() {
        let name = ctx.core.made_of(&fetched.body, error_type).await?;
        if name.is_some_and(|name| name.contains("AccessDenied")) {
            return Err(misconfigured(note::NO_PERMISSION));
        }
        if fetched.status == StatusCode::BAD_REQUEST
            && let Some(message) = ctx.core.made_of(&fetched.body, content_error).await?
        {
            return Err(bad_content(message));
        }
        return Err(refused(fetched.status, &fetched.headers));
    }
    let Told { message, is_denied } = ctx.core.made_of(&fetched.body, told).await?;
    if is_denied {
        return Err(misconfigured(note::NO_PERMISSION));
    }
    let is_error = fetched.headers.contains_key("x-amz-function-error");
    if is_error || message.is_some() {
        let message = message.as_deref().unwrap_or_default();
        ctx.note(|| note::function_error(message, request_id(&fetched.headers)));
    }
    // An error without a message is an error all the same, and selects by
    // the empty text.
    Ok(Chosen::ByError(message.or_else(|| is_error.then(String::new))))
}

/// What a payload tells of a failure.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    /// `errorMessage` of an object.
    message: Option<String>,
    /// It is the error of whoever may not call: AWS was recorded to take
    /// that for its own, whatever the status.
    is_denied: bool,
}

fn told(body: &[u8]) -> Told {
    /// Everything else is skipped without being kept.
    #[derive(serde::Deserialize)]
    struct Raised {
        #[serde(rename = "errorMessage", default)]
        message: Value,
        #[serde(rename = "__type", default)]
        name: Value,
    }
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let Some(raised) = is_object.then(|| serde_json::from_slice::<Raised>(body).ok()).flatten()
    else {
        return Told::default();
    };
    let name = raised.name.as_str().map(|name| name.rsplit('#').next().unwrap_or(name));
    Told {
        message: match raised.message {
            Value::String(text) => Some(text),
            Value::Null => None,
            other => Some(other.to_string()),
        },
        is_denied: name == Some("AccessDeniedException"),
    }
}

/// What Lambda says of a payload that is no JSON.
fn content_error(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Said {
        message: String,
    }
    let said = serde_json::from_slice::<Said>(body).ok()?;
    said.message.starts_with("Could not parse request body into json").then_some(said.message)
}

/// The client has sent what the author's template makes no JSON of: AWS tells
/// it so, in Lambda's words.
fn bad_content(message: String) -> Refusal {
    let error = GatewayError::of(Type::Default4xx)
        .with_log(format!("Execution failed: {message}"))
        .with_message(message);
    Box::new(error.during_execution())
}

fn error_type(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        #[serde(rename = "__type", alias = "Type", alias = "code")]
        name: String,
    }
    serde_json::from_slice::<Named>(body).ok().map(|named| named.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_functions() {
        let message = |body: &str| told(body.as_bytes()).message;
        assert_eq!(message(r#"{"errorMessage":"no","errorType":"E"}"#).as_deref(), Some("no"));
        assert_eq!(message(r#" {"errorMessage":{"a":1}}"#).as_deref(), Some(r#"{"a":1}"#));
        for none in ["", "null", "[]", "\"errorMessage\"", "{}", r#"{"errorMessage":null}"#, "{"] {
            assert_eq!(message(none), None, "{none}");
        }
        for (body, expected) in [
            (r#"{"__type":"AccessDeniedException","Message":"m"}"#, true),
            (r#"{"errorMessage":"m","__type":"com.amazon#AccessDeniedException"}"#, true),
            (r#"{"__type":"MyAccessDeniedException"}"#, false),
            (r#"{"__type":5}"#, false),
            (r#"{"Type":"AccessDeniedException"}"#, false),
            (r#"["__type","AccessDeniedException"]"#, false),
        ] {
            assert_eq!(told(body.as_bytes()).is_denied, expected, "{body}");
        }
        let denied = br#"{"__type":"com.amazon#AccessDeniedException","message":"m"}"#;
        assert!(error_type(denied).is_some_and(|name| name.contains("AccessDenied")));
    }

    #[test]
    fn only_what_lambda_says_of_json_is_the_clients_fault() {
        let json = "Could not parse request body into json: Unexpected character";
        for (body, expected) in [
            (format!(r#"{{"Type":"User","message":"{json}"}}"#), Some(json)),
            (r#"{"Type":"User","message":"1 validation error detected"}"#.to_owned(), None),
            (format!(r#"{{"Message":"{json}"}}"#), None),
            ("no JSON".to_owned(), None),
        ] {
            assert_eq!(content_error(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn media_types() {
        for (text, expected) in
            [("text/xml", true), ("application/XML; charset=UTF-8", true), ("text/plain", false)]
        {
            let headers =
                HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(text))]);
            assert_eq!(is_xml(&headers), expected, "{text}");
        }
        assert!(!is_xml(&HeaderMap::new()));
    }
}
