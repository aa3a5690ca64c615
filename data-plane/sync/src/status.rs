//! What a node knows of itself, for metrics, readiness and `DescribeNode`.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use gw_model::Revision;

/// A moment's view of a node.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// The node's id, once it has joined.
    pub node_id: Option<String>,
    /// The small number given by the control plane at the last contact.
    pub slot: Option<u32>,
    /// The node may get traffic: it has served a world from disk, or has once
    /// served all that its control plane declared. Stays true.
    pub ready: bool,
    /// Where the world stands; `None` before the first one.
    pub revision: Option<Revision>,
    /// The world was read from disk and has not been confirmed since.
    pub from_disk: bool,
    /// A stream to a control plane is up and has welcomed the node.
    pub connected: bool,
    /// The replica at the other end, while connected.
    pub replica: Option<String>,
    /// Since when no control plane is in reach, while not connected.
    pub offline_since: Option<SystemTime>,
    /// How often a stream was set up.
    pub connections: u64,
    /// Why the last attempt or stream ended.
    pub last_error: Option<String>,
    /// Why the last write of the world failed; `None` when the last one did not.
    pub disk_error: Option<String>,
    /// Changes handed to the disk thread that are not on disk yet: what a
    /// node that is killed now would have to learn again.
    pub disk_backlog: u64,
    /// Stages that are served.
    pub stages: u64,
    /// Stages that do not serve their declared release yet, and for which
    /// something is still being tried.
    pub stages_pending: u64,
    /// Deployments held compiled.
    pub compiled_deployments: u64,
    /// Estimated memory of them.
    pub compiled_bytes: u64,
    /// Deployments compiled since the start, and how many of them had faults.
    pub compiled_total: u64,
    /// Compilations that ended in a fault.
    pub compile_faults: u64,
    /// Time of the last compilation, in microseconds.
    pub last_compile_us: u64,
    /// Worlds swapped in since the start.
    pub swaps: u64,
    /// Facts beside stages whose content could not be read.
    pub unreadable_facts: u64,
    /// Deltas thrown away because they led to another root digest.
    pub resyncs: u64,
    /// When the node's certificate ends.
    pub certificate_not_after: Option<SystemTime>,
    /// When the certificate ends that the fleet's CA gave for clients to see.
    pub traffic_certificate_not_after: Option<SystemTime>,
    /// When the node started.
    pub started_at: Option<SystemTime>,
}

/// The status, shared between the sync thread and whoever reads it. No
/// serving core does, so that a lock is fine.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Status>>);

impl Shared {
    pub(crate) fn read(&self) -> Status {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
