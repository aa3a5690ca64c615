//! What goes into a [`Replica`](super::Replica) and what comes out.

use std::sync::Arc;

use gw_model::{NodeId, ReleaseNumber, Revision, StageKey};

use crate::{
    message::{ControlMessage, Hello, NodeMessage, Receipt, ReceiptState, Resource},
    rollout::{Outcome, Written},
    world::Change,
};

/// Names one stream within a replica's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// A release that waits for its commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// The stage.
    pub stage: StageKey,
    /// The release's number.
    pub release: ReleaseNumber,
    /// The release, as JSON of `gw_model::Release`.
    pub content: Arc<[u8]>,
}

/// A node as the database knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The node.
    pub node: NodeId,
    /// Out of the vote.
    pub cordoned: bool,
    /// Whether another replica holds its stream, as far as is known.
    pub elsewhere: bool,
}

/// A node's word as another replica wrote it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The stage.
    pub stage: StageKey,
    /// Its release.
    pub release: ReleaseNumber,
    /// Who.
    pub node: NodeId,
    /// The word.
    pub state: ReceiptState,
    /// Why, when rejected or lagging.
    pub reason: String,
}

/// What a read of the database found, all at one point in time.
#[derive(Debug, Clone, PartialEq)]
pub struct Fresh {
    /// The newest revision.
    pub revision: Revision,
    /// The world at it.
    pub world: FreshWorld,
    /// All releases that wait for their commit.
    pub pending: Vec<Pending>,
    /// All nodes.
    pub nodes: Vec<Registered>,
    /// Receipts of the releases that were asked for.
    pub receipts: Vec<Recorded>,
}

/// The part of a read that is about the world.
#[derive(Debug, Clone, PartialEq)]
pub enum FreshWorld {
    /// Everything: the first read, a new epoch, or a log that was pruned.
    Whole(Vec<Resource>),
    /// What changed since the revision that was asked for.
    Changes(Vec<Change>),
}

/// What happens to a replica.
#[derive(Debug)]
pub enum Event {
    /// Perhaps there is a new revision.
    Wake,
    /// This release was appended through this very replica.
    Appended(Pending),
    /// This release was appended and committed in one step through this very
    /// replica, at this revision.
    Committed(Pending, Revision),
    /// The end of an [`Effect::Read`].
    Read(Fresh),
    /// It failed; the next tick tries again.
    ReadFailed,
    /// A node's stream opened and said hello.
    Opened {
        /// The stream.
        session: SessionId,
        /// The node, as its certificate says.
        node: NodeId,
        /// Changes at each start of the node.
        boot_epoch: u64,
        /// Its first message.
        hello: Hello,
    },
    /// A node said something else.
    Message(SessionId, NodeMessage),
    /// A node gave a sign of life that says nothing else.
    Heard(SessionId),
    /// A stream ended.
    Closed(SessionId),
    /// The end of an [`Effect::Commit`], [`Effect::Reject`] or
    /// [`Effect::Inquire`].
    Written {
        /// The stage.
        stage: StageKey,
        /// Its release.
        release: ReleaseNumber,
        /// Where it stands.
        written: Written,
    },
    /// Time passes; every 100 milliseconds or so.
    Tick,
}

/// What a replica must do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send this on a stream.
    Send(SessionId, ControlMessage),
    /// End a stream.
    Close(SessionId, &'static str),
    /// Read the database, and answer by [`Event::Read`] or
    /// [`Event::ReadFailed`]. Never two at a time.
    Read {
        /// The revision that is known; `None` wants the whole world.
        since: Option<Revision>,
        /// The releases whose receipts other replicas may write.
        receipts: Vec<(StageKey, ReleaseNumber)>,
    },
    /// The database is behind what was seen: open a new epoch above this one,
    /// unless another replica did, then wake this one.
    OpenEpoch(Revision),
    /// Compare and set: commit the release if it still waits.
    Commit(StageKey, ReleaseNumber),
    /// Compare and set: reject it if it still waits, and append its repair.
    Reject {
        /// The stage.
        stage: StageKey,
        /// Its release.
        release: ReleaseNumber,
        /// Who found the content at fault.
        node: NodeId,
        /// Its reason.
        reason: String,
    },
    /// Read where a release stands.
    Inquire(StageKey, ReleaseNumber),
    /// Write a receipt down, when there is time.
    Record(NodeId, Receipt),
    /// A node was asked to prepare a release.
    Asked(NodeId, StageKey, ReleaseNumber),
    /// A release came to its end.
    Settled(StageKey, ReleaseNumber, Outcome),
}
