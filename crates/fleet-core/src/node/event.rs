//! What goes into [`NodeSync`](super::NodeSync) and what comes out.

use std::sync::Arc;

use gw_model::{Digest, Release, ResourceName, Revision, RootDigest, StageKey};

use crate::message::{Abandon, Delta, Fault, NodeMessage, Prepare, Resource};

/// Names one compilation, and so one compiled stage, within a node's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CompileId(pub u64);

/// What happens to a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A stream to the control plane is open; its first message is the
    /// `Hello` that this event answers.
    Connected,
    /// The stream is gone.
    Disconnected,
    /// A delta came.
    Delta(Delta),
    /// A release to prepare came.
    Prepare(Prepare),
    /// A release to forget came.
    Abandon(Abandon),
    /// The end of an [`Effect::Fetch`].
    Fetched {
        /// The content's address.
        digest: Digest,
        /// `Ok` once the content is at hand and its digest was checked.
        /// Content that is too large is a content fault, all else (network,
        /// disk) is a resource fault and is tried again.
        result: Result<(), Fault>,
    },
    /// The end of an [`Effect::Compile`].
    Compiled {
        /// Which one.
        id: CompileId,
        /// What came of it.
        result: Result<Compilation, Fault>,
    },
    /// The compiled form of a deployment was dropped from memory.
    Evicted(Digest),
    /// The world that was found on disk. Only as the first event.
    Restored(SavedWorld),
    /// Time passes; about once a second.
    Tick,
}

/// A compilation that went well. The compiled stage stays with the caller
/// under its [`CompileId`] until it is applied or discarded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compilation {
    /// Poisoned routes and other notes.
    pub warnings: Vec<String>,
    /// Time spent, in microseconds.
    pub compile_us: u64,
}

/// A world as a disk holds it: the sum of all [`Persist`]s.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedWorld {
    /// Its revision.
    pub revision: Revision,
    /// All resources.
    pub resources: Vec<Resource>,
    /// Stages that served another release than the declared one, with the
    /// content of that release.
    pub former: Vec<(StageKey, Arc<[u8]>)>,
}

/// What a node must do. Effects are carried out in the order given: a receipt
/// `Serving` is sent only after the `Apply` before it is visible to requests.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send this to the control plane. Only emitted while connected.
    Send(NodeMessage),
    /// Get this deployment's content, from disk or from the control plane,
    /// and answer by [`Event::Fetched`]. Never twice at a time for a digest.
    Fetch(Digest),
    /// Compile (or find compiled) the release's deployments, bind the stage to
    /// them, and answer by [`Event::Compiled`]. Their content is at hand or
    /// their compiled form is.
    Compile {
        /// Names the answer and the compiled stage.
        id: CompileId,
        /// The stage.
        stage: StageKey,
        /// The release.
        release: Arc<Release>,
    },
    /// Change what requests meet, in one step.
    Apply(Apply),
    /// This compiled stage will not be applied; an unfinished compilation may
    /// be skipped. May name one that is not known any more.
    Discard(CompileId),
    /// Write this to disk.
    Persist(Persist),
}

/// One step from a served world to the next.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Apply {
    /// Stages to serve, each by its compiled form. The former compiled form of
    /// each is to be dropped with the old snapshot.
    pub stages: Vec<(StageKey, CompileId)>,
    /// Stages to serve no more.
    pub removed_stages: Vec<StageKey>,
    /// New and changed resources of other kinds.
    pub resources: Vec<Resource>,
    /// Resources of other kinds that are gone.
    pub removed_resources: Vec<ResourceName>,
}

impl Apply {
    /// Whether the step changes nothing.
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
            && self.removed_stages.is_empty()
            && self.resources.is_empty()
            && self.removed_resources.is_empty()
    }
}

/// A change of the world on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Persist {
    /// The revision after it.
    pub revision: Revision,
    /// The root digest of all resources after it.
    pub root: RootDigest,
    /// Whether all resources on disk are to be forgotten first (`former`
    /// entries are not).
    pub whole: bool,
    /// New and changed resources.
    pub upserts: Vec<Resource>,
    /// Resources that are gone.
    pub removals: Vec<ResourceName>,
    /// Stages whose served release differs from the declared one, with the
    /// content served (`None`: they agree again, or the stage is gone).
    pub former: Vec<(StageKey, Option<Arc<[u8]>>)>,
}
