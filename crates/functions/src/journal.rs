//! What one environment logs: lines of its processes, and Lambda's own lines
//! around each invocation.

use std::time::Duration;

use crate::options::LogSink;

/// How much of an invocation's log a caller may ask for.
const TAIL: usize = 4096;

/// The log of one environment.
#[derive(Debug)]
pub(crate) struct Journal {
    function: String,
    sink: LogSink,
    /// What was logged since the invocation began.
    since: Vec<u8>,
}

/// How an invocation went, for its last line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report<'a> {
    pub(crate) id: &'a str,
    pub(crate) duration: Duration,
    /// How long the environment took to start, if it was started for this.
    pub(crate) init: Option<Duration>,
    /// MB that the function was promised.
    pub(crate) memory: u32,
    /// KiB that its process has used at most.
    pub(crate) used: Option<u64>,
    /// `timeout`, or `error` with its type.
    pub(crate) status: Option<(&'a str, &'a str)>,
}

impl Journal {
    pub(crate) fn new(function: &str, sink: LogSink) -> Self {
        Self { function: function.to_owned(), sink, since: Vec::new() }
    }

    /// One line, without its end.
    pub(crate) fn line(&mut self, text: &str) {
        self.sink.line(&self.function, text);
        self.since.extend_from_slice(text.as_bytes());
        self.since.push(b'\n');
        if self.since.len() > 4 * TAIL {
            self.since.drain(..self.since.len() - TAIL);
        }
    }

    /// What comes from here on belongs to a new invocation.
    pub(crate) fn turn(&mut self) {
        self.since.clear();
    }

    pub(crate) fn start(&mut self, id: &str, version: &str) {
        self.line(&format!("START RequestId: {id} Version: {version}"));
    }

    pub(crate) fn end(&mut self, report: Report<'_>) {
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let init = report.init.unwrap_or_default();
        let mut text = format!(
            "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {:.0} ms\t\
             Memory Size: {} MB\tMax Memory Used: {} MB\t",
            report.id,
            ms(report.duration),
            ms(report.duration + init).ceil(),
            report.memory,
            report.used.unwrap_or(0).div_ceil(1024),
        );
        if let Some(init) = report.init {
            text.push_str(&format!("Init Duration: {:.2} ms\t", ms(init)));
        }
        match report.status {
            None => {}
            Some((status, "")) => text.push_str(&format!("Status: {status}")),
            Some((status, kind)) => {
                text.push_str(&format!("Status: {status}\tError Type: {kind}"));
            }
        }
        self.line(&format!("END RequestId: {}", report.id));
        self.line(&text);
    }

    /// The end of what the invocation logged.
    pub(crate) fn tail(&self) -> &[u8] {
        &self.since[self.since.len().saturating_sub(TAIL)..]
    }
}

/// How much memory a process has used at most, in KiB.
pub(crate) fn peak_memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn lines_are_told_and_their_end_is_kept() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let into = told.clone();
        let sink = LogSink::new(move |function, line| {
            into.lock().unwrap().push(format!("{function}|{line}"));
        });
        let mut journal = Journal::new("f", sink);
        journal.start("1-2", "$LATEST");
        journal.end(Report {
            id: "1-2",
            duration: Duration::from_micros(1_234),
            init: Some(Duration::from_micros(10_001)),
            memory: 128,
            used: Some(33_000),
            status: Some(("error", "Runtime.ExitError")),
        });
        let told = told.lock().unwrap().clone();
        assert_eq!(told[0], "f|START RequestId: 1-2 Version: $LATEST");
        assert_eq!(told[1], "f|END RequestId: 1-2");
        assert_eq!(
            told[2],
            "f|REPORT RequestId: 1-2\tDuration: 1.23 ms\tBilled Duration: 12 ms\t\
             Memory Size: 128 MB\tMax Memory Used: 33 MB\tInit Duration: 10.00 ms\t\
             Status: error\tError Type: Runtime.ExitError"
        );
        for n in 0..5000 {
            journal.line(&format!("line {n}"));
        }
        assert_eq!(journal.tail().len(), TAIL);
        assert!(journal.tail().ends_with(b"line 4999\n"));
        journal.turn();
        assert!(journal.tail().is_empty());
        assert!(peak_memory(std::process::id()).unwrap() > 100);
    }
}
