//! An HTTP/1.1 upstream that answers what it was asked.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, sync::oneshot};

/// A running echo server. It ends with this value.
///
/// The answer is JSON: `backend` (its name), `method`, `path`, `query` (raw),
/// `headers` (name to list of values) and `body`. The query members
/// `echo-status` and `echo-delay-ms` change how it answers.
#[derive(Debug)]
pub struct Echo {
    address: SocketAddr,
    requests: Arc<AtomicU64>,
    _stop: oneshot::Sender<()>,
}

impl Echo {
    /// Starts a server on a free port, on a thread of its own.
    ///
    /// # Panics
    /// When no port or thread can be had.
    pub fn start(name: &str) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let requests = Arc::new(AtomicU64::new(0));
        let (name, count) = (name.to_owned(), requests.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime for the echo server");
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                tell.send(listener.local_addr().expect("a bound socket"))
                    .expect("the starter waits");
                tokio::select! {
                    () = accept(listener, name, count) => {}
                    _ = stopped => {}
                }
            });
        });
        let address = told.recv().expect("the echo server starts");
        Self { address, requests, _stop: stop }
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests it has answered.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

async fn accept(listener: TcpListener, name: String, count: Arc<AtomicU64>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true).ok();
        let (name, count) = (name.clone(), count.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, name.clone(), count.clone()));
            // A client that goes away is no news.
            let _ended =
                http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    name: String,
    count: Arc<AtomicU64>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    count.fetch_add(1, Ordering::Relaxed);
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let query = head.uri.query().unwrap_or_default();
    let option = |key: &str| {
        query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('=')?.parse().ok())
    };
    if let Some(delay) = option("echo-delay-ms") {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let mut headers = Map::new();
    for (key, value) in &head.headers {
        let values = headers.entry(key.as_str()).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(Value::String(String::from_utf8_lossy(value.as_bytes()).into_owned()));
        }
    }
    let text = json!({
        "backend": name,
        "method": head.method.as_str(),
        "path": head.uri.path(),
        "query": query,
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    })
    .to_string();
    let status = option("echo-status").and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("x-backend", &name)
        .body(Full::new(Bytes::from(text)))
        .expect("a fixed head is valid");
    Ok(response)
}
