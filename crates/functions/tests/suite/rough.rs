//! Bytes from outside: whatever comes, the next caller is served.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use gw_testkit::http::Call;
use http::Method;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::support::{Served, tiny};

/// Sends bytes, and reads what comes within a moment.
fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    stream.write_all(bytes).ok();
    stream.shutdown(std::net::Shutdown::Write).ok();
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).ok();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn any_bytes_leave_the_next_caller_served() {
    let served = Served::of([tiny("f")]).await;
    let address = served.functions.address();
    let odd =
        tokio::task::spawn_blocking(move || {
            let path = "[ -~]{0,40}|/2015-03-31/functions/[ -~]{0,20}/invocations";
            let method = prop_oneof![Just("GET"), Just("POST"), Just("PUT"), Just("X")];
            let cases = (method, path, proptest::collection::vec(any::<u8>(), 0..60));
            TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() })
                .run(&cases, |(method, path, body)| {
                    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: x\r\n").into_bytes();
                    bytes.extend_from_slice(
                        format!("content-length: {}\r\n\r\n", body.len()).as_bytes(),
                    );
                    bytes.extend_from_slice(&body);
                    let answer = exchange(address, &bytes);
                    let text = String::from_utf8_lossy(&answer);
                    let refused = ["HTTP/1.1 4", ""].iter().any(|start| text.starts_with(start));
                    prop_assert!(refused && !text.starts_with("HTTP/1.1 5"), "{}", text);
                    exchange(address, &body);
                    Ok(())
                })
        });
    odd.await.unwrap().unwrap();
    assert_eq!(served.invoke("f", &json!([1])).await, json!([1]));
    served.functions.stop().await;
}

#[tokio::test]
async fn garbage_from_a_runtime_is_its_own_affair() {
    let served = Served::of([tiny("f")]).await;
    assert_eq!(served.invoke("f", &json!({ "do": "garbage" })).await, "alive");
    assert_eq!(served.invoke("f", &json!({ "do": "who" })).await["served"], 2);
    served.functions.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_and_dying_runtimes_lose_no_answer() {
    let served = std::sync::Arc::new(Served::of([tiny("f")]).await);
    let callers = (0..8_u64).map(|caller| {
        let served = served.clone();
        tokio::spawn(async move {
            for n in 0..25_u64 {
                let event = match (caller + n) % 5 {
                    0 => json!({ "do": "answer and exit" }),
                    1 => json!({ "do": "exit", "code": 1 }),
                    2 => json!({ "do": "work on", "ms": 5 }),
                    _ => json!({ "caller": caller, "n": n }),
                };
                let answer = served.answer("f", &event).await;
                assert_eq!(answer.status, 200, "{event}: {}", answer.text());
                let failed = answer.header("x-amz-function-error").is_some();
                assert_eq!(failed, event["do"] == "exit", "{event}: {}", answer.text());
                if event.get("caller").is_some() {
                    assert_eq!(answer.json(), event, "its own answer");
                }
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    let served = std::sync::Arc::into_inner(served).unwrap();
    served.functions.stop().await;
}

#[tokio::test]
async fn long_and_half_requests_end() {
    let served = Served::of([tiny("f")]).await;
    let url = served.functions.url();
    // A chunked body that never ends is cut where it is too long.
    let address = served.functions.address();
    let cut = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = "POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nhost: x\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let chunk = [b"10000\r\n", &[b' '; 0x10000][..], b"\r\n"].concat();
        for _ in 0..200 {
            if stream.write_all(&chunk).is_err() {
                break;
            }
        }
        let mut start = [0; 12];
        // The answer may be lost where the line is reset.
        stream.read_exact(&mut start).map(|()| start.to_vec()).unwrap_or_default()
    });
    let start = cut.await.unwrap();
    assert!(start.is_empty() || start == b"HTTP/1.1 413", "{}", String::from_utf8_lossy(&start));
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let path = format!("{url}/2015-03-31/functions/f/invocations");
        let answer = Call::new(method.clone(), &path).send().await.unwrap();
        assert_eq!(answer.status, 404, "{method}");
    }
    let many = (0..90).fold(served.call("f"), |call, n| call.header(&format!("x-{n}"), "y"));
    assert_eq!(many.json(&json!(1)).send().await.unwrap().status, 200);
    served.functions.stop().await;
}
