//! A stage's releases, nodes' receipts for them, and what makes another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// The release to restore; absent means the last one that served something
    /// else than the present.
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
