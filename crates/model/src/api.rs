//! The declared form of an API: what the working copy holds and what a
//! deployment freezes.
//!
//! Maps are ordered by key, so that two equal declarations encode to the same
//! bytes. Members that are absent are left out of the encoding; a new optional
//! member therefore does not change the digest of older content.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ApiId, Authorizer, AuthorizerId, GatewayResponse, GatewayResponseType, HttpMethod, Integration,
    ModelName, ResourceId, ValidatorId,
};

/// Any API that the gateway can serve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Api {
    /// A REST API (version 1 of the management API).
    Rest(RestApi),
}

impl Api {
    /// The id of the API, whatever its kind.
    pub fn id(&self) -> &ApiId {
        match self {
            Self::Rest(api) => &api.id,
        }
    }
}

/// Where the API key of a request is taken from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ApiKeySource {
    /// The `x-api-key` header.
    #[default]
    Header,
    /// The `usageIdentifierKey` of a Lambda authorizer.
    Authorizer,
}

/// How clients reach an API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EndpointType {
    /// Through the edge; AWS's default.
    #[default]
    Edge,
    /// Directly.
    Regional,
    /// From private networks only.
    Private,
}

/// The endpoint settings of an API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointConfiguration {
    /// Exactly one type; AWS's wire format makes it a list.
    pub endpoint_type: EndpointType,
    /// `ipv4` or `dualstack`; `None` means the type's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<String>,
    /// For private APIs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vpc_endpoint_ids: Vec<String>,
}

/// A REST API with everything below it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestApi {
    /// The API's id.
    pub id: ApiId,
    /// Shown to people; not unique.
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The `version` given by the user or the imported document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where API keys come from.
    #[serde(default)]
    pub api_key_source: ApiKeySource,
    /// Media types treated as binary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub binary_media_types: Vec<String>,
    /// Smallest response to compress, 0 to 10,485,760 bytes; `None` disables compression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_compression_size_bytes: Option<u32>,
    /// How clients reach the API.
    #[serde(default)]
    pub endpoint_configuration: EndpointConfiguration,
    /// Refuses requests on the default host name.
    #[serde(default)]
    pub disable_execute_api_endpoint: bool,
    /// `BASIC` or `STRICT`, when given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_access_mode: Option<String>,
    /// The TLS security policy's name, when given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_policy: Option<String>,
    /// The resource policy, a JSON document as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The resource tree by id; exactly one resource, `/`, has no parent.
    pub resources: BTreeMap<ResourceId, Resource>,
    /// Models by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<ModelName, Model>,
    /// Customised gateway responses; types that are absent are built in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gateway_responses: BTreeMap<GatewayResponseType, GatewayResponse>,
    /// Request validators by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_validators: BTreeMap<ValidatorId, RequestValidator>,
    /// Authorizers by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub authorizers: BTreeMap<AuthorizerId, Authorizer>,
}

impl RestApi {
    /// An API with AWS's defaults, and nothing below it yet: a whole one has a
    /// root resource.
    pub fn new(id: ApiId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            description: None,
            version: None,
            api_key_source: ApiKeySource::default(),
            binary_media_types: Vec::new(),
            minimum_compression_size_bytes: None,
            endpoint_configuration: EndpointConfiguration::default(),
            disable_execute_api_endpoint: false,
            endpoint_access_mode: None,
            security_policy: None,
            policy: None,
            resources: BTreeMap::new(),
            models: BTreeMap::new(),
            gateway_responses: BTreeMap::new(),
            request_validators: BTreeMap::new(),
            authorizers: BTreeMap::new(),
        }
    }

    /// The API's own settings, without what is below it. Members are named one
    /// by one, so that a new one cannot be forgotten here, and what is large is
    /// not cloned to be thrown away.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self {
            id: self.id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            version: self.version.clone(),
            api_key_source: self.api_key_source,
            binary_media_types: self.binary_media_types.clone(),
            minimum_compression_size_bytes: self.minimum_compression_size_bytes,
            endpoint_configuration: self.endpoint_configuration.clone(),
            disable_execute_api_endpoint: self.disable_execute_api_endpoint,
            endpoint_access_mode: self.endpoint_access_mode.clone(),
            security_policy: self.security_policy.clone(),
            policy: self.policy.clone(),
            resources: BTreeMap::new(),
            models: BTreeMap::new(),
            gateway_responses: BTreeMap::new(),
            request_validators: BTreeMap::new(),
            authorizers: BTreeMap::new(),
        }
    }
}

/// One node of the resource tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// `None` for the root only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<ResourceId>,
    /// The last segment: a text, `{name}` or `{name+}`; empty for the root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path_part: String,
    /// The full path from `/`.
    pub path: String,
    /// Methods by verb.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub methods: BTreeMap<HttpMethod, Method>,
}

/// What a resource answers for one verb.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Method {
    /// `NONE`, `AWS_IAM`, `CUSTOM`, `COGNITO_USER_POOLS` or `JWT`.
    pub authorization_type: String,
    /// The authorizer of the last three types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_id: Option<AuthorizerId>,
    /// OAuth scopes, any of which suffices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_scopes: Vec<String>,
    /// Refuses requests without a key of a usage plan.
    #[serde(default)]
    pub api_key_required: bool,
    /// A name for SDKs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_name: Option<String>,
    /// The validator of requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_validator_id: Option<ValidatorId>,
    /// `method.request.{header|querystring|path}.{name}` -> required.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_parameters: BTreeMap<String, bool>,
    /// Media type -> model name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_models: BTreeMap<String, String>,
    /// Declared responses by status code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub responses: BTreeMap<String, MethodResponse>,
    /// The backend; a method without one cannot be deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<Integration>,
}

impl Method {
    /// The names of the models that its requests and answers have, repeats too.
    pub fn models(&self) -> impl Iterator<Item = &String> {
        let answers = self.responses.values().flat_map(|answer| answer.response_models.values());
        self.request_models.values().chain(answers)
    }
}

impl Default for Method {
    fn default() -> Self {
        Self {
            authorization_type: "NONE".to_owned(),
            authorizer_id: None,
            authorization_scopes: Vec::new(),
            api_key_required: false,
            operation_name: None,
            request_validator_id: None,
            request_parameters: BTreeMap::new(),
            request_models: BTreeMap::new(),
            responses: BTreeMap::new(),
            integration: None,
        }
    }
}

/// A response that a method declares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodResponse {
    /// `method.response.header.{name}` -> required.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: BTreeMap<String, bool>,
    /// Media type -> model name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_models: BTreeMap<String, String>,
}

/// A named JSON Schema (draft 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// Six characters; models are addressed by name.
    pub id: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The media type that the model describes.
    pub content_type: String,
    /// The schema, JSON as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
}

/// Which parts of a request are checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestValidator {
    /// The validator's name.
    pub name: String,
    /// Checks the body against the model of its content type.
    #[serde(default)]
    pub validate_request_body: bool,
    /// Checks that required parameters are there.
    #[serde(default)]
    pub validate_request_parameters: bool,
}
