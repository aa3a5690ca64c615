//! HTTP_PROXY: the client's request, moved on to the backend.
//!
//! The header map from the wire becomes that of the backend's request, and the
//! backend's becomes that of the answer; bodies stream through untouched.

use std::{
    net::IpAddr,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use gw_model::GatewayResponseType as Type;
use gw_snapshot::{HttpProxy, Mappings, Origin};
use gw_upstream::{Body, Scheme, Target, Timeouts, TlsOptions};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use http_body::Body as _;
use hyper::body::Incoming;
use smallvec::SmallVec;

use crate::{
    ResponseBody,
    ctx::RequestCtx,
    header_table::{clean_request, remap_response},
    id,
    rescue::{Refusal, of_upstream, refuse},
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const API_ID: HeaderName = HeaderName::from_static("x-amzn-apigateway-api-id");

/// Pause in the body of a `STREAM` response: AWS's for regional APIs.
const STREAM_IDLE: Duration = Duration::from_secs(300);

/// Calls the backend and passes its answer on.
pub(super) async fn run(
    ctx: &mut RequestCtx<'_>,
    number: u32,
    proxy: &HttpProxy,
    body: Incoming,
) -> Result<Response<ResponseBody>, Refusal> {
    let Some(located) = ctx.stage else { return refuse(Type::ApiConfigurationError) };
    let address = located.bound.target(number, proxy);
    let mapped = proxy.mappings.as_deref().map_or(&[][..], |mappings| &mappings.query);
    let uri = address.and_then(|address| {
        let path = address.path_and_query(ctx, ctx.uri.query(), mapped)?;
        Some((address.origin.prepared(target_of)?, Uri::from(path)))
    });
    let Some((target, uri)) = uri else { return refuse(Type::ApiConfigurationError) };

    let headers = request_headers(ctx, proxy.mappings.as_deref(), target);
    let method = proxy.method.clone().unwrap_or_else(|| ctx.method.clone());
    let request = outbound(ctx, method, uri, headers, body);
    let timeout = Duration::from_millis(u64::from(proxy.timeout_ms));
    let timeouts = Timeouts {
        connect: timeout.min(ctx.core.config.connect_timeout),
        response: timeout,
        body_idle: if proxy.is_streamed { STREAM_IDLE } else { timeout },
    };
    let called = Instant::now();
    let response =
        ctx.core.client.send(target, request, &timeouts).await.map_err(|e| of_upstream(&e))?;
    let latency = called.elapsed().as_micros();
    ctx.core.counters.integrated(u64::try_from(latency).unwrap_or(u64::MAX));
    answer(ctx, proxy, response)
}

/// What the data plane keeps with an origin, so that no request builds it.
pub(crate) fn target_of(origin: &Origin) -> Option<Target> {
    let scheme = if origin.is_tls { Scheme::Https } else { Scheme::Http };
    let tls = TlsOptions { insecure_skip_verification: origin.insecure_skip_verification };
    Target::new(scheme, &origin.host, origin.port, tls).ok()
}

/// The client's headers as the backend gets them.
fn request_headers(
    ctx: &mut RequestCtx<'_>,
    mappings: Option<&Mappings>,
    target: &Target,
) -> HeaderMap {
    // Mapped values are read before the table takes their sources away.
    let mapped: SmallVec<[(HeaderName, HeaderValue); 4]> = match mappings {
        None => SmallVec::new(),
        Some(mappings) => {
            let values = mappings.headers.iter().filter_map(|(name, source)| {
                Some((name.clone(), source.value(ctx)?.into_header()?))
            });
            values.collect()
        }
    };
    // A customised gateway response may still want to read the client's.
    let custom = ctx.stage.is_some_and(|l| !l.bound.api.gateway_responses().is_empty());
    let mut headers = if custom { ctx.headers.clone() } else { std::mem::take(&mut ctx.headers) };
    clean_request(&mut headers);

    let epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
    let epoch = u32::try_from(epoch).unwrap_or(u32::MAX);
    let trace = id::trace(headers.get(TRACE_ID), epoch, &mut ctx.core.rng.borrow_mut());
    headers.insert(TRACE_ID, trace);
    let forwarded = forwarded_for(&headers, ctx.conn.peer);
    headers.insert(FORWARDED_FOR, forwarded);
    let port = match ctx.conn.local_port {
        443 => HeaderValue::from_static("443"),
        80 => HeaderValue::from_static("80"),
        port => HeaderValue::from(port),
    };
    headers.insert(FORWARDED_PORT, port);
    let proto = if ctx.conn.is_tls { "https" } else { "http" };
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(proto));
    if let Some(located) = &ctx.stage {
        headers.insert(API_ID, located.bound.api.id_header().clone());
    }
    headers.insert(header::HOST, target.authority().clone());
    for (name, value) in mapped {
        headers.insert(name, value);
    }
    headers
}

/// The addresses that forwarded the request so far, the client's last.
fn forwarded_for(headers: &HeaderMap, peer: IpAddr) -> HeaderValue {
    let mut out = Vec::with_capacity(48);
    for value in headers.get_all(FORWARDED_FOR) {
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b", ");
    }
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
    HeaderValue::from_maybe_shared(Bytes::from(out))
        .unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

fn outbound(
    ctx: &RequestCtx<'_>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Incoming,
) -> Request<Body> {
    let config = &ctx.core.config;
    let size = body.size_hint();
    let is_declared = size.exact().is_some();
    if !is_declared && !body.is_end_stream() && matches!(method, Method::GET | Method::HEAD) {
        // hyper takes these verbs to have no body unless a header says so.
        headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    let body = if is_declared {
        Body::incoming(body, config.request_body_idle)
    } else {
        Body::incoming_within(body, config.request_body_idle, config.max_payload_bytes)
    };
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    request
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
        // AWS logs `Integration response of reported length ... is larger
        // than allowed maximum of 10485760 bytes`.
        return refuse(Type::ApiConfigurationError);
    }
    let is_counted = !proxy.is_streamed && size.exact().is_none();
    let mut response = response.map(|body| match is_counted {
        true => ResponseBody::limited(body, limit),
        false => ResponseBody::upstream(body),
    });
    *response.version_mut() = ctx.version;
    let headers = response.headers_mut();
    remap_response(headers);
    if !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(response)
}
