//! The head of an answer: parsed, and how its body is framed.

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::error::Error;

/// Header lines of an answer.
const MAX_HEADERS: usize = 100;

/// What becomes of a header of an answer: it has the name as the origin wrote
/// it, and puts into the map what the caller wants to have.
pub type Store = fn(&mut HeaderMap, &[u8], HeaderValue);

/// Keeps every header as it is.
pub fn keep(headers: &mut HeaderMap, name: &[u8], value: HeaderValue) {
    // The parser has taken the name; `http` takes the same.
    if let Ok(name) = HeaderName::from_bytes(name) {
        headers.append(name, value);
    }
}

/// What stands behind the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// So many bytes; none for answers that have no body.
    Length(u64),
    Chunked,
    /// Until the connection ends.
    Close,
}

/// A parsed head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) framing: Framing,
    /// The origin lets the connection be used again.
    pub(crate) keep_alive: bool,
    /// Bytes of the head.
    pub(crate) length: usize,
}

/// What framing headers say.
#[derive(Default)]
struct Said {
    length: Option<u64>,
    is_chunked: bool,
    is_encoded: bool,
    close: bool,
    keep_alive: bool,
}

/// Reads a head at the start of `bytes` and hands its headers to `store`; none
/// if it is not complete. Values share the bytes.
///
/// # Errors
/// [`Error::BadResponse`] if this is not HTTP/1 or can be read in two ways.
pub(crate) fn parse(
    bytes: &Bytes,
    to_head: bool,
    headers: &mut HeaderMap,
    store: Store,
) -> Result<Option<Answer>, Error> {
    let mut lines = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let parsed = config.parse_response_with_uninit_headers(&mut head, bytes, &mut lines);
    let length = match parsed.map_err(|error| bad(error.to_string()))? {
        httparse::Status::Complete(length) => length,
        httparse::Status::Partial => return Ok(None),
    };
    let status = head.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or_else(|| bad("status out of range"))?;
    let is_1_1 = head.version == Some(1);
    let mut said = Said::default();
    for line in &*head.headers {
        said.read(line.name.as_bytes(), line.value)?;
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(line.value))
            .map_err(|_| bad("invalid header value"))?;
        store(headers, line.name.as_bytes(), value);
    }
    let framing = said.framing(status, to_head, is_1_1)?;
    if said.is_encoded {
        // A length beside an encoding is void.
        headers.remove(header::CONTENT_LENGTH);
    }
    let keep_alive = !said.close && (is_1_1 || said.keep_alive) && framing != Framing::Close;
    Ok(Some(Answer { status, framing, keep_alive, length }))
}

impl Said {
    fn read(&mut self, name: &[u8], value: &[u8]) -> Result<(), Error> {
        match name.len() {
            10 if name.eq_ignore_ascii_case(b"connection") => {
                for token in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                    self.close |= token.eq_ignore_ascii_case(b"close");
                    self.keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                // Equal lengths, in one line or in several, are one.
                for part in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                    let length = decimal(part).ok_or_else(|| bad("invalid content-length"))?;
                    if self.length.replace(length).is_some_and(|other| other != length) {
                        return Err(bad("two content-lengths"));
                    }
                }
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                self.is_encoded = true;
                let last = value.rsplit(|byte| *byte == b',').next().unwrap_or_default();
                self.is_chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
            }
            _ => {}
        }
        Ok(())
    }

    fn framing(&self, status: StatusCode, to_head: bool, is_1_1: bool) -> Result<Framing, Error> {
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(bad("unasked upgrade"));
        }
        if self.is_encoded && !is_1_1 {
            return Err(bad("transfer-encoding in HTTP/1.0"));
        }
        let bodiless = status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        Ok(if to_head || bodiless {
            Framing::Length(0)
        } else if self.is_encoded {
            if self.is_chunked { Framing::Chunked } else { Framing::Close }
        } else {
            self.length.map_or(Framing::Close, Framing::Length)
        })
    }
}

/// Digits and nothing else, at most 18 of them.
fn decimal(text: &[u8]) -> Option<u64> {
    let fits = (1..=18).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    fits.then(|| text.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')))
}

/// An answer that is not to be used.
pub(crate) fn bad(reason: impl Into<String>) -> Error {
    Error::BadResponse(reason.into().into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<(u16, Framing, bool)>, ()> {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let answer = parse(&bytes, false, &mut HeaderMap::new(), keep).map_err(|_| ())?;
        Ok(answer.map(|a| (a.status.as_u16(), a.framing, a.keep_alive)))
    }

    fn check(head: &str, framing: Framing, keep_alive: bool) {
        let text = format!("{head}\r\n\r\nbody");
        assert_eq!(read(&text), Ok(Some((200, framing, keep_alive))), "{text:?}");
    }

    #[test]
    fn framing_of_answers() {
        use Framing as F;
        check("HTTP/1.1 200 OK\r\nContent-Length: 4", F::Length(4), true);
        check("HTTP/1.1 200 OK\r\nContent-Length: 4, 4\r\ncontent-length: 4", F::Length(4), true);
        check("HTTP/1.1 200\r\ntransfer-encoding: gzip, Chunked", F::Chunked, true);
        check(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 4",
            F::Chunked,
            true,
        );
        check("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip", F::Close, false);
        check("HTTP/1.1 200 OK", F::Close, false);
        check("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: Close", F::Length(0), false);
        check("HTTP/1.0 200 OK\r\ncontent-length: 1", F::Length(1), false);
        check("HTTP/1.0 200 OK\r\ncontent-length: 1\r\nconnection: Keep-Alive", F::Length(1), true);
        assert_eq!(
            read("HTTP/1.1 204 x\r\ncontent-length: 9\r\n\r\n"),
            Ok(Some((204, F::Length(0), true)))
        );
        assert_eq!(
            read("HTTP/1.1 304 x\r\ncontent-length: 9\r\n\r\n"),
            Ok(Some((304, F::Length(0), true)))
        );
        assert_eq!(read("HTTP/1.1 200 OK\r\n"), Ok(None));
    }

    #[test]
    fn refused_answers() {
        for head in [
            "HTTP/1.1 101 x",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2",
            "HTTP/1.1 200 OK\r\ncontent-length: 1, 2",
            "HTTP/1.1 200 OK\r\ncontent-length: +1",
            "HTTP/1.1 200 OK\r\ncontent-length:",
            "HTTP/1.1 200 OK\r\ncontent-length: 9999999999999999999",
            "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked",
            "HTTP/1.1 200 OK\r\nx: 1\r\n folded",
            "HTTP/1.1 200 OK\r\nx : 1",
            "HTTP/2 200 OK",
            "SSH-2.0-OpenSSH",
        ] {
            assert_eq!(read(&format!("{head}\r\n\r\n")), Err(()), "{head:?}");
        }
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(101));
        assert_eq!(read(&many), Err(()));
    }

    #[test]
    fn an_encoding_voids_the_length() {
        let bytes = Bytes::from_static(
            b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n",
        );
        let mut headers = HeaderMap::new();
        parse(&bytes, false, &mut headers, keep).unwrap();
        assert!(!headers.contains_key(header::CONTENT_LENGTH));
    }
}
