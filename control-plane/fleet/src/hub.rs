//! A replica's fleet: runs the core's state machine and carries out what it
//! wants.
//!
//! The machine sits behind a lock that is held for one event at a time, never
//! across an await; effects that need the database become tasks whose ends are
//! events again. So no hop between tasks lies between a node's last receipt
//! and the commit.

mod wait;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use gw_fleet_core::{
    message::{ControlMessage, Hello, NodeMessage},
    replica::{Effect, Event, LiveNode, Pending, Replica, SessionId},
    rollout::Timing,
};
use gw_model::{Digest, NodeId, ReleaseNumber, ResourceName, Revision, StageKey};
use gw_proto as pb;
use time::OffsetDateTime;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tracing::{info, warn};

use crate::{
    backing::{Answer, Backing, NodeFacts, ReceiptNote, SignOfLife},
    content::{Contents, Offer},
    tasks,
    track::{Progress, Tracks},
};

/// How a fleet is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// This replica's name.
    pub replica: String,
    /// How long rollouts wait.
    pub timing: Timing,
    /// How often nodes send a heartbeat.
    pub heartbeat_ms: u32,
    /// Memory for deployments on their way to nodes.
    pub content_bytes: usize,
    /// Suffixes of API hosts beside `localhost`: nodes get a certificate for
    /// `execute-api.{suffix}` and the names one label below.
    pub traffic_suffixes: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            replica: "replica".to_owned(),
            timing: Timing::default(),
            heartbeat_ms: 1000,
            content_bytes: 256 << 20,
            traffic_suffixes: Vec::new(),
        }
    }
}

/// Why a node did not answer a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It has no stream to this replica.
    #[error("the node is not connected")]
    NotConnected,
    /// It did not answer before the deadline.
    #[error("the node did not answer in time")]
    Timeout,
}

/// What goes out on a node's stream.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Control(ControlMessage),
    Request(pb::Request),
    /// The stream ends for this reason.
    Close(&'static str),
}

/// The replica's end of a stream.
struct Stream {
    facts: NodeFacts,
    out: mpsc::UnboundedSender<Outgoing>,
    /// Dropped with the stream, it ends the reading side too.
    _reader: oneshot::Sender<()>,
    draining: bool,
    /// Whether the database knows that the node is here.
    registered: bool,
}

struct Waiting {
    session: SessionId,
    answer: oneshot::Sender<pb::answer::Body>,
}

struct State {
    machine: Replica,
    streams: HashMap<SessionId, Stream>,
    by_node: HashMap<NodeId, SessionId>,
    tracks: Tracks,
    /// Receipts that the database has not got yet.
    notes: Vec<ReceiptNote>,
    requests: HashMap<u64, Waiting>,
    next_session: u64,
    next_request: u64,
}

/// The fleet of one replica.
pub struct Hub {
    options: Options,
    backing: Arc<dyn Backing>,
    contents: Contents,
    state: Mutex<State>,
    /// There are receipts to write.
    noted: Notify,
    /// A node acknowledged something, or left.
    acked: Notify,
    started: Instant,
    /// Use cases may call from anywhere.
    runtime: tokio::runtime::Handle,
}

impl Hub {
    /// A fleet without nodes; reads the database at once and from then on
    /// until the runtime ends.
    pub fn start(options: Options, backing: Arc<dyn Backing>) -> Arc<Self> {
        let state = State {
            machine: Replica::new(options.timing),
            streams: HashMap::new(),
            by_node: HashMap::new(),
            tracks: Tracks::default(),
            notes: Vec::new(),
            requests: HashMap::new(),
            next_session: 0,
            next_request: 0,
        };
        let hub = Arc::new(Self {
            contents: Contents::new(Arc::clone(&backing), options.content_bytes),
            options,
            backing,
            state: Mutex::new(state),
            noted: Notify::new(),
            acked: Notify::new(),
            started: Instant::now(),
            runtime: tokio::runtime::Handle::current(),
        });
        hub.handle(Event::Tick);
        // The tasks hold the hub weakly, so that it ends with its last user.
        tokio::spawn(tasks::ticks(Arc::downgrade(&hub)));
        tokio::spawn(tasks::signs_of_life(Arc::downgrade(&hub)));
        tokio::spawn(tasks::receipts(Arc::downgrade(&hub)));
        hub
    }

    /// Reads the database whenever `wakeups` changes.
    pub fn follow(self: &Arc<Self>, mut wakeups: watch::Receiver<u64>) {
        let hub = Arc::downgrade(self);
        tokio::spawn(async move {
            while wakeups.changed().await.is_ok() {
                let Some(hub) = hub.upgrade() else { return };
                hub.wake();
            }
        });
    }

    /// How the fleet is run.
    pub fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn backing(&self) -> &Arc<dyn Backing> {
        &self.backing
    }

    // --- for use cases

    /// Perhaps there is a new revision.
    pub fn wake(self: &Arc<Self>) {
        self.handle(Event::Wake);
    }

    /// A release was appended through this replica; it waits for its commit.
    pub fn appended(self: &Arc<Self>, pending: Pending) {
        self.lock().tracks.follow(&pending.stage, pending.release);
        self.handle(Event::Appended(pending));
    }

    /// A release was appended and committed through this replica. Its content
    /// must be the very bytes that the database holds.
    pub fn committed(self: &Arc<Self>, release: Pending, revision: Revision) {
        self.lock().tracks.follow(&release.stage, release.release);
        self.handle(Event::Committed(release, revision));
    }

    /// Follows a release from here on, whether it is known or not.
    pub fn follow_release(
        &self,
        stage: &StageKey,
        release: ReleaseNumber,
    ) -> watch::Receiver<Progress> {
        self.lock().tracks.follow(stage, release)
    }

    /// Follows a release if anything is known of it.
    pub fn watch_release(
        &self,
        stage: &StageKey,
        release: ReleaseNumber,
    ) -> Option<watch::Receiver<Progress>> {
        let mut state = self.lock();
        let known = state.tracks.knows(stage, release);
        known.then(|| state.tracks.follow(stage, release))
    }

    /// Whether every voter of the whole fleet holds these deployments
    /// compiled; false where this replica cannot tell.
    pub fn all_hold(&self, digests: &[Digest]) -> bool {
        self.lock().machine.all_hold(digests)
    }

    /// The connected nodes, each with whether it drains.
    pub fn live_nodes(&self) -> Vec<(LiveNode, bool)> {
        let state = self.lock();
        let draining = |node: &NodeId| {
            let stream = state.by_node.get(node).and_then(|id| state.streams.get(id));
            stream.is_some_and(|stream| stream.draining)
        };
        let nodes = state.machine.live_nodes(self.now());
        nodes.into_iter().map(|live| (live.clone(), draining(&live.node))).collect()
    }

    /// The newest revision that was read.
    pub fn revision(&self) -> Option<Revision> {
        self.lock().machine.world().map(|world| world.revision())
    }

    /// A resource of the world in memory.
    pub(crate) fn resource(&self, name: &ResourceName) -> Option<Arc<[u8]>> {
        let state = self.lock();
        Some(state.machine.world()?.declared().get(name)?.content.clone())
    }

    /// Asks a node.
    ///
    /// # Errors
    /// When it is not connected here or does not answer in time.
    pub async fn request(
        &self,
        node: &NodeId,
        body: pb::request::Body,
        deadline: Duration,
    ) -> Result<pb::answer::Body, RequestError> {
        let (answer, answered) = oneshot::channel();
        let id = {
            let mut state = self.lock();
            let session = *state.by_node.get(node).ok_or(RequestError::NotConnected)?;
            state.next_request += 1;
            let id = state.next_request;
            let deadline_ms = u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX);
            let request = pb::Request { id, deadline_ms, body: Some(body) };
            let stream = state.streams.get(&session).ok_or(RequestError::NotConnected)?;
            stream.out.send(Outgoing::Request(request)).map_err(|_| RequestError::NotConnected)?;
            state.requests.insert(id, Waiting { session, answer });
            id
        };
        let answer = tokio::time::timeout(deadline, answered).await;
        self.lock().requests.remove(&id);
        match answer {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(_)) => Err(RequestError::NotConnected),
            Err(_) => Err(RequestError::Timeout),
        }
    }

    /// Has nodes find content that is in no database, for as long as the
    /// answer is kept.
    pub fn offer(&self, digest: Digest, content: Arc<[u8]>) -> Offer {
        self.contents.offer(digest, content)
    }

    // --- for streams

    /// A deployment's content.
    pub(crate) async fn content(&self, digest: Digest) -> Answer<Option<Arc<[u8]>>> {
        self.contents.get(digest).await
    }

    /// A stream said hello. The receiver resolves when the stream is to end.
    pub(crate) fn open(
        self: &Arc<Self>,
        facts: NodeFacts,
        hello: Hello,
        registered: bool,
        out: mpsc::UnboundedSender<Outgoing>,
    ) -> (SessionId, oneshot::Receiver<()>) {
        let (reader, ended) = oneshot::channel();
        let mut state = self.lock();
        state.next_session += 1;
        let session = SessionId(state.next_session);
        let (node, boot_epoch) = (facts.node.clone(), facts.boot_epoch);
        let stream = Stream { facts, out, _reader: reader, draining: false, registered };
        state.streams.insert(session, stream);
        let before = state.by_node.insert(node.clone(), session);
        let event = Event::Opened { session, node: node.clone(), boot_epoch, hello };
        self.run(&mut state, event);
        if !state.streams.contains_key(&session) {
            // It was refused; the one before it stays.
            match before {
                Some(before) => state.by_node.insert(node, before),
                None => state.by_node.remove(&node),
            };
        }
        (session, ended)
    }

    pub(crate) fn message(self: &Arc<Self>, session: SessionId, message: NodeMessage) {
        let is_ack = matches!(message, NodeMessage::WorldAck(_));
        self.handle(Event::Message(session, message));
        if is_ack {
            self.acked.notify_waiters();
        }
    }

    pub(crate) fn heartbeat(self: &Arc<Self>, session: SessionId, heartbeat: &pb::Heartbeat) {
        let mut state = self.lock();
        if let Some(stream) = state.streams.get_mut(&session) {
            stream.draining = heartbeat.draining;
        }
        self.run(&mut state, Event::Heard(session));
    }

    pub(crate) fn answer(&self, session: SessionId, id: u64, body: pb::answer::Body) {
        let mut state = self.lock();
        let fits = state.requests.get(&id).is_some_and(|waiting| waiting.session == session);
        if let Some(waiting) = fits.then(|| state.requests.remove(&id)).flatten() {
            // Who asked may have given up meanwhile.
            let _gone = waiting.answer.send(body);
        }
    }

    /// A stream ended.
    pub(crate) fn closed(self: &Arc<Self>, session: SessionId) {
        let mut state = self.lock();
        state.requests.retain(|_, waiting| waiting.session != session);
        let stream = state.streams.remove(&session);
        self.run(&mut state, Event::Closed(session));
        self.acked.notify_waiters();
        let Some(node) = stream.map(|stream| stream.facts.node) else { return };
        if state.by_node.get(&node) != Some(&session) {
            return;
        }
        state.by_node.remove(&node);
        drop(state);
        info!(node.id = %node, "node disconnected");
        let backing = Arc::clone(&self.backing);
        self.runtime.spawn(async move {
            if let Err(error) = tasks::timed(backing.node_disconnected(&node)).await {
                warn!(node.id = %node, %error, "cannot note that a node left");
            }
        });
    }

    // --- the machine

    /// Takes in an event and carries out what follows from it.
    pub(crate) fn handle(self: &Arc<Self>, event: Event) {
        self.run(&mut self.lock(), event);
    }

    fn run(self: &Arc<Self>, state: &mut State, event: Event) {
        for effect in state.machine.handle(event, self.now()) {
            self.carry_out(state, effect);
        }
    }

    fn carry_out(self: &Arc<Self>, state: &mut State, effect: Effect) {
        match effect {
            Effect::Send(session, message) => {
                if let Some(stream) = state.streams.get(&session) {
                    // A stream that just broke is told of by its reader.
                    let _gone = stream.out.send(Outgoing::Control(message));
                }
            }
            Effect::Close(session, reason) => {
                state.requests.retain(|_, waiting| waiting.session != session);
                self.acked.notify_waiters();
                if let Some(stream) = state.streams.remove(&session) {
                    info!(node.id = %stream.facts.node, reason, "stream closed");
                    let _gone = stream.out.send(Outgoing::Close(reason));
                }
            }
            Effect::Read { .. }
            | Effect::OpenEpoch(_)
            | Effect::Commit(..)
            | Effect::Reject { .. }
            | Effect::Inquire(..) => {
                let (hub, backing) = (Arc::clone(self), Arc::clone(&self.backing));
                self.runtime.spawn(async move {
                    if let Some(event) = tasks::database(&*backing, effect).await {
                        hub.handle(event);
                    }
                });
            }
            Effect::Record(node, receipt) => self.note(state, ReceiptNote::said(node, receipt)),
            Effect::Asked(node, stage, release) => {
                self.note(state, ReceiptNote::asked(node, stage, release));
            }
            Effect::Settled(stage, release, outcome) => {
                info!(stage = %stage, release = %release, ?outcome, "release settled");
                state.tracks.settle(&stage, release, outcome);
            }
        }
    }

    fn note(&self, state: &mut State, note: ReceiptNote) {
        state.tracks.note(&note);
        state.notes.push(note);
        self.noted.notify_one();
    }

    // --- for the tasks

    /// Waits for receipts to write.
    pub(crate) async fn receipts_noted(&self) {
        self.noted.notified().await;
    }

    pub(crate) fn take_notes(&self) -> Vec<ReceiptNote> {
        std::mem::take(&mut self.lock().notes)
    }

    /// Puts receipts back that could not be written, before newer ones.
    pub(crate) fn put_back(&self, mut notes: Vec<ReceiptNote>, kept: usize) {
        let mut state = self.lock();
        notes.append(&mut state.notes);
        let surplus = notes.len().saturating_sub(kept);
        notes.drain(..surplus);
        state.notes = notes;
        self.noted.notify_one();
    }

    /// The nodes' signs of life, and the nodes that the database has not heard
    /// of since they connected.
    pub(crate) fn signs(&self) -> (Vec<SignOfLife>, Vec<(SessionId, NodeFacts)>) {
        let at = OffsetDateTime::now_utc();
        let signs = self.live_nodes().into_iter().map(|(live, draining)| SignOfLife {
            node: live.node,
            acked: live.acked,
            at: at - Duration::from_millis(live.silent_ms),
            draining,
        });
        let signs = signs.collect();
        let state = self.lock();
        let unknown = state.streams.iter().filter(|(_, stream)| !stream.registered);
        (signs, unknown.map(|(session, stream)| (*session, stream.facts.clone())).collect())
    }

    /// The database has heard of a stream's node, or it has not (`None`): then
    /// the node is not of the fleet and the stream ends.
    pub(crate) fn registered(self: &Arc<Self>, session: SessionId, slot: Option<u32>) {
        let mut state = self.lock();
        let Some(stream) = state.streams.get_mut(&session) else { return };
        if slot.is_some() {
            stream.registered = true;
        } else {
            self.carry_out(&mut state, Effect::Close(session, "the node is not of this fleet"));
        }
    }

    /// The database may have forgotten who is here: tell it of every stream
    /// once more when it is back.
    pub(crate) fn register_again(&self) {
        for stream in self.lock().streams.values_mut() {
            stream.registered = false;
        }
    }

    /// Milliseconds since the start; a clock that never goes back.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
