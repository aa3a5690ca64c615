//! Counters of one core, summed over all cores when somebody reads them.

use std::sync::atomic::{AtomicU64, Ordering};

/// Written by one core only, so that adding needs no locked instruction;
/// readable from any thread.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Counters {
    requests: AtomicU64,
    client_errors: AtomicU64,
    server_errors: AtomicU64,
    gateway_responses: AtomicU64,
    untold_refusals: AtomicU64,
    latency_us: AtomicU64,
    integrations: AtomicU64,
    integration_latency_us: AtomicU64,
    /// How many answers took less than 2^i microseconds, but not less than half.
    latency_buckets: [AtomicU64; LATENCY_BUCKETS],
}

/// Buckets of the latency histogram: the last one has no upper bound.
pub const LATENCY_BUCKETS: usize = 28;

/// What all cores have counted together, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests answered.
    pub requests: u64,
    /// Of those, with a status of 400 to 499.
    pub client_errors: u64,
    /// Of those, with a status of 500 to 599.
    pub server_errors: u64,
    /// Of those, answered by a gateway response.
    pub gateway_responses: u64,
    /// Gateway responses of class 5xx that the log does not tell, as there were
    /// too many at once.
    pub untold_refusals: u64,
    /// Microseconds from a request's head to its answer's head, summed.
    pub latency_us: u64,
    /// Calls to backends that got an answer.
    pub integrations: u64,
    /// Microseconds from the call to the head of the answer, summed.
    pub integration_latency_us: u64,
    /// Answers by latency: bucket i counts those of less than 2^i microseconds
    /// that bucket i - 1 does not count.
    pub latency_buckets: [u64; LATENCY_BUCKETS],
}

impl Counters {
    /// The sums over `cores`.
    pub fn total<'a>(cores: impl IntoIterator<Item = &'a Self>) -> Totals {
        let mut sum = Totals::default();
        for core in cores {
            let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            sum.requests += get(&core.requests);
            sum.client_errors += get(&core.client_errors);
            sum.server_errors += get(&core.server_errors);
            sum.gateway_responses += get(&core.gateway_responses);
            sum.untold_refusals += get(&core.untold_refusals);
            sum.latency_us += get(&core.latency_us);
            sum.integrations += get(&core.integrations);
            sum.integration_latency_us += get(&core.integration_latency_us);
            for (sum, bucket) in sum.latency_buckets.iter_mut().zip(&core.latency_buckets) {
                *sum += get(bucket);
            }
        }
        sum
    }

    pub(crate) fn answered(&self, status: http::StatusCode, latency_us: u64) {
        add(&self.requests, 1);
        add(&self.latency_us, latency_us);
        let bits = usize::try_from(u64::BITS - latency_us.leading_zeros()).unwrap_or_default();
        add(&self.latency_buckets[bits.min(LATENCY_BUCKETS - 1)], 1);
        if status.is_client_error() {
            add(&self.client_errors, 1);
        } else if status.is_server_error() {
            add(&self.server_errors, 1);
        }
    }

    pub(crate) fn rescued(&self) {
        add(&self.gateway_responses, 1);
    }

    pub(crate) fn untold(&self) {
        add(&self.untold_refusals, 1);
    }

    pub(crate) fn integrated(&self, latency_us: u64) {
        add(&self.integrations, 1);
        add(&self.integration_latency_us, latency_us);
    }
}

/// Not atomic as a whole, and need not be: there is one writer.
fn add(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
}
