//! Host, or custom domain and base path -> stage -> the canary draw.

use std::sync::Arc;

use gw_route::Address;
use gw_snapshot::{CompiledStage, GatewayError};

use crate::{
    ctx::{Located, RequestCtx},
    rescue::Refusal,
};

/// Finds the stage. AWS answers 403 `Forbidden` to an unknown host, API or
/// stage, a path without a mapping and a disabled endpoint alike.
pub(super) fn run(ctx: &mut RequestCtx<'_>) -> Result<(), Refusal> {
    let forbidden = || Box::new(GatewayError::forbidden());
    let (stage, path_start, is_default) = find(ctx).ok_or_else(forbidden)?;
    let draw = if stage.has_canary() { ctx.core.rng.borrow_mut().u32(..) } else { 0 };
    let bound = stage.choose(draw);
    if is_default && bound.api.is_default_endpoint_disabled() {
        return Err(forbidden());
    }
    ctx.stage = Some(Located { stage, bound, path_start });
    Ok(())
}

/// The stage of a request, where the path behind it starts, and whether the
/// request came by an API's default endpoint rather than by a custom domain.
fn find<'w>(ctx: &RequestCtx<'w>) -> Option<(&'w Arc<CompiledStage>, usize, bool)> {
    let path = ctx.uri.path();
    if let Some(address) = Address::read(ctx.host(), path, &ctx.core.config.suffixes) {
        let stage = ctx.world.stage(&address.api, address.stage)?;
        return Some((stage, address.path_start, true));
    }
    let place = ctx.world.facts().domain(ctx.domain())?.place(path)?;
    Some((ctx.world.stage(place.api, place.stage)?, place.path_start, false))
}
