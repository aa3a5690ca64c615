//! `application/vnd.amazon.eventstream`, the frames in which Lambda streams.
//!
//! A frame is a prelude (two lengths and their checksum), headers, a payload
//! and a checksum over all of it. Payloads of chunks are passed on as they
//! arrive, in slices of what was read; only the few other events are gathered.
//! A wrong checksum is told as soon as it is known, which may be behind bytes
//! that have been passed on.

mod write;

use std::collections::VecDeque;

use bytes::{Buf as _, Bytes};
use crc32fast::Hasher;
use serde::Deserialize;

pub use write::frame;

/// The media type of such streams.
pub const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// Lengths and their checksum.
const PRELUDE: usize = 12;
/// Most bytes of headers: three short ones are usual.
const MAX_HEADERS: usize = 8 * 1024;
/// Most bytes of an event that is gathered. Its log tail takes 6 KB.
const MAX_EVENT: usize = 256 * 1024;
/// Most bytes of a chunk, which is not gathered.
const MAX_FRAME: usize = 32 * 1024 * 1024;

/// Why bytes are no event stream of Lambda.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenStream {
    /// A checksum is wrong.
    #[error("wrong checksum")]
    Checksum,
    /// A length makes no sense or is beyond the limits.
    #[error("impossible length")]
    Length,
    /// Headers that cannot be read.
    #[error("unreadable event headers")]
    Headers,
    /// The last event cannot be read.
    #[error("unreadable end of the stream")]
    Completion,
    /// The bytes ended before the stream said so.
    #[error("the stream broke off")]
    Truncated,
    /// Lambda said that something went wrong.
    #[error("{0}")]
    Exception(String),
}

/// What a stream brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Bytes that the function wrote, never none.
    Chunk(Bytes),
    /// The function has ended.
    Complete(Completion),
}

/// How a function ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Completion {
    /// Set if it failed.
    pub error_code: Option<String>,
    /// Why, mostly in JSON.
    pub error_details: Option<String>,
    /// The end of its log, in base64, if asked for.
    pub log_result: Option<String>,
}

/// Reads frames from bytes as they arrive.
#[derive(Debug, Default)]
pub struct Frames {
    /// Bytes not looked at yet.
    input: VecDeque<Bytes>,
    state: State,
    /// The frame so far.
    crc: Hasher,
    /// A prelude, headers, an event or a checksum under construction.
    gathered: Vec<u8>,
    is_complete: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Prelude,
    /// Headers of this length before a payload of that.
    Headers(usize, usize),
    /// Bytes of a chunk that are still to come.
    Chunk(usize),
    /// An event to be gathered.
    Event(Event, usize),
    /// Bytes of an event that nobody needs.
    Skip(usize),
    Checksum,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Chunk,
    Complete,
    Exception,
    Unknown,
}

impl Frames {
    /// Takes bytes. Call [`read`](Self::read) until it has nothing more before
    /// giving others, so that no more is held than was given.
    pub fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.input.push_back(bytes);
        }
    }

    /// The next piece; none if more bytes are needed.
    ///
    /// # Errors
    /// See [`BrokenStream`]; nothing comes behind one.
    pub fn read(&mut self) -> Result<Option<Piece>, BrokenStream> {
        loop {
            match self.state {
                State::Prelude => {
                    if self.input.is_empty() && self.gathered.is_empty() {
                        return Ok(None);
                    }
                    if !self.gather(PRELUDE) {
                        return Ok(None);
                    }
                    self.prelude()?;
                }
                State::Headers(length, payload) => {
                    if !self.gather(length) {
                        return Ok(None);
                    }
                    self.headers(payload)?;
                }
                State::Chunk(0) | State::Skip(0) => self.state = State::Checksum,
                State::Chunk(left) => {
                    let Some(bytes) = self.take(left) else { return Ok(None) };
                    self.crc.update(&bytes);
                    self.state = State::Chunk(left - bytes.len());
                    return Ok(Some(Piece::Chunk(bytes)));
                }
                State::Skip(left) => {
                    let Some(bytes) = self.take(left) else { return Ok(None) };
                    self.crc.update(&bytes);
                    self.state = State::Skip(left - bytes.len());
                }
                State::Event(event, length) => {
                    if !self.gather(length) {
                        return Ok(None);
                    }
                    let piece = self.event(event)?;
                    self.state = State::Checksum;
                    if let Some(piece) = piece {
                        self.is_complete = true;
                        return Ok(Some(piece));
                    }
                }
                State::Checksum => {
                    if !self.gather(4) {
                        return Ok(None);
                    }
                    self.checksum()?;
                }
            }
        }
    }

    /// Whether the stream may end here.
    ///
    /// # Errors
    /// [`BrokenStream::Truncated`] if it may not.
    pub fn end(&self) -> Result<(), BrokenStream> {
        if self.is_complete { Ok(()) } else { Err(BrokenStream::Truncated) }
    }

    fn prelude(&mut self) -> Result<(), BrokenStream> {
        let mut fields = &*self.gathered;
        let (total, headers, crc) = (fields.get_u32(), fields.get_u32(), fields.get_u32());
        self.crc = Hasher::new();
        self.crc.update(self.gathered.get(..8).unwrap_or_default());
        if self.crc.clone().finalize() != crc {
            return Err(BrokenStream::Checksum);
        }
        self.crc.update(self.gathered.get(8..).unwrap_or_default());
        self.gathered.clear();
        let size = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        let (total, headers) = (size(total), size(headers));
        let payload = total.checked_sub(PRELUDE + 4).and_then(|rest| rest.checked_sub(headers));
        match payload {
            Some(payload) if headers <= MAX_HEADERS && total <= MAX_FRAME => {
                self.state = State::Headers(headers, payload);
                Ok(())
            }
            _ => Err(BrokenStream::Length),
        }
    }

    fn headers(&mut self, payload: usize) -> Result<(), BrokenStream> {
        self.crc.update(&self.gathered);
        let event = event_of(&self.gathered).ok_or(BrokenStream::Headers)?;
        self.gathered.clear();
        self.state = match event {
            Event::Chunk => State::Chunk(payload),
            Event::Unknown => State::Skip(payload),
            Event::Complete | Event::Exception if payload > MAX_EVENT => {
                return Err(BrokenStream::Length);
            }
            event => State::Event(event, payload),
        };
        Ok(())
    }

    fn event(&mut self, event: Event) -> Result<Option<Piece>, BrokenStream> {
        self.crc.update(&self.gathered);
        let payload = std::mem::take(&mut self.gathered);
        match event {
            Event::Exception => {
                Err(BrokenStream::Exception(String::from_utf8_lossy(&payload).into_owned()))
            }
            _ if payload.is_empty() => Ok(Some(Piece::Complete(Completion::default()))),
            _ => match serde_json::from_slice(&payload) {
                Ok(completion) => Ok(Some(Piece::Complete(completion))),
                Err(_) => Err(BrokenStream::Completion),
            },
        }
    }

    fn checksum(&mut self) -> Result<(), BrokenStream> {
        let crc = (&*self.gathered).get_u32();
        self.gathered.clear();
        if std::mem::take(&mut self.crc).finalize() != crc {
            return Err(BrokenStream::Checksum);
        }
        self.state = State::Prelude;
        Ok(())
    }

    /// Moves input over until so many bytes are gathered.
    fn gather(&mut self, length: usize) -> bool {
        while self.gathered.len() < length {
            let Some(bytes) = self.take(length - self.gathered.len()) else { return false };
            self.gathered.extend_from_slice(&bytes);
        }
        true
    }

    /// Up to so many bytes of one input.
    fn take(&mut self, most: usize) -> Option<Bytes> {
        let front = self.input.front_mut()?;
        if front.len() <= most {
            return self.input.pop_front();
        }
        Some(front.split_to(most))
    }
}

/// Which event the headers announce.
fn event_of(mut headers: &[u8]) -> Option<Event> {
    let (mut is_event, mut event) = (true, Event::Unknown);
    while !headers.is_empty() {
        let (name, value) = header(&mut headers)?;
        match (name, value) {
            (b":message-type", Some(kind)) => is_event = kind == b"event",
            (b":event-type", Some(b"PayloadChunk")) => event = Event::Chunk,
            (b":event-type", Some(b"InvokeComplete")) => event = Event::Complete,
            _ => {}
        }
    }
    Some(if is_event { event } else { Event::Exception })
}

/// One header: its name, and its value if that is a string.
fn header<'h>(headers: &mut &'h [u8]) -> Option<(&'h [u8], Option<&'h [u8]>)> {
    let (length, rest) = headers.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    let (kind, rest) = rest.split_first()?;
    let (value, rest) = match kind {
        // Booleans have no value.
        0 | 1 => (None, rest),
        2 => (None, rest.get(1..)?),
        3 => (None, rest.get(2..)?),
        4 => (None, rest.get(4..)?),
        5 | 8 => (None, rest.get(8..)?),
        9 => (None, rest.get(16..)?),
        6 | 7 => {
            let (length, rest) = rest.split_at_checked(2)?;
            let length = u16::from_be_bytes(length.try_into().ok()?);
            let (value, rest) = rest.split_at_checked(usize::from(length))?;
            (Some(value), rest)
        }
        _ => return None,
    };
    *headers = rest;
    Some((name, value))
}
