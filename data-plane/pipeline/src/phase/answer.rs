//! What an integration or its mapping made, as the client gets it.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};

use crate::{
    ResponseBody,
    coding::{self, Coding},
    ctx::RequestCtx,
    id::TRACE_ID,
    note,
    offload::SMALL,
};

/// Makes the answer: default headers, the trace id where the integration was
/// told one, compression. Headers of one name stay beside each other, in
/// order; what frames the message is ours.
pub(crate) async fn answer(
    ctx: &RequestCtx<'_>,
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::default());
    *response.status_mut() = status;
    let map = response.headers_mut();
    for (name, value) in headers {
        if !matches!(name, header::CONTENT_LENGTH | header::TRANSFER_ENCODING | header::CONNECTION)
        {
            map.append(name, value);
        }
    }
    if !map.contains_key(header::CONTENT_TYPE) {
        map.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(trace) = ctx.told_trace()
        && !map.contains_key(TRACE_ID)
    {
        map.insert(TRACE_ID, trace.clone());
    }
    ctx.note(|| note::answer_body(&body));
    ctx.note(|| note::answer_headers(&*map));
    let body = match is_compressed(ctx, &response, body.len() as u64) {
        true => match coding::accepted(&ctx.headers) {
            Some(coding) => compress(ctx, coding, body, &mut response).await,
            None => body,
        },
        false => body,
    };
    *response.body_mut() = ResponseBody::full(body);
    response
}

/// Whether an answer is to be compressed: its API asks for it from `size` on,
/// and it has a body that is not coded yet. A part of a body (206) stays as it
/// is, since its range counts uncompressed bytes.
pub(crate) fn is_compressed<B>(ctx: &RequestCtx<'_>, response: &Response<B>, size: u64) -> bool {
    let minimum = ctx.stage.and_then(|located| located.bound.api.minimum_compression_size());
    let status = response.status();
    let is_bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || ctx.method == Method::HEAD;
    minimum.is_some_and(|minimum| size >= u64::from(minimum))
        && size > 0
        && !is_bodiless
        && status != StatusCode::PARTIAL_CONTENT
        && !response.headers().contains_key(header::CONTENT_ENCODING)
}

/// Compresses a body and says so. Where the node has no thread to spare, the
/// client gets it as it is.
pub(crate) async fn compress<B>(
    ctx: &RequestCtx<'_>,
    coding: Coding,
    body: Bytes,
    response: &mut Response<B>,
) -> Bytes {
    let coded = if body.len() < SMALL {
        coding.encode(&body)
    } else {
        let plain = body.clone();
        match ctx.core.offload(move || coding.encode(&plain)).await {
            Ok(coded) => coded,
            Err(_) => return body,
        }
    };
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_ENCODING, coding.header());
    coded
}
