//! One signed request.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use gw_sigv4::hash_body;
use gw_snapshot::AwsTarget;
use gw_upstream::{Head, Target};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use time::OffsetDateTime;

use super::{
    Way,
    credentials::{Keys, Source},
    failed,
    sign::Unsigned,
};
use crate::{
    ctx::RequestCtx,
    fetch::{Fetched, fetch},
    id::TRACE_ID,
    note,
    rescue::Refusal,
};

const SOURCE_ARN: HeaderName = HeaderName::from_static("x-amz-source-arn");
const API_ID: HeaderName = HeaderName::from_static("x-amzn-apigateway-api-id");

/// A request to a service, not signed yet.
#[derive(Debug)]
pub(crate) struct AwsRequest<'a> {
    /// The verb.
    pub(crate) method: Method,
    /// Percent-encoded, with its query.
    pub(crate) path: &'a str,
    /// What the integration says; the rest is added.
    pub(crate) headers: HeaderMap,
    /// The whole of it.
    pub(crate) body: Bytes,
    /// For keys, call and answer.
    pub(crate) timeout: Duration,
}

/// A request that is ready to go.
pub(crate) struct Signed<'t> {
    /// Where to.
    pub(crate) upstream: &'t Target,
    /// With all its headers.
    pub(crate) head: Head,
    /// The body that was signed.
    pub(crate) body: Bytes,
    /// What is left of its time.
    pub(crate) timeout: Duration,
}

/// Signs a request and reads the whole answer.
///
/// # Errors
/// See [`prepare`] and [`fetch`].
pub(crate) async fn call(
    ctx: &RequestCtx<'_>,
    target: &AwsTarget,
    request: AwsRequest<'_>,
) -> Result<Fetched, Refusal> {
    let signed = prepare(ctx, target, request).await?;
    fetch(ctx, signed.upstream, signed.head, signed.body, signed.timeout).await
}

/// Adds what AWS's gateway adds to every call, finds the keys and signs.
///
/// # Errors
/// 500 if the address is none or the node has no keys to go with.
pub(crate) async fn prepare<'t>(
    ctx: &RequestCtx<'_>,
    target: &'t AwsTarget,
    request: AwsRequest<'_>,
) -> Result<Signed<'t>, Refusal> {
    let began = Instant::now();
    let Some(way) = Way::of(target, &ctx.core.config.aws) else {
        return Err(failed(note::INVALID_ENDPOINT));
    };
    let AwsRequest { method, path, mut headers, body, timeout } = request;
    let path = format!("{}{path}", way.place.path);
    add_headers(ctx, &mut headers);
    headers.insert(header::HOST, way.place.host.clone());
    let source = way.source(target, &ctx.core.config.aws);
    if let Some(keys) = keys_of(target, source, way.is_configured(), timeout).await? {
        let digest = ctx.core.made_of(&body, hash_body).await?;
        let unsigned = Unsigned { method: method.as_str(), path: &path, body: &digest };
        let now = i64::from(ctx.core.epoch_seconds(began));
        let now = OffsetDateTime::from_unix_timestamp(now).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        if !way.signatures.sign(&keys, &unsigned, &mut headers, now) {
            return Err(failed("the node's access keys cannot be sent"));
        }
    }
    let uri = || format!("{}{path}", way.place.target);
    ctx.note(|| note::endpoint_uri(uri()));
    ctx.note(|| note::endpoint_headers(&headers));
    ctx.note(|| note::endpoint_body(&body));
    ctx.note(|| note::sending(uri()));
    let mut head = ctx.core.client.head(&method, &path);
    for (name, value) in &headers {
        head.header(name, value);
    }
    let timeout = timeout.saturating_sub(began.elapsed());
    Ok(Signed { upstream: way.upstream(), head, body, timeout })
}

/// The keys to sign with; none to go without.
async fn keys_of(
    target: &AwsTarget,
    source: Source,
    is_configured: bool,
    timeout: Duration,
) -> Result<Option<Arc<Keys>>, Refusal> {
    match source {
        Source::Fixed(keys) => Ok(Some(keys)),
        Source::Assumed(assumed) => match tokio::time::timeout(timeout, assumed.keys()).await {
            Ok(Ok(keys)) => Ok(Some(keys)),
            Ok(Err(reason)) => Err(no_role(target, &reason)),
            Err(_elapsed) => Err(no_role(target, "STS does not answer in time")),
        },
        Source::Nobody if is_configured => Ok(None),
        Source::Nobody => Err(failed("the node has no access keys for AWS")),
        Source::Refused => Err(no_role(target, "no entry of the node's --aws-roles allows it")),
    }
}

/// AWS's words for a role that it cannot assume.
fn no_role(target: &AwsTarget, reason: &str) -> Refusal {
    let role = target.credentials.as_deref().unwrap_or("of integrations without credentials");
    failed(format_args!(
        "API Gateway does not have permission to assume the provided role {role}: {reason}"
    ))
}

/// Where the integration does not say otherwise.
fn add_headers(ctx: &RequestCtx<'_>, headers: &mut HeaderMap) {
    let mut add = |name: HeaderName, value: &HeaderValue| {
        headers.entry(name).or_insert_with(|| value.clone());
    };
    add(header::ACCEPT, &HeaderValue::from_static("application/json"));
    add(TRACE_ID, ctx.trace());
    let Some(located) = &ctx.stage else { return };
    add(API_ID, located.bound.api.id_header());
    let agent = format!("AmazonAPIGateway_{}", located.bound.api.id());
    if let Ok(agent) = HeaderValue::from_str(&agent) {
        add(header::USER_AGENT, &agent);
    }
    // Policies rely on it: what an author maps has no say.
    headers.remove(SOURCE_ARN);
    if let Some(arn) = source_arn(ctx).and_then(|arn| HeaderValue::from_str(&arn).ok()) {
        headers.insert(SOURCE_ARN, arn);
    }
}

/// Who calls, for the policies of functions and queues:
/// `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{verb}{path}`.
fn source_arn(ctx: &RequestCtx<'_>) -> Option<String> {
    let key = ctx.stage.as_ref()?.stage.key();
    let routed = ctx.route.as_ref()?;
    let verb = match routed.route.verb {
        gw_model::HttpMethod::Any => "*",
        verb => verb.as_str(),
    };
    let (region, account) = (key.scope.region.as_str(), key.scope.account.as_str());
    let (api, stage, path) = (key.api.as_str(), key.stage.as_str(), &routed.resource.path);
    Some(format!("arn:aws:execute-api:{region}:{account}:{api}/{stage}/{verb}{path}"))
}
