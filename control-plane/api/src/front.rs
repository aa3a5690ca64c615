//! The front door: every request passes here, once.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use gw_wire::{Fault, FaultKind};
use http::{HeaderValue, Method, Uri, request::Parts};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tower::ServiceExt as _;

use crate::{
    Shared, auth,
    error::{ApiError, Failed},
    extract::{Call, Params},
    hal::Wish,
};

/// The largest body of an ordinary call.
const BODY_LIMIT: usize = 1024 * 1024;

/// The largest body of a test call: the request's own, as JSON text.
const TEST_BODY_LIMIT: usize = 8 * 1024 * 1024;

/// How much of a body that is too large is read, and for how long, so that
/// its sender comes to read the refusal. Well beyond the largest document.
const DRAIN_LIMIT: usize = 4 * gw_openapi::MAX_DOCUMENT_BYTES;
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Behind the front door.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) api: Shared,
    pub(crate) routes: Router,
}

/// Gives the request an id, lets it in, and puts the id and, where something
/// went wrong, AWS's error shape on the answer.
pub(crate) async fn front(State(front): State<Front>, request: Request) -> Response {
    let request_id = uuid::Uuid::new_v4().to_string();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let hal = Wish::of(&request);
    let mut response = match enter(&front, request, &request_id).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    };
    if let Some(Failed(error)) = response.extensions_mut().remove::<Failed>() {
        if error.is_ours() {
            let chain = chain(&*error);
            tracing::error!(%method, path, request_id, error = chain, "admin call failed");
        }
        response = error.render(front.api.config.account.as_str()).into_response();
        if method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
    }
    if let Some(wish) = hal {
        response = wish.dress(response).await;
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("x-amzn-requestid", value);
    }
    response
}

async fn enter(front: &Front, request: Request, request_id: &str) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    if is_open(&parts) {
        return Ok(route(front, parts, Bytes::new()).await);
    }
    let known = auth::identify(&front.api, &parts).await?;
    let body = read(body, &parts).await?;
    let caller = known.prove(&front.api, &parts, &body, request_id)?;
    parts.extensions.insert(Call { caller, api: Arc::clone(&front.api) });
    Ok(route(front, parts, body).await)
}

/// What answers without credentials.
fn is_open(parts: &Parts) -> bool {
    let path = parts.uri.path().trim_end_matches('/');
    let reads = parts.method == Method::GET || parts.method == Method::HEAD;
    let open = ["/gatewright/v1/health", "/gatewright/v1/ready", "/gatewright/v1/ca"];
    reads && open.contains(&path)
}

/// Routes on the path without its last slashes.
async fn route(front: &Front, mut parts: Parts, body: Bytes) -> Response {
    // Here, for the router would refuse it in words and a shape of its own.
    if percent_encoding::percent_decode_str(parts.uri.path()).decode_utf8().is_err() {
        let fault = Fault::bad_request("Invalid request path: it is not UTF-8");
        return ApiError::Fault(fault).into_response();
    }
    if let Some(uri) = without_trailing_slash(&parts.uri) {
        parts.uri = uri;
    }
    let request = Request::from_parts(parts, Body::from(body));
    match front.routes.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn without_trailing_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let trimmed = path.trim_end_matches('/');
    if trimmed.len() == path.len() || trimmed.is_empty() {
        return None;
    }
    let text = match uri.query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    };
    text.parse().ok()
}

/// Imports may be large, and larger still where we adapt what AWS refuses.
fn body_limit(parts: &Parts) -> usize {
    let params = Params::parse(parts.uri.query().unwrap_or_default());
    let segments: Vec<&str> =
        parts.uri.path().split('/').filter(|segment| !segment.is_empty()).collect();
    let import = match (parts.method.as_str(), segments.as_slice()) {
        ("POST", ["restapis"]) => params.get("mode") == Some("import"),
        ("PUT", ["restapis", _]) => true,
        ("POST", ["restapis", _, "resources", _, "methods", _]) => return TEST_BODY_LIMIT,
        _ => false,
    };
    match (import, params.has("gatewright", "adapt")) {
        (false, _) => BODY_LIMIT,
        (true, false) => gw_openapi::AWS_MAX_DOCUMENT_BYTES,
        (true, true) => gw_openapi::MAX_DOCUMENT_BYTES,
    }
}

async fn read(mut body: Body, parts: &Parts) -> Result<Bytes, ApiError> {
    let limit = body_limit(parts);
    let too_large = || {
        ApiError::Fault(Fault {
            kind: FaultKind::TooLarge,
            message: format!("Request body is too large: the limit is {limit} bytes"),
        })
    };
    let announced = parts
        .headers
        .get(http::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        // Who waits for a 100 has not sent it, and will not.
        if !parts.headers.contains_key(http::header::EXPECT) {
            drain(&mut body).await;
        }
        return Err(too_large());
    }
    let collected = Limited::new(&mut body, limit).collect().await;
    match collected {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            drain(&mut body).await;
            Err(too_large())
        }
        Err(_) => Err(ApiError::BrokenBody),
    }
}

/// Reads on, within bounds, and forgets what comes. A client that writes its
/// whole body before it looks for the answer, as SDKs do, would otherwise meet
/// a closed connection and never see why.
async fn drain(body: &mut Body) {
    let forget = async {
        let mut left = DRAIN_LIMIT;
        while let Some(Ok(frame)) = body.frame().await {
            left = match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                Some(left) => left,
                None => break,
            };
        }
    };
    // Whoever is slower than this learns it the hard way.
    let _ = tokio::time::timeout(DRAIN_TIME, forget).await;
}

/// An error with all that led to it, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt as _, stream};

    use super::*;

    /// What is said to a body of so many MiB for `uri`, and how many were read.
    async fn said(uri: &str, size: usize, is_announced: bool) -> (Option<ApiError>, usize) {
        const PIECE: usize = 1024 * 1024;
        let piece = Bytes::from(vec![b' '; PIECE]);
        let (sent, seen) = tokio::sync::watch::channel(0);
        let pieces = stream::iter(0..size).map(move |at| {
            sent.send_replace(at + 1);
            Ok::<_, Infallible>(piece.clone())
        });
        let mut request = http::Request::post(uri);
        if is_announced {
            request = request.header("content-length", size * PIECE);
        }
        let (parts, body) = request.body(Body::from_stream(pieces)).unwrap().into_parts();
        let error = read(body, &parts).await.err();
        (error, *seen.borrow())
    }

    #[tokio::test]
    async fn what_is_too_large_is_read_to_its_end() {
        let import = "/restapis?mode=import&gatewright=adapt";
        for (uri, size) in [("/restapis", 2), (import, 65), (import, 100)] {
            for is_announced in [true, false] {
                let (error, seen) = said(uri, size, is_announced).await;
                assert_eq!((error.is_some(), seen), (true, size), "{uri}, {is_announced}");
            }
        }
        let (error, seen) = said(import, 7, true).await;
        assert!(error.is_none() && seen == 7);
    }
}
