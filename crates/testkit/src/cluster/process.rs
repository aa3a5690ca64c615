//! Processes that end with the test, however that ends.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{http::Call, watcher::Watcher};

/// How long a process may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kills what was left running in the folder `$1`. A pid that somebody else has
/// by now does not name the folder in its command line.
const KILL: &str = r#"
while read -r pid; do
  grep -qsF "$1" "/proc/$pid/cmdline" && kill -KILL "$pid"
done <"$1/pids"
"#;

/// One of our binaries.
///
/// # Panics
/// When it was not built, with how to build it.
pub fn binary(name: &str) -> PathBuf {
    let folder = env::var_os("GATEWRIGHT_BIN_DIR").map(PathBuf::from).or_else(|| {
        // target/debug/deps/test-0123 -> target/debug
        Some(env::current_exe().ok()?.parent()?.parent()?.to_owned())
    });
    let path = folder.unwrap_or_default().join(name);
    assert!(path.is_file(), "{} is missing: cargo build --workspace --bins", path.display());
    path
}

/// Watches over all processes of one folder.
#[derive(Debug)]
pub(super) struct Guard {
    folder: PathBuf,
    _watcher: Watcher,
}

impl Guard {
    pub(super) fn over(folder: &Path) -> Self {
        File::create(folder.join("pids")).expect("the folder takes files");
        Self { folder: folder.to_owned(), _watcher: Watcher::over(folder, KILL) }
    }

    /// Describes a process; it is started by [`Process::start`].
    pub(super) fn process(
        &self,
        name: &str,
        program: &str,
        args: Vec<String>,
        environment: Vec<(String, String)>,
    ) -> Process {
        Process {
            program: binary(program),
            args,
            environment,
            log: self.folder.join(format!("{name}.log")),
            pids: self.folder.join("pids"),
            child: None,
        }
    }
}

/// A process of ours that can be started more than once.
#[derive(Debug)]
pub(super) struct Process {
    program: PathBuf,
    args: Vec<String>,
    environment: Vec<(String, String)>,
    log: PathBuf,
    pids: PathBuf,
    child: Option<Child>,
}

impl Process {
    /// Starts it, unless it runs.
    pub(super) fn start(&mut self) {
        if self.child.is_some() && self.ended().is_none() {
            return;
        }
        let append = |path: &Path| {
            OpenOptions::new().create(true).append(true).open(path).expect("our own folder")
        };
        let log = append(&self.log);
        let child = Command::new(&self.program)
            .args(&self.args)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log can be shared"))
            .stderr(log)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        writeln!(append(&self.pids), "{}", child.id()).expect("our own folder");
        self.child = Some(child);
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// Waits until `url` answers 200 while it runs.
    ///
    /// # Panics
    /// When it ends instead, or a minute passes, with its log.
    pub(super) async fn answers(&mut self, url: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            // Asked first: whoever answers after its end is a stranger.
            let ended = self.ended();
            let answer = Call::get(url).timeout(Duration::from_secs(2)).send().await;
            if ended.is_none() && answer.is_ok_and(|answer| answer.status == 200) {
                return;
            }
            if ended.is_some() || Instant::now() > until {
                let said = fs::read_to_string(&self.log).unwrap_or_default();
                panic!("{} does not answer, ended: {ended:?}: {said}", self.program.display());
            }
            self.tick().await;
        }
    }

    /// How it ended; `None` while it runs or was never started.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().expect("our own child")
    }

    /// Kills it and takes its leave.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    /// Asks it to end and waits; after a minute it is killed and the test fails.
    pub(super) async fn stop(&mut self) {
        let Some(child) = &self.child else { return };
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a live child"), Signal::TERM).ok();
        let until = Instant::now() + PATIENCE;
        while self.ended().is_none() {
            if Instant::now() > until {
                self.kill();
                let said = fs::read_to_string(&self.log).unwrap_or_default();
                panic!("{} did not end: {said}", self.program.display());
            }
            self.tick().await;
        }
        self.child = None;
    }

    /// A short pause between two looks.
    pub(super) async fn tick(&self) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_test_left_is_killed_and_removed() {
        let folder = tempfile::tempdir().unwrap().keep();
        let guard = Guard::over(&folder);
        // Its command line names the folder, as those of our binaries do.
        let mut child = Command::new("tail").arg("-f").arg(folder.join("pids")).spawn().unwrap();
        fs::write(folder.join("pids"), format!("{}\n1\n", child.id())).unwrap();
        drop(guard);
        assert!(!child.wait().unwrap().success());
        assert!(!folder.exists());
    }
}
