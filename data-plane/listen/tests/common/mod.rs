//! A node's front with a handler that counts its calls, and a raw client.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    rc::Rc,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use gw_listen::{ConnInfo, Handler, Limits, Settings, Workers};
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;

pub const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// How long a test waits for what must come: a machine may stall.
pub const LONG: Duration = Duration::from_secs(60);

/// Holds requests until it is opened, once and for all.
#[derive(Default)]
pub struct Gate {
    open: Mutex<bool>,
    changed: Condvar,
    told: tokio::sync::Notify,
}

impl Gate {
    pub fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.changed.notify_all();
        self.told.notify_waiters();
    }

    /// Takes the whole thread.
    fn block(&self) {
        let open = self.open.lock().unwrap();
        drop(self.changed.wait_while(open, |open| !*open).unwrap());
    }

    async fn wait(&self) {
        let told = self.told.notified();
        if !*self.open.lock().unwrap() {
            told.await;
        }
    }
}

/// Answers with what it was asked; `/slow` takes 300 ms, `/hang` until the gate
/// opens, `/block` takes the whole core for as long, `/refuse` does not look at
/// the body, `/204` and `/304` are the status too.
pub struct Echo {
    pub calls: Arc<AtomicU64>,
    pub gate: Arc<Gate>,
}

impl Handler for Echo {
    type Body = Full<Bytes>;

    async fn call(&self, request: Request<Incoming>, info: Rc<ConnInfo>) -> Response<Full<Bytes>> {
        self.calls.fetch_add(1, SeqCst);
        let (parts, body) = request.into_parts();
        if parts.uri.path() == "/refuse" {
            return Response::new(Full::from("refused"));
        }
        let host = parts.headers.get(header::HOST).map_or("", |host| host.to_str().unwrap());
        if parts.uri.path() == "/slow" {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        if parts.uri.path() == "/hang" {
            self.gate.wait().await;
        }
        if parts.uri.path() == "/block" {
            self.gate.block();
        }
        let text = match body.collect().await {
            Ok(body) => {
                let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
                format!(
                    "{} {host}{} tls={} sni={} body={body}",
                    parts.method,
                    parts.uri.path(),
                    info.tls,
                    info.sni.as_deref().unwrap_or("-")
                )
            }
            Err(_) => "broken body".to_owned(),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = match parts.uri.path() {
            "/204" => StatusCode::NO_CONTENT,
            "/304" => StatusCode::NOT_MODIFIED,
            _ => StatusCode::OK,
        };
        response
    }
}

pub struct Front {
    pub workers: Workers,
    pub calls: Arc<AtomicU64>,
    pub gate: Arc<Gate>,
}

impl Front {
    pub fn start(limits: Limits) -> Self {
        Self::with(Settings {
            cores: 1,
            plain: vec!["127.0.0.1:0".parse().unwrap()],
            limits,
            ..Settings::default()
        })
    }

    pub fn with(settings: Settings) -> Self {
        let calls = Arc::new(AtomicU64::new(0));
        let gate = Arc::new(Gate::default());
        let (counted, held) = (Arc::clone(&calls), Arc::clone(&gate));
        let factory =
            move |_core| Ok(Echo { calls: Arc::clone(&counted), gate: Arc::clone(&held) });
        Self { workers: Workers::start(settings, factory).unwrap(), calls, gate }
    }

    pub fn address(&self) -> SocketAddr {
        self.workers.plain_addresses()[0]
    }

    pub fn calls(&self) -> u64 {
        self.calls.load(SeqCst)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// A connection that has had one answer. Where heads are given little time,
    /// one that a stalled machine was too slow for is opened anew.
    pub fn warm(&self) -> TcpStream {
        let until = Instant::now() + LONG;
        loop {
            let mut stream = self.connect();
            if stream.write_all(GET.as_bytes()).is_ok() && is_answered(&stream) {
                assert!(read_answer(&mut stream).contains("200 OK"));
                return stream;
            }
            assert!(Instant::now() < until, "no connection is answered");
        }
    }

    /// Sends bytes and reads until the end of the connection.
    pub fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // A refusal may close before all has been written.
        let _ = stream.write_all(bytes);
        read_all(&mut stream)
    }

    pub fn open(&self) -> u64 {
        self.workers.stats().iter().map(|stats| stats.open.get()).sum()
    }

    pub fn wait_open(&self, wanted: u64) {
        wait(|| self.open() == wanted, &format!("{wanted} open connections"));
    }
}

pub fn wait(mut state: impl FnMut() -> bool, what: &str) {
    let until = Instant::now() + LONG;
    while !state() {
        assert!(Instant::now() < until, "never saw {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether something comes back before the end.
pub fn is_answered(stream: &TcpStream) -> bool {
    loop {
        match stream.peek(&mut [0]) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other.is_ok_and(|n| n > 0),
        }
    }
}

/// Everything until the end; panics when the connection stays open.
pub fn read_all(stream: &mut TcpStream) -> String {
    let mut got = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => got.extend_from_slice(&piece[..n]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            // A process that was stopped and goes on.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                panic!("connection stays open: {error}, got {:?}", String::from_utf8_lossy(&got))
            }
        }
    }
    String::from_utf8_lossy(&got).into_owned()
}

/// One answer with a Content-Length.
pub fn read_answer(stream: &mut TcpStream) -> String {
    let mut got = Vec::new();
    let mut byte = [0];
    while !got.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => got.push(byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => panic!("{other:?} after {:?}", String::from_utf8_lossy(&got)),
        }
    }
    let head = String::from_utf8(got).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0_usize);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}
