//! Finds where HTTP/1 messages begin and end in the bytes of a connection, and
//! refuses whatever two parsers could read differently.
//!
//! hyper is lax in places where an attacker who sits behind another proxy
//! needs laxness: a bare LF ends a line, `Content-Length` next to
//! `Transfer-Encoding` is dropped, equal lengths merge, white space may follow
//! a chunk size. This scanner sees the bytes before hyper does. What it refuses
//! never reaches the service when its head has not been handed over yet, and
//! breaks the body otherwise.

use crate::heads::Heads;

/// Longest request line or header line; hyper answers 431 long before.
const MAX_LINE: usize = 128 * 1024;
/// Longest chunk-size or trailer line.
const MAX_CHUNK_LINE: usize = 4 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between two messages; empty lines seen so far.
    Between(u8),
    /// Inside a head, before its empty line.
    Head,
    /// Body bytes left of a `Content-Length`.
    Length(u64),
    /// At or inside a chunk-size line.
    ChunkSize,
    /// Bytes left of a chunk.
    ChunkData(u64),
    /// CR, then LF after a chunk.
    ChunkCr,
    ChunkLf,
    /// Inside the trailers.
    Trailer,
}

/// The position of one connection in its stream of messages.
#[derive(Debug)]
pub(crate) struct Framing {
    state: State,
    /// A line that has begun but not ended.
    carry: Vec<u8>,
    /// The request line has been seen.
    request_line: bool,
    content_length: Option<u64>,
    chunked: bool,
    /// The fault that was found is in a body whose head is out of our hands.
    broken_body: bool,
    /// Gets a copy of every head.
    heads: Heads,
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Awaiting {
    /// The next request.
    Request,
    /// The rest of a head.
    Head,
    /// The rest of a body.
    Body,
}

impl Framing {
    pub(crate) fn new(heads: Heads) -> Self {
        Self {
            state: State::Between(0),
            carry: Vec::new(),
            request_line: false,
            content_length: None,
            chunked: false,
            broken_body: false,
            heads,
        }
    }

    /// Whether the fault that [`Self::scan`] found is in the body of a message
    /// whose head was handed over before.
    pub(crate) fn is_body_broken(&self) -> bool {
        self.broken_body
    }

    pub(crate) fn awaiting(&self) -> Awaiting {
        match self.state {
            State::Between(_) => Awaiting::Request,
            State::Head => Awaiting::Head,
            _ => Awaiting::Body,
        }
    }

    /// Reads on. An error is the offset at which the stream has to be broken:
    /// the start of the offending message if this read holds it or its head
    /// is still open, else the offending place in its body.
    pub(crate) fn scan(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut message = (self.state == State::Head).then_some(0);
        let mut at = 0;
        while at < bytes.len() {
            let in_head = self.state == State::Head;
            at = match self.step(bytes, at, &mut message) {
                Ok(next) => {
                    if in_head && self.state != State::Head {
                        self.copy_head(bytes, message, next);
                        self.heads.end();
                    }
                    next
                }
                Err(()) => {
                    self.broken_body = message.is_none();
                    return Err(message.unwrap_or(at));
                }
            };
        }
        if self.state == State::Head {
            self.copy_head(bytes, message, bytes.len());
        }
        Ok(())
    }

    fn copy_head(&self, bytes: &[u8], from: Option<usize>, to: usize) {
        self.heads.add(bytes.get(from.unwrap_or_default()..to).unwrap_or_default());
    }

    /// Takes one line, one run of body bytes or one delimiter from `at`;
    /// returns where to go on.
    fn step(&mut self, bytes: &[u8], at: usize, message: &mut Option<usize>) -> Result<usize, ()> {
        match self.state {
            State::Between(_) => {
                *message = Some(at);
                self.between(bytes, at)
            }
            State::Head => self.line(bytes, at, MAX_LINE, Self::head_line),
            State::Length(left) | State::ChunkData(left) => {
                let here = (bytes.len() - at) as u64;
                let after = left.saturating_sub(here);
                self.state = match self.state {
                    State::Length(_) if after == 0 => State::Between(0),
                    State::Length(_) => State::Length(after),
                    _ if after == 0 => State::ChunkCr,
                    _ => State::ChunkData(after),
                };
                // `left - after` is at most the length of the slice.
                Ok(at + usize::try_from(left - after).unwrap_or(bytes.len() - at))
            }
            State::ChunkSize => self.line(bytes, at, MAX_CHUNK_LINE, Self::chunk_line),
            State::ChunkCr => self.expect(bytes[at], b'\r', State::ChunkLf).map(|()| at + 1),
            State::ChunkLf => self.expect(bytes[at], b'\n', State::ChunkSize).map(|()| at + 1),
            State::Trailer => self.line(bytes, at, MAX_CHUNK_LINE, Self::trailer_line),
        }
    }

    fn expect(&mut self, got: u8, wanted: u8, then: State) -> Result<(), ()> {
        self.state = then;
        if got == wanted { Ok(()) } else { Err(()) }
    }

    /// One empty line before a request is tolerated, as RFC 9112 asks: some
    /// clients end a body with one too many.
    fn between(&mut self, bytes: &[u8], at: usize) -> Result<usize, ()> {
        let State::Between(seen) = self.state else { return Err(()) };
        match (bytes[at], seen) {
            (b'\r', 0) => self.state = State::Between(1),
            (b'\n', 1) => self.state = State::Between(2),
            (b'\r' | b'\n', _) | (_, 1) => return Err(()),
            _ => {
                self.state = State::Head;
                self.request_line = false;
                self.content_length = None;
                self.chunked = false;
                return Ok(at);
            }
        }
        Ok(at + 1)
    }

    /// Hands a whole line, without its CR LF, to `take`; keeps a part for later.
    fn line(
        &mut self,
        bytes: &[u8],
        at: usize,
        limit: usize,
        take: fn(&mut Self, &[u8]) -> Result<(), ()>,
    ) -> Result<usize, ()> {
        let rest = &bytes[at..];
        let Some(end) = memchr::memchr(b'\n', rest) else {
            self.carry.extend_from_slice(rest);
            return if self.carry.len() > limit { Err(()) } else { Ok(bytes.len()) };
        };
        if self.carry.is_empty() {
            let line = rest[..end].strip_suffix(b"\r").ok_or(())?;
            take(self, line)?;
        } else {
            let mut carried = std::mem::take(&mut self.carry);
            carried.extend_from_slice(&rest[..end]);
            let line = carried.strip_suffix(b"\r").ok_or(())?;
            take(self, line)?;
        }
        Ok(at + end + 1)
    }

    fn head_line(&mut self, line: &[u8]) -> Result<(), ()> {
        if !self.request_line {
            // hyper reads the request line itself; an empty one cannot be here.
            self.request_line = true;
            return Ok(());
        }
        match line.first() {
            None => return self.head_ends(),
            // A folded line.
            Some(b' ' | b'\t') => return Err(()),
            Some(b'c' | b'C') => {
                if let Some(value) = value_of(line, b"content-length") {
                    let length = decimal(value).ok_or(())?;
                    // Even an equal second length is one too many.
                    return match self.content_length.replace(length) {
                        None => Ok(()),
                        Some(_) => Err(()),
                    };
                }
            }
            Some(b't' | b'T') => {
                if let Some(value) = value_of(line, b"transfer-encoding") {
                    if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                        return Err(());
                    }
                    self.chunked = true;
                }
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn head_ends(&mut self) -> Result<(), ()> {
        self.state = match (self.chunked, self.content_length) {
            (true, Some(_)) => return Err(()),
            (true, None) => State::ChunkSize,
            (false, Some(length)) if length > 0 => State::Length(length),
            (false, _) => State::Between(0),
        };
        Ok(())
    }

    fn chunk_line(&mut self, line: &[u8]) -> Result<(), ()> {
        let digits = line.iter().position(|b| !b.is_ascii_hexdigit()).unwrap_or(line.len());
        // Fifteen digits keep the size far from overflowing anyone's integer.
        if digits == 0 || digits > 15 {
            return Err(());
        }
        let extension = &line[digits..];
        let clean = extension.iter().all(|b| *b == b'\t' || (*b >= b' ' && *b != 0x7f));
        if !(extension.is_empty() || (extension[0] == b';' && clean)) {
            return Err(());
        }
        let size = line[..digits].iter().fold(0_u64, |size, digit| {
            size * 16 + u64::from(char::from(*digit).to_digit(16).unwrap_or(0))
        });
        self.state = if size == 0 { State::Trailer } else { State::ChunkData(size) };
        Ok(())
    }

    fn trailer_line(&mut self, line: &[u8]) -> Result<(), ()> {
        const FRAMING: [&[u8]; 3] = [b"content-length", b"transfer-encoding", b"host"];
        match line.first() {
            None => self.state = State::Between(0),
            Some(b' ' | b'\t') => return Err(()),
            Some(_) if FRAMING.iter().any(|name| value_of(line, name).is_some()) => return Err(()),
            Some(_) => {}
        }
        Ok(())
    }
}

/// The value of a header line if it has this (lower case) name, trimmed.
fn value_of<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let (found, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    found.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

/// Digits and nothing else, at most 18 of them.
fn decimal(value: &[u8]) -> Option<u64> {
    let fits = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    fits.then(|| value.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
