//! The declared form of an API: what the working copy holds and what a
//! deployment freezes.
//!
//! Maps are ordered by key, so that two equal declarations encode to the same
//! bytes. Members that are absent are left out of the encoding; a new optional
//! member therefore does not change the digest of older content.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ApiId, AuthorizerId, GatewayResponse, GatewayResponseType, HttpMethod, ModelName, ResourceId,
    ValidatorId,
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

/// Who decides whether a request may pass.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorizer {
    /// The authorizer's name.
    pub name: String,
    /// `TOKEN`, `REQUEST`, `COGNITO_USER_POOLS` or `JWT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text shown as authorization type in exports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<String>,
    /// The function's invocation ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_uri: Option<String>,
    /// A role ARN for the invocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_credentials: Option<String>,
    /// Where the identity is read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_source: Option<String>,
    /// A regular expression for tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_validation_expression: Option<String>,
    /// 0 to 3,600 seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_ttl_seconds: Option<u32>,
    /// User pools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provider_arns: Vec<String>,
    /// Whose tokens a `JWT` authorizer takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt_configuration: Option<JwtConfiguration>,
}

/// Whose tokens a `JWT` authorizer takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtConfiguration {
    /// At least one.
    pub issuers: Vec<JwtIssuer>,
    /// Algorithms of signatures; empty means AWS's default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_algorithms: Vec<String>,
}

/// An issuer of tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtIssuer {
    /// An `https` URL; the token's `iss`.
    pub issuer: String,
    /// The token's `aud` must hold one of them.
    pub audiences: Vec<String>,
    /// What else must hold of the token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_claims: Vec<JwtClaim>,
}

/// A claim that a token must make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtClaim {
    /// Its name.
    pub claim_name: String,
    /// `SINGLE_STRING` or `STRING_LIST`, when given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Whether a token without it is refused.
    #[serde(default)]
    pub required: bool,
    /// One of them; empty means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expected_values: Vec<String>,
}
