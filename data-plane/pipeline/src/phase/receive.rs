//! Limits that need no API, and the verb that counts.

use gw_model::GatewayResponseType as Type;
use gw_snapshot::GatewayError;
use http::{HeaderName, Method, StatusCode};

use crate::{
    body::RequestBody,
    ctx::RequestCtx,
    rescue::{Refusal, refuse},
};

const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// Refuses a head or a declared body that is too large. AWS closes on a head
/// beyond its limits with an answer of the load balancer before it; here it
/// is 431 for headers and 414 for the URI, in the shape of other errors.
pub(super) fn run(ctx: &mut RequestCtx<'_>, body: &RequestBody) -> Result<(), Refusal> {
    let config = &ctx.core.config;
    let sizes = ctx.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    if sizes.sum::<usize>() > config.max_header_bytes {
        let error = GatewayError::of(Type::Default4xx)
            .with_status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
            .with_message("Request Header Fields Too Large")
            .with_error_type("RequestHeaderFieldsTooLargeException");
        return Err(Box::new(error));
    }
    if ctx.uri.path_and_query().is_some_and(|uri| uri.as_str().len() > config.max_uri_bytes) {
        let error = GatewayError::of(Type::Default4xx)
            .with_status(StatusCode::URI_TOO_LONG)
            .with_message("Request URI too long")
            .with_error_type("RequestUriTooLongException");
        return Err(Box::new(error));
    }
    if body.size_hint().lower() > config.max_payload_bytes {
        return refuse(Type::RequestTooLarge);
    }
    if let Some(verb) = ctx.headers.get(METHOD_OVERRIDE)
        && let Ok(verb) = Method::from_bytes(verb.as_bytes())
    {
        ctx.method = verb;
    }
    Ok(())
}
