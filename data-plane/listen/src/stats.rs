//! What one core counts. Only the core itself writes; anyone may read.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that one thread writes and others read.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// The present value.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// Adds from the one thread that writes: a load and a store, no locked
    /// instruction.
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    /// Takes away, from the one thread that writes.
    pub fn sub(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_sub(n), Relaxed);
    }
}

/// Counters of one core's connections. Aligned so that two cores never write
/// to one cache line.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Stats {
    /// Connections open now.
    pub open: Count,
    /// Connections accepted so far.
    pub accepted: Count,
    /// TLS handshakes that failed or took too long.
    pub handshakes_failed: Count,
    /// Connections ended for a fault of the client: malformed, too slow, too large.
    pub client_faults: Count,
    /// Requests refused before the service saw them.
    pub refused: Count,
    /// Connections cut at the drain deadline.
    pub cut: Count,
}
