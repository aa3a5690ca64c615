//! The fleet's nodes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ReceiptState;

/// All nodes and where each stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FleetStatus {
    /// The newest committed revision, `epoch.number`.
    pub revision: String,
    /// Every node that is not forgotten, by name.
    pub nodes: Vec<NodeStatus>,
}

/// The state of a node as the control plane sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeHealth {
    /// Connected, at the newest revision, and serving what is committed.
    Current,
    /// Connected and at the newest revision, without serving all of it:
    /// [`NodeStatus::not_serving`] tells what and why.
    Partial,
    /// Connected or silent, behind the newest revision.
    Lagging,
    /// No stream at present.
    Disconnected,
    /// Connected and taking no new traffic.
    Draining,
}

/// One node in [`FleetStatus`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeStatus {
    /// The node's id.
    pub node_id: String,
    /// How it is.
    pub health: NodeHealth,
    /// Out of the vote by an operator.
    pub cordoned: bool,
    /// Its small number in the fleet.
    pub slot: u32,
    /// The build that it runs.
    pub build: String,
    /// The replica that holds its stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
    /// The revision that it has acknowledged, `epoch.number`.
    pub revision: String,
    /// Milliseconds since it was last heard of.
    pub last_seen_ms_ago: u64,
    /// Milliseconds that it has been behind; 0 when current.
    pub lag_ms: u64,
    /// Where clients reach it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub traffic_address: String,
    /// Where its metrics are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub metrics_address: String,
    /// Stages whose committed release it cannot serve, by its receipts: the
    /// first ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_serving: Vec<NotServing>,
    /// How many such stages there are; 0 where it serves everything.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_serving_count: u64,
}

/// A stage whose committed release a node cannot serve. Callers that reach
/// the node meet the release before it, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotServing {
    /// The stage's API.
    pub rest_api_id: String,
    /// The stage.
    pub stage_name: String,
    /// The committed release.
    pub release: u64,
    /// The node's last word on it: rejected, or lagging (it tries again).
    pub state: ReceiptState,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A node with what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeDetail {
    /// The control plane's view.
    pub status: NodeStatus,
    /// The node's own answer; absent when it is not connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<NodeLive>,
}

/// A node's own answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeLive {
    /// The revision of its world, `epoch.number`.
    pub revision: String,
    /// The digest of its world, hex.
    pub root_digest: String,
    /// How many stages it holds.
    pub stages: u64,
    /// How many deployments it holds compiled.
    pub compiled_deployments: u64,
    /// Their approximate memory.
    pub compiled_bytes: u64,
    /// When it started.
    pub started_at: String,
    /// Stage resource name -> the release served.
    pub serving: BTreeMap<String, u64>,
}
