//! A backend's answer, whole: for every integration that maps or reads it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use gw_model::GatewayResponseType as Type;
use gw_snapshot::GatewayError;
use gw_upstream::{Body, Call, Head, Target, Timeouts};
use http::{HeaderMap, StatusCode};
use http_body::Body as _;

use crate::{
    ctx::RequestCtx,
    gather::{NotGathered, gather},
    note,
    rescue::{Refusal, busy, of_upstream},
};

/// What a backend answered.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers, all as they came.
    pub(crate) headers: HeaderMap,
    /// All of its body.
    pub(crate) body: Bytes,
}

/// Calls a backend and reads its answer. `timeout` is for all
/// of it, the answer's last byte included. An answer beyond the node's limit
/// is AWS's 500.
///
/// Takes the notes from `Received response` on; what is sent the caller has
/// noted.
pub(crate) async fn fetch(
    ctx: &RequestCtx<'_>,
    target: &Target,
    head: Head,
    body: Bytes,
    timeout: Duration,
) -> Result<Fetched, Refusal> {
    let timeouts = Timeouts {
        connect: timeout.min(ctx.core.config.connect_timeout),
        response: timeout,
        request_body: timeout,
        // The time for all of it ends first.
        body_idle: timeout + Duration::from_secs(1),
    };
    let began = Instant::now();
    let (body, headers) = (Body::full(body), HeaderMap::new());
    let call = Call { head, body, headers, store: gw_upstream::keep, began };
    let response =
        ctx.core.client.call(target, call, &timeouts).await.map_err(|e| of_upstream(&e))?;
    let latency = began.elapsed();
    let (head, body) = response.into_parts();
    ctx.note(|| note::received(head.status.as_u16(), latency.as_millis()));
    ctx.note(|| note::response_headers(&head.headers));
    let body = if body.is_end_stream() {
        Bytes::new()
    } else {
        let left = timeout.saturating_sub(latency);
        let reading = read(ctx, body);
        match tokio::time::timeout(left, reading).await {
            Ok(read) => read?,
            Err(_elapsed) => return Err(of_upstream(&gw_upstream::Error::Timeout)),
        }
    };
    let latency = began.elapsed().as_micros();
    ctx.core.counters.integrated(u64::try_from(latency).unwrap_or(u64::MAX));
    ctx.note(|| note::response_body(&body));
    Ok(Fetched { status: head.status, headers: head.headers, body })
}

/// Reads the rest of an answer.
pub(crate) async fn read(
    ctx: &RequestCtx<'_>,
    body: gw_upstream::ResponseBody,
) -> Result<Bytes, Refusal> {
    let config = &ctx.core.config;
    let limit = config.max_payload_bytes;
    gather(body, limit, &config.body_budget).await.map_err(|error| match error {
        NotGathered::TooLarge(size) => too_large(size, limit),
        NotGathered::Busy => busy(),
        NotGathered::Broken(error) => of_upstream(&error),
    })
}

/// AWS's answer to a backend that says too much.
pub(crate) fn too_large(size: u64, limit: u64) -> Refusal {
    let log = note::failed(format_args!(
        "Integration response of reported length {size} is larger than allowed maximum of {limit} \
         bytes."
    ));
    Box::new(GatewayError::of(Type::ApiConfigurationError).with_log(log))
}
