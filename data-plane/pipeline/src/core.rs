//! What one serving core keeps between requests.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use gw_route::DomainSuffixes;
use gw_snapshot::{CompiledStage, Origin};

use crate::{
    AwsSettings, BodyBudget, Counters, OffloadPool, PinWorld, SharedWorld, WorldReader, aws::Way,
    phase::target_of, reach::Reached, refusal_log::Allowance,
};

/// Settings of a node; all cores share one.
#[derive(Debug, Clone)]
pub struct Config {
    /// Domains of hosts `{api-id}.execute-api.{suffix}`.
    pub suffixes: DomainSuffixes,
    /// Adds `x-gatewright-release` to the answers of stages.
    pub expose_release: bool,
    /// Largest payload, each way, in bytes. AWS's is 10 MB.
    pub max_payload_bytes: u64,
    /// Names and values of a request's headers together, in bytes.
    pub max_header_bytes: usize,
    /// Path and query of a request, in bytes.
    pub max_uri_bytes: usize,
    /// For resolving, connecting and the TLS handshake of a backend.
    pub connect_timeout: Duration,
    /// Longest pause in a client's request body.
    pub request_body_idle: Duration,
    /// Longest time for all of a client's request body.
    pub request_body_total: Duration,
    /// Memory for bodies that are held as a whole.
    pub body_budget: BodyBudget,
    /// Threads for large bodies.
    pub offload: OffloadPool,
    /// Endpoints and keys of AWS.
    pub aws: Arc<AwsSettings>,
    /// The zero of the clock that throttles run on: one for all cores.
    pub started: Instant,
}

impl Default for Config {
    /// AWS's limits.
    fn default() -> Self {
        Self {
            suffixes: DomainSuffixes::any(),
            expose_release: false,
            max_payload_bytes: 10 << 20,
            max_header_bytes: 10_240,
            max_uri_bytes: 10_240,
            connect_timeout: Duration::from_secs(5),
            request_body_idle: Duration::from_secs(30),
            request_body_total: Duration::from_secs(300),
            body_budget: BodyBudget::default(),
            offload: OffloadPool::default(),
            aws: Arc::default(),
            started: Instant::now(),
        }
    }
}

/// What is known of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnInfo {
    /// The client's address.
    pub peer: IpAddr,
    /// The port that the client connected to.
    pub local_port: u16,
    /// Whether the connection is encrypted.
    pub is_tls: bool,
}

impl ConnInfo {
    /// From the two ends of a connection. An IPv4 client of an IPv6 socket is
    /// told by its IPv4 address.
    pub fn new(peer: SocketAddr, local: SocketAddr, is_tls: bool) -> Self {
        Self { peer: peer.ip().to_canonical(), local_port: local.port(), is_tls }
    }
}

/// The state of one core. Not shared between threads.
pub struct CoreState {
    pub(crate) config: Arc<Config>,
    pub(crate) world: Box<dyn PinWorld>,
    pub(crate) client: gw_upstream::Client,
    pub(crate) counters: Arc<Counters>,
    pub(crate) rng: RefCell<fastrand::Rng>,
    pub(crate) reached: Reached,
    pub(crate) refusals: Allowance,
    /// When the wall clock was read last, and the second that it showed.
    epoch: Cell<(Instant, u32)>,
}

impl CoreState {
    /// The state of a new core. `counters` are the core's own; keep a copy to
    /// read them.
    pub fn new(
        config: Arc<Config>,
        world: Arc<SharedWorld>,
        client: gw_upstream::Client,
        counters: Arc<Counters>,
    ) -> Self {
        Self::with_world(config, Box::new(WorldReader::new(world)), client, counters)
    }

    /// As [`CoreState::new`], for a node whose world is published elsewhere.
    pub fn with_world(
        config: Arc<Config>,
        world: Box<dyn PinWorld>,
        client: gw_upstream::Client,
        counters: Arc<Counters>,
    ) -> Self {
        let rng = RefCell::new(fastrand::Rng::new());
        let epoch = Cell::new((Instant::now(), wall_clock()));
        Self {
            config,
            world,
            client,
            counters,
            rng,
            reached: Reached::default(),
            refusals: Allowance::default(),
            epoch,
        }
    }

    /// The wall clock at `now`, in seconds; it is read anew at most once in a
    /// second.
    pub(crate) fn epoch_seconds(&self, now: Instant) -> u32 {
        let (read, second) = self.epoch.get();
        if now.saturating_duration_since(read) < Duration::from_secs(1) {
            return second;
        }
        let second = wall_clock();
        self.epoch.set((now, second));
        second
    }

    /// Looks up a backend's name ahead of its first request.
    pub async fn warm(&self, name: &str) {
        self.client.warm(name).await;
    }

    /// Moves on to the newest world although no request has come. Call it now
    /// and then, so that an idle core does not keep a former one in memory.
    pub fn refresh(&self) {
        drop(self.world.pin());
    }
}

/// The names of a stage's backends, in both of its deployments, each once.
/// Also has every origin and every way to AWS prepared, so that no request has
/// to.
pub fn names_to_resolve(stage: &CompiledStage, aws: &AwsSettings) -> BTreeSet<Box<str>> {
    let mut names = BTreeSet::new();
    for bound in [Some(stage.main()), stage.canary()].into_iter().flatten() {
        let mut last: Option<&Origin> = None;
        for target in bound.targets() {
            // Routes of one API mostly share their origin.
            if last.is_some_and(|last| std::ptr::eq(last, &*target.origin)) {
                continue;
            }
            last = Some(&target.origin);
            if let Some(target) = target.origin.prepared(target_of)
                && target.address().is_none()
                && !names.contains(target.host())
            {
                names.insert(target.host().into());
            }
        }
        let ways = bound.aws_targets().filter_map(|target| Way::of(target, aws));
        for upstream in ways.map(Way::upstream).filter(|target| target.address().is_none()) {
            if !names.contains(upstream.host()) {
                names.insert(upstream.host().into());
            }
        }
    }
    names
}

fn wall_clock() -> u32 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
}
