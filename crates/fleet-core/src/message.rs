//! What a node and a control-plane replica say to each other, as plain types.
//!
//! They mirror `gatewright.fleet.v1`; the planes' edges convert. Fields that
//! no state machine reads (addresses, builds) stay at the edges.

use std::sync::Arc;

use gw_model::{Digest, ReleaseNumber, ResourceName, Revision, RootDigest, StageKey};

/// From a node to the control plane.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeMessage {
    /// The first message of a stream.
    Hello(Hello),
    /// The answer to a [`Delta`].
    WorldAck(WorldAck),
    /// What the node says of one stage's release.
    Receipt(Receipt),
}

/// From the control plane to a node.
#[derive(Debug, Clone, PartialEq)]
pub enum ControlMessage {
    /// A change of the node's world.
    Delta(Delta),
    /// A release to get ready for.
    Prepare(Prepare),
    /// A prepared release that will not come.
    Abandon(Abandon),
}

/// Where a node stands when its stream opens.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hello {
    /// The revision of its world; `None` on a node without one.
    pub revision: Option<Revision>,
    /// The root digest of its world.
    pub root: RootDigest,
    /// The deployments that it holds compiled.
    pub held: Vec<Digest>,
}

/// Where a node stands after a [`Delta`].
#[derive(Debug, Clone, PartialEq)]
pub struct WorldAck {
    /// The revision of the node's world now; the default revision without one.
    pub revision: Revision,
    /// False: the delta was discarded and the node asks for the whole world.
    pub accepted: bool,
    /// The root digest of the node's world now.
    pub root: RootDigest,
}

/// A node's word on one stage's release.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    /// The stage.
    pub stage: StageKey,
    /// Its release; 0 where the declared content names none.
    pub release: ReleaseNumber,
    /// The word.
    pub state: ReceiptState,
    /// Why, when rejected or lagging.
    pub reason: String,
    /// Poisoned routes and other notes.
    pub warnings: Vec<String>,
    /// Time spent in compiling, in microseconds.
    pub compile_us: u64,
    /// Milliseconds since the Unix epoch on the node's clock.
    pub at_ms: u64,
    /// Deployments of this release that the node now holds compiled.
    pub held: Vec<Digest>,
}

/// The words that a node has for a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptState {
    /// Compiled and checked; not serving yet.
    Prepared,
    /// New requests meet it.
    Serving,
    /// Its content is at fault. The only veto.
    Rejected,
    /// The node could not say: disk, memory, network. Never a veto.
    Lagging,
}

/// A named, versioned resource of a world.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its name.
    pub name: ResourceName,
    /// The number of the revision at which it last changed.
    pub version: u64,
    /// For a stage: its release, as JSON of `gw_model::Release`.
    pub content: Arc<[u8]>,
}

/// What changed since a revision, or a whole world.
///
/// A large one comes in parts: all but the last say `more`, later parts name
/// the same `to` and have `from == Some(to)`, and the root of each part is
/// that of the world so far (for a whole world: of the parts so far).
#[derive(Debug, Clone, PartialEq)]
pub struct Delta {
    /// `None`: forget everything, this is the whole world.
    pub from: Option<Revision>,
    /// Where it leads.
    pub to: Revision,
    /// New and changed resources.
    pub upserts: Vec<Resource>,
    /// Resources that are gone.
    pub removals: Vec<ResourceName>,
    /// The root digest that it leads to.
    pub root: RootDigest,
    /// Whether another part follows.
    pub more: bool,
}

/// Fetch what a release needs, compile it, check it, and answer by a receipt.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepare {
    /// The stage.
    pub stage: StageKey,
    /// The release's number.
    pub release: ReleaseNumber,
    /// The release, as JSON of `gw_model::Release`.
    pub content: Arc<[u8]>,
}

/// A prepared release will not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abandon {
    /// The stage.
    pub stage: StageKey,
    /// The release's number.
    pub release: ReleaseNumber,
}

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The content is wrong or breaks a limit of the node: it will fail again,
    /// and it vetoes a rollout.
    Content,
    /// Disk, memory, network, draining: it may succeed later, and never vetoes.
    Resource,
}

/// Why a fetch or a compilation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Fault {
    /// Whose fault it is.
    pub kind: FaultKind,
    /// Why, for people.
    pub reason: String,
}

impl Fault {
    /// A fault of the content.
    pub fn content(reason: impl Into<String>) -> Self {
        Self { kind: FaultKind::Content, reason: reason.into() }
    }

    /// A fault of the node's means.
    pub fn resource(reason: impl Into<String>) -> Self {
        Self { kind: FaultKind::Resource, reason: reason.into() }
    }
}
