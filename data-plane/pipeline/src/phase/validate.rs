//! Request validation: required parameters first, then the body.

use std::sync::Arc;

use bytes::Bytes;
use gw_model::GatewayResponseType as Type;
use gw_schema::{Outcome, SchemaId};
use gw_snapshot::{Bodies, CompiledApi, GatewayError, ParameterPlace, Required, Values};

use crate::{
    body::RequestBody,
    ctx::RequestCtx,
    note,
    offload::SMALL,
    rescue::{Refusal, refuse},
};

/// Steps of a validation on the core; one that wants more begins anew on a
/// thread.
const STEPS_ON_CORE: u64 = 200_000;

/// Steps of any validation.
const MAX_STEPS: u64 = 10_000_000;

/// What is logged of a body that is no JSON.
const UNREADABLE: &str = "[Unknown error parsing request body]";

/// Refuses requests that lack a required parameter or have it blank, and
/// those whose body is not what the method's model says.
pub(super) async fn run(ctx: &RequestCtx<'_>, body: &RequestBody) -> Result<(), Refusal> {
    let Some(checks) = ctx.route.as_ref().and_then(|routed| routed.route.checks.as_deref()) else {
        return Ok(());
    };
    let missing: Vec<&str> =
        checks.required.iter().filter(|r| !is_there(ctx, r)).map(|r| &*r.name).collect();
    if !missing.is_empty() {
        return Err(missing_parameters(&missing.join(", ")));
    }
    if let Some(kind) = checks.validation {
        return refuse(kind);
    }
    match &checks.bodies {
        // Boxed, so that requests without it do not carry its state.
        Some(bodies) => Box::pin(validate(ctx, bodies, body)).await,
        None => Ok(()),
    }
}

fn missing_parameters(list: &str) -> Refusal {
    let message = format!("Missing required request parameters: [{list}]");
    let mut error = GatewayError::of(Type::BadRequestParameters).with_log(message.clone());
    error.validation = Some(message.as_str().into());
    Box::new(error.with_message(message))
}

fn is_there(ctx: &RequestCtx<'_>, required: &Required) -> bool {
    match &required.place {
        ParameterPlace::Header(name) => {
            let blank = |byte: &u8| byte.is_ascii_whitespace();
            ctx.header(name).is_some_and(|value| !value.as_bytes().iter().all(blank))
        }
        ParameterPlace::Path => {
            Values::path(ctx, &required.name).is_some_and(|value| !value.is_empty())
        }
        ParameterPlace::Query => {
            ctx.query(&required.name).is_some_and(|value| !value.trim().is_empty())
        }
    }
}

async fn validate(
    ctx: &RequestCtx<'_>,
    bodies: &Bodies,
    body: &RequestBody,
) -> Result<(), Refusal> {
    let (Some(schema), Some(located)) = (bodies.schema(ctx), &ctx.stage) else { return Ok(()) };
    // A route whose bodies are validated has them collected.
    let RequestBody::Whole(body) = body else { return refuse(Type::ApiConfigurationError) };
    let media_type = Bodies::media_type(ctx);
    match outcome(ctx, &located.bound.api, schema, body).await? {
        Outcome::Valid => {
            ctx.note(|| note::valid_body(media_type));
            Ok(())
        }
        Outcome::Invalid(messages) => {
            Err(invalid(media_type, &format!("[{}]", messages.join(", "))))
        }
        Outcome::Unreadable(_) => Err(invalid(media_type, UNREADABLE)),
        Outcome::Exhausted => {
            let reason = "the validation of the request body takes too long";
            let error = GatewayError::of(Type::ApiConfigurationError);
            Err(Box::new(error.with_log(note::failed(reason))))
        }
    }
}

/// Small bodies are validated on the core. What is large, or takes long, is
/// not.
async fn outcome(
    ctx: &RequestCtx<'_>,
    api: &Arc<CompiledApi>,
    schema: SchemaId,
    body: &Bytes,
) -> Result<Outcome, Refusal> {
    // AWS takes no body for an empty object.
    let body = if body.is_empty() { &Bytes::from_static(b"{}") } else { body };
    if body.len() < SMALL {
        let outcome = api.schemas().validate(schema, body, STEPS_ON_CORE);
        if outcome != Outcome::Exhausted {
            return Ok(outcome);
        }
    }
    let (schemas, body) = (Arc::clone(api.schemas()), body.clone());
    ctx.core.offload(move || schemas.validate(schema, &body, MAX_STEPS)).await
}

fn invalid(media_type: &str, errors: &str) -> Refusal {
    let log = note::invalid_body(media_type, errors);
    let mut error = GatewayError::of(Type::BadRequestBody).with_log(log);
    error.validation = Some(errors.into());
    Box::new(error)
}
