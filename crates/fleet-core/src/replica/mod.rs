//! A control-plane replica: the declared world, its nodes' sessions and the
//! rollouts, wired together. The tokio side only carries out the effects.
//!
//! Several replicas may run on one database. Each prepares its own nodes and
//! writes their receipts down; each counts the nodes of the others by the
//! registry and their receipts; whichever is first commits.

mod event;
mod flight;

use std::collections::{BTreeMap, BTreeSet};

use gw_model::{Digest, NodeId, Release, ReleaseNumber, ResourceName, Revision, StageKey};

pub use self::event::{Effect, Event, Fresh, FreshWorld, Pending, Recorded, Registered, SessionId};
use self::flight::Flight;
use crate::{
    message::{Hello, NodeMessage, Resource},
    rollout::{self, Timing},
    session::{self, Session},
    world::{Change, World},
};

/// How often the database is read when nothing asks for it.
const SWEEP_MS: u64 = 1000;

/// How often it is read while other replicas' nodes vote.
const REMOTE_SWEEP_MS: u64 = 100;

/// A stream with its node.
#[derive(Debug)]
struct Stream {
    node: NodeId,
    boot_epoch: u64,
    session: Session,
    /// Kept until there is a world to answer it with.
    hello: Option<Hello>,
    last_heard_ms: u64,
}

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

    /// Reads the database, or again once the read under way is over.
    fn read(&mut self, now: u64, out: &mut Vec<Effect>) {
        if self.reading {
            self.read_again = true;
            return;
        }
        self.reading = true;
        self.read_again = false;
        self.outran_read = false;
        self.last_read_ms = Some(now);
        self.judged = self.seen_ahead;
        let remote = |flight: &&Flight| flight.voters_elsewhere(&self.remote);
        let receipts = self.flights.iter().filter(|(_, flight)| remote(flight));
        out.push(Effect::Read {
            since: self.world.as_ref().map(World::revision),
            receipts: receipts.map(|(stage, flight)| (stage.clone(), flight.release)).collect(),
        });
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

    /// Takes in what a read found.
    fn fresh(&mut self, fresh: Fresh, now: u64, out: &mut Vec<Effect>) {
        self.reading = false;
        let own = self.world.as_ref().map(World::revision);
        if self.outran_read && Some(fresh.revision) < own {
            // It began before a commit that is known by now.
            return self.read(now, out);
        }
        self.nodes(&fresh.nodes, now, out);
        let Some(moved) = self.advance(fresh.revision, fresh.world, out) else { return };
        let changed = match moved {
            Moved::Whole => {
                let all = self.world.iter().flat_map(|world| world.declared().iter());
                all.map(|(name, _)| name.clone()).collect()
            }
            Moved::By(names) => names,
        };
        let known = self.flights.keys().cloned().collect::<BTreeSet<_>>();
        for stage in changed.iter().filter_map(as_stage) {
            self.committed(stage, now, out);
        }
        self.gone(&known, &fresh.pending, now, out);
        for pending in fresh.pending {
            self.pending(pending, now, out);
        }
        for Recorded { stage, release, node, state, reason } in fresh.receipts {
            if !self.by_node.contains_key(&node) {
                let event = rollout::Event::Receipt { node, state, reason };
                self.tell_flight(&stage, release, event, now, out);
            }
        }
        for session in self.streams.keys().copied().collect::<Vec<_>>() {
            self.greet(session, now, out);
            self.tell_session(session, session::Event::World { even_if_empty: false }, now, out);
        }
        if let (Some(ahead), Some(world)) = (self.judged.take(), &self.world) {
            self.seen_ahead = None;
            if ahead > world.revision() {
                out.push(Effect::OpenEpoch(ahead));
            }
        }
        if self.read_again {
            self.read(now, out);
        }
    }

    /// Takes in a commit of which everything is known. Where it is the next
    /// revision nothing else can have changed, so nodes need not wait for a
    /// read of the database.
    fn committed_here(
        &mut self,
        pending: Pending,
        revision: Revision,
        now: u64,
        out: &mut Vec<Effect>,
    ) {
        let Pending { stage, content, .. } = pending;
        let resource = Resource {
            name: ResourceName::Stage(stage.clone()),
            version: revision.number,
            content,
        };
        let next = |world: &&mut World| world.revision().number + 1 == revision.number;
        let world = self.world.as_mut().filter(next);
        if !world.is_some_and(|world| world.advance(revision, vec![Change::upsert(resource)])) {
            return self.read(now, out);
        }
        self.outran_read = self.reading;
        self.committed(&stage, now, out);
        for session in self.streams.keys().copied().collect::<Vec<_>>() {
            self.tell_session(session, session::Event::World { even_if_empty: false }, now, out);
        }
    }

    /// Moves the world; `None` if what was read does not fit it.
    fn advance(
        &mut self,
        revision: Revision,
        fresh: FreshWorld,
        out: &mut Vec<Effect>,
    ) -> Option<Moved> {
        let own = self.world.as_ref().map(World::revision);
        if own.is_some_and(|own| revision < own) {
            // A database that lost what was seen here (a restore) must not be
            // taken for news.
            out.extend(own.map(Effect::OpenEpoch));
            return None;
        }
        match (fresh, &mut self.world) {
            (FreshWorld::Whole(resources), world) => {
                let fresh = World::new(revision, resources);
                let first = world.is_none();
                *world = Some(fresh);
                Some(if first { Moved::By(Vec::new()) } else { Moved::Whole })
            }
            (FreshWorld::Changes(changes), Some(world)) => {
                // A read that began before a commit which is known by now tells
                // of it again: that is no news, and no second rollout.
                let news =
                    |change: &&Change| world.declared().get(&change.name) != change.entry.as_ref();
                let names = changes.iter().filter(news).map(|change| change.name.clone()).collect();
                let moved = revision == world.revision() || world.advance(revision, changes);
                moved.then_some(Moved::By(names))
            }
            (FreshWorld::Changes(_), None) => None,
        }
    }

    fn nodes(&mut self, nodes: &[Registered], now: u64, out: &mut Vec<Effect>) {
        let before = self.voters();
        self.cordoned =
            nodes.iter().filter(|node| node.cordoned).map(|node| node.node.clone()).collect();
        let elsewhere = nodes.iter().filter(|n| n.elsewhere && !self.by_node.contains_key(&n.node));
        self.remote = elsewhere.map(|node| node.node.clone()).collect();
        let after = self.voters();
        for node in before.difference(&after) {
            let event = if self.cordoned.contains(node) {
                rollout::Event::NodeCordoned(node.clone())
            } else {
                rollout::Event::NodeDisconnected(node.clone())
            };
            self.tell_all_flights(&event, now, out);
        }
        for node in after.difference(&before) {
            self.tell_all_flights(&rollout::Event::NodeConnected(node.clone()), now, out);
        }
    }

    /// Connected nodes, here and elsewhere, that are not cordoned.
    fn voters(&self) -> BTreeSet<NodeId> {
        let all = self.by_node.keys().chain(&self.remote);
        all.filter(|node| !self.cordoned.contains(*node)).cloned().collect()
    }

    fn opened(
        &mut self,
        session: SessionId,
        node: NodeId,
        boot_epoch: u64,
        hello: Hello,
        now: u64,
        out: &mut Vec<Effect>,
    ) {
        if let Some(other) = self.by_node.get(&node).copied() {
            let older = |stream: &Stream| boot_epoch < stream.boot_epoch;
            if self.streams.get(&other).is_some_and(older) {
                return out.push(Effect::Close(session, "a newer start of this node is connected"));
            }
            out.push(Effect::Close(other, "the node opened another stream"));
            self.closed(other, now, out);
        }
        let stream = Stream {
            node: node.clone(),
            boot_epoch,
            session: Session::new(),
            hello: Some(hello),
            last_heard_ms: now,
        };
        self.streams.insert(session, stream);
        self.by_node.insert(node.clone(), session);
        let was_voter = self.remote.remove(&node);
        self.greet(session, now, out);
        if !self.cordoned.contains(&node) {
            if was_voter {
                let event = rollout::Event::NodeDisconnected(node.clone());
                self.tell_all_flights(&event, now, out);
            }
            self.tell_all_flights(&rollout::Event::NodeConnected(node), now, out);
        }
    }

    /// Answers a stream's hello once there is a world.
    fn greet(&mut self, session: SessionId, now: u64, out: &mut Vec<Effect>) {
        let stream = self.streams.get_mut(&session).filter(|_| self.world.is_some());
        if let Some(hello) = stream.and_then(|stream| stream.hello.take()) {
            self.tell_session(session, session::Event::Hello(&hello), now, out);
        }
    }

    fn message(
        &mut self,
        session: SessionId,
        message: &NodeMessage,
        now: u64,
        out: &mut Vec<Effect>,
    ) {
        let Some(stream) = self.streams.get_mut(&session) else { return };
        stream.last_heard_ms = now;
        let node = stream.node.clone();
        match message {
            NodeMessage::Hello(hello) => {
                self.tell_session(session, session::Event::Hello(hello), now, out);
            }
            NodeMessage::WorldAck(ack) => {
                self.tell_session(session, session::Event::Ack(ack), now, out);
            }
            NodeMessage::Receipt(receipt) => {
                self.tell_session(session, session::Event::Receipt(receipt), now, out);
                out.push(Effect::Record(node.clone(), receipt.clone()));
                let event = rollout::Event::Receipt {
                    node,
                    state: receipt.state,
                    reason: receipt.reason.clone(),
                };
                self.tell_flight(&receipt.stage, receipt.release, event, now, out);
            }
        }
    }

    fn closed(&mut self, session: SessionId, now: u64, out: &mut Vec<Effect>) {
        let Some(stream) = self.streams.remove(&session) else { return };
        self.by_node.remove(&stream.node);
        self.tell_all_flights(&rollout::Event::NodeDisconnected(stream.node), now, out);
    }

    fn tell_session(
        &mut self,
        id: SessionId,
        event: session::Event<'_>,
        now: u64,
        out: &mut Vec<Effect>,
    ) {
        let (Some(stream), Some(world)) = (self.streams.get_mut(&id), &self.world) else { return };
        let mut ahead = None;
        for effect in stream.session.handle(event, world, now) {
            match effect {
                session::Effect::Send(message) => out.push(Effect::Send(id, message)),
                session::Effect::Close(reason) => out.push(Effect::Close(id, reason)),
                session::Effect::Behind(revision) => ahead = Some(revision),
            }
        }
        if ahead > self.seen_ahead {
            self.seen_ahead = ahead;
            self.read(now, out);
        }
    }
}

enum Moved {
    /// Everything may have changed.
    Whole,
    /// These changed.
    By(Vec<ResourceName>),
}

fn as_stage(name: &ResourceName) -> Option<&StageKey> {
    match name {
        ResourceName::Stage(key) => Some(key),
        _ => None,
    }
}

/// The deployments that a release's content names; `None` if it cannot be read.
fn digests_of(content: &[u8]) -> Option<(ReleaseNumber, Vec<Digest>)> {
    let release: Release = serde_json::from_slice(content).ok()?;
    Some((release.number, release.digests().collect()))
}
