//! Test calls on their way from sync to a core, and back.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use gw_pipeline::CoreState;
use gw_snapshot::{TestCall, Tested};
use tokio::sync::{mpsc, oneshot};

/// A call, and where its answer goes.
type Job = (TestCall, oneshot::Sender<Tested>);

/// Spreads test calls over the cores. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestCalls(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    cores: Mutex<Vec<mpsc::UnboundedSender<Job>>>,
    next: AtomicUsize,
}

/// A core's end of [`TestCalls`].
pub(crate) type NewTestCalls = mpsc::UnboundedReceiver<Job>;

impl TestCalls {
    /// One core's share of the calls from now on.
    pub(crate) fn subscribe(&self) -> NewTestCalls {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.0.cores.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    /// Gives a call to the next core. Before there are cores it is dropped,
    /// and its caller told so.
    pub(crate) fn give(&self, call: TestCall, answer: oneshot::Sender<Tested>) {
        let cores = self.0.cores.lock().unwrap_or_else(PoisonError::into_inner);
        if !cores.is_empty() {
            let at = self.0.next.fetch_add(1, Relaxed) % cores.len();
            // A core that has ended drops it likewise.
            let _ = cores[at].send((call, answer));
        }
    }
}

/// Runs a call beside the core's requests, for as long as somebody waits.
pub(crate) async fn run(core: &CoreState, (call, mut answer): Job) {
    let tested = tokio::select! {
        tested = gw_pipeline::test_call(core, &call) => tested,
        () = answer.closed() => return,
    };
    // The stage is let go first: whoever gets the answer may free it.
    drop(call);
    // The caller may have gone at this very moment.
    let _ = answer.send(tested);
}
