//! Request validation: required parameters. Bodies are not in this build, and
//! a method that asks for it refuses.

use gw_model::GatewayResponseType as Type;
use gw_snapshot::{GatewayError, ParameterPlace, Required, Values};

use crate::{
    ctx::RequestCtx,
    rescue::{Refusal, refuse},
};

/// Refuses requests that lack a required parameter or have it blank.
pub(super) fn run(ctx: &mut RequestCtx<'_>) -> Result<(), Refusal> {
    let Some(checks) = ctx.route.as_ref().and_then(|routed| routed.route.checks.as_deref()) else {
        return Ok(());
    };
    let missing: Vec<&str> =
        checks.required.iter().filter(|r| !is_there(ctx, r)).map(|r| &*r.name).collect();
    if !missing.is_empty() {
        let list = missing.join(", ");
        let message = format!("Missing required request parameters: [{list}]");
        let mut error = GatewayError::of(Type::BadRequestParameters).with_message(message);
        error.validation = error.message.as_deref().map(Into::into);
        return Err(Box::new(error));
    }
    match checks.validation {
        Some(kind) => refuse(kind),
        None => Ok(()),
    }
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
