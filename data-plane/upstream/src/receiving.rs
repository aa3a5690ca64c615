//! The body of an answer, streamed.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio_util::io::poll_read_buf;

use crate::{
    answer::Framing,
    chunked::{Chunks, Piece},
    error::Error,
    pool::{Lease, Slot},
    sending::Sending,
    stall::Stall,
};

/// Bytes read at once, and as soon as a read has filled its buffer.
const READ: usize = 16 * 1024;
const LARGE_READ: usize = 64 * 1024;

/// The body of an answer. Its connection returns to the pool when the last
/// byte has been read; dropping it earlier closes the connection.
#[derive(Debug)]
pub struct ResponseBody {
    /// Read already.
    ready: Bytes,
    /// What the connection still owes; none if nothing.
    rest: Option<Box<Rest>>,
}

#[derive(Debug)]
struct Rest {
    lease: Lease,
    /// Where the connection belongs; none if it must not be used again.
    home: Option<Rc<Slot>>,
    framing: Owed,
    /// The request's body, if it is not out yet.
    unsent: Option<Sending>,
    stall: Stall,
    read_size: usize,
}

#[derive(Debug)]
enum Owed {
    Length(u64),
    Chunked(Chunks),
    Close,
}

impl ResponseBody {
    /// `ready` was read behind the head. The connection goes home at once if
    /// that is all.
    ///
    /// # Errors
    /// [`Error::BadResponse`] if what was read cannot begin a body: nothing of
    /// the answer has been passed on yet, so that another can be given.
    pub(crate) fn new(
        framing: Framing,
        mut ready: Bytes,
        mut lease: Lease,
        mut home: Option<Rc<Slot>>,
        unsent: Option<Sending>,
        idle: Duration,
    ) -> Result<Self, Error> {
        let framing = match framing {
            Framing::Length(length) => match length.checked_sub(ready.len() as u64) {
                Some(0) => {
                    release(lease, home, unsent.is_some());
                    return Ok(Self { ready, rest: None });
                }
                Some(left) => Owed::Length(left),
                // The origin says more than it announced.
                None => {
                    ready.truncate(usize::try_from(length).unwrap_or(usize::MAX));
                    return Ok(Self { ready, rest: None });
                }
            },
            Framing::Chunked => {
                let mut chunks = Chunks::new();
                lease.conn.read = BytesMut::from(std::mem::take(&mut ready));
                if let Piece::Data(data) = chunks.next(&mut lease.conn.read)? {
                    ready = data;
                }
                Owed::Chunked(chunks)
            }
            Framing::Close => {
                home = None;
                Owed::Close
            }
        };
        let stall = Stall::new(idle);
        let rest = Rest { lease, home, framing, unsent, stall, read_size: READ };
        Ok(Self { ready, rest: Some(Box::new(rest)) })
    }

    fn end(&mut self) {
        if let Some(rest) = self.rest.take() {
            let Rest { lease, home, unsent, .. } = *rest;
            release(lease, home, unsent.is_some());
        }
    }
}

/// A connection with bytes that nobody asked for, or on which a request has
/// not ended, is closed.
fn release(lease: Lease, home: Option<Rc<Slot>>, is_sending: bool) {
    if let Some(home) = home
        && !is_sending
        && lease.conn.read.is_empty()
    {
        home.put(lease);
    }
}

impl Rest {
    /// The next bytes; none at the end.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        if let Some(unsent) = &mut self.unsent {
            match unsent.poll(cx, &mut self.lease.conn.stream) {
                Poll::Ready(Ok(())) => self.unsent = None,
                // The answer counts, and has begun; the request's end does not.
                Poll::Ready(Err(_)) => {
                    self.unsent = None;
                    self.home = None;
                }
                Poll::Pending => {}
            }
        }
        loop {
            let read = &mut self.lease.conn.read;
            match &mut self.framing {
                Owed::Length(0) => return Poll::Ready(Ok(None)),
                Owed::Length(left) if !read.is_empty() => {
                    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(read.len());
                    *left -= here as u64;
                    return Poll::Ready(Ok(Some(read.split_to(here).freeze())));
                }
                Owed::Close if !read.is_empty() => {
                    return Poll::Ready(Ok(Some(read.split().freeze())));
                }
                Owed::Chunked(chunks) => match chunks.next(read)? {
                    Piece::Data(data) => return Poll::Ready(Ok(Some(data))),
                    Piece::End => return Poll::Ready(Ok(None)),
                    Piece::More => {}
                },
                Owed::Length(_) | Owed::Close => {}
            }
            if ready!(self.poll_fill(cx))? == 0 {
                return Poll::Ready(match self.framing {
                    Owed::Close => Ok(None),
                    _ => Err(closed(None)),
                });
            }
        }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        let wanted = match self.framing {
            Owed::Length(left) => usize::try_from(left).unwrap_or(usize::MAX).min(self.read_size),
            _ => self.read_size,
        };
        let conn = &mut self.lease.conn;
        // A half-read line of a chunk must find room for its rest.
        conn.read.reserve(wanted);
        match poll_read_buf(Pin::new(&mut conn.stream), cx, &mut conn.read) {
            Poll::Ready(Ok(read)) => {
                self.stall.progressed();
                if read >= READ {
                    self.read_size = LARGE_READ;
                }
                Poll::Ready(Ok(read))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(closed(Some(error)))),
            Poll::Pending => {
                ready!(self.stall.poll_paused(cx));
                Poll::Ready(Err(Error::BodyTimeout))
            }
        }
    }
}

fn closed(source: Option<io::Error>) -> Error {
    Error::Closed { retry_safe: false, source: source.map(Into::into) }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if !self.ready.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.ready)))));
        }
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        match ready!(rest.poll_next(cx)) {
            Ok(Some(data)) => {
                if matches!(rest.framing, Owed::Length(0)) {
                    self.end();
                }
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Ok(None) => {
                self.end();
                Poll::Ready(None)
            }
            Err(error) => {
                self.rest = None;
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ready.is_empty() && self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let here = self.ready.len() as u64;
        match self.rest.as_ref().map(|rest| &rest.framing) {
            None => SizeHint::with_exact(here),
            Some(Owed::Length(left)) => SizeHint::with_exact(here + left),
            Some(Owed::Chunked(_) | Owed::Close) => SizeHint::default(),
        }
    }
}
