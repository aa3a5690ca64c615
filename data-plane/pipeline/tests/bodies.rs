//! Bodies that are read as a whole: limits, codings, compression.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    io::{Read as _, Write as _},
    time::Duration,
};

use bytes::Bytes;
use flate2::{
    Compression,
    read::{GzDecoder, ZlibDecoder},
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use gw_model::{ContentHandling, HttpMethod::*, RestApi};
use gw_pipeline::{BodyBudget, Config, OffloadPool};
use http::Response;
use http_body_util::{Full, StreamBody};
use support::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const UNSUPPORTED: &str = r#"{"message": "Unsupported Media Type"}"#;

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn bare(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    GzDecoder::new(body).read_to_end(&mut out).unwrap();
    out
}

/// `ANY /` goes to `address`.
fn proxied(address: std::net::SocketAddr) -> RestApi {
    api(vec![("/", Any, http_proxy(format!("http://{address}"), &[]))])
}

fn post(coding: &str, body: impl Into<Bytes>) -> http::Request<Full<Bytes>> {
    let request = request("POST", "").header("content-encoding", coding);
    request.body(Full::new(body.into())).unwrap()
}

#[test]
fn codings_of_requests_are_undone() {
    on_core(async {
        let (address, log) = echo().await;
        let mut api = proxied(address);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let large = vec![b'x'; 300_000];
        let noise: Vec<u8> =
            (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for (coding, body, expected) in [
            ("gzip", gzip(b"some text"), &b"some text"[..]),
            ("GZIP", gzip(&large), &large),
            ("x-gzip", gzip(&noise), &noise),
            ("deflate", zlib(b"some text"), b"some text"),
            ("deflate", bare(b"some text"), b"some text"),
            ("identity", b"some text".to_vec(), b"some text"),
            ("identity, gzip", gzip(b""), b""),
        ] {
            let answer = gateway.send(post(coding, body)).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (200, "ok"), "{coding}");
            let seen = log.borrow_mut().pop().unwrap();
            assert!(seen.body == expected, "{coding}");
            assert_eq!(seen.header("content-length"), Some(&*expected.len().to_string()));
            assert_eq!(seen.header("content-encoding"), None);
        }
        let cut = gzip(b"some text");
        for (coding, body) in [
            ("br", b"some text".to_vec()),
            ("gzip", b"some text".to_vec()),
            ("gzip", cut[..cut.len() - 2].to_vec()),
            ("gzip, gzip", gzip(&gzip(b"twice"))),
            ("deflate", b"\xff\xff".to_vec()),
            ("identity, br", b"x".to_vec()),
        ] {
            let answer = gateway.send(post(coding, body)).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (415, UNSUPPORTED), "{coding}");
        }
        assert!(log.borrow().is_empty());
        // Without a body there is nothing to undo.
        let answer = gateway.send(post("br", "")).await;
        assert_eq!(answer.status, 200);
        // HTTP_PROXY undoes it whatever the size.
        api.minimum_compression_size_bytes = Some(1000);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        gateway.send(post("gzip", gzip(b"some text"))).await;
        assert_eq!(&log.borrow().last().unwrap().body[..], b"some text");
    });
}

#[test]
fn bombs_are_refused_within_the_budget() {
    on_core(async {
        let (address, log) = echo().await;
        let budget = BodyBudget::new(1 << 20);
        let config = |budget: &BodyBudget| Config {
            max_payload_bytes: 500_000,
            body_budget: budget.clone(),
            ..Config::default()
        };
        let gateway = Gateway::with_config(vec![stage(&proxied(address))], config(&budget)).await;
        let bomb = gzip(&vec![0; 64 << 20]);
        assert!(bomb.len() < 100_000);
        for (body, status) in
            [(bomb, 413), (gzip(&vec![0; 500_001]), 413), (gzip(&vec![0; 500_000]), 200)]
        {
            let answer = gateway.send(post("gzip", body)).await;
            assert_eq!(answer.status.as_u16(), status);
        }
        assert_eq!(log.borrow().len(), 1);
        assert_eq!(budget.used(), 0);
        let poor = BodyBudget::new(100_000);
        let gateway = Gateway::with_config(vec![stage(&proxied(address))], config(&poor)).await;
        let answer = gateway.send(post("gzip", gzip(&vec![0; 70_000]))).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("x-amzn-errortype"), Some("ServiceUnavailableException"));
        assert_eq!(poor.used(), 0);
    });
}

#[test]
fn answers_are_compressed_where_the_client_names_the_coding() {
    on_core(async {
        let (address, _) = backend(|seen| {
            let query = seen.uri.split_once('?').map_or("", |(_, query)| query);
            let mut response = Response::builder().header("content-type", "text/plain");
            if query == "coded" {
                response = response.header("content-encoding", "br");
            }
            let status = match query {
                "part" => 206,
                "gone" => 410,
                _ => 200,
            };
            let size = if query == "large" { 200_000 } else { 1000 };
            response.status(status).body(Full::new(Bytes::from(vec![b'x'; size]))).unwrap()
        })
        .await;
        let mut api = proxied(address);
        let mut streamed = http_proxy(format!("http://{address}"), &[]);
        streamed.integration.as_mut().unwrap().response_transfer_mode = Some("STREAM".to_owned());
        let parts = support::api(vec![
            ("/streamed", Get, streamed),
            ("/mock", Get, mock("200", &"m".repeat(1000))),
        ]);
        api.resources.extend(parts.resources);
        api.minimum_compression_size_bytes = Some(1000);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let get = async |path: &str, accept: &str| {
            let mut request = request("GET", path);
            if !accept.is_empty() {
                request = request.header("accept-encoding", accept);
            }
            gateway.send(request.body(Full::<Bytes>::default()).unwrap()).await
        };
        for (path, accept, expected) in [
            ("", "gzip", Some("gzip")),
            ("", "gzip, deflate, br", Some("gzip")),
            ("", "deflate", Some("deflate")),
            ("", "gzip;q=0.2, deflate;q=0.9", Some("deflate")),
            ("", "", None),
            ("", "*", None),
            ("", "br", None),
            ("", "gzip;q=0", None),
            ("?large", "gzip", Some("gzip")),
            ("?gone", "gzip", Some("gzip")),
            ("?coded", "gzip", Some("br")),
            ("?part", "gzip", None),
            ("/streamed", "gzip", None),
            ("/mock", "gzip", Some("gzip")),
        ] {
            let answer = get(path, accept).await;
            assert_eq!(answer.header("content-encoding"), expected, "{path} {accept}");
            let length = answer.body.len().to_string();
            assert_eq!(answer.header("content-length"), Some(&*length), "{path} {accept}");
            let plain = match expected {
                Some("gzip") => gunzip(&answer.body),
                Some("deflate") => {
                    let mut out = Vec::new();
                    ZlibDecoder::new(&*answer.body).read_to_end(&mut out).unwrap();
                    out
                }
                _ => answer.body.to_vec(),
            };
            assert_eq!(plain.len(), if path == "?large" { 200_000 } else { 1000 }, "{path}");
        }
        let head = request("HEAD", "").header("accept-encoding", "gzip");
        let answer = gateway.send(head.body(Full::<Bytes>::default()).unwrap()).await;
        assert_eq!(answer.header("content-encoding"), None);
        // One byte more than there is; and an API that does not compress.
        for minimum in [Some(1001), None] {
            api.minimum_compression_size_bytes = minimum;
            let gateway = Gateway::start(vec![stage(&api)]).await;
            for path in ["", "/mock"] {
                let asking = request("GET", path).header("accept-encoding", "gzip");
                let answer = gateway.send(asking.body(Full::<Bytes>::default()).unwrap()).await;
                assert_eq!((answer.header("content-encoding"), answer.body.len()), (None, 1000));
            }
        }
    });
}

#[test]
fn chunked_answers_are_compressed_by_their_whole_size() {
    on_core(async {
        let address = raw_backend(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n",
        )
        .await;
        let mut api = proxied(address);
        for (minimum, coding) in [(6, Some("gzip")), (7, None)] {
            api.minimum_compression_size_bytes = Some(minimum);
            let gateway = Gateway::start(vec![stage(&api)]).await;
            let asking = request("GET", "").header("accept-encoding", "gzip");
            let answer = gateway.send(asking.body(Full::<Bytes>::default()).unwrap()).await;
            assert_eq!(answer.header("content-encoding"), coding);
            let plain = if coding.is_some() { gunzip(&answer.body) } else { answer.body.to_vec() };
            assert_eq!(plain, b"abcabc");
        }
        // Beyond the limit it is AWS's 500, not a body that breaks off.
        api.minimum_compression_size_bytes = Some(0);
        let config = Config { max_payload_bytes: 5, ..Config::default() };
        let gateway = Gateway::with_config(vec![stage(&api)], config).await;
        let asking = request("GET", "").header("accept-encoding", "gzip");
        let answer = gateway.send(asking.body(Full::<Bytes>::default()).unwrap()).await;
        assert_eq!(answer.status, 500);
    });
}

#[test]
fn without_a_thread_large_answers_go_uncompressed() {
    on_core(async {
        let (address, _) =
            backend(|_| Response::new(Full::new(Bytes::from(vec![b'x'; 200_000])))).await;
        let mut api = proxied(address);
        api.minimum_compression_size_bytes = Some(0);
        let config = Config { offload: OffloadPool::new(1, 1), ..Config::default() };
        let gateway = Gateway::with_config(vec![stage(&api)], config).await;
        let get = || {
            let asking = request("GET", "").header("accept-encoding", "gzip");
            gateway.send(asking.body(Full::<Bytes>::default()).unwrap())
        };
        let answers = futures_util::future::join_all((0..16).map(|_| get())).await;
        for answer in answers {
            let plain = match answer.header("content-encoding") {
                Some(_) => gunzip(&answer.body),
                None => answer.body.to_vec(),
            };
            assert_eq!((answer.status.as_u16(), plain.len()), (200, 200_000));
        }
    });
}

/// Sends a head with `header` that promises 100 bytes, with it and after each
/// pause a piece of the body, and returns the answer's first line.
async fn upload(gateway: &Gateway, header: &str, pieces: &[&str], pause: Duration) -> String {
    let mut stream = tokio::net::TcpStream::connect(gateway.address).await.unwrap();
    let head = format!(
        "POST /prod/ HTTP/1.1\r\nhost: abc.execute-api.localhost\r\n{header}\
         content-length: 100\r\n\r\n{}",
        pieces[0]
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in &pieces[1..] {
        tokio::time::sleep(pause).await;
        stream.write_all(piece.as_bytes()).await.unwrap();
    }
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..read]).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn bodies_that_stall_and_bodies_beyond_the_limit() {
    on_core(async {
        let (address, log) = echo().await;
        let budget = BodyBudget::new(100_000);
        let config = || Config {
            max_payload_bytes: 80_000,
            body_budget: budget.clone(),
            request_body_idle: Duration::from_secs(60),
            ..Config::default()
        };
        let api = proxied(address);
        let gateway = Gateway::with_config(vec![stage(&api)], config()).await;
        let short = Duration::from_millis(50);
        for impatient in [
            Config { request_body_idle: short, ..config() },
            Config { request_body_total: short, ..config() },
        ] {
            let impatient = Gateway::with_config(vec![stage(&api)], impatient).await;
            // One is read as a whole, the other passed on as it comes.
            for header in ["content-encoding: gzip\r\n", ""] {
                let answer = upload(&impatient, header, &["abc"], Duration::ZERO).await;
                assert!(answer.contains(" 408 "), "{header:?}: {answer}");
            }
        }

        let chunked = |pieces: usize| {
            let chunk = Bytes::from(vec![b'x'; 10_000]);
            let frames = (0..pieces)
                .map(move |_| Ok::<_, std::io::Error>(http_body::Frame::data(chunk.clone())));
            let request = request("POST", "").header("content-encoding", "identity");
            let stream = futures_util::stream::iter(frames);
            request.body(http_body_util::BodyExt::boxed_unsync(StreamBody::new(stream))).unwrap()
        };
        let answer = gateway.send(chunked(9)).await;
        assert_eq!(answer.status, 413);
        assert_eq!(answer.header("x-amzn-errortype"), Some("RequestTooLargeException"));
        assert_eq!(gateway.send(chunked(8)).await.status, 200);
        assert_eq!(log.borrow().last().unwrap().body, vec![b'x'; 80_000]);
        assert_eq!(budget.used(), 0);
        let poor = Config { body_budget: BodyBudget::new(70_000), ..config() };
        let poor = Gateway::with_config(vec![stage(&api)], poor).await;
        assert_eq!(poor.send(chunked(8)).await.status, 503);
        assert_eq!(poor.send(chunked(7)).await.status, 200);
    });
}

#[test]
fn a_slow_client_takes_nothing_of_its_backends_time() {
    on_core(async {
        let (address, log) = echo().await;
        let mut method = http_proxy(format!("http://{address}"), &[]);
        method.integration.as_mut().unwrap().timeout_ms = 4_000;
        let gateway = Gateway::start(vec![stage(&api(vec![("/", Any, method)]))]).await;
        let piece = "x".repeat(25);
        let answer = upload(&gateway, "", &[piece.as_str(); 4], Duration::from_millis(1_500)).await;
        assert!(answer.contains(" 200 "), "{answer}");
        assert_eq!(log.borrow().last().unwrap().body.len(), 100);
    });
}

#[test]
fn declared_conversion_holds_for_what_is_passed_through() {
    on_core(async {
        let (address, log) = echo().await;
        let with = |handling| {
            let mut method = http_proxy(format!("http://{address}/"), &[]);
            method.integration.as_mut().unwrap().content_handling = handling;
            method
        };
        let mut api = api(vec![
            ("/none", Any, with(None)),
            ("/binary", Any, with(Some(ContentHandling::ConvertToBinary))),
            ("/text", Any, with(Some(ContentHandling::ConvertToText))),
        ]);
        api.binary_media_types = vec!["image/*".to_owned()];
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let (bytes, base64) = (&b"\xff\x00a"[..], &b"/wBh"[..]);
        for (path, kind, body, expected) in [
            ("/none", "image/png", bytes, Some(bytes)),
            ("/none", "text/plain", bytes, Some(bytes)),
            ("/binary", "text/plain", base64, Some(bytes)),
            ("/binary", "image/png", bytes, Some(bytes)),
            ("/binary", "text/plain", b"{no base64}", None),
            ("/text", "image/png", bytes, Some(base64)),
            ("/text", "text/plain", base64, Some(base64)),
        ] {
            let request = request("POST", path).header("content-type", kind);
            let request = request.body(Full::new(Bytes::from_static(body))).unwrap();
            let status = gateway.send(request).await.status.as_u16();
            assert_eq!(status, if expected.is_some() { 200 } else { 500 }, "{path} {kind}");
            let seen = log.borrow_mut().pop();
            assert_eq!(seen.as_ref().map(|seen| &seen.body[..]), expected, "{path} {kind}");
        }
    });
}

#[test]
fn mappings_read_small_and_large_bodies_alike() {
    on_core(async {
        let (address, log) = echo().await;
        let parameters = [
            ("integration.request.header.x-first", "method.request.body.list[0]"),
            ("integration.request.querystring.n", "method.request.body.n"),
            ("integration.request.querystring.none", "method.request.body.none"),
            ("integration.request.path.p", "method.request.body.place"),
        ];
        let method = http_proxy(format!("http://{address}/{{p}}"), &parameters);
        let api = api(vec![("/", Any, method)]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        for count in [1, 40_000] {
            let list: Vec<usize> = (5..5 + count).collect();
            let body = serde_json::json!({"list": list, "n": {"a": 1}, "place": "a/b"});
            let body = Bytes::from(body.to_string());
            let post = request("POST", "?q=1").body(Full::new(body.clone())).unwrap();
            assert_eq!(gateway.send(post).await.status, 200);
            let seen = log.borrow_mut().pop().unwrap();
            assert_eq!(seen.uri, "/a%2Fb?q=1&n=%7B%22a%22%3A1%7D");
            assert_eq!(seen.header("x-first"), Some("5"));
            assert!(seen.body == body);
            let cut = body.slice(..body.len() - 1);
            let post = request("POST", "").body(Full::new(cut)).unwrap();
            let answer = gateway.send(post).await;
            assert_eq!(answer.status, 400);
            assert_eq!(answer.text(), r#"{"message": "Invalid JSON in request body"}"#);
        }
        assert!(log.borrow().is_empty());
    });
}
