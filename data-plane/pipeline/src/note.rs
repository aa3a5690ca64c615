//! The execution log: who keeps it, and the words of its lines.
//!
//! A phase writes a line with [`RequestCtx::note`](crate::ctx::RequestCtx::note)
//! and takes its text from here, so that a thing is told in the same words,
//! AWS's, by whatever phase it happens in.

use std::{
    fmt::{Display, Write as _},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use gw_snapshot::LogLine;
use http::{HeaderName, HeaderValue};

/// Lines beyond it are dropped, in bytes of all together.
const MAX_LOG: usize = 1 << 20;

/// A line beyond it is cut, in bytes: a log is read by people.
const MAX_LINE: usize = 128 << 10;

/// What is said of a line that was cut.
const CUT: &str = " [TRUNCATED]";

/// Characters of a secret that its reader may see, at its end.
const SHOWN: usize = 6;

/// Headers whose values are secrets.
const SECRET: [&str; 4] =
    ["authorization", "proxy-authorization", "x-api-key", "x-amz-security-token"];

/// The execution log of one request. Shared: part of a request may be worked
/// on by another thread.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    lines: Vec<LogLine>,
    bytes: usize,
}

impl Recorder {
    /// Keeps a line; the time is now.
    pub(crate) fn add(&self, text: String) {
        self.keep(text, false);
    }

    /// Keeps a line that AWS's log does not have.
    pub(crate) fn add_step(&self, text: String) {
        self.keep(text, true);
    }

    fn keep(&self, mut text: String, is_step: bool) {
        if text.len() > MAX_LINE {
            text.truncate(text.floor_char_boundary(MAX_LINE));
            text.push_str(CUT);
        }
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if log.bytes.saturating_add(text.len()) <= MAX_LOG {
            log.bytes += text.len();
            log.lines.push(LogLine { at: SystemTime::now(), text, is_step });
        }
    }

    /// The lines so far, in order.
    pub(crate) fn take(&self) -> Vec<LogLine> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *log).lines
    }
}

pub(crate) const COMPLETED: &str = "Successfully completed execution";
/// The integration did not answer in time.
pub(crate) const TIMED_OUT: &str = "Execution failed due to a timeout error";
/// The integration cannot be reached, or broke off.
pub(crate) const NETWORK_ERROR: &str =
    "Execution failed due to a network error communicating with endpoint";

// Reasons, for `failed`.

/// The integration's URI is no address, or its host's name is not known.
pub(crate) const INVALID_ENDPOINT: &str = "Invalid endpoint address";
/// A function's answer is not what AWS_PROXY needs.
pub(crate) const MALFORMED_PROXY: &str = "Malformed Lambda proxy response";
/// Whoever calls the integration may not.
pub(crate) const NO_PERMISSION: &str = "Invalid permissions on Lambda function";

/// `Starting execution for request: 1-2`
pub(crate) fn starting(request: &str) -> String {
    format!("Starting execution for request: {request}")
}

/// `HTTP Method: GET, Resource Path: /a`; the path is the request's own.
pub(crate) fn method(verb: &str, path: &str) -> String {
    format!("HTTP Method: {verb}, Resource Path: {path}")
}

/// The path parameters: names and values.
pub(crate) fn request_path<'a>(
    parameters: impl IntoIterator<Item = (&'a str, impl Display)>,
) -> String {
    format!("Method request path: {}", map(parameters))
}

/// The parameters of the query string: names and values.
pub(crate) fn request_query<'a>(
    parameters: impl IntoIterator<Item = (&'a str, impl Display)>,
) -> String {
    format!("Method request query string: {}", map(parameters))
}

/// The client's headers, by the names that functions and templates are told.
pub(crate) fn request_headers<'a>(
    all: impl IntoIterator<Item = (&'a str, &'a HeaderValue)>,
) -> String {
    format!("Method request headers: {}", headers(all))
}

/// The client's body.
pub(crate) fn request_body(body: &[u8]) -> String {
    with_bytes("Method request body before transformations: ", body)
}

/// `Endpoint request URI: https://backend/a?b=c`
pub(crate) fn endpoint_uri(uri: impl Display) -> String {
    format!("Endpoint request URI: {uri}")
}

/// Headers as the integration gets them.
pub(crate) fn endpoint_headers<'a>(
    all: impl IntoIterator<Item = (&'a HeaderName, &'a HeaderValue)>,
) -> String {
    format!("Endpoint request headers: {}", headers(all))
}

/// The body as the integration gets it.
pub(crate) fn endpoint_body(body: &[u8]) -> String {
    with_bytes("Endpoint request body after transformations: ", body)
}

/// `Sending request to https://backend/a?b=c`
pub(crate) fn sending(uri: impl Display) -> String {
    format!("Sending request to {uri}")
}

/// The integration has answered.
pub(crate) fn received(status: u16, latency_ms: impl Display) -> String {
    format!("Received response. Status: {status}, Integration latency: {latency_ms} ms")
}

/// The integration's headers.
pub(crate) fn response_headers<'a>(
    all: impl IntoIterator<Item = (&'a HeaderName, &'a HeaderValue)>,
) -> String {
    format!("Endpoint response headers: {}", headers(all))
}

/// The integration's body.
pub(crate) fn response_body(body: &[u8]) -> String {
    with_bytes("Endpoint response body before transformations: ", body)
}

/// The body as the client gets it.
pub(crate) fn answer_body(body: &[u8]) -> String {
    with_bytes("Method response body after transformations: ", body)
}

/// Headers as the client gets them.
pub(crate) fn answer_headers<'a>(
    all: impl IntoIterator<Item = (&'a HeaderName, &'a HeaderValue)>,
) -> String {
    format!("Method response headers: {}", headers(all))
}

/// `Method completed with status: 200`, the last line of every log.
pub(crate) fn done(status: u16) -> String {
    format!("Method completed with status: {status}")
}

/// `Execution failed due to configuration error: {reason}`: the API is to
/// blame, not the client.
pub(crate) fn failed(reason: impl Display) -> String {
    format!("Execution failed due to configuration error: {reason}")
}

/// A function raised an error; `request` is the function's id of the call.
pub(crate) fn function_error(message: impl Display, request: impl Display) -> String {
    format!(
        "Lambda execution failed with status 200 due to customer function error: {message}. \
         Lambda request id: {request}"
    )
}

/// The request's body is what its model asks for.
pub(crate) fn valid_body(media_type: &str) -> String {
    format!("Request validation succeeded for content type {media_type}")
}

/// The request's body is not what its model asks for.
pub(crate) fn invalid_body(media_type: &str, errors: impl Display) -> String {
    format!("Request body does not match model schema for content type {media_type}: {errors}")
}

/// Names and values in Java's form: `{a=b, c=d}`.
pub(crate) fn map<'a>(entries: impl IntoIterator<Item = (&'a str, impl Display)>) -> String {
    let mut out = String::from("{");
    for (name, value) in entries {
        if out.len() > 1 {
            out.push_str(", ");
        }
        // Writing to a string does not fail.
        let _ = write!(out, "{name}={value}");
    }
    out.push('}');
    out
}

/// Headers as a map, secrets masked. A header that repeats is there once, its
/// values in order with `,` between them.
pub(crate) fn headers<'a, N: AsRef<str> + ?Sized + 'a>(
    all: impl IntoIterator<Item = (&'a N, &'a HeaderValue)>,
) -> String {
    let mut lists: Vec<(&str, String)> = Vec::new();
    for (name, value) in all {
        let name = name.as_ref();
        let text = String::from_utf8_lossy(value.as_bytes());
        let text = match SECRET.iter().any(|secret| secret.eq_ignore_ascii_case(name)) {
            true => masked(&text),
            false => text.into_owned(),
        };
        match lists.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, list)) => {
                list.push(',');
                list.push_str(&text);
            }
            None => lists.push((name, text)),
        }
    }
    map(lists.iter().map(|(name, value)| (*name, value)))
}

/// A secret of which only the end is shown, and nothing of a short one.
pub(crate) fn masked(secret: &str) -> String {
    let length = secret.chars().count();
    let hidden = if length < 2 * SHOWN { length } else { length - SHOWN };
    let stars = std::iter::repeat_n('*', hidden);
    stars.chain(secret.chars().skip(hidden)).collect()
}

/// Bodies that are no text are told by their size, as at AWS.
fn with_bytes(start: &str, body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) => format!("{start}{text}"),
        Err(_) => format!("{start}[Binary Data: {} bytes]", body.len()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn maps_print_as_in_java_and_secrets_show_their_end() {
        let mut all = HeaderMap::new();
        all.append("accept", HeaderValue::from_static("a"));
        all.append("authorization", HeaderValue::from_static("Bearer 0123456789"));
        all.append("accept", HeaderValue::from_static("b"));
        assert_eq!(headers(&all), "{accept=a,b, authorization=***********456789}");
        assert_eq!(map([] as [(&str, &str); 0]), "{}");
        assert_eq!(masked("short"), "*****");
        assert_eq!(response_body(&[0xff]), format!("{}[Binary Data: 1 bytes]", response_body(&[])));
    }

    #[test]
    fn a_log_is_bounded() {
        let recorder = Recorder::default();
        for _ in 0..20 {
            recorder.add("\u{e9}".repeat(MAX_LINE));
        }
        recorder.add("last".to_owned());
        let texts: Vec<String> = recorder.take().into_iter().map(|line| line.text).collect();
        assert_eq!(texts.len(), 8);
        assert!(texts[0].ends_with("\u{e9} [TRUNCATED]") && texts[0].len() <= MAX_LINE + CUT.len());
        assert_eq!(texts[7], "last");
        assert!(recorder.take().is_empty());
    }
}
