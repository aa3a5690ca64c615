//! Limits that need no API, the verb that counts, and cookies in one piece.

use gw_model::GatewayResponseType as Type;
use gw_snapshot::GatewayError;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header::COOKIE};

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
    if ctx.version == Version::HTTP_2 {
        join_cookies(&mut ctx.headers);
    }
    Ok(())
}

/// Over HTTP/2 browsers send each cookie in a header of its own. What is not
/// HTTP/2, a backend or a function, has to get them as one (RFC 9113, 8.2.3):
/// it would know the last one only.
fn join_cookies(headers: &mut HeaderMap) {
    let mut all = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let (Some(first), Some(second)) = (all.next(), all.next()) else { return };
    let mut joined = first.to_vec();
    for cookie in std::iter::once(second).chain(all) {
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(cookie);
    }
    // What is made of values is one.
    if let Ok(joined) = HeaderValue::try_from(joined) {
        headers.insert(COOKIE, joined);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn cookies_become_one_header() {
        for (sent, expected) in [
            (&[][..], &[][..]),
            (&["a=1"], &["a=1"]),
            (&["a=1; b=2"], &["a=1; b=2"]),
            (&["a=1", "b=2; c=3", "d=\u{e9}"], &["a=1; b=2; c=3; d=\u{e9}"]),
        ] {
            let mut headers = HeaderMap::new();
            for value in sent {
                headers.append(COOKIE, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            join_cookies(&mut headers);
            let found: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
            let expected: Vec<_> = expected.iter().map(|value| value.as_bytes()).collect();
            assert_eq!(found, expected);
        }
    }
}
