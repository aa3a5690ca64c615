//! Which integration answers.

use ::http::Response;
use gw_model::GatewayResponseType as Type;
use gw_snapshot::Integration;

use super::{aws, http, http_proxy, lambda, mock};
use crate::{
    ResponseBody,
    body::RequestBody,
    ctx::RequestCtx,
    rescue::{Refusal, refuse},
};

/// Has the route's integration answer.
pub(super) async fn run(
    ctx: &mut RequestCtx<'_>,
    body: RequestBody,
) -> Result<Response<ResponseBody>, Refusal> {
    let Some(routed) = &ctx.route else { return refuse(Type::ApiConfigurationError) };
    let (number, route) = (routed.number, routed.route);
    match &route.integration {
        Integration::HttpProxy(proxy) => http_proxy::run(ctx, number, proxy, body).await,
        // Boxed, so that requests which stream do not carry their state.
        Integration::Http(http) => Box::pin(http::run(ctx, number, http, body.whole())).await,
        Integration::Mock(mock) => mock::run(ctx, mock, body.whole()).await,
        Integration::Lambda(lambda) => {
            Box::pin(lambda::run(ctx, number, lambda, body.whole())).await
        }
        Integration::Aws(aws) => Box::pin(aws::run(ctx, number, aws, body.whole())).await,
        Integration::Refused(kind) => refuse(*kind),
    }
}
