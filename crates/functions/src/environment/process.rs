//! The process of an environment, with all that it starts.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use super::Spec;
use super::output::Output;
use crate::runtime::exists;

/// How long a process may take to end when it is asked to: AWS's bound for a
/// shutdown with extensions.
const GRACE: Duration = Duration::from_secs(2);

/// A process in a group of its own. Dropped, the whole group is killed.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
}

impl Process {
    /// Starts a runtime whose Runtime API is at `api`.
    pub(super) fn start(
        spec: &Spec,
        launcher: &[OsString],
        api: &str,
    ) -> io::Result<(Self, Output)> {
        let plan = &spec.plan;
        if !exists(&plan.program) {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no such file or directory"));
        }
        let mut words = launcher.iter().chain([&plan.program]).chain(&plan.args);
        let mut command = Command::new(words.next().unwrap_or(&plan.program));
        command
            .args(words)
            .current_dir(&plan.folder)
            .env_clear()
            .envs(spec.variables.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", api)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let output = Output::new(child.stdout.take(), child.stderr.take());
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok((Self { child, group }, output))
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for its end, as Lambda tells it.
    pub(super) async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => told(status),
            Err(error) => format!("Runtime exited with error: {error}"),
        }
    }

    /// Asks it to end, and kills it when it does not.
    pub(super) async fn stop(&mut self) {
        self.signal(Signal::TERM);
        tokio::time::timeout(GRACE, self.child.wait()).await.ok();
        self.kill().await;
    }

    /// Ends it and all that it has started.
    pub(super) async fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.child.wait().await.ok();
        self.group = None;
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            kill_process_group(group, signal).ok();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

fn told(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, signal) => format!("Runtime exited with error: signal: {}", named(signal)),
    }
}

fn named(signal: Option<i32>) -> String {
    let name = match signal {
        Some(1) => "hangup",
        Some(2) => "interrupt",
        Some(3) => "quit",
        Some(4) => "illegal instruction",
        Some(6) => "aborted",
        Some(7) => "bus error",
        Some(8) => "floating point exception",
        Some(9) => "killed",
        Some(11) => "segmentation fault",
        Some(13) => "broken pipe",
        Some(15) => "terminated",
        other => return other.map_or_else(|| "unknown".to_owned(), |n| format!("signal {n}")),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_as_lambda_tells_them() {
        let cases = [
            (0, "Runtime exited without providing a reason"),
            (1 << 8, "Runtime exited with error: exit status 1"),
            (9, "Runtime exited with error: signal: killed"),
            (11, "Runtime exited with error: signal: segmentation fault"),
            (34, "Runtime exited with error: signal: signal 34"),
        ];
        for (raw, text) in cases {
            assert_eq!(told(ExitStatus::from_raw(raw)), text);
        }
    }
}
