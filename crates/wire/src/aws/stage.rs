//! Stages.

use std::collections::BTreeMap;

use gw_model::{CanaryRelease, Release};
use serde::{Deserialize, Serialize};

use super::{CACHE_SIZES, EpochSeconds, Texts};
use crate::{
    Body, Fault, FromBody,
    patch::{self, CanaryDraft, StageDraft},
};

/// Settings of a method of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the model's MethodSetting explains each")]
pub struct MethodSetting {
    pub metrics_enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging_level: Option<String>,
    pub data_trace_enabled: bool,
    pub throttling_burst_limit: i32,
    pub throttling_rate_limit: f64,
    pub caching_enabled: bool,
    pub cache_ttl_in_seconds: i32,
    pub cache_data_encrypted: bool,
    pub require_authorization_for_cache_control: bool,
    pub unauthorized_cache_control_header_strategy: String,
}

impl From<&gw_model::MethodSetting> for MethodSetting {
    fn from(setting: &gw_model::MethodSetting) -> Self {
        Self {
            metrics_enabled: setting.metrics_enabled,
            logging_level: setting.logging_level.clone(),
            data_trace_enabled: setting.data_trace_enabled,
            throttling_burst_limit: setting.throttling_burst_limit,
            throttling_rate_limit: setting.throttling_rate_limit,
            caching_enabled: setting.caching_enabled,
            cache_ttl_in_seconds: setting.cache_ttl_in_seconds,
            cache_data_encrypted: setting.cache_data_encrypted,
            require_authorization_for_cache_control: setting
                .require_authorization_for_cache_control,
            unauthorized_cache_control_header_strategy: setting
                .unauthorized_cache_control_header_strategy
                .clone(),
        }
    }
}

/// Where and how requests are logged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessLogSettings {
    /// The line's format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_arn: Option<String>,
}

/// A stage's canary.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CanarySettings {
    /// 0.0 to 100.0.
    #[serde(default)]
    pub percent_traffic: f64,
    /// Its deployment; the stage's own if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<String>,
    /// What it changes in the stage's variables.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub stage_variable_overrides: Texts,
    /// Whether its requests share the stage's cache.
    #[serde(default)]
    pub use_stage_cache: bool,
}

impl CanarySettings {
    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            percent_traffic: body.double("percentTraffic")?.unwrap_or_default(),
            deployment_id: body.string("deploymentId")?,
            stage_variable_overrides: body.string_map("stageVariableOverrides")?,
            use_stage_cache: body.boolean("useStageCache")?.unwrap_or_default(),
        })
    }
}

impl From<&CanaryRelease> for CanarySettings {
    fn from(canary: &CanaryRelease) -> Self {
        Self {
            percent_traffic: canary.percent_traffic,
            deployment_id: Some(canary.deployment_id.as_str().to_owned()),
            stage_variable_overrides: canary.stage_variable_overrides.clone(),
            use_stage_cache: canary.use_stage_cache,
        }
    }
}

/// A stage as AWS answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stage {
    /// The deployment that most requests meet.
    pub deployment_id: String,
    /// The certificate shown to backends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_id: Option<String>,
    /// The name.
    pub stage_name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether the stage has a cache.
    pub cache_cluster_enabled: bool,
    /// In GB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_cluster_size: Option<String>,
    /// `AVAILABLE` or `NOT_AVAILABLE`.
    pub cache_cluster_status: String,
    /// Always there, also when empty.
    #[serde(default)]
    pub method_settings: BTreeMap<String, MethodSetting>,
    /// Stage variables.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub variables: Texts,
    /// The documentation shown with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation_version: Option<String>,
    /// Access logging.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_log_settings: Option<AccessLogSettings>,
    /// The canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary_settings: Option<CanarySettings>,
    /// Whether requests are traced.
    pub tracing_enabled: bool,
    /// Tags.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub tags: Texts,
    /// When it was created.
    pub created_date: EpochSeconds,
    /// When its newest release was appended.
    pub last_updated_date: EpochSeconds,
    /// The number of its newest release; AWS has no such member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gatewright_release: Option<u64>,
    /// Where that release stands: `pending`, `serving`, `rejected`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gatewright_release_state: Option<String>,
}

/// What an answer holds beside the release.
#[derive(Debug, Clone, Default)]
pub struct StageExtras {
    /// When the stage was created.
    pub created_date: EpochSeconds,
    /// When its newest release was appended.
    pub last_updated_date: EpochSeconds,
    /// Tags.
    pub tags: Texts,
    /// Where the release stands.
    pub release_state: Option<String>,
}

impl Stage {
    /// The answer for a stage at a release.
    pub fn new(name: &str, release: &Release, extras: StageExtras) -> Self {
        let settings = &release.settings;
        let method_settings = settings
            .method_settings
            .iter()
            .map(|(key, setting)| (key.clone(), MethodSetting::from(setting)));
        let status = if settings.cache_cluster_enabled { "AVAILABLE" } else { "NOT_AVAILABLE" };
        Self {
            deployment_id: release.deployment_id.as_str().to_owned(),
            client_certificate_id: settings.client_certificate_id.clone(),
            stage_name: name.to_owned(),
            description: settings.description.clone(),
            cache_cluster_enabled: settings.cache_cluster_enabled,
            cache_cluster_size: settings.cache_cluster_size.clone(),
            cache_cluster_status: status.to_owned(),
            method_settings: method_settings.collect(),
            variables: release.variables.clone(),
            documentation_version: settings.documentation_version.clone(),
            access_log_settings: settings.access_log.as_ref().map(|log| AccessLogSettings {
                format: log.format.clone(),
                destination_arn: log.destination_arn.clone(),
            }),
            canary_settings: release.canary.as_ref().map(CanarySettings::from),
            tracing_enabled: settings.tracing_enabled,
            tags: extras.tags,
            created_date: extras.created_date,
            last_updated_date: extras.last_updated_date,
            gatewright_release: Some(release.number.0),
            gatewright_release_state: extras.release_state,
        }
    }
}

/// The body of `CreateStage`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateStage {
    /// The name.
    pub stage_name: String,
    /// The deployment that most requests meet.
    pub deployment_id: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether the stage has a cache.
    #[serde(default)]
    pub cache_cluster_enabled: bool,
    /// In GB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_cluster_size: Option<String>,
    /// Stage variables.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub variables: Texts,
    /// The documentation shown with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation_version: Option<String>,
    /// The canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary_settings: Option<CanarySettings>,
    /// Whether requests are traced.
    #[serde(default)]
    pub tracing_enabled: bool,
    /// Tags.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub tags: Texts,
}

impl FromBody for CreateStage {
    const INPUT: &'static str = "createStageInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            stage_name: body.required("stageName")?,
            deployment_id: body.required("deploymentId")?,
            description: body.string("description")?,
            cache_cluster_enabled: body.boolean("cacheClusterEnabled")?.unwrap_or_default(),
            cache_cluster_size: body.one_of("cacheClusterSize", CACHE_SIZES)?,
            variables: body.string_map("variables")?,
            documentation_version: body.string("documentationVersion")?,
            canary_settings: body.object("canarySettings", CanarySettings::read)?,
            tracing_enabled: body.boolean("tracingEnabled")?.unwrap_or_default(),
            tags: body.string_map("tags")?,
        })
    }
}

impl CreateStage {
    /// The first release of the stage to make.
    ///
    /// # Errors
    /// AWS's text for the first rule broken.
    pub fn to_draft(&self) -> Result<StageDraft, Fault> {
        patch::check_stage_name(&self.stage_name)?;
        patch::check_text("description", self.description.as_deref().unwrap_or_default())?;
        patch::check_variables(&self.variables)?;
        if self.deployment_id.is_empty() {
            return Err(Fault::bad_request("Deployment id does not exist"));
        }
        if let Some(canary) = &self.canary_settings {
            patch::check_percent(canary.percent_traffic)?;
            patch::check_variables(&canary.stage_variable_overrides)?;
        }
        Ok(StageDraft {
            deployment_id: self.deployment_id.as_str().into(),
            variables: self.variables.clone(),
            canary: self.canary_settings.as_ref().map(|canary| CanaryDraft {
                percent_traffic: canary.percent_traffic,
                deployment_id: canary
                    .deployment_id
                    .as_deref()
                    .unwrap_or(&self.deployment_id)
                    .into(),
                stage_variable_overrides: canary.stage_variable_overrides.clone(),
                use_stage_cache: canary.use_stage_cache,
            }),
            settings: gw_model::StageSettings {
                description: self.description.clone(),
                documentation_version: self.documentation_version.clone(),
                cache_cluster_enabled: self.cache_cluster_enabled,
                cache_cluster_size: self.cache_cluster_size.clone(),
                tracing_enabled: self.tracing_enabled,
                ..gw_model::StageSettings::default()
            },
        })
    }
}
