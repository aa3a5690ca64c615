//! What sync asks of this process.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
    time::Duration,
};

use gw_listen::Stats;
use gw_pipeline::{AwsSettings, BodyBudget, Counters, OffloadPool};
use gw_snapshot::{CompiledStage, TestCall, Tested, World};
use gw_sync::Load;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::test_calls::TestCalls;

/// What makes the node act, other than requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The control plane asks for a drain after this delay.
    Drain(Duration),
    /// The certificate of the fleet's CA is new.
    CertificateChanged,
}

/// Numbers that exist once the node serves.
#[derive(Debug, Default)]
pub(crate) struct Serving {
    pub(crate) counters: Vec<Arc<Counters>>,
    pub(crate) stats: OnceLock<Vec<Arc<Stats>>>,
    pub(crate) draining: std::sync::atomic::AtomicBool,
    pub(crate) body_budget: BodyBudget,
    pub(crate) offload: OffloadPool,
}

impl Serving {
    pub(crate) fn stats(&self) -> &[Arc<Stats>] {
        self.stats.get().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn open_connections(&self) -> u64 {
        self.stats().iter().map(|stats| stats.open.get()).sum()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// Names of backends for the cores to look up ahead of requests.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    sender: broadcast::Sender<Arc<[Box<str>]>>,
    aws: Arc<AwsSettings>,
}

/// A core's end of [`Names`].
pub(crate) type NewNames = broadcast::Receiver<Arc<[Box<str>]>>;

/// Batches of names that may wait for a core; what is beyond is looked up by
/// the first request.
const WAITING_NAMES: usize = 256;

/// Names of a whole world that are looked up at its start.
const MAX_NAMES_OF_WORLD: usize = 1024;

impl Names {
    /// `aws` tells where the calls of AWS go.
    pub(crate) fn new(aws: Arc<AwsSettings>) -> Self {
        Self { sender: broadcast::channel(WAITING_NAMES).0, aws }
    }

    /// Where the calls of AWS go.
    pub(crate) fn aws(&self) -> &Arc<AwsSettings> {
        &self.aws
    }

    /// What is said from now on.
    pub(crate) fn subscribe(&self) -> NewNames {
        self.sender.subscribe()
    }

    /// Tells the names of a stage.
    fn tell(&self, stage: &CompiledStage) {
        let names = gw_pipeline::names_to_resolve(stage, &self.aws);
        // Before there are cores nobody looks anything up.
        if self.sender.receiver_count() > 0 {
            self.send(names.into_iter().collect());
        }
    }

    /// Tells the names of a world that was there before the cores were.
    pub(crate) fn tell_world(&self, world: &World) {
        let mut names = BTreeSet::new();
        for stage in world.stages() {
            names.append(&mut gw_pipeline::names_to_resolve(stage, &self.aws));
            if names.len() >= MAX_NAMES_OF_WORLD {
                break;
            }
        }
        self.send(names.into_iter().take(MAX_NAMES_OF_WORLD).collect());
    }

    fn send(&self, names: Arc<[Box<str>]>) {
        if !names.is_empty() {
            // Without cores there are no requests either.
            let _ = self.sender.send(names);
        }
    }
}

pub(crate) struct Hooks {
    serving: Arc<Serving>,
    events: mpsc::UnboundedSender<Event>,
    names: Names,
    test_calls: TestCalls,
}

impl Hooks {
    pub(crate) fn new(
        serving: Arc<Serving>,
        events: mpsc::UnboundedSender<Event>,
        names: Names,
        test_calls: TestCalls,
    ) -> Self {
        Self { serving, events, names, test_calls }
    }
}

impl gw_sync::Hooks for Hooks {
    fn load(&self) -> Load {
        let totals = Counters::total(self.serving.counters.iter().map(Arc::as_ref));
        Load {
            requests_total: totals.requests,
            open_connections: self.serving.open_connections(),
            resident_bytes: resident_bytes(),
            draining: self.serving.is_draining(),
        }
    }

    fn drain(&self, delay: Duration) {
        // Without a receiver the node is on its way out already.
        let _ = self.events.send(Event::Drain(delay));
    }

    fn test_call(&self, call: TestCall, answer: oneshot::Sender<Tested>) {
        self.test_calls.give(call, answer);
    }

    fn prepared(&self, stage: &CompiledStage) {
        self.names.tell(stage);
    }

    fn certificate_changed(&self) {
        let _ = self.events.send(Event::CertificateChanged);
    }
}

/// Memory that the process occupies; 0 where the system does not tell.
pub(crate) fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}
