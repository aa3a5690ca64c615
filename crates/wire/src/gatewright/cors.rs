//! CORS of REST APIs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How an API, or one resource of it, stands with CORS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiCors {
    /// By path.
    pub resources: Vec<ResourceCors>,
    /// The gateway responses that carry the headers, such as `DEFAULT_4XX`.
    #[serde(default)]
    pub gateway_responses: Vec<String>,
}

/// How a resource stands with CORS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceCors {
    /// The resource.
    pub resource_id: String,
    /// Its path.
    pub path: String,
    /// The settings, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors: Option<CorsSettings>,
    /// Verb -> where `Access-Control-Allow-Origin` comes from.
    #[serde(default)]
    pub methods: BTreeMap<String, CorsAnswers>,
}

/// Where the header of a method's answers comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CorsAnswers {
    /// The gateway sets it on the answer 200.
    Gateway,
    /// The answer is the backend's own: the backend must set it.
    Backend,
    /// The integration has no response 200 that could carry it.
    NoResponse,
    /// The gateway sets the first origin only, as bodies may be binary.
    FirstOriginOnly,
    /// Nobody sets it.
    Nobody,
}

/// The settings as they are in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CorsSettings {
    /// `*`, or origins.
    pub allow_origins: Vec<String>,
    /// Verbs, or `*`.
    pub allow_methods: Vec<String>,
    /// Request headers, or `*`.
    pub allow_headers: Vec<String>,
    /// Response headers that scripts may read, or `*`.
    pub expose_headers: Vec<String>,
    /// How long browsers may keep a preflight's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<u32>,
    /// Whether browsers may send cookies and the like.
    pub allow_credentials: bool,
}

/// Lets resources be called from pages of other origins, in place of any
/// former settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutCors {
    /// `*` alone, or origins such as `https://app.example`.
    #[serde(default)]
    pub allow_origins: Vec<String>,
    /// Verbs, or `*`; absent means those that the resource has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_methods: Option<Vec<String>>,
    /// Request headers, or `*`; absent means those of AWS's console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_headers: Option<Vec<String>>,
    /// Response headers that scripts may read, or `*`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose_headers: Vec<String>,
    /// 0 to 86400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<u32>,
    /// Whether browsers may send cookies and the like.
    #[serde(default)]
    pub allow_credentials: bool,
    /// Sets the headers on the gateway responses too.
    #[serde(default)]
    pub gateway_responses: bool,
}
