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
    let here = (body.len() < SMALL && ctx.recorder.is_none())
        .then(|| mock.answer(&Inbound { values: ctx, body: &body }, None))
        .filter(|mapped| !mapped.as_ref().is_err_and(|error| error.is_unfinished));
    let mapped = match here {
        Some(mapped) => mapped?,
        // Boxed, so that other requests do not carry its state.
        None => Box::pin(elsewhere(ctx, mock, body)).await?,
    };
    Ok(answer(ctx, mapped.status, mapped.headers, mapped.body).await)
}

/// On another thread: large bodies, templates that take long, test calls.
async fn elsewhere(
    ctx: &RequestCtx<'_>,
    mock: &Arc<Mock>,
    body: Bytes,
) -> Result<MappedResponse, Refusal> {
    let (mock, values) = (Arc::clone(mock), Captured::of(ctx));
    let recorder = ctx.recorder.clone();
    let job =
        move || answered(&mock, &Inbound { values: &values, body: &body }, recorder.as_deref());
    Ok(ctx.core.offload(job).await??)
}

fn answered(
    mock: &Mock,
    inbound: &Inbound<'_>,
    recorder: Option<&Recorder>,
) -> Result<MappedResponse, GatewayError> {
    let mut steps = recorder.map(Steps::new);
    mock.answer(inbound, steps.as_mut().map(|steps| steps as &mut dyn Record))
}
