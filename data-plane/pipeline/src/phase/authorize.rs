//! The place of resource policies and authorizers.
//!
//! This build has neither. A method that asks for one answers with AWS's
//! configuration error and is never served unprotected.

use crate::{
    ctx::RequestCtx,
    rescue::{Refusal, refuse},
};

/// Refuses what cannot be authorized.
pub(super) fn run(ctx: &mut RequestCtx<'_>) -> Result<(), Refusal> {
    let checks = ctx.route.as_ref().and_then(|routed| routed.route.checks.as_deref());
    match checks.and_then(|checks| checks.authorization) {
        Some(kind) => refuse(kind),
        None => Ok(()),
    }
}
