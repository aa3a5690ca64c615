//! `functions invoke`, and the calls behind it.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};

use super::InvokeArgs;
use crate::cli::Global;
use crate::client::{Endpoint, Path};
use crate::error::{Error, Kind, Result};
use crate::input;
use crate::output::Output;

/// An answer of the Lambda API.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Calls a function: what it answers goes to standard output, what it logged
/// to standard error. A function error is a failure.
pub(super) async fn invoke(args: &InvokeArgs, global: &Global, out: Output) -> Result<()> {
    let endpoint = args.place.endpoint(global)?;
    let path = Path::of(&["2015-03-31", "functions", &args.name, "invocations"]);
    let path = path.with_some("Qualifier", args.qualifier.as_deref());
    let kind = if args.later { "Event" } else { "RequestResponse" };
    let headers = [("x-amz-invocation-type", kind), ("x-amz-log-type", "Tail")];
    let answer = call(&endpoint, Method::POST, path, &headers, event(args)?).await?;
    if let Some(log) = answer.header("x-amz-log-result").and_then(decoded) {
        out.note(log.trim_end());
    }
    if args.later {
        out.note("accepted");
        return Ok(());
    }
    out.line(&String::from_utf8_lossy(&answer.body))?;
    match answer.header("x-amz-function-error") {
        None => Ok(()),
        Some(class) => Err(Error::failed(format!("the function failed ({class})"))),
    }
}

fn event(args: &InvokeArgs) -> Result<Bytes> {
    match &args.event {
        Some(file) => Ok(input::bytes(file)?.into()),
        None => Ok(Bytes::from_static(b"{}")),
    }
}

/// The text of a log, which travels as base64.
fn decoded(text: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::prelude::BASE64_STANDARD.decode(text).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Makes a call of the Lambda API; anything but 2xx is an error.
pub(super) async fn call(
    endpoint: &Endpoint,
    method: Method,
    path: Path,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<Answer> {
    let target = path.on(&endpoint.base);
    let mut request = Request::builder()
        .method(method)
        .uri(&target)
        .header(header::HOST, endpoint.authority())
        .header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Full::new(body))
        .map_err(|error| Error::usage(format!("cannot call {target}: {error}")))?;
    let broken = |error: &dyn std::fmt::Display| {
        Error::new(Kind::Unavailable, format!("{endpoint} broke the line: {error}"))
    };
    // However long the function takes: it has a timeout of its own.
    let mut sender = endpoint.open().await?;
    let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| broken(&error))?.to_bytes();
    if head.status.is_success() {
        return Ok(Answer { headers: head.headers, body });
    }
    Err(refusal(head.status, &Answer { headers: head.headers, body }))
}

fn refusal(status: StatusCode, answer: &Answer) -> Error {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let said = ["message", "Message"].iter().find_map(|name| body.get(name)?.as_str());
    let name = answer.header("x-amzn-errortype").map_or(status.as_str(), |name| name);
    let error = Error::refused(format!("{name}: {}", said.unwrap_or("no further word")));
    match status.as_u16() {
        404 => error.hint("`gwctl functions list` lists what runs"),
        429 => error.hint("all that may run at once run already: try again"),
        _ => error,
    }
}
