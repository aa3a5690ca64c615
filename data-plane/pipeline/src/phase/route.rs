//! Path and verb -> route. Whatever is not there is 403, never 404 or 405.

use gw_model::{GatewayResponseType as Type, HttpMethod};
use http::Method;

use crate::{
    ctx::{RequestCtx, Routed},
    rescue::{Refusal, refuse},
};

/// Finds the route.
pub(super) fn run(ctx: &mut RequestCtx<'_>) -> Result<(), Refusal> {
    let Some(routed) = find(ctx) else { return refuse(Type::MissingAuthenticationToken) };
    ctx.route = Some(routed);
    Ok(())
}

fn find<'w>(ctx: &RequestCtx<'w>) -> Option<Routed<'w>> {
    let api = &ctx.stage?.bound.api;
    let verb = verb_of(&ctx.method)?;
    let found = api.router().find(ctx.path())?;
    let resource = api.resource(found.resource)?;
    let (number, route) = api.route(resource, verb)?;
    Some(Routed { resource, number, route, params: found.params })
}

/// The verbs of a REST API; `ANY` covers no others.
fn verb_of(method: &Method) -> Option<HttpMethod> {
    Some(match *method {
        Method::GET => HttpMethod::Get,
        Method::PUT => HttpMethod::Put,
        Method::POST => HttpMethod::Post,
        Method::DELETE => HttpMethod::Delete,
        Method::PATCH => HttpMethod::Patch,
        Method::OPTIONS => HttpMethod::Options,
        Method::HEAD => HttpMethod::Head,
        _ => return None,
    })
}
