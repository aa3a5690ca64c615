//! What sync asks of this process.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use gw_listen::Stats;
use gw_pipeline::Counters;
use gw_sync::Load;
use tokio::sync::mpsc;

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

pub(crate) struct Hooks {
    serving: Arc<Serving>,
    events: mpsc::UnboundedSender<Event>,
}

impl Hooks {
    pub(crate) fn new(serving: Arc<Serving>, events: mpsc::UnboundedSender<Event>) -> Self {
        Self { serving, events }
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
