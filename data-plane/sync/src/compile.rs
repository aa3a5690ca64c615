//! One thread that turns deployments' content into what cores serve from.
//!
//! It runs at a low priority, so that a large deployment does not take a core
//! from requests. What it compiled stays in the [`Cache`]; binding a stage to
//! deployments that are there already takes microseconds, which is why a
//! rollback is instant.

mod at_hand;
mod cache;

pub(crate) use at_hand::AtHand;
pub(crate) use cache::{Cache, Pin};

use std::{
    collections::{BTreeSet, HashMap},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use gw_fleet_core::{
    message::Fault,
    node::{Compilation, CompileId},
};
use gw_model::{Digest, Release, StageKey};
use gw_snapshot::{CompiledApi, CompiledStage};
use tokio::sync::oneshot;

use crate::{disk::Contents, driver::Input};

/// How much nicer than the rest of the process the thread is.
const NICE: i32 = 10;

/// How many warnings a receipt carries; the rest is counted.
const MAX_WARNINGS: usize = 100;

/// A stage to bind, with the deployments that it needs.
pub(crate) struct Job {
    pub(crate) id: CompileId,
    pub(crate) stage: StageKey,
    pub(crate) release: Arc<Release>,
}

/// A stage to bind for a test call.
pub(crate) struct TestJob {
    pub(crate) stage: StageKey,
    pub(crate) release: Arc<Release>,
    /// The deployment's content, where it is neither compiled nor on disk.
    pub(crate) content: Option<Arc<[u8]>>,
    /// Closed: nobody waits any more: nothing to do.
    pub(crate) answer: oneshot::Sender<Result<Staged, Fault>>,
}

enum Work {
    Release(Job),
    Test(TestJob),
}

/// A compiled stage that no request meets yet.
pub(crate) struct Staged {
    pub(crate) stage: Arc<CompiledStage>,
    /// Keep its deployments in the cache.
    pub(crate) pins: Vec<Pin>,
}

/// The end of a [`Job`].
pub(crate) struct Done {
    pub(crate) id: CompileId,
    pub(crate) result: Result<(Compilation, Staged), Fault>,
}

/// Where the thread finds content, and what it accepts.
pub(crate) struct Source {
    pub(crate) at_hand: Arc<AtHand>,
    pub(crate) contents: Arc<Contents>,
    pub(crate) limits: gw_snapshot::Limits,
    pub(crate) max_deployment_bytes: u64,
}

/// The way to the thread. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Submit(mpsc::Sender<Work>);

impl Submit {
    /// Queues a stage for a test call.
    pub(crate) fn test(&self, job: TestJob) {
        // Without a thread the job is dropped, which is an answer.
        let _ = self.0.send(Work::Test(job));
    }
}

/// Queues jobs for the thread, which ends when nobody can queue any more.
pub(crate) struct Compiler {
    jobs: Submit,
    skipped: Arc<Mutex<BTreeSet<CompileId>>>,
}

impl Compiler {
    /// Starts the thread; `tell` is called on it, once for each job.
    pub(crate) fn start(
        source: Source,
        cache: Cache,
        tell: impl Fn(Input) + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, receiver) = mpsc::channel::<Work>();
        let skipped = Arc::new(Mutex::new(BTreeSet::new()));
        let skip = Arc::clone(&skipped);
        let run = move || {
            // On Linux this is the priority of the calling thread alone.
            if let Err(error) = rustix::process::setpriority_process(None, NICE) {
                tracing::debug!(%error, "compiling at normal priority");
            }
            for work in receiver {
                let job = match work {
                    Work::Release(job) => job,
                    Work::Test(job) => {
                        source.test(job, &cache);
                        continue;
                    }
                };
                if skip.lock().unwrap_or_else(PoisonError::into_inner).remove(&job.id) {
                    tell(Input::Skipped(job.id));
                    continue;
                }
                let id = job.id;
                let result = guarded(|| source.stage(&job.stage, &job.release, &cache));
                tell(Input::Compiled(Done { id, result }));
            }
        };
        thread::Builder::new().name("gw-compile".to_owned()).spawn(run)?;
        Ok(Self { jobs: Submit(jobs), skipped })
    }

    /// Queues a job.
    pub(crate) fn submit(&self, job: Job) {
        // The thread outlives this sender.
        let _ = self.jobs.0.send(Work::Release(job));
    }

    /// The way to the thread, for test calls.
    pub(crate) fn tests(&self) -> Submit {
        self.jobs.clone()
    }

    /// Leaves out a job that has not begun. A job that has is answered.
    pub(crate) fn skip(&self, id: CompileId) {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    /// Forgets to skip a job that was answered all the same.
    pub(crate) fn answered(&self, id: CompileId) {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

impl Source {
    fn test(&self, job: TestJob, cache: &Cache) {
        if job.answer.is_closed() {
            return;
        }
        if let Some(content) = job.content {
            self.at_hand.put(job.release.deployment, content);
        }
        let staged = guarded(|| self.stage(&job.stage, &job.release, cache));
        // Whoever asked may have gone meanwhile.
        let _ = job.answer.send(staged.map(|(_, staged)| staged));
    }

    fn stage(
        &self,
        key: &StageKey,
        release: &Release,
        cache: &Cache,
    ) -> Result<(Compilation, Staged), Fault> {
        let mut apis: HashMap<Digest, Arc<CompiledApi>> = HashMap::new();
        let mut pins = Vec::new();
        let mut spent = Duration::ZERO;
        for digest in release.digests() {
            let (api, pin) = match cache.get(digest) {
                Some(found) => found,
                None => {
                    let begun = Instant::now();
                    let compiled = self.api(digest);
                    let took = begun.elapsed();
                    cache.count(took, compiled.is_err());
                    spent += took;
                    cache.insert(digest, Arc::new(compiled?))
                }
            };
            apis.insert(digest, api);
            pins.push(pin);
        }
        let begun = Instant::now();
        let lookup = |digest: &Digest| apis.get(digest).cloned();
        let stage = CompiledStage::bind(key, release, lookup)
            .map_err(|faults| Fault::content(summary(&faults)))?;
        spent += begun.elapsed();
        let warnings: BTreeSet<String> = apis
            .values()
            .flat_map(|api| api.warnings())
            .chain(stage.warnings())
            .map(ToString::to_string)
            .collect();
        let compile_us = u64::try_from(spent.as_micros()).unwrap_or(u64::MAX);
        let compilation = Compilation { warnings: cut(warnings), compile_us };
        Ok((compilation, Staged { stage: Arc::new(stage), pins }))
    }

    fn api(&self, digest: Digest) -> Result<CompiledApi, Fault> {
        let content = self.content(digest)?;
        within_limit(digest, content.len() as u64, self.max_deployment_bytes)?;
        let api = gw_model::encode::decode(&content)
            .map_err(|error| Fault::content(format!("deployment {digest}: {error}")))?;
        let compiled = gw_snapshot::compile(&api, &self.limits)
            .map_err(|faults| Fault::content(summary(&faults)))?;
        self.at_hand.remove(digest);
        Ok(compiled)
    }

    fn content(&self, digest: Digest) -> Result<Arc<[u8]>, Fault> {
        if let Some(content) = self.at_hand.get(digest) {
            return Ok(content);
        }
        match self.contents.get(digest) {
            Ok(Some(content)) => Ok(content.into()),
            Ok(None) => Err(Fault::resource(format!("deployment {digest} is not on disk"))),
            Err(error) => Err(Fault::resource(format!("deployment {digest}: {error}"))),
        }
    }
}

/// A fault of the compiler must not end the thread: it would end every later
/// deployment too.
fn guarded<T>(compile: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(compile))
        .unwrap_or_else(|_| Err(Fault::content("the compiler failed on this content")))
}

/// Refuses a content that is too large for this node.
pub(crate) fn within_limit(digest: Digest, bytes: u64, limit: u64) -> Result<(), Fault> {
    if bytes <= limit {
        return Ok(());
    }
    Err(Fault::content(format!(
        "deployment {digest} has {bytes} bytes, more than this node's limit of {limit} bytes"
    )))
}

fn summary(faults: &[gw_snapshot::Fault]) -> String {
    // Poisoned routes alone would have been deployed.
    let fatal = faults.iter().filter(|fault| fault.kind == gw_snapshot::FaultKind::Fatal);
    cut(fatal.map(ToString::to_string)).join("; ")
}

fn cut(all: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut all = all.into_iter();
    let mut kept: Vec<String> = all.by_ref().take(MAX_WARNINGS).collect();
    match all.count() {
        0 => {}
        more => kept.push(format!("and {more} more")),
    }
    kept
}
