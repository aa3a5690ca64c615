//! Nodes and join tokens.

use std::time::Duration;

use axum::extract::Path;
use gw_app::{NodeAnswer, NodeRequest, NodeRequestError};
use gw_model::NodeId;
use gw_wire::{
    Fault, FaultKind,
    gatewright::{CreateJoinToken, JoinToken, NodeDetail},
};

use super::convert;
use crate::{
    error::ApiError,
    extract::{Answer, Call, OwnInput, Params, created, no_content, ok},
};

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a drained node goes on accepting, in milliseconds.
const DRAIN_DELAY_MS: u32 = 0;

/// `GET fleet`.
pub(crate) async fn status(call: Call) -> Answer {
    ok(convert::fleet(&call.fleet_view().await?))
}

/// One node with the revision that it should be at.
async fn one(call: &Call, id: &NodeId) -> Result<gw_wire::gatewright::NodeStatus, ApiError> {
    let fleet = call.fleet_view().await?;
    let unknown = || gw_app::Error::not_found(gw_app::Kind::Node, id.as_str());
    let node = fleet.nodes.iter().find(|node| node.id == *id).ok_or_else(unknown)?;
    Ok(convert::node(node, fleet.revision))
}

/// `GET nodes/{node}`; what the node itself says is left out when it does not
/// answer.
pub(crate) async fn node(call: Call, Path(id): Path<NodeId>) -> Answer {
    let status = one(&call, &id).await?;
    let live = match call.fleet().request(&id, NodeRequest::Describe, PATIENCE).await {
        Ok(NodeAnswer::State(state)) => Some(convert::live(state)),
        Ok(NodeAnswer::Done | NodeAnswer::Tested(_)) | Err(_) => None,
    };
    ok(NodeDetail { status, live })
}

/// `DELETE nodes/{node}`.
pub(crate) async fn forget(call: Call, Path(id): Path<NodeId>) -> Answer {
    call.node_forget(&call.caller, &id).await?;
    no_content()
}

/// `POST nodes/{node}/cordon`.
pub(crate) async fn cordon(call: Call, Path(id): Path<NodeId>) -> Answer {
    call.node_cordon(&call.caller, &id, true).await?;
    ok(one(&call, &id).await?)
}

/// `POST nodes/{node}/uncordon`.
pub(crate) async fn uncordon(call: Call, Path(id): Path<NodeId>) -> Answer {
    call.node_cordon(&call.caller, &id, false).await?;
    ok(one(&call, &id).await?)
}

/// `POST nodes/{node}/drain`; `delayMs` is how long it goes on accepting.
pub(crate) async fn drain(call: Call, Path(id): Path<NodeId>, params: Params) -> Answer {
    one(&call, &id).await?;
    let delay_ms = match params.get("delayMs") {
        None | Some("") => DRAIN_DELAY_MS,
        Some(text) => text
            .parse()
            .map_err(|_| Fault::bad_request(format!("Invalid delayMs specified: {text}")))?,
    };
    let request = NodeRequest::Drain { delay_ms };
    match call.fleet().request(&id, request, PATIENCE).await {
        Ok(_) => ok(one(&call, &id).await?),
        Err(error @ NodeRequestError::NotConnected) => {
            let message = format!("node {id} cannot be drained: {error}");
            Err(Fault { kind: FaultKind::Conflict, message }.into())
        }
        Err(error) => Err(ApiError::NotReady(format!("node {id} was not drained: {error}"))),
    }
}

/// `POST jointokens`.
pub(crate) async fn join_token(call: Call, OwnInput(input): OwnInput<CreateJoinToken>) -> Answer {
    let uses = input.uses.unwrap_or(1);
    let ttl = Duration::from_secs(input.ttl_seconds.unwrap_or(3600));
    let made = call.join_token_create(&call.caller, uses, ttl, &Default::default()).await?;
    created(JoinToken {
        token: format!("gwj1.{}.{}", call.config().ca_sha256, made.secret),
        expires_at: convert::time_text(made.expires_at),
    })
}
