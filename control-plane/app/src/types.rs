//! What use cases take and answer: model types with what the database adds.

use std::collections::BTreeMap;

use gw_model::{
    ApiId, DeploymentId, Digest, HttpMethod, Method, Model, ModelName, NodeId, Release,
    ReleaseNumber, Resource, ResourceId, RestApi, Revision, StageKey, StageName, StageSettings,
    Variables,
};
pub use gw_store::{ReceiptRow, ReceiptState, ReleaseState};
use time::OffsetDateTime;

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// At most this many items.
    pub limit: u32,
    /// The `position` of the page before.
    pub position: Option<String>,
}

impl PageRequest {
    /// The first page.
    pub const fn first(limit: u32) -> Self {
        Self { limit, position: None }
    }
}

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

/// A deployment.
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

/// Adds or repoints a stage in the call that makes the deployment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeploymentInput {
    /// Free text.
    pub description: Option<String>,
    /// The stage to create or repoint.
    pub stage_name: Option<StageName>,
    /// For a stage that is created.
    pub stage_description: Option<String>,
    /// Stage variables; on an existing stage they are added to its own.
    pub variables: Variables,
    /// For a stage that is created.
    pub cache_cluster_enabled: Option<bool>,
    /// For a stage that is created.
    pub cache_cluster_size: Option<String>,
    /// Whether requests are traced.
    pub tracing_enabled: Option<bool>,
    /// Makes the deployment the stage's canary.
    pub canary: Option<CanaryInput>,
    /// Refuses faults that AWS would deploy.
    pub strict: bool,
}

/// How a new canary draws its requests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CanaryInput {
    /// 0.0 to 100.0.
    pub percent_traffic: f64,
    /// What it changes in the stage's variables.
    pub stage_variable_overrides: Variables,
    /// Whether its requests share the stage's cache.
    pub use_stage_cache: bool,
}

/// A canary as callers write it: the content follows from the deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct CanaryDraft {
    /// 0.0 to 100.0.
    pub percent_traffic: f64,
    /// Its deployment.
    pub deployment_id: DeploymentId,
    /// What it changes in the stage's variables.
    pub stage_variable_overrides: Variables,
    /// Whether its requests share the stage's cache.
    pub use_stage_cache: bool,
}

/// The next release of a stage, as callers write it.
#[derive(Debug, Clone, PartialEq)]
pub struct StageDraft {
    /// The deployment that most requests meet.
    pub deployment_id: DeploymentId,
    /// Stage variables.
    pub variables: Variables,
    /// The canary.
    pub canary: Option<CanaryDraft>,
    /// Everything else.
    pub settings: StageSettings,
}

impl StageDraft {
    /// A draft that would change nothing.
    pub fn of(release: &Release) -> Self {
        Self {
            deployment_id: release.deployment_id.clone(),
            variables: release.variables.clone(),
            canary: release.canary.as_ref().map(|canary| CanaryDraft {
                percent_traffic: canary.percent_traffic,
                deployment_id: canary.deployment_id.clone(),
                stage_variable_overrides: canary.stage_variable_overrides.clone(),
                use_stage_cache: canary.use_stage_cache,
            }),
            settings: release.settings.clone(),
        }
    }

    /// The canary, made as AWS makes one when a patch first touches it: no
    /// traffic, the stage's own deployment.
    pub fn canary_mut(&mut self) -> &mut CanaryDraft {
        self.canary.get_or_insert_with(|| CanaryDraft {
            percent_traffic: 0.0,
            deployment_id: self.deployment_id.clone(),
            stage_variable_overrides: Variables::new(),
            use_stage_cache: false,
        })
    }
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

/// Where a rollback goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RollbackInput {
    /// The release to restore; `None` means the one served before the present.
    pub to: Option<ReleaseNumber>,
    /// Restores throttles, logs, cache and certificate too.
    pub all: bool,
    /// Refuses unless the stage's desired release is this one.
    pub expected_release: Option<ReleaseNumber>,
}

/// Which declared form a diff reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffRef {
    /// A deployment, hidden ones included.
    Deployment(DeploymentId),
    /// What a stage's desired release names.
    Stage(StageName),
    /// What its canary names.
    Canary(StageName),
    /// The working copy.
    Working,
}

/// One accepted change.
pub use gw_store::AuditRow;

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

/// Whose a credential is.
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

/// A REST API to create.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRestApi {
    /// The settings; its id and everything below the API are ignored.
    pub settings: RestApi,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The API to copy everything below from.
    pub clone_from: Option<ApiId>,
}

impl NewRestApi {
    /// An API with AWS's defaults; change `settings` for others.
    pub fn named(name: impl Into<String>) -> Self {
        let settings = RestApi {
            id: ApiId::new(""),
            name: name.into(),
            description: None,
            version: None,
            api_key_source: Default::default(),
            binary_media_types: Vec::new(),
            minimum_compression_size_bytes: None,
            endpoint_configuration: Default::default(),
            disable_execute_api_endpoint: false,
            endpoint_access_mode: None,
            security_policy: None,
            policy: None,
            resources: BTreeMap::new(),
            models: BTreeMap::new(),
            gateway_responses: BTreeMap::new(),
            request_validators: BTreeMap::new(),
            authorizers: BTreeMap::new(),
        };
        Self { settings, tags: BTreeMap::new(), clone_from: None }
    }
}

/// The place of a resource, for edits that move or rename it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceEdit {
    /// The parent; `None` for the root only.
    pub parent_id: Option<ResourceId>,
    /// The last segment of its path.
    pub path_part: String,
}

/// A model to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewModel {
    /// Its name.
    pub name: ModelName,
    /// Free text.
    pub description: Option<String>,
    /// The media type that it describes.
    pub content_type: String,
    /// The schema, JSON as text.
    pub schema: Option<String>,
}

/// A stage to create.
#[derive(Debug, Clone, PartialEq)]
pub struct NewStage {
    /// Its name.
    pub name: StageName,
    /// Its first release. A canary without a deployment of its own names the
    /// stage's.
    pub draft: StageDraft,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl std::fmt::Debug for AccessKey {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKey").field("principal", &self.principal).finish_non_exhaustive()
    }
}
