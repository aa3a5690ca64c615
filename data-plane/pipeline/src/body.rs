//! Bodies of requests and of answers.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::phase::FunctionBody;

/// The body of a request on its way through the phases.
#[derive(Debug)]
pub(crate) enum RequestBody {
    /// As the client sends it; nothing has been read yet.
    Incoming(Incoming),
    /// All of it: read by a phase that needed it, or part of a test call.
    Whole(Bytes),
}

impl RequestBody {
    /// All of it, where [`collect`](crate::phase) has read it.
    pub(crate) fn whole(self) -> Bytes {
        match self {
            Self::Incoming(_) => Bytes::new(),
            Self::Whole(bytes) => bytes,
        }
    }

    /// What is known of its size.
    pub(crate) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Incoming(body) => body.size_hint(),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
        }
    }
}

/// Why the body of an answer broke off.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The backend's.
    #[error(transparent)]
    Upstream(#[from] gw_upstream::Error),
    /// A backend sent more than a response may have.
    #[error("response larger than allowed")]
    TooLarge,
    /// A function's stream took longer than it may.
    #[error("response took longer than allowed")]
    TooLong,
    /// A function's stream cannot be read.
    #[error(transparent)]
    Stream(#[from] gw_event::BrokenStream),
    /// A function failed while it streamed.
    #[error("the function failed: {0}")]
    Function(String),
}

/// The body of an answer.
#[derive(Debug, Default)]
pub struct ResponseBody(Kind);

#[derive(Debug)]
enum Kind {
    /// Bytes that are there already, or none.
    Whole(Full<Bytes>),
    /// As the backend sends it; its size is known and allowed.
    Upstream(gw_upstream::ResponseBody),
    /// As the backend sends it, up to so many bytes.
    Limited(gw_upstream::ResponseBody, u64),
    /// As a function writes it.
    Function(Box<FunctionBody>),
}

impl Default for Kind {
    fn default() -> Self {
        Self::Whole(Full::default())
    }
}

impl ResponseBody {
    /// Bytes that are there already.
    pub fn full(bytes: Bytes) -> Self {
        Self(Kind::Whole(Full::new(bytes)))
    }

    /// Streams from a backend.
    pub(crate) fn upstream(body: gw_upstream::ResponseBody) -> Self {
        Self(Kind::Upstream(body))
    }

    /// Streams from a function.
    pub(crate) fn function(body: FunctionBody) -> Self {
        Self(Kind::Function(Box::new(body)))
    }

    /// Streams from a backend and breaks off behind `limit` bytes.
    pub(crate) fn limited(body: gw_upstream::ResponseBody, limit: u64) -> Self {
        Self(Kind::Limited(body, limit))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Kind::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Kind::Upstream(body) => {
                Pin::new(body).poll_frame(cx).map(|frame| frame.map(|f| f.map_err(Into::into)))
            }
            Kind::Limited(body, left) => {
                let frame = std::task::ready!(Pin::new(body).poll_frame(cx));
                if let Some(Ok(frame)) = &frame
                    && let Some(data) = frame.data_ref()
                {
                    let Some(rest) = left.checked_sub(data.len() as u64) else {
                        self.0 = Kind::default();
                        return Poll::Ready(Some(Err(BodyError::TooLarge)));
                    };
                    *left = rest;
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Kind::Function(body) => {
                body.poll_data(cx).map(|data| data.map(|data| data.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(body) => body.is_end_stream(),
            Kind::Upstream(body) | Kind::Limited(body, _) => body.is_end_stream(),
            Kind::Function(body) => body.is_end(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(body) => body.size_hint(),
            Kind::Upstream(body) | Kind::Limited(body, _) => body.size_hint(),
            Kind::Function(_) => SizeHint::default(),
        }
    }
}
