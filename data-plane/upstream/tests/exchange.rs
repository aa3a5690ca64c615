//! Answers in all their framings, and requests that are still on their way
//! when the answer comes.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{cell::Cell, rc::Rc, time::Duration};

use common::run;
use gw_upstream::{Body, Client, Config, Error, Scheme, Target, Timeouts, TlsOptions};
use http::{Method, Request};
use http_body_util::BodyExt as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What an origin did.
#[derive(Default)]
struct Done {
    /// Connections that it took.
    opened: Cell<u32>,
    /// Answers that it has written whole, connections closed if so told.
    answered: Cell<u32>,
}

/// An origin that says `answer`, in pieces of so many bytes, to every head
/// that it reads, and closes if told to.
async fn origin(answer: &'static [u8], piece: usize, closes: bool) -> (Target, Rc<Done>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let done = Rc::new(Done::default());
    let own = Rc::clone(&done);
    tokio::task::spawn_local(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            own.opened.set(own.opened.get() + 1);
            let own = Rc::clone(&own);
            tokio::task::spawn_local(async move {
                while read_head(&mut stream).await {
                    for part in answer.chunks(piece) {
                        // A client may have turned away from what it did not ask for.
                        if stream.write_all(part).await.is_err() {
                            break;
                        }
                        tokio::task::yield_now().await;
                    }
                    if closes {
                        drop(stream);
                        own.answered.set(own.answered.get() + 1);
                        return;
                    }
                    own.answered.set(own.answered.get() + 1);
                }
            });
        }
    });
    (Target::new(Scheme::Http, "127.0.0.1", Some(port), TlsOptions::default()).unwrap(), done)
}

async fn read_head(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if !stream.read(&mut byte).await.is_ok_and(|n| n > 0) {
            return false;
        }
        head.push(byte[0]);
    }
    true
}

async fn ask(client: &Client, target: &Target, method: Method) -> Result<(u16, String), Error> {
    let request = Request::builder().method(method).uri("/").body(Body::empty()).unwrap();
    let response = client.send(target, request, &Timeouts::default()).await?;
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8(bytes.to_vec()).unwrap()))
}

/// Asks twice, and tells the answer's status and body and whether the second
/// request used the first one's connection.
fn check(answer: &'static [u8], method: &Method, closes: bool, expected: (u16, &str, bool)) {
    for piece in [1, 7, usize::MAX] {
        run(async {
            let (target, done) = origin(answer, piece, closes).await;
            let client = Client::new(&Config::default()).unwrap();
            for round in 1..=2 {
                let (status, body) = ask(&client, &target, method.clone()).await.unwrap();
                assert_eq!((status, &*body), (expected.0, expected.1), "pieces of {piece}");
                while done.answered.get() < round {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                // The runtime has looked at its sockets when it has slept.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert_eq!(done.opened.get() == 1, expected.2, "pieces of {piece}");
        });
    }
}

#[test]
fn framings() {
    let (get, head) = (&Method::GET, &Method::HEAD);
    let length = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    check(length, get, false, (200, "hello", true));
    check(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", head, false, (200, "", true));
    check(b"HTTP/1.1 204 x\r\n\r\n", get, false, (204, "", true));
    check(b"HTTP/1.1 304 x\r\ncontent-length: 5\r\n\r\n", get, false, (304, "", true));
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nt: 1\r\n\r\n";
    check(chunked, get, false, (200, "abcde", true));
    let closing = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nConnection: close\r\n\r\nok";
    check(closing, get, false, (200, "ok", false));
    check(b"HTTP/1.1 200 OK\r\n\r\nuntil the end", get, true, (200, "until the end", false));
    let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nlink: y\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    check(interim, get, false, (200, "ok", true));
}

#[test]
fn bytes_that_nobody_asked_for_end_the_connection() {
    let stray = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison";
    check(stray, &Method::GET, false, (200, "ok", false));
    let behind_nothing = b"HTTP/1.1 204 x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    check(behind_nothing, &Method::GET, false, (204, "", false));
    let behind_chunks =
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 x\r\n\r\n";
    check(behind_chunks, &Method::GET, false, (200, "", false));
}

#[test]
fn cut_answers_are_errors() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\ncontent-le"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        run(async {
            let (target, _) = origin(answer, usize::MAX, true).await;
            let client = Client::new(&Config::default()).unwrap();
            let error = ask(&client, &target, Method::GET).await.unwrap_err();
            assert!(matches!(error, Error::Closed { retry_safe: false, .. }), "{error:?}");
            assert_eq!(client.idle_count(&target), 0);
        });
    }
}

#[test]
fn a_body_that_begins_broken_is_no_answer() {
    for chunk in ["ZZ\r\nab\r\n", "\r\n", "2\nab\r\n", "-2\r\nab\r\n"] {
        run(async {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            let answer = format!("{head}{chunk}").into_bytes().leak();
            let (target, _) = origin(answer, usize::MAX, false).await;
            let client = Client::new(&Config::default()).unwrap();
            let request = Request::get("/").body(Body::empty()).unwrap();
            let error = client.send(&target, request, &Timeouts::default()).await.unwrap_err();
            assert!(matches!(error, Error::BadResponse(_)), "{chunk:?}: {error:?}");
            assert_eq!(client.idle_count(&target), 0);
        });
    }
}

#[test]
fn an_endless_head_is_refused() {
    run(async {
        let mut endless = b"HTTP/1.1 200 OK\r\n".to_vec();
        while endless.len() < 200 * 1024 {
            endless.extend_from_slice(b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy");
        }
        let (target, _) = origin(endless.leak(), usize::MAX, false).await;
        let client = Client::new(&Config::default()).unwrap();
        let error = ask(&client, &target, Method::GET).await.unwrap_err();
        assert!(matches!(error, Error::BadResponse(_)), "{error:?}");
    });
}

#[test]
fn an_answer_before_the_end_of_the_request_is_passed_on() {
    run(async {
        let early = b"HTTP/1.1 413 x\r\ncontent-length: 3\r\n\r\nbig";
        let (target, done) = origin(early, usize::MAX, false).await;
        let client = Client::new(&Config::default()).unwrap();
        let body = Body::full(vec![b'x'; 64 << 20]);
        let request = Request::builder().method("PUT").uri("/").body(body).unwrap();
        let response = client.send(&target, request, &Timeouts::default()).await.unwrap();
        assert_eq!(response.status(), 413);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "big");
        assert_eq!((client.idle_count(&target), done.opened.get()), (0, 1));
    });
}
