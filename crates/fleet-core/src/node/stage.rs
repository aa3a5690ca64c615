//! One stage on a node: what it serves, and what is on its way.

use std::{collections::BTreeSet, sync::Arc};

use gw_model::{Digest, Release, ReleaseNumber};

use super::event::{Compilation, CompileId};

/// A stage's release as it is declared: parsed, with the bytes it came in.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) release: Arc<Release>,
    pub(super) bytes: Arc<[u8]>,
}

impl Content {
    /// Reads a release; the error is for people.
    pub(super) fn parse(bytes: &Arc<[u8]>) -> Result<Self, String> {
        match serde_json::from_slice::<Release>(bytes) {
            Ok(release) => Ok(Self { release: Arc::new(release), bytes: bytes.clone() }),
            Err(error) => Err(format!("the release cannot be read: {error}")),
        }
    }

    pub(super) fn number(&self) -> ReleaseNumber {
        self.release.number
    }

    /// Equal releases, whatever the spelling of their bytes.
    pub(super) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.release, &other.release) || self.release == other.release
    }
}

/// Why a release is being worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Served before a restart, while the declared release could not be; comes
    /// back only to bridge the time until that can.
    Former,
    /// Declared, and not served yet.
    Target,
    /// To be prepared; served only once it is declared.
    Candidate,
}

pub(super) const SLOTS: [Slot; 3] = [Slot::Former, Slot::Target, Slot::Candidate];

/// How far the work on a release is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Progress {
    /// Waits for these contents.
    Fetching(BTreeSet<Digest>),
    /// Is being compiled.
    Compiling(CompileId),
    /// Compiled.
    Ready(CompileId),
    /// Failed for good.
    Rejected(String),
    /// Failed for now; tried again at this time.
    Waiting { until_ms: u64 },
}

/// A release on its way to being compiled.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) content: Content,
    pub(super) progress: Progress,
    pub(super) compilation: Compilation,
    pub(super) since_ms: u64,
    /// Failures so far that were not the content's fault.
    pub(super) failures: u32,
}

impl Work {
    pub(super) fn compile_id(&self) -> Option<CompileId> {
        match self.progress {
            Progress::Compiling(id) | Progress::Ready(id) => Some(id),
            _ => None,
        }
    }
}

/// What requests of a stage meet.
#[derive(Debug, Clone)]
pub(super) struct Serving {
    pub(super) content: Content,
    pub(super) compilation: Compilation,
}

/// A stage on a node.
#[derive(Debug, Default)]
pub(super) struct Stage {
    pub(super) serving: Option<Serving>,
    pub(super) former: Option<Work>,
    pub(super) target: Option<Work>,
    pub(super) candidate: Option<Work>,
    /// Whether the disk holds a former release for this stage.
    pub(super) former_saved: bool,
}

impl Stage {
    pub(super) fn slot(&mut self, slot: Slot) -> &mut Option<Work> {
        match slot {
            Slot::Former => &mut self.former,
            Slot::Target => &mut self.target,
            Slot::Candidate => &mut self.candidate,
        }
    }

    pub(super) fn works(&self) -> impl Iterator<Item = &Work> {
        [&self.former, &self.target, &self.candidate].into_iter().flatten()
    }

    /// Whether nothing is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.works().next().is_none()
    }

    /// The slots whose work fits.
    pub(super) fn slots_where(&self, fits: impl Fn(&Work) -> bool) -> Vec<Slot> {
        let works = [&self.former, &self.target, &self.candidate];
        let pairs = SLOTS.into_iter().zip(works);
        pairs.filter(|(_, work)| work.as_ref().is_some_and(&fits)).map(|(slot, _)| slot).collect()
    }
}
