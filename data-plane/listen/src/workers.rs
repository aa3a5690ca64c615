//! The serving threads: one runtime each, nothing shared on the request path.

use std::{
    io,
    net::SocketAddr,
    rc::Rc,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use socket2::Socket;
use tokio::sync::watch;

use crate::{
    core::{Core, Handler, Wire},
    limits::Limits,
    phase::Phase,
    socket,
    stats::Stats,
    tls::{CertificateStore, ServerConfigs},
};

/// Any error, as a factory reports it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What to serve and with how much.
#[derive(Debug, Default)]
pub struct Settings {
    /// Serving threads; 0 means one per processor of the machine.
    pub cores: usize,
    /// Bind each thread to a processor.
    pub pin: bool,
    /// Addresses for HTTP/1.1 and HTTP/2 in clear; port 0 takes a free one.
    pub plain: Vec<SocketAddr>,
    /// Addresses for TLS.
    pub tls: Vec<SocketAddr>,
    /// Certificates for them.
    pub certificates: Arc<CertificateStore>,
    /// Bounds of each core.
    pub limits: Limits,
}

/// Threads that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// TLS cannot be set up.
    #[error("cannot set up tls")]
    Tls(#[from] rustls::Error),
    /// A thread or its runtime cannot be made.
    #[error("cannot start a serving thread")]
    Thread(#[from] io::Error),
    /// The core's own state cannot be built.
    #[error("cannot build a core's state")]
    Factory(#[source] BoxError),
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections cut at the deadline.
    pub cut: u64,
}

/// The running threads. Dropping it without a drain cuts all connections.
#[derive(Debug)]
pub struct Workers {
    threads: Vec<JoinHandle<()>>,
    phase: watch::Sender<Phase>,
    stats: Vec<Arc<Stats>>,
    plain: Vec<SocketAddr>,
    tls: Vec<SocketAddr>,
}

/// Sockets that have their addresses but take no connection yet, so that a
/// node can tell its addresses before it is ready to serve.
#[derive(Debug)]
pub struct Bound {
    sockets: Vec<Vec<(Socket, Wire)>>,
    pin: bool,
    limits: Limits,
    plain: Vec<SocketAddr>,
    tls: Vec<SocketAddr>,
}

impl Bound {
    /// Takes every address of the settings, once per core.
    ///
    /// # Errors
    /// An address that cannot be had.
    pub fn bind(settings: Settings) -> Result<Self, StartError> {
        let cores = if settings.cores == 0 { processors() } else { settings.cores };
        let configs = Arc::new(ServerConfigs::new(settings.certificates)?);
        let mut sockets: Vec<Vec<(Socket, Wire)>> = Vec::new();
        sockets.resize_with(cores, Vec::new);
        let mut bind = |addresses: &[SocketAddr], wire: &Wire| {
            let mut bound = Vec::new();
            for address in addresses {
                let (at, all) = socket::bind_all(*address, cores)
                    .map_err(|source| StartError::Listen { address: *address, source })?;
                bound.push(at);
                for (core, socket) in sockets.iter_mut().zip(all) {
                    core.push((socket, wire.clone()));
                }
            }
            Ok::<_, StartError>(bound)
        };
        let plain = bind(&settings.plain, &Wire::Plain)?;
        let tls = bind(&settings.tls, &Wire::Tls(configs))?;
        Ok(Self { sockets, pin: settings.pin, limits: settings.limits, plain, tls })
    }

    /// The addresses for HTTP in clear, with the ports that were taken.
    #[must_use]
    pub fn plain_addresses(&self) -> &[SocketAddr] {
        &self.plain
    }

    /// The addresses for TLS, with the ports that were taken.
    #[must_use]
    pub fn tls_addresses(&self) -> &[SocketAddr] {
        &self.tls
    }

    /// The number of serving threads.
    #[must_use]
    pub fn cores(&self) -> usize {
        self.sockets.len()
    }

    /// Starts the threads, builds each core's handler on its own thread with
    /// `factory` (called with the core's number), and returns when all serve.
    ///
    /// # Errors
    /// A thread or a handler that cannot be had; nothing keeps running then.
    pub fn start<H, F>(self, factory: F) -> Result<Workers, StartError>
    where
        H: Handler,
        F: Fn(usize) -> Result<H, BoxError> + Send + Sync + 'static,
    {
        let Self { sockets, pin, limits, plain, tls } = self;
        let cores = sockets.len();
        let (phase, _) = watch::channel(Phase::Serving);
        let mut workers = Workers { threads: Vec::new(), phase, stats: Vec::new(), plain, tls };
        let factory = Arc::new(factory);
        let (ready, started) = mpsc::channel();
        for (number, sockets) in sockets.into_iter().enumerate() {
            let stats = Arc::new(Stats::default());
            workers.stats.push(Arc::clone(&stats));
            let seat = Seat {
                number,
                processor: pin.then(|| number % processors()),
                sockets,
                limits: limits.clone(),
                stats,
                orders: workers.phase.subscribe(),
                ready: ready.clone(),
            };
            let factory = Arc::clone(&factory);
            let thread = std::thread::Builder::new().name(format!("gw-core-{number}"));
            workers.threads.push(thread.spawn(move || seat.run(&*factory))?);
        }
        drop(ready);
        for _ in 0..cores {
            let told = started.recv().unwrap_or_else(|_| {
                Err(StartError::Thread(io::Error::other("a serving thread panicked")))
            });
            told?;
        }
        Ok(workers)
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Workers {
    /// [`Bound::bind`] and [`Bound::start`] in one.
    ///
    /// # Errors
    /// An address, a thread or a handler that cannot be had.
    pub fn start<H, F>(settings: Settings, factory: F) -> Result<Self, StartError>
    where
        H: Handler,
        F: Fn(usize) -> Result<H, BoxError> + Send + Sync + 'static,
    {
        Bound::bind(settings)?.start(factory)
    }

    /// The addresses served in clear, with the ports that were taken.
    #[must_use]
    pub fn plain_addresses(&self) -> &[SocketAddr] {
        &self.plain
    }

    /// The addresses served with TLS, with the ports that were taken.
    #[must_use]
    pub fn tls_addresses(&self) -> &[SocketAddr] {
        &self.tls
    }

    /// The counters of each core.
    #[must_use]
    pub fn stats(&self) -> &[Arc<Stats>] {
        &self.stats
    }

    /// The present phase and its changes.
    #[must_use]
    pub fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Ends service without losing a request: answers ask clients to leave
    /// for `delay`, then sockets close, then what is in flight may finish
    /// until `deadline` has passed since then.
    pub async fn drain(mut self, delay: Duration, deadline: Duration) -> Drained {
        self.phase.send_replace(Phase::Draining);
        tokio::time::sleep(delay).await;
        self.phase.send_replace(Phase::Closing);
        let threads = std::mem::take(&mut self.threads);
        let mut joined = tokio::task::spawn_blocking(move || join(threads));
        if tokio::time::timeout(deadline, &mut joined).await.is_err() {
            self.phase.send_replace(Phase::Cutting);
            // Each thread drops its connections at this order; it ends soon.
            let _ = joined.await;
        }
        self.phase.send_replace(Phase::Closed);
        Drained { cut: self.stats.iter().map(|stats| stats.cut.get()).sum() }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.phase.send_replace(Phase::Cutting);
            join(std::mem::take(&mut self.threads));
        }
    }
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a serving thread panicked");
        }
    }
}

/// What one thread needs to start.
struct Seat {
    number: usize,
    processor: Option<usize>,
    sockets: Vec<(Socket, Wire)>,
    limits: Limits,
    stats: Arc<Stats>,
    orders: watch::Receiver<Phase>,
    ready: mpsc::Sender<Result<(), StartError>>,
}

impl Seat {
    fn run<H, F>(self, factory: &F)
    where
        H: Handler,
        F: Fn(usize) -> Result<H, BoxError>,
    {
        if let Some(processor) = self.processor {
            let mut set = rustix::thread::CpuSet::new();
            set.set(processor);
            if let Err(error) = rustix::thread::sched_setaffinity(None, &set) {
                tracing::warn!(%error, processor, "cannot pin a serving thread");
            }
        }
        let built = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build_local(Default::default());
        match built {
            Ok(runtime) => runtime.block_on(self.serve(factory)),
            Err(error) => drop(self.ready.send(Err(StartError::Thread(error)))),
        }
    }

    async fn serve<H, F>(self, factory: &F)
    where
        H: Handler,
        F: Fn(usize) -> Result<H, BoxError>,
    {
        let Self { sockets, limits, stats, mut orders, ready, .. } = self;
        let handler = match factory(self.number) {
            Ok(handler) => handler,
            Err(error) => return drop(ready.send(Err(StartError::Factory(error)))),
        };
        let core = Core::new(handler, limits, stats);
        let mut accepting = tokio::task::JoinSet::new();
        for (socket, wire) in sockets {
            let listener = match socket::listen(socket) {
                Ok(listener) => listener,
                Err(error) => return drop(ready.send(Err(StartError::Thread(error)))),
            };
            accepting.spawn_local(Rc::clone(&core).accept(listener, wire));
        }
        let _ = ready.send(Ok(()));
        drop(ready);
        follow(&core, &mut orders, &mut accepting).await;
    }
}

/// Carries out orders until every connection has ended or is to be cut.
async fn follow<H: Handler>(
    core: &Rc<Core<H>>,
    orders: &mut watch::Receiver<Phase>,
    accepting: &mut tokio::task::JoinSet<()>,
) {
    loop {
        let order = *orders.borrow_and_update();
        core.move_to(order);
        if order >= Phase::Cutting {
            break;
        }
        let done = async {
            core.reached(Phase::Closing).await;
            // Sockets are closed only when their queues have been emptied.
            while accepting.join_next().await.is_some() {}
            core.empty().await;
        };
        tokio::select! {
            () = done => break,
            changed = orders.changed() => if changed.is_err() { break },
        }
    }
    core.stats.cut.add(core.open() as u64);
}
