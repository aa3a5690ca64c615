//! AWS: a service gets what the request's mapping makes, signed, and the client
//! what the response's mapping makes of its answer. Lambda functions too, where
//! the integration is not a proxy.

mod answer;
mod legacy;
mod request;

use std::time::Duration;

use bytes::Bytes;
use gw_model::GatewayResponseType as Type;
use gw_snapshot::{Aws, AwsCall, AwsProtocol, MappedRequest};
use http::{Method, Response};

use super::{answer::answer, http_proxy::invalid_endpoint, lambda::unreachable, mapped};
use crate::{
    ResponseBody,
    aws::{AwsRequest, Way, call, failed},
    ctx::RequestCtx,
    rescue::{Refusal, refuse},
};

/// Maps, calls the service and maps its answer.
pub(super) async fn run(
    ctx: &mut RequestCtx<'_>,
    number: u32,
    aws: &Aws,
    body: Bytes,
) -> Result<Response<ResponseBody>, Refusal> {
    let Some(located) = ctx.stage else { return refuse(Type::ApiConfigurationError) };
    let mapped = mapped::request(ctx, body).await?;
    // Variables that make no address are a fault of the stage's release.
    let Some(target) = located.bound.aws(number, &aws.address) else {
        return Err(invalid_endpoint());
    };
    let method = aws.method.as_ref().unwrap_or(&ctx.method).clone();
    let function = match &target.uri.call {
        AwsCall::Lambda(function) => Some(function),
        _ => None,
    };
    if function.is_some() && method != Method::POST {
        return Err(failed("a Lambda function is invoked by POST only"));
    }
    let is_configured = Way::of(target, &ctx.core.config.aws).is_some_and(Way::is_configured);
    let is_legacy = is_configured
        && matches!(target.uri.service.protocol, AwsProtocol::Legacy { .. })
        && matches!(target.uri.call, AwsCall::Action { .. });
    let sent = match is_legacy {
        true => legacy::request(target, &mapped),
        false => request::build(ctx, target, &method, &mapped),
    };
    let Some(sent) = sent else { return Err(invalid_endpoint()) };
    let wants_json = sent.wants_json;
    let MappedRequest { overrides, .. } = mapped;
    let timeout = Duration::from_millis(u64::from(aws.timeout_ms));
    let request =
        AwsRequest { method, path: &sent.path, headers: sent.headers, body: sent.body, timeout };
    let fetched = call(ctx, target, request).await;
    let mut fetched = match function {
        Some(_) => fetched.map_err(unreachable)?,
        None => fetched?,
    };
    if is_legacy {
        fetched = legacy::answer(ctx, target, fetched).await?;
    } else if wants_json {
        fetched = answer::as_json(ctx, fetched).await?;
    }
    let chosen = match function {
        Some(_) => answer::of_function(ctx, &fetched).await?,
        None => mapped::Chosen::ByStatus,
    };
    let mapped = mapped::response(ctx, chosen, fetched, overrides).await?;
    Ok(answer(ctx, mapped.status, mapped.headers, mapped.body).await)
}
