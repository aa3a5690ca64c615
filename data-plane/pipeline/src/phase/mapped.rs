//! The mappings of HTTP and AWS integrations: on the core for ordinary bodies,
//! by another thread for large ones, for templates that take long, and for
//! test calls.

use std::sync::Arc;

use bytes::Bytes;
use gw_model::GatewayResponseType as Type;
use gw_snapshot::{
    CompiledApi, GatewayError, Inbound, MappedRequest, MappedResponse, Outcome, Record,
    RequestMapping, ResponseMapping, Selector, Values,
};
use gw_template::Overrides;

use crate::{
    capture::Captured,
    ctx::RequestCtx,
    fetch::Fetched,
    note::Recorder,
    offload::SMALL,
    rescue::{Refusal, refuse},
    steps::Steps,
};

/// What chooses among the integration responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// By the integration's status.
    ByStatus,
    /// By a function's `errorMessage`, if it failed.
    ByError(Option<String>),
}

/// The client's request -> the integration's.
pub(crate) async fn request(ctx: &RequestCtx<'_>, body: Bytes) -> Result<MappedRequest, Refusal> {
    let (Some(located), Some(routed)) = (&ctx.stage, &ctx.route) else {
        return refuse(Type::ApiConfigurationError);
    };
    if body.len() < SMALL && ctx.recorder.is_none() {
        let (mapping, _) = mappings(&located.bound.api, routed.number)?;
        let mapped = map_request(mapping, ctx, &body, None);
        if !is_unfinished(&mapped) {
            return mapped;
        }
    }
    let (api, number) = (Arc::clone(&located.bound.api), routed.number);
    let (values, recorder) = (Captured::of(ctx), ctx.recorder.clone());
    let job = move || {
        let (mapping, _) = mappings(&api, number)?;
        map_request(mapping, &values, &body, recorder.as_deref())
    };
    ctx.core.offload(job).await?
}

/// The integration's answer -> the client's.
pub(crate) async fn response(
    ctx: &RequestCtx<'_>,
    chosen: Chosen,
    fetched: Fetched,
    overrides: Overrides,
) -> Result<MappedResponse, Refusal> {
    let (Some(located), Some(routed)) = (&ctx.stage, &ctx.route) else {
        return refuse(Type::ApiConfigurationError);
    };
    if fetched.body.len() < SMALL && ctx.recorder.is_none() {
        let (_, mapping) = mappings(&located.bound.api, routed.number)?;
        let mapped = map_response(mapping, &chosen, ctx, &fetched, &overrides, None);
        if !is_unfinished(&mapped) {
            return mapped;
        }
    }
    let (api, number) = (Arc::clone(&located.bound.api), routed.number);
    let (values, recorder) = (Captured::of(ctx), ctx.recorder.clone());
    let job = move || {
        let (_, mapping) = mappings(&api, number)?;
        map_response(mapping, &chosen, &values, &fetched, &overrides, recorder.as_deref())
    };
    ctx.core.offload(job).await?
}

/// Whether a template has more to do than a core has time for: it begins anew
/// on another thread. Templates change nothing but their own output.
fn is_unfinished<T>(mapped: &Result<T, Refusal>) -> bool {
    mapped.as_ref().is_err_and(|error| error.is_unfinished)
}

fn mappings(
    api: &CompiledApi,
    number: u32,
) -> Result<(&RequestMapping, &ResponseMapping), Refusal> {
    let found = api.numbered(number).and_then(|route| route.integration.mappings());
    found.ok_or_else(|| Box::new(GatewayError::of(Type::ApiConfigurationError)))
}

fn map_request(
    mapping: &RequestMapping,
    values: &dyn Values,
    body: &Bytes,
    recorder: Option<&Recorder>,
) -> Result<MappedRequest, Refusal> {
    let inbound = Inbound { values, body };
    let mut steps = recorder.map(Steps::new);
    Ok(mapping.apply(&inbound, steps.as_mut().map(|steps| steps as &mut dyn Record))?)
}

fn map_response(
    mapping: &ResponseMapping,
    chosen: &Chosen,
    values: &dyn Values,
    fetched: &Fetched,
    overrides: &Overrides,
    recorder: Option<&Recorder>,
) -> Result<MappedResponse, Refusal> {
    let Fetched { status, headers, body } = fetched;
    let status = status.as_u16();
    let selector = match chosen {
        Chosen::ByStatus => Selector::Status(status),
        Chosen::ByError(message) => Selector::Error(message.as_deref()),
    };
    let outcome = Outcome { values, status, headers, body, overrides };
    let mut steps = recorder.map(Steps::new);
    let record = steps.as_mut().map(|steps| steps as &mut dyn Record);
    Ok(mapping.apply(selector, &outcome, record)?)
}
