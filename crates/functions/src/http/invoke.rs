//! Invoke, Invoke with a streamed answer, and InvokeAsync.

use std::convert::Infallible;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use gw_event::{EVENT_STREAM, frame};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::{Answer, Front, Refusal, json, parameter, whole};
use crate::environment::{Call, Outcome};
use crate::invoke::Found;
use crate::name::{FunctionRef, is_qualifier};

/// The longest payload of an invocation that is waited for, in bytes.
const MOST: usize = 6_291_456;

/// The longest payload of an asynchronous one, in bytes.
const MOST_EVENT: usize = 1_048_576;

/// The longest client context, as it travels.
const MOST_CONTEXT: usize = 3583;

/// AWS's constraint on names.
const NAME: &str = "Member must satisfy regular expression pattern: \
    (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?\
    (function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";

/// AWS's constraint on qualifiers.
const QUALIFIER: &str = "Member must satisfy regular expression pattern: \
    \\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    RequestResponse,
    Event,
    DryRun,
}

/// `Invoke`.
pub(super) async fn invoke(
    front: &Front,
    name: &str,
    request: Request<Incoming>,
    id: &str,
) -> Result<Answer, Refusal> {
    let kind = match header(request.headers(), "x-amz-invocation-type") {
        None | Some("RequestResponse") => Kind::RequestResponse,
        Some("Event") => Kind::Event,
        Some("DryRun") => Kind::DryRun,
        Some(other) => {
            let set = "Member must satisfy enum value set: [Event, RequestResponse, DryRun]";
            return Err(Refusal::invalid(other, "invocationType", set));
        }
    };
    let tail = wants_tail(request.headers())?;
    let target = target(name, request.uri().query())?;
    let found = front.service.find(&target)?;
    let most = if kind == Kind::Event { MOST_EVENT } else { MOST };
    let call = call(&found, request, id, most).await?;
    if kind == Kind::DryRun {
        return Ok(executed(
            whole(StatusCode::NO_CONTENT, "application/json", Bytes::new()),
            &found,
        ));
    }
    if kind == Kind::Event {
        front.queue.add(&front.service, found.clone(), call)?;
        return Ok(whole(StatusCode::ACCEPTED, "application/json", Bytes::new()));
    }
    let permit = front.service.permit(&found)?;
    let trace = call.trace.clone();
    let outcome = front.service.run(found.clone(), permit, call, None).await?;
    let (body, class) = match outcome.answer {
        Ok(body) => (body, None),
        Err(failure) => (failure.body, Some(failure.class)),
    };
    let mut answer = executed(whole(StatusCode::OK, "application/json", body), &found);
    let headers = answer.headers_mut();
    if let Some(class) = class {
        headers.insert("x-amz-function-error", HeaderValue::from_static(class));
    }
    if tail && let Ok(log) = HeaderValue::from_str(&BASE64_STANDARD.encode(&outcome.log)) {
        headers.insert("x-amz-log-result", log);
    }
    if let Ok(trace) = HeaderValue::from_str(&trace) {
        headers.insert("x-amzn-trace-id", trace);
    }
    headers.insert("x-amzn-remapped-content-length", HeaderValue::from_static("0"));
    Ok(answer)
}

/// `InvokeAsync`, which AWS has deprecated and tools still call.
pub(super) async fn invoke_async(
    front: &Front,
    name: &str,
    request: Request<Incoming>,
    id: &str,
) -> Result<Answer, Refusal> {
    let target = target(name, request.uri().query())?;
    let found = front.service.find(&target)?;
    let call = call(&found, request, id, MOST_EVENT).await?;
    front.queue.add(&front.service, found, call)?;
    Ok(json(StatusCode::ACCEPTED, &json!({ "Status": 202 })))
}

/// `InvokeWithResponseStream`.
pub(super) async fn stream(
    front: &Front,
    name: &str,
    request: Request<Incoming>,
    id: &str,
) -> Result<Answer, Refusal> {
    let dry = match header(request.headers(), "x-amz-invocation-type") {
        None | Some("RequestResponse") => false,
        Some("DryRun") => true,
        Some(other) => {
            let set = "Member must satisfy enum value set: [RequestResponse, DryRun]";
            return Err(Refusal::invalid(other, "invocationType", set));
        }
    };
    let tail = wants_tail(request.headers())?;
    let target = target(name, request.uri().query())?;
    let found = front.service.find(&target)?;
    let call = call(&found, request, id, MOST).await?;
    if dry {
        return Ok(executed(whole(StatusCode::NO_CONTENT, EVENT_STREAM, Bytes::new()), &found));
    }
    let permit = front.service.permit(&found)?;
    let (chunk, chunks) = mpsc::channel(16);
    let (done, outcome) = oneshot::channel();
    let (service, running) = (front.service.clone(), found.clone());
    tokio::spawn(async move {
        let outcome = service.run(running, permit, call, Some(chunk)).await;
        done.send(outcome).ok();
    });
    let body = StreamBody::new(events(chunks, outcome, tail)).boxed_unsync();
    let mut answer = executed(whole(StatusCode::OK, EVENT_STREAM, Bytes::new()), &found);
    *answer.body_mut() = body;
    Ok(answer)
}

/// The events of a streamed answer: its chunks as they come, then how it ended.
fn events(
    chunks: mpsc::Receiver<Bytes>,
    outcome: oneshot::Receiver<Result<Outcome, Refusal>>,
    tail: bool,
) -> impl futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>> {
    let chunk = |bytes: &[u8]| frame("PayloadChunk", "application/octet-stream", bytes);
    let sent = futures_util::stream::unfold(chunks, async |mut chunks| {
        chunks.recv().await.map(|bytes| (bytes, chunks))
    });
    let sent = sent.filter(|bytes| std::future::ready(!bytes.is_empty()));
    let sent = sent.map(move |bytes| chunk(&bytes));
    let last = futures_util::stream::once(async move {
        let outcome = match outcome.await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => {
                let end = json!({
                    "ErrorCode": "ServiceException",
                    "ErrorDetails": "the functions are being stopped",
                });
                return frame("InvokeComplete", "application/json", end.to_string().as_bytes());
            }
        };
        let mut end = serde_json::Map::new();
        let mut message = BytesMut::new();
        match outcome.answer {
            // What was answered whole is one chunk.
            Ok(body) if !body.is_empty() => message.extend_from_slice(&chunk(&body)),
            Ok(_) => {}
            Err(failure) => {
                let details = String::from_utf8_lossy(&failure.body).into_owned();
                end.insert("ErrorCode".to_owned(), failure.kind.into());
                end.insert("ErrorDetails".to_owned(), details.into());
            }
        }
        if tail {
            end.insert("LogResult".to_owned(), BASE64_STANDARD.encode(&outcome.log).into());
        }
        let end = serde_json::Value::Object(end).to_string();
        message.extend_from_slice(&frame("InvokeComplete", "application/json", end.as_bytes()));
        message.freeze()
    });
    sent.chain(last).map(|bytes| Ok(Frame::data(bytes)))
}

fn executed(mut answer: Answer, found: &Found) -> Answer {
    if let Ok(version) = HeaderValue::from_str(&found.version) {
        answer.headers_mut().insert("x-amz-executed-version", version);
    }
    answer
}

/// The function that a path and a query name together.
pub(super) fn target(name: &str, query: Option<&str>) -> Result<FunctionRef, Refusal> {
    let mut target: FunctionRef =
        name.parse().map_err(|_| Refusal::invalid(name, "functionName", NAME))?;
    let Some(qualifier) = parameter(query, "Qualifier") else { return Ok(target) };
    if !is_qualifier(&qualifier) {
        return Err(Refusal::invalid(&qualifier, "qualifier", QUALIFIER));
    }
    if target.qualifier.as_ref().is_some_and(|derived| *derived != qualifier) {
        let text = "The derived qualifier from the function name does not match the specified \
                    qualifier.";
        return Err(Refusal::Parameter(text.to_owned()));
    }
    target.qualifier = Some(qualifier);
    Ok(target)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    // What is no text is no value that AWS knows either.
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn wants_tail(headers: &HeaderMap) -> Result<bool, Refusal> {
    match header(headers, "x-amz-log-type") {
        None | Some("None") => Ok(false),
        Some("Tail") => Ok(true),
        Some(other) => {
            let set = "Member must satisfy enum value set: [Tail, None]";
            Err(Refusal::invalid(other, "logType", set))
        }
    }
}

/// Reads what a runtime is to be told.
async fn call(
    found: &Found,
    request: Request<Incoming>,
    id: &str,
    most: usize,
) -> Result<Call, Refusal> {
    let (head, body) = request.into_parts();
    let client_context = client_context(&head.headers)?;
    let trace = header(&head.headers, "x-amzn-trace-id").map_or_else(new_trace, str::to_owned);
    let payload = payload(body, most).await?;
    // A function that is called with nothing gets an empty object.
    let payload = if payload.is_empty() { Bytes::from_static(b"{}") } else { payload };
    check_json(&payload)?;
    Ok(Call { id: id.to_owned(), payload, arn: found.arn.clone(), trace, client_context })
}

async fn payload(mut body: Incoming, most: usize) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > most as u64 {
        return Err(Refusal::TooLarge(most));
    }
    let mut payload = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Refusal::Broken(error.to_string()))?;
        if let Some(data) = frame.data_ref() {
            if payload.len() + data.len() > most {
                return Err(Refusal::TooLarge(most));
            }
            payload.extend_from_slice(data);
        }
    }
    Ok(payload.freeze())
}

fn check_json(payload: &[u8]) -> Result<(), Refusal> {
    let wrong =
        |text: String| Refusal::Content(format!("Could not parse payload into json: {text}"));
    if let Err(error) = std::str::from_utf8(payload) {
        let byte = payload.get(error.valid_up_to()).copied().unwrap_or_default();
        return Err(wrong(format!("Invalid UTF-8 start byte 0x{byte:x}")));
    }
    let read = serde_json::from_slice::<serde::de::IgnoredAny>(payload);
    read.map(|_| ()).map_err(|error| wrong(error.to_string()))
}

fn client_context(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(text) = header(headers, "x-amz-client-context") else { return Ok(None) };
    let wrong = |text: &str| Refusal::Content(text.to_owned());
    if text.len() > MOST_CONTEXT {
        return Err(wrong("the client context is longer than 3583 bytes"));
    }
    let bytes = BASE64_STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let context = bytes.ok_or_else(|| wrong("the client context is no base64 of JSON"))?;
    let value: serde_json::Value = serde_json::from_str(&context)
        .map_err(|_| wrong("the client context is no base64 of JSON"))?;
    // Runtimes get it as a header, so it goes without line breaks and in ASCII.
    Ok(Some(ascii(&value.to_string())))
}

/// JSON text with everything beyond ASCII escaped.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            text.push(character);
            continue;
        }
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            text.push_str(&format!("\\u{unit:04x}"));
        }
    }
    text
}

/// `Root=1-{seconds in hex}-{24 hex digits};Parent=...;Sampled=0`.
fn new_trace() -> String {
    let seconds = time::OffsetDateTime::now_utc().unix_timestamp();
    let root: u128 = fastrand::u128(..) >> 32;
    let parent = fastrand::u64(..);
    format!("Root=1-{seconds:08x}-{root:024x};Parent={parent:016x};Sampled=0")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn qualifiers_agree_or_are_refused() {
        let both = |name, query| target(name, Some(query)).map(|t| t.qualifier);
        assert_eq!(both("f", "Qualifier=live").unwrap().as_deref(), Some("live"));
        assert_eq!(both("f:live", "Qualifier=live").unwrap().as_deref(), Some("live"));
        assert_eq!(both("f:1", "x=y").unwrap().as_deref(), Some("1"));
        assert!(matches!(both("f:1", "Qualifier=2"), Err(Refusal::Parameter(_))));
        assert!(matches!(both("f", "Qualifier=a%20b"), Err(Refusal::Validation(_))));
        assert!(matches!(both("a b", "x=y"), Err(Refusal::Validation(_))));
    }

    #[test]
    fn payloads_are_json() {
        for good in ["{}", "null", " [1, \"\u{e9}\"] ", "\"x\"", "1e400"] {
            assert_eq!(check_json(good.as_bytes()), Ok(()), "{good}");
        }
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(check_json(deep.as_bytes()), Ok(()), "depth costs nothing");
        for bad in [&b"{"[..], b"nothing", b"{} {}", b"\x87{}", b"'x'"] {
            let Err(Refusal::Content(text)) = check_json(bad) else { panic!("{bad:?}") };
            assert!(text.starts_with("Could not parse payload into json: "), "{text}");
        }
    }

    #[test]
    fn contexts_travel_as_ascii() {
        let mut headers = HeaderMap::new();
        let text = BASE64_STANDARD.encode("{\"custom\":\n{\"k\":\"\u{e9}\u{1f600}\"}}");
        headers.insert("x-amz-client-context", text.parse().unwrap());
        let context = client_context(&headers).unwrap().unwrap();
        assert_eq!(context, r#"{"custom":{"k":"\u00e9\ud83d\ude00"}}"#);
        headers.insert("x-amz-client-context", "!".parse().unwrap());
        assert!(client_context(&headers).is_err());
        let trace = new_trace();
        assert_eq!(trace.len(), "Root=1-".len() + 8 + 1 + 24 + ";Parent=".len() + 16 + 10);
    }
}
