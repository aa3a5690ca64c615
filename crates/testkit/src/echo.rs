//! An upstream that tells what it was asked.
//!
//! It answers JSON: `{"backend", "method", "path", "query", "headers", "body"}`,
//! where `headers` is a list of name and value pairs in the order received.
//! The query steers it: `status=503`, `delay_ms=100`, `bytes=1000` (a body of
//! so many `x` instead), `header=Name:value` (repeatable).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

use crate::thread::Background;

/// An echo server on a free loopback port, until dropped.
#[derive(Debug)]
pub struct Echo {
    address: SocketAddr,
    requests: Arc<AtomicU64>,
    _background: Background,
}

impl Echo {
    /// Starts one that calls itself `backend`.
    pub fn start(backend: &str) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket of ours");
        let address = listener.local_addr().expect("a bound socket");
        let requests = Arc::new(AtomicU64::new(0));
        let (backend, counter) = (Arc::<str>::from(backend), requests.clone());
        let background = Background::run("echo", move || serve(listener, backend, counter));
        Self { address, requests, _background: background }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests have arrived.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

async fn serve(listener: std::net::TcpListener, backend: Arc<str>, counter: Arc<AtomicU64>) {
    let listener = TcpListener::from_std(listener).expect("a listening socket");
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true).ok();
        let (backend, counter) = (backend.clone(), counter.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| {
                counter.fetch_add(1, Ordering::Relaxed);
                answer(backend.clone(), request)
            });
            let connection = http1::Builder::new()
                .preserve_header_case(true)
                .serve_connection(TokioIo::new(stream), service);
            // A client that goes away mid-request is the client's affair.
            connection.await.ok();
        });
    }
}

async fn answer(
    backend: Arc<str>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    let query = head.uri.query().unwrap_or_default();
    if let Some(ms) = number(query, "delay_ms") {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let told = json!({
        "backend": *backend,
        "method": head.method.as_str(),
        "path": head.uri.path(),
        "query": query,
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    });
    let text = match number(query, "bytes") {
        Some(n) => Bytes::from(vec![b'x'; usize::try_from(n).unwrap_or(0)]),
        None => Bytes::from(told.to_string()),
    };
    let status = number(query, "status").and_then(|n| u16::try_from(n).ok()).unwrap_or(200);
    let mut response = Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("x-backend", &*backend);
    for pair in values(query, "header") {
        if let Some((name, value)) = pair.split_once(':') {
            response = response.header(name, value);
        }
    }
    let odd = |_| Response::new(Full::from("the query asks for an impossible answer"));
    Ok(response.body(Full::new(text)).unwrap_or_else(odd))
}

fn values<'a>(query: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    query.split('&').filter_map(move |pair| {
        pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value)
    })
}

fn number(query: &str, name: &str) -> Option<u64> {
    values(query, name).next()?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::http::Call;

    #[tokio::test]
    async fn tells_what_it_was_asked() {
        let echo = Echo::start("blue");
        let url = format!("{}/a/b?x=1&status=201&header=X-Y:z", echo.url());
        let answer = Call::post(&url).header("x-probe", "p").body("hello").send().await.unwrap();
        assert_eq!(answer.status, 201);
        assert_eq!(answer.header("x-y"), Some("z"));
        let told = answer.json();
        assert_eq!(told["backend"], "blue");
        assert_eq!(told["method"], "POST");
        assert_eq!(told["path"], "/a/b");
        assert_eq!(told["body"], "hello");
        assert!(told["headers"].as_array().unwrap().contains(&json!(["x-probe", "p"])));
        let long = Call::get(&format!("{}/?bytes=9", echo.url())).send().await.unwrap();
        assert_eq!(long.text(), "xxxxxxxxx");
        assert_eq!(echo.requests(), 2);
    }
}
