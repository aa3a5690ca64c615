//! `logs`, and keeping log files from growing without end.
//!
//! The parts append to their files themselves, so that a killed supervisor
//! takes no log pipe along. A file that has grown too long is copied aside and
//! cut to nothing under them; a line written in that instant may be lost.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::cli::{Global, LogsArgs};
use crate::error::{Error, Result};
use crate::output::{Format, Output, warn};
use crate::up::state::StateDir;
use crate::up::state_dir;

/// A log is cut when it is longer than this.
const MAX_BYTES: u64 = 16 << 20;

/// How many former files are kept.
const KEPT: u32 = 3;

/// Cuts what has grown too long.
pub(crate) fn cut_long_logs(state: &StateDir) {
    for (_, path) in parts(state) {
        if fs::metadata(&path).is_ok_and(|meta| meta.len() > MAX_BYTES)
            && let Err(error) = cut(&path)
        {
            warn(&format!("{}: {error}", path.display()));
        }
    }
}

fn cut(path: &Path) -> std::io::Result<()> {
    let former = |n: u32| PathBuf::from(format!("{}.{n}", path.display()));
    for n in (1..KEPT).rev() {
        match fs::rename(former(n), former(n + 1)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::copy(path, former(1))?;
    OpenOptions::new().write(true).open(path)?.set_len(0)
}

/// The logs by part.
fn parts(state: &StateDir) -> BTreeMap<String, PathBuf> {
    let entries = fs::read_dir(state.join("logs")).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name().to_str()?.strip_suffix(".log")?.to_owned();
            Some((name, entry.path()))
        })
        .collect()
}

/// A line as `--output json` prints it.
#[derive(Debug, Serialize)]
struct Line<'a> {
    part: &'a str,
    line: &'a str,
}

/// Shows logs; with `--follow` until interrupted.
pub(crate) async fn logs(args: &LogsArgs, global: &Global, out: Output) -> Result<()> {
    let state = state_dir(global)?;
    let mut known = parts(&state);
    if let Some(part) = &args.part {
        if !known.contains_key(part) {
            let names: Vec<_> = known.keys().map(String::as_str).collect();
            return Err(Error::usage(format!("there is no log of `{part}`"))
                .hint(format!("there are: {}", names.join(", "))));
        }
        known.retain(|name, _| name == part);
    } else if known.is_empty() {
        return Err(Error::usage(format!("there are no logs in {}", state.root().display()))
            .hint("name the data directory with --state-dir"));
    }
    let alone = known.len() == 1;
    let show = |part: &str, line: &str| match (out.format, alone) {
        (Format::Json, _) => {
            out.line(&serde_json::to_string(&Line { part, line }).unwrap_or_default())
        }
        (Format::Table, true) => out.line(line),
        (Format::Table, false) => out.line(&format!("{part:<13} | {line}")),
    };
    let mut follows = Vec::new();
    for (name, path) in &known {
        let mut follow = Follow::at_start(path);
        let lines = follow.more()?;
        for line in lines.iter().skip(lines.len().saturating_sub(args.lines)) {
            show(name, line)?;
        }
        follows.push((name, follow));
    }
    if !args.follow {
        return Ok(());
    }
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        for (name, follow) in &mut follows {
            for line in follow.more()? {
                show(name, &line)?;
            }
        }
    }
}

/// Reads a growing file line by line.
#[derive(Debug)]
struct Follow {
    path: PathBuf,
    at: u64,
    /// A line whose end has not been written yet.
    partial: Vec<u8>,
}

impl Follow {
    fn at_start(path: &Path) -> Self {
        Self { path: path.to_owned(), at: 0, partial: Vec::new() }
    }

    /// The whole lines since the last call.
    fn more(&mut self) -> Result<Vec<String>> {
        let wrap = |e| Error::io(self.path.display())(e);
        let mut file = File::open(&self.path).map_err(wrap)?;
        if file.metadata().map_err(wrap)?.len() < self.at {
            // It was cut under us.
            self.at = 0;
            self.partial.clear();
        }
        file.seek(SeekFrom::Start(self.at)).map_err(wrap)?;
        let read = file.read_to_end(&mut self.partial).map_err(wrap)?;
        self.at += read as u64;
        let end = self.partial.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let whole: Vec<u8> = self.partial.drain(..end).collect();
        Ok(String::from_utf8_lossy(&whole).lines().map(str::to_owned).collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::up::keep::open_log;

    #[test]
    fn following_gives_whole_lines_and_survives_a_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("n1.log");
        let mut log = open_log(&path).unwrap();
        let mut follow = Follow::at_start(&path);
        write!(log, "one\ntw").unwrap();
        assert_eq!(follow.more().unwrap(), ["one"]);
        writeln!(log, "o").unwrap();
        assert_eq!(follow.more().unwrap(), ["two"]);
        cut(&path).unwrap();
        writeln!(log, "new").unwrap();
        assert_eq!(follow.more().unwrap(), ["new"]);
        assert_eq!(fs::read_to_string(dir.path().join("n1.log.1")).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn a_few_former_files_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("n1.log");
        for round in 0..6 {
            fs::write(&path, format!("{round}")).unwrap();
            cut(&path).unwrap();
        }
        let text = |n: u32| fs::read_to_string(dir.path().join(format!("n1.log.{n}")));
        assert_eq!(text(1).unwrap(), "5");
        assert_eq!(text(KEPT).unwrap(), "3");
        assert!(text(KEPT + 1).is_err());
    }
}
