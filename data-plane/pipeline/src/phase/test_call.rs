//! Test calls: one request to a method that need not be deployed, with its
//! execution log. It meets the phases from validation on.

use std::{
    cell::{Cell, OnceCell},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Instant,
};

use bytes::Bytes;
use gw_model::{GatewayResponseType as Type, HttpMethod};
use gw_snapshot::{TestCall, Tested};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, Uri, Version, header};
use http_body_util::{BodyExt as _, Limited};

use super::execute;
use crate::{
    ConnInfo, CoreState, ResponseBody,
    body::RequestBody,
    ctx::{DomainPath, Located, RawHead, RequestCtx, Routed},
    id::Ids,
    note::{self, Recorder},
    rescue::{Refusal, refuse, rescue},
};

/// The host of test calls: AWS's.
const HOST: &str = "testPrefix.testDomainName";

/// Runs a test call on this core.
pub async fn test_call(core: &CoreState, call: &TestCall) -> Tested {
    let began = Instant::now();
    let recorder = Arc::new(Recorder::default());
    let world = core.world.pin();
    let (headers, sent) = headers_of(call);
    let ids = Ids::draw(&HeaderMap::new(), &mut core.rng.borrow_mut());
    let request_id = ids.request().to_owned();
    let stage = &*call.stage;
    let mut ctx = RequestCtx {
        core,
        conn: ConnInfo { peer: IpAddr::V4(Ipv4Addr::LOCALHOST), local_port: 443, is_tls: true },
        raw_head: Some(&sent),
        began,
        world: &world,
        method: Method::from_bytes(call.method.as_bytes())
            .ok()
            .filter(|method| method.as_str() != HttpMethod::Any.as_str())
            .unwrap_or(Method::GET),
        uri: Uri::default(),
        version: Version::HTTP_11,
        headers,
        ids,
        stage: Some(Located {
            stage,
            bound: stage.main(),
            path_start: 0,
            domain_path: DomainPath::None,
        }),
        route: None,
        api_key: None,
        ended: None,
        recorder: Some(Arc::clone(&recorder)),
        is_test: true,
        trace: OnceCell::new(),
        is_traced: Cell::new(false),
        seen: OnceCell::new(),
        arrived: OnceCell::new(),
    };
    let outcome = match run(&mut ctx, call).await {
        Ok(response) => whole(core, response).await,
        Err(refusal) => Err(refusal),
    };
    let (status, mut headers, body) = match outcome {
        Ok(answer) => {
            ctx.note(|| note::COMPLETED.to_owned());
            answer
        }
        // What is rescued is there already.
        Err(refusal) => whole(core, rescue(&ctx, &refusal)).await.unwrap_or_default(),
    };
    // The body stands beside them, as at AWS.
    headers.remove(header::CONTENT_LENGTH);
    ctx.note(|| note::done(status));
    Tested { request_id, status, headers, body, log: recorder.take(), latency: began.elapsed() }
}

async fn run<'c>(
    ctx: &mut RequestCtx<'c>,
    call: &'c TestCall,
) -> Result<Response<ResponseBody>, Refusal> {
    ctx.note(|| note::starting(ctx.ids.request()));
    let api = &call.stage.main().api;
    let found = api.routes().find(|(resource, _)| *resource.id == *call.resource_id);
    let Some((resource, route)) = found else { return refuse(Type::MissingAuthenticationToken) };
    let number = api.route(resource, route.verb).map_or(0, |(number, _)| number);
    ctx.uri = uri_of(&call.path_with_query, &resource.path)?;
    let matched = api.router().find(ctx.uri.path());
    let params = matched.map(|matched| matched.params).unwrap_or_default();
    ctx.route = Some(Routed { resource, number, route, params });
    note_request(ctx, &call.body);
    execute(ctx, RequestBody::Whole(call.body.clone())).await
}

/// Notes the client's request.
fn note_request(ctx: &RequestCtx<'_>, body: &[u8]) {
    use gw_snapshot::Values;

    ctx.note(|| note::method(ctx.method.as_str(), ctx.uri.path()));
    ctx.note(|| {
        let mut all = Vec::new();
        ctx.paths(&mut |name, value| all.push((name.to_owned(), value.to_owned())));
        note::request_path(all.iter().map(|(name, value)| (&**name, value)))
    });
    ctx.note(|| {
        let mut all = Vec::new();
        ctx.queries(&mut |name, value| all.push((name.to_owned(), value.to_owned())));
        note::request_query(all.iter().map(|(name, value)| (&**name, value)))
    });
    ctx.note(|| {
        let mut all = Vec::new();
        ctx.headers(&mut |name, value| all.push((name.to_owned(), value.clone())));
        note::request_headers(all.iter().map(|(name, value)| (&**name, value)))
    });
    ctx.note(|| note::request_body(body));
}

/// The names of a call's headers as they were given, one a line: mappings and
/// functions are told them as if a client had sent them.
struct GivenNames(Vec<u8>);

impl RawHead for GivenNames {
    fn read(&self, read: &mut dyn FnMut(&[u8])) {
        read(&self.0);
    }
}

fn headers_of(call: &TestCall) -> (HeaderMap, GivenNames) {
    let (mut headers, mut names) = (HeaderMap::new(), Vec::new());
    for (given, value) in &call.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(given.as_bytes()), HeaderValue::from_bytes(value))
        {
            names.extend_from_slice(given.as_bytes());
            names.extend_from_slice(b":\r\n");
            headers.append(name, value);
        }
    }
    (headers, GivenNames(names))
}

/// The URI of a call. What a client would have had to encode is encoded here.
fn uri_of(path_with_query: &str, own: &str) -> Result<Uri, Refusal> {
    let (path, query) = match path_with_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_with_query, None),
    };
    let path = if path.is_empty() { own } else { path };
    let slash = if path.starts_with('/') { "" } else { "/" };
    let path = encoded(path);
    let text = match query {
        Some(query) => format!("https://{HOST}{slash}{path}?{}", encoded(query)),
        None => format!("https://{HOST}{slash}{path}"),
    };
    text.parse().or_else(|_| refuse(Type::Default4xx))
}

/// Encodes what cannot stand in a URI; what is encoded already stays.
fn encoded(text: &str) -> impl std::fmt::Display + '_ {
    const NEVER: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'<')
        .add(b'>')
        .add(b'\\')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    percent_encoding::utf8_percent_encode(text, NEVER)
}

/// The answer with its whole body.
async fn whole(
    core: &CoreState,
    response: Response<ResponseBody>,
) -> Result<(u16, HeaderMap, Bytes), Refusal> {
    let (head, body) = response.into_parts();
    let limit = usize::try_from(core.config.max_payload_bytes).unwrap_or(usize::MAX);
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok((head.status.as_u16(), head.headers, body.to_bytes())),
        Err(_) => refuse(Type::IntegrationFailure),
    }
}
