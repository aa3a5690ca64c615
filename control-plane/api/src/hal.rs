//! HAL for who asks for it: a layer over the plain answers of AWS's
//! operations, which know nothing of it.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    response::Response,
};
use gw_wire::hal;
use http::{HeaderValue, Method, header};
use serde_json::Value;

/// A request whose answer should be HAL.
pub(crate) struct Wish {
    method: Method,
    target: String,
}

impl Wish {
    /// What a request asks for; nothing where it takes plain JSON, or is one
    /// of our own calls.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let path = request.uri().path();
        let accept = request.headers().get_all(header::ACCEPT);
        let accept = accept.iter().filter_map(|value| value.to_str().ok());
        if path.starts_with("/gatewright/") || !hal::is_asked_for(accept) {
            return None;
        }
        let target = request.uri().path_and_query().map_or(path, |target| target.as_str());
        Some(Self { method: request.method().clone(), target: target.to_owned() })
    }

    /// The answer as it was asked for; errors and documents stay as they are.
    pub(crate) async fn dress(self, response: Response) -> Response {
        let is_json = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes() == b"application/json");
        if !response.status().is_success() || !is_json {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        // Our own answers are in memory already.
        let Ok(bytes) = to_bytes(body, usize::MAX).await else {
            return Response::from_parts(parts, Body::empty());
        };
        let plain = serde_json::from_slice::<Value>(&bytes).ok();
        let dressed =
            plain.and_then(|plain| hal::render(self.method.as_str(), &self.target, &plain));
        let Some(dressed) = dressed else {
            return Response::from_parts(parts, Body::from(bytes));
        };
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(hal::MEDIA_TYPE));
        Response::from_parts(parts, Body::from(dressed.to_string()))
    }
}
