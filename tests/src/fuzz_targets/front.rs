//! The HTTP front, fed with the raw bytes of a connection.

use std::{cell::RefCell, rc::Rc, time::Duration};

use bytes::Bytes;
use gw_listen::{ConnInfo, Handler, Limits};
use http::{Request, Response, Version, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    runtime::Runtime,
    task::LocalSet,
    time::timeout,
};

use super::strict_http::{self, Message};

const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Longer than any of the front's own limits; time is not real here.
const FOREVER: Duration = Duration::from_secs(24 * 3600);

/// A handler's patience for the next part of a body.
const PAUSE: Duration = Duration::from_secs(30);

thread_local! {
    static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing");
}

/// The first byte says how the rest arrives: its low three bits in pieces of
/// which size, the next bit that the client then stays silent instead of
/// closing. `0` is all at once.
///
/// # Panics
/// When the front does or never ends, or when its handler sees a request that
/// a strict parser would not see there.
pub fn http_front(data: &[u8]) {
    const PIECES: [usize; 8] = [1 << 17, 1, 2, 3, 7, 64, 1000, 1 << 14];
    let Some((how, stream)) = data.split_first() else { return };
    let piece = PIECES[usize::from(how & 7)];
    let calls = RUNTIME.with(|runtime| {
        let connection = connection(stream, piece, how & 8 != 0);
        runtime.block_on(LocalSet::new().run_until(connection))
    });
    if stream.starts_with(H2_PREFACE) {
        calls.iter().for_each(Call::check_fields);
    } else {
        check_http1(&calls, &strict_http::messages(stream));
    }
}

async fn connection(stream: &[u8], piece: usize, silent: bool) -> Vec<Call> {
    let calls = Rc::new(RefCell::new(Vec::new()));
    let (client, server) = tokio::io::duplex(piece);
    let (mut reader, mut writer) = tokio::io::split(client);
    let send = async {
        // The front may well close first.
        let sent = writer.write_all(stream).await;
        if sent.is_ok() && !silent {
            let _ = writer.shutdown().await;
        }
    };
    let mut answers = Vec::new();
    let serve = gw_listen::fuzz::serve(Recorder(Rc::clone(&calls)), Limits::default(), server);
    let all = async { tokio::join!(serve, send, reader.read_to_end(&mut answers)) };
    timeout(FOREVER, all).await.map(|_| ()).expect("a connection ends");
    // An answer to nonsense may be cut short.
    let start = &answers[..answers.len().min(7)];
    let known = stream.starts_with(b"PRI ") || b"HTTP/1.".starts_with(start);
    assert!(known, "{:?}", String::from_utf8_lossy(&answers));
    calls.take()
}

/// Every call is one of the strict parser's messages, in their order.
fn check_http1(calls: &[Call], strict: &[Message]) {
    for (n, call) in calls.iter().enumerate() {
        let expected = strict.get(n).expect("the strict parser sees this request too");
        assert_eq!(call.method, expected.method);
        // Absolute addresses are normalised, fragments dropped.
        if expected.target.starts_with('/') {
            let (target, _) = expected.target.split_once('#').unwrap_or((&expected.target, ""));
            assert_eq!(call.target, target);
        }
        if let Some(body) = &call.body {
            assert_eq!(Some(body), expected.body.as_ref());
        }
        call.check_fields();
    }
}

/// What the handler saw.
struct Call {
    version: Version,
    method: String,
    target: String,
    hosts: usize,
    /// Framing fields that must not be here.
    doubtful: bool,
    /// `None`: not read, or broken.
    body: Option<Vec<u8>>,
}

impl Call {
    fn of(request: &Request<Incoming>) -> Self {
        let headers = request.headers();
        let hop = [header::TRANSFER_ENCODING, header::CONNECTION, header::UPGRADE];
        let two =
            request.version() == Version::HTTP_2 && hop.iter().any(|h| headers.contains_key(h));
        let both = headers.contains_key(header::CONTENT_LENGTH)
            && headers.contains_key(header::TRANSFER_ENCODING);
        let breaks = |value: &[u8]| value.iter().any(|b| matches!(b, b'\r' | b'\n' | 0));
        Self {
            version: request.version(),
            method: request.method().to_string(),
            target: request.uri().to_string(),
            hosts: headers.get_all(header::HOST).iter().count(),
            doubtful: two || both || headers.values().any(|value| breaks(value.as_bytes())),
            body: None,
        }
    }

    fn check_fields(&self) {
        assert!(!self.doubtful, "{} {}", self.method, self.target);
        let at_least = usize::from(self.version != Version::HTTP_10);
        assert!((at_least..=1).contains(&self.hosts), "{} Host headers", self.hosts);
        assert_ne!(self.method, "CONNECT");
    }
}

/// Notes every request; `/early` is answered before its body is read.
struct Recorder(Rc<RefCell<Vec<Call>>>);

impl Handler for Recorder {
    type Body = Full<Bytes>;

    async fn call(&self, request: Request<Incoming>, _: Rc<ConnInfo>) -> Response<Full<Bytes>> {
        let number = {
            let mut calls = self.0.borrow_mut();
            calls.push(Call::of(&request));
            calls.len() - 1
        };
        if request.uri().path() == "/early" {
            return Response::new(Full::from("early"));
        }
        let mut body = request.into_body();
        let mut read = Vec::new();
        let whole = loop {
            match timeout(PAUSE, body.frame()).await {
                Ok(None) => break true,
                Ok(Some(Ok(frame))) => {
                    read.extend(frame.into_data().unwrap_or_default());
                }
                Ok(Some(Err(_))) | Err(_) => break false,
            }
        };
        let answer = format!("{} bytes", read.len());
        if whole {
            self.0.borrow_mut()[number].body = Some(read);
        }
        Response::new(Full::from(answer))
    }
}
