//! Takes chunks apart.

use bytes::{Buf as _, Bytes, BytesMut};

use crate::{answer::bad, error::Error};

/// Longest chunk-size or trailer line.
const MAX_LINE: usize = 4096;
/// All trailers together.
const MAX_TRAILERS: usize = 16 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size,
    Data(u64),
    LineEnd,
    /// Trailers, and their bytes so far.
    Trailers(usize),
    Ended,
}

/// Where in a chunked body a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunks(State);

/// What the bytes at hand hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Data(Bytes),
    /// The body is over.
    End,
    /// More bytes are needed.
    More,
}

impl Chunks {
    pub(crate) fn new() -> Self {
        Self(State::Size)
    }

    /// Takes the next piece out of `bytes`. Trailers are read and left out:
    /// they are hop-by-hop here.
    ///
    /// # Errors
    /// [`Error::BadResponse`] if this is not the chunked encoding.
    pub(crate) fn next(&mut self, bytes: &mut BytesMut) -> Result<Piece, Error> {
        loop {
            match self.0 {
                State::Size => {
                    let Some(line) = line(bytes)? else { return Ok(Piece::More) };
                    self.0 = match size(&line)? {
                        0 => State::Trailers(0),
                        size => State::Data(size),
                    };
                }
                State::Data(left) => {
                    if bytes.is_empty() {
                        return Ok(Piece::More);
                    }
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    self.0 = match left - here as u64 {
                        0 => State::LineEnd,
                        left => State::Data(left),
                    };
                    return Ok(Piece::Data(bytes.split_to(here).freeze()));
                }
                State::LineEnd => {
                    if bytes.len() < 2 {
                        return Ok(Piece::More);
                    }
                    if !bytes.starts_with(b"\r\n") {
                        return Err(bad("chunk longer than its size"));
                    }
                    bytes.advance(2);
                    self.0 = State::Size;
                }
                State::Trailers(read) => {
                    let Some(line) = line(bytes)? else { return Ok(Piece::More) };
                    self.0 = match (line.len(), read + line.len()) {
                        (0, _) => State::Ended,
                        (_, read) if read > MAX_TRAILERS => return Err(bad("too many trailers")),
                        (_, read) => State::Trailers(read),
                    };
                }
                State::Ended => return Ok(Piece::End),
            }
        }
    }
}

/// A whole line without its end.
fn line(bytes: &mut BytesMut) -> Result<Option<BytesMut>, Error> {
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        return if bytes.len() > MAX_LINE { Err(bad("chunk line too long")) } else { Ok(None) };
    };
    let mut line = bytes.split_to(end + 1);
    if end > MAX_LINE || !line.ends_with(b"\r\n") {
        return Err(bad("invalid chunk line"));
    }
    line.truncate(end - 1);
    Ok(Some(line))
}

fn size(line: &[u8]) -> Result<u64, Error> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let rest = line[digits..].trim_ascii_start();
    // Fifteen digits cannot overflow.
    if !(1..=15).contains(&digits) || !(rest.is_empty() || rest[0] == b';') {
        return Err(bad("invalid chunk size"));
    }
    Ok(line[..digits].iter().fold(0, |size, digit| {
        size * 16 + u64::from(char::from(*digit).to_digit(16).unwrap_or_default())
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// The body if it ends, what is left behind it, however the bytes are cut.
    fn decode(text: &str) -> Option<(String, usize)> {
        let mut outcomes = Vec::new();
        for cut in [1, 2, 3, 7, usize::MAX] {
            let mut chunks = Chunks::new();
            let (mut bytes, mut body, mut ended) = (BytesMut::new(), Vec::new(), false);
            let mut left = text.as_bytes();
            let fine = loop {
                match chunks.next(&mut bytes) {
                    Ok(Piece::Data(data)) => body.extend_from_slice(&data),
                    Ok(Piece::End) => {
                        ended = true;
                        break true;
                    }
                    Ok(Piece::More) if left.is_empty() => break true,
                    Ok(Piece::More) => {
                        let (now, later) = left.split_at(cut.min(left.len()));
                        bytes.extend_from_slice(now);
                        left = later;
                    }
                    Err(_) => break false,
                }
            };
            let rest = bytes.len() + left.len();
            outcomes.push((fine && ended).then(|| (String::from_utf8(body).unwrap(), rest)));
        }
        assert!(outcomes.windows(2).all(|pair| pair[0] == pair[1]), "{text:?}: {outcomes:?}");
        outcomes.pop().unwrap()
    }

    #[test]
    fn bodies() {
        let fine = |text: &str, body: &str| {
            assert_eq!(decode(text), Some((body.to_owned(), 0)), "{text:?}");
        };
        fine("0\r\n\r\n", "");
        fine("3\r\nabc\r\n0\r\n\r\n", "abc");
        fine("03 ;x=\"y\"\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", "abc0123456789");
        assert_eq!(decode("0\r\n\r\nHTTP/1.1"), Some((String::new(), 8)));
        for broken in [
            "",
            "3\r\nab",
            "0\r\n",
            "\r\n",
            "g\r\n",
            "0x1\r\na\r\n0\r\n\r\n",
            "-1\r\n",
            "1\na\r\n0\r\n\r\n",
            "1\r\nab\r\n0\r\n\r\n",
            "1 2\r\na\r\n0\r\n\r\n",
            "ffffffffffffffff\r\n",
            "0\r\nx\n\r\n",
        ] {
            assert_eq!(decode(broken), None, "{broken:?}");
        }
    }
}
