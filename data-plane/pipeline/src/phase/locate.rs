//! Host or base path -> stage -> the canary draw.

use gw_route::Address;
use gw_snapshot::GatewayError;

use crate::{
    ctx::{Located, RequestCtx},
    rescue::Refusal,
};

/// Finds the stage. AWS answers 403 `Forbidden` to an unknown API, an unknown
/// stage and a disabled endpoint alike.
pub(super) fn run(ctx: &mut RequestCtx<'_>) -> Result<(), Refusal> {
    let forbidden = || Box::new(GatewayError::forbidden());
    let suffixes = &ctx.core.config.suffixes;
    let address = Address::read(ctx.host(), ctx.uri.path(), suffixes).ok_or_else(forbidden)?;
    let stage = ctx.world.stage(&address.api, address.stage).ok_or_else(forbidden)?;
    let draw = if stage.has_canary() { ctx.core.rng.borrow_mut().u32(..) } else { 0 };
    let bound = stage.choose(draw);
    if bound.api.is_default_endpoint_disabled() {
        return Err(forbidden());
    }
    let path_start = address.path_start;
    drop(address);
    ctx.stage = Some(Located { stage, bound, path_start });
    Ok(())
}
