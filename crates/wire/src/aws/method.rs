//! Methods and the responses that they declare.

use std::collections::BTreeMap;

use gw_model::HttpMethod;
use serde::{Deserialize, Serialize};

use super::{Integration, Texts};
use crate::{Body, Fault, FromBody, patch};

/// A method as AWS answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Method {
    /// The verb.
    pub http_method: String,
    /// `NONE`, `AWS_IAM`, `CUSTOM`, `COGNITO_USER_POOLS` or `JWT`.
    pub authorization_type: String,
    /// The authorizer of the last three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_id: Option<String>,
    /// Refuses requests without a key.
    pub api_key_required: bool,
    /// The validator of requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_validator_id: Option<String>,
    /// A name for SDKs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_name: Option<String>,
    /// Parameter -> required.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_parameters: BTreeMap<String, bool>,
    /// Media type -> model.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_models: Texts,
    /// Declared responses by status.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub method_responses: BTreeMap<String, MethodResponse>,
    /// The backend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method_integration: Option<Integration>,
    /// OAuth scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_scopes: Vec<String>,
}

impl Method {
    /// The answer for a method of the resource `resource_id`.
    pub fn new(verb: HttpMethod, method: &gw_model::Method, resource_id: &str) -> Self {
        let responses = method
            .responses
            .iter()
            .map(|(status, response)| (status.clone(), MethodResponse::new(status, response)));
        Self {
            http_method: verb.as_str().to_owned(),
            authorization_type: method.authorization_type.clone(),
            authorizer_id: method.authorizer_id.as_ref().map(ToString::to_string),
            api_key_required: method.api_key_required,
            request_validator_id: method.request_validator_id.as_ref().map(ToString::to_string),
            operation_name: method.operation_name.clone(),
            request_parameters: method.request_parameters.clone(),
            request_models: method.request_models.clone(),
            method_responses: responses.collect(),
            method_integration: method
                .integration
                .as_ref()
                .map(|integration| Integration::new(integration, resource_id)),
            authorization_scopes: method.authorization_scopes.clone(),
        }
    }
}

/// The body of `PutMethod`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PutMethod {
    /// `NONE`, `AWS_IAM`, `CUSTOM`, `COGNITO_USER_POOLS` or `JWT`.
    pub authorization_type: String,
    /// The authorizer of the last three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_id: Option<String>,
    /// Refuses requests without a key.
    #[serde(default)]
    pub api_key_required: bool,
    /// A name for SDKs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_name: Option<String>,
    /// Parameter -> required.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_parameters: BTreeMap<String, bool>,
    /// Media type -> model.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_models: Texts,
    /// The validator of requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_validator_id: Option<String>,
    /// OAuth scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_scopes: Vec<String>,
}

impl FromBody for PutMethod {
    const INPUT: &'static str = "putMethodInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            authorization_type: body.required("authorizationType")?,
            authorizer_id: body.string("authorizerId")?,
            api_key_required: body.boolean("apiKeyRequired")?.unwrap_or_default(),
            operation_name: body.string("operationName")?,
            request_parameters: body.boolean_map("requestParameters")?,
            request_models: body.string_map("requestModels")?,
            request_validator_id: body.string("requestValidatorId")?,
            authorization_scopes: body.strings("authorizationScopes")?,
        })
    }
}

impl PutMethod {
    /// The method to store, under the rules that need no look at other rows.
    ///
    /// # Errors
    /// AWS's text for the first rule broken.
    pub fn to_model(&self) -> Result<gw_model::Method, Fault> {
        let text = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
        patch::check_text("operation name", self.operation_name.as_deref().unwrap_or_default())?;
        let mut method = gw_model::Method {
            authorization_type: self.authorization_type.clone(),
            authorizer_id: text(&self.authorizer_id).map(Into::into),
            authorization_scopes: self.authorization_scopes.clone(),
            api_key_required: self.api_key_required,
            operation_name: text(&self.operation_name),
            request_validator_id: text(&self.request_validator_id).map(Into::into),
            request_parameters: self.request_parameters.clone(),
            request_models: self.request_models.clone(),
            responses: BTreeMap::new(),
            integration: None,
        };
        patch::forget_authorizer(&mut method);
        patch::check_method(&method)?;
        Ok(method)
    }
}

/// A declared response as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodResponse {
    /// Three digits.
    pub status_code: String,
    /// Header -> required.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: BTreeMap<String, bool>,
    /// Media type -> model.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_models: Texts,
}

impl MethodResponse {
    /// The answer for a declared response.
    pub fn new(status: &str, response: &gw_model::MethodResponse) -> Self {
        Self {
            status_code: status.to_owned(),
            response_parameters: response.response_parameters.clone(),
            response_models: response.response_models.clone(),
        }
    }
}

/// The body of `PutMethodResponse`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PutMethodResponse {
    /// Header -> required.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: BTreeMap<String, bool>,
    /// Media type -> model.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_models: Texts,
}

impl FromBody for PutMethodResponse {
    const INPUT: &'static str = "putMethodResponseInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            response_parameters: body.boolean_map("responseParameters")?,
            response_models: body.string_map("responseModels")?,
        })
    }
}

impl PutMethodResponse {
    /// The response to store.
    ///
    /// # Errors
    /// When a parameter is no `method.response.header.{name}`.
    pub fn to_model(&self) -> Result<gw_model::MethodResponse, Fault> {
        for name in self.response_parameters.keys() {
            patch::check_response_header(name)?;
        }
        Ok(gw_model::MethodResponse {
            response_parameters: self.response_parameters.clone(),
            response_models: self.response_models.clone(),
        })
    }
}
