//! The client against origins that speak raw bytes: reuse, the keep-alive
//! race, every kind of failure, TLS.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{cell::Cell, future::Future, net::Ipv4Addr, rc::Rc, sync::Arc, time::Duration};

use bytes::Bytes;
use common::run;
use gw_ports::Lease;
use gw_upstream::{
    Body, Client, Config, Error, Fault, Networks, Scheme, Target, Timeouts, TlsOptions,
};
use http::{Method, Request};
use http_body_util::BodyExt as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// An origin that hands each connection, with its number, to a script.
async fn origin<F, Fut>(script: F) -> (Target, Rc<Cell<u32>>)
where
    F: Fn(TcpStream, u32) -> Fut + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let opened = Rc::new(Cell::new(0));
    let count = Rc::clone(&opened);
    tokio::task::spawn_local(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.set(count.get() + 1);
            tokio::task::spawn_local(script(stream, count.get()));
        }
    });
    (target("127.0.0.1", port), opened)
}

fn target(host: &str, port: u16) -> Target {
    Target::new(Scheme::Http, host, Some(port), TlsOptions::default()).unwrap()
}

/// Reads one request head (and nothing after it); none at the end.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    Some(String::from_utf8(head).unwrap())
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

async fn echo_ok(mut stream: TcpStream, _n: u32) {
    while head(&mut stream).await.is_some() {
        stream.write_all(OK).await.unwrap();
    }
}

fn client() -> Client {
    Client::new(&Config::default()).unwrap()
}

fn request(method: Method, body: Body) -> Request<Body> {
    Request::builder().method(method).uri("/a?b=c").header("x-one", "1").body(body).unwrap()
}

fn get() -> Request<Body> {
    request(Method::GET, Body::empty())
}

fn quick() -> Timeouts {
    Timeouts { response: Duration::from_millis(300), ..Timeouts::default() }
}

async fn text(client: &Client, target: &Target, request: Request<Body>) -> Result<String, Error> {
    let response = client.send(target, request, &Timeouts::default()).await?;
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

#[test]
fn one_connection_serves_many_requests() {
    run(async {
        let (target, opened) = origin(echo_ok).await;
        let client = client();
        for _ in 0..50 {
            assert_eq!(text(&client, &target, get()).await.unwrap(), "ok");
        }
        assert_eq!(opened.get(), 1);
        assert_eq!(client.idle_count(&target), 1);
    });
}

#[test]
fn the_head_on_the_wire() {
    run(async {
        let seen = Rc::new(Cell::new(String::new()));
        let out = Rc::clone(&seen);
        let (target, _) = origin(move |mut stream, _| {
            let out = Rc::clone(&out);
            async move {
                out.set(head(&mut stream).await.unwrap());
                stream.write_all(OK).await.unwrap();
            }
        })
        .await;
        text(&client(), &target, request(Method::POST, Body::full("xyz"))).await.unwrap();
        let expected = format!(
            "POST /a?b=c HTTP/1.1\r\nx-one: 1\r\nhost: {}\r\ncontent-length: 3\r\n\r\n",
            target.authority().to_str().unwrap()
        );
        assert_eq!(seen.take(), expected);
    });
}

#[test]
fn concurrent_requests_open_connections_and_keep_them() {
    run(async {
        let (target, opened) = origin(echo_ok).await;
        let client = client();
        let (a, b, c) = tokio::join!(
            text(&client, &target, get()),
            text(&client, &target, get()),
            text(&client, &target, get())
        );
        assert!(a.is_ok() && b.is_ok() && c.is_ok());
        assert_eq!(opened.get(), 3);
        assert_eq!(client.idle_count(&target), 3);
    });
}

/// The origin closes a kept connection just as the next request comes.
async fn closes_after_second_head(mut stream: TcpStream, n: u32) {
    head(&mut stream).await;
    stream.write_all(OK).await.unwrap();
    if n == 1 {
        head(&mut stream).await;
        return;
    }
    echo_ok(stream, n).await;
}

#[test]
fn the_keep_alive_race_is_retried_when_safe() {
    run(async {
        let (target, opened) = origin(closes_after_second_head).await;
        let client = client();
        text(&client, &target, get()).await.unwrap();
        assert_eq!(text(&client, &target, get()).await.unwrap(), "ok");
        assert_eq!(opened.get(), 2);
    });
}

#[test]
fn the_keep_alive_race_is_not_retried_when_unsafe() {
    for (method, body) in [(Method::POST, Body::empty()), (Method::PUT, Body::full("x"))] {
        run(async {
            let (target, opened) = origin(closes_after_second_head).await;
            let client = client();
            text(&client, &target, get()).await.unwrap();
            let error = text(&client, &target, request(method, body)).await.unwrap_err();
            assert!(matches!(error, Error::Closed { retry_safe: false, .. }), "{error:?}");
            assert_eq!(opened.get(), 1);
        });
    }
}

#[test]
fn a_connection_known_to_be_closed_is_not_used() {
    run(async {
        let (target, opened) = origin(|mut stream, _| async move {
            head(&mut stream).await;
            stream.write_all(OK).await.unwrap();
        })
        .await;
        let client = client();
        for _ in 0..5 {
            let post = request(Method::POST, Body::full("never twice"));
            assert_eq!(text(&client, &target, post).await.unwrap(), "ok");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(opened.get(), 5);
    });
}

#[test]
fn failures_are_told_apart() {
    run(async {
        let client = client();
        let nowhere = Lease::any(Ipv4Addr::LOCALHOST.into()).unwrap();
        let error = text(&client, &target("127.0.0.1", nowhere.port()), get()).await.unwrap_err();
        assert!(matches!(error, Error::Connect { .. }), "{error:?}");
        assert!(error.is_retry_safe());

        let (silent, _) =
            origin(|mut stream, _| async move { while head(&mut stream).await.is_some() {} }).await;
        let error = client.send(&silent, get(), &quick()).await.unwrap_err();
        assert!(matches!(error, Error::Timeout), "{error:?}");

        let (garbage, _) = origin(|mut stream, _| async move {
            head(&mut stream).await;
            stream.write_all(b"SSH-2.0-OpenSSH\r\n\r\n").await.unwrap();
            head(&mut stream).await;
        })
        .await;
        let error = text(&client, &garbage, get()).await.unwrap_err();
        assert!(matches!(error, Error::BadResponse(_)), "{error:?}");

        let (rude, _) = origin(|mut stream, _| async move {
            head(&mut stream).await;
        })
        .await;
        let error = text(&client, &rude, get()).await.unwrap_err();
        assert!(matches!(error, Error::Closed { retry_safe: true, .. }), "{error:?}");

        let error = text(&client, &target("no-such-host.invalid", 80), get()).await.unwrap_err();
        assert!(matches!(error, Error::Resolve { .. }), "{error:?}");
        assert_eq!(error.fault(), Fault::Upstream);
    });
}

#[test]
fn a_stalled_or_cut_response_body_is_an_error() {
    run(async {
        let (target, _) = origin(|mut stream, n| async move {
            head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
            if n == 1 {
                head(&mut stream).await;
            }
        })
        .await;
        let client = client();
        let quick = Timeouts { body_idle: Duration::from_millis(200), ..Timeouts::default() };
        let stalled = client.send(&target, get(), &quick).await.unwrap();
        let error = stalled.into_body().collect().await.unwrap_err();
        assert!(matches!(error, Error::BodyTimeout), "{error:?}");
        let cut = client.send(&target, get(), &Timeouts::default()).await.unwrap();
        let error = cut.into_body().collect().await.unwrap_err();
        assert!(matches!(error, Error::Closed { .. }), "{error:?}");
        assert_eq!(client.idle_count(&target), 0);
    });
}

#[test]
fn an_unread_answer_is_not_pooled() {
    run(async {
        let (target, _) = origin(|mut stream, _| async move {
            head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
            // The client must close, or this waits forever.
            assert!(head(&mut stream).await.is_none());
        })
        .await;
        let client = client();
        drop(client.send(&target, get(), &Timeouts::default()).await.unwrap());
        assert_eq!(client.idle_count(&target), 0);
    });
}

#[test]
fn denied_networks_are_never_contacted() {
    run(async {
        let (target, opened) = origin(echo_ok).await;
        let networks = Networks { allow: vec![], deny: vec!["127.0.0.0/8".parse().unwrap()] };
        let config = Config { networks: Arc::new(networks), ..Config::default() };
        let client = Client::new(&config).unwrap();
        let error = text(&client, &target, get()).await.unwrap_err();
        assert!(matches!(error, Error::Denied(_)), "{error:?}");
        assert_eq!(error.fault(), Fault::Gateway);
        assert_eq!(opened.get(), 0);
    });
}

#[test]
fn idle_and_old_connections_are_not_reused() {
    run(async {
        let (target, opened) = origin(echo_ok).await;
        let config = Config { idle_timeout: Duration::from_millis(30), ..Config::default() };
        let client = Client::new(&config).unwrap();
        text(&client, &target, get()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(60)).await;
        text(&client, &target, get()).await.unwrap();
        assert_eq!(opened.get(), 2);
        let config = Config { max_lifetime: Duration::ZERO, ..Config::default() };
        let client = Client::new(&config).unwrap();
        text(&client, &target, get()).await.unwrap();
        assert_eq!(client.idle_count(&target), 0);
    });
}

/// An origin that shows a certificate of its own making for `localhost`.
async fn self_signed(
    from: i32,
    until: i32,
) -> (Target, rustls::pki_types::CertificateDer<'static>) {
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap().der().clone();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.clone()], key.serialize_der().try_into().unwrap())
        .unwrap();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    let (plain, _) = origin(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut tls) = acceptor.accept(stream).await else { return };
            assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            let mut head = [0; 1024];
            while tls.read(&mut head).await.is_ok_and(|n| n > 0) {
                tls.write_all(OK).await.unwrap();
            }
        }
    })
    .await;
    (plain, cert)
}

#[test]
fn tls_verifies_all_or_all_but_the_issuer() {
    run(async {
        let target = |plain: &Target, host: &str, insecure| {
            let tls = TlsOptions { insecure_skip_verification: insecure };
            Target::new(Scheme::Https, host, Some(plain.port()), tls).unwrap()
        };
        let fails = async |client: &Client, target: &Target| {
            let error = text(client, target, get()).await.unwrap_err();
            assert!(matches!(error, Error::Tls(_)), "{error:?}");
        };
        let client = client();
        let (plain, cert) = self_signed(2020, 4096).await;
        fails(&client, &target(&plain, "localhost", false)).await;
        let careless = target(&plain, "localhost", true);
        assert_eq!(text(&client, &careless, get()).await.unwrap(), "ok");
        fails(&client, &target(&plain, "127.0.0.1", true)).await;
        let config = Config { extra_roots: vec![cert], ..Config::default() };
        let trusting = Client::new(&config).unwrap();
        let verified = target(&plain, "localhost", false);
        assert_eq!(text(&trusting, &verified, get()).await.unwrap(), "ok");
        fails(&trusting, &target(&plain, "127.0.0.1", false)).await;
        for (from, until) in [(2000, 2001), (4000, 4096)] {
            let (plain, _) = self_signed(from, until).await;
            fails(&client, &target(&plain, "localhost", true)).await;
        }
    });
}

#[test]
fn chunked_answers_stream_and_return_the_connection() {
    run(async {
        let (target, opened) = origin(|mut stream, _| async move {
            while head(&mut stream).await.is_some() {
                let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                stream.write_all(head).await.unwrap();
                for _ in 0..3 {
                    stream.write_all(b"3\r\nabc\r\n").await.unwrap();
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                stream.write_all(b"0\r\n\r\n").await.unwrap();
            }
        })
        .await;
        let client = client();
        for _ in 0..3 {
            let put = request(Method::PUT, Body::from(Bytes::new()));
            assert_eq!(text(&client, &target, put).await.unwrap(), "abcabcabc");
        }
        assert_eq!(opened.get(), 1);
    });
}
