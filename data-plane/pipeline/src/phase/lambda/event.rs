//! The event of a request.

use std::net::IpAddr;

use bytes::Bytes;
use gw_event::{Body, Identity, Paths, RestEvent, SentNames};
use gw_snapshot::{ContextVar, Values};
use http::{HeaderName, header};
use smallvec::SmallVec;

use crate::{
    ctx::{DomainPath, RequestCtx},
    header_table::{EventFate, event_fate, named_by_connection},
    id::TRACE_ID,
    offload::SMALL,
    rescue::Refusal,
    seen,
};

/// Header values of the gateway's own.
type Text = SmallVec<[u8; 64]>;

/// Headers as the event lists them.
type Listed<'a> = SmallVec<[(&'a str, &'a [u8]); 24]>;

/// Builds the event; a large body is encoded by another thread.
pub(super) async fn build(ctx: &RequestCtx<'_>, body: Bytes) -> Result<Bytes, Refusal> {
    let is_binary = ctx.stage.is_some_and(|at| at.bound.api.binary().of_content_type(ctx));
    let mut out = Vec::new();
    begin(ctx, &mut out);
    if body.len() <= SMALL {
        Body::of(&body, is_binary).end(&mut out);
        return Ok(out.into());
    }
    let encoded = ctx.core.offload(move || {
        Body::of(&body, is_binary).end(&mut out);
        out
    });
    Ok(encoded.await?.into())
}

/// Writes all but the body.
fn begin(ctx: &RequestCtx<'_>, out: &mut Vec<u8>) {
    let (Some(located), Some(routed)) = (&ctx.stage, &ctx.route) else { return };
    let key = located.stage.key();
    let text = |variable| ctx.context(variable).unwrap_or_default();
    let (source_ip, domain) = (text(ContextVar::SourceIp), text(ContextVar::DomainName));
    let (domain_prefix, method) = (text(ContextVar::DomainPrefix), text(ContextVar::HttpMethod));
    let (api_key, api_key_id) = (ctx.context(ContextVar::ApiKey), text(ContextVar::ApiKeyId));
    let stage = text(ContextVar::Stage);
    let identity = Identity {
        api_key: api_key.as_deref().map(|value| (value, &*api_key_id)),
        source_ip: &source_ip,
        user_agent: ctx.headers.get(header::USER_AGENT).map(|agent| agent.as_bytes()),
        ..Identity::default()
    };
    let behind_stage = RequestCtx::path(ctx);
    let names = routed.resource.params.iter().enumerate();
    let path_parameters: SmallVec<[(&str, &str); 8]> = names
        .filter_map(|(at, name)| Some((&**name, routed.params.get(at)?.of(behind_stage))))
        .collect();
    let is_edge = located.bound.api.is_edge();
    let ours = Ours::of(ctx);
    let time_ms = ctx.arrived().as_millis();
    let mut write = |sent: SentNames<'_>| {
        let spelled = if is_edge { trains(ctx) } else { String::new() };
        let event = RestEvent {
            resource: &routed.resource.path,
            paths: paths(ctx),
            method: &method,
            headers: &listed(ctx, sent, &spelled, &ours),
            query: ctx.uri.query(),
            path_parameters: &path_parameters,
            stage_variables: &located.bound.variables,
            account: key.scope.account.as_str(),
            api: key.api.as_str(),
            authorizer: None,
            deployment: &located.bound.deployment_id,
            domain: &domain,
            domain_prefix: &domain_prefix,
            extended_request_id: ctx.ids.extended(),
            identity,
            canary: located.stage.has_canary().then_some(located.bound.is_canary),
            request_id: ctx.ids.request(),
            time_ms: u64::try_from(time_ms).unwrap_or(u64::MAX),
            resource_id: &routed.resource.id,
            stage: &stage,
        };
        event.begin(out);
    };
    match ctx.raw_head {
        Some(head) if !is_edge => head.read(&mut |head| write(SentNames::of(head))),
        _ => write(SentNames::default()),
    }
}

/// The two paths.
fn paths<'c>(ctx: &'c RequestCtx<'_>) -> Paths<'c> {
    let sent = ctx.uri.path();
    let Some(located) = &ctx.stage else { return Paths::of_default_host(sent, 0) };
    match located.domain_path {
        DomainPath::None => {
            let own = gw_route::path_of_api(sent);
            let cut = sent.len() - own.len();
            Paths::of_default_host(own, located.path_start.saturating_sub(cut))
        }
        DomainPath::Whole => Paths::of_domain(sent, None),
        DomainPath::WithStage(begin) => Paths::of_domain(sent, Some((begin, located.path_start))),
    }
}

/// What the gateway says of the connection and of the request.
struct Ours {
    forwarded_for: Text,
    port: Text,
}

impl Ours {
    fn of(ctx: &RequestCtx<'_>) -> Self {
        let mut forwarded_for = Text::new();
        for value in ctx.headers.get_all("x-forwarded-for") {
            forwarded_for.extend_from_slice(value.as_bytes());
            forwarded_for.extend_from_slice(b", ");
        }
        push_address(&mut forwarded_for, ctx.conn.peer);
        let mut number = itoa::Buffer::new();
        let port = Text::from_slice(number.format(ctx.conn.local_port).as_bytes());
        Self { forwarded_for, port }
    }
}

fn push_address(out: &mut Text, peer: IpAddr) {
    use std::io::Write as _;
    let mut text = [0_u8; 48];
    let mut cursor = std::io::Cursor::new(&mut text[..]);
    // The longest address has 39 characters.
    if write!(cursor, "{peer}").is_ok() {
        let length = usize::try_from(cursor.position()).unwrap_or_default();
        out.extend_from_slice(text.get(..length).unwrap_or_default());
    }
}

/// The headers, repeats one by one, each named as it was sent; the gateway's
/// own behind them.
fn listed<'a>(
    ctx: &'a RequestCtx<'_>,
    sent: SentNames<'a>,
    spelled: &'a str,
    ours: &'a Ours,
) -> Listed<'a> {
    let hop_by_hop = named_by_connection(&ctx.headers);
    let mut list = Listed::new();
    let (mut at, mut hint) = (0, 0);
    let mut last: Option<(&HeaderName, &str)> = None;
    for (name, value) in &ctx.headers {
        let lower = name.as_str();
        let train = spelled.get(at..at + lower.len());
        at += lower.len();
        let fate = event_fate(lower, value);
        if fate == EventFate::Drop || hop_by_hop.iter().any(|named| named == name) {
            continue;
        }
        let shown = match (fate, train, last) {
            (EventFate::Named(fixed), ..) => fixed,
            (_, Some(train), _) => train,
            (.., Some((former, shown))) if former == name => shown,
            _ => sent.find(lower, &mut hint).unwrap_or(lower),
        };
        last = Some((name, shown));
        list.push((shown, value.as_bytes()));
    }
    if ctx.is_test {
        // No client and no network: AWS adds nothing either.
        return list;
    }
    // It is passed on with the call, and so is the client told of it.
    let trace = ctx.trace();
    let seen = seen::own(ctx, &TRACE_ID).unwrap_or(trace);
    list.push(("X-Amzn-Trace-Id", seen.as_bytes()));
    list.push(("X-Forwarded-For", &ours.forwarded_for));
    list.push(("X-Forwarded-Port", &ours.port));
    list.push(("X-Forwarded-Proto", if ctx.conn.is_tls { b"https" } else { b"http" }));
    list
}

/// Every header's name as AWS's CDN spells it, one behind the other.
fn trains(ctx: &RequestCtx<'_>) -> String {
    let mut spelled = String::with_capacity(256);
    for (name, _) in &ctx.headers {
        gw_event::push_train_case(&mut spelled, name.as_str());
    }
    spelled
}
