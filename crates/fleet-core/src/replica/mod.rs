//! A control-plane replica: the declared world, its nodes' sessions and the
//! rollouts, wired together. The tokio side only carries out the effects.
//!
//! Several replicas may run on one database. Each prepares its own nodes and
//! writes their receipts down; each counts the nodes of the others by the
//! registry and their receipts; whichever is first commits.

mod event;
mod flight;
mod read;
mod streams;

use std::collections::{BTreeMap, BTreeSet};

use gw_model::{Digest, NodeId, ReleaseNumber, Revision, StageKey};

pub use self::event::{Effect, Event, Fresh, FreshWorld, Pending, Recorded, Registered, SessionId};
use self::{flight::Flight, streams::Stream};
use crate::{
    rollout::{self, Timing},
    session,
    world::World,
};

/// How often the database is read when nothing asks for it.
const SWEEP_MS: u64 = 1000;

/// How often it is read while other replicas' nodes vote.
const REMOTE_SWEEP_MS: u64 = 100;

/// A connected node, for whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveNode {
    /// The node.
    pub node: NodeId,
    /// The revision that its world is equal to or was acknowledged at.
    pub acked: Revision,
    /// Milliseconds since it was last heard.
    pub silent_ms: u64,
    /// Milliseconds that it has been behind; 0 when current.
    pub lag_ms: u64,
}

/// The state machine of one replica.
#[derive(Debug)]
pub struct Replica {
    timing: Timing,
    world: Option<World>,
    streams: BTreeMap<SessionId, Stream>,
    by_node: BTreeMap<NodeId, SessionId>,
    cordoned: BTreeSet<NodeId>,
    /// Nodes whose streams other replicas hold.
    remote: BTreeSet<NodeId>,
    flights: BTreeMap<StageKey, Flight>,
    /// Releases that a newer one overtook; the database is asked how they ended.
    overtaken: BTreeSet<(StageKey, ReleaseNumber)>,
    reading: bool,
    /// Something happened since the read under way began.
    read_again: bool,
    /// The world moved without a read since the read under way began.
    outran_read: bool,
    last_read_ms: Option<u64>,
    last_tick_ms: u64,
    /// A node showed a revision that the database should have.
    seen_ahead: Option<Revision>,
    /// The same, if the read under way began after it was seen.
    judged: Option<Revision>,
}

impl Replica {
    /// A replica that knows nothing yet; its first [`Event::Tick`] reads.
    pub fn new(timing: Timing) -> Self {
        Self {
            timing,
            world: None,
            streams: BTreeMap::new(),
            by_node: BTreeMap::new(),
            cordoned: BTreeSet::new(),
            remote: BTreeSet::new(),
            flights: BTreeMap::new(),
            overtaken: BTreeSet::new(),
            reading: false,
            read_again: false,
            outran_read: false,
            last_read_ms: None,
            last_tick_ms: 0,
            seen_ahead: None,
            judged: None,
        }
    }

    /// The world, once it was read.
    pub fn world(&self) -> Option<&World> {
        self.world.as_ref()
    }

    /// Releases on their way.
    pub fn flights(&self) -> impl Iterator<Item = (&StageKey, ReleaseNumber)> {
        self.flights.iter().map(|(stage, flight)| (stage, flight.release))
    }

    /// The connected nodes.
    pub fn live_nodes(&self, now: u64) -> Vec<LiveNode> {
        let view = |stream: &Stream| {
            let current = self.world.as_ref().filter(|world| stream.session.is_current(world));
            let acked = current.map(World::revision).or(stream.session.acked());
            LiveNode {
                node: stream.node.clone(),
                acked: acked.unwrap_or_default(),
                silent_ms: now.saturating_sub(stream.last_heard_ms),
                lag_ms: stream.session.lag_ms(now),
            }
        };
        self.by_node.values().filter_map(|id| self.streams.get(id)).map(view).collect()
    }

    /// Whether every node that is connected here has acknowledged a revision.
    pub fn all_acked(&self, revision: Revision) -> bool {
        let at = self.world.as_ref().map(World::revision);
        // A node that lacks nothing of the world is where the world is.
        let current = |stream: &Stream| {
            let world = self.world.as_ref().filter(|_| at >= Some(revision));
            world.is_some_and(|world| stream.session.is_current(world))
        };
        let acked = |stream: &Stream| stream.session.acked() >= Some(revision);
        self.streams.values().all(|stream| acked(stream) || current(stream))
    }

    /// Whether other replicas hold streams of nodes.
    pub fn has_nodes_elsewhere(&self) -> bool {
        !self.remote.is_empty()
    }

    /// Whether every voter of the fleet holds these deployments compiled, as
    /// far as this replica can tell; no where it cannot.
    pub fn all_hold(&self, digests: &[Digest]) -> bool {
        self.world.is_some()
            && self.remote.iter().all(|node| self.cordoned.contains(node))
            && self
                .streams
                .values()
                .all(|stream| self.cordoned.contains(&stream.node) || stream.session.holds(digests))
    }

    /// Takes in an event at `now`, in milliseconds.
    pub fn handle(&mut self, event: Event, now: u64) -> Vec<Effect> {
        let mut out = Vec::new();
        match event {
            Event::Wake => self.read(now, &mut out),
            Event::Appended(pending) => {
                if self.world.is_some() {
                    self.pending(pending, now, &mut out);
                }
                self.read(now, &mut out);
            }
            Event::Committed(pending, revision) => {
                self.committed_here(pending, revision, now, &mut out);
            }
            Event::Read(fresh) => self.fresh(fresh, now, &mut out),
            Event::ReadFailed => self.reading = false,
            Event::Opened { session, node, boot_epoch, hello } => {
                self.opened(session, node, boot_epoch, hello, now, &mut out);
            }
            Event::Message(session, message) => self.message(session, &message, now, &mut out),
            Event::Heard(session) => {
                if let Some(stream) = self.streams.get_mut(&session) {
                    stream.last_heard_ms = now;
                }
            }
            Event::Closed(session) => self.closed(session, now, &mut out),
            Event::Written { stage, release, written } => {
                self.overtaken(&stage, release, &written, &mut out);
                self.tell_flight(&stage, release, rollout::Event::Written(written), now, &mut out);
                // What was written is a revision that nodes should have.
                self.read(now, &mut out);
            }
            Event::Tick => self.tick(now, &mut out),
        }
        out
    }

    fn tick(&mut self, now: u64, out: &mut Vec<Effect>) {
        let voting = self.flights.values().any(|flight| flight.voters_elsewhere(&self.remote));
        let pause = if voting { REMOTE_SWEEP_MS } else { SWEEP_MS };
        if self.last_read_ms.is_none_or(|at| now >= at + pause) {
            self.read(now, out);
        }
        for stage in self.flights.keys().cloned().collect::<Vec<_>>() {
            if let Some(release) = self.flights.get(&stage).map(|flight| flight.release) {
                self.tell_flight(&stage, release, rollout::Event::Tick, now, out);
            }
        }
        if now >= self.last_tick_ms + SWEEP_MS {
            self.last_tick_ms = now;
            let unsure = self.overtaken.iter().cloned();
            out.extend(unsure.map(|(stage, release)| Effect::Inquire(stage, release)));
            for session in self.streams.keys().copied().collect::<Vec<_>>() {
                self.tell_session(session, session::Event::Tick, now, out);
            }
        }
    }
}
