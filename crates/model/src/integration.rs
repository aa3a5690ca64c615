//! The declared form of a method's backend.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The kinds of backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IntegrationType {
    /// Any AWS service action, with mapping.
    Aws,
    /// Lambda, with the proxy event.
    AwsProxy,
    /// An HTTP backend, with mapping.
    Http,
    /// An HTTP backend, passed through.
    HttpProxy,
    /// Answered by the gateway itself.
    Mock,
}

impl IntegrationType {
    /// AWS's name of the type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::AwsProxy => "AWS_PROXY",
            Self::Http => "HTTP",
            Self::HttpProxy => "HTTP_PROXY",
            Self::Mock => "MOCK",
        }
    }
}

/// What happens to a body whose content type has no request template.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PassthroughBehavior {
    /// Passed on unchanged.
    #[default]
    WhenNoMatch,
    /// Passed on unchanged only if no template is defined at all.
    WhenNoTemplates,
    /// Refused with 415.
    Never,
}

/// Conversion between text and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ContentHandling {
    /// Base64 text to bytes.
    ConvertToBinary,
    /// Bytes to base64 text.
    ConvertToText,
}

/// How the backend is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConnectionType {
    /// By the public network.
    #[default]
    Internet,
    /// Through a VPC link.
    VpcLink,
}

/// The backend of a method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Integration {
    /// The kind of backend.
    #[serde(rename = "type")]
    pub kind: IntegrationType,
    /// The verb sent to the backend; `ANY` means the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_method: Option<String>,
    /// The backend's address: an HTTP URI with `{param}` and
    /// `${stageVariables.name}` places, or an API Gateway service ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// A role ARN, when the gateway is to sign its call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<String>,
    /// How the backend is reached.
    #[serde(default)]
    pub connection_type: ConnectionType,
    /// The VPC link's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// The listener behind a version 2 VPC link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_target: Option<String>,
    /// `integration.request.{header|querystring|path}.{name}` -> a mapping
    /// expression (`method.request...`, `'static'`, `stageVariables.x`, `context.x`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_parameters: BTreeMap<String, String>,
    /// Media type -> template; `None` keeps a null that AWS stores.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_templates: BTreeMap<String, Option<String>>,
    /// What happens when no template matches.
    #[serde(default)]
    pub passthrough_behavior: PassthroughBehavior,
    /// Conversion of the request body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_handling: Option<ContentHandling>,
    /// 50 to 29,000 ms.
    pub timeout_ms: u32,
    /// Groups cached answers; `None` means the resource's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_namespace: Option<String>,
    /// Parameters that are part of the cache key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cache_key_parameters: Vec<String>,
    /// Skips the check of the backend certificate's issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insecure_skip_verification: Option<bool>,
    /// `BUFFERED` or `STREAM`, when given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_transfer_mode: Option<String>,
    /// Responses by the status code that the client gets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub responses: BTreeMap<String, IntegrationResponse>,
}

impl Integration {
    /// AWS's default and largest timeout.
    pub const DEFAULT_TIMEOUT_MS: u32 = 29_000;

    /// An integration of the given kind with AWS's defaults.
    pub fn of_kind(kind: IntegrationType) -> Self {
        Self {
            kind,
            http_method: None,
            uri: None,
            credentials: None,
            connection_type: ConnectionType::Internet,
            connection_id: None,
            integration_target: None,
            request_parameters: BTreeMap::new(),
            request_templates: BTreeMap::new(),
            passthrough_behavior: PassthroughBehavior::WhenNoMatch,
            content_handling: None,
            timeout_ms: Self::DEFAULT_TIMEOUT_MS,
            cache_namespace: None,
            cache_key_parameters: Vec::new(),
            insecure_skip_verification: None,
            response_transfer_mode: None,
            responses: BTreeMap::new(),
        }
    }

    /// Whether it asks for answers to be passed on as they come
    /// (`responseTransferMode` STREAM).
    pub fn asks_to_stream(&self) -> bool {
        self.response_transfer_mode.as_deref() == Some("STREAM")
    }
}

/// How a backend's answer becomes the client's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationResponse {
    /// A regular expression; absent or empty marks the default response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection_pattern: Option<String>,
    /// `method.response.header.{name}` -> a mapping expression.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: BTreeMap<String, String>,
    /// Media type -> template; `None` keeps a null that AWS stores.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_templates: BTreeMap<String, Option<String>>,
    /// Conversion of the response body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_handling: Option<ContentHandling>,
}
