//! Processes named so that a reused pid is never taken for an old one.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

/// A process: its pid and when it started, in ticks since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessId {
    pub(crate) pid: u32,
    started: u64,
}

impl ProcessId {
    /// The process that has this pid now; `None` when it has ended.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold anything, so fields count from its end.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let ended = matches!(fields.next()?, "Z" | "X");
        let started = fields.nth(18)?.parse().ok()?;
        (!ended).then_some(Self { pid, started })
    }

    pub(crate) fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Sends a signal if the process still lives.
    pub(crate) fn signal(self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
            && self.is_alive()
        {
            kill_process(pid, signal).ok();
        }
    }

    /// Waits for its end; says whether it came within the time.
    pub(crate) async fn ended(self, within: Duration) -> bool {
        let until = Instant::now() + within;
        while self.is_alive() {
            if Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[tokio::test]
    async fn a_process_is_known_until_it_ends() {
        let mut child = Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap();
        let id = ProcessId::of(child.id()).unwrap();
        assert!(id.is_alive());
        assert!(!id.ended(Duration::from_millis(30)).await);
        let stranger = ProcessId { started: id.started + 1, ..id };
        assert!(!stranger.is_alive(), "a reused pid is another process");
        stranger.signal(Signal::KILL);
        assert!(id.is_alive());
        id.signal(Signal::TERM);
        assert!(id.ended(Duration::from_secs(50)).await);
        child.wait().unwrap();
        assert_eq!(ProcessId::of(child.id()), None);
    }
}
