//! The list of phases, in order.

mod api_key;
mod authorize;
mod finish;
mod http_proxy;
mod integrate;
mod locate;
mod mock;
mod receive;
mod route;
mod throttle;
mod validate;

use std::time::Instant;

pub(crate) use http_proxy::target_of;

use http::{Request, Response};
use hyper::body::Incoming;

use crate::{
    ConnInfo, CoreState, ResponseBody,
    ctx::RequestCtx,
    id::Ids,
    rescue::{Refusal, rescue},
};

/// Answers one request.
pub async fn handle(
    core: &CoreState,
    request: Request<Incoming>,
    conn: &ConnInfo,
) -> Response<ResponseBody> {
    let began = Instant::now();
    let (head, body) = request.into_parts();
    let ids = Ids::draw(&head.headers, &mut core.rng.borrow_mut());
    // Pinned until the answer's head is there: bodies need no snapshot.
    let world = core.world.pin();
    let mut ctx = RequestCtx {
        core,
        conn: *conn,
        began,
        world: &world,
        method: head.method,
        uri: head.uri,
        version: head.version,
        headers: head.headers,
        ids,
        stage: None,
        route: None,
        api_key: None,
        ended: None,
    };
    let mut response = match run(&mut ctx, body).await {
        Ok(response) => response,
        Err(refusal) => rescue(&ctx, &refusal),
    };
    finish::run(&ctx, &mut response);
    response
}

async fn run(ctx: &mut RequestCtx<'_>, body: Incoming) -> Result<Response<ResponseBody>, Refusal> {
    receive::run(ctx, &body)?;
    locate::run(ctx)?;
    route::run(ctx)?;
    authorize::run(ctx)?;
    api_key::run(ctx)?;
    throttle::run(ctx)?;
    validate::run(ctx)?;
    integrate::run(ctx, body).await
}
