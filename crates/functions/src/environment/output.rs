//! What a runtime prints, line by line, while and after it is waited for.

use std::io;
use std::os::fd::AsFd;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{ChildStderr, ChildStdout};

use crate::journal::Journal;

/// A longer line is told in pieces.
const LONGEST: usize = 256 << 10;

/// Standard output and error of one process.
#[derive(Debug)]
pub(super) struct Output {
    out: Pipe<ChildStdout>,
    err: Pipe<ChildStderr>,
}

#[derive(Debug)]
struct Pipe<R> {
    /// `None` when its other end is closed.
    reader: Option<R>,
    partial: Vec<u8>,
    buffer: Vec<u8>,
}

impl Output {
    pub(super) fn new(out: Option<ChildStdout>, err: Option<ChildStderr>) -> Self {
        Self { out: Pipe::new(out), err: Pipe::new(err) }
    }

    /// Waits for output and tells its whole lines. Never returns when both are
    /// closed. Nothing is lost when the call is given up.
    pub(super) async fn read(&mut self, journal: &mut Journal) {
        tokio::select! {
            read = self.out.read() => self.out.tell(read, journal),
            read = self.err.read() => self.err.tell(read, journal),
        }
    }

    /// Tells what was printed until now, and not what is printed meanwhile: one
    /// that never stops printing must not hold an answer back. What a runtime
    /// prints before it answers is in the pipe when its answer arrives.
    pub(super) async fn catch_up(&mut self, journal: &mut Journal) {
        self.out.catch_up(journal).await;
        self.err.catch_up(journal).await;
    }

    /// The same, and the last lines although they have no end.
    pub(super) async fn finish(&mut self, journal: &mut Journal) {
        self.catch_up(journal).await;
        for partial in [&mut self.out.partial, &mut self.err.partial] {
            if !partial.is_empty() {
                journal.line(&String::from_utf8_lossy(&std::mem::take(partial)));
            }
        }
    }
}

impl<R: AsyncRead + AsFd + Unpin> Pipe<R> {
    fn new(reader: Option<R>) -> Self {
        Self { reader, partial: Vec::new(), buffer: vec![0; 8192] }
    }

    async fn read(&mut self) -> io::Result<usize> {
        match &mut self.reader {
            Some(reader) => reader.read(&mut self.buffer).await,
            None => std::future::pending().await,
        }
    }

    /// Reads as many bytes as the pipe holds now.
    async fn catch_up(&mut self, journal: &mut Journal) {
        let holds = self.reader.as_ref().map(rustix::io::ioctl_fionread);
        let mut left = holds.and_then(Result::ok).unwrap_or(0);
        while left > 0 {
            let read = self.read().await;
            let count = read.as_ref().map_or(0, |n| *n as u64);
            self.tell(read, journal);
            // None at all is the end of the pipe.
            left = if count == 0 { 0 } else { left.saturating_sub(count) };
        }
    }

    fn tell(&mut self, read: io::Result<usize>, journal: &mut Journal) {
        let Some(bytes) = read.ok().filter(|n| *n > 0).and_then(|n| self.buffer.get(..n)) else {
            self.reader = None;
            return;
        };
        self.partial.extend_from_slice(bytes);
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            journal.line(&String::from_utf8_lossy(line));
        }
        if self.partial.len() > LONGEST {
            journal.line(&String::from_utf8_lossy(&std::mem::take(&mut self.partial)));
        }
    }
}
