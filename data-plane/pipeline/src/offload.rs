//! Threads for work that would hold up a core: templates over large bodies,
//! and large bodies that are compressed.
//!
//! The threads are the node's, not a core's; they start when there is
//! something to do. What waits is bounded: a node that has more to do than it
//! can says so (503) instead of falling behind.

use std::{
    collections::VecDeque,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use bytes::Bytes;
use gw_model::GatewayResponseType as Type;
use gw_snapshot::GatewayError;
use tokio::sync::oneshot;

use crate::{
    CoreState,
    rescue::{Refusal, busy},
};

/// Bodies up to this size are worked on where they are; in bytes.
pub(crate) const SMALL: usize = 64 << 10;

/// Steps of a template on the core; one that wants more begins anew on a
/// thread.
pub(crate) const STEPS_ON_CORE: u64 = 20_000;

type Job = Box<dyn FnOnce() + Send>;

/// The threads of a node; copies are the same threads. They end when the last
/// copy is dropped.
#[derive(Clone)]
pub struct OffloadPool(Arc<Handle>);

/// Ends the threads when dropped.
struct Handle(Arc<Shared>);

struct Shared {
    max_threads: usize,
    max_waiting: usize,
    state: Mutex<State>,
    /// Told of a new job and of the end.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    threads: usize,
    idle: usize,
    is_closed: bool,
}

impl OffloadPool {
    /// At most `threads` threads (at least one), for which at most `waiting`
    /// jobs wait.
    pub fn new(threads: usize, waiting: usize) -> Self {
        Self(Arc::new(Handle(Arc::new(Shared {
            max_threads: threads.max(1),
            max_waiting: waiting.max(1),
            state: Mutex::default(),
            changed: Condvar::new(),
        }))))
    }

    /// The jobs that wait for a thread.
    pub fn waiting(&self) -> usize {
        self.0.0.lock().waiting.len()
    }

    /// False if too many wait already.
    fn push(&self, job: Job) -> bool {
        let shared = &self.0.0;
        let mut state = shared.lock();
        if state.waiting.len() >= shared.max_waiting {
            return false;
        }
        if state.waiting.len() >= state.idle && state.threads < shared.max_threads {
            let worker = Arc::clone(shared);
            let name = format!("gw-offload-{}", state.threads);
            match thread::Builder::new().name(name).spawn(move || worker.work()) {
                Ok(_) => state.threads += 1,
                Err(_) if state.threads > 0 => {}
                Err(error) => {
                    tracing::error!(%error, "cannot start a thread for large bodies");
                    return false;
                }
            }
        }
        state.waiting.push_back(job);
        drop(state);
        shared.changed.notify_one();
        true
    }
}

impl Default for OffloadPool {
    /// A thread for each processor.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, Into::into);
        Self::new(processors, 64 * processors)
    }
}

impl fmt::Debug for OffloadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OffloadPool({} threads)", self.0.0.max_threads)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Jobs run outside the lock, so that none can leave it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.waiting.pop_front() {
                drop(state);
                // Whoever waits for it learns by its sender's end.
                let _ = catch_unwind(AssertUnwindSafe(job));
                state = self.lock();
            } else if state.is_closed {
                return;
            } else {
                state.idle += 1;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            }
        }
    }
}

impl CoreState {
    /// Has another thread do it.
    ///
    /// # Errors
    /// 503 if too much waits already; 500 if it panics, which has been
    /// logged.
    pub(crate) async fn offload<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (sender, receiver) = oneshot::channel();
        let job = move || {
            // A client that has gone does not wait for it any more.
            if !sender.is_closed() {
                let _ = sender.send(job());
            }
        };
        if !self.config.offload.push(Box::new(job)) {
            return Err(busy());
        }
        receiver.await.map_err(|_| Box::new(GatewayError::of(Type::Default5xx)))
    }

    /// What `work` makes of a body: here, or on another thread if it is large.
    ///
    /// # Errors
    /// As [`offload`](Self::offload).
    pub(crate) async fn made_of<T: Send + 'static>(
        &self,
        body: &Bytes,
        work: fn(&[u8]) -> T,
    ) -> Result<T, Refusal> {
        if body.len() <= SMALL {
            return Ok(work(body));
        }
        let body = body.clone();
        self.offload(move || work(&body)).await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn jobs_run_overflow_and_panic_without_harm() {
        let pool = OffloadPool::new(1, 2);
        let (hold, held) = mpsc::channel::<()>();
        let (started, is_started) = mpsc::channel();
        assert!(pool.push(Box::new(move || {
            started.send(()).unwrap();
            let _ = held.recv();
            panic!("on purpose");
        })));
        is_started.recv().unwrap();
        let (done, is_done) = mpsc::channel();
        for number in 0..2 {
            let done = done.clone();
            assert!(pool.push(Box::new(move || done.send(number).unwrap())));
        }
        assert!(!pool.push(Box::new(|| {})), "two wait");
        assert_eq!(pool.waiting(), 2);
        drop(hold);
        assert_eq!((is_done.recv().unwrap(), is_done.recv().unwrap()), (0, 1));
    }

    #[test]
    fn threads_end_with_the_pool() {
        let pool = OffloadPool::new(2, 8);
        let shared = Arc::downgrade(&pool.0.0);
        let (done, is_done) = mpsc::channel();
        assert!(pool.push(Box::new(move || done.send(()).unwrap())));
        is_done.recv().unwrap();
        drop(pool);
        // The thread lets go of it when it ends.
        while shared.strong_count() > 0 {
            thread::yield_now();
        }
    }
}
