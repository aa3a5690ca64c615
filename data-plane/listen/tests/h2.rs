//! HTTP/2 in clear and the limits on its clients.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{future::Future, time::Duration};

use bytes::Bytes;
use common::{Front, LONG};
use gw_listen::Limits;
use h2::{
    Reason,
    client::{Builder, SendRequest},
};
use http::Request;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(2 * LONG, test).await.expect("test hangs");
    });
}

/// A client that does not wait for the server's settings.
async fn hasty(front: &Front) -> (SendRequest<Bytes>, tokio::task::JoinHandle<Option<Reason>>) {
    let stream = TcpStream::connect(front.address()).await.unwrap();
    let (sender, connection) = Builder::new()
        .initial_max_send_streams(100_000)
        .max_concurrent_reset_streams(100_000)
        .handshake(stream)
        .await
        .unwrap();
    let task = tokio::spawn(async move { connection.await.err().and_then(|e| e.reason()) });
    (sender, task)
}

fn request(path: &str) -> Request<()> {
    Request::builder().uri(format!("http://a.example{path}")).body(()).unwrap()
}

async fn text(mut body: h2::RecvStream) -> String {
    let mut all = Vec::new();
    while let Some(bytes) = body.data().await {
        all.extend_from_slice(&bytes.unwrap());
    }
    String::from_utf8(all).unwrap()
}

#[test]
fn prior_knowledge_in_clear() {
    let front = Front::start(Limits::default());
    run(async {
        let (sender, _task) = hasty(&front).await;
        let mut sender = sender.ready().await.unwrap();
        let (answer, mut body) = sender.send_request(request("/p"), false).unwrap();
        body.send_data(Bytes::from_static(b"abc"), true).unwrap();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 200);
        // The authority came as Host.
        assert_eq!(text(answer.into_body()).await, "GET a.example/p tls=false sni=- body=abc");
    });
}

#[test]
fn answers_without_a_body_have_none() {
    let front = Front::start(Limits::default());
    run(async {
        let (sender, task) = hasty(&front).await;
        let mut sender = sender.ready().await.unwrap();
        for (method, path, status, length) in [
            ("HEAD", "/p", 200, Some("38")),
            ("GET", "/204", 204, None),
            ("HEAD", "/204", 204, None),
            ("GET", "/304", 304, None),
        ] {
            let mut request = request(path);
            *request.method_mut() = method.parse().unwrap();
            let (answer, _) = sender.send_request(request, true).unwrap();
            let answer = answer.await.unwrap();
            let found = answer.headers().get("content-length");
            let found = found.map(|value| value.to_str().unwrap());
            assert_eq!((answer.status().as_u16(), found), (status, length), "{method} {path}");
            assert!(answer.body().is_end_stream(), "{method} {path}");
        }
        drop(sender);
        assert_eq!(task.await.unwrap(), None, "the connection ends well");
    });
}

#[test]
fn one_connection_serves_thousands_of_requests() {
    let front = Front::start(Limits::default());
    run(async {
        let (sender, _task) = hasty(&front).await;
        let mut sender = sender.ready().await.unwrap();
        for _ in 0..3_000 {
            let (answer, _) = sender.send_request(request("/"), true).unwrap();
            assert_eq!(answer.await.unwrap().status(), 200);
        }
    });
}

#[test]
fn a_preface_in_pieces_is_recognised() {
    let front = Front::start(Limits::default());
    run(async {
        let mut stream = TcpStream::connect(front.address()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        for piece in
            [&b"PRI * HTT"[..], b"P/2.0\r\n\r\nSM\r", b"\n\r\n", &[0, 0, 0, 4, 0, 0, 0, 0, 0]]
        {
            stream.write_all(piece).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut frame = [0; 9];
        stream.read_exact(&mut frame).await.unwrap();
        assert_eq!(frame[3], 4, "the first frame is SETTINGS");
    });
}

#[test]
fn streams_beyond_the_limit_are_refused() {
    let front = Front::start(Limits { h2_max_streams: 10, ..Limits::default() });
    run(async {
        let (sender, _task) = hasty(&front).await;
        let mut sender = sender.ready().await.unwrap();
        let mut answers = tokio::task::JoinSet::new();
        for _ in 0..30 {
            answers.spawn(sender.send_request(request("/hang"), true).unwrap().0);
        }
        let (mut served, mut refused) = (0, 0);
        while let Some(answer) = answers.join_next().await {
            match answer.unwrap() {
                Ok(_) => served += 1,
                Err(error) => {
                    assert_eq!(error.reason(), Some(Reason::REFUSED_STREAM));
                    refused += 1;
                }
            }
            // None ends before all have come.
            if refused == 20 {
                front.gate.open();
            }
        }
        assert_eq!((served, refused), (10, 20));
        assert_eq!(front.calls(), 10);
    });
}

/// A request for `/hang` on a stream and its reset, as bytes.
fn open_and_reset(stream: u32) -> (Vec<u8>, Vec<u8>) {
    // GET, http, path and authority as literals of HPACK's static names.
    let block = b"\x82\x86\x44\x05/hang\x41\x01a";
    let id = stream.to_be_bytes();
    let mut open = vec![0, 0, u8::try_from(block.len()).unwrap(), 1, 5];
    open.extend(id);
    open.extend(block);
    let mut reset = vec![0, 0, 4, 3, 0];
    reset.extend(id);
    reset.extend(8_u32.to_be_bytes());
    (open, reset)
}

async fn raw(front: &Front) -> TcpStream {
    let mut stream = TcpStream::connect(front.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    stream
}

#[test]
fn a_burst_of_resets_ends_the_connection() {
    let front = Front::start(Limits::default());
    run(async {
        let mut stream = raw(&front).await;
        let burst: Vec<u8> = (0..5_000)
            .flat_map(|n| {
                let (open, reset) = open_and_reset(2 * n + 1);
                [open, reset].concat()
            })
            .collect();
        let _ = stream.write_all(&burst).await;
        let mut got = Vec::new();
        let _ = stream.read_to_end(&mut got).await;
        assert!(front.calls() < 1_000, "{} of 5000 reached the handler", front.calls());
    });
    front.wait_open(0);
}

#[test]
fn slow_resets_end_the_connection_too() {
    let front = Front::start(Limits::default());
    run(async {
        let mut stream = raw(&front).await;
        let mut ended = false;
        for n in 0..5_000_u32 {
            let (open, reset) = open_and_reset(2 * n + 1);
            let calls = front.calls();
            if stream.write_all(&open).await.is_err() {
                ended = true;
                break;
            }
            // The handler has begun when the reset comes.
            for _ in 0..200 {
                if front.calls() > calls {
                    break;
                }
                tokio::time::sleep(Duration::from_micros(50)).await;
            }
            if stream.write_all(&reset).await.is_err() {
                ended = true;
                break;
            }
        }
        assert!(ended, "{} requests opened and reset", front.calls());
        assert!(front.calls() < 1_200, "{}", front.calls());
    });
    front.wait_open(0);
}

#[test]
fn floods_of_headers_are_refused() {
    let front = Front::start(Limits::default());
    run(async {
        let (sender, _task) = hasty(&front).await;
        let mut sender = sender.ready().await.unwrap();
        let mut flood = request("/");
        for n in 0..2_000 {
            let name: http::HeaderName = format!("x-{n}").parse().unwrap();
            flood.headers_mut().insert(name, "some value or other".parse().unwrap());
        }
        match sender.send_request(flood, true).unwrap().0.await {
            Ok(answer) => assert_eq!(answer.status(), 431),
            Err(error) => assert!(error.is_remote() || error.is_io(), "{error}"),
        }
        assert_eq!(front.calls(), 0);
    });
}

#[test]
fn an_idle_connection_is_told_to_go() {
    let front =
        Front::start(Limits { idle_timeout: Duration::from_millis(200), ..Limits::default() });
    run(async {
        // On a machine that stalls one may be told before it has asked.
        loop {
            let (sender, task) = hasty(&front).await;
            let Ok(mut sender) = sender.ready().await else { continue };
            let Ok((answer, _)) = sender.send_request(request("/"), true) else { continue };
            let Ok(answer) = answer.await else { continue };
            assert_eq!(answer.status(), 200);
            assert_eq!(task.await.unwrap(), None, "a clean end");
            return;
        }
    });
    front.wait_open(0);
}

#[test]
fn two_words_on_the_host_are_refused() {
    let front = Front::start(Limits::default());
    run(async {
        let (sender, _task) = hasty(&front).await;
        let mut sender = sender.ready().await.unwrap();
        let mut torn = request("/");
        torn.headers_mut().insert("host", "b.example".parse().unwrap());
        let answer = sender.send_request(torn, true).unwrap().0.await.unwrap();
        assert_eq!(answer.status(), 400);
        assert_eq!(front.calls(), 0);
    });
}
