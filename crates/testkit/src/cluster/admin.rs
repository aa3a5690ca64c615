//! A small client of the admin API.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// An answer with its body read as JSON where it is JSON.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The raw body.
    pub body: Bytes,
    /// The body as JSON; `null` if it is none.
    pub json: Value,
}

impl Answer {
    /// This answer, if it is of class 2xx.
    ///
    /// # Panics
    /// If it is not, with the body.
    pub fn ok(self) -> Self {
        let text = String::from_utf8_lossy(&self.body);
        assert!((200..300).contains(&self.status), "{}: {text}", self.status);
        self
    }

    /// A text member of the JSON body.
    ///
    /// # Panics
    /// When it is not there.
    pub fn text(&self, member: &str) -> String {
        let found = self.json[member].as_str();
        found.unwrap_or_else(|| panic!("no {member} in {}", self.json)).to_owned()
    }
}

/// A client with a bearer token. Each call opens a connection of its own.
#[derive(Debug, Clone)]
pub struct Admin {
    address: SocketAddr,
    token: String,
}

impl Admin {
    pub(super) fn new(address: SocketAddr, token: &str) -> Self {
        Self { address, token: token.to_owned() }
    }

    /// A call with a JSON body, or none where `body` is empty.
    ///
    /// # Panics
    /// When there is no answer at all.
    pub async fn call(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        self.try_call(method, path, body).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A call that may find nobody there.
    ///
    /// # Errors
    /// When there is no answer at all.
    pub async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, String> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .body(Full::new(body.into()))
            .map_err(|error| error.to_string())?;
        send(&self.address.to_string(), request).await
    }

    /// A GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Bytes::new()).await
    }

    /// A POST.
    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.call(Method::POST, path, body).await
    }
}

/// A plain GET of some server.
///
/// # Errors
/// When there is no answer.
pub(super) async fn get(base_url: &str, path: &str) -> Result<Answer, String> {
    let address = base_url.trim_start_matches("http://");
    let request = Request::get(path)
        .header("host", address)
        .body(Full::new(Bytes::new()))
        .map_err(|error| error.to_string())?;
    send(address, request).await
}

async fn send(address: &str, request: Request<Full<Bytes>>) -> Result<Answer, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::spawn(async move {
        // The answer, or its absence, tells all.
        let _ended = connection.await;
    });
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body, json })
}
