//! AWS's request and response types of version 1, with the conversions from
//! and to the model.
//!
//! Times are epoch seconds as JSON numbers, absent members are left out, and
//! the defaults are those that AWS answers.

mod api_key;
mod api_key_file;
mod authorizer;
mod beside;
mod deployment;
mod documentation;
mod domain;
mod flatten;
mod gateway_response;
mod integration;
mod mapping;
mod method;
mod others;
mod resource;
mod rest_api;
mod stage;
mod template;
mod test_invoke;
mod usage_plan;

use std::{collections::BTreeMap, marker::PhantomData};

use serde::{Deserialize, Serialize};

pub use api_key::{ApiKey, ApiKeyIds, CreateApiKey, StageKey};
pub use api_key_file::{ApiKeyFile, FileKey};
pub(crate) use authorizer::result_ttl;
pub use authorizer::{Authorizer, CreateAuthorizer};
pub use beside::{
    Account, ClientCertificate, CreateVpcLink, GenerateClientCertificate, ThrottleSettings, VpcLink,
};
pub use deployment::{CreateDeployment, Deployment, DeploymentCanary, MethodSnapshot, api_summary};
pub use documentation::{
    CreateDocumentationPart, CreateDocumentationVersion, DocumentationPart, DocumentationPartIds,
    DocumentationVersion, documentation_type, is_undocumented,
};
pub(crate) use domain::{
    ACCESS_MODES, ROUTING_MODES, SECURITY_POLICIES, check_access_mode, check_domain, check_strict,
};
pub use domain::{CreateDomainName, DomainName, MutualTlsAuthentication, domain_arn};
pub use flatten::flatten;
pub(crate) use gateway_response::default_templates;
pub use gateway_response::{GatewayResponse, PutGatewayResponse};
pub use integration::{
    Integration, IntegrationResponse, PutIntegration, PutIntegrationResponse, TlsConfig,
};
pub use mapping::{
    BasePathMapping, CreateBasePathMapping, CreateDomainNameAccessAssociation,
    DomainNameAccessAssociation, base_path_of,
};
pub(crate) use mapping::{base_path, stage};
pub use method::{Method, MethodResponse, PutMethod, PutMethodResponse};
pub use others::{CreateModel, CreateRequestValidator, Model, RequestValidator};
pub use resource::{CreateResource, Resource, ResourceMethod};
pub use rest_api::{CreateRestApi, EndpointConfiguration, RestApi, RestApiExtras};
pub(crate) use rest_api::{
    MANY_ENDPOINT_TYPES, NO_ENDPOINT_TYPE, check_address_type, check_policy, compression_size,
};
pub use stage::{
    AccessLogSettings, CanarySettings, CreateStage, MethodSetting, Stage, StageExtras,
};
pub use template::{Template, model_template};
pub use test_invoke::{LogLines, TestInvokeMethod, TestInvokeResult};
pub use usage_plan::{
    API_KEY, ApiStage, CreateUsagePlan, CreateUsagePlanKey, QuotaSettings, UsagePlan, UsagePlanKey,
};
pub(crate) use usage_plan::{PERIODS, plan_throttle};

use crate::{Body, Fault, FromBody};

/// Texts by name: AWS's `Map<String, String>`, such as tags and variables.
pub type Texts = BTreeMap<String, String>;

/// Templates by media type; null is kept.
pub type Templates = BTreeMap<String, Option<String>>;

/// Seconds since the Unix epoch.
pub type EpochSeconds = i64;

/// The kinds of integration, in the order of AWS's message.
pub(crate) const INTEGRATION_TYPES: &[&str] = &["HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS"];

/// Body conversions, in the order of AWS's message.
pub(crate) const CONTENT_HANDLING: &[&str] = &["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"];

/// Cache sizes in GB.
pub(crate) const CACHE_SIZES: &[&str] =
    &["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"];

/// Reads an enumeration of the model from its wire text, which serde knows.
pub(crate) fn enumerated<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Option<T> {
    text.and_then(|text| serde_json::from_value(serde_json::Value::from(text)).ok())
}

/// The wire text of an enumeration of the model.
pub(crate) fn enum_text<T: Serialize>(value: &T) -> Option<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => Some(text),
        _ => None,
    }
}

/// A request whose body holds patch operations only; `T` is not used but for
/// the name in messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Patch<T = ()> {
    /// In the order in which they apply.
    pub patch_operations: Vec<crate::patch::PatchOperation>,
    #[serde(skip)]
    marker: PhantomData<T>,
}

impl<T> Patch<T> {
    /// A patch of these operations.
    pub fn new(patch_operations: Vec<crate::patch::PatchOperation>) -> Self {
        Self { patch_operations, marker: PhantomData }
    }

    /// Reads the operations; `input` stands in validation messages.
    ///
    /// # Errors
    /// As [`FromBody::parse`].
    pub fn parse_as(input: &str, bytes: &[u8]) -> Result<Self, Fault> {
        let mut body = Body::parse(input, bytes)?;
        let patch_operations =
            body.objects("patchOperations", crate::patch::PatchOperation::read)?;
        body.finish()?;
        Ok(Self::new(patch_operations))
    }
}

/// Tags of a call: `{"tags": {..}}` is the whole body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tags {
    /// Values by key.
    #[serde(default)]
    pub tags: Texts,
}

impl FromBody for Tags {
    const INPUT: &'static str = "tagResourceInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        if !body.has("tags") {
            // Notes the member as missing.
            body.required("tags")?;
        }
        Ok(Self { tags: body.string_map("tags")? })
    }
}
