//! Path and verb -> route. Whatever is not there is 403, never 404 or 405.

use gw_model::{GatewayResponseType as Type, HttpMethod};
use gw_sigv4::{Error, Presented};
use gw_snapshot::GatewayError;
use http::{HeaderMap, Method, StatusCode, header};

use crate::{
    ctx::{RequestCtx, Routed},
    rescue::Refusal,
};

/// Finds the route.
pub(super) fn run(ctx: &mut RequestCtx<'_>) -> Result<(), Refusal> {
    let Some(routed) = find(ctx) else { return Err(Box::new(unmatched(&ctx.headers))) };
    ctx.route = Some(routed);
    Ok(())
}

/// AWS takes what is not there for a call that has to be signed: a header
/// `Authorization` that is no signature is told of, whatever else it means.
fn unmatched(headers: &HeaderMap) -> GatewayError {
    match malformed(headers) {
        Some(message) => GatewayError::of(Type::Default4xx)
            .with_status(StatusCode::FORBIDDEN)
            .with_message(message)
            .with_error_type("IncompleteSignatureException"),
        None => GatewayError::of(Type::MissingAuthenticationToken),
    }
}

/// What is wrong with the form of the header `Authorization`, if it is there.
fn malformed(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(header::AUTHORIZATION)?;
    let request = gw_sigv4::Request { method: "", path: "", query: "", headers, authority: None };
    match Presented::parse(&request) {
        Err(Error::IncompleteSignature(message)) if message.contains("missing equal-sign") => {
            let given = given.to_str().unwrap_or_default();
            Some(format!(
                "Invalid key=value pair (missing equal-sign) in Authorization header: '{given}'"
            ))
        }
        Err(Error::IncompleteSignature(message)) => Some(message),
        _ => None,
    }
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
