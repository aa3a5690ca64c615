//! The list of phases, in order.

mod answer;
mod api_key;
mod authorize;
mod aws;
mod collect;
mod finish;
mod http;
mod http_proxy;
mod integrate;
mod lambda;
mod locate;
mod mapped;
mod mock;
mod receive;
mod recorded;
mod route;
mod test_call;
mod throttle;
mod validate;

use std::{
    cell::{Cell, OnceCell},
    time::Instant,
};

pub(crate) use http_proxy::target_of;
pub(crate) use lambda::FunctionBody;
pub use test_call::test_call;

use ::http::{Request, Response};
use hyper::body::Incoming;

use crate::{
    ConnInfo, CoreState, ResponseBody,
    body::RequestBody,
    ctx::{RawHead, RequestCtx},
    id::Ids,
    rescue::{Refusal, rescue},
};

/// Answers one request.
pub async fn handle(
    core: &CoreState,
    request: Request<Incoming>,
    conn: &ConnInfo,
) -> Response<ResponseBody> {
    handle_with_head(core, request, conn, None).await
}

/// As [`handle`], for a front that keeps the raw heads of HTTP/1 requests:
/// functions are told the names of headers as they were sent.
pub async fn handle_with_head(
    core: &CoreState,
    request: Request<Incoming>,
    conn: &ConnInfo,
    raw_head: Option<&dyn RawHead>,
) -> Response<ResponseBody> {
    let began = Instant::now();
    let (head, body) = request.into_parts();
    let ids = Ids::draw(&head.headers, &mut core.rng.borrow_mut());
    // Pinned until the answer's head is there: bodies need no snapshot.
    let world = core.world.pin();
    let mut ctx = RequestCtx {
        core,
        conn: *conn,
        raw_head,
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
        recorder: None,
        is_test: false,
        trace: OnceCell::new(),
        is_traced: Cell::new(false),
        seen: OnceCell::new(),
        arrived: OnceCell::new(),
    };
    let mut response = match run(&mut ctx, RequestBody::Incoming(body)).await {
        Ok(response) => response,
        Err(refusal) => rescue(&ctx, &refusal),
    };
    finish::run(&ctx, &mut response);
    response
}

async fn run(
    ctx: &mut RequestCtx<'_>,
    body: RequestBody,
) -> Result<Response<ResponseBody>, Refusal> {
    receive::run(ctx, &body)?;
    locate::run(ctx)?;
    route::run(ctx)?;
    authorize::run(ctx)?;
    api_key::run(ctx)?;
    throttle::run(ctx)?;
    execute(ctx, body).await
}

/// What test calls meet too.
async fn execute(
    ctx: &mut RequestCtx<'_>,
    body: RequestBody,
) -> Result<Response<ResponseBody>, Refusal> {
    // Boxed, so that requests which stream do not carry its state.
    let body = match collect::is_needed(ctx, &body) {
        true => RequestBody::Whole(Box::pin(collect::run(ctx, body)).await?),
        false => body,
    };
    validate::run(ctx, &body).await?;
    integrate::run(ctx, body).await
}
