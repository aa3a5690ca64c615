//! A replica's fleet: runs the core's state machine and carries out what it
//! wants.
//!
//! The machine sits behind a lock that is held for one event at a time, never
//! across an await; effects that need the database become tasks whose ends are
//! events again. So no hop between tasks lies between a node's last receipt
//! and the commit.

mod request;
mod streams;
mod wait;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use gw_fleet_core::{
    replica::{Effect, Event, Pending, Replica, SessionId},
    rollout::Timing,
};
use gw_model::{Digest, NodeId, ReleaseNumber, ResourceName, Revision, StageKey};
use tokio::sync::{Notify, watch};
use tracing::info;

pub use self::request::RequestError;
pub(crate) use self::streams::Outgoing;
use self::{request::Waiting, streams::Stream};
use crate::{
    backing::{Answer, Backing, ReceiptNote},
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

    /// The newest revision that was read.
    pub fn revision(&self) -> Option<Revision> {
        self.lock().machine.world().map(|world| world.revision())
    }

    /// A resource of the world in memory.
    pub(crate) fn resource(&self, name: &ResourceName) -> Option<Arc<[u8]>> {
        let state = self.lock();
        Some(state.machine.world()?.declared().get(name)?.content.clone())
    }

    /// Has nodes find content that is in no database, for as long as the
    /// answer is kept.
    pub fn offer(&self, digest: Digest, content: Arc<[u8]>) -> Offer {
        self.contents.offer(digest, content)
    }

    /// A deployment's content.
    pub(crate) async fn content(&self, digest: Digest) -> Answer<Option<Arc<[u8]>>> {
        self.contents.get(digest).await
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

    /// Milliseconds since the start; a clock that never goes back.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
