//! The life of a running `up`: start everything in order, keep it, stop it in
//! the opposite order.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gw_ports::Lease;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Error, Result};
use crate::output::warn;
use crate::up::database::PrivateDatabase;
use crate::up::down::end_orphans;
use crate::up::forget;
use crate::up::keep::{Kept, OnStart};
use crate::up::logs::cut_long_logs;
use crate::up::parts::{self, Part};
use crate::up::process::ProcessId;
use crate::up::settings::{Database, Flags, Settings, Settled};
use crate::up::state::{Lock, Run, Running, StateDir, Status};

/// How often log files are looked at.
const LOG_CHECK: Duration = Duration::from_secs(5);

/// How much of a log is shown when its part cannot start.
const TAIL_BYTES: u64 = 2_000;

/// Runs everything until a signal ends it. `announced` is called once all is
/// ready; its error ends the run.
pub(crate) async fn run(
    state: &StateDir,
    flags: &Flags,
    lock: Lock,
    deadline: u64,
    announced: impl FnOnce(&StateDir) -> Result<()>,
) -> Result<()> {
    let mut stop = StopSignals::new()?;
    let book = Book::open(state)?;
    let former = state.settings();
    let mut house = House { state: state.clone(), book: book.clone(), kept: Vec::new() };
    let until = Instant::now() + Duration::from_secs(deadline);
    let started = tokio::select! {
        started = house.start(flags, until) => started,
        () = stop.wait() => Err(Error::failed("interrupted while starting")),
    };
    let result = match started {
        Ok(_leases) => {
            let forgetting = match state.settings() {
                Ok(Some(settings)) => forget::start(state, &settings).await,
                Ok(None) | Err(_) => None,
            };
            book.status(Status::Ready);
            let ended = match announced(state) {
                Ok(()) => {
                    watch_over(state, &mut stop).await;
                    book.status(Status::Stopping);
                    Ok(())
                }
                Err(error) => Err(error),
            };
            if let Some(forgetting) = forgetting {
                forgetting.abort();
            }
            ended
        }
        Err(error) => {
            // Flags that nothing can start with must not be there next time.
            if let Ok(former) = &former
                && let Err(error) = state.recall(former.as_ref())
            {
                warn(&error.to_string());
            }
            Err(error)
        }
    };
    house.stop().await;
    match &result {
        Ok(()) => state.forget_run(),
        // Left for whoever waits for us to read.
        Err(error) => book.fail(&error.to_string()),
    }
    drop(lock);
    result
}

async fn watch_over(state: &StateDir, stop: &mut StopSignals) {
    let mut tick = tokio::time::interval(LOG_CHECK);
    loop {
        tokio::select! {
            () = stop.wait() => return,
            _ = tick.tick() => cut_long_logs(state),
        }
    }
}

/// Ctrl-C and the signal that `down` sends.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    fn new() -> Result<Self> {
        let on = |kind| signal(kind).map_err(Error::io("cannot listen for signals"));
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Keeps `run.json` true.
#[derive(Debug, Clone)]
struct Book {
    state: StateDir,
    run: Arc<Mutex<Run>>,
}

impl Book {
    /// Ends what a killed supervisor left and starts a new page.
    fn open(state: &StateDir) -> Result<Self> {
        let supervisor = ProcessId::of(std::process::id())
            .ok_or_else(|| Error::failed("/proc is not mounted"))?;
        let left = state.run().unwrap_or_default().map(|run| run.children).unwrap_or_default();
        let run = Run { supervisor, status: Status::Starting, children: left };
        state.write_run(&run)?;
        Ok(Self { state: state.clone(), run: Arc::new(Mutex::new(run)) })
    }

    fn change(&self, change: impl FnOnce(&mut Run)) {
        let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut run);
        if let Err(error) = self.state.write_run(&run) {
            warn(&error.to_string());
        }
    }

    fn status(&self, status: Status) {
        self.change(|run| run.status = status);
    }

    fn fail(&self, reason: &str) {
        let reason = reason.trim_start_matches("error: ").to_owned();
        self.change(|run| run.status = Status::Failed { reason });
    }

    fn children(&self) -> Vec<Running> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner).children.clone()
    }

    fn on_start(&self) -> OnStart {
        let book = self.clone();
        Arc::new(move |name, process| {
            book.change(|run| {
                run.children.retain(|child| child.name != name);
                run.children.push(Running { name: name.to_owned(), process });
            });
        })
    }
}

/// All parts that run.
struct House {
    state: StateDir,
    book: Book,
    kept: Vec<Kept>,
}

impl House {
    /// Starts everything in order; each part is ready before the next needs it.
    /// The ports are ours for as long as the leases live.
    async fn start(&mut self, flags: &Flags, until: Instant) -> Result<Vec<Lease>> {
        // What outlived a killed supervisor holds ports and data.
        end_orphans(&self.book.children(), Duration::from_secs(20)).await;
        self.book.change(|run| run.children.clear());

        let old = self.state.settings()?;
        let Settled { settings, leases, notes } = flags.settle(old.as_ref())?;
        notes.iter().for_each(|note| warn(note));
        self.state.remember(&settings)?;

        let url = self.start_database(&settings, until).await?;
        self.start_part(parts::control_plane(&self.state, &settings, url)?, until).await?;
        parts::pass_join_token(&self.state)?;
        if let Some(functions) = parts::functions(&self.state, &settings)? {
            self.start_part(functions, until).await?;
        }
        self.start_nodes(&settings, until).await?;
        Ok(leases)
    }

    async fn start_database(
        &mut self,
        settings: &Settings,
        until: Instant,
    ) -> Result<Option<String>> {
        if settings.database == Database::External {
            return Ok(None);
        }
        let state = self.state.clone();
        let prepared = tokio::task::spawn_blocking(move || PrivateDatabase::prepare(&state)).await;
        let (database, note) =
            prepared.map_err(|e| Error::failed(format!("preparing Postgres: {e}")))??;
        note.iter().for_each(|note| warn(note));
        // We hold the lock, so a server on our data is one that nobody keeps.
        if database.cluster.stop_fast() {
            while database.cluster.pid().is_some() && Instant::now() < until {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        let port = settings.postgres.number;
        self.start_part(parts::postgres(&database, port), until).await?;
        Ok(Some(database.url(port)))
    }

    async fn start_nodes(&mut self, settings: &Settings, until: Instant) -> Result<()> {
        let first = self.kept.len();
        for at in 0..settings.nodes.len() {
            let part = parts::node(&self.state, settings, at)?;
            self.begin(part);
        }
        for at in first..self.kept.len() {
            self.wait(at, until).await?;
        }
        Ok(())
    }

    async fn start_part(&mut self, part: Part, until: Instant) -> Result<()> {
        self.begin(part);
        self.wait(self.kept.len() - 1, until).await
    }

    fn begin(&mut self, part: Part) {
        let log = self.state.log(&part.name);
        self.kept.push(Kept::start(part, &log, self.book.on_start()));
    }

    async fn wait(&self, at: usize, until: Instant) -> Result<()> {
        let Some(kept) = self.kept.get(at) else { return Ok(()) };
        kept.ready(until).await.map_err(|error| {
            let log = self.state.log(&kept.name);
            let said = tail(&log).unwrap_or_default();
            let text = error.to_string();
            let text = text.trim_start_matches("error: ");
            Error::failed(format!("{text}; its log ends with:\n{said}"))
                .hint(format!("the whole log is {}", log.display()))
        })
    }

    /// Stops nodes together, then the rest, last started first.
    async fn stop(&mut self) {
        let nodes = self.kept.iter().filter(|kept| !parts::is_base(&kept.name));
        nodes.for_each(Kept::ask_to_end);
        while let Some(kept) = self.kept.pop() {
            kept.end().await;
        }
    }
}

/// The end of a file, from a whole line on.
fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    let start = length.saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let text = if start == 0 { &text } else { text.split_once('\n').map_or(&*text, |(_, t)| t) };
    Ok(text.trim_end().to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_tail_starts_with_a_whole_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "one\ntwo\n").unwrap();
        assert_eq!(tail(file.path()).unwrap(), "one\ntwo");
        let long: String = (0..1000).map(|n| format!("line {n}\n")).collect();
        std::fs::write(file.path(), long).unwrap();
        let text = tail(file.path()).unwrap();
        assert!(text.starts_with("line ") && text.ends_with("line 999"), "{text}");
    }
}
