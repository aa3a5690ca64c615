//! Answers that have no body, whatever they were given: to HEAD, and those of
//! 204 and 304. hyper sees to it over HTTP/1; over HTTP/2 it would send the
//! body, and clients take that for a broken stream.

use http::{HeaderValue, Response, StatusCode, header};
use http_body::Body;

/// Leaves the body of an HTTP/2 answer out where there must be none. To HEAD
/// its length is still told.
pub(crate) fn leave_out<B: Body + Default>(to_head: bool, response: &mut Response<B>) {
    let is_no_content = response.status() == StatusCode::NO_CONTENT;
    let is_bodiless = to_head || is_no_content || response.status() == StatusCode::NOT_MODIFIED;
    if !is_bodiless || response.body().is_end_stream() {
        return;
    }
    let length = response.body().size_hint().exact();
    let headers = response.headers_mut();
    if is_no_content {
        headers.remove(header::CONTENT_LENGTH);
    } else if to_head && let Some(length) = length {
        headers.entry(header::CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
    }
    *response.body_mut() = B::default();
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::Full;

    use super::*;

    #[test]
    fn bodies_that_are_left_out() {
        for (to_head, status, told, length, size) in [
            (false, 200, None, None, 4),
            (false, 404, Some("4"), Some("4"), 4),
            (true, 200, None, Some("4"), 0),
            (true, 403, Some("9"), Some("9"), 0),
            (true, 204, Some("4"), None, 0),
            (false, 204, Some("4"), None, 0),
            (false, 304, Some("4"), Some("4"), 0),
            (false, 304, None, None, 0),
        ] {
            let mut response = Response::new(Full::new(Bytes::from_static(b"body")));
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
            if let Some(told) = told {
                let value = HeaderValue::from_static(told);
                response.headers_mut().insert(header::CONTENT_LENGTH, value);
            }
            leave_out(to_head, &mut response);
            let found = response.headers().get(header::CONTENT_LENGTH);
            let found = found.and_then(|value| value.to_str().ok());
            let left = response.body().size_hint().exact();
            assert_eq!((found, left), (length, Some(size)), "{to_head} {status} {told:?}");
        }
    }
}
