//! The one place where a refusal becomes an answer.

use gw_model::GatewayResponseType as Type;
use gw_snapshot::{GatewayError, GatewayResponses, Rendered};
use gw_upstream::{Error, RequestBodyStalled, RequestBodyTooLarge};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::{ResponseBody, ctx::RequestCtx, note, refusal_log};

/// What ends a request early. Boxed: refusals are rare, and every phase
/// returns one.
pub(crate) type Refusal = Box<GatewayError>;

/// The built-in error of a type, as a refusal.
pub(crate) fn refuse<T>(kind: Type) -> Result<T, Refusal> {
    Err(Box::new(GatewayError::of(kind)))
}

/// This node has as much to do, or to keep, as it can.
pub(crate) fn busy() -> Refusal {
    let error = GatewayError::of(Type::Default5xx)
        .with_status(StatusCode::SERVICE_UNAVAILABLE)
        .with_message("Service Unavailable")
        .with_error_type("ServiceUnavailableException");
    Box::new(error)
}

/// The gateway response to a refusal: the API's own if the request came as far
/// as an API, else what is built in.
pub(crate) fn rescue(ctx: &RequestCtx<'_>, error: &GatewayError) -> Response<ResponseBody> {
    ctx.core.counters.rescued();
    refusal_log::tell(ctx, error);
    if let Some(recorder) = &ctx.recorder
        && let Some(reason) = refusal_log::reason(ctx, error)
    {
        recorder.add(reason);
    }
    let rendered = match &ctx.stage {
        Some(located) => located.bound.api.gateway_responses().render(error, ctx),
        None => GatewayResponses::built_in(error),
    };
    respond(rendered)
}

fn respond(rendered: Rendered) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(rendered.body));
    *response.status_mut() = rendered.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, rendered.content_type);
    let error_type = HeaderValue::from_static(rendered.error_type);
    headers.insert(HeaderName::from_static("x-amzn-errortype"), error_type);
    for (name, value) in rendered.headers {
        // Framing is ours.
        if !matches!(name, header::CONTENT_LENGTH | header::TRANSFER_ENCODING | header::CONNECTION)
        {
            headers.insert(name, value);
        }
    }
    response
}

/// What a failed call to a backend is to the client.
pub(crate) fn of_upstream(error: &Error) -> Refusal {
    let (kind, log) = match error {
        Error::Timeout => (Type::IntegrationTimeout, note::TIMED_OUT.to_owned()),
        // AWS logs `Invalid endpoint address` for names that do not resolve.
        Error::Resolve { .. } | Error::Denied(_) | Error::BadRequest(_) => {
            let reason = format!("{}: {}", note::INVALID_ENDPOINT, chain(error));
            (Type::ApiConfigurationError, note::failed(reason))
        }
        Error::Connect { .. }
        | Error::ConnectTimeout
        | Error::Tls(_)
        | Error::BodyTimeout
        | Error::BadResponse(_)
        | Error::Closed { .. } => {
            (Type::IntegrationFailure, format!("{}: {}", note::NETWORK_ERROR, chain(error)))
        }
        Error::RequestBody(source) => return Box::new(of_request_body(&**source)),
    };
    let refusal = GatewayError::of(kind).with_log(log);
    Box::new(match error {
        Error::BadResponse(_) => {
            refusal.with_status(StatusCode::BAD_GATEWAY).with_message("Internal server error")
        }
        _ => refusal,
    })
}

/// An error with what it came from.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// The client's body failed on its way to the backend.
pub(crate) fn of_request_body(mut source: &(dyn std::error::Error + 'static)) -> GatewayError {
    loop {
        if source.is::<RequestBodyTooLarge>() {
            return GatewayError::of(Type::RequestTooLarge);
        }
        if source.is::<RequestBodyStalled>() {
            return GatewayError::of(Type::Default4xx)
                .with_status(StatusCode::REQUEST_TIMEOUT)
                .with_message("Request Timeout")
                .with_error_type("RequestTimeoutException");
        }
        match source.source() {
            Some(next) => source = next,
            None => return GatewayError::of(Type::Default4xx),
        }
    }
}

#[cfg(test)]
mod tests;
