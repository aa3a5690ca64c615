//! The data directory: names of its files, its lock, what is written in it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::var;
use crate::error::{Error, Result};
use crate::files::{read_json, write_json};
use crate::up::process::ProcessId;
use crate::up::settings::Settings;

/// A data directory, by its absolute path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateDir {
    root: PathBuf,
}

impl StateDir {
    /// Describes a directory, which need not exist.
    pub(crate) fn new(root: &Path) -> Result<Self> {
        let root = std::path::absolute(root).map_err(Error::io(root.display()))?;
        Ok(Self { root })
    }

    /// Where `up` keeps its data when nobody says: root's is for the machine,
    /// because the user that runs Postgres must be able to get there.
    pub(crate) fn default_path() -> PathBuf {
        if rustix::process::geteuid().is_root() {
            return PathBuf::from("/var/lib/gatewright");
        }
        let data = var("XDG_DATA_HOME").or_else(|| Some(var("HOME")?.join(".local/share")));
        data.unwrap_or_else(|| PathBuf::from(".")).join("gatewright")
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn credentials(&self) -> PathBuf {
        self.join("credentials.json")
    }

    pub(crate) fn log(&self, part: &str) -> PathBuf {
        self.join("logs").join(format!("{part}.log"))
    }

    /// Makes the directory and its folders where absent. Others may pass
    /// through the top (root's Postgres user has to) and see nothing there.
    pub(crate) fn create(&self) -> Result<()> {
        if let Some(parent) = self.root.parent() {
            fs::create_dir_all(parent).map_err(Error::io(parent.display()))?;
        }
        let make = |path: &Path, mode: u32| match DirBuilder::new().mode(mode).create(path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(Error::io(path.display())(error))
            }
            _ if path.is_dir() => Ok(()),
            _ => Err(Error::usage(format!("{} is no directory", path.display()))),
        };
        let top = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
        make(&self.root, top)?;
        for folder in ["control-plane", "nodes", "logs"] {
            make(&self.join(folder), 0o700)?;
        }
        Ok(())
    }

    /// What the last `up` was asked for.
    pub(crate) fn settings(&self) -> Result<Option<Settings>> {
        read_json(&self.join("up.json"))
    }

    pub(crate) fn remember(&self, settings: &Settings) -> Result<()> {
        write_json(&self.join("up.json"), settings)
    }

    /// Goes back to what was remembered before.
    pub(crate) fn recall(&self, former: Option<&Settings>) -> Result<()> {
        let path = self.join("up.json");
        match former {
            Some(former) => self.remember(former),
            None if path.exists() => std::fs::remove_file(&path).map_err(Error::io(path.display())),
            None => Ok(()),
        }
    }

    /// Who runs, or ran when all was cut off.
    pub(crate) fn run(&self) -> Result<Option<Run>> {
        read_json(&self.join("run.json"))
    }

    pub(crate) fn write_run(&self, run: &Run) -> Result<()> {
        write_json(&self.join("run.json"), run)
    }

    /// Nobody runs any more.
    pub(crate) fn forget_run(&self) {
        fs::remove_file(self.join("run.json")).ok();
    }

    /// The admin API of what was started here.
    pub(crate) fn admin_url(&self) -> Result<String> {
        let settings = self.settings()?.ok_or_else(|| {
            Error::usage(format!("nothing was ever started in {}", self.root.display()))
                .hint(format!("start it with `gwctl up --state-dir {}`", self.root.display()))
        })?;
        Ok(settings.admin_url())
    }
}

/// Where a supervisor stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Starting,
    Ready,
    Stopping,
    Failed { reason: String },
}

/// Who runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) supervisor: ProcessId,
    pub(crate) status: Status,
    /// In the order in which they were first started.
    pub(crate) children: Vec<Running>,
}

/// A child that runs, or ran a moment ago.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) name: String,
    pub(crate) process: ProcessId,
}

/// The exclusive right to run in a data directory. The kernel gives it up for
/// a process that ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock; `None` while another process holds it.
    pub(crate) fn take(state: &StateDir) -> Result<Option<Self>> {
        let path = state.join("lock");
        let open = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        let file = open.map_err(Error::io(path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Error::io(path.display())(error)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn one_lock_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::new(&dir.path().join("a/b")).unwrap();
        state.create().unwrap();
        state.create().unwrap();
        let lock = Lock::take(&state).unwrap();
        assert!(lock.is_some());
        assert!(Lock::take(&state).unwrap().is_none());
        drop(lock);
        assert!(Lock::take(&state).unwrap().is_some());
    }

    #[test]
    fn who_runs_is_written_and_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::new(dir.path()).unwrap();
        assert_eq!(state.run().unwrap(), None);
        let me = ProcessId::of(std::process::id()).unwrap();
        let run = Run {
            supervisor: me,
            status: Status::Failed { reason: "x".into() },
            children: vec![Running { name: "n1".into(), process: me }],
        };
        state.write_run(&run).unwrap();
        assert_eq!(state.run().unwrap(), Some(run));
        state.forget_run();
        assert_eq!(state.run().unwrap(), None);
    }

    #[test]
    fn an_unused_directory_says_how_to_start() {
        let state = StateDir::new(Path::new("/nonexistent/x")).unwrap();
        assert!(state.admin_url().unwrap_err().to_string().contains("gwctl up --state-dir"));
    }
}
