//! Host, or custom domain and base path -> stage -> the canary draw.

use std::sync::Arc;

use gw_route::Address;
use gw_snapshot::{CompiledStage, GatewayError};

use crate::{
    ctx::{DomainPath, Located, RequestCtx},
    rescue::Refusal,
};

/// Finds the stage. AWS answers 403 `Forbidden` to an unknown host, API or
/// stage, a path without a mapping and a disabled endpoint alike.
pub(super) fn run(ctx: &mut RequestCtx<'_>) -> Result<(), Refusal> {
    let forbidden = || Box::new(GatewayError::forbidden());
    let (stage, path_start, domain_path) = find(ctx).ok_or_else(forbidden)?;
    let draw = if stage.has_canary() { ctx.core.rng.borrow_mut().u32(..) } else { 0 };
    let bound = stage.choose(draw);
    if domain_path == DomainPath::None && bound.api.is_default_endpoint_disabled() {
        return Err(forbidden());
    }
    ctx.stage = Some(Located { stage, bound, path_start, domain_path });
    Ok(())
}

/// The API behind the first label of a host: its id, alone or with a VPC
/// endpoint's behind it, or that of an endpoint, whose clients name the API in
/// a header. So clients of private APIs address them at AWS.
fn api_of<'a>(ctx: &'a RequestCtx<'_>, label: &'a str) -> Option<&'a str> {
    if label.starts_with("vpce-") {
        return ctx.headers.get("x-apigw-api-id")?.to_str().ok();
    }
    Some(label.split_once("-vpce-").map_or(label, |(api, _)| api))
}

/// The stage of a request, where the path behind it starts, and what of a
/// custom domain is in front.
fn find<'w>(ctx: &RequestCtx<'w>) -> Option<(&'w Arc<CompiledStage>, usize, DomainPath)> {
    let path = ctx.uri.path();
    if let Some(address) = Address::read(ctx.host(), path, &ctx.core.config.suffixes) {
        let stage = ctx.world.stage(api_of(ctx, &address.api)?, address.stage)?;
        return Some((stage, address.path_start, DomainPath::None));
    }
    let place = ctx.world.facts().domain(ctx.domain())?.place(path)?;
    let domain_path = place.stage_start.map_or(DomainPath::Whole, DomainPath::WithStage);
    Some((ctx.world.stage(place.api, place.stage)?, place.path_start, domain_path))
}
