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
//! | `DELETE nodes/{node}` | | 204: forgotten until it connects again; 409 while it is connected |
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
mod diff;
mod nodes;
mod releases;
mod vpc_targets;

use serde::{Deserialize, Serialize};

pub use certificates::{Certificate, Certificates, ImportCertificate};
pub use cors::{ApiCors, CorsAnswers, CorsSettings, PutCors, ResourceCors};
pub use diff::{ChangeKind, Diff, DiffEntry, Undeployed};
pub use nodes::{FleetStatus, NodeDetail, NodeHealth, NodeLive, NodeStatus, NotServing};
pub use releases::{
    Canary, ChangeStage, DeploymentReceipts, History, Receipt, ReceiptState, ReleaseDetail,
    ReleaseState, ReleaseSummary, Rollback,
};
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
