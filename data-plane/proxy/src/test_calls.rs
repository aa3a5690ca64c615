//! Test calls on their way from sync to a core, and back.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use bytes::Bytes;
use gw_pipeline::CoreState;
use gw_sync::{TestAnswer, TestCall, TestLine};
use tokio::sync::{mpsc, oneshot};

/// A call, and where its answer goes.
type Job = (TestCall, oneshot::Sender<TestAnswer>);

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
    pub(crate) fn give(&self, call: TestCall, answer: oneshot::Sender<TestAnswer>) {
        let cores = self.0.cores.lock().unwrap_or_else(PoisonError::into_inner);
        if !cores.is_empty() {
            let at = self.0.next.fetch_add(1, Relaxed) % cores.len();
            // A core that has ended drops it likewise.
            let _ = cores[at].send((call, answer));
        }
    }
}

fn line(line: gw_pipeline::Line) -> TestLine {
    let gw_pipeline::Line { at, text, is_step } = line;
    TestLine { at, text, is_step }
}

/// Runs a call beside the core's requests, for as long as somebody waits.
pub(crate) async fn run(core: &CoreState, (call, mut answer): Job) {
    let TestCall { stage, resource_id, method, path_with_query, headers, body } = call;
    let call = gw_pipeline::TestCall { stage, resource_id, method, path_with_query, headers, body };
    let tested = tokio::select! {
        tested = gw_pipeline::test_call(core, &call) => tested,
        () = answer.closed() => return,
    };
    // The stage is let go first: whoever gets the answer may free it.
    drop(call);
    let headers = tested
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), Bytes::copy_from_slice(value.as_bytes())));
    let told = TestAnswer {
        request_id: tested.request_id,
        status: tested.status,
        headers: headers.collect(),
        body: tested.body,
        log: tested.log.into_iter().map(line).collect(),
        latency: tested.latency,
    };
    // The caller may have gone at this very moment.
    let _ = answer.send(told);
}
