//! Stages: a name that points at a deployment, and its history of releases.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{DeploymentId, Digest};

/// Stage variables by name.
pub type Variables = BTreeMap<String, String>;

/// The position of a release in its stage's history, from 1.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ReleaseNumber(pub u64);

impl std::fmt::Display for ReleaseNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// One immutable state of a stage: all that a node needs to serve it, but for
/// the deployments' content, which travels by digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// The release's number within its stage.
    pub number: ReleaseNumber,
    /// The deployment that most requests meet.
    pub deployment_id: DeploymentId,
    /// The content of that deployment.
    pub deployment: Digest,
    /// Stage variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: Variables,
    /// A second deployment for a share of the requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<CanaryRelease>,
    /// Everything else that is set on the stage.
    #[serde(default)]
    pub settings: StageSettings,
}

impl Release {
    /// The digests of all content that a node needs for this release.
    pub fn digests(&self) -> impl Iterator<Item = Digest> + '_ {
        let canary = self.canary.as_ref().map(|canary| canary.deployment);
        std::iter::once(self.deployment).chain(canary.filter(|digest| *digest != self.deployment))
    }
}

/// A canary: a share of the requests meets another deployment and other variables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CanaryRelease {
    /// 0.0 to 100.0; drawn at random for each request, not sticky.
    pub percent_traffic: f64,
    /// The canary's deployment.
    pub deployment_id: DeploymentId,
    /// The content of that deployment.
    pub deployment: Digest,
    /// Replace or add to the stage's variables for canary requests.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stage_variable_overrides: Variables,
    /// Whether canary requests share the stage's cache.
    #[serde(default)]
    pub use_stage_cache: bool,
}

/// Settings of a stage beside deployment, canary and variables. A rollback
/// leaves them as they are unless told otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageSettings {
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The documentation snapshot shown with the stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation_version: Option<String>,
    /// The certificate shown to HTTPS backends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_id: Option<String>,
    /// Whether the stage has a cache.
    #[serde(default)]
    pub cache_cluster_enabled: bool,
    /// The cache's size in GB, one of AWS's eight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_cluster_size: Option<String>,
    /// Whether requests are traced.
    #[serde(default)]
    pub tracing_enabled: bool,
    /// Access logging, when switched on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_log: Option<AccessLogSettings>,
    /// `*/*` or `{path}/{METHOD}` (slashes of the path as `~1`) -> settings.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub method_settings: BTreeMap<String, MethodSetting>,
}

/// Where and how requests are logged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessLogSettings {
    /// The destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_arn: Option<String>,
    /// The line's format, with `$context` variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// Settings of one method of a stage, or of all (`*/*`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodSetting {
    /// Whether per-method metrics are kept.
    pub metrics_enabled: bool,
    /// `OFF`, `ERROR` or `INFO`; absent until set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging_level: Option<String>,
    /// Whether whole bodies are logged.
    pub data_trace_enabled: bool,
    /// Bucket size in requests.
    pub throttling_burst_limit: i32,
    /// Requests per second.
    pub throttling_rate_limit: f64,
    /// Whether answers are cached.
    pub caching_enabled: bool,
    /// 0 to 3,600 seconds.
    pub cache_ttl_in_seconds: i32,
    /// Whether cached answers are encrypted.
    pub cache_data_encrypted: bool,
    /// Whether clients need a permission to skip the cache.
    pub require_authorization_for_cache_control: bool,
    /// What a client without it meets.
    pub unauthorized_cache_control_header_strategy: String,
}

impl Default for MethodSetting {
    /// What AWS answers after the first patch of any member.
    fn default() -> Self {
        Self {
            metrics_enabled: false,
            logging_level: None,
            data_trace_enabled: false,
            throttling_burst_limit: 5000,
            throttling_rate_limit: 10_000.0,
            caching_enabled: false,
            cache_ttl_in_seconds: 300,
            cache_data_encrypted: false,
            require_authorization_for_cache_control: true,
            unauthorized_cache_control_header_strategy: "SUCCEED_WITH_RESPONSE_HEADER".to_owned(),
        }
    }
}
