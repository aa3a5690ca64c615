//! One child process with a ready file and a log.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde::de::DeserializeOwned;

/// A binary of ours with its flags; it ends with this value.
#[derive(Debug)]
pub(super) struct Process {
    name: String,
    binary: PathBuf,
    /// Flags with a value; setting one again replaces it.
    flags: Vec<(String, String)>,
    more: Vec<String>,
    envs: Vec<(String, String)>,
    ready_file: PathBuf,
    log: PathBuf,
    child: Option<Child>,
}

impl Process {
    pub(super) fn new(name: &str, binary: &str, folder: &Path) -> Self {
        Self {
            name: name.to_owned(),
            binary: super::binary(binary),
            flags: Vec::new(),
            more: Vec::new(),
            envs: Vec::new(),
            ready_file: folder.join(format!("{name}.ready")),
            log: folder.join(format!("{name}.log")),
            child: None,
        }
    }

    pub(super) fn arg(&mut self, flag: &str, value: impl ToString) -> &mut Self {
        self.flags.retain(|(known, _)| known != flag);
        self.flags.push((flag.to_owned(), value.to_string()));
        self
    }

    pub(super) fn args(&mut self, args: &[String]) -> &mut Self {
        self.more.extend_from_slice(args);
        self
    }

    pub(super) fn env(&mut self, key: &str, value: &str) -> &mut Self {
        self.envs.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Starts the binary and waits for its ready file.
    pub(super) async fn start<R: DeserializeOwned>(&mut self) -> R {
        assert!(self.child.is_none(), "{} runs already", self.name);
        fs::remove_file(&self.ready_file).ok();
        let log = fs::File::options().create(true).append(true).open(&self.log).expect("a log");
        let mut command = Command::new(&self.binary);
        command
            .args(self.flags.iter().flat_map(|(flag, value)| [flag, value]))
            .args(&self.more)
            .arg("--ready-file")
            .arg(&self.ready_file)
            .envs(self.envs.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log can be shared"))
            .stderr(log);
        self.child = Some(command.spawn().expect("our binary can be started"));
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(text) = fs::read(&self.ready_file)
                && let Ok(ready) = serde_json::from_slice(&text)
            {
                return ready;
            }
            let exited = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            if exited.is_some() || Instant::now() > end {
                panic!("{} did not start ({exited:?}): {}", self.name, self.log_tail());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn log_tail(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// SIGKILL, and waits for the end.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    /// SIGTERM, and waits for the end.
    pub(super) async fn terminate(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a child's pid");
        kill_process(pid, Signal::TERM).ok();
        let ended = tokio::task::spawn_blocking(move || child.wait());
        let ended = tokio::time::timeout(Duration::from_secs(60), ended).await;
        assert!(ended.is_ok(), "{} does not end: {}", self.name, self.log_tail());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- log of {}\n{}", self.name, self.log_tail());
        }
    }
}
