//! One serving core: its accept loops and its open connections.

use std::{cell::Cell, future::Future, io, net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::body::Incoming;
use rustls::server::Acceptor;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore},
};
use tokio_rustls::LazyConfigAcceptor;

use crate::{
    conn::{self, AnswerBody, ConnInfo, Protocol},
    limits::Limits,
    phase::Phase,
    socket,
    stats::Stats,
    tls::ServerConfigs,
};

/// Time for connections whose handshake is half done when the sockets close.
const HALF_OPEN: Duration = Duration::from_millis(100);

/// Answers the requests of one core; built on it and never leaving it.
pub trait Handler: 'static {
    /// The body of an answer. Its default is the empty one.
    type Body: AnswerBody;

    /// Answers one request. Dropped when the client goes away.
    fn call(
        &self,
        request: Request<Incoming>,
        info: Rc<ConnInfo>,
    ) -> impl Future<Output = Response<Self::Body>>;
}

/// What a core does with a socket's connections.
#[derive(Debug, Clone)]
pub(crate) enum Wire {
    Plain,
    Tls(Arc<ServerConfigs>),
}

pub(crate) struct Core<H> {
    pub(crate) handler: H,
    pub(crate) limits: Limits,
    pub(crate) stats: Arc<Stats>,
    phase: Cell<Phase>,
    /// Told when the phase changes.
    moved: Notify,
    /// Told when a connection ends.
    ended: Notify,
    open: Cell<usize>,
    handshakes: Semaphore,
}

impl<H> Core<H> {
    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Moves on; phases never go back.
    pub(crate) fn move_to(&self, phase: Phase) {
        if phase > self.phase.get() {
            self.phase.set(phase);
            self.moved.notify_waiters();
        }
    }

    /// Returns once the phase has come.
    pub(crate) async fn reached(&self, phase: Phase) {
        while self.phase.get() < phase {
            self.moved.notified().await;
        }
    }

    /// Returns once no connection is open.
    pub(crate) async fn empty(&self) {
        while self.open.get() > 0 {
            self.ended.notified().await;
        }
    }

    pub(crate) fn open(&self) -> usize {
        self.open.get()
    }

    async fn room(&self) {
        while self.open.get() >= self.limits.max_connections {
            self.ended.notified().await;
        }
    }
}

impl<H: Handler> Core<H> {
    pub(crate) fn new(handler: H, limits: Limits, stats: Arc<Stats>) -> Rc<Self> {
        Rc::new(Self {
            handler,
            handshakes: Semaphore::new(limits.max_handshakes),
            limits,
            stats,
            phase: Cell::new(Phase::Serving),
            moved: Notify::new(),
            ended: Notify::new(),
            open: Cell::new(0),
        })
    }

    /// Accepts until the sockets close, then takes what waits in the queue.
    pub(crate) async fn accept(self: Rc<Self>, listener: std::net::TcpListener, wire: Wire) {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return tracing::error!(%error, "cannot listen"),
        };
        tokio::select! {
            () = self.reached(Phase::Closing) => {}
            () = self.accept_all(&listener, &wire) => {}
        }
        // Whoever has begun to connect is let in; whoever begins now tries
        // again in a moment and finds another listener, or none.
        if let Err(error) = socket::ignore_new(&listener) {
            tracing::debug!(%error, "cannot hold back new connections");
        }
        let _ = tokio::time::timeout(HALF_OPEN, self.accept_all(&listener, &wire)).await;
        match listener.into_std() {
            Ok(listener) => {
                let waiting = socket::drain_queue(&listener);
                drop(listener);
                for stream in waiting {
                    if let (Ok(peer), Ok(stream)) =
                        (stream.peer_addr(), TcpStream::from_std(stream))
                    {
                        self.open_connection(stream, peer, wire.clone());
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "cannot empty the accept queue"),
        }
    }

    async fn accept_all(self: &Rc<Self>, listener: &TcpListener, wire: &Wire) {
        loop {
            self.room().await;
            match listener.accept().await {
                Ok((stream, peer)) => self.open_connection(stream, peer, wire.clone()),
                Err(error) if is_of_connection(&error) => {}
                Err(error) => {
                    // Out of descriptors or memory: connections must end first.
                    tracing::warn!(%error, "cannot accept");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn open_connection(self: &Rc<Self>, stream: TcpStream, peer: SocketAddr, wire: Wire) {
        // Answers are written whole; waiting to fill a segment only delays.
        let Ok(()) = stream.set_nodelay(true) else { return };
        let Ok(local) = stream.local_addr() else { return };
        let opened = Opened::new(self);
        tokio::task::spawn_local(async move {
            let core = Rc::clone(&opened.0);
            let serving = async {
                match wire {
                    Wire::Plain => {
                        let info = Rc::new(ConnInfo::new(peer, local, false, None));
                        conn::serve(&core, stream, info, Protocol::Unknown).await;
                    }
                    // Boxed, so that connections in clear do not carry its size.
                    Wire::Tls(configs) => {
                        Box::pin(core.serve_tls(configs, stream, peer, local)).await;
                    }
                }
            };
            serving.await;
            drop(opened);
        });
    }

    async fn serve_tls(
        self: &Rc<Self>,
        configs: Arc<ServerConfigs>,
        stream: TcpStream,
        peer: SocketAddr,
        local: SocketAddr,
    ) {
        let handshake = async {
            // The permit is never refused: the semaphore is not closed.
            let _permit = self.handshakes.acquire().await.ok();
            // The name decides which versions there are.
            let started = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
            let config = configs.choose(&started.client_hello());
            started.into_stream(config).await
        };
        let Ok(Ok(stream)) = tokio::time::timeout(self.limits.handshake_timeout, handshake).await
        else {
            self.stats.handshakes_failed.add(1);
            return;
        };
        let session = stream.get_ref().1;
        let protocol = match session.alpn_protocol() {
            Some(b"h2") => Protocol::Http2,
            Some(_) => Protocol::Http1,
            None => Protocol::Unknown,
        };
        let sni = session.server_name().map(Into::into);
        let info = Rc::new(ConnInfo::new(peer, local, true, sni));
        conn::serve(self, stream, info, protocol).await;
    }
}

/// The client went away between the handshake and us.
fn is_of_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// Counts a connection for as long as it lives, also if its task panics.
struct Opened<H: Handler>(Rc<Core<H>>);

impl<H: Handler> Opened<H> {
    fn new(core: &Rc<Core<H>>) -> Self {
        core.open.set(core.open.get() + 1);
        core.stats.open.add(1);
        core.stats.accepted.add(1);
        Self(Rc::clone(core))
    }
}

impl<H: Handler> Drop for Opened<H> {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
        self.0.stats.open.sub(1);
        self.0.ended.notify_waiters();
    }
}
