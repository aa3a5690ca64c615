//! A request on its way out: what is written next, and whether anything was.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes};
use http_body::Body as _;
use tokio::io::AsyncWrite as _;

use crate::{body::Body, error::Error, head::Head, stream::Stream};

/// Body pieces up to this size are sent together with what stands before
/// them. A second write costs more than copying so little does.
const SMALL: usize = 2048;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// Bytes that must still come.
    Length(u64),
    Chunked,
    /// All is in `out` and `piece`.
    Done,
}

/// Why a request was not sent.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection's.
    Io(io::Error),
    /// The body's.
    Request(Error),
}

/// A request that is being written.
#[derive(Debug)]
pub(crate) struct Sending {
    pub(crate) is_head: bool,
    is_idempotent: bool,
    /// Had no body at all.
    is_bodiless: bool,
    out: Vec<u8>,
    at: usize,
    /// A large piece of the body, written behind `out`.
    piece: Bytes,
    /// A line end belongs behind the piece that was written.
    owes_line_end: bool,
    framing: Framing,
    body: Body,
    /// Whether the system took any byte.
    written: bool,
    flushed: bool,
    /// All that there is has been written, and the body has more.
    awaits_body: bool,
}

impl Sending {
    pub(crate) fn new(head: Head, body: Body) -> Self {
        let Head { bytes: mut out, is_head, is_idempotent, has_length } = head;
        let size = body.size_hint().exact();
        let framing = match size {
            _ if body.is_empty() => {
                if has_length {
                    out.extend_from_slice(b"content-length: 0\r\n");
                }
                Framing::Done
            }
            Some(length) => {
                out.extend_from_slice(b"content-length: ");
                push_number(&mut out, length, 10);
                out.extend_from_slice(b"\r\n");
                Framing::Length(length)
            }
            None => {
                out.extend_from_slice(b"transfer-encoding: chunked\r\n");
                Framing::Chunked
            }
        };
        out.extend_from_slice(b"\r\n");
        Self {
            is_head,
            is_idempotent,
            is_bodiless: body.is_empty(),
            out,
            at: 0,
            piece: Bytes::new(),
            owes_line_end: false,
            framing,
            body,
            written: false,
            flushed: false,
            awaits_body: false,
        }
    }

    /// Nothing is left to be written.
    pub(crate) fn is_done(&self) -> bool {
        self.flushed
    }

    /// Nothing can be written until more of the body comes.
    pub(crate) fn awaits_body(&self) -> bool {
        self.awaits_body
    }

    /// Sent on another connection, it cannot do harm: the first one took
    /// nothing of it, or doing it twice is as good as once.
    pub(crate) fn is_repeatable(&self) -> bool {
        !self.written || (self.is_idempotent && self.is_bodiless)
    }

    /// Starts again, after [`Sending::is_repeatable`].
    pub(crate) fn rewind(&mut self) {
        // What has been taken from the body is still here: nothing of it was
        // written.
        self.at = 0;
        self.written = false;
        self.flushed = false;
    }

    /// The buffer, for the next request.
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.out
    }

    /// Writes as much as there is and fits.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut Stream,
    ) -> Poll<Result<(), Failure>> {
        self.awaits_body = false;
        if !self.written && self.framing != Framing::Done && self.piece.is_empty() && self.at == 0 {
            // A body that is there already goes out with the head.
            if let Poll::Ready(Err(error)) = self.poll_next(cx) {
                return Poll::Ready(Err(Failure::Request(error)));
            }
        }
        loop {
            while self.at < self.out.len() {
                let taken = ready!(Pin::new(&mut *stream).poll_write(cx, &self.out[self.at..]));
                self.at += self.took(taken)?;
            }
            while !self.piece.is_empty() {
                let taken = ready!(Pin::new(&mut *stream).poll_write(cx, &self.piece));
                let taken = self.took(taken)?;
                self.piece.advance(taken);
            }
            if self.framing == Framing::Done && !self.owes_line_end {
                ready!(Pin::new(&mut *stream).poll_flush(cx)).map_err(Failure::Io)?;
                self.flushed = true;
                return Poll::Ready(Ok(()));
            }
            self.out.clear();
            self.at = 0;
            if std::mem::take(&mut self.owes_line_end) {
                self.out.extend_from_slice(b"\r\n");
            }
            match self.poll_next(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(Failure::Request(error))),
                Poll::Pending if !self.out.is_empty() => {}
                Poll::Pending => {
                    // What was written must not wait inside TLS.
                    ready!(Pin::new(&mut *stream).poll_flush(cx)).map_err(Failure::Io)?;
                    self.awaits_body = true;
                    return Poll::Pending;
                }
            }
        }
    }

    fn took(&mut self, taken: io::Result<usize>) -> Result<usize, Failure> {
        match taken {
            Ok(0) => Err(Failure::Io(io::ErrorKind::WriteZero.into())),
            Ok(taken) => {
                self.written = true;
                Ok(taken)
            }
            Err(error) => Err(Failure::Io(error)),
        }
    }

    /// Puts the next piece of the body behind `out`.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let frame = match self.framing {
            Framing::Done => None,
            _ => ready!(Pin::new(&mut self.body).poll_frame(cx)),
        };
        let data = match frame {
            None => return Poll::Ready(self.ends()),
            Some(Err(error)) => return Poll::Ready(Err(Error::RequestBody(error))),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) if !data.is_empty() => data,
                // Trailers stay here, as every hop-by-hop header.
                _ => return Poll::Ready(Ok(())),
            },
        };
        let is_chunked = match &mut self.framing {
            Framing::Length(left) => {
                let Some(rest) = left.checked_sub(data.len() as u64) else {
                    return Poll::Ready(Err(Error::BadRequest("body exceeds its length".into())));
                };
                *left = rest;
                if rest == 0 {
                    self.framing = Framing::Done;
                }
                false
            }
            _ => true,
        };
        if is_chunked {
            push_number(&mut self.out, data.len() as u64, 16);
            self.out.extend_from_slice(b"\r\n");
        }
        if data.len() <= SMALL {
            self.out.extend_from_slice(&data);
            if is_chunked {
                self.out.extend_from_slice(b"\r\n");
            }
        } else {
            self.piece = data;
            self.owes_line_end = is_chunked;
        }
        Poll::Ready(Ok(()))
    }

    fn ends(&mut self) -> Result<(), Error> {
        match self.framing {
            Framing::Length(left) if left > 0 => {
                return Err(Error::BadRequest("body ends before its length".into()));
            }
            Framing::Chunked => self.out.extend_from_slice(b"0\r\n\r\n"),
            _ => {}
        }
        self.framing = Framing::Done;
        Ok(())
    }
}

/// Digits without formatting machinery.
fn push_number(out: &mut Vec<u8>, mut number: u64, base: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = DIGITS[usize::try_from(number % base).unwrap_or_default()];
        number /= base;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let text = |number, base| {
            let mut out = Vec::new();
            push_number(&mut out, number, base);
            String::from_utf8_lossy(&out).into_owned()
        };
        assert_eq!(text(0, 10), "0");
        assert_eq!(text(u64::MAX, 10), u64::MAX.to_string());
        assert_eq!(text(0xdead_beef, 16), "deadbeef");
    }
}
