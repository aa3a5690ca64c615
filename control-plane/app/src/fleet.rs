//! What use cases need of the nodes. `gw-fleet` implements it over the
//! streams; [`NoFleet`] is a fleet without nodes.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use gw_model::{NodeId, Release, ReleaseNumber, Revision, StageKey};
use gw_store::ReceiptRow;
use tokio::sync::watch;

use crate::{TestCall, TestResult};

/// What became of a release within the time that a caller waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseOutcome {
    /// Committed, and every connected node answers from it. So does a release
    /// that a newer one overtook: whoever waits is served by the newer one.
    Serving,
    /// Some node has not answered yet.
    Pending,
    /// A node found its content at fault.
    Rejected {
        /// The node.
        node: NodeId,
        /// Its reason.
        reason: String,
    },
}

/// A connected node as its replica sees it this moment; the rest is in the
/// node's row.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveNode {
    /// The node.
    pub id: NodeId,
    /// The revision that it acknowledged last.
    pub acked: Revision,
    /// Milliseconds since its last message.
    pub last_seen_ms_ago: u64,
    /// Milliseconds that it has been behind; 0 when current.
    pub lag_ms: u64,
    /// Takes no new traffic.
    pub draining: bool,
}

/// What a node says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeState {
    /// The revision of its world.
    pub revision: Revision,
    /// The digest of its world, hex.
    pub root_digest: String,
    /// How many stages it holds.
    pub stages: u64,
    /// How many deployments it holds compiled.
    pub compiled_deployments: u64,
    /// Their approximate memory.
    pub compiled_bytes: u64,
    /// When it started, milliseconds since the Unix epoch.
    pub started_at_ms: u64,
    /// The releases served, by stage resource name.
    pub serving: std::collections::BTreeMap<String, u64>,
}

/// A question to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeRequest {
    /// What it knows of itself.
    Describe,
    /// Stop accepting, finish what is under way, stay connected to sync.
    Drain {
        /// How long it goes on accepting, in milliseconds.
        delay_ms: u32,
    },
    /// Run one request to a method that need not be deployed.
    TestInvoke(Box<TestCall>),
}

/// A node's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeAnswer {
    /// To `Describe`.
    State(NodeState),
    /// To `TestInvoke`.
    Tested(Box<TestResult>),
    /// To everything that has no other answer.
    Done,
}

/// Why a node did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeRequestError {
    /// No replica holds a stream of it, or none that this one can reach.
    #[error("the node is not connected")]
    NotConnected,
    /// No answer before the deadline.
    #[error("the node did not answer in time")]
    Timeout,
    /// The node's own words.
    #[error("the node answered: {0}")]
    Failed(String),
}

/// How far a release has come, for those who watch it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReleaseProgress {
    /// One per node asked so far, newest state each.
    pub receipts: Vec<ReceiptRow>,
    /// Every connected node has given its last word.
    pub settled: bool,
}

/// The nodes, as far as use cases care. Calls after a commit must not fail:
/// what they announce is in the database, and a sweep finds it. What an
/// implementation leaves out is as it is without nodes.
#[async_trait]
pub trait Fleet: Send + Sync + 'static {
    /// A release was appended to the database. `committed` is set where every
    /// voter held it prepared and the same transaction made it the serving
    /// one: then no vote is due, only its delivery. Returns at once.
    fn release_appended(
        &self,
        _stage: &StageKey,
        _release: &Release,
        _committed: Option<Revision>,
    ) {
    }

    /// The world changed in another way: a stage or an API was deleted, a node
    /// was cordoned. Returns at once.
    fn world_changed(&self, _revision: Revision) {}

    /// Whether every voter of the whole fleet still holds this release's
    /// content prepared, so that it may be committed as it is appended. Only
    /// a replica that sees all voters may say yes.
    fn holds_prepared(&self, _stage: &StageKey, _release: &Release) -> bool {
        false
    }

    /// Waits until every connected node serves the release, one rejects it,
    /// or the time is up.
    async fn await_release(
        &self,
        _stage: &StageKey,
        _release: ReleaseNumber,
        _timeout: Duration,
    ) -> ReleaseOutcome {
        ReleaseOutcome::Pending
    }

    /// Waits until every node connected to this replica has acknowledged a
    /// revision; false if the time is up before.
    async fn await_revision(&self, _revision: Revision, _timeout: Duration) -> bool {
        true
    }

    /// Whether other replicas hold streams of nodes.
    fn has_nodes_elsewhere(&self) -> bool {
        false
    }

    /// The receipts of a release as they arrive; `None` if this replica knows
    /// nothing of it (an old release: the database has its receipts).
    fn watch_release(
        &self,
        _stage: &StageKey,
        _release: ReleaseNumber,
    ) -> Option<watch::Receiver<ReleaseProgress>> {
        None
    }

    /// The nodes that hold a stream to this replica.
    fn live_nodes(&self) -> Vec<LiveNode> {
        Vec::new()
    }

    /// The newest revision that this replica has read, for readiness.
    fn revision(&self) -> Option<Revision> {
        None
    }

    /// Asks a node.
    async fn request(
        &self,
        _node: &NodeId,
        _request: NodeRequest,
        _deadline: Duration,
    ) -> Result<NodeAnswer, NodeRequestError> {
        Err(NodeRequestError::NotConnected)
    }
}

/// A fleet without nodes: nobody has to answer, so every release is pending
/// until somebody commits it.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoFleet;

impl NoFleet {
    /// The shared handle that `App` takes.
    pub fn shared() -> Arc<dyn Fleet> {
        Arc::new(Self)
    }
}

impl Fleet for NoFleet {}
