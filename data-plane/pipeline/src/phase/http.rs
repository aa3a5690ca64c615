//! HTTP: the backend gets what the request's mapping makes, and the client
//! what the response's mapping makes of its answer.
//!
//! Nothing of the client's request goes on unless a mapping names it. The
//! backend's redirects are answers like any other.

use std::time::Duration;

use bytes::Bytes;
use gw_model::GatewayResponseType as Type;
use gw_snapshot::{Http, MappedRequest};
use gw_upstream::Target;
use http::{HeaderName, HeaderValue, Method, Response, header, uri::PathAndQuery};

use super::{
    answer::answer,
    http_proxy::{invalid_endpoint, target_of},
    mapped::{self, Chosen},
};
use crate::{
    ResponseBody,
    ctx::RequestCtx,
    fetch::fetch,
    id::TRACE_ID,
    note,
    reach::reached,
    rescue::{Refusal, refuse},
};

const API_ID: HeaderName = HeaderName::from_static("x-amzn-apigateway-api-id");

/// Maps, calls the backend and maps its answer.
pub(super) async fn run(
    ctx: &mut RequestCtx<'_>,
    number: u32,
    http: &Http,
    body: Bytes,
) -> Result<Response<ResponseBody>, Refusal> {
    let Some(located) = ctx.stage else { return refuse(Type::ApiConfigurationError) };
    let request = mapped::request(ctx, body).await?;
    let whereto = located.bound.target(number, &http.backend).and_then(|address| {
        let path = address.mapped(&request)?;
        Some((address.origin.prepared(target_of)?, path))
    });
    let Some((origin, path)) = whereto else { return Err(invalid_endpoint()) };
    let target = reached(ctx, located, number, &http.backend, origin)?;
    let method = http.backend.method.as_ref().unwrap_or(&ctx.method);
    let MappedRequest { body, headers, overrides, .. } = request;
    // AWS sends no body with these, whatever a template makes.
    let has_body = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let body = if has_body { body } else { Bytes::new() };
    let headers = outgoing(ctx, headers, has_body, &target);
    tell(ctx, &target, &path, &headers, &body);

    let mut head = ctx.core.client.head(method, path.as_str());
    if has_body {
        // Says that there is none, if there is none.
        head.header(&header::CONTENT_LENGTH, &HeaderValue::from(body.len()));
    }
    headers.iter().for_each(|(name, value)| head.header(name, value));
    let timeout = Duration::from_millis(u64::from(http.backend.timeout_ms));
    let fetched = fetch(ctx, &target, head, body, timeout).await?;
    let mapped = mapped::response(ctx, Chosen::ByStatus, fetched, overrides).await?;
    Ok(answer(ctx, mapped.status, mapped.headers, mapped.body).await)
}

/// The headers that the backend gets: the mapped ones, and AWS's own where no
/// mapping says otherwise.
fn outgoing(
    ctx: &RequestCtx<'_>,
    mapped: Vec<(HeaderName, HeaderValue)>,
    has_body: bool,
    target: &Target,
) -> Vec<(HeaderName, HeaderValue)> {
    let mut own = vec![
        (header::ACCEPT, HeaderValue::from_static("application/json")),
        (header::HOST, target.authority().clone()),
        (TRACE_ID, ctx.trace().clone()),
    ];
    if let Some(located) = &ctx.stage {
        let id = located.bound.api.id_header();
        let agent = [b"AmazonAPIGateway_", id.as_bytes()].concat();
        // An id is a header's value, and so is what ends in one.
        own.extend(HeaderValue::from_bytes(&agent).ok().map(|agent| (header::USER_AGENT, agent)));
        own.push((API_ID, id.clone()));
    }
    if has_body {
        let json = || HeaderValue::from_static("application/json");
        let sent = ctx.headers.get(header::CONTENT_TYPE).cloned();
        own.push((header::CONTENT_TYPE, sent.unwrap_or_else(json)));
    }
    own.retain(|(name, _)| mapped.iter().all(|(other, _)| other != name));
    own.extend(mapped);
    own
}

fn tell(
    ctx: &RequestCtx<'_>,
    target: &Target,
    path: &PathAndQuery,
    headers: &[(HeaderName, HeaderValue)],
    body: &Bytes,
) {
    ctx.note(|| note::endpoint_uri(format_args!("{target}{path}")));
    ctx.note(|| note::endpoint_headers(headers.iter().map(|(name, value)| (name, value))));
    ctx.note(|| note::endpoint_body(body));
    ctx.note(|| note::sending(format_args!("{target}{path}")));
}
