//! The environments of one version, and who may use them.

use std::ffi::OsString;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::environment::{Environment, Job, Spec};
use crate::options::LogSink;

/// What all environments share.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) log: LogSink,
    pub(crate) idle: Duration,
    pub(crate) settle: Duration,
    pub(crate) launcher: Vec<OsString>,
    /// Everything ends.
    pub(crate) stop: CancellationToken,
    /// Every task that must have ended before we have.
    pub(crate) tracker: TaskTracker,
}

/// The environments of one version of a function.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) spec: Arc<Spec>,
    pub(crate) home: Arc<Home>,
    /// The code has changed: nobody comes here any more.
    pub(crate) retired: CancellationToken,
    idle: Mutex<Vec<Idle>>,
    ids: AtomicU64,
}

#[derive(Debug)]
struct Idle {
    id: u64,
    jobs: mpsc::Sender<Job>,
}

impl Pool {
    pub(crate) fn new(spec: Spec, home: Arc<Home>) -> Arc<Self> {
        Arc::new(Self {
            spec: Arc::new(spec),
            home,
            retired: CancellationToken::new(),
            idle: Mutex::new(Vec::new()),
            ids: AtomicU64::new(0),
        })
    }

    /// Gives a job to the environment that was used last, or starts one.
    pub(crate) fn take(self: &Arc<Self>, mut job: Job) {
        loop {
            // The warmest first; the others may reach their idle time.
            let Some(idle) = self.idle().pop() else { break };
            match idle.jobs.try_send(job) {
                Ok(()) => return,
                // It has just ended.
                Err(error) => job = error.into_inner(),
            }
        }
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        Environment::start(id, self.clone(), job);
    }

    /// An environment can be used again.
    pub(crate) fn give_back(&self, id: u64, jobs: &mpsc::Sender<Job>) {
        self.idle().push(Idle { id, jobs: jobs.clone() });
    }

    /// An environment wants to end; says whether nobody has taken it meanwhile.
    pub(crate) fn withdraw(&self, id: u64) -> bool {
        let mut idle = self.idle();
        let before = idle.len();
        idle.retain(|idle| idle.id != id);
        idle.len() < before
    }

    /// Ends what waits, now, and what works, afterwards.
    pub(crate) fn retire(&self) {
        self.retired.cancel();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many invocations run, and how many may.
#[derive(Debug)]
pub(crate) struct Limit {
    running: AtomicU32,
    most: AtomicU32,
}

/// The right to run one invocation, until dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    of: Arc<Limit>,
}

impl Limit {
    pub(crate) fn new(most: u32) -> Arc<Self> {
        Arc::new(Self { running: AtomicU32::new(0), most: AtomicU32::new(most) })
    }

    /// From now on so many.
    pub(crate) fn set(&self, most: u32) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// `None` when all are in use.
    pub(crate) fn permit(self: &Arc<Self>) -> Option<Permit> {
        let most = self.most.load(Ordering::Relaxed);
        let one_more = |running| (running < most).then_some(running + 1);
        let granted =
            self.running.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok();
        granted.then(|| Permit { of: self.clone() })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.of.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn permits_are_counted() {
        let limit = Limit::new(2);
        let first = limit.permit().unwrap();
        let _second = limit.permit().unwrap();
        assert!(limit.permit().is_none());
        drop(first);
        assert!(limit.permit().is_some());
        limit.set(0);
        assert!(limit.permit().is_none());
    }
}
