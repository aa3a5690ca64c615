//! What a node is told at its start, and what it asks of the proxy around it.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use gw_snapshot::{TestCall, Tested};
use tokio::sync::oneshot;

/// The settings of a node. Start from [`Config::new`], which fills in the
/// defaults.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where identity, keys and the last good world are kept. One process at
    /// a time may use it.
    pub state_dir: PathBuf,
    /// The name asked for at the first join; the control plane chooses one
    /// when this is `None`.
    pub node_name: Option<String>,
    /// Shown to people, and matched by the label limits of a join token.
    pub labels: BTreeMap<String, String>,
    /// `HOST:PORT` of control-plane replicas, tried in turn.
    pub control_planes: Vec<String>,
    /// `gwj1.{hex sha256 of the CA certificate}.{secret}`. Needed until the
    /// node has joined, and again when its certificate has expired.
    pub join_token: Option<String>,
    /// The node key as 64 hex digits (`GATEWRIGHT_NODE_KEY`). `None` keeps it
    /// in a file of the state directory, made at the first start.
    pub node_key: Option<String>,
    /// The largest deployment content that this node accepts; a larger one
    /// makes it reject the release.
    pub max_deployment_bytes: u64,
    /// How much memory former releases may take to stay compiled.
    pub compiled_budget_bytes: u64,
    /// How much disk former releases' content may take.
    pub retained_disk_bytes: u64,
    /// What one deployment may cost, and one rendering of its templates.
    pub compile: gw_snapshot::Limits,
    /// Shown in the fleet list: where clients reach the node.
    pub traffic_address: String,
    /// Shown in the fleet list: where metrics are scraped.
    pub metrics_address: String,
    /// The build's version, for people.
    pub build: String,
    /// The first wait before a reconnect; it doubles, with jitter, up to
    /// [`Config::backoff_max`].
    pub backoff_min: Duration,
    /// The longest wait before a reconnect: so long after a control plane is
    /// back, its nodes are.
    pub backoff_max: Duration,
}

impl Config {
    /// The defaults, with everything kept under `state_dir`.
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        Self {
            state_dir: state_dir.into(),
            node_name: None,
            labels: BTreeMap::new(),
            control_planes: Vec::new(),
            join_token: None,
            node_key: None,
            max_deployment_bytes: 64 << 20,
            compiled_budget_bytes: 256 << 20,
            retained_disk_bytes: 256 << 20,
            compile: gw_snapshot::Limits::default(),
            traffic_address: String::new(),
            metrics_address: String::new(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(3),
        }
    }
}

/// What a node says of its load in a heartbeat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Requests answered since the start.
    pub requests_total: u64,
    /// Client connections open now.
    pub open_connections: u64,
    /// Memory in use.
    pub resident_bytes: u64,
    /// The node has begun to drain.
    pub draining: bool,
}

/// What sync asks of the proxy. Every method is called on the sync thread and
/// has to return at once.
pub trait Hooks: Send + Sync + 'static {
    /// Numbers for the next heartbeat.
    fn load(&self) -> Load {
        Load::default()
    }

    /// The control plane asks the node to drain after `delay`.
    fn drain(&self, _delay: Duration) {}

    /// Runs a test call on a serving core and sends what came of it. Dropping
    /// `answer` says that this node cannot; it is closed when nobody waits
    /// any more.
    fn test_call(&self, _call: TestCall, _answer: oneshot::Sender<Tested>) {}

    /// A stage was compiled for this node and may be served soon: the time to
    /// make ready what its first request would wait for.
    fn prepared(&self, _stage: &gw_snapshot::CompiledStage) {}

    /// The certificate for clients to see was issued or renewed; see
    /// [`Handle::certificate`](crate::Handle::certificate).
    fn certificate_changed(&self) {}
}
