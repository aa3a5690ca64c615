//! API keys: the client shows one that is in a usage plan which holds the
//! stage, or it is refused. Why is not told, as at AWS: it has none, nobody
//! knows it, it is switched off, its plans hold other stages.

use gw_model::{ApiKeySource, GatewayResponseType as Type};
use gw_snapshot::Values as _;
use http::HeaderName;

use crate::{
    ctx::{Keyed, RequestCtx},
    rescue::{Refusal, refuse},
};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Refuses requests without a good key where the method needs one.
pub(super) fn run(ctx: &mut RequestCtx<'_>) -> Result<(), Refusal> {
    let checks = ctx.route.as_ref().and_then(|routed| routed.route.checks.as_deref());
    let Some(source) = checks.and_then(|checks| checks.api_key) else { return Ok(()) };
    match (source, keyed(ctx)) {
        (ApiKeySource::Header, Some(keyed)) => {
            ctx.api_key = Some(keyed);
            Ok(())
        }
        // No authorizer of this build gives a key: `x-api-key` does not count.
        (ApiKeySource::Authorizer, _) | (ApiKeySource::Header, None) => refuse(Type::InvalidApiKey),
    }
}

fn keyed<'w>(ctx: &RequestCtx<'w>) -> Option<Keyed<'w>> {
    let stage = ctx.stage?.stage.key();
    let value = ctx.header(&API_KEY)?;
    let key = ctx.world.facts().api_key(stage, value.as_bytes())?;
    Some(Keyed { key, value: value.clone() })
}
