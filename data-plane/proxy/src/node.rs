//! The life of a node: addresses, sync, sockets, drain.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use gw_listen::{Bound, CertificateError, CertificateStore, Limits, Settings, StartError, Workers};
use gw_pipeline::{AwsSettings, BodyBudget, CoreState, Counters, OffloadPool, Roles};
use gw_route::DomainSuffixes;
use gw_upstream::Networks;
use rustls::pki_types::CertificateDer;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
};

use crate::{
    admin::{self, Pages},
    args::Args,
    aws_roles::{RolesFile, UnusableRoles},
    certificates::{OfDomains, Source},
    front::{Front, Pinned},
    hooks::{Event, Hooks, Names, Serving},
    ready_file,
    test_calls::TestCalls,
    upstream_ca::{self, UnusableCa},
};

/// Why a node does not start, or not end well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot read the join token")]
    Token(#[source] io::Error),
    #[error("cannot start the control runtime")]
    Runtime(#[source] io::Error),
    #[error("cannot serve metrics on {0}")]
    Metrics(SocketAddr, #[source] io::Error),
    #[error(transparent)]
    Listen(#[from] StartError),
    #[error(transparent)]
    Sync(#[from] gw_sync::Error),
    #[error(transparent)]
    UpstreamCa(#[from] UnusableCa),
    #[error("cannot load the tls certificate")]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    AwsEndpoint(#[from] gw_pipeline::InvalidEndpoint),
    #[error(transparent)]
    AwsRoles(#[from] UnusableRoles),
    #[error("cannot write {0}")]
    ReadyFile(PathBuf, #[source] io::Error),
}

/// Runs the node until it is told to stop.
pub(crate) fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("gw-control")
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    let outcome = runtime.block_on(serve(args));
    runtime.shutdown_background();
    Ok(outcome?)
}

/// What waits for signals and for sync.
struct Orders {
    events: mpsc::UnboundedReceiver<Event>,
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// What the node has to do next.
enum Order {
    Drain(Duration),
    ReloadFiles,
    NewCertificate,
}

impl Orders {
    fn new(events: mpsc::UnboundedReceiver<Event>) -> io::Result<Self> {
        Ok(Self {
            events,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self, delay: Duration) -> Order {
        tokio::select! {
            _ = self.terminate.recv() => Order::Drain(delay),
            _ = self.interrupt.recv() => Order::Drain(delay),
            _ = self.hangup.recv() => Order::ReloadFiles,
            event = self.events.recv() => match event {
                Some(Event::Drain(delay)) => Order::Drain(delay),
                Some(Event::CertificateChanged) => Order::NewCertificate,
                // Sync has ended; only signals are left.
                None => std::future::pending().await,
            },
        }
    }
}

async fn serve(args: Args) -> Result<(), Error> {
    let upstream_roots = upstream_ca::read(&args.upstream_ca)?;
    let certificates = Arc::new(CertificateStore::default());
    let bound = Bound::bind(Settings {
        cores: args.cores,
        pin: args.pin_cores,
        plain: args.plain(),
        tls: args.tls_listen.clone(),
        certificates: Arc::clone(&certificates),
        limits: Limits { max_connections: args.max_connections, ..Limits::default() },
    })?;
    let (metrics, metrics_address) = admin::bind(args.metrics_listen)
        .await
        .map_err(|error| Error::Metrics(args.metrics_listen, error))?;

    let (sender, events) = mpsc::unbounded_channel();
    let mut orders = Orders::new(events).map_err(Error::Runtime)?;
    let counters = std::iter::repeat_with(Arc::default).take(bound.cores()).collect();
    let body_budget = BodyBudget::new(args.body_budget_bytes);
    let offload = offload(args.offload_threads);
    let serving = Arc::new(Serving { counters, body_budget, offload, ..Serving::default() });
    let (roles_file, roles) = match &args.aws_roles {
        None => (None, Roles::default()),
        Some(path) => RolesFile::open(path.clone()).map(|(file, roles)| (Some(file), roles))?,
    };
    let aws = Arc::new(aws_settings(roles)?);
    if let Some(file) = roles_file {
        tokio::spawn(file.follow(Arc::clone(&aws)));
    }
    let names = Names::new(Arc::clone(&aws));
    let tests = TestCalls::default();
    let hooks = Hooks::new(Arc::clone(&serving), sender, names.clone(), tests.clone());
    let hooks = Arc::new(hooks);
    let config = sync_config(&args, &bound, metrics_address)?;
    // Reading the world from disk blocks; nothing else needs this thread yet.
    let node = Arc::new(gw_sync::Node::start(config, hooks)?);
    let pages = Pages { serving: Arc::clone(&serving), node: Arc::clone(&node) };
    tokio::spawn(admin::serve(metrics, Arc::new(pages)));
    certificates.set_named(Box::new(OfDomains::new(node.world())));
    let source = Source::new(args.tls_cert.as_ref(), args.tls_key.as_ref());
    source.load(&certificates, &node)?;

    // Without a world every answer would be 403: on a port that nodes share,
    // that is worse than not being there.
    let delay = Duration::from_millis(args.drain_delay_ms);
    loop {
        tokio::select! {
            () = has_world(&node) => break,
            order = orders.next(delay) => match order {
                Order::Drain(_) => {
                    stop(&node).await;
                    return Ok(());
                }
                Order::ReloadFiles | Order::NewCertificate => {
                    reload(&source, &certificates, &node);
                }
            },
        }
    }
    reload(&source, &certificates, &node);
    let workers = start_workers(&args, bound, &serving, &node, (&names, &tests), upstream_roots)?;
    // Readiness and the ready file follow the open sockets.
    let _ = serving.stats.set(workers.stats().to_vec());
    write_ready_file(&args, &workers, &node, metrics_address)?;
    tracing::info!(
        traffic = ?workers.plain_addresses(), tls = ?workers.tls_addresses(),
        metrics = %metrics_address, cores = workers.stats().len(), "serving"
    );
    let delay = loop {
        match orders.next(delay).await {
            Order::Drain(delay) => break delay,
            Order::ReloadFiles | Order::NewCertificate => reload(&source, &certificates, &node),
        }
    };
    tracing::info!(delay_ms = delay.as_millis(), "draining");
    serving.draining.store(true, Relaxed);
    let drain = workers.drain(delay, Duration::from_millis(args.drain_deadline_ms));
    tokio::select! {
        drained = drain => tracing::info!(cut = drained.cut, "drained"),
        _ = orders.interrupt.recv() => tracing::warn!("interrupted a second time, not waiting"),
    }
    stop(&node).await;
    Ok(())
}

/// The threads for large bodies. For each, 64 jobs may wait.
fn offload(threads: usize) -> OffloadPool {
    match threads {
        0 => OffloadPool::default(),
        threads => OffloadPool::new(threads, threads.saturating_mul(64)),
    }
}

/// Endpoints and keys of AWS: the SDKs' variables, and what the file of roles
/// says.
fn aws_settings(roles: Roles) -> Result<AwsSettings, Error> {
    let vars: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("AWS_"))
        .collect();
    Ok(AwsSettings::from_vars(&vars, roles)?)
}

/// Sync writes what it has to disk before it ends.
async fn stop(node: &Arc<gw_sync::Handle>) {
    let node = Arc::clone(node);
    // A panic in there has been logged.
    let _ = tokio::task::spawn_blocking(move || node.shutdown()).await;
}

async fn has_world(node: &gw_sync::Handle) {
    while !node.status().ready {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn reload(source: &Source, store: &CertificateStore, node: &gw_sync::Handle) {
    match source.load(store, node) {
        Ok(()) => tracing::debug!("tls certificates loaded"),
        // The former ones stay.
        Err(error) => tracing::error!(%error, "cannot load the tls certificate"),
    }
}

fn sync_config(
    args: &Args,
    bound: &Bound,
    metrics_address: SocketAddr,
) -> Result<gw_sync::Config, Error> {
    let traffic = bound.plain_addresses().first().or(bound.tls_addresses().first());
    Ok(gw_sync::Config {
        node_name: args.node_name.clone(),
        control_planes: args.control_plane.clone(),
        join_token: args.token().map_err(Error::Token)?,
        node_key: std::env::var("GATEWRIGHT_NODE_KEY").ok(),
        max_deployment_bytes: args.max_deployment_bytes,
        compiled_budget_bytes: args.compiled_budget_bytes,
        compile: args.compile_limits(),
        traffic_address: traffic.map(ToString::to_string).unwrap_or_default(),
        metrics_address: metrics_address.to_string(),
        ..gw_sync::Config::new(&args.state_dir)
    })
}

fn start_workers(
    args: &Args,
    bound: Bound,
    serving: &Arc<Serving>,
    node: &gw_sync::Handle,
    (names, tests): (&Names, &TestCalls),
    upstream_roots: Vec<CertificateDer<'static>>,
) -> Result<Workers, StartError> {
    let config = Arc::new(gw_pipeline::Config {
        suffixes: DomainSuffixes::only(&args.domain_suffix),
        expose_release: args.expose_release,
        max_payload_bytes: args.max_payload_bytes,
        body_budget: serving.body_budget.clone(),
        offload: serving.offload.clone(),
        aws: Arc::clone(names.aws()),
        started: Instant::now(),
        ..gw_pipeline::Config::default()
    });
    let networks =
        Networks { allow: args.allow_upstream.clone(), deny: args.deny_upstream.clone() };
    let upstream = gw_upstream::Config {
        networks: Arc::new(networks),
        extra_roots: upstream_roots,
        ..gw_upstream::Config::default()
    };
    let counters: Vec<Arc<Counters>> = serving.counters.clone();
    let world = node.world();
    let (to_cores, tests) = (names.clone(), tests.clone());
    let aws = Arc::clone(names.aws());
    let workers = bound.start(move |core| {
        let client = gw_upstream::Client::new(&upstream)?;
        // The first core does it for all.
        if let Some(assumer) = aws.assumer() {
            tokio::task::spawn_local(assumer.run(client.clone()));
        }
        let world = Box::new(Pinned::new(world.reader()));
        let counters = Arc::clone(&counters[core]);
        let state = CoreState::with_world(Arc::clone(&config), world, client, counters);
        Ok(Front::new(state, to_cores.subscribe(), tests.subscribe()))
    })?;
    names.tell_world(&node.world().load());
    Ok(workers)
}

fn write_ready_file(
    args: &Args,
    workers: &Workers,
    node: &gw_sync::Handle,
    metrics_address: SocketAddr,
) -> Result<(), Error> {
    let Some(path) = &args.ready_file else { return Ok(()) };
    let status = node.status();
    let ready = ready_file::Ready {
        node_id: status.node_id.as_deref(),
        traffic_addresses: workers.plain_addresses(),
        tls_addresses: workers.tls_addresses(),
        metrics_address,
        pid: std::process::id(),
    };
    ready_file::write(path, &ready).map_err(|error| Error::ReadyFile(path.clone(), error))
}
