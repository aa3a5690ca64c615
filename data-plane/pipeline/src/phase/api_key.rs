//! API keys and usage plans.
//!
//! There are no usage plans yet, so no key can be in one: a method that needs
//! a key refuses every request, as AWS does in that case.

use gw_model::GatewayResponseType as Type;

use crate::{
    ctx::RequestCtx,
    rescue::{Refusal, refuse},
};

/// Refuses requests to methods that need a key.
pub(super) fn run(ctx: &mut RequestCtx<'_>) -> Result<(), Refusal> {
    let checks = ctx.route.as_ref().and_then(|routed| routed.route.checks.as_deref());
    if checks.is_some_and(|checks| checks.api_key) {
        return refuse(Type::InvalidApiKey);
    }
    Ok(())
}
