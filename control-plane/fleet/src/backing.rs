//! What the fleet needs of the database, in its own words.
//!
//! `app.rs` answers it with use cases and rows; tests answer it from memory.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use gw_fleet_core::{
    message::{Receipt, ReceiptState},
    replica::Fresh,
    rollout::Written,
};
use gw_model::{Digest, NodeId, ReleaseNumber, Revision, StageKey};
use time::OffsetDateTime;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BackingError {
    /// It cannot be reached; try again in a moment.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// It will not do that.
    #[error("{0}")]
    Refused(String),
}

/// What the database answers.
pub type Answer<T> = Result<T, BackingError>;

/// A node's newest word on a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptNote {
    /// The stage.
    pub stage: StageKey,
    /// Its release.
    pub release: ReleaseNumber,
    /// Who.
    pub node: NodeId,
    /// The word; `None` for a node that was asked and has not answered.
    pub state: Option<ReceiptState>,
    /// Why, when rejected or lagging.
    pub reason: String,
    /// Poisoned routes and other notes.
    pub warnings: Vec<String>,
    /// Time to compile, in microseconds.
    pub compile_us: u64,
    /// When it was received.
    pub at: OffsetDateTime,
}

impl ReceiptNote {
    /// A node's word, heard now.
    pub(crate) fn said(node: NodeId, receipt: Receipt) -> Self {
        Self {
            stage: receipt.stage,
            release: receipt.release,
            node,
            state: Some(receipt.state),
            reason: receipt.reason,
            warnings: receipt.warnings,
            compile_us: receipt.compile_us,
            at: OffsetDateTime::now_utc(),
        }
    }

    /// A node that was asked now.
    pub(crate) fn asked(node: NodeId, stage: StageKey, release: ReleaseNumber) -> Self {
        Self {
            stage,
            release,
            node,
            state: None,
            reason: String::new(),
            warnings: Vec::new(),
            compile_us: 0,
            at: OffsetDateTime::now_utc(),
        }
    }
}

/// What a node says of itself as its stream opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFacts {
    /// The node, as its certificate says.
    pub node: NodeId,
    /// Changes at each of its starts.
    pub boot_epoch: u64,
    /// The build that it runs.
    pub build: String,
    /// Where clients reach it.
    pub traffic_address: String,
    /// Where its metrics are.
    pub metrics_address: String,
}

/// A node's newest sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOfLife {
    /// The node.
    pub node: NodeId,
    /// The revision that it acknowledged last.
    pub acked: Revision,
    /// When it was heard.
    pub at: OffsetDateTime,
    /// Takes no new traffic.
    pub draining: bool,
}

/// The database, as far as the fleet cares.
#[async_trait]
pub trait Backing: Send + Sync + 'static {
    /// Everything that a replica follows, at one point in time: the changes of
    /// the world since a revision of the present epoch that the log still
    /// reaches, the whole world otherwise.
    async fn read(
        &self,
        since: Option<Revision>,
        receipts: &[(StageKey, ReleaseNumber)],
    ) -> Answer<Fresh>;

    /// Opens a new epoch if the database is behind `seen`.
    async fn open_epoch(&self, seen: Revision) -> Answer<()>;

    /// Makes a release that waits the serving one.
    async fn commit(&self, stage: &StageKey, release: ReleaseNumber) -> Answer<Written>;

    /// Rejects a release that waits, and appends its repair if one is due.
    async fn reject(
        &self,
        stage: &StageKey,
        release: ReleaseNumber,
        node: &NodeId,
        reason: &str,
    ) -> Answer<Written>;

    /// Where a release stands.
    async fn inquire(&self, stage: &StageKey, release: ReleaseNumber) -> Answer<Written>;

    /// Writes receipts; those of releases that are gone are dropped.
    async fn record(&self, notes: Vec<ReceiptNote>) -> Answer<()>;

    /// Notes that a node's stream is here; its slot, or `None` for a node that
    /// is not of the fleet.
    async fn node_connected(&self, facts: &NodeFacts) -> Answer<Option<u32>>;

    /// Whether a node is of the fleet.
    async fn node_known(&self, node: &NodeId) -> Answer<bool>;

    /// Notes that its stream here ended.
    async fn node_disconnected(&self, node: &NodeId) -> Answer<()>;

    /// Notes signs of life, and that this replica lives.
    async fn nodes_seen(&self, signs: Vec<SignOfLife>) -> Answer<()>;

    /// Uses a join token for a node of this name (empty: choose one); the
    /// node's id.
    async fn join(
        &self,
        token_secret: &str,
        name: &str,
        labels: BTreeMap<String, String>,
    ) -> Answer<NodeId>;

    /// A deployment's content; `None` if there is none of that digest.
    async fn content(&self, digest: Digest) -> Answer<Option<Arc<[u8]>>>;
}
