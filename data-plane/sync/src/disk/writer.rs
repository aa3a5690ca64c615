//! The thread that writes: the sync thread never waits for a disk.

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use gw_fleet_core::node::{Persist, SavedWorld};
use gw_model::{Digest, RootDigest};

use super::{Contents, Error, Store};
use crate::status;

/// What there is to do.
pub(crate) enum Job {
    /// Store a deployment's content.
    Content(Digest, Arc<[u8]>),
    /// Append a change of the world.
    Persist(Persist),
    /// Write the whole world afresh.
    Rewrite(SavedWorld, RootDigest),
    /// Drop contents that are neither wanted nor within the budget.
    Collect(BTreeSet<Digest>),
    /// Answer once everything before this is done.
    Flush(mpsc::SyncSender<()>),
}

/// The thread, and what it says of itself.
pub(crate) struct Disk {
    jobs: mpsc::Sender<Job>,
    shared: Arc<Shared>,
    status: status::Shared,
    contents: Arc<Contents>,
    thread: thread::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    wants_rewrite: AtomicBool,
    /// Contents may grow to this before a collection is worth its while.
    collect_above: AtomicU64,
    error: Mutex<Option<String>>,
}

impl Disk {
    /// Starts the thread. It holds `lock` as long as it may write; `status`
    /// tells how much of what it was handed is not written yet.
    pub(crate) fn start(
        store: Store,
        retained_bytes: u64,
        lock: File,
        status: status::Shared,
    ) -> io::Result<Self> {
        let (jobs, receiver) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        shared.wants_rewrite.store(true, Ordering::Relaxed);
        shared.collect_above.store(retained_bytes, Ordering::Relaxed);
        let contents = Arc::clone(store.contents());
        let writer =
            Writer { store, retained_bytes, shared: Arc::clone(&shared), status: status.clone() };
        let run = move || {
            writer.run(&receiver);
            drop(lock);
        };
        let thread = thread::Builder::new().name("gw-disk".to_owned()).spawn(run)?;
        Ok(Self { jobs, shared, status, contents, thread })
    }

    /// Hands over a job; jobs are done in this order.
    pub(crate) fn submit(&self, job: Job) {
        self.status.update(|status| status.disk_backlog += 1);
        // The receiver lives as long as this sender, unless the thread died;
        // then the world is served from memory, and the status says so.
        if self.jobs.send(job).is_err() {
            self.shared.say(Some("the disk thread has ended".to_owned()));
        }
    }

    /// Whether the log should be written afresh: there is none yet, most of
    /// it is out of date, or a write failed. Asked for once at a time.
    pub(crate) fn take_wants_rewrite(&self) -> bool {
        self.shared.wants_rewrite.swap(false, Ordering::AcqRel)
    }

    /// Whether former contents may exceed their budget.
    pub(crate) fn wants_collection(&self) -> bool {
        self.contents.total_bytes() > self.shared.collect_above.load(Ordering::Acquire)
    }

    /// Why the last write failed, if it did.
    pub(crate) fn error(&self) -> Option<String> {
        self.shared.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The deployments' contents.
    pub(crate) fn contents(&self) -> &Arc<Contents> {
        &self.contents
    }

    /// Lets everything submitted so far be done, and ends the thread. After
    /// `within` the thread is left to end by itself.
    pub(crate) fn close(self, within: Duration) {
        let (done, wait) = mpsc::sync_channel(1);
        self.submit(Job::Flush(done));
        let Self { jobs, thread, .. } = self;
        drop(jobs);
        if wait.recv_timeout(within).is_ok() && thread.join().is_err() {
            tracing::error!("the disk thread panicked");
        }
    }
}

impl Shared {
    fn say(&self, error: Option<String>) {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}

struct Writer {
    store: Store,
    retained_bytes: u64,
    shared: Arc<Shared>,
    status: status::Shared,
}

impl Writer {
    fn run(mut self, jobs: &mpsc::Receiver<Job>) {
        let mut changes = Vec::new();
        while let Ok(first) = jobs.recv() {
            // Changes that wait together share their syncs.
            let mut done = 0;
            for job in std::iter::once(first).chain(jobs.try_iter()) {
                done += 1;
                match job {
                    Job::Persist(change) => changes.push(change),
                    Job::Content(digest, content) => {
                        let stored = self.store.contents().put(digest, &content);
                        self.note(stored, false);
                    }
                    other => {
                        self.append(&mut changes);
                        self.other(other);
                    }
                }
            }
            self.append(&mut changes);
            self.status.update(|status| status.disk_backlog -= done);
        }
    }

    fn append(&mut self, changes: &mut Vec<Persist>) {
        // Without a segment the changes are lost on purpose: a rewrite, which
        // the driver is asked for, will contain them.
        if !changes.is_empty() && self.store.is_open() {
            let done = self.store.append(changes);
            let failed = done.is_err();
            self.note(done, true);
            if failed || self.store.wants_rewrite() {
                self.shared.wants_rewrite.store(true, Ordering::Release);
            }
        }
        changes.clear();
    }

    fn other(&mut self, job: Job) {
        match job {
            Job::Rewrite(world, root) => {
                let done = self.store.rewrite(&world, root);
                let failed = done.is_err();
                self.note(done, true);
                if failed {
                    self.shared.wants_rewrite.store(true, Ordering::Release);
                }
            }
            Job::Collect(wanted) => {
                let wanted_bytes = self.store.contents().collect(&wanted, self.retained_bytes);
                let collect_above = wanted_bytes + self.retained_bytes;
                self.shared.collect_above.store(collect_above, Ordering::Release);
            }
            Job::Flush(done) => {
                let _ = done.send(());
            }
            Job::Persist(_) | Job::Content(..) => {}
        }
    }

    /// Tells how a write went; only a write of the world clears an error.
    fn note(&self, done: Result<(), Error>, clears: bool) {
        match done {
            Ok(()) if clears => self.shared.say(None),
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(%error, "the world on disk is not up to date");
                self.shared.say(Some(error.to_string()));
            }
        }
    }
}
