//! Streamed answers, event by event.

use std::time::Duration;

use bytes::Bytes;
use gw_event::{Completion, EVENT_STREAM, Frames, Piece};
use gw_testkit::http::{Answer, Call};
use serde_json::{Value, json};

use crate::support::{Served, refusal, tiny};

async fn stream(served: &Served, name: &str, event: &Value) -> Answer {
    let url = served.functions.url();
    let url = format!("{url}/2021-11-15/functions/{name}/response-streaming-invocations");
    Call::post(&url).header("x-amz-log-type", "Tail").json(event).send().await.unwrap()
}

/// The chunks, and how the function ended.
fn pieces(body: &Bytes) -> (Vec<Bytes>, Completion) {
    let mut frames = Frames::default();
    frames.push(body.clone());
    let mut chunks = Vec::new();
    loop {
        match frames.read().unwrap().expect("an end") {
            Piece::Chunk(chunk) => chunks.push(chunk),
            Piece::Complete(end) => {
                assert_eq!(frames.read(), Ok(None), "the end is the last frame");
                return (chunks, end);
            }
        }
    }
}

/// The chunks as one text, and how the function ended.
fn read(answer: &Answer) -> (String, Completion) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some(EVENT_STREAM));
    assert_eq!(answer.header("x-amz-executed-version"), Some("$LATEST"));
    let (chunks, end) = pieces(&answer.body);
    (String::from_utf8(chunks.concat()).unwrap(), end)
}

#[tokio::test]
async fn chunks_come_as_they_are_made() {
    let served = Served::of([tiny("f")]).await;
    let event = json!({ "do": "stream", "chunks": ["a", "bc", "def"], "pause": 200 });
    let answer = stream(&served, "f", &event).await;
    let (text, end) = read(&answer);
    assert_eq!(text, "abcdef");
    assert_eq!(pieces(&answer.body).0.len(), 3, "each chunk by itself");
    assert!(end.error_code.is_none() && end.log_result.is_some(), "{end:?}");
    // A whole answer is one chunk; a streamed one is whole for who asks so.
    let whole = stream(&served, "f", &json!({ "x": 1 })).await;
    assert_eq!(read(&whole).0, r#"{"x":1}"#);
    let event = json!({ "do": "stream", "chunks": ["1", "2"] });
    assert_eq!(served.invoke("f", &event).await, 12);
    // The environment serves on.
    assert_eq!(served.invoke("f", &json!({ "do": "who" })).await["served"], 4);
    served.functions.stop().await;
}

#[tokio::test]
async fn the_first_chunk_does_not_wait_for_the_last() {
    let served = Served::of([tiny("f")]).await;
    served.invoke("f", &json!({})).await;
    let event = json!({ "do": "stream", "chunks": ["first", "second"], "pause": 20_000 });
    let address = served.functions.address();
    let first = tokio::task::spawn_blocking(move || {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let body = event.to_string();
        let head = format!(
            "POST /2021-11-15/functions/f/response-streaming-invocations HTTP/1.1\r\n\
             host: x\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut seen = Vec::new();
        while !seen.windows(5).any(|w| w == b"first") {
            let mut buffer = [0; 1024];
            let n = stream.read(&mut buffer).unwrap();
            seen.extend_from_slice(&buffer[..n]);
        }
        seen
    });
    assert!(!first.await.unwrap().windows(6).any(|w| w == b"second"));
    served.functions.stop().await;
}

#[tokio::test]
async fn failures_stand_in_the_last_event() {
    let mut late = tiny("late");
    late.timeout = Duration::from_secs(4);
    let served = Served::of([tiny("f"), late]).await;
    let ended = |end: &str| json!({ "do": "stream", "chunks": ["half"], "end": end });
    let cases = [
        ("f", ended("fail"), "half", "Late", r#"{"errorMessage":"late","errorType":"Late"}"#),
        ("f", ended("exit"), "half", "Runtime.TruncatedResponse", ""),
        ("f", ended("cut"), "half", "Runtime.TruncatedResponse", ""),
        ("late", ended("hang"), "half", "Sandbox.Timedout", "timed out after 4.00 seconds"),
        ("f", json!({ "do": "fail" }), "", "E", r#"{"errorMessage":"m","errorType":"E"}"#),
        ("f", json!({ "do": "exit", "code": 2 }), "", "Runtime.ExitError", "exit status 2"),
    ];
    for (name, event, text, code, details) in cases {
        let (chunks, end) = read(&stream(&served, name, &event).await);
        assert_eq!(chunks, text, "{event}");
        assert_eq!(end.error_code.as_deref(), Some(code), "{event}");
        assert!(end.error_details.unwrap().contains(details), "{event}");
    }
    // The same for who waits for a whole answer.
    let (kind, text) = served.failure("f", &ended("fail")).await;
    assert_eq!((kind.as_str(), text.as_str()), ("Late", "late"));
    let (kind, _) = served.failure("f", &ended("cut")).await;
    assert_eq!(kind, "Runtime.TruncatedResponse");
    served.functions.stop().await;
}

#[tokio::test]
async fn what_cannot_begin_is_an_ordinary_error() {
    let mut none = tiny("none");
    none.reserved_concurrency = Some(0);
    let served = Served::of([none]).await;
    assert_eq!(refusal(&stream(&served, "nope", &json!({})).await).0, 404);
    assert_eq!(refusal(&stream(&served, "none", &json!({})).await).0, 429);
    let url = served.functions.url();
    let url = format!("{url}/2021-11-15/functions/none/response-streaming-invocations");
    let dry = Call::post(&url).header("x-amz-invocation-type", "DryRun").send().await.unwrap();
    assert_eq!(dry.status, 204);
    let event = Call::post(&url).header("x-amz-invocation-type", "Event").send().await.unwrap();
    assert_eq!(refusal(&event).1, "ValidationException");
    served.functions.stop().await;
}
