//! One connection: which protocol it speaks, and its life until the drain.

use std::{
    cell::Cell,
    convert::Infallible,
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    rc::Rc,
    task::Poll,
    time::Duration,
};

use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body::Body;
use hyper::{body::Incoming, rt::Executor, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite},
    sync::Notify,
    time::Instant,
};

use crate::{
    bodiless,
    core::{Core, Handler},
    heads::Heads,
    io::{Guarded, Patience, Rewound},
    phase::Phase,
    vet::vet,
};

/// What is known of a connection; every request of it shares one.
#[derive(Debug, Clone)]
pub struct ConnInfo {
    /// The client's address.
    pub peer: SocketAddr,
    /// The address that the client connected to.
    pub local: SocketAddr,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The name that the client asked for in its handshake.
    pub sni: Option<Box<str>>,
    /// The raw head of its present request.
    pub heads: Heads,
}

impl ConnInfo {
    pub(crate) fn new(
        peer: SocketAddr,
        local: SocketAddr,
        tls: bool,
        sni: Option<Box<str>>,
    ) -> Self {
        Self { peer, local, tls, sni, heads: Heads::default() }
    }
}

const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Time between the order to close and closing an idle connection, in which
/// requests that are in the machine already are read.
const LAST_LOOK: Duration = Duration::from_millis(5);

/// Time for the first byte of a connection once sockets have closed.
const FIRST_WORD: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Negotiated by ALPN.
    Http2,
    /// Negotiated by ALPN.
    Http1,
    /// To be told by the first bytes.
    Unknown,
}

/// Serves a connection until it ends.
pub(crate) async fn serve<H, T>(core: &Rc<Core<H>>, stream: T, info: Rc<ConnInfo>, known: Protocol)
where
    H: Handler,
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let mut stream = stream;
    let (protocol, prefix) = match known {
        Protocol::Unknown => {
            let detected = tokio::select! {
                detected = detect(&mut stream) => detected,
                () = tokio::time::sleep(core.limits.head_timeout) => return,
                () = silence_at_close(core) => return,
            };
            match detected {
                Ok(detected) => detected,
                // Gone: nobody to answer.
                Err(_) => return,
            }
        }
        known => (known, Vec::new()),
    };
    let stream = Rewound::new(stream, prefix);
    match protocol {
        // Boxed: its state is several times that of HTTP/1, which most speak.
        Protocol::Http2 => Box::pin(serve_h2(core, stream, info)).await,
        _ => serve_h1(core, stream, info).await,
    }
}

/// When sockets have closed, a client that still says nothing is not waited for.
async fn silence_at_close<H>(core: &Core<H>) {
    core.reached(Phase::Closing).await;
    tokio::time::sleep(FIRST_WORD).await;
}

/// Reads until the bytes differ from HTTP/2's preface or are it. For HTTP/1
/// that is the first read: no method starts as the preface does.
async fn detect<T: AsyncRead + Unpin>(stream: &mut T) -> io::Result<(Protocol, Vec<u8>)> {
    let mut read = Vec::with_capacity(2048);
    loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let common = read.len().min(H2_PREFACE.len());
        if read[..common] != H2_PREFACE[..common] {
            return Ok((Protocol::Http1, read));
        }
        if common == H2_PREFACE.len() {
            return Ok((Protocol::Http2, read));
        }
    }
}

async fn serve_h1<H, T>(core: &Rc<Core<H>>, stream: Rewound<T>, info: Rc<ConnInfo>)
where
    H: Handler,
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let limits = &core.limits;
    let patience = Patience { head: limits.head_timeout, idle: limits.idle_timeout };
    let io = TokioIo::new(Guarded::new(stream, patience, info.heads.clone()));
    let shared = Rc::clone(core);
    let service = service_fn(move |request| answer(Rc::clone(&shared), Rc::clone(&info), request));
    let mut http = hyper::server::conn::http1::Builder::new();
    // The guard times heads and pauses: hyper's own timer costs an allocation
    // per request and does not tell the two apart.
    http.header_read_timeout(None)
        .max_header_size(limits.max_head_bytes)
        .max_buf_size(limits.max_buffer_bytes)
        .keep_alive(core.phase() < Phase::Closing);
    if limits.max_headers != 100 {
        http.max_headers(limits.max_headers);
    }
    let mut connection = pin!(http.serve_connection(io, service));
    // One that came out of the closing socket's queue serves its one request.
    let drained = core.phase() >= Phase::Closing;
    let outcome = if drained {
        connection.await
    } else {
        match until(core, Phase::Closing, connection.as_mut()).await {
            Some(outcome) => outcome,
            None => {
                if let Ok(outcome) = tokio::time::timeout(LAST_LOOK, connection.as_mut()).await {
                    outcome
                } else {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
    };
    note(core, outcome);
}

async fn serve_h2<H, T>(core: &Rc<Core<H>>, stream: Rewound<T>, info: Rc<ConnInfo>)
where
    H: Handler,
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let limits = &core.limits;
    let busy = Rc::new(Busy::new());
    let shared = Rc::clone(core);
    let tracker = Rc::clone(&busy);
    let service = service_fn(move |request| {
        let request = answer(Rc::clone(&shared), Rc::clone(&info), request);
        let guard = BusyGuard::new(&tracker);
        async move {
            let response = request.await;
            guard.finish();
            response
        }
    });
    let mut http = hyper::server::conn::http2::Builder::new(LocalExecutor);
    http.timer(TokioTimer::new())
        .max_concurrent_streams(limits.h2_max_streams)
        .max_header_list_size(limits.h2_max_header_list_bytes)
        .max_pending_accept_reset_streams(limits.h2_max_pending_resets)
        .max_local_error_reset_streams(limits.h2_max_error_resets)
        .initial_stream_window_size(256 * 1024)
        .initial_connection_window_size(1024 * 1024)
        .max_send_buf_size(256 * 1024)
        .keep_alive_interval(limits.h2_ping_interval)
        .keep_alive_timeout(limits.h2_ping_timeout);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let idle = Rc::clone(&busy).idle_for(limits.idle_timeout);
    let ended = {
        let mut served = pin!(until(core, Phase::Draining, connection.as_mut()));
        tokio::select! {
            biased;
            ended = &mut served => ended,
            () = idle => None,
            () = busy.abused.notified() => {
                core.stats.client_faults.add(1);
                return;
            }
        }
    };
    let outcome = match ended {
        Some(outcome) => outcome,
        None => {
            // GOAWAY: streams that the client has opened are still answered.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    note(core, outcome);
}

/// Polls the connection until it ends, or until the phase is reached: then
/// none. The phase's wake-up is registered once per phase, not at every poll.
async fn until<H, C>(core: &Core<H>, phase: Phase, mut connection: Pin<&mut C>) -> Option<C::Output>
where
    C: Future,
{
    let mut reached = pin!(core.reached(phase));
    let mut seen = None;
    poll_fn(|cx| {
        if let Poll::Ready(output) = connection.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        // Each change of phase uses the registration up.
        if seen.replace(core.phase()) != Some(core.phase()) {
            return reached.as_mut().poll(cx).map(|()| None);
        }
        Poll::Pending
    })
    .await
}

/// Vets a request, has it answered, and during the drain asks the client to
/// come back elsewhere.
async fn answer<H: Handler>(
    core: Rc<Core<H>>,
    info: Rc<ConnInfo>,
    mut request: Request<Incoming>,
) -> Result<Response<H::Body>, Infallible> {
    let http1 = request.version() < Version::HTTP_2;
    if http1 {
        info.heads.next();
    }
    if vet(&mut request).is_err() {
        core.stats.refused.add(1);
        let mut refusal = Response::new(H::Body::default());
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        if http1 {
            close(&mut refusal);
        }
        return Ok(refusal);
    }
    let to_head = request.method() == Method::HEAD;
    let mut response = core.handler.call(request, info).await;
    if !http1 {
        bodiless::leave_out(to_head, &mut response);
    }
    if http1 && core.phase() != Phase::Serving {
        close(&mut response);
    }
    Ok(response)
}

fn close<B>(response: &mut Response<B>) {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
}

fn note<H>(core: &Core<H>, outcome: hyper::Result<()>) {
    if let Err(error) = outcome {
        if error.is_parse() || error.is_timeout() {
            core.stats.client_faults.add(1);
        }
        tracing::debug!(%error, "connection ended");
    }
}

/// Requests that an HTTP/2 client may cancel beyond those that it let finish.
const MAX_CANCELS: u32 = 1_000;

/// Requests in flight on an HTTP/2 connection, to tell when it is idle and
/// when its client only makes work: opens requests and resets them.
struct Busy {
    requests: Cell<u32>,
    last: Cell<Instant>,
    /// Cancelled requests less answered ones.
    cancels: Cell<u32>,
    abused: Notify,
}

impl Busy {
    fn new() -> Self {
        Self {
            requests: Cell::new(0),
            last: Cell::new(Instant::now()),
            cancels: Cell::new(0),
            abused: Notify::new(),
        }
    }

    /// Returns once nothing has been in flight for this long.
    async fn idle_for(self: Rc<Self>, limit: Duration) {
        loop {
            let until = self.last.get() + limit;
            let now = Instant::now();
            if self.requests.get() == 0 && until <= now {
                return;
            }
            // A request that takes longer than the limit is looked at again
            // in a while; when it ends, the limit starts anew.
            tokio::time::sleep_until(until.max(now + limit / 4)).await;
        }
    }
}

struct BusyGuard {
    busy: Rc<Busy>,
    answered: bool,
}

impl BusyGuard {
    fn new(busy: &Rc<Busy>) -> Self {
        busy.requests.set(busy.requests.get() + 1);
        Self { busy: Rc::clone(busy), answered: false }
    }

    /// The request has its answer.
    fn finish(mut self) {
        self.answered = true;
    }
}

impl Drop for BusyGuard {
    fn drop(&mut self) {
        let busy = &self.busy;
        busy.requests.set(busy.requests.get() - 1);
        busy.last.set(Instant::now());
        let cancels = busy.cancels.get();
        if self.answered {
            busy.cancels.set(cancels.saturating_sub(1));
        } else {
            busy.cancels.set(cancels + 1);
            if cancels == MAX_CANCELS {
                busy.abused.notify_one();
            }
        }
    }
}

/// Runs the streams of an HTTP/2 connection on its own core.
#[derive(Clone, Copy)]
struct LocalExecutor;

impl<F> Executor<F> for LocalExecutor
where
    F: Future + 'static,
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

/// What bodies of answers must be able to do.
pub trait AnswerBody:
    Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Default + 'static
{
}

impl<B> AnswerBody for B
where
    B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Default + 'static,
    B::Data: Send,
{
}
