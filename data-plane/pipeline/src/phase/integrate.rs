//! Which integration answers.

use gw_model::GatewayResponseType as Type;
use gw_snapshot::Integration;
use http::Response;
use hyper::body::Incoming;

use super::{http_proxy, mock};
use crate::{
    ResponseBody,
    ctx::RequestCtx,
    rescue::{Refusal, refuse},
};

/// Has the route's integration answer.
pub(super) async fn run(
    ctx: &mut RequestCtx<'_>,
    body: Incoming,
) -> Result<Response<ResponseBody>, Refusal> {
    let Some(routed) = &ctx.route else { return refuse(Type::ApiConfigurationError) };
    let (number, route) = (routed.number, routed.route);
    match &route.integration {
        Integration::HttpProxy(proxy) => http_proxy::run(ctx, number, proxy, body).await,
        Integration::Mock(mock) => mock::run(ctx, mock),
        Integration::Refused(kind) => refuse(*kind),
    }
}
