//! MOCK: the gateway answers itself. The request's body is read only where a
//! template or a missing one needs it.

use std::sync::Arc;

use bytes::Bytes;
use gw_snapshot::{GatewayError, Inbound, MappedResponse, Mock, Record};
use http::Response;

use super::answer::answer;
use crate::{
    ResponseBody, capture::Captured, ctx::RequestCtx, note::Recorder, offload::SMALL,
    rescue::Refusal, steps::Steps,
};

/// Answers from the compiled templates.
pub(super) async fn run(
    ctx: &RequestCtx<'_>,
    mock: &Arc<Mock>,
    body: Bytes,
) -> Result<Response<ResponseBody>, Refusal> {
    let mapped = if body.len() < SMALL {
        answered(mock, &Inbound { values: ctx, body: &body }, ctx.recorder.as_deref())?
    } else {
        let (mock, values) = (Arc::clone(mock), Captured::of(ctx));
        let recorder = ctx.recorder.clone();
        let job =
            move || answered(&mock, &Inbound { values: &values, body: &body }, recorder.as_deref());
        ctx.core.offload(job).await??
    };
    Ok(answer(ctx, mapped.status, mapped.headers, mapped.body).await)
}

fn answered(
    mock: &Mock,
    inbound: &Inbound<'_>,
    recorder: Option<&Recorder>,
) -> Result<MappedResponse, GatewayError> {
    let mut steps = recorder.map(Steps::new);
    mock.answer(inbound, steps.as_mut().map(|steps| steps as &mut dyn Record))
}
