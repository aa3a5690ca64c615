//! Deployments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CACHE_SIZES, EpochSeconds, Texts};
use crate::{Body, Fault, FromBody, patch};

/// What `embed=apisummary` tells of one method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodSnapshot {
    /// How callers are authorized.
    pub authorization_type: String,
    /// Whether a key is needed.
    pub api_key_required: bool,
}

/// Path -> verb -> method, as the deployment froze them.
pub fn api_summary(api: &gw_model::RestApi) -> BTreeMap<String, BTreeMap<String, MethodSnapshot>> {
    let with_methods = api.resources.values().filter(|resource| !resource.methods.is_empty());
    with_methods
        .map(|resource| {
            let methods = resource.methods.iter().map(|(verb, method)| {
                let snapshot = MethodSnapshot {
                    authorization_type: method.authorization_type.clone(),
                    api_key_required: method.api_key_required,
                };
                (verb.as_str().to_owned(), snapshot)
            });
            (resource.path.clone(), methods.collect())
        })
        .collect()
}

/// A deployment as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Its id.
    pub id: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it was made.
    pub created_date: EpochSeconds,
    /// With `embed=apisummary`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_summary: Option<BTreeMap<String, BTreeMap<String, MethodSnapshot>>>,
    /// Faults that are served as run-time errors; AWS has no such member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gatewright_warnings: Vec<String>,
}

/// The canary that a new deployment becomes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentCanary {
    /// 0.0 to 100.0.
    #[serde(default)]
    pub percent_traffic: f64,
    /// What it changes in the stage's variables.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub stage_variable_overrides: Texts,
    /// Whether its requests share the stage's cache.
    #[serde(default)]
    pub use_stage_cache: bool,
}

impl DeploymentCanary {
    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            percent_traffic: body.double("percentTraffic")?.unwrap_or_default(),
            stage_variable_overrides: body.string_map("stageVariableOverrides")?,
            use_stage_cache: body.boolean("useStageCache")?.unwrap_or_default(),
        })
    }
}

/// The body of `CreateDeployment`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateDeployment {
    /// The stage to create or repoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_name: Option<String>,
    /// For a stage that is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_description: Option<String>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether the stage has a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_cluster_enabled: Option<bool>,
    /// In GB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_cluster_size: Option<String>,
    /// Stage variables.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub variables: Texts,
    /// Makes the deployment the stage's canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary_settings: Option<DeploymentCanary>,
    /// Whether requests are traced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracing_enabled: Option<bool>,
}

impl FromBody for CreateDeployment {
    const INPUT: &'static str = "createDeploymentInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            stage_name: body.string("stageName")?,
            stage_description: body.string("stageDescription")?,
            description: body.string("description")?,
            cache_cluster_enabled: body.boolean("cacheClusterEnabled")?,
            cache_cluster_size: body.one_of("cacheClusterSize", CACHE_SIZES)?,
            variables: body.string_map("variables")?,
            canary_settings: body.object("canarySettings", DeploymentCanary::read)?,
            tracing_enabled: body.boolean("tracingEnabled")?,
        })
    }
}

impl CreateDeployment {
    /// Checks names and values that need no look at other rows.
    ///
    /// # Errors
    /// AWS's text for the first rule broken.
    pub fn check(&self) -> Result<(), Fault> {
        if let Some(name) = self.stage_name.as_deref().filter(|name| !name.is_empty()) {
            patch::check_stage_name(name)?;
        }
        for text in [&self.description, &self.stage_description] {
            patch::check_text("description", text.as_deref().unwrap_or_default())?;
        }
        patch::check_variables(&self.variables)?;
        if let Some(canary) = &self.canary_settings {
            if self.stage_name.as_deref().unwrap_or_default().is_empty() {
                let given = self.stage_name.as_deref().unwrap_or("null");
                return Err(Fault::bad_request(format!(
                    "Invalid deployment content specified.Non null and non empty stageName must \
                     be provided for canary deployment. Provided value is {given}"
                )));
            }
            patch::check_percent(canary.percent_traffic)?;
            patch::check_variables(&canary.stage_variable_overrides)?;
        }
        Ok(())
    }
}
