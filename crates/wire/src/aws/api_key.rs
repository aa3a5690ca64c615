//! API keys.

use serde::{Deserialize, Serialize};

use super::{EpochSeconds, Texts};
use crate::{Body, Fault, FromBody};

/// An API key as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// Ten characters.
    pub id: String,
    /// The value, for who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A customer of AWS Marketplace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether requests may use it.
    pub enabled: bool,
    /// When it was made.
    pub created_date: EpochSeconds,
    /// When it last changed.
    pub last_updated_date: EpochSeconds,
    /// Stages named on the key, `{api}/{stage}`.
    #[serde(default)]
    pub stage_keys: Vec<String>,
    /// Tags; empty ones are shown of a key that is asked for alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Texts>,
}

/// The body of `CreateApiKey`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateApiKey {
    /// Its name; need not be unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether requests may use it.
    #[serde(default)]
    pub enabled: bool,
    /// Asks for an id that is not the value. It never is; AWS says not to use
    /// this.
    #[serde(default)]
    pub generate_distinct_id: bool,
    /// 20 to 128 characters; made if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Stages named on the key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stage_keys: Vec<StageKey>,
    /// A customer of AWS Marketplace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub tags: Texts,
}

/// A stage named on a key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageKey {
    /// The API.
    pub rest_api_id: String,
    /// Its stage.
    pub stage_name: String,
}

impl FromBody for CreateApiKey {
    const INPUT: &'static str = "createApiKeyInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        let stage_key = |body: &mut Body| {
            Ok(StageKey {
                rest_api_id: body.string("restApiId")?.unwrap_or_default(),
                stage_name: body.string("stageName")?.unwrap_or_default(),
            })
        };
        Ok(Self {
            name: body.string("name")?,
            description: body.string("description")?,
            enabled: body.boolean("enabled")?.unwrap_or_default(),
            generate_distinct_id: body.boolean("generateDistinctId")?.unwrap_or_default(),
            value: body.string("value")?,
            stage_keys: body.objects("stageKeys", stage_key)?,
            customer_id: body.string("customerId")?,
            tags: body.string_map("tags")?,
        })
    }
}

impl CreateApiKey {
    /// What it declares.
    pub fn declared(&self) -> gw_model::ApiKey {
        // An empty text is none, as AWS answers it.
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let stage_key = |key: &StageKey| format!("{}/{}", key.rest_api_id, key.stage_name);
        let mut stage_keys: Vec<String> = Vec::new();
        for key in self.stage_keys.iter().map(stage_key) {
            if !stage_keys.contains(&key) {
                stage_keys.push(key);
            }
        }
        gw_model::ApiKey {
            name: filled(&self.name),
            description: filled(&self.description),
            enabled: self.enabled,
            customer_id: filled(&self.customer_id),
            stage_keys,
            labels: Vec::new(),
        }
    }
}

/// The answer to `ImportApiKeys`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyIds {
    /// The keys.
    pub ids: Vec<String>,
    /// What was left out, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
