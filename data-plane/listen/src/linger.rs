//! The end of a connection whose client is still sending.
//!
//! A socket that is closed with unread bytes sends a reset, and a reset takes
//! away the answer that stands before it: a client that writes all of its body
//! before it reads, as most do, would never see the 413 or 403 that it got. So
//! the rest is read and forgotten for a while, once the answer is out.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    time::{Instant, Sleep},
};

/// How long a client may go on sending.
const LONGEST: Duration = Duration::from_secs(5);
/// How long it may pause.
const PAUSE: Duration = Duration::from_secs(1);
/// How much it may send.
const MOST: usize = 32 * 1024 * 1024;
/// Bytes taken at a time.
const PIECE: usize = 16 * 1024;

/// Reads what a client still sends, and forgets it.
#[derive(Debug)]
pub(crate) struct Linger {
    end: Instant,
    left: usize,
    timer: Pin<Box<Sleep>>,
    piece: Box<[u8; PIECE]>,
}

impl Linger {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            end: now + LONGEST,
            left: MOST,
            timer: Box::pin(tokio::time::sleep_until(now + PAUSE)),
            piece: Box::new([0; PIECE]),
        }
    }

    /// Ready when the client is done, or gone, or was given time enough.
    pub(crate) fn poll<T>(&mut self, stream: &mut T, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        T: AsyncRead + Unpin,
    {
        loop {
            let now = Instant::now();
            if now >= self.end || self.left == 0 {
                return Poll::Ready(Ok(()));
            }
            let mut buf = ReadBuf::new(&mut self.piece[..]);
            match Pin::new(&mut *stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    self.left = self.left.saturating_sub(buf.filled().len());
                    self.timer.as_mut().reset(self.end.min(now + PAUSE));
                }
                // The client's end, or its reset: the answer is its to have.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return self.timer.as_mut().poll(cx).map(Ok),
            }
        }
    }
}
