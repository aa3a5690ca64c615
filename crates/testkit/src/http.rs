//! A small HTTP/1.1 client that hides nothing: no redirects, no retries, no
//! pool. One connection per call.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::net::TcpStream;

/// Why a call got no answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl Error {
    fn new(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// As whom a call is made.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A bearer token.
    Bearer(String),
    /// An access key with its secret; requests are signed for the region.
    Keys {
        /// The access key's id.
        id: String,
        /// Its secret.
        secret: String,
        /// Such as `us-east-1`.
        region: String,
    },
}

/// A call to be made.
#[derive(Debug, Clone)]
pub struct Call {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    credentials: Option<Credentials>,
    timeout: Duration,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Answer {
    /// A header as text; `None` when absent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: status {} {}", self.status, self.text()))
    }

    /// This answer, if its status is 2xx.
    ///
    /// # Panics
    /// When it is another, with the body.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "status {}: {}", self.status, self.text());
        self
    }
}

impl Call {
    /// A call of `url`, which is `http://HOST:PORT/...`.
    pub fn new(method: Method, url: &str) -> Self {
        Self {
            method,
            url: url.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            credentials: None,
            timeout: Duration::from_secs(60),
        }
    }

    /// A GET.
    pub fn get(url: &str) -> Self {
        Self::new(Method::GET, url)
    }

    /// A POST.
    pub fn post(url: &str) -> Self {
        Self::new(Method::POST, url)
    }

    /// Adds a header; `host` replaces the one of the URL.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a JSON body.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        let bytes = serde_json::to_vec(value).expect("test values are JSON");
        self.header("content-type", "application/json").body(bytes)
    }

    /// Makes the call as somebody.
    pub fn auth(mut self, credentials: &Credentials) -> Self {
        self.credentials = Some(credentials.clone());
        self
    }

    /// Gives up after this time instead of 60 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Makes the call.
    ///
    /// # Errors
    /// When no whole answer came back.
    pub async fn send(&self) -> Result<Answer, Error> {
        tokio::time::timeout(self.timeout, self.exchange()).await.map_err(Error::new)?
    }

    async fn exchange(&self) -> Result<Answer, Error> {
        let uri: Uri = self.url.parse().map_err(Error::new)?;
        let host = uri.host().ok_or_else(|| Error::new("the URL has no host"))?;
        let port = uri.port_u16().unwrap_or(80);
        let stream = TcpStream::connect((host, port)).await.map_err(Error::new)?;
        stream.set_nodelay(true).ok();
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(Error::new)?;
        tokio::spawn(connection);
        let request = self.request(&uri)?;
        let response = sender.send_request(request).await.map_err(Error::new)?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(Error::new)?.to_bytes();
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }

    fn request(&self, uri: &Uri) -> Result<Request<Full<Bytes>>, Error> {
        let target = uri.path_and_query().map_or("/", |p| p.as_str());
        let mut builder = Request::builder().method(&self.method).uri(target);
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            let authority = uri.authority().map_or("", |a| a.as_str());
            builder = builder.header(header::HOST, authority);
        }
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        let mut request = builder.body(Full::new(self.body.clone())).map_err(Error::new)?;
        self.prove(&mut request)?;
        Ok(request)
    }

    fn prove(&self, request: &mut Request<Full<Bytes>>) -> Result<(), Error> {
        match &self.credentials {
            None => {}
            Some(Credentials::Bearer(token)) => {
                let value = format!("Bearer {token}").parse().map_err(Error::new)?;
                request.headers_mut().insert(header::AUTHORIZATION, value);
            }
            Some(Credentials::Keys { id, secret, region }) => {
                let signer = gw_sigv4::Signer {
                    access_key: id,
                    secret,
                    security_token: None,
                    region,
                    service: "apigateway",
                };
                let head = gw_sigv4::Request {
                    method: self.method.as_str(),
                    path: request.uri().path(),
                    query: request.uri().query().unwrap_or_default(),
                    headers: request.headers(),
                    authority: None,
                };
                let hash = gw_sigv4::hash_body(&self.body);
                let added = gw_sigv4::sign(&head, &hash, &signer, OffsetDateTime::now_utc())
                    .map_err(Error::new)?;
                request.headers_mut().extend(added);
            }
        }
        Ok(())
    }
}

/// The admin API of a running control plane.
#[derive(Debug, Clone)]
pub struct Admin {
    /// `http://HOST:PORT`.
    pub url: String,
    /// As whom calls are made.
    pub credentials: Credentials,
}

impl Admin {
    /// A call of a path, to be completed and sent.
    pub fn call(&self, method: Method, path: &str) -> Call {
        Call::new(method, &format!("{}{path}", self.url))
            .auth(&self.credentials)
            .header("accept", "application/json")
    }

    /// Reads JSON.
    ///
    /// # Panics
    /// When the answer is not 2xx.
    pub async fn get(&self, path: &str) -> Value {
        self.json(Method::GET, path, None).await
    }

    /// Posts JSON and reads JSON.
    ///
    /// # Panics
    /// When the answer is not 2xx.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        self.json(Method::POST, path, Some(body)).await
    }

    /// Puts JSON and reads JSON.
    ///
    /// # Panics
    /// When the answer is not 2xx.
    pub async fn put(&self, path: &str, body: &Value) -> Value {
        self.json(Method::PUT, path, Some(body)).await
    }

    /// Patches with AWS's operations and reads JSON.
    ///
    /// # Panics
    /// When the answer is not 2xx.
    pub async fn patch(&self, path: &str, operations: &Value) -> Value {
        let body = serde_json::json!({ "patchOperations": operations });
        self.json(Method::PATCH, path, Some(&body)).await
    }

    async fn json(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let mut call = self.call(method.clone(), path);
        if let Some(body) = body {
            call = call.json(body);
        }
        let until = Instant::now() + Duration::from_secs(60);
        let answer = loop {
            let answer = call.send().await.unwrap_or_else(|e| panic!("{method} {path}: {e}"));
            // As SDKs do: a database that a stalled machine keeps waiting is
            // taken for gone, and nothing was done.
            if answer.status != 503 || Instant::now() > until {
                break answer.ok();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }
}
