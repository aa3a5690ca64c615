//! MOCK: the gateway answers itself. The request's body is not read.

use gw_snapshot::Mock;
use http::{Response, header};

use crate::{
    ResponseBody,
    ctx::RequestCtx,
    rescue::{Refusal, refuse},
};

/// Answers from the compiled templates.
pub(super) fn run(ctx: &RequestCtx<'_>, mock: &Mock) -> Result<Response<ResponseBody>, Refusal> {
    let answer = match mock.answer(ctx) {
        Ok(answer) => answer,
        Err(kind) => return refuse(kind),
    };
    let mut response = Response::new(ResponseBody::full(answer.body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, answer.content_type);
    for (name, value) in answer.headers {
        headers.insert(name, value);
    }
    Ok(response)
}
