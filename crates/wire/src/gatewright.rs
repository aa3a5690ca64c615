//! What AWS has no call for: `/gatewright/v1/`. Keys are lowerCamel, absent
//! members are left out, times are ISO 8601 in UTC.
//!
//! | call | body | answer |
//! | --- | --- | --- |
//! | `GET health` | | 200 while the process lives |
//! | `GET ready` | | 200 [`Ready`], or 503 with the reason |
//! | `GET ca` | | the fleet's CA certificate, PEM; open to all, as the two above |
//! | `GET ca/domains` | | the CA of certificates issued for custom domains, PEM |
//! | `GET identity` | | [`Identity`]: who the caller is |
//! | `GET fleet` | | [`FleetStatus`] |
//! | `GET nodes/{node}` | | [`NodeDetail`], asked of the node itself where it is connected |
//! | `POST nodes/{node}/cordon`, `uncordon`, `drain` | | [`NodeStatus`] |
//! | `POST jointokens` | [`CreateJoinToken`] | [`JoinToken`] |
//! | `GET restapis/{api}/stages/{stage}/releases` | | [`History`], newest first; `limit`, `position` |
//! | `GET restapis/{api}/stages/{stage}/releases/{number}` | | [`ReleaseDetail`] |
//! | `GET restapis/{api}/stages/{stage}/releases/{number}/watch` | | a [`ReleaseDetail`] per line as receipts arrive, until settled or `timeoutMs` |
//! | `GET restapis/{api}/deployments/{id}/receipts` | | [`DeploymentReceipts`] |
//! | `POST restapis/{api}/stages/{stage}/rollback` | [`Rollback`] | [`ReleaseDetail`] |
//! | `POST restapis/{api}/stages/{stage}/promote-canary`, `stop-canary` | [`ChangeStage`] | [`ReleaseDetail`] |
//! | `GET restapis/{api}/diff?from=REF&to=REF` | | [`Diff`]; a REF is a deployment id, `stage:NAME`, `canary:NAME` or `working` |
//! | `GET restapis/{api}/changes` | | [`Undeployed`]: the working copy against each stage |
//! | `GET`, `PUT`, `DELETE restapis/{api}/cors` | `PUT`: [`PutCors`] | [`ApiCors`]: every resource with methods; `DELETE` with `gatewayResponses=true` takes the headers off those too |
//! | the same of `restapis/{api}/resources/{resource}/cors` | | the same, of that resource |
//! | `POST certificates` | [`ImportCertificate`] | 201 [`Certificate`] |
//! | `GET certificates` | | [`Certificates`]; `limit`, `position` |
//! | `GET certificates/{arn}`, `DELETE certificates/{arn}` | | [`Certificate`]; 204 |
//! | `GET vpctargets` | | [`VpcTargets`]: which addresses stand for load balancers |
//! | `PUT vpctargets/{arn or name}` | [`PutVpcTarget`] | [`VpcTarget`]; nodes follow before the answer |
//! | `DELETE vpctargets/{arn or name}` | | 204 |
//! | `GET audit` | | [`AuditLog`], newest first; `limit`, `position` |

mod certificates;
mod cors;
mod vpc_targets;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use certificates::{Certificate, Certificates, ImportCertificate};
pub use cors::{ApiCors, CorsAnswers, CorsSettings, PutCors, ResourceCors};
pub use vpc_targets::{PutVpcTarget, VpcTarget, VpcTargets};

/// The header that names the release which an AWS-shaped call made.
pub const RELEASE_HEADER: &str = "x-gatewright-release";

/// The header with a short, percent-free summary of a call's warnings.
pub const WARNINGS_HEADER: &str = "x-gatewright-warnings";

/// Whether the control plane can take calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// `ready`, or why not.
    pub status: String,
    /// The replica that answers.
    pub replica: String,
    /// The newest revision that it has read, `epoch.number`.
    pub revision: String,
}

/// Who a caller is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The principal's ARN.
    pub arn: String,
    /// The account of its calls.
    pub account_id: String,
    /// The region of its calls.
    pub region: String,
}

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
    /// Connected and at the newest revision.
    Current,
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

/// A request for a join token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateJoinToken {
    /// How many nodes may use it; absent means one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// Seconds until it expires; absent means an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u64>,
}

/// A join token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinToken {
    /// `gwj1.{sha-256 of the CA certificate, hex}.{secret}`: hand it to the node.
    pub token: String,
    /// When it expires.
    pub expires_at: String,
}

/// Where a release stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReleaseState {
    /// Nodes are preparing it.
    Pending,
    /// Committed: every connected node serves it or is about to.
    Serving,
    /// It served, and a newer release took its place.
    Former,
    /// A newer release came before it was committed.
    Superseded,
    /// A node found its content at fault; it was committed nowhere.
    Rejected,
}

/// What a node said of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptState {
    /// Asked, no answer yet.
    Waiting,
    /// Compiled and checked.
    Prepared,
    /// New requests meet it.
    Serving,
    /// Its content is at fault.
    Rejected,
    /// Could not say in time.
    Lagging,
}

/// One node's answer for one release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Who answered.
    pub node_id: String,
    /// What it said.
    pub state: ReceiptState,
    /// Why, when rejected or lagging.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Poisoned routes and other notes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Time to compile, in microseconds.
    pub compile_us: u64,
    /// When it was received.
    pub at: String,
}

/// A canary as a release holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Canary {
    /// Its deployment.
    pub deployment_id: String,
    /// Its share of requests, 0.0 to 100.0.
    pub percent_traffic: f64,
    /// What it changes in the stage's variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stage_variable_overrides: BTreeMap<String, String>,
}

/// One line of a stage's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseSummary {
    /// The number in the stage's history, from 1.
    pub number: u64,
    /// Where it stands.
    pub state: ReleaseState,
    /// What made it: `CreateStage`, `CreateDeployment`, `UpdateStage`, `rollback`, ...
    pub cause: String,
    /// The principal that made it.
    pub actor: String,
    /// When it was appended.
    pub created_at: String,
    /// Its deployment.
    pub deployment_id: String,
    /// The SHA-256 of the deployment's content.
    pub digest: String,
    /// The deployment's description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// Node and reason, when rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The revision at which it was appended, `epoch.number`.
    pub revision: String,
}

/// A stage's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The release that admin calls read and write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<u64>,
    /// The release that the fleet serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving: Option<u64>,
    /// Newest first.
    pub releases: Vec<ReleaseSummary>,
    /// Where the next page starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
}

/// A release with its receipts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseDetail {
    /// The API.
    pub rest_api_id: String,
    /// The stage.
    pub stage_name: String,
    /// The release.
    pub release: ReleaseSummary,
    /// Its stage variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// One per node that was asked.
    pub receipts: Vec<Receipt>,
    /// Whether every connected node has given its last word.
    pub settled: bool,
    /// Milliseconds from the append to the last receipt, when settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_ms: Option<f64>,
}

/// The receipts of a deployment, over all releases that named it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentReceipts {
    /// The deployment.
    pub deployment_id: String,
    /// The SHA-256 of its content.
    pub digest: String,
    /// Size of the content in bytes.
    pub size_bytes: u64,
    /// Faults that are served as run-time errors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Newest first.
    pub releases: Vec<ReleaseDetail>,
}

/// Go back to a former release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rollback {
    /// The release to restore; absent means the one served before the present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// Restores throttles, logs, cache and certificate too.
    #[serde(default)]
    pub all: bool,
    /// Refuses with 409 unless the stage's desired release is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_release: Option<u64>,
}

/// The body of one-call changes of a stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeStage {
    /// Refuses with 409 unless the stage's desired release is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_release: Option<u64>,
}

/// How one part of an API differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// Only in `to`.
    Added,
    /// Only in `from`.
    Removed,
    /// In both, and not equal.
    Changed,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiffEntry {
    /// How it differs.
    pub kind: ChangeKind,
    /// What differs: `GET /pets/{id}`, `model Pet`, `api binaryMediaTypes`, ...
    pub what: String,
    /// The member within it, as a JSON pointer, for changed parts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The value in `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<serde_json::Value>,
    /// The value in `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<serde_json::Value>,
}

/// The differences between two declared forms of an API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// The reference compared.
    pub from: String,
    /// The reference compared with.
    pub to: String,
    /// Whether there is no difference.
    pub equal: bool,
    /// Sorted by `what`.
    pub entries: Vec<DiffEntry>,
}

/// "You changed it and did not deploy."
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Undeployed {
    /// Stage name -> differences of the working copy from what the stage's
    /// desired release names.
    pub stages: BTreeMap<String, Vec<DiffEntry>>,
}

/// One accepted change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Grows with each entry.
    pub id: i64,
    /// When.
    pub at: String,
    /// The principal's ARN.
    pub actor: String,
    /// The operation: `CreateResource`, `rollback`, ...
    pub operation: String,
    /// What it acted on: `restapis/{id}/resources/{id}`.
    pub resource: String,
    /// Account and region.
    pub scope: String,
    /// The request's id.
    pub request_id: String,
    /// More, by operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<serde_json::Value>,
}

/// A page of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditLog {
    /// Newest first.
    pub entries: Vec<AuditEntry>,
    /// Where the next page starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
}

/// One thing that `gatewright=adapt` changed in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Adaptation {
    /// `integration`, `path-variable`, `mixed-segment`, `model-name`, ...
    pub kind: String,
    /// The place in the document.
    pub place: String,
    /// What was done.
    pub detail: String,
}
