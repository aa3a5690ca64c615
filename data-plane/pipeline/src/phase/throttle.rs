//! The stage's rate limit for the method, on this node.

use gw_model::GatewayResponseType as Type;

use crate::{
    ctx::RequestCtx,
    rescue::{Refusal, refuse},
};

/// Takes a token if the stage limits the method.
pub(super) fn run(ctx: &mut RequestCtx<'_>) -> Result<(), Refusal> {
    let (Some(located), Some(routed)) = (&ctx.stage, &ctx.route) else { return Ok(()) };
    let Some(throttle) = located.stage.throttle(located.bound, routed.number) else {
        return Ok(());
    };
    // Nothing before this waits, so the request begins now; a clock costs more
    // than the bucket.
    let now = ctx.began.saturating_duration_since(ctx.core.config.started).as_nanos();
    if throttle.take(u64::try_from(now).unwrap_or(u64::MAX)) {
        return Ok(());
    }
    refuse(Type::Throttled)
}
