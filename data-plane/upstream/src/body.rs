//! What is sent to an origin behind the head.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::Full;
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

#[derive(Debug)]
enum Kind {
    /// Bytes that are there already, or none.
    Whole(Full<Bytes>),
    /// With the bytes that may still come.
    Incoming(Incoming, Stall, u64),
}

impl Default for Kind {
    fn default() -> Self {
        Self::Whole(Full::default())
    }
}

impl Body {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Bytes that are there already.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Whole(Full::new(bytes.into())))
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
            Self::empty()
        } else {
            Self(Kind::Incoming(body, Stall::new(idle), limit))
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(&self.0, Kind::Whole(body) if body.is_end_stream())
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
            Kind::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
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
            Kind::Whole(body) => body.is_end_stream(),
            Kind::Incoming(body, ..) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(body) => body.size_hint(),
            Kind::Incoming(body, ..) => body.size_hint(),
        }
    }
}
