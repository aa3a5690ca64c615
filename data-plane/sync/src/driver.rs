//! Runs the node's state machine: events in, effects out.
//!
//! Everything that decides is in `gw_fleet_core::node`; this moves bytes for
//! it. Events that wait together are taken in together, so that a thousand
//! stages that finish compiling at once are one swap. Within such a batch the
//! order is: swap, hand over to the disk, then speak. A receipt `SERVING` or
//! the acknowledgement of a world therefore says that requests meet it; it
//! does not say that the world is on disk already.

mod faults;
mod fetches;
mod inputs;
mod stages;
mod talk;

pub(crate) use inputs::Input;

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use gw_fleet_core::{
    message::{ControlMessage, Fault, NodeMessage},
    node::{CompileId, Effect, Event, NodeSync, Persist},
};
use gw_model::Digest;
use tokio::sync::{mpsc, watch};

use self::{faults::Faults, fetches::Fetches, stages::Stages, talk::Talk};
use crate::{
    Hooks,
    compile::{AtHand, Cache, Compiler, Done, Job as CompileJob, within_limit},
    convert::Incoming,
    disk::{Disk, Job as DiskJob},
    link, status,
    test_call::TestCalls,
};

/// How many events are taken in before the swap.
const BATCH: usize = 256;

/// How often time passes for the state machine.
const TICK: Duration = Duration::from_secs(1);

/// How long a node that shuts down waits for its disk.
const FLUSH_WITHIN: Duration = Duration::from_secs(5);

/// How often stages on their way are counted while work is under way.
const COUNT_EVERY: Duration = Duration::from_millis(200);

/// A new node gets traffic after this long, even if some of its first world's
/// stages are not there yet.
const READY_AFTER: Duration = Duration::from_secs(30);

/// What a driver works with.
pub(crate) struct Parts {
    pub(crate) hooks: Arc<dyn Hooks>,
    pub(crate) status: status::Shared,
    pub(crate) world: crate::WorldHandle,
    pub(crate) compiler: Compiler,
    pub(crate) cache: Cache,
    pub(crate) at_hand: Arc<AtHand>,
    pub(crate) disk: Disk,
    pub(crate) reclaimer: crate::reclaim::Reclaimer,
    pub(crate) max_deployment_bytes: u64,
    pub(crate) about: crate::convert::About,
    pub(crate) inputs: mpsc::UnboundedReceiver<Input>,
    pub(crate) input: mpsc::UnboundedSender<Input>,
}

/// The driver; lives on the sync thread.
pub(crate) struct Driver {
    machine: NodeSync,
    stages: Stages,
    fetches: Fetches,
    faults: Faults,
    talk: Talk,
    compiler: Compiler,
    tests: TestCalls,
    cache: Cache,
    at_hand: Arc<AtHand>,
    disk: Disk,
    status: status::Shared,
    max_deployment_bytes: u64,
    inputs: mpsc::UnboundedReceiver<Input>,
    /// Events that effects led to at once.
    again: VecDeque<Event>,
    persists: Vec<Persist>,
    sends: Vec<NodeMessage>,
    /// Compilations under way.
    compiling: usize,
    /// When the first world was there.
    world_since: Option<Instant>,
    /// Stages on their way, and when they were counted.
    pending: usize,
    counted: Option<Instant>,
}

impl Driver {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { hooks, status, world, compiler, cache, at_hand, disk, .. } = parts;
        let tests = TestCalls::new(
            Arc::clone(&hooks),
            compiler.tests(),
            cache.clone(),
            (Arc::clone(&at_hand), Arc::clone(disk.contents())),
            parts.reclaimer.clone(),
            parts.max_deployment_bytes,
        );
        Self {
            tests,
            machine: NodeSync::new(gw_fleet_core::node::Limits::default()),
            stages: Stages::new(world, parts.reclaimer),
            fetches: Fetches::new(parts.input, parts.max_deployment_bytes),
            faults: Faults::default(),
            talk: Talk::new(hooks, parts.about),
            compiler,
            cache,
            at_hand,
            disk,
            status,
            max_deployment_bytes: parts.max_deployment_bytes,
            inputs: parts.inputs,
            again: VecDeque::new(),
            persists: Vec::new(),
            sends: Vec::new(),
            compiling: 0,
            world_since: None,
            pending: 0,
            counted: None,
        }
    }

    /// Serves until `shutdown` turns true or its sender is gone.
    pub(crate) async fn run(
        mut self,
        mut link: mpsc::Receiver<link::Event>,
        mut shutdown: watch::Receiver<bool>,
    ) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let heartbeat = self.talk.next_heartbeat();
            tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => break,
                Some(event) = link.recv() => {
                    self.line(event);
                    for _ in 1..BATCH {
                        let Ok(event) = link.try_recv() else { break };
                        self.line(event);
                    }
                }
                Some(input) = self.inputs.recv() => {
                    self.input(input);
                    for _ in 1..BATCH {
                        let Ok(input) = self.inputs.try_recv() else { break };
                        self.input(input);
                    }
                }
                () = tokio::time::sleep_until(heartbeat) => self.talk.heartbeat(),
                _ = tick.tick() => self.tick(),
            }
            self.flush();
        }
        self.disk.close(FLUSH_WITHIN);
    }

    /// Takes in an event and all that follows from it at once.
    fn handle(&mut self, event: Event) {
        self.again.push_back(event);
        while let Some(event) = self.again.pop_front() {
            for effect in self.machine.handle(event, now_ms()) {
                self.carry_out(effect);
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Send(message) => self.sends.push(message),
            Effect::Apply(apply) => self.stages.apply(apply),
            Effect::Persist(persist) => self.persists.push(persist),
            Effect::Compile { id, stage, release } => {
                self.compiling += 1;
                self.compiler.submit(CompileJob { id, stage, release });
            }
            Effect::Discard(id) => self.discard(id),
            Effect::Fetch(digest) => self.fetch(digest),
        }
    }

    fn discard(&mut self, id: CompileId) {
        if !self.stages.discard(id) {
            self.compiler.skip(id);
        }
    }

    /// Content is at hand, on disk, or on its way from the control plane.
    fn fetch(&mut self, digest: Digest) {
        let found = match self.disk.contents().size(digest) {
            Some(bytes) => Some(within_limit(digest, bytes, self.max_deployment_bytes)),
            None => self.at_hand.get(digest).map(|_| Ok(())),
        };
        let result = match found {
            Some(result) => result,
            None if self.talk.is_up() => return self.fetches.start(digest),
            None => Err(Fault::resource(format!(
                "deployment {digest} is not on disk and no control plane is in reach"
            ))),
        };
        self.again.push_back(Event::Fetched { digest, result });
    }

    fn input(&mut self, input: Input) {
        match input {
            Input::Compiled(Done { id, result }) => {
                self.compiling = self.compiling.saturating_sub(1);
                self.compiler.answered(id);
                let result = result.map(|(compilation, staged)| {
                    self.talk.prepared(&staged.stage);
                    self.stages.stage(id, staged);
                    compilation
                });
                self.handle(Event::Compiled { id, result });
            }
            Input::Skipped(id) => {
                self.compiling = self.compiling.saturating_sub(1);
                tracing::trace!(id = id.0, "compilation left out");
            }
            Input::Fetched { digest, result } => {
                let result = self.fetches.ended(digest, result).map(|content| {
                    self.at_hand.put(digest, Arc::clone(&content));
                    self.disk.submit(DiskJob::Content(digest, content));
                });
                self.handle(Event::Fetched { digest, result });
            }
        }
    }

    fn line(&mut self, event: link::Event) {
        match event {
            link::Event::Up { node_id, outgoing, channel } => {
                self.talk.up(node_id, outgoing);
                self.fetches.set_channel(Some(channel));
                self.handle(Event::Connected);
            }
            link::Event::Down(reason) => {
                self.talk.down();
                self.fetches.set_channel(None);
                if self.machine.is_connected() {
                    self.handle(Event::Disconnected);
                }
                self.status.update(|status| {
                    status.connected = false;
                    status.replica = None;
                    status.offline_since.get_or_insert_with(SystemTime::now);
                    status.last_error = Some(reason);
                });
            }
            link::Event::Message(Incoming::Core(message)) => {
                let event = match message {
                    ControlMessage::Delta(delta) => Event::Delta(delta),
                    ControlMessage::Prepare(prepare) => Event::Prepare(prepare),
                    ControlMessage::Abandon(abandon) => Event::Abandon(abandon),
                };
                self.handle(event);
            }
            link::Event::Message(Incoming::Welcome(welcome)) => {
                self.talk.welcome(&welcome);
                self.status.update(|status| {
                    status.connected = true;
                    status.connections += 1;
                    status.slot = Some(welcome.slot);
                    status.replica = Some(welcome.replica);
                    status.offline_since = None;
                    status.last_error = None;
                });
            }
            link::Event::Message(Incoming::Request(request)) => {
                // What was said before the request counts for its answer.
                self.flush();
                let channel = self.fetches.channel();
                self.talk.answer(request, &self.machine, &self.status, |call, deadline, say| {
                    self.tests.start(call, deadline, channel, say);
                });
            }
            link::Event::Message(Incoming::Unknown) => {
                tracing::debug!("a message of a kind that this build does not know");
            }
        }
    }

    fn tick(&mut self) {
        self.handle(Event::Tick);
        self.write_afresh();
        if self.disk.wants_collection() {
            self.disk.submit(DiskJob::Collect(self.machine.wanted()));
        }
        self.show();
    }

    /// Carries out what a batch led to.
    fn flush(&mut self) {
        let swapped = self.stages.flush();
        let persisted = !self.persists.is_empty();
        for persist in self.persists.drain(..) {
            self.disk.submit(DiskJob::Persist(persist));
        }
        // A failing disk is asked again by the tick, not by every change.
        if persisted && self.disk.error().is_none() {
            self.write_afresh();
        }
        let spoken = !self.sends.is_empty();
        for message in self.sends.drain(..) {
            if let NodeMessage::WorldAck(ack) = &message
                && !ack.accepted
            {
                self.status.update(|status| status.resyncs += 1);
            }
            if let NodeMessage::Receipt(receipt) = &message {
                self.faults.tell(receipt);
            }
            self.talk.send(message);
        }
        for digest in self.cache.take_evicted() {
            self.handle(Event::Evicted(digest));
        }
        if swapped || persisted || spoken {
            self.show();
        }
    }

    /// Begins a log segment with the whole world, when the disk asks for it.
    fn write_afresh(&self) {
        if self.machine.revision().is_some()
            && self.disk.take_wants_rewrite()
            && let Some(world) = self.machine.saved()
        {
            self.disk.submit(DiskJob::Rewrite(world, self.machine.root()));
        }
    }

    /// Counts the stages that are on their way, which takes a look at each of
    /// them: not after every batch of a large sync.
    fn count_pending(&mut self) {
        let in_flight = self.compiling + self.fetches.under_way();
        if in_flight > 0 && self.counted.is_some_and(|at| at.elapsed() < COUNT_EVERY) {
            return;
        }
        self.counted = Some(Instant::now());
        self.pending = self.machine.pending_count();
    }

    /// Whether a first sync is over. A deployment that cannot be fetched must
    /// not keep a new node from traffic for ever.
    fn is_ready(&mut self) -> bool {
        if self.machine.revision().is_none() {
            return false;
        }
        let since = *self.world_since.get_or_insert_with(Instant::now);
        let in_flight = self.compiling + self.fetches.under_way();
        (self.pending == 0 && in_flight == 0) || since.elapsed() > READY_AFTER
    }

    fn show(&mut self) {
        self.count_pending();
        let ready = self.is_ready();
        let totals = self.cache.totals();
        let disk_error = self.disk.error();
        self.status.update(|status| {
            status.ready |= ready;
            status.revision = self.machine.revision();
            status.from_disk &= !status.connected;
            status.disk_error = disk_error;
            status.stages = self.stages.served() as u64;
            status.stages_pending = self.pending as u64;
            status.swaps = self.stages.swaps();
            status.unreadable_facts = self.stages.unreadable_facts();
            status.compiled_deployments = totals.deployments;
            status.compiled_bytes = totals.bytes;
            status.compiled_total = totals.compiled;
            status.compile_faults = totals.faults;
            status.last_compile_us = totals.last_compile_us;
        });
    }
}

fn now_ms() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since_epoch.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
