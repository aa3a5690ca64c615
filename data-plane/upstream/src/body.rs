//! What is sent to an origin behind the head.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use crate::{error::BoxError, stall::Stall};

/// Longest pause within a client's request body unless set otherwise.
pub const DEFAULT_REQUEST_BODY_IDLE: Duration = Duration::from_secs(30);

/// The client stopped sending its body in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("request body stalled")]
pub struct RequestBodyStalled;

/// The client sent more than a request may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("request body too large")]
pub struct RequestBodyTooLarge;

/// A request body on its way to an origin.
#[derive(Debug, Default)]
pub struct Body(Kind);

#[derive(Debug, Default)]
enum Kind {
    #[default]
    Empty,
    Full(Bytes),
    /// With the bytes that may still come.
    Incoming(Incoming, Stall, u64),
}

impl Body {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self(Kind::Empty)
    }

    /// Bytes that are there already.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self(if bytes.is_empty() { Kind::Empty } else { Kind::Full(bytes) })
    }

    /// A client's body, streamed; fails with [`RequestBodyStalled`] when the
    /// client pauses for longer than `idle`.
    #[must_use]
    pub fn incoming(body: Incoming, idle: Duration) -> Self {
        Self::incoming_within(body, idle, u64::MAX)
    }

    /// The same, failing with [`RequestBodyTooLarge`] beyond `limit` bytes.
    #[must_use]
    pub fn incoming_within(body: Incoming, idle: Duration, limit: u64) -> Self {
        if body.is_end_stream() {
            Self(Kind::Empty)
        } else {
            Self(Kind::Incoming(body, Stall::new(idle), limit))
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.0, Kind::Empty)
    }
}

impl From<Incoming> for Body {
    fn from(body: Incoming) -> Self {
        Self::incoming(body, DEFAULT_REQUEST_BODY_IDLE)
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::full(bytes)
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Empty => Poll::Ready(None),
            Kind::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Kind::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Kind::Incoming(body, stall, left) => match Pin::new(body).poll_frame(cx) {
                Poll::Ready(frame) => {
                    stall.progressed();
                    if let Some(Ok(frame)) = &frame
                        && let Some(data) = frame.data_ref()
                    {
                        match left.checked_sub(data.len() as u64) {
                            Some(rest) => *left = rest,
                            None => return Poll::Ready(Some(Err(RequestBodyTooLarge.into()))),
                        }
                    }
                    Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
                }
                Poll::Pending => {
                    ready!(stall.poll_paused(cx));
                    Poll::Ready(Some(Err(RequestBodyStalled.into())))
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Full(_) => false,
            Kind::Incoming(body, ..) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Incoming(body, ..) => body.size_hint(),
        }
    }
}
