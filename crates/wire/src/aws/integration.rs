//! Integrations and their responses.

use std::collections::BTreeMap;

use gw_model::{ConnectionType, IntegrationType, PassthroughBehavior};
use serde::{Deserialize, Serialize};

use super::{CONTENT_HANDLING, INTEGRATION_TYPES, Templates, Texts, enum_text, enumerated};
use crate::{Body, Fault, FromBody, patch};

/// TLS towards the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsConfig {
    /// Skips the check of the certificate's issuer.
    #[serde(default)]
    pub insecure_skip_verification: bool,
}

/// An integration as AWS answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Integration {
    /// The kind of backend.
    #[serde(rename = "type")]
    pub kind: String,
    /// The verb sent to the backend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_method: Option<String>,
    /// The backend's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// `INTERNET` or `VPC_LINK`; told for HTTP backends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_type: Option<String>,
    /// The VPC link's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// A role ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<String>,
    /// Backend parameter -> mapping expression.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_parameters: Texts,
    /// Media type -> template.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_templates: Templates,
    /// What happens when no template matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passthrough_behavior: Option<String>,
    /// Conversion of the request body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_handling: Option<String>,
    /// Milliseconds.
    pub timeout_in_millis: u32,
    /// Groups cached answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_namespace: Option<String>,
    /// Always there, also when empty.
    #[serde(default)]
    pub cache_key_parameters: Vec<String>,
    /// By status code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub integration_responses: BTreeMap<String, IntegrationResponse>,
    /// TLS towards the backend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<TlsConfig>,
    /// `BUFFERED` or `STREAM`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_transfer_mode: Option<String>,
    /// The listener behind a version 2 VPC link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_target: Option<String>,
}

impl Integration {
    /// The answer for an integration of the resource `resource_id`.
    pub fn new(integration: &gw_model::Integration, resource_id: &str) -> Self {
        let http = matches!(integration.kind, IntegrationType::Http | IntegrationType::HttpProxy);
        let told = http || integration.connection_type != ConnectionType::Internet;
        let responses = integration
            .responses
            .iter()
            .map(|(status, response)| (status.clone(), IntegrationResponse::new(status, response)));
        Self {
            kind: integration.kind.as_str().to_owned(),
            http_method: integration.http_method.clone(),
            uri: integration.uri.clone(),
            connection_type: enum_text(&integration.connection_type).filter(|_| told),
            connection_id: integration.connection_id.clone(),
            credentials: integration.credentials.clone(),
            request_parameters: integration.request_parameters.clone(),
            request_templates: integration.request_templates.clone(),
            passthrough_behavior: enum_text(&integration.passthrough_behavior),
            content_handling: enum_text(&integration.content_handling),
            timeout_in_millis: integration.timeout_ms,
            cache_namespace: Some(
                integration.cache_namespace.clone().unwrap_or_else(|| resource_id.to_owned()),
            ),
            cache_key_parameters: integration.cache_key_parameters.clone(),
            integration_responses: responses.collect(),
            tls_config: integration
                .insecure_skip_verification
                .map(|insecure_skip_verification| TlsConfig { insecure_skip_verification }),
            response_transfer_mode: integration.response_transfer_mode.clone(),
            integration_target: integration.integration_target.clone(),
        }
    }
}

/// The body of `PutIntegration`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PutIntegration {
    /// The kind of backend.
    #[serde(rename = "type")]
    pub kind: String,
    /// The verb sent to the backend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_method: Option<String>,
    /// The backend's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// `INTERNET` or `VPC_LINK`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_type: Option<String>,
    /// The VPC link's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// A role ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<String>,
    /// Backend parameter -> mapping expression.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_parameters: Texts,
    /// Media type -> template.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_templates: Templates,
    /// What happens when no template matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passthrough_behavior: Option<String>,
    /// Groups cached answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_namespace: Option<String>,
    /// Parameters of the cache key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cache_key_parameters: Vec<String>,
    /// Conversion of the request body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_handling: Option<String>,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_in_millis: Option<i64>,
    /// TLS towards the backend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<TlsConfig>,
    /// `BUFFERED` or `STREAM`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_transfer_mode: Option<String>,
    /// The listener behind a version 2 VPC link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_target: Option<String>,
}

impl FromBody for PutIntegration {
    const INPUT: &'static str = "putIntegrationInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        let kind = body.one_of("type", INTEGRATION_TYPES)?;
        if kind.is_none() {
            body.required("type")?;
        }
        Ok(Self {
            kind: kind.unwrap_or_default(),
            http_method: body.string("httpMethod")?,
            uri: body.string("uri")?,
            connection_type: body.one_of("connectionType", &["VPC_LINK", "INTERNET"])?,
            connection_id: body.string("connectionId")?,
            credentials: body.string("credentials")?,
            request_parameters: body.string_map("requestParameters")?,
            request_templates: body.nullable_map("requestTemplates")?,
            passthrough_behavior: body.string("passthroughBehavior")?,
            cache_namespace: body.string("cacheNamespace")?,
            cache_key_parameters: body.strings("cacheKeyParameters")?,
            content_handling: body.one_of("contentHandling", CONTENT_HANDLING)?,
            timeout_in_millis: body.integer("timeoutInMillis")?,
            tls_config: body.object("tlsConfig", |tls| {
                let insecure = tls.boolean("insecureSkipVerification")?.unwrap_or_default();
                Ok(TlsConfig { insecure_skip_verification: insecure })
            })?,
            response_transfer_mode: body.one_of("responseTransferMode", &["BUFFERED", "STREAM"])?,
            integration_target: body.string("integrationTarget")?,
        })
    }
}

impl PutIntegration {
    /// The integration to store, under the rules that need no look at other
    /// rows.
    ///
    /// # Errors
    /// AWS's text for the first rule broken.
    pub fn to_model(&self) -> Result<gw_model::Integration, Fault> {
        let text = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
        let kind: IntegrationType = enumerated(Some(&self.kind)).ok_or_else(|| {
            Fault::bad_request(format!(
                "Enumeration value for IntegrationType is invalid: {}",
                self.kind
            ))
        })?;
        let passthrough: PassthroughBehavior = match self.passthrough_behavior.as_deref() {
            None | Some("") => PassthroughBehavior::WhenNoMatch,
            given => enumerated(given).ok_or_else(patch::bad_passthrough)?,
        };
        let timeout_ms = match self.timeout_in_millis {
            None => gw_model::Integration::DEFAULT_TIMEOUT_MS,
            Some(millis) => patch::timeout_ms(millis)?,
        };
        let connection: Option<ConnectionType> = enumerated(self.connection_type.as_deref());
        let integration = gw_model::Integration {
            http_method: text(&self.http_method),
            uri: text(&self.uri),
            credentials: text(&self.credentials),
            connection_type: connection.unwrap_or_default(),
            connection_id: text(&self.connection_id),
            integration_target: text(&self.integration_target),
            request_parameters: self.request_parameters.clone(),
            request_templates: self.request_templates.clone(),
            passthrough_behavior: passthrough,
            content_handling: enumerated(self.content_handling.as_deref()),
            timeout_ms,
            cache_namespace: text(&self.cache_namespace),
            cache_key_parameters: self.cache_key_parameters.clone(),
            insecure_skip_verification: self.tls_config.map(|tls| tls.insecure_skip_verification),
            response_transfer_mode: text(&self.response_transfer_mode),
            ..gw_model::Integration::of_kind(kind)
        };
        patch::check_integration(&integration)?;
        Ok(integration)
    }
}

/// An integration response as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationResponse {
    /// Three digits.
    pub status_code: String,
    /// A regular expression; an empty one is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection_pattern: Option<String>,
    /// Header -> mapping expression.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: Texts,
    /// Media type -> template; a null is kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_templates: Templates,
    /// Conversion of the response body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_handling: Option<String>,
}

impl IntegrationResponse {
    /// The answer for an integration response.
    pub fn new(status: &str, response: &gw_model::IntegrationResponse) -> Self {
        Self {
            status_code: status.to_owned(),
            selection_pattern: response.selection_pattern.clone(),
            response_parameters: response.response_parameters.clone(),
            response_templates: response.response_templates.clone(),
            content_handling: enum_text(&response.content_handling),
        }
    }
}

/// The body of `PutIntegrationResponse`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PutIntegrationResponse {
    /// A regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection_pattern: Option<String>,
    /// Header -> mapping expression.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: Texts,
    /// Media type -> template.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_templates: Templates,
    /// Conversion of the response body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_handling: Option<String>,
}

impl FromBody for PutIntegrationResponse {
    const INPUT: &'static str = "putIntegrationResponseInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            selection_pattern: body.string("selectionPattern")?,
            response_parameters: body.string_map("responseParameters")?,
            response_templates: body.nullable_map("responseTemplates")?,
            content_handling: body.one_of("contentHandling", CONTENT_HANDLING)?,
        })
    }
}

impl PutIntegrationResponse {
    /// The response to store. An empty template is kept as null, as AWS does.
    ///
    /// # Errors
    /// AWS's text for the first rule broken.
    pub fn to_model(&self) -> Result<gw_model::IntegrationResponse, Fault> {
        let templates = self.response_templates.iter().map(|(media_type, template)| {
            (media_type.clone(), template.clone().filter(|text| !text.is_empty()))
        });
        let response = gw_model::IntegrationResponse {
            selection_pattern: self.selection_pattern.clone(),
            response_parameters: self.response_parameters.clone(),
            response_templates: templates.collect(),
            content_handling: enumerated(self.content_handling.as_deref()),
        };
        patch::check_integration_response(&response)?;
        Ok(response)
    }
}
