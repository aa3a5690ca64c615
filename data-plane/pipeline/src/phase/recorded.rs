//! HTTP_PROXY with somebody looking on: what is streamed otherwise is read,
//! and noted.

use gw_snapshot::HttpProxy;
use gw_upstream::{Head, Target};
use http::{HeaderName, HeaderValue, Method, Response};

use crate::{ResponseBody, body::RequestBody, ctx::RequestCtx, fetch, note, rescue::Refusal};

/// Notes what the backend is about to get.
pub(super) fn outgoing(
    ctx: &RequestCtx<'_>,
    proxy: &HttpProxy,
    target: &Target,
    head: &Head,
    body: &RequestBody,
) {
    let lines = String::from_utf8_lossy(head.as_bytes()).into_owned();
    let mut lines = lines.lines();
    let path = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let headers: Vec<(HeaderName, HeaderValue)> = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.parse().ok()?, HeaderValue::from_str(value).ok()?))
        })
        .collect();
    let method = proxy.method.as_ref().unwrap_or(&ctx.method);
    let is_sent = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    ctx.note(|| note::endpoint_uri(format_args!("{target}{path}")));
    ctx.note(|| note::endpoint_headers(headers.iter().map(|(name, value)| (name, value))));
    match body {
        RequestBody::Whole(bytes) if is_sent => ctx.note(|| note::endpoint_body(bytes)),
        RequestBody::Whole(_) => ctx.note(|| note::endpoint_body(b"")),
        RequestBody::Incoming(_) => {}
    }
    ctx.note(|| note::sending(format_args!("{target}{path}")));
}

/// The backend's answer with its whole body.
pub(super) async fn answer(
    ctx: &RequestCtx<'_>,
    response: Response<gw_upstream::ResponseBody>,
) -> Result<Response<ResponseBody>, Refusal> {
    let (head, body) = response.into_parts();
    let body = fetch::read(ctx, body).await?;
    ctx.note(|| note::response_body(&body));
    ctx.note(|| note::answer_body(&body));
    Ok(Response::from_parts(head, ResponseBody::full(body)))
}
