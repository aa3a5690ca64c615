//! The client's body, whole, where something has to read it.
//!
//! Most requests do not come here: HTTP_PROXY streams bodies through. A body
//! is read if the route needs it, and if it is coded (`Content-Encoding`),
//! since AWS undoes that before any integration.

use gw_model::GatewayResponseType as Type;
use gw_snapshot::{GatewayError, Integration};
use gw_upstream::Body;
use http::{HeaderValue, StatusCode, header};
use http_body::Body as _;

use crate::{
    body::RequestBody,
    coding::{self, Coded, Coding, NotDecoded},
    ctx::RequestCtx,
    gather::{NotGathered, gather},
    offload::SMALL,
    rescue::{Refusal, busy, of_request_body, refuse},
};
use bytes::Bytes;

/// Whether [`run`] has anything to do.
pub(super) fn is_needed(ctx: &RequestCtx<'_>, body: &RequestBody) -> bool {
    let Some(routed) = &ctx.route else { return false };
    // Without a body there is nothing to undo.
    let is_coded = || {
        matches!(routed.route.integration, Integration::HttpProxy(_))
            && body.size_hint().exact() != Some(0)
            && ctx.headers.contains_key(header::CONTENT_ENCODING)
    };
    routed.route.needs_body() || is_coded()
}

/// Reads the body and undoes its coding. The headers then describe what came
/// out.
pub(super) async fn run(ctx: &mut RequestCtx<'_>, body: RequestBody) -> Result<Bytes, Refusal> {
    let limit = ctx.core.config.max_payload_bytes;
    let body = match body {
        RequestBody::Whole(bytes) if bytes.len() as u64 > limit => {
            return refuse(Type::RequestTooLarge);
        }
        RequestBody::Whole(bytes) => bytes,
        RequestBody::Incoming(body) if body.is_end_stream() => return Ok(Bytes::new()),
        RequestBody::Incoming(body) => {
            let config = &ctx.core.config;
            let body = Body::incoming(body, config.request_body_idle);
            let reading = gather(body, limit, &config.body_budget);
            match tokio::time::timeout(config.request_body_total, reading).await {
                Ok(Ok(body)) => body,
                Ok(Err(NotGathered::TooLarge(_))) => return refuse(Type::RequestTooLarge),
                Ok(Err(NotGathered::Busy)) => return Err(busy()),
                Ok(Err(NotGathered::Broken(error))) => {
                    return Err(Box::new(of_request_body(&*error)));
                }
                Err(_elapsed) => return Err(Box::new(request_timeout())),
            }
        }
    };
    if body.is_empty() {
        return Ok(body);
    }
    match coding::of_request(&ctx.headers) {
        Coded::Plain => Ok(body),
        Coded::With(coding) if is_decoded(ctx, body.len()) => decode(ctx, coding, body).await,
        Coded::With(_) => Ok(body),
        Coded::Unsupported => Err(unsupported()),
    }
}

/// Once an API compresses, what is smaller than its minimum is left as it is,
/// also on the way in. HTTP_PROXY does not pass `Content-Encoding` on, so that
/// its backend could not read such a body.
fn is_decoded(ctx: &RequestCtx<'_>, size: usize) -> bool {
    let integration = ctx.route.as_ref().map(|routed| &routed.route.integration);
    if matches!(integration, Some(Integration::HttpProxy(_))) {
        return true;
    }
    let minimum = ctx.stage.and_then(|located| located.bound.api.minimum_compression_size());
    minimum.is_none_or(|minimum| size as u64 >= u64::from(minimum))
}

async fn decode(ctx: &mut RequestCtx<'_>, coding: Coding, body: Bytes) -> Result<Bytes, Refusal> {
    let limit = usize::try_from(ctx.core.config.max_payload_bytes).unwrap_or(usize::MAX);
    // A little data may become a lot, and is told by trying.
    let mut decoded = match body.len() {
        ..SMALL => coding.decode(&body, SMALL.min(limit)),
        _ => Err(NotDecoded::TooLarge),
    };
    if decoded == Err(NotDecoded::TooLarge) && limit > SMALL {
        // The room is taken before it is filled.
        let mut charge = ctx.core.config.body_budget.open();
        if !charge.grow(limit as u64) {
            return Err(busy());
        }
        decoded = ctx
            .core
            .offload(move || {
                let decoded = coding.decode(&body, limit)?;
                charge.shrink_to(decoded.len() as u64);
                Ok(charge.hold(decoded))
            })
            .await?;
    }
    match decoded {
        Ok(body) => {
            ctx.headers.remove(header::CONTENT_ENCODING);
            if ctx.headers.contains_key(header::CONTENT_LENGTH) {
                ctx.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
            }
            Ok(body)
        }
        Err(NotDecoded::Invalid) => Err(unsupported()),
        Err(NotDecoded::TooLarge) => refuse(Type::RequestTooLarge),
    }
}

/// AWS answers alike whether it does not know the coding or the body is not
/// in it.
fn unsupported() -> Refusal {
    Box::new(GatewayError::of(Type::UnsupportedMediaType))
}

fn request_timeout() -> GatewayError {
    GatewayError::of(Type::Default4xx)
        .with_status(StatusCode::REQUEST_TIMEOUT)
        .with_message("Request Timeout")
        .with_error_type("RequestTimeoutException")
}
