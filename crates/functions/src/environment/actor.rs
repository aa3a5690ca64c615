//! The life of one environment.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep_until;

use super::api::RuntimeApi;
use super::output::Output;
use super::process::Process;
use super::{Ask, Failure, INIT, Job, Outcome, Receive, Spec, TRUNCATED, Taken, Work, Wrong};
use crate::journal::{Journal, Report, peak_memory};
use crate::pool::{Home, Pool};

/// The moment that a runtime has to end by itself once it has said why it
/// cannot start.
const SETTLE: Duration = Duration::from_millis(100);

/// How long an answer may be under way after its runtime has ended. A body that
/// breaks off ends this early.
const LAST_WORDS: Duration = Duration::from_millis(50);

type NextAsked = oneshot::Sender<Result<Work, Wrong>>;

/// An environment from inside its task.
#[derive(Debug)]
pub(crate) struct Environment {
    /// What the pool knows it by.
    id: u64,
    spec: Arc<Spec>,
    pool: Arc<Pool>,
    home: Arc<Home>,
    jobs: mpsc::Receiver<Job>,
    handle: mpsc::Sender<Job>,
    asks: mpsc::UnboundedReceiver<Ask>,
    _api: RuntimeApi,
    process: Process,
    output: Output,
    journal: Journal,
    /// The runtime waits here for its next invocation.
    waiting: Option<NextAsked>,
    born: Instant,
    /// Whether a runtime has ever asked for an invocation here.
    ready: bool,
    /// Whether the process lives.
    alive: bool,
    /// KiB that it had used at most when it was last looked at.
    peak: Option<u64>,
}

/// Why an invocation has no answer from its runtime.
#[derive(Debug)]
enum Fault {
    /// It fails for the caller.
    Failed(Failure),
    /// The time is up.
    Late,
    /// It was never handed out, or nobody waits for it any more.
    Untouched,
}

/// How far the answer to the current invocation has come.
#[derive(Debug, Default)]
struct Receiving {
    begun: bool,
    streams: bool,
}

impl Receiving {
    /// What a runtime asks while it has an invocation.
    fn take(&mut self, ask: Ask, job: &mut Job) {
        match ask {
            Ask::Begin { id, granted } => {
                let grant = match (id == job.call.id, self.begun) {
                    (true, false) => Ok(Receive { stream: job.stream.take() }),
                    (true, true) => Err(Wrong::State),
                    (false, _) => Err(Wrong::Id),
                };
                self.streams |= matches!(&grant, Ok(Receive { stream: Some(_) }));
                self.begun |= grant.is_ok();
                granted.send(grant).ok();
            }
            Ask::Next(next) => {
                next.send(Err(Wrong::State)).ok();
            }
            Ask::InitError { granted, .. } => {
                granted.send(Err(Wrong::State)).ok();
            }
            Ask::End(_) => {}
        }
    }
}

impl Environment {
    /// Starts an environment for a first job, in a task of its own. A runtime
    /// that cannot even be started is the job's failure.
    pub(crate) fn start(id: u64, pool: Arc<Pool>, first: Job) {
        let home = pool.home.clone();
        let tracker = home.tracker.clone();
        tracker.spawn(async move {
            let mut journal = Journal::new(&pool.spec.function.name, home.log.clone());
            match Self::new(id, pool.clone(), home).await {
                Ok(environment) => environment.live(first).await,
                Err(error) => {
                    let program = pool.spec.plan.program.display();
                    let text = format!("fork/exec {program}: {error}");
                    let failure = Failure::of(&first.call.id, "Runtime.InvalidEntrypoint", &text);
                    journal.line(&text);
                    let outcome = Outcome { answer: Err(failure), log: log_of(&journal) };
                    first.reply.send(outcome).ok();
                }
            }
        });
    }

    async fn new(id: u64, pool: Arc<Pool>, home: Arc<Home>) -> std::io::Result<Self> {
        let (ask, asks) = mpsc::unbounded_channel();
        let (handle, jobs) = mpsc::channel(1);
        let api = RuntimeApi::open(ask).await?;
        let spec = pool.spec.clone();
        let born = Instant::now();
        let (process, output) = Process::start(&spec, &home.launcher, &api.address.to_string())?;
        let journal = Journal::new(&spec.function.name, home.log.clone());
        Ok(Self {
            id,
            spec,
            pool,
            home,
            jobs,
            handle,
            asks,
            _api: api,
            process,
            output,
            journal,
            waiting: None,
            born,
            ready: false,
            alive: true,
            peak: None,
        })
    }

    async fn live(mut self, first: Job) {
        let mut next = Some(first);
        while let Some(job) = next.take() {
            self.journal.turn();
            if self.serve(job).await {
                next = self.rest().await;
            }
        }
        if self.alive {
            self.process.stop().await;
        }
        self.process.kill().await;
        self.output.finish(&mut self.journal).await;
    }

    /// Sees one invocation through; says whether there may be another.
    async fn serve(&mut self, mut job: Job) -> bool {
        let mut taken = Taken { since: Instant::now(), init: None };
        let ended = match self.hand_out(&mut job, &mut taken).await {
            Ok(()) => self.answer(&mut job).await,
            Err(fault) => Err(fault),
        };
        let id = job.call.id.clone();
        self.look_at_memory();
        let (answer, status) = match ended {
            Ok(Ok(answer)) => (Ok(answer), None),
            Ok(Err(failure)) | Err(Fault::Failed(failure)) => {
                let status = ("error", failure.kind.clone());
                (Err(failure), Some(status))
            }
            Err(Fault::Late) => (Err(self.time_out(&id).await), Some(("timeout", String::new()))),
            Err(Fault::Untouched) => return false,
        };
        self.output.catch_up(&mut self.journal).await;
        let duration = taken.since.elapsed().min(self.spec.function.timeout);
        self.journal.end(Report {
            id: &id,
            duration,
            init: taken.init,
            memory: self.spec.function.memory,
            used: self.peak,
            status: status.as_ref().map(|(status, kind)| (*status, kind.as_str())),
        });
        let outcome = Outcome { answer, log: log_of(&self.journal) };
        // Before the caller hears, so that it finds us when it comes back.
        if self.alive && self.waiting.is_some() {
            self.pool.give_back(self.id, &self.handle);
        }
        // A caller that has gone does not need it.
        job.reply.send(outcome).ok();
        self.alive
    }

    /// One that has ended keeps what it was last seen with.
    fn look_at_memory(&mut self) {
        self.peak = self.process.id().and_then(peak_memory).or(self.peak);
    }

    /// Waits until the runtime is ready and gives it the invocation.
    async fn hand_out(&mut self, job: &mut Job, taken: &mut Taken) -> Result<(), Fault> {
        let until = self.born.max(taken.since) + INIT + self.spec.function.timeout;
        loop {
            let cold = !self.ready;
            let waiting = match self.next_asked(job, until.into()).await {
                Ok(waiting) => waiting,
                Err(Fault::Untouched) => return Err(Fault::Untouched),
                Err(fault) => {
                    self.journal.start(&job.call.id, &self.spec.version);
                    return Err(fault);
                }
            };
            if cold {
                self.look_at_memory();
                taken.init = Some(self.born.elapsed());
                self.output.catch_up(&mut self.journal).await;
            }
            taken.since = Instant::now();
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let deadline_ms = (now + self.spec.function.timeout).as_millis();
            let deadline_ms = i128::try_from(deadline_ms).unwrap_or(i128::MAX);
            // A runtime that has hung up asks again.
            if waiting.send(Ok(Work { call: job.call.clone(), deadline_ms })).is_ok() {
                self.journal.start(&job.call.id, &self.spec.version);
                return Ok(());
            }
        }
    }

    /// Waits until the runtime asks for an invocation.
    async fn next_asked(
        &mut self,
        job: &Job,
        until: tokio::time::Instant,
    ) -> Result<NextAsked, Fault> {
        let id = &job.call.id;
        let mut failure = None;
        loop {
            if let Some(waiting) = self.waiting.take() {
                return Ok(waiting);
            }
            tokio::select! {
                ask = self.asks.recv() => match ask {
                    Some(Ask::InitError { failure: told, granted }) if !self.ready => {
                        granted.send(Ok(())).ok();
                        failure = Some(told);
                    }
                    Some(ask) => self.between(ask),
                    None => return Err(Fault::Untouched),
                },
                how = self.process.ended() => {
                    self.alive = false;
                    self.output.finish(&mut self.journal).await;
                    return Err(match failure.take() {
                        Some(failure) => Fault::Failed(failure),
                        // It ended between two invocations: another can take this one.
                        None if self.ready => Fault::Untouched,
                        None => Fault::Failed(Failure::of(id, "Runtime.ExitError", &how)),
                    });
                }
                () = self.output.read(&mut self.journal) => {}
                () = sleep_until(until) => return Err(Fault::Late),
                // A runtime that cannot start has a moment to say so and end.
                () = tokio::time::sleep(SETTLE), if failure.is_some() => {
                    self.end_process().await;
                    return Err(failure.take().map_or(Fault::Untouched, Fault::Failed));
                }
                () = self.home.stop.cancelled() => return Err(Fault::Untouched),
            }
        }
    }

    /// What a runtime asks while no invocation is under way.
    fn between(&mut self, ask: Ask) {
        match ask {
            Ask::Next(next) => {
                self.ready = true;
                self.waiting = Some(next);
            }
            Ask::Begin { granted, .. } => {
                granted.send(Err(Wrong::Id)).ok();
            }
            Ask::InitError { granted, .. } => {
                granted.send(Err(Wrong::State)).ok();
            }
            Ask::End(_) => {}
        }
    }

    /// Waits for the runtime's answer, and then a moment until it is ready again.
    async fn answer(&mut self, job: &mut Job) -> Result<Result<Bytes, Failure>, Fault> {
        let id = job.call.id.clone();
        let mut late = tokio::time::Instant::now() + self.spec.function.timeout;
        let mut receiving = Receiving::default();
        let mut exited = None;
        let answer = loop {
            tokio::select! {
                ask = self.asks.recv() => match ask {
                    Some(Ask::End(result)) => break result,
                    Some(ask) => receiving.take(ask, job),
                    None => return Err(Fault::Untouched),
                },
                how = self.process.ended(), if exited.is_none() => {
                    self.alive = false;
                    self.output.finish(&mut self.journal).await;
                    exited = Some(how);
                    // What it sent before may still be on its way to us.
                    late = tokio::time::Instant::now() + LAST_WORDS;
                }
                () = self.output.read(&mut self.journal) => {}
                () = sleep_until(late) => break match exited.take() {
                    None => return Err(Fault::Late),
                    Some(how) => Err(Failure::of(&id, "Runtime.ExitError", &how)),
                },
                () = self.home.stop.cancelled() => {
                    self.end_process().await;
                    return Err(Fault::Untouched);
                }
            }
        };
        let answer = match (answer, exited) {
            // Half an answer is worse than none, and is named so.
            (Err(failure), Some(how)) if failure.kind == TRUNCATED => {
                let kind = if receiving.streams { TRUNCATED } else { "Runtime.ExitError" };
                Err(Failure::of(&id, kind, &how))
            }
            (answer, _) => answer,
        };
        if self.alive {
            self.settle().await;
        }
        Ok(answer)
    }

    /// Gives the runtime a moment to ask for its next invocation, or to end.
    async fn settle(&mut self) {
        let until = tokio::time::Instant::now() + self.home.settle;
        while self.waiting.is_none() {
            tokio::select! {
                Some(ask) = self.asks.recv() => self.between(ask),
                _ = self.process.ended() => {
                    self.alive = false;
                    return;
                }
                () = self.output.read(&mut self.journal) => {}
                () = sleep_until(until) => return,
            }
        }
    }

    /// Kills a runtime whose time is up.
    async fn time_out(&mut self, id: &str) -> Failure {
        self.end_process().await;
        let text =
            format!("Task timed out after {:.2} seconds", self.spec.function.timeout.as_secs_f64());
        self.journal.line(&format!("{} {id} {text}", now()));
        Failure::of(id, "Sandbox.Timedout", &text)
    }

    async fn end_process(&mut self) {
        self.process.kill().await;
        self.alive = false;
        self.output.finish(&mut self.journal).await;
    }

    /// Waits for the next job; `None` when the environment is to end.
    async fn rest(&mut self) -> Option<Job> {
        let mut listed = self.waiting.is_some();
        let since = tokio::time::Instant::now();
        let mut leaving = false;
        loop {
            // A runtime that is still busy with itself has the function's
            // timeout for it; a ready one may idle.
            let patience = if listed { self.home.idle } else { self.spec.function.timeout };
            tokio::select! {
                job = self.jobs.recv() => return job,
                Some(ask) = self.asks.recv() => {
                    self.between(ask);
                    if self.waiting.is_some() && !listed {
                        listed = true;
                        self.pool.give_back(self.id, &self.handle);
                    }
                }
                _ = self.process.ended() => {
                    self.alive = false;
                    self.pool.withdraw(self.id);
                    return None;
                }
                () = self.output.read(&mut self.journal) => {}
                () = sleep_until(since + patience), if !leaving => leaving = true,
                () = self.pool.retired.cancelled(), if !leaving => leaving = true,
                () = self.home.stop.cancelled() => return None,
            }
            // Withdrawn in vain means that somebody has taken us already and a
            // job is on its way.
            if leaving && (!listed || self.pool.withdraw(self.id)) {
                return None;
            }
        }
    }
}

fn log_of(journal: &Journal) -> Bytes {
    Bytes::copy_from_slice(journal.tail())
}

/// Such as `2026-11-23T07:00:00.000Z`.
fn now() -> String {
    use time::macros::format_description;
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    time::OffsetDateTime::now_utc().format(format).unwrap_or_default()
}
