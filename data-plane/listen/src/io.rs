//! The byte stream under hyper: gives back what detection has read, scans
//! HTTP/1 framing, and ends connections whose client is too slow.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use smallvec::SmallVec;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

use crate::{
    framing::{Awaiting, Framing},
    heads::Heads,
    linger::Linger,
};

/// No token, name or value of HTTP/1 may hold this byte: it makes hyper refuse
/// the head in which the scanner found the fault.
const BREAKER: u8 = 0;
/// Ends a broken head, so that hyper looks at it now.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Writes of several pieces up to this size are sent as one. A gathering write
/// costs the kernel more than copying so little does.
const SMALL: usize = 2048;

/// Times that a client may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) head: Duration,
    pub(crate) idle: Duration,
}

/// A stream whose first bytes have been read already.
#[derive(Debug)]
pub(crate) struct Rewound<T> {
    inner: T,
    prefix: Vec<u8>,
}

impl<T> Rewound<T> {
    pub(crate) fn new(inner: T, prefix: Vec<u8>) -> Self {
        Self { inner, prefix }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Rewound<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.prefix.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let take = self.prefix.len().min(buf.remaining());
        buf.put_slice(&self.prefix[..take]);
        self.prefix.drain(..take);
        if self.prefix.is_empty() {
            self.prefix = Vec::new();
        }
        Poll::Ready(Ok(()))
    }
}

/// An HTTP/1 stream that is scanned and timed.
#[derive(Debug)]
pub(crate) struct Guarded<T> {
    stream: Rewound<T>,
    framing: Framing,
    broken: Broken,
    clock: Clock,
    /// Once the answer is out and the client is not done.
    linger: Option<Linger>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    No,
    /// The breaker is in; the end of the head may still have to follow.
    Yes,
    /// Everything has been said.
    Ended,
}

impl<T> Guarded<T> {
    pub(crate) fn new(stream: Rewound<T>, patience: Patience, heads: Heads) -> Self {
        let clock = Clock::new(patience);
        Self { stream, framing: Framing::new(heads), broken: Broken::No, clock, linger: None }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Guarded<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        match this.broken {
            Broken::No => {}
            Broken::Yes => {
                this.broken = Broken::Ended;
                buf.put_slice(&HEAD_END[..HEAD_END.len().min(buf.remaining())]);
                return Poll::Ready(Ok(()));
            }
            Broken::Ended => return Poll::Ready(Ok(())),
        }
        let before = buf.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buf) {
            Poll::Pending => this.clock.poll_waiting(cx, this.framing.awaiting()),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {
                let was = this.framing.awaiting();
                let read = &mut buf.filled_mut()[before..];
                if let Err(at) = this.framing.scan(read) {
                    if this.framing.is_body_broken() {
                        // The stream ends here, and with it the body, too soon.
                        // A breaker could fall into a chunk extension, where
                        // hyper takes any byte.
                        buf.set_filled(before + at);
                        this.broken = Broken::Ended;
                    } else {
                        read[at] = BREAKER;
                        this.broken = Broken::Yes;
                    }
                }
                this.clock.progressed(was, this.framing.awaiting());
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Rewound<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let inner = Pin::new(&mut self.inner);
        if let [only] = bufs {
            return inner.poll_write(cx, only);
        }
        let total: usize = bufs.iter().map(|buf| buf.len()).sum();
        if total > SMALL {
            return inner.poll_write_vectored(cx, bufs);
        }
        let mut whole = SmallVec::<[u8; SMALL]>::new();
        bufs.iter().for_each(|buf| whole.extend_from_slice(buf));
        inner.poll_write(cx, &whole)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            let done = this.broken == Broken::No && this.framing.awaiting() == Awaiting::Request;
            if done {
                return Poll::Ready(Ok(()));
            }
        }
        this.linger.get_or_insert_with(Linger::new).poll(&mut this.stream, cx)
    }
}

/// Times the wait for a request and for its head with one lazy timer: it is
/// not touched per request, only when it fires or comes too late.
#[derive(Debug)]
struct Clock {
    patience: Patience,
    /// When the present wait, or the present head, began.
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    /// No request has come yet.
    fresh: bool,
}

impl Clock {
    fn new(patience: Patience) -> Self {
        Self { patience, since: None, timer: None, fresh: true }
    }

    /// Bytes came.
    fn progressed(&mut self, was: Awaiting, is: Awaiting) {
        self.fresh = false;
        // A head is timed as a whole: a byte now and then does not renew it.
        if (was, is) != (Awaiting::Head, Awaiting::Head) {
            self.since = None;
        }
    }

    fn poll_waiting(&mut self, cx: &mut Context<'_>, awaiting: Awaiting) -> Poll<io::Result<()>> {
        let limit = match awaiting {
            // Who reads the body times its pauses.
            Awaiting::Body => {
                self.since = None;
                return Poll::Pending;
            }
            Awaiting::Request if !self.fresh => self.patience.idle,
            Awaiting::Request | Awaiting::Head => self.patience.head,
        };
        let now = Instant::now();
        let deadline = *self.since.get_or_insert(now) + limit;
        if now >= deadline {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let timer = match &mut self.timer {
            Some(timer) => {
                if timer.is_elapsed() || timer.deadline() > deadline {
                    timer.as_mut().reset(deadline);
                } else {
                    // It wakes the connection's task earlier than needed, and
                    // is then set to the deadline of that time. The task's
                    // waker never changes, so it need not be polled again.
                    return Poll::Pending;
                }
                timer
            }
            none => none.insert(Box::pin(tokio::time::sleep_until(deadline))),
        };
        match timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}
