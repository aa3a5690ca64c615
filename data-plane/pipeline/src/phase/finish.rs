//! What every answer gets.

use std::time::Instant;

use http::{HeaderName, HeaderValue, Response};

use crate::{ResponseBody, ctx::RequestCtx, id::REQUEST_ID};

const EXTENDED_ID: HeaderName = HeaderName::from_static("x-amz-apigw-id");
const RELEASE: HeaderName = HeaderName::from_static("x-gatewright-release");
const CANARY: HeaderName = HeaderName::from_static("x-gatewright-canary");

/// Adds the ids and, if the node tells it, the release; counts the answer.
pub(super) fn run(ctx: &RequestCtx<'_>, response: &mut Response<ResponseBody>) {
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, ctx.ids.request_header());
    headers.insert(EXTENDED_ID, ctx.ids.extended_header());
    if ctx.core.config.expose_release
        && let Some(located) = &ctx.stage
    {
        headers.insert(RELEASE, located.stage.release_header().clone());
        if located.bound.is_canary {
            headers.insert(CANARY, HeaderValue::from_static("true"));
        } else {
            headers.remove(CANARY);
        }
    }
    let ended = ctx.ended.unwrap_or_else(Instant::now);
    let latency = ended.saturating_duration_since(ctx.began).as_micros();
    let latency = u64::try_from(latency).unwrap_or(u64::MAX);
    ctx.core.counters.answered(response.status(), latency);
}
