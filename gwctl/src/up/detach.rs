//! `up --detach`: leaves a supervisor behind and waits until it is ready.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind, Result};
use crate::output::Output;
use crate::up::keep::open_log;
use crate::up::settings::Flags;
use crate::up::state::{Lock, StateDir, Status};
use crate::up::{UpArgs, supervisor};

/// Starts this program again as the supervisor, in a session of its own, and
/// returns when everything is ready.
pub(crate) async fn leave_behind(state: &StateDir, deadline: u64) -> Result<()> {
    let program = std::env::current_exe().map_err(Error::io("where is this program"))?;
    let path = state.log("supervisor");
    let log = open_log(&path).map_err(Error::io(path.display()))?;
    let twin = log.try_clone().map_err(Error::io(path.display()))?;
    let mut child = Command::new(program)
        .args(std::env::args_os().skip(1))
        .arg("--supervisor")
        // A flag that named it is among the arguments; a default may be neither.
        .env("GATEWRIGHT_STATE_DIR", state.root())
        .stdin(Stdio::null())
        .stdout(twin)
        .stderr(log)
        .spawn()
        .map_err(Error::io("cannot start the supervisor"))?;
    wait_ready(state, Some(&mut child), deadline).await
}

/// The process that was left behind.
pub(crate) async fn supervise(
    state: StateDir,
    flags: &Flags,
    args: &UpArgs,
    _out: Output,
) -> Result<()> {
    // Away from the terminal: its hang-up must not reach us.
    rustix::process::setsid().map_err(|e| Error::failed(format!("no session: {e}")))?;
    let Some(lock) = Lock::take(&state)? else {
        return Err(Error::failed("another supervisor was faster"));
    };
    supervisor::run(&state, flags, lock, args.deadline, |_| Ok(())).await
}

/// Waits until the supervisor says that all is ready. `child` is the one that
/// we started; without it, whoever runs is waited for.
pub(crate) async fn wait_ready(
    state: &StateDir,
    mut child: Option<&mut Child>,
    deadline: u64,
) -> Result<()> {
    let ours = child.as_deref().map(Child::id);
    // The supervisor gives up first and says why.
    let until = Instant::now() + Duration::from_secs(deadline + 60);
    loop {
        if let Some(run) = state.run()?
            && ours.is_none_or(|pid| run.supervisor.pid == pid)
        {
            match run.status {
                Status::Ready => return Ok(()),
                Status::Failed { reason } => return Err(Error::failed(reason)),
                Status::Starting | Status::Stopping => {}
            }
            if ours.is_none() && !run.supervisor.is_alive() {
                return Err(Error::failed("the supervisor ended").hint("try again"));
            }
        }
        if let Some(child) = child.as_deref_mut()
            && let Some(status) = child.try_wait().map_err(Error::io("the supervisor"))?
        {
            return Err(early_end(state, child.id(), status));
        }
        if Instant::now() > until {
            return Err(Error::new(Kind::TimedOut, "not ready in time")
                .hint(format!("look with `gwctl logs --state-dir {}`", state.root().display())));
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// Why a supervisor that has ended did so; it may have written it down.
fn early_end(state: &StateDir, pid: u32, status: std::process::ExitStatus) -> Error {
    if let Ok(Some(run)) = state.run()
        && let Status::Failed { reason } = run.status
        && run.supervisor.pid == pid
    {
        return Error::failed(reason);
    }
    let how = status.signal().map_or_else(|| status.to_string(), |s| format!("signal {s}"));
    Error::failed(format!("the supervisor ended ({how})"))
        .hint(format!("its log is {}", state.log("supervisor").display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::up::process::ProcessId;
    use crate::up::state::Run;

    #[tokio::test]
    async fn a_failure_that_was_written_down_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::new(dir.path()).unwrap();
        let supervisor = ProcessId::of(std::process::id()).unwrap();
        let mut run = Run {
            supervisor,
            status: Status::Failed { reason: "no Postgres".into() },
            children: Vec::new(),
        };
        state.write_run(&run).unwrap();
        let error = wait_ready(&state, None, 1).await.unwrap_err();
        assert!(error.to_string().contains("no Postgres"), "{error}");
        run.status = Status::Ready;
        state.write_run(&run).unwrap();
        wait_ready(&state, None, 1).await.unwrap();
    }

    #[tokio::test]
    async fn a_child_that_ends_early_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::new(dir.path()).unwrap();
        let mut child = Command::new("sh").args(["-c", "exit 4"]).spawn().unwrap();
        let error = wait_ready(&state, Some(&mut child), 10).await.unwrap_err();
        assert!(error.to_string().contains("supervisor.log"), "{error}");
    }
}
