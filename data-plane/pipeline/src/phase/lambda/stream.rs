//! A function's answer, passed on while the function writes it.

use std::{
    future::{Future as _, poll_fn},
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use gw_event::{Answer, BrokenStream, Frames, Piece, Prelude};
use gw_model::GatewayResponseType as Type;
use gw_snapshot::{AwsTarget, GatewayError};
use gw_upstream::{Body, Call, Error, Timeouts};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body::Body as _;
use tokio::time::Sleep;

use super::{bad_gateway, refused, unreachable};
use crate::{
    ResponseBody,
    aws::{self, AwsRequest},
    body::BodyError,
    ctx::RequestCtx,
    id::TRACE_ID,
    note,
    rescue::{Refusal, of_upstream},
};

/// Longest pause of a stream, AWS's for regional APIs and for those behind
/// its CDN.
const IDLE: Duration = Duration::from_secs(300);
const EDGE_IDLE: Duration = Duration::from_secs(30);

/// Longest stream.
const MAX_STREAM: Duration = Duration::from_secs(15 * 60);

/// Calls the function; returns once the head of its answer is there.
pub(super) async fn run(
    ctx: &mut RequestCtx<'_>,
    target: &AwsTarget,
    request: AwsRequest<'_>,
) -> Result<Response<ResponseBody>, Refusal> {
    let began = Instant::now();
    let signed = aws::prepare(ctx, target, request).await?;
    let timeouts = Timeouts {
        connect: signed.timeout.min(ctx.core.config.connect_timeout),
        response: signed.timeout,
        request_body: signed.timeout,
        body_idle: if ctx.stage.is_some_and(|at| at.bound.api.is_edge()) {
            EDGE_IDLE
        } else {
            IDLE
        },
    };
    let called = Instant::now();
    let call = Call {
        head: signed.head,
        body: Body::full(signed.body),
        headers: HeaderMap::new(),
        store: gw_upstream::keep,
        began: called,
    };
    let response = ctx.core.client.call(signed.upstream, call, &timeouts).await;
    let (head, upstream) = response.map_err(|e| unreachable(of_upstream(&e)))?.into_parts();
    let latency = called.elapsed();
    ctx.note(|| note::received(head.status.as_u16(), latency.as_millis()));
    ctx.note(|| note::response_headers(&head.headers));
    if head.status != StatusCode::OK {
        return Err(refused(head.status, &head.headers));
    }
    let mut body = FunctionBody {
        upstream,
        frames: Frames::default(),
        ready: Bytes::new(),
        is_complete: false,
        end: None,
    };
    // All of the head counts as the response that is waited for.
    let left = signed.timeout.saturating_sub(latency);
    let answer = match tokio::time::timeout(left, body.head(ctx)).await {
        Ok(answer) => answer?,
        Err(_elapsed) => return Err(of_upstream(&Error::Timeout)),
    };
    ctx.ended = Some(Instant::now());
    let latency = called.elapsed().as_micros();
    ctx.core.counters.integrated(u64::try_from(latency).unwrap_or(u64::MAX));
    let left = MAX_STREAM.saturating_sub(began.elapsed());
    body.end = Some(Box::pin(tokio::time::sleep(left)));
    respond(ctx, answer, body)
}

fn respond(
    ctx: &RequestCtx<'_>,
    answer: Answer<'static>,
    body: FunctionBody,
) -> Result<Response<ResponseBody>, Refusal> {
    let status = StatusCode::from_u16(answer.status).map_err(|_| off_format(ctx, "its status"))?;
    let mut response = Response::new(ResponseBody::function(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        headers.append(name, value);
    }
    if !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if !headers.contains_key(TRACE_ID) {
        headers.insert(TRACE_ID, ctx.trace().clone());
    }
    Ok(response)
}

/// A function that does not stream as the gateway needs it: AWS's 500.
fn off_format(ctx: &RequestCtx<'_>, what: &str) -> Refusal {
    ctx.note(|| format!("The function's answer cannot be used: {what}"));
    let error = GatewayError::of(Type::ApiConfigurationError);
    Box::new(error.with_log(note::failed(note::MALFORMED_PROXY)))
}

/// What a function still writes.
#[derive(Debug)]
pub(crate) struct FunctionBody {
    upstream: gw_upstream::ResponseBody,
    frames: Frames,
    /// Read behind the head already.
    ready: Bytes,
    is_complete: bool,
    /// When the stream has taken long enough; none before it begins.
    end: Option<Pin<Box<Sleep>>>,
}

impl FunctionBody {
    /// Reads up to the end of the answer's head.
    async fn head(&mut self, ctx: &RequestCtx<'_>) -> Result<Answer<'static>, Refusal> {
        let mut prelude = Prelude::default();
        loop {
            match poll_fn(|cx| self.poll_piece(cx)).await {
                Some(Ok(Piece::Chunk(chunk))) => match prelude.feed(&chunk) {
                    Ok(None) => {}
                    Ok(Some((answer, rest))) => {
                        self.ready = rest;
                        return Ok(answer);
                    }
                    Err(error) => return Err(off_format(ctx, &error.to_string())),
                },
                Some(Ok(Piece::Complete(completion))) => {
                    let Some(code) = completion.error_code else {
                        return Err(off_format(ctx, "no metadata before the answer's end"));
                    };
                    let details = completion.error_details.unwrap_or_default();
                    let message = gw_event::function_error(details.as_bytes());
                    let message = message.unwrap_or(format!("{code} {details}"));
                    return Err(bad_gateway(
                        Type::IntegrationFailure,
                        note::function_error(message, ""),
                    ));
                }
                Some(Err(BodyError::Upstream(error))) => {
                    return Err(unreachable(of_upstream(&error)));
                }
                Some(Err(error)) => {
                    let log = note::failed(format_args!("Lambda's stream is broken: {error}"));
                    return Err(bad_gateway(Type::IntegrationFailure, log));
                }
                None => return Err(off_format(ctx, "no metadata before the answer's end")),
            }
        }
    }

    /// The next bytes; none at the end.
    pub(crate) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        if !self.ready.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.ready))));
        }
        if self.is_complete {
            return Poll::Ready(None);
        }
        if let Some(end) = &mut self.end
            && end.as_mut().poll(cx).is_ready()
        {
            self.is_complete = true;
            return Poll::Ready(Some(Err(BodyError::TooLong)));
        }
        Poll::Ready(match ready!(self.poll_piece(cx)) {
            Some(Ok(Piece::Chunk(chunk))) => Some(Ok(chunk)),
            // Too late for another status: the client sees a broken body.
            Some(Ok(Piece::Complete(completion))) => {
                completion.error_code.map(|code| Err(BodyError::Function(code)))
            }
            Some(Err(error)) => Some(Err(error)),
            None => None,
        })
    }

    /// Whether nothing comes any more.
    pub(crate) fn is_end(&self) -> bool {
        self.ready.is_empty() && self.is_complete
    }

    /// Nothing comes behind an end or an error.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Piece, BodyError>>> {
        loop {
            if self.is_complete {
                return Poll::Ready(None);
            }
            let failed = match self.frames.read() {
                Ok(Some(piece)) => {
                    self.is_complete = matches!(piece, Piece::Complete(_));
                    return Poll::Ready(Some(Ok(piece)));
                }
                Ok(None) => match ready!(Pin::new(&mut self.upstream).poll_frame(cx)) {
                    Some(Ok(frame)) => {
                        if let Ok(data) = frame.into_data() {
                            self.frames.push(data);
                        }
                        continue;
                    }
                    Some(Err(error)) => error.into(),
                    None => BrokenStream::Truncated.into(),
                },
                Err(error) => error.into(),
            };
            self.is_complete = true;
            return Poll::Ready(Some(Err(failed)));
        }
    }
}
