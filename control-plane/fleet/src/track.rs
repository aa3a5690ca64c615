//! What is known of recent releases, for those who wait for one or watch it.

use std::collections::{BTreeMap, HashMap, VecDeque};

use gw_fleet_core::{message::ReceiptState, rollout::Outcome};
use gw_model::{NodeId, ReleaseNumber, StageKey};
use tokio::sync::watch;

use crate::backing::ReceiptNote;

/// How many releases are remembered; the database has the others.
const KEPT: usize = 1024;

/// How far a release has come.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// The newest word of each node that was asked or has answered.
    pub receipts: Vec<ReceiptNote>,
    /// How it ended, once it has.
    pub outcome: Option<Outcome>,
}

struct Track {
    notes: BTreeMap<NodeId, ReceiptNote>,
    progress: watch::Sender<Progress>,
}

type Key = (StageKey, ReleaseNumber);

/// Recent releases.
#[derive(Default)]
pub(crate) struct Tracks {
    tracks: HashMap<Key, Track>,
    /// Oldest first.
    order: VecDeque<Key>,
}

impl Tracks {
    fn track(&mut self, stage: &StageKey, release: ReleaseNumber) -> &mut Track {
        let key = (stage.clone(), release);
        if !self.tracks.contains_key(&key) {
            self.order.push_back(key.clone());
            let surplus = self.order.len().saturating_sub(KEPT);
            for oldest in self.order.drain(..surplus) {
                self.tracks.remove(&oldest);
            }
        }
        self.tracks.entry(key).or_insert_with(|| Track {
            notes: BTreeMap::new(),
            progress: watch::Sender::new(Progress::default()),
        })
    }

    /// Whether anything is known of a release.
    pub(crate) fn knows(&self, stage: &StageKey, release: ReleaseNumber) -> bool {
        self.tracks.contains_key(&(stage.clone(), release))
    }

    /// Follows a release, which may be one to come.
    pub(crate) fn follow(
        &mut self,
        stage: &StageKey,
        release: ReleaseNumber,
    ) -> watch::Receiver<Progress> {
        self.track(stage, release).progress.subscribe()
    }

    /// Takes in a node's word. Word of having been asked never replaces an
    /// answer, nor does a late PREPARED replace the last word.
    pub(crate) fn note(&mut self, note: &ReceiptNote) {
        let track = self.track(&note.stage, note.release);
        let before = track.notes.get(&note.node).and_then(|note| note.state);
        let late = match note.state {
            None => before.is_some(),
            Some(ReceiptState::Prepared) => before == Some(ReceiptState::Serving),
            Some(_) => false,
        };
        if !late {
            track.notes.insert(note.node.clone(), note.clone());
            let receipts = track.notes.values().cloned().collect();
            track.progress.send_modify(|progress| progress.receipts = receipts);
        }
    }

    /// Ends a release.
    pub(crate) fn settle(&mut self, stage: &StageKey, release: ReleaseNumber, outcome: Outcome) {
        let track = self.track(stage, release);
        track.progress.send_modify(|progress| progress.outcome = Some(outcome));
    }
}
