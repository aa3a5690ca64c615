//! Keeps one part running: starts it, starts it again when it dies, ends it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::process::Child;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::output::warn;
use crate::up::parts::{Part, Readiness};
use crate::up::process::ProcessId;

/// The first pause before a part is started again; doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// A part that lived this long has earned the first pause again.
const HEALTHY: Duration = Duration::from_secs(20);

/// Dying this often before it was ever ready means that it cannot start.
const HOPELESS: u32 = 3;

/// Told whenever a part has a new process.
pub(crate) type OnStart = Arc<dyn Fn(&str, ProcessId) + Send + Sync>;

/// A part that is kept running until [`Kept::end`].
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) name: String,
    readiness: Readiness,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    /// 0 between two processes.
    pid: AtomicU32,
    deaths: AtomicU32,
}

impl Kept {
    /// Starts a part whose output goes to `log`.
    pub(crate) fn start(part: Part, log: &Path, on_start: OnStart) -> Self {
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = watch::channel(false);
        let name = part.name.clone();
        let readiness = part.readiness.clone();
        let task = tokio::spawn(keep(part, log.to_owned(), shared.clone(), stopped, on_start));
        Self { name, readiness, shared, stop, task }
    }

    /// Waits until the part is ready. An error when it cannot start.
    pub(crate) async fn ready(&self, until: Instant) -> Result<()> {
        loop {
            let pid = self.shared.pid.load(Ordering::Relaxed);
            if pid != 0 && self.readiness.is_ready(pid).await {
                return Ok(());
            }
            if self.shared.deaths.load(Ordering::Relaxed) >= HOPELESS {
                return Err(Error::failed(format!("{} does not stay up", self.name)));
            }
            if Instant::now() > until {
                return Err(Error::failed(format!("{} is not ready in time", self.name)));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks the part to end.
    pub(crate) fn ask_to_end(&self) {
        self.stop.send_replace(true);
    }

    /// Ends the part and waits for it.
    pub(crate) async fn end(self) {
        self.ask_to_end();
        self.task.await.ok();
    }
}

async fn keep(
    part: Part,
    log: std::path::PathBuf,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
    on_start: OnStart,
) {
    let mut pause = FIRST_PAUSE;
    loop {
        part.readiness.reset();
        let started = Instant::now();
        let ended = match spawn(&part, &log) {
            Ok(mut child) => {
                if let Some(id) = child.id().and_then(ProcessId::of) {
                    on_start(&part.name, id);
                    shared.pid.store(id.pid, Ordering::Relaxed);
                }
                tokio::select! {
                    ended = child.wait() => ended.map(|status| status.to_string()),
                    () = asked(&mut stop) => {
                        end(&part, &mut child).await;
                        return;
                    }
                }
            }
            Err(error) => Err(error),
        };
        shared.pid.store(0, Ordering::Relaxed);
        shared.deaths.fetch_add(1, Ordering::Relaxed);
        let how = ended.unwrap_or_else(|error| error.to_string());
        if started.elapsed() > HEALTHY {
            pause = FIRST_PAUSE;
            shared.deaths.store(1, Ordering::Relaxed);
        }
        warn(&format!("{} ended ({how}); it starts again in {pause:?}", part.name));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = asked(&mut stop) => return,
        }
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// Returns when the part is to end.
async fn asked(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody can ask any more, which is the end too.
    stop.wait_for(|stop| *stop).await.ok();
}

fn spawn(part: &Part, log: &Path) -> std::io::Result<Child> {
    let log = open_log(log)?;
    let mut command = (part.command)();
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    // A group of its own, so that Ctrl-C at a terminal reaches the supervisor
    // alone, which ends the parts in their order.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    tokio::process::Command::from(command).spawn()
}

/// Opens a log for appending: after a cut the next line starts the file anew.
pub(crate) fn open_log(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

async fn end(part: &Part, child: &mut Child) {
    let Some(id) = child.id().and_then(ProcessId::of) else { return };
    id.signal(part.stop);
    if tokio::time::timeout(part.patience, child.wait()).await.is_ok() {
        return;
    }
    warn(&format!("{} did not end within {:?} and is killed", part.name, part.patience));
    id.signal(Signal::KILL);
    child.wait().await.ok();
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::fs;
    use std::process::Command;
    use std::sync::Mutex;

    use super::*;

    fn part(script: &str, ready: &Path) -> Part {
        let (script, file) = (script.to_owned(), ready.to_owned());
        Part {
            name: "p".into(),
            command: Box::new(move || {
                let mut command = Command::new("sh");
                command.args(["-c", &script, "sh"]).arg(&file);
                command
            }),
            readiness: Readiness::File(ready.to_owned()),
            stop: Signal::TERM,
            patience: Duration::from_millis(300),
        }
    }

    type Seen = Arc<Mutex<Vec<ProcessId>>>;

    fn record() -> (Seen, OnStart) {
        let seen = Seen::default();
        let into = seen.clone();
        (seen, Arc::new(move |_: &str, id| into.lock().unwrap().push(id)))
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(50)
    }

    #[tokio::test]
    async fn a_killed_part_comes_back_and_then_ends() {
        let dir = tempfile::tempdir().unwrap();
        let ready = dir.path().join("ready");
        let script = "echo hello; echo \"{\\\"pid\\\":$$}\" >\"$1\"; exec sleep 60";
        let (seen, on_start) = record();
        let kept = Kept::start(part(script, &ready), &dir.path().join("log"), on_start);
        kept.ready(soon()).await.unwrap();
        let first = seen.lock().unwrap()[0];
        first.signal(Signal::KILL);
        assert!(first.ended(Duration::from_secs(50)).await);
        while seen.lock().unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        kept.ready(soon()).await.unwrap();
        let second = seen.lock().unwrap()[1];
        kept.end().await;
        assert!(!second.is_alive());
        assert!(fs::read_to_string(dir.path().join("log")).unwrap().contains("hello"));
    }

    #[tokio::test]
    async fn a_part_that_cannot_start_is_given_up_on() {
        let dir = tempfile::tempdir().unwrap();
        let (_, on_start) = record();
        let ready = dir.path().join("ready");
        let kept = Kept::start(part("exit 3", &ready), &dir.path().join("log"), on_start);
        let error = kept.ready(soon()).await.unwrap_err();
        assert!(error.to_string().contains("does not stay up"), "{error}");
        kept.end().await;
    }

    #[tokio::test]
    async fn a_stubborn_part_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let ready = dir.path().join("ready");
        let script = "trap '' TERM; echo \"{\\\"pid\\\":$$}\" >\"$1\"; while :; do sleep 0.1; done";
        let (seen, on_start) = record();
        let kept = Kept::start(part(script, &ready), &dir.path().join("log"), on_start);
        kept.ready(soon()).await.unwrap();
        kept.end().await;
        assert!(!seen.lock().unwrap()[0].is_alive());
    }
}
