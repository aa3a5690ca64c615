//! What callers hand to use cases, in model types.

use std::collections::BTreeMap;

use gw_model::{
    ApiId, DeploymentId, ModelName, Release, ReleaseNumber, ResourceId, RestApi, StageName,
    StageSettings, Variables,
};

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
        let settings = RestApi::new(ApiId::new(""), name);
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
