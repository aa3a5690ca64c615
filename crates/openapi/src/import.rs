//! What a document declares, before it meets an API.

use std::collections::BTreeMap;

use gw_model::{
    ApiKeySource, Authorizer, DocumentationPart, EndpointType, GatewayResponse,
    GatewayResponseType, HttpMethod, Method, RequestValidator,
};

/// The start of a canonical model address. The API's id takes the place of
/// `{apiId}` when the import is applied.
pub const MODEL_URL: &str = "https://apigateway.amazonaws.com/restapis/{apiId}/models/";

/// A document that has been read and checked.
///
/// Ids do not exist yet: in the methods of `tree`, `authorizer_id` and
/// `request_validator_id` hold the *names* of authorizer and validator, and
/// models and policy hold `{apiId}`. [`crate::apply()`] and
/// [`crate::new_rest_api`] put ids in their place.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// `info.title`; present in mode `Create`.
    pub name: Option<String>,
    /// `info.description`.
    pub description: Option<String>,
    /// `info.version`.
    pub version: Option<String>,
    /// What the extensions at the root set.
    pub settings: Settings,
    /// Path -> verb -> method; intermediate resources are not listed.
    pub tree: BTreeMap<String, BTreeMap<HttpMethod, Method>>,
    /// Models by name.
    pub models: BTreeMap<String, ImportedModel>,
    /// Request validators by name.
    pub request_validators: BTreeMap<String, RequestValidator>,
    /// Authorizers by name.
    pub authorizers: BTreeMap<String, Authorizer>,
    /// Gateway responses by type.
    pub gateway_responses: BTreeMap<GatewayResponseType, GatewayResponse>,
    /// Documentation parts; empty if the caller ignores documentation.
    pub documentation: Vec<DocumentationPart>,
    /// What was ignored; goes into the answer's `warnings`.
    pub warnings: Vec<String>,
    /// What adaptation changed; empty without it.
    pub adaptations: Vec<Adaptation>,
}

impl Import {
    /// How many methods the document declares.
    pub fn method_count(&self) -> usize {
        self.tree.values().map(BTreeMap::len).sum()
    }
}

/// Settings of the API; `None` where the document is silent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// `x-amazon-apigateway-api-key-source`.
    pub api_key_source: Option<ApiKeySource>,
    /// `x-amazon-apigateway-binary-media-types`.
    pub binary_media_types: Option<Vec<String>>,
    /// `x-amazon-apigateway-minimum-compression-size`.
    pub minimum_compression_size_bytes: Option<u32>,
    /// `x-amazon-apigateway-policy`, JSON text.
    pub policy: Option<String>,
    /// `x-amazon-apigateway-endpoint-access-mode`.
    pub endpoint_access_mode: Option<String>,
    /// `x-amazon-apigateway-security-policy`.
    pub security_policy: Option<String>,
    /// The call's `endpointConfigurationTypes`; only new APIs take it.
    pub endpoint_type: Option<EndpointType>,
    /// `disableExecuteApiEndpoint` of the endpoint configuration.
    pub disable_execute_api_endpoint: Option<bool>,
    /// `vpcEndpointIds` of the endpoint configuration.
    pub vpc_endpoint_ids: Option<Vec<String>>,
}

/// A schema of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedModel {
    /// The schema's `description`.
    pub description: Option<String>,
    /// JSON Schema draft 4, as text; references have the form [`MODEL_URL`]`{name}`.
    pub schema: String,
}

/// What kind of change adaptation made. The texts are part of the admin API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdaptationKind {
    /// An operation without integration was given one.
    Integration,
    /// Sibling variables, or a variable with a forbidden name, were renamed.
    PathVariable,
    /// A segment that AWS forbids became one variable.
    MixedSegment,
    /// Two paths became one resource.
    MergedPath,
    /// Two operations became one, because both forward the same request.
    MergedOperation,
    /// A schema got an alphanumeric name.
    ModelName,
    /// A method declares what its integration maps.
    Declared,
    /// Something that cannot be kept was left out.
    Dropped,
}

impl AdaptationKind {
    /// The kind as it stands in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Integration => "integration",
            Self::PathVariable => "path-variable",
            Self::MixedSegment => "mixed-segment",
            Self::MergedPath => "merged-path",
            Self::MergedOperation => "merged-operation",
            Self::ModelName => "model-name",
            Self::Declared => "declared",
            Self::Dropped => "dropped",
        }
    }
}

/// One change that adaptation made to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adaptation {
    /// What kind of change.
    pub kind: AdaptationKind,
    /// The place in the document: `GET /a/{b}`, `/a/{b}`, `schema pet-owner`.
    pub place: String,
    /// What was done.
    pub detail: String,
}
