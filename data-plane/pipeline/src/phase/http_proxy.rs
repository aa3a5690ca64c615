//! HTTP_PROXY: the client's request, moved on to the backend.
//!
//! The client's headers are written straight to the backend's socket, and the
//! backend's straight into the map of the answer; bodies stream through
//! untouched, unless a mapping reads the client's or the API compresses the
//! backend's.

use std::{
    borrow::Cow,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use gw_model::{ContentHandling, GatewayResponseType as Type};
use gw_snapshot::{GatewayError, HttpProxy, Mappings, Origin, Picked, Values, convert_request};
use gw_upstream::{Body, Call, Head, Scheme, Target, Timeouts, TlsOptions};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, header};
use http_body::Body as _;
use smallvec::SmallVec;

use super::{
    answer::{compress, is_compressed},
    recorded,
};
use crate::{
    ResponseBody,
    body::RequestBody,
    capture::Captured,
    coding::{self, Coding},
    ctx::{Located, RequestCtx},
    fetch,
    header_table::{RequestFate, named_by_connection, request_fate, store_response},
    id, note,
    offload::SMALL,
    reach::reached,
    rescue::{Refusal, of_upstream, refuse},
};

/// Pause in the body of a `STREAM` response: AWS's for regional APIs.
const STREAM_IDLE: Duration = Duration::from_secs(300);
/// The same for edge-optimised APIs.
const EDGE_STREAM_IDLE: Duration = Duration::from_secs(30);

/// Calls the backend and passes its answer on.
pub(super) async fn run(
    ctx: &mut RequestCtx<'_>,
    number: u32,
    proxy: &HttpProxy,
    body: RequestBody,
) -> Result<Response<ResponseBody>, Refusal> {
    let Some(located) = ctx.stage else { return refuse(Type::ApiConfigurationError) };
    let (target, head) = match &body {
        RequestBody::Whole(bytes) if !proxy.body_paths.is_empty() => {
            let picked = Box::pin(pick(ctx, proxy, bytes)).await?;
            outgoing(ctx, located, number, proxy, &picked.over(ctx))?
        }
        _ => outgoing(ctx, located, number, proxy, ctx)?,
    };
    // Nothing before this has waited, unless it was for the body.
    let began = match &body {
        RequestBody::Incoming(_) => ctx.began,
        RequestBody::Whole(_) => Instant::now(),
    };
    let body = match (body, proxy.content_handling) {
        (RequestBody::Whole(bytes), Some(handling)) => {
            RequestBody::Whole(Box::pin(converted(ctx, located, handling, bytes)).await?)
        }
        (body, _) => body,
    };
    if ctx.recorder.is_some() {
        recorded::outgoing(ctx, proxy, &target, &head, &body);
    }
    let body = outbound(ctx, proxy, body);
    let coding = match located.bound.api.minimum_compression_size() {
        Some(_) if !proxy.is_streamed => coding::accepted(&ctx.headers),
        _ => None,
    };
    // A customised gateway response may still want to read the client's; else
    // their map takes the answer's.
    let custom = !located.bound.api.gateway_responses().is_empty();
    let headers = if custom { HeaderMap::new() } else { std::mem::take(&mut ctx.headers) };
    let timeout = Duration::from_millis(u64::from(proxy.timeout_ms));
    let timeouts = Timeouts {
        connect: timeout.min(ctx.core.config.connect_timeout),
        response: timeout,
        request_body: ctx.core.config.request_body_total,
        body_idle: match (proxy.is_streamed, located.bound.api.is_edge()) {
            (false, _) => timeout,
            (true, false) => STREAM_IDLE,
            (true, true) => EDGE_STREAM_IDLE,
        },
    };
    let call = Call { head, body, headers, store: store_response, began };
    let response =
        ctx.core.client.call(&target, call, &timeouts).await.map_err(|e| of_upstream(&e))?;
    let ended = Instant::now();
    ctx.ended = Some(ended);
    let latency = ended.saturating_duration_since(began).as_micros();
    ctx.core.counters.integrated(u64::try_from(latency).unwrap_or(u64::MAX));
    if ctx.recorder.is_some() {
        ctx.note(|| note::received(response.status().as_u16(), latency / 1000));
        ctx.note(|| note::response_headers(response.headers()));
        let mut response = Box::pin(recorded::answer(ctx, response)).await?;
        finished(ctx, &mut response);
        ctx.note(|| note::answer_headers(response.headers()));
        return Ok(response);
    }
    match coding {
        Some(coding) => Box::pin(compressed(ctx, proxy, response, coding)).await,
        None => answer(ctx, proxy, response),
    }
}

/// Where the request goes, and its head.
fn outgoing<'t>(
    ctx: &RequestCtx<'t>,
    located: Located<'t>,
    number: u32,
    proxy: &'t HttpProxy,
    values: &dyn Values,
) -> Result<(Cow<'t, Target>, Head), Refusal> {
    let address = located.bound.target(number, proxy);
    let mapped = proxy.mappings.as_deref().map_or(&[][..], |mappings| &mappings.query);
    let whereto = address.and_then(|address| {
        let path = address.path_and_query(values, ctx.uri.query(), mapped)?;
        Some((address.origin.prepared(target_of)?, path))
    });
    let Some((origin, path)) = whereto else { return Err(invalid_endpoint()) };
    let target = reached(ctx, located, number, proxy, origin)?;
    let method = proxy.method.as_ref().unwrap_or(&ctx.method);
    let mut head = ctx.core.client.head(method, path.as_str());
    write_headers(ctx, proxy.mappings.as_deref(), values, &target, &mut head);
    Ok((target, head))
}

/// The address, or what a request's values made of it, is none.
pub(super) fn invalid_endpoint() -> Refusal {
    let log = note::failed(note::INVALID_ENDPOINT);
    Box::new(GatewayError::of(Type::ApiConfigurationError).with_log(log))
}

/// What the data plane keeps with an origin, so that no request builds it.
pub(crate) fn target_of(origin: &Origin) -> Option<Target> {
    let scheme = if origin.is_tls { Scheme::Https } else { Scheme::Http };
    let tls = TlsOptions { insecure_skip_verification: origin.insecure_skip_verification };
    Target::new(scheme, &origin.host, origin.port, tls).ok()
}

/// Writes the client's headers as the backend gets them, and ours.
fn write_headers(
    ctx: &RequestCtx<'_>,
    mappings: Option<&Mappings>,
    values: &dyn Values,
    target: &Target,
    head: &mut Head,
) {
    let mapped: SmallVec<[(&HeaderName, HeaderValue); 4]> = match mappings {
        None => SmallVec::new(),
        Some(mappings) => {
            let mapped = mappings
                .headers
                .iter()
                .filter_map(|(name, source)| Some((name, source.value(values)?.into_header()?)));
            mapped.collect()
        }
    };
    let is_mapped = |name: &str| mapped.iter().any(|(n, _)| n.as_str() == name);
    let hop_by_hop = named_by_connection(&ctx.headers);
    let (mut trace, mut forwarded_for) = (None, SmallVec::<[&HeaderValue; 2]>::new());
    for (name, value) in &ctx.headers {
        // What a mapping sets and what the connection header names goes no
        // further, but ids and addresses are still read.
        let is_named = hop_by_hop.iter().any(|named| named == name);
        match request_fate(name.as_str(), value) {
            RequestFate::Trace if !is_named => trace = trace.or(Some(value)),
            RequestFate::ForwardedFor if !is_named => forwarded_for.push(value),
            RequestFate::Pass if !is_named && !is_mapped(name.as_str()) => {
                head.header(name, value);
            }
            _ => {}
        }
    }
    let mut ours = |name: &'static str, parts: &[&[u8]]| {
        if !is_mapped(name) {
            head.header_of(name, parts);
        }
    };
    let drawn =
        || id::trace(trace, ctx.core.epoch_seconds(ctx.began), &mut ctx.core.rng.borrow_mut());
    match ctx.trace.get() {
        // A mapping has read it.
        Some(trace) => ours("x-amzn-trace-id", &[trace.as_bytes()]),
        None => ours("x-amzn-trace-id", &[&drawn()]),
    }
    let peer = address(ctx.conn.peer);
    let mut chain: SmallVec<[&[u8]; 5]> = SmallVec::new();
    for value in forwarded_for {
        chain.push(value.as_bytes());
        chain.push(b", ");
    }
    chain.push(&peer);
    ours("x-forwarded-for", &chain);
    ours("x-forwarded-port", &[itoa::Buffer::new().format(ctx.conn.local_port).as_bytes()]);
    ours("x-forwarded-proto", &[if ctx.conn.is_tls { b"https" } else { b"http" }]);
    if let Some(located) = &ctx.stage {
        ours("x-amzn-apigateway-api-id", &[located.bound.api.id_header().as_bytes()]);
    }
    if !is_mapped("host") {
        head.header(&header::HOST, target.authority());
    }
    for (name, value) in &mapped {
        head.header(name, value);
    }
}

/// An address as text.
fn address(peer: IpAddr) -> SmallVec<[u8; 40]> {
    let mut out = SmallVec::new();
    match peer {
        IpAddr::V4(address) => {
            let mut number = itoa::Buffer::new();
            for (n, octet) in address.octets().into_iter().enumerate() {
                if n > 0 {
                    out.push(b'.');
                }
                out.extend_from_slice(number.format(octet).as_bytes());
            }
        }
        IpAddr::V6(address) => out.extend_from_slice(address.to_string().as_bytes()),
    }
    out
}

/// What the mappings read from the body.
async fn pick(
    ctx: &RequestCtx<'_>,
    proxy: &HttpProxy,
    body: &Bytes,
) -> Result<Picked, GatewayError> {
    if body.len() < SMALL {
        return Picked::read(&proxy.body_paths, body);
    }
    let (paths, body) = (proxy.body_paths.clone(), body.clone());
    ctx.core.offload(move || Picked::read(&paths, &body)).await.map_err(|refusal| *refusal)?
}

/// The body after `contentHandling`.
async fn converted(
    ctx: &RequestCtx<'_>,
    located: Located<'_>,
    handling: ContentHandling,
    body: Bytes,
) -> Result<Bytes, Refusal> {
    let api = &located.bound.api;
    if body.len() < SMALL {
        return Ok(convert_request(api.binary(), ctx, &body, handling)?);
    }
    let (api, values) = (Arc::clone(api), Captured::of(ctx));
    let job = move || convert_request(api.binary(), &values, &body, handling);
    Ok(ctx.core.offload(job).await??)
}

/// The client's body on its way to the backend. AWS sends none with some verbs.
fn outbound(ctx: &RequestCtx<'_>, proxy: &HttpProxy, body: RequestBody) -> Body {
    let config = &ctx.core.config;
    let method = proxy.method.as_ref().unwrap_or(&ctx.method);
    match body {
        _ if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) => Body::empty(),
        RequestBody::Whole(bytes) => Body::full(bytes),
        RequestBody::Incoming(body) if body.size_hint().exact().is_some() => {
            Body::incoming(body, config.request_body_idle)
        }
        RequestBody::Incoming(body) => {
            Body::incoming_within(body, config.request_body_idle, config.max_payload_bytes)
        }
    }
}

/// The backend's answer, compressed if it is large enough. Its size has to be
/// known for that, so it is read as a whole where it may be.
async fn compressed(
    ctx: &RequestCtx<'_>,
    proxy: &HttpProxy,
    response: Response<gw_upstream::ResponseBody>,
    coding: Coding,
) -> Result<Response<ResponseBody>, Refusal> {
    let size = response.body().size_hint().exact().unwrap_or(u64::MAX);
    if !is_compressed(ctx, &response, size) {
        return answer(ctx, proxy, response);
    }
    let (head, body) = response.into_parts();
    let body = fetch::read(ctx, body).await?;
    let mut response = Response::from_parts(head, ResponseBody::default());
    let body = match is_compressed(ctx, &response, body.len() as u64) {
        true => compress(ctx, coding, body, &mut response).await,
        false => body,
    };
    *response.body_mut() = ResponseBody::full(body);
    finished(ctx, &mut response);
    Ok(response)
}

/// The backend's answer as the client gets it.
fn answer(
    ctx: &RequestCtx<'_>,
    proxy: &HttpProxy,
    response: Response<gw_upstream::ResponseBody>,
) -> Result<Response<ResponseBody>, Refusal> {
    let limit = ctx.core.config.max_payload_bytes;
    let size = response.body().size_hint();
    let is_bodiless = ctx.method == Method::HEAD;
    if !proxy.is_streamed && !is_bodiless && size.lower() > limit {
        return Err(fetch::too_large(size.lower(), limit));
    }
    let is_counted = !proxy.is_streamed && size.exact().is_none();
    let mut response = response.map(|body| match is_counted {
        true => ResponseBody::limited(body, limit),
        false => ResponseBody::upstream(body),
    });
    finished(ctx, &mut response);
    Ok(response)
}

/// What every answer has.
fn finished(ctx: &RequestCtx<'_>, response: &mut Response<ResponseBody>) {
    *response.version_mut() = ctx.version;
    let headers = response.headers_mut();
    if !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
}
