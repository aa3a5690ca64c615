//! MOCK: the gateway answers itself. The request's body is read only where a
//! template or a missing one needs it.

use std::sync::Arc;

use bytes::Bytes;
use gw_snapshot::{Inbound, Mock};
use http::Response;

use super::answer::answer;
use crate::{ResponseBody, capture::Captured, ctx::RequestCtx, offload::SMALL, rescue::Refusal};

/// Answers from the compiled templates.
pub(super) async fn run(
    ctx: &RequestCtx<'_>,
    mock: &Arc<Mock>,
    body: Bytes,
) -> Result<Response<ResponseBody>, Refusal> {
    let mapped = if body.len() < SMALL {
        mock.answer(&Inbound { values: ctx, body: &body }, None)?
    } else {
        let (mock, values) = (Arc::clone(mock), Captured::of(ctx));
        let job = move || mock.answer(&Inbound { values: &values, body: &body }, None);
        ctx.core.offload(job).await??
    };
    Ok(answer(ctx, mapped.status, mapped.headers, mapped.body).await)
}
