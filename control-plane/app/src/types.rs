//! What use cases answer: model types with what the database adds.

use std::collections::BTreeMap;

use gw_model::{
    ApiId, DeploymentId, Digest, HttpMethod, Method, Model, ModelName, NodeId, Release,
    ReleaseNumber, Resource, ResourceId, RestApi, Revision, StageKey,
};
pub use gw_store::{ReceiptRow, ReceiptState, ReleaseState, UnservedRow};
use time::OffsetDateTime;

/// Items with the place where the next page starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Absent on the last page.
    pub position: Option<String>,
}

/// A REST API without what is below it.
#[derive(Debug, Clone, PartialEq)]
pub struct RestApiView {
    /// The settings; every map below the API is empty.
    pub api: RestApi,
    /// The resource `/`.
    pub root_resource_id: ResourceId,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// Grows with every change of the working copy.
    pub version: u64,
    /// What the last import had to say.
    pub warnings: Vec<String>,
}

/// A resource with its id.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceView {
    /// Its id.
    pub id: ResourceId,
    /// The resource with its methods.
    pub resource: Resource,
}

/// A method with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodView {
    /// The resource's id.
    pub resource_id: ResourceId,
    /// The verb.
    pub verb: HttpMethod,
    /// The method with integration and responses.
    pub method: Method,
}

/// A model with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelView {
    /// Its name.
    pub name: ModelName,
    /// The model.
    pub model: Model,
}

/// A deployment, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentView {
    /// The API.
    pub api_id: ApiId,
    /// Its id.
    pub id: DeploymentId,
    /// Free text.
    pub description: Option<String>,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// The address of its content.
    pub digest: Digest,
    /// The content's size.
    pub size_bytes: u64,
    /// Faults that are served as run-time errors.
    pub warnings: Vec<String>,
}

/// A deployment just made, with the release that it led to.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentCreated {
    /// The deployment.
    pub deployment: DeploymentView,
    /// The stage after the call, where one was named.
    pub stage: Option<StageView>,
}

/// A stage with its desired release.
#[derive(Debug, Clone, PartialEq)]
pub struct StageView {
    /// Scope, API and name.
    pub key: StageKey,
    /// The newest release: what admin calls read and write.
    pub desired: Release,
    /// Where it stands.
    pub desired_state: ReleaseState,
    /// What the fleet serves.
    pub serving: Option<ReleaseNumber>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When the stage was created.
    pub created_at: OffsetDateTime,
    /// When its newest release was appended.
    pub updated_at: OffsetDateTime,
}

/// A release in its stage's history.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseView {
    /// The release.
    pub release: Release,
    /// Where it stands.
    pub state: ReleaseState,
    /// What made it.
    pub cause: String,
    /// The principal that made it.
    pub actor: String,
    /// Node and reason, when rejected.
    pub reason: Option<String>,
    /// When it was appended.
    pub created_at: OffsetDateTime,
    /// The revision at which it was appended.
    pub revision: Revision,
    /// The deployment's description.
    pub description: Option<String>,
}

/// A page of a stage's history, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryView {
    /// What admin calls read and write.
    pub desired: ReleaseNumber,
    /// What the fleet serves.
    pub serving: Option<ReleaseNumber>,
    /// The releases.
    pub releases: Page<ReleaseView>,
}

/// A release with what the nodes said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseDetailView {
    /// Scope, API and stage.
    pub key: StageKey,
    /// The release.
    pub release: ReleaseView,
    /// One per node that was asked.
    pub receipts: Vec<ReceiptRow>,
    /// Every connected node has given its last word.
    pub settled: bool,
    /// From the append to the last receipt, when settled.
    pub settled_ms: Option<f64>,
}

/// The receipts of a deployment, over all releases that named it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentReceiptsView {
    /// The deployment.
    pub deployment: DeploymentView,
    /// Newest first.
    pub releases: Vec<ReleaseDetailView>,
}

/// One accepted change.
pub use gw_store::AuditRow;

/// A client certificate, without its key.
pub use gw_store::ClientCertificateRow as ClientCertificateView;

/// A target of VPC links with its addresses.
pub use gw_store::VpcTargetRow as VpcTargetView;

/// A VPC link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VpcLinkView {
    /// The link as it is stored.
    pub link: gw_store::VpcLinkRow,
    /// Whether requests can go through it.
    pub status: LinkStatus,
}

/// Whether requests can go through a VPC link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkStatus {
    /// The nodes are being told.
    Pending,
    /// They can.
    Available,
    /// They cannot, and why.
    Failed(String),
}

/// A node as the database and this replica's streams tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeView {
    /// The node.
    pub id: NodeId,
    /// Its small number in the fleet.
    pub slot: u32,
    /// Out of the vote by an operator.
    pub cordoned: bool,
    /// Takes no new traffic.
    pub draining: bool,
    /// Whether some replica holds its stream.
    pub connected: bool,
    /// The replica that holds its stream.
    pub replica: Option<String>,
    /// Set when it joined.
    pub labels: BTreeMap<String, String>,
    /// The build that it runs.
    pub build: String,
    /// The revision that it acknowledged last.
    pub acked: Revision,
    /// Milliseconds since its last message.
    pub last_seen_ms_ago: u64,
    /// Milliseconds that it has been behind; 0 when current.
    pub lag_ms: u64,
    /// Where clients reach it.
    pub traffic_address: String,
    /// Where its metrics are.
    pub metrics_address: String,
    /// What it says it cannot serve of what is committed: the first stages.
    pub unserved: Vec<UnservedRow>,
}

/// All nodes, and the revision that they should be at.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetView {
    /// The newest committed revision.
    pub revision: Revision,
    /// By name.
    pub nodes: Vec<NodeView>,
}

/// A join token as its maker sees it, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinTokenSecret {
    /// The last part of the token's text.
    pub secret: String,
    /// When it expires.
    pub expires_at: OffsetDateTime,
}

/// Who calls, by the credential of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account that the key belongs to.
    pub account: gw_model::AccountId,
    /// The principal's ARN.
    pub arn: String,
}

/// What verifying a SigV4 signature needs.
#[derive(Clone)]
pub struct AccessKey {
    /// Whose it is.
    pub principal: Principal,
    /// The secret, wiped when dropped.
    pub secret: zeroize::Zeroizing<String>,
}

impl std::fmt::Debug for AccessKey {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKey").field("principal", &self.principal).finish_non_exhaustive()
    }
}
