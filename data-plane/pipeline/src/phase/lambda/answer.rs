//! A function's whole answer.

use bytes::Bytes;
use gw_event::{Answer, Malformed};
use gw_model::GatewayResponseType as Type;
use http::{HeaderName, HeaderValue, StatusCode};

use super::{bad_gateway, misconfigured};
use crate::{ctx::RequestCtx, note, offload::SMALL, rescue::Refusal};

type Headers = Vec<(HeaderName, HeaderValue)>;

enum Fault {
    Format(Malformed),
    Base64,
}

/// Reads an answer. A body in base64 becomes bytes only for clients whose
/// first accepted media type the API has declared binary.
pub(super) async fn read(
    ctx: &RequestCtx<'_>,
    payload: Bytes,
) -> Result<(StatusCode, Headers, Bytes), Refusal> {
    let accepts_binary = ctx.stage.is_some_and(|at| at.bound.api.binary().of_accept(ctx));
    let parsed = if payload.len() <= SMALL {
        parse(&payload, accepts_binary)
    } else {
        ctx.core.offload(move || parse(&payload, accepts_binary)).await?
    };
    parsed.map_err(|fault| match fault {
        Fault::Format(what) => malformed(ctx, &what),
        Fault::Base64 => misconfigured("Unable to base64 decode the body."),
    })
}

fn parse(payload: &[u8], accepts_binary: bool) -> Result<(StatusCode, Headers, Bytes), Fault> {
    let mut answer = Answer::parse(payload).map_err(Fault::Format)?;
    let headers = std::mem::take(&mut answer.headers);
    let status = StatusCode::from_u16(answer.status)
        .map_err(|error| Fault::Format(Malformed::new(error)))?;
    let body = answer.into_body(accepts_binary).map_err(|_| Fault::Base64)?;
    Ok((status, headers, body))
}

/// AWS only says that it is malformed; here the log also says why.
pub(super) fn malformed(ctx: &RequestCtx<'_>, what: &Malformed) -> Refusal {
    ctx.note(|| format!("The function's answer cannot be used: {what}"));
    bad_gateway(Type::Default5xx, note::failed(note::MALFORMED_PROXY))
}
