//! Calls of the admin API over HTTP/1.1, one connection per call.

mod auth;
mod connect;
mod query;
#[cfg(test)]
pub(crate) mod script;

pub(crate) use auth::Auth;
pub(crate) use connect::Endpoint;
pub(crate) use query::Path;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Kind, Result};

/// How long an ordinary call may take. Importing a document of megabytes on a
/// busy machine is the longest of them.
const CALL_TIMEOUT: Duration = Duration::from_secs(120);

/// Whom to call, and as whom.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) endpoint: Endpoint,
    auth: Auth,
}

/// An answer of the server, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What a call carries.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// Nothing.
    None,
    /// A JSON value.
    Json(Bytes),
    /// A document in JSON or YAML, as it is in its file.
    Document(Bytes),
}

impl Body {
    /// `value` as a JSON body.
    pub(crate) fn json<T: Serialize>(value: &T) -> Result<Self> {
        serde_json::to_vec(value)
            .map(|bytes| Self::Json(bytes.into()))
            .map_err(|e| Error::failed(format!("cannot write a request: {e}")))
    }

    fn parts(self) -> (Option<&'static str>, Bytes) {
        match self {
            Body::None => (None, Bytes::new()),
            Body::Json(bytes) => (Some("application/json"), bytes),
            Body::Document(bytes) => {
                let json = bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
                (Some(if json { "application/json" } else { "application/yaml" }), bytes)
            }
        }
    }
}

impl Client {
    pub(crate) fn new(endpoint: Endpoint, auth: Auth) -> Self {
        Self { endpoint, auth }
    }

    /// Reads a JSON value.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: Path) -> Result<T> {
        let answer = self.call(Method::GET, path, Body::None).await?;
        self.parse(&answer.body)
    }

    /// Sends a body and reads a JSON value.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: Path, body: Body) -> Result<T> {
        let answer = self.call(Method::POST, path, body).await?;
        self.parse(&answer.body)
    }

    /// Puts a body in place and reads a JSON value.
    pub(crate) async fn put<T: DeserializeOwned>(&self, path: Path, body: Body) -> Result<T> {
        let answer = self.call(Method::PUT, path, body).await?;
        self.parse(&answer.body)
    }

    /// Takes something away and reads a JSON value.
    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: Path) -> Result<T> {
        let answer = self.call(Method::DELETE, path, Body::None).await?;
        self.parse(&answer.body)
    }

    /// Makes a call; anything but 2xx is an error.
    pub(crate) async fn call(&self, method: Method, path: Path, body: Body) -> Result<Answer> {
        let whole = async {
            let response = self.send(method, path, body).await?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|e| self.broken(&e))?.to_bytes();
            if head.status.is_success() {
                return Ok(Answer { headers: head.headers, body });
            }
            Err(refusal(head.status, &head.headers, &body))
        };
        match tokio::time::timeout(CALL_TIMEOUT, whole).await {
            Ok(result) => result,
            Err(_) => Err(Error::new(
                Kind::Unavailable,
                format!("{} did not answer within {CALL_TIMEOUT:?}", self.endpoint),
            )),
        }
    }

    /// Reads an answer of one JSON value per line as the lines arrive, until
    /// `each` says false or the server ends the answer.
    pub(crate) async fn lines<T: DeserializeOwned>(
        &self,
        path: Path,
        mut each: impl FnMut(T) -> bool,
    ) -> Result<()> {
        let response = self.send(Method::GET, path, Body::None).await?;
        let (head, mut body) = response.into_parts();
        if !head.status.is_success() {
            let body = body.collect().await.map_err(|e| self.broken(&e))?.to_bytes();
            return Err(refusal(head.status, &head.headers, &body));
        }
        let mut buffer = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|e| self.broken(&e))?;
            buffer.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
            while let Some(end) = buffer.iter().position(|b| *b == b'\n') {
                let line = buffer.split_to(end + 1);
                if !line.trim_ascii().is_empty() && !each(self.parse(&line)?) {
                    return Ok(());
                }
            }
        }
        if !buffer.trim_ascii().is_empty() {
            each(self.parse(&buffer)?);
        }
        Ok(())
    }

    async fn send(
        &self,
        method: Method,
        path: Path,
        body: Body,
    ) -> Result<http::Response<Incoming>> {
        let target = path.on(&self.endpoint.base);
        let (kind, bytes) = body.parts();
        let mut request = Request::builder()
            .method(method)
            .uri(&target)
            .header(header::HOST, self.endpoint.authority())
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, concat!("gwctl/", env!("CARGO_PKG_VERSION")));
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let mut request = request
            .body(Full::new(bytes.clone()))
            .map_err(|e| Error::usage(format!("cannot call {target}: {e}")))?;
        self.auth.apply(&mut request, &bytes)?;
        let mut sender = self.endpoint.open().await?;
        sender.send_request(request).await.map_err(|e| self.broken(&e))
    }

    fn parse<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        serde_json::from_slice(bytes).map_err(|error| {
            Error::failed(format!("{} gave an answer that we do not know: {error}", self.endpoint))
                .hint("is that address the admin API, and of a version near this gwctl's?")
        })
    }

    fn broken(&self, error: &hyper::Error) -> Error {
        Error::new(Kind::Unavailable, format!("{} broke the line: {error}", self.endpoint))
            .hint("what the call was to do may or may not be done: look before you repeat it")
    }
}

/// The error in an answer that is not a success.
fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let name = headers
        .get("x-amzn-errortype")
        .and_then(|v| v.to_str().ok())
        .map(|v| v.split(':').next().unwrap_or(v).to_owned());
    let message = message_of(body);
    let text = match &name {
        Some(name) => format!("{name}: {message}"),
        None => format!("{status}: {message}"),
    };
    // A refusal that names a release is a node's: the release was appended,
    // and a receipt came back while the call was held.
    let rejected = status == StatusCode::BAD_REQUEST
        && headers.contains_key(gw_wire::gatewright::RELEASE_HEADER);
    match status.as_u16() {
        _ if rejected => Error::new(Kind::Rejected, text),
        503 => {
            let wait = headers.get(header::RETRY_AFTER).and_then(|v| v.to_str().ok());
            let hint = match wait {
                Some(seconds) => format!("try again in {seconds} s; traffic is not affected"),
                None => "try again; traffic is not affected".to_owned(),
            };
            Error::new(Kind::Unavailable, text).hint(hint)
        }
        401 | 403 => Error::refused(text).hint(
            "check the credentials: `gwctl whoami` with the same flags, `gwctl profile list`",
        ),
        404 if message.contains("release number") => {
            Error::refused(text).hint("`gwctl history API/STAGE` lists the releases")
        }
        404 => Error::refused(text)
            .hint("`gwctl apis`, `gwctl status` and `gwctl fleet` list what there is"),
        // Other conflicts are with what is there, and say so.
        409 if ["at release", "concurrent"].iter().any(|word| message.contains(word)) => {
            Error::refused(text).hint("somebody else changed it: look with `gwctl history`")
        }
        400..=499 => Error::refused(text),
        _ => Error::failed(text).hint("`gwctl logs control-plane` may say more"),
    }
}

fn message_of(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let named = ["message", "Message"].iter().find_map(|name| value.get(name)?.as_str());
    named.map_or_else(|| String::from_utf8_lossy(body).trim().to_owned(), str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn statuses_become_exit_codes() {
        let cases =
            [(400, 3), (403, 3), (404, 3), (409, 3), (429, 3), (500, 1), (502, 1), (503, 4)];
        for (status, code) in cases {
            let status = StatusCode::from_u16(status).unwrap();
            let error = refusal(status, &HeaderMap::new(), br#"{"message":"no"}"#);
            assert_eq!(error.kind.exit_code(), code, "{status}");
        }
    }

    #[test]
    fn a_refusal_that_names_a_release_is_a_rejection() {
        let mut headers = HeaderMap::new();
        headers.insert(gw_wire::gatewright::RELEASE_HEADER, "3".parse().unwrap());
        let error = refusal(StatusCode::BAD_REQUEST, &headers, b"{\"message\":\"n2: too large\"}");
        assert_eq!(error.kind, Kind::Rejected);
    }

    #[test]
    fn errors_show_the_server_s_words() {
        let mut headers = HeaderMap::new();
        headers.insert("x-amzn-errortype", "NotFoundException:http://x".parse().unwrap());
        let error = refusal(StatusCode::NOT_FOUND, &headers, b"{\"message\":\"Invalid API id\"}");
        let text = error.to_string();
        assert!(text.starts_with("error: NotFoundException: Invalid API id\nnext: "), "{text}");
        assert_eq!(message_of(b"<html>"), "<html>");
        assert_eq!(message_of(br#"{"Message":"big M"}"#), "big M");
    }

    #[test]
    fn what_to_do_next_follows_from_the_message() {
        let told = |status: StatusCode, message: &str| {
            let body = serde_json::json!({ "message": message }).to_string();
            refusal(status, &HeaderMap::new(), body.as_bytes()).to_string()
        };
        let moved = told(StatusCode::CONFLICT, "stage is at release 6, not 1");
        assert!(moved.contains("next: somebody else changed it"), "{moved}");
        let used = told(StatusCode::CONFLICT, "The certificate is in use by: a.example");
        assert!(!used.contains("next: "), "{used}");
        let release = told(StatusCode::NOT_FOUND, "Invalid release number specified: 99");
        assert!(release.contains("next: `gwctl history "), "{release}");
    }

    #[test]
    fn documents_travel_under_their_type() {
        let kind = |text: &'static str| Body::Document(Bytes::from(text)).parts().0.unwrap();
        assert_eq!(kind("\n {\"openapi\":1}"), "application/json");
        assert_eq!(kind("openapi: 3.0.0"), "application/yaml");
    }
}
