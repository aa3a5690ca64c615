//! `down`: stops what `up` started, also when its supervisor was killed.

use std::time::Duration;

use rustix::process::Signal;
use serde::Serialize;

use crate::cli::{DownArgs, Global};
use crate::error::{Error, Kind, Result};
use crate::output::{Output, warn};
use crate::up::parts::{FUNCTIONS, is_base};
use crate::up::state::{Lock, Run, Running, StateDir};
use crate::up::state_dir;

/// What `down --output json` prints.
#[derive(Debug, Serialize)]
struct Stopped {
    state_dir: String,
    stopped: Vec<String>,
}

/// Stops everything and waits for it.
pub(crate) async fn down(args: &DownArgs, global: &Global, out: Output) -> Result<()> {
    let state = state_dir(global)?;
    let run = state.run()?;
    if let Some(run) = &run {
        stop_supervisor(&state, run, Duration::from_secs(args.deadline)).await?;
        // What is left over when the supervisor was killed, now or before.
        end_orphans(&run.children, Duration::from_secs(args.deadline)).await;
        state.forget_run();
    }
    let stopped = Stopped {
        state_dir: state.root().display().to_string(),
        stopped: run.iter().flat_map(|r| &r.children).map(|c| c.name.clone()).collect(),
    };
    out.data(&stopped, |s| match s.stopped.as_slice() {
        [] => format!("nothing was running in {}", s.state_dir),
        names => format!("stopped {}", names.join(", ")),
    })
}

async fn stop_supervisor(state: &StateDir, run: &Run, deadline: Duration) -> Result<()> {
    if Lock::take(state).map(|lock| lock.is_some()).unwrap_or(true) {
        return Ok(());
    }
    run.supervisor.signal(Signal::TERM);
    if run.supervisor.ended(deadline).await {
        return Ok(());
    }
    warn(&format!("the supervisor did not end within {deadline:?} and is killed"));
    run.supervisor.signal(Signal::KILL);
    if run.supervisor.ended(Duration::from_secs(5)).await {
        return Ok(());
    }
    Err(Error::new(Kind::TimedOut, format!("process {} does not end", run.supervisor.pid)))
}

/// Ends processes that no supervisor keeps any more: nodes first and together,
/// then the others, last started first.
pub(crate) async fn end_orphans(children: &[Running], deadline: Duration) {
    let nodes: Vec<_> = children.iter().filter(|child| !is_base(&child.name)).collect();
    end(&nodes, deadline).await;
    // Restarts reorder the list, so the order is by name: Postgres goes last.
    for name in [FUNCTIONS, "control-plane", "postgres"] {
        let part: Vec<_> = children.iter().filter(|child| child.name == name).collect();
        end(&part, deadline).await;
    }
}

async fn end(children: &[&Running], deadline: Duration) {
    for child in children {
        // Postgres takes SIGINT for "now, cleanly" and SIGTERM for "when all have left".
        let signal = if child.name == "postgres" { Signal::INT } else { Signal::TERM };
        child.process.signal(signal);
    }
    for child in children {
        if !child.process.ended(deadline).await {
            warn(&format!("{} did not end within {deadline:?} and is killed", child.name));
            child.process.signal(Signal::KILL);
            child.process.ended(Duration::from_secs(5)).await;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::process::{Child, Command};

    use super::*;
    use crate::up::process::ProcessId;

    fn child(name: &str, script: &str) -> (Child, Running) {
        let child = Command::new("sh").args(["-c", script]).spawn().unwrap();
        let process = ProcessId::of(child.id()).unwrap();
        (child, Running { name: name.into(), process })
    }

    #[tokio::test]
    async fn orphans_end_and_stubborn_ones_are_killed() {
        let (mut a, node) = child("n1", "exec sleep 60");
        let (mut b, stubborn) = child("control-plane", "trap '' TERM; while :; do sleep 0.1; done");
        tokio::time::sleep(Duration::from_millis(200)).await;
        end_orphans(&[stubborn.clone(), node.clone()], Duration::from_millis(300)).await;
        assert!(!node.process.is_alive() && !stubborn.process.is_alive());
        a.wait().unwrap();
        b.wait().unwrap();
    }
}
