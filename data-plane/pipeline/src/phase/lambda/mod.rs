//! AWS_PROXY: the request as an event for a Lambda function, and the
//! function's answer as the gateway's.

mod answer;
mod event;
mod stream;

use std::time::Duration;

use bytes::Bytes;
use gw_model::GatewayResponseType as Type;
use gw_snapshot::{AwsCall, AwsTarget, GatewayError, Lambda};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

pub(crate) use stream::FunctionBody;

use crate::{
    ResponseBody,
    aws::{self, AwsRequest},
    ctx::RequestCtx,
    note,
    rescue::Refusal,
};

/// Calls the function and makes the answer.
pub(super) async fn run(
    ctx: &mut RequestCtx<'_>,
    number: u32,
    lambda: &Lambda,
    body: Bytes,
) -> Result<Response<ResponseBody>, Refusal> {
    let Some(target) = ctx.stage.and_then(|at| at.bound.aws(number, &lambda.address)) else {
        return Err(misconfigured(note::INVALID_ENDPOINT));
    };
    // Stage variables can make another address of what was a function's.
    let AwsCall::Lambda(function) = &target.uri.call else {
        return Err(misconfigured(note::INVALID_ENDPOINT));
    };
    let event = event::build(ctx, body).await?;
    if event.len() > gw_event::MAX_PAYLOAD {
        return Err(too_large(event.len()));
    }
    let request = AwsRequest {
        method: Method::POST,
        path: &function.path,
        headers: headers(ctx, lambda),
        body: event,
        timeout: Duration::from_millis(u64::from(lambda.timeout_ms)),
    };
    if lambda.is_streamed {
        return stream::run(ctx, target, request).await;
    }
    whole(ctx, target, request).await
}

/// An answer that is there before the client gets the first byte.
async fn whole(
    ctx: &RequestCtx<'_>,
    target: &AwsTarget,
    request: AwsRequest<'_>,
) -> Result<Response<ResponseBody>, Refusal> {
    let fetched = aws::call(ctx, target, request).await.map_err(unreachable)?;
    match fetched.status {
        StatusCode::OK => {}
        // The function runs later, or would: there is nothing to tell.
        StatusCode::ACCEPTED | StatusCode::NO_CONTENT => {
            let answer = super::answer::answer(ctx, StatusCode::OK, Vec::new(), Bytes::new());
            return Ok(answer.await);
        }
        status => return Err(refused(status, &fetched.headers)),
    }
    if fetched.headers.contains_key("x-amz-function-error") {
        let message = ctx.core.made_of(&fetched.body, gw_event::function_error).await?;
        return Err(failed(message.as_deref(), &fetched.headers));
    }
    let (status, headers, body) = answer::read(ctx, fetched.body).await?;
    Ok(super::answer::answer(ctx, status, headers, body).await)
}

/// What the author sets of the call's headers, and what the body is.
fn headers(ctx: &RequestCtx<'_>, lambda: &Lambda) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, source) in &lambda.headers {
        if let Some(value) = source.value(ctx).and_then(gw_snapshot::Value::into_header) {
            headers.insert(name, value);
        }
    }
    headers
}

/// The integration cannot work as it is configured.
pub(super) fn misconfigured(reason: &str) -> Refusal {
    Box::new(GatewayError::of(Type::ApiConfigurationError).with_log(note::failed(reason)))
}

/// AWS's words for an event beyond Lambda's limit.
fn too_large(size: usize) -> Refusal {
    let log = format!(
        "Execution failed: {size} byte payload is too large for the RequestResponse invocation \
         type (limit {} bytes)",
        gw_event::MAX_PAYLOAD
    );
    Box::new(GatewayError::of(Type::RequestTooLarge).with_log(log))
}

/// 502: Lambda or the function failed, not the API's configuration.
pub(super) fn bad_gateway(kind: Type, log: String) -> Refusal {
    let error = GatewayError::of(kind)
        .with_status(StatusCode::BAD_GATEWAY)
        .with_message("Internal server error")
        .with_log(log);
    Box::new(error)
}

/// A Lambda that cannot be reached fails as one that answers badly does.
pub(super) fn unreachable(refusal: Refusal) -> Refusal {
    if refusal.kind != Type::IntegrationFailure {
        return refusal;
    }
    let refusal = refusal.with_status(StatusCode::BAD_GATEWAY);
    Box::new(refusal.with_message("Internal server error"))
}

/// Lambda has not called the function.
pub(super) fn refused(status: StatusCode, headers: &HeaderMap) -> Refusal {
    let log = || {
        let (status, id) = (status.as_u16(), request_id(headers));
        format!("Lambda invocation failed with status: {status}. Lambda request id: {id}")
    };
    match status {
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => misconfigured(note::NO_PERMISSION),
        StatusCode::PAYLOAD_TOO_LARGE => {
            Box::new(GatewayError::of(Type::RequestTooLarge).with_log(log()))
        }
        _ => bad_gateway(Type::IntegrationFailure, log()),
    }
}

/// The function has raised an error.
fn failed(message: Option<&str>, headers: &HeaderMap) -> Refusal {
    let log = note::function_error(message.unwrap_or_default(), request_id(headers));
    bad_gateway(Type::IntegrationFailure, log)
}

pub(super) fn request_id(headers: &HeaderMap) -> &str {
    headers.get("x-amzn-requestid").and_then(|id| id.to_str().ok()).unwrap_or_default()
}
