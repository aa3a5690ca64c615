//! Models, request validators, authorizers and gateway responses.

use gw_model::{GatewayResponseType, name};
use serde::{Deserialize, Serialize};

use super::Texts;
use crate::{Body, Fault, FromBody, patch};

/// A model as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// Six characters.
    pub id: String,
    /// By which it is addressed.
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The media type described.
    pub content_type: String,
}

impl Model {
    /// The answer for a model.
    pub fn new(name: &str, model: &gw_model::Model) -> Self {
        Self {
            id: model.id.clone(),
            name: name.to_owned(),
            description: model.description.clone(),
            schema: model.schema.clone(),
            content_type: model.content_type.clone(),
        }
    }
}

/// The body of `CreateModel`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateModel {
    /// Alphanumeric.
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema, draft 4, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The media type described.
    pub content_type: String,
}

impl FromBody for CreateModel {
    const INPUT: &'static str = "createModelInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            name: body.required("name")?,
            description: body.string("description")?,
            schema: body.string("schema")?,
            content_type: body.required("contentType")?,
        })
    }
}

impl CreateModel {
    /// Checks the name and the schema.
    ///
    /// # Errors
    /// AWS's text for the first rule broken.
    pub fn check(&self) -> Result<(), Fault> {
        if self.name.is_empty() {
            return Err(Fault::bad_request("Model name must be non-empty"));
        }
        if !name::is_model_name(&self.name) {
            return Err(Fault::bad_request("Model name must be alphanumeric"));
        }
        if self.content_type.is_empty() {
            return Err(Fault::bad_request("Content type must be non-empty"));
        }
        patch::check_schema(self.schema.as_deref().unwrap_or_default())
    }
}

/// A request validator as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestValidator {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Checks bodies.
    pub validate_request_body: bool,
    /// Checks parameters.
    pub validate_request_parameters: bool,
}

impl RequestValidator {
    /// The answer for a validator.
    pub fn new(id: &str, validator: &gw_model::RequestValidator) -> Self {
        Self {
            id: id.to_owned(),
            name: validator.name.clone(),
            validate_request_body: validator.validate_request_body,
            validate_request_parameters: validator.validate_request_parameters,
        }
    }
}

/// An authorizer as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorizer {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `TOKEN`, `REQUEST`, `COGNITO_USER_POOLS` or `JWT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// User pools.
    #[serde(default, rename = "providerARNs", skip_serializing_if = "Vec::is_empty")]
    pub provider_arns: Vec<String>,
    /// Shown in exports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<String>,
    /// The function's invocation ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_uri: Option<String>,
    /// A role ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_credentials: Option<String>,
    /// Where the identity is read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_source: Option<String>,
    /// A regular expression for tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_validation_expression: Option<String>,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_result_ttl_in_seconds: Option<u32>,
}

impl Authorizer {
    /// The answer for an authorizer.
    pub fn new(id: &str, authorizer: &gw_model::Authorizer) -> Self {
        Self {
            id: id.to_owned(),
            name: authorizer.name.clone(),
            kind: authorizer.kind.clone(),
            provider_arns: authorizer.provider_arns.clone(),
            auth_type: authorizer.auth_type.clone(),
            authorizer_uri: authorizer.authorizer_uri.clone(),
            authorizer_credentials: authorizer.authorizer_credentials.clone(),
            identity_source: authorizer.identity_source.clone(),
            identity_validation_expression: authorizer.identity_validation_expression.clone(),
            authorizer_result_ttl_in_seconds: authorizer.result_ttl_seconds,
        }
    }
}

/// A gateway response as AWS answers it, built-in ones included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayResponse {
    /// One of the 21 types.
    pub response_type: String,
    /// Absent for the two defaults until set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    /// Always there, also when empty.
    #[serde(default)]
    pub response_parameters: Texts,
    /// Media type -> template.
    #[serde(default)]
    pub response_templates: Texts,
    /// Nobody has customised it.
    pub default_response: bool,
}

impl GatewayResponse {
    /// The template of a response that nobody has customised.
    pub const DEFAULT_TEMPLATE: &'static str = r#"{"message":$context.error.messageString}"#;

    /// The answer for a type, customised or not.
    pub fn new(kind: GatewayResponseType, custom: Option<&gw_model::GatewayResponse>) -> Self {
        let status_code = custom
            .and_then(|response| response.status_code.clone())
            .or_else(|| kind.default_status().map(|status| status.to_string()));
        let response_templates = custom.map_or_else(
            || [("application/json".to_owned(), Self::DEFAULT_TEMPLATE.to_owned())].into(),
            |response| response.response_templates.clone(),
        );
        Self {
            response_type: kind.as_str().to_owned(),
            status_code,
            response_parameters: custom
                .map(|response| response.response_parameters.clone())
                .unwrap_or_default(),
            response_templates,
            default_response: custom.is_none(),
        }
    }
}
