//! REST APIs.

use gw_model::{ApiId, ApiKeySource, EndpointType, ResourceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{EpochSeconds, Texts, enum_text, enumerated};
use crate::{Body, Fault, FromBody, patch};

const ENDPOINT_TYPES: &[&str] = &["PRIVATE", "EDGE", "REGIONAL"];
pub(crate) const NO_ENDPOINT_TYPE: &str =
    "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.";
pub(crate) const MANY_ENDPOINT_TYPES: &str = "Cannot create an api with multiple Endpoint Types.";
const KEY_SOURCES: &[&str] = &["HEADER", "AUTHORIZER"];

/// How clients reach an API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointConfiguration {
    /// One type, as a list.
    #[serde(default)]
    pub types: Vec<String>,
    /// `ipv4` or `dualstack`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<String>,
    /// For private APIs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vpc_endpoint_ids: Vec<String>,
}

impl EndpointConfiguration {
    pub(super) fn read(body: &mut Body) -> Result<Self, Fault> {
        let given = body.optional_strings("types")?;
        let types = given.unwrap_or_else(|| vec!["EDGE".to_owned()]);
        body.each_of("types", &types, ENDPOINT_TYPES);
        Ok(Self {
            types,
            ip_address_type: body.one_of("ipAddressType", &["ipv4", "dualstack"])?,
            vpc_endpoint_ids: body.strings("vpcEndpointIds")?,
        })
    }

    /// The model's form, under AWS's rules.
    ///
    /// # Errors
    /// No type, several, or an address type that the type does not have.
    pub fn to_model(&self) -> Result<gw_model::EndpointConfiguration, Fault> {
        let endpoint_type: EndpointType = match self.types.as_slice() {
            [] => {
                return Err(Fault::bad_request(NO_ENDPOINT_TYPE));
            }
            [one] => enumerated(Some(one)).unwrap_or_default(),
            _ => {
                return Err(Fault::bad_request(MANY_ENDPOINT_TYPES));
            }
        };
        check_address_type(endpoint_type, self.ip_address_type.as_deref())?;
        Ok(gw_model::EndpointConfiguration {
            endpoint_type,
            ip_address_type: self.ip_address_type.clone(),
            vpc_endpoint_ids: self.vpc_endpoint_ids.clone(),
        })
    }
}

/// Private APIs are dual-stack only.
pub(crate) fn check_address_type(
    endpoint_type: EndpointType,
    ip_address_type: Option<&str>,
) -> Result<(), Fault> {
    if endpoint_type == EndpointType::Private && ip_address_type == Some("ipv4") {
        return Err(Fault::bad_request(
            "Only dualstack ipAddressType is supported for Private APIs.",
        ));
    }
    Ok(())
}

impl From<&gw_model::EndpointConfiguration> for EndpointConfiguration {
    fn from(model: &gw_model::EndpointConfiguration) -> Self {
        let private = model.endpoint_type == EndpointType::Private;
        let default = if private { "dualstack" } else { "ipv4" };
        Self {
            types: enum_text(&model.endpoint_type).into_iter().collect(),
            ip_address_type: Some(
                model.ip_address_type.clone().unwrap_or_else(|| default.to_owned()),
            ),
            vpc_endpoint_ids: model.vpc_endpoint_ids.clone(),
        }
    }
}

/// A REST API as AWS answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestApi {
    /// The API's id.
    pub id: String,
    /// Shown to people; not unique.
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it was created.
    pub created_date: EpochSeconds,
    /// The user's or the document's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What an import had to say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Media types treated as binary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub binary_media_types: Vec<String>,
    /// Smallest response to compress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_compression_size: Option<u32>,
    /// `HEADER` or `AUTHORIZER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_source: Option<String>,
    /// How clients reach it.
    #[serde(default)]
    pub endpoint_configuration: EndpointConfiguration,
    /// The resource policy, as AWS escapes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Tags; left out of the answer to a creation without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Texts>,
    /// Refuses requests on the default host name.
    #[serde(default)]
    pub disable_execute_api_endpoint: bool,
    /// The resource `/`.
    pub root_resource_id: String,
    /// The TLS security policy's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_policy: Option<String>,
    /// `BASIC` or `STRICT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_access_mode: Option<String>,
    /// What `gatewright=adapt` changed in the document; AWS has no such member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gatewright_adaptations: Vec<crate::gatewright::Adaptation>,
}

/// What an answer holds beside the model.
#[derive(Debug, Clone, Default)]
pub struct RestApiExtras {
    /// When the API was created.
    pub created_date: EpochSeconds,
    /// The resource `/`.
    pub root_resource_id: String,
    /// Tags; `None` leaves the member out.
    pub tags: Option<Texts>,
    /// What an import had to say.
    pub warnings: Vec<String>,
}

impl RestApi {
    /// The answer for an API.
    pub fn new(api: &gw_model::RestApi, extras: RestApiExtras) -> Self {
        Self {
            id: api.id.as_str().to_owned(),
            name: api.name.clone(),
            description: api.description.clone(),
            created_date: extras.created_date,
            version: api.version.clone(),
            warnings: extras.warnings,
            binary_media_types: api.binary_media_types.clone(),
            minimum_compression_size: api.minimum_compression_size_bytes,
            api_key_source: enum_text(&api.api_key_source),
            endpoint_configuration: (&api.endpoint_configuration).into(),
            policy: api.policy.as_deref().map(escape_policy),
            tags: extras.tags,
            disable_execute_api_endpoint: api.disable_execute_api_endpoint,
            root_resource_id: extras.root_resource_id,
            security_policy: api.security_policy.clone(),
            endpoint_access_mode: api.endpoint_access_mode.clone(),
            gatewright_adaptations: Vec::new(),
        }
    }
}

/// AWS answers a policy with escaped quotes and slashes within the string.
fn escape_policy(policy: &str) -> String {
    policy.replace('\\', "\\\\").replace('"', "\\\"").replace('/', "\\/")
}

/// The body of `CreateRestApi`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRestApi {
    /// The name.
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The user's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The id of the API to copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone_from: Option<String>,
    /// Media types treated as binary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub binary_media_types: Vec<String>,
    /// Smallest response to compress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_compression_size: Option<i64>,
    /// `HEADER` or `AUTHORIZER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_source: Option<String>,
    /// How clients reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_configuration: Option<EndpointConfiguration>,
    /// The resource policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub tags: Texts,
    /// Refuses requests on the default host name.
    #[serde(default)]
    pub disable_execute_api_endpoint: bool,
    /// The TLS security policy's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_policy: Option<String>,
    /// `BASIC` or `STRICT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_access_mode: Option<String>,
}

impl FromBody for CreateRestApi {
    const INPUT: &'static str = "createRestApiInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            name: body.required("name")?,
            description: body.string("description")?,
            version: body.string("version")?,
            clone_from: body.string("cloneFrom")?,
            binary_media_types: body.strings("binaryMediaTypes")?,
            minimum_compression_size: body.integer("minimumCompressionSize")?,
            api_key_source: body.one_of("apiKeySource", KEY_SOURCES)?,
            endpoint_configuration: body
                .object("endpointConfiguration", EndpointConfiguration::read)?,
            policy: body.string("policy")?,
            tags: body.string_map("tags")?,
            disable_execute_api_endpoint: body
                .boolean("disableExecuteApiEndpoint")?
                .unwrap_or_default(),
            security_policy: body.one_of("securityPolicy", super::SECURITY_POLICIES)?,
            endpoint_access_mode: body.one_of("endpointAccessMode", super::ACCESS_MODES)?,
        })
    }
}

impl CreateRestApi {
    /// The settings of the API to make, under AWS's rules. Nothing is below
    /// it yet; the id is the caller's to choose.
    ///
    /// # Errors
    /// AWS's text for the first rule broken.
    pub fn to_model(&self, id: ApiId) -> Result<gw_model::RestApi, Fault> {
        if self.name.trim().is_empty() {
            return Err(Fault::bad_request("API name must be non-empty"));
        }
        if self.description.as_deref() == Some("") {
            return Err(Fault::bad_request("Description cannot be an empty string"));
        }
        patch::check_text("name", &self.name)?;
        patch::check_text("description", self.description.as_deref().unwrap_or_default())?;
        patch::check_text("version", self.version.as_deref().unwrap_or_default())?;
        let minimum = self.minimum_compression_size.map(compression_size).transpose()?;
        let endpoint = self.endpoint_configuration.as_ref();
        let source: Option<ApiKeySource> = enumerated(self.api_key_source.as_deref());
        if let Some(policy) = &self.policy {
            check_policy(policy)?;
        }
        let security = self.security_policy.as_deref().unwrap_or_default();
        super::check_access_mode(self.endpoint_access_mode.as_deref(), security)?;
        Ok(gw_model::RestApi {
            id,
            name: self.name.clone(),
            description: self.description.clone(),
            version: self.version.clone(),
            api_key_source: source.unwrap_or_default(),
            binary_media_types: self.binary_media_types.clone(),
            minimum_compression_size_bytes: minimum,
            endpoint_configuration: endpoint
                .map(EndpointConfiguration::to_model)
                .transpose()?
                .unwrap_or_default(),
            disable_execute_api_endpoint: self.disable_execute_api_endpoint,
            endpoint_access_mode: self.endpoint_access_mode.clone(),
            security_policy: self.security_policy.clone(),
            policy: self.policy.clone().filter(|policy| !policy.is_empty()),
            resources: std::collections::BTreeMap::<ResourceId, _>::new(),
            models: Default::default(),
            gateway_responses: Default::default(),
            request_validators: Default::default(),
            authorizers: Default::default(),
        })
    }
}

/// The range of `minimumCompressionSize`.
pub(crate) fn compression_size(bytes: i64) -> Result<u32, Fault> {
    u32::try_from(bytes).ok().filter(|bytes| *bytes <= 10_485_760).ok_or_else(|| {
        Fault::bad_request("Invalid minimum compression size, must be between 0 and 10485760")
    })
}

/// A resource policy is a JSON object with statements, or empty.
pub(crate) fn check_policy(policy: &str) -> Result<(), Fault> {
    if policy.is_empty() {
        return Ok(());
    }
    let statement = |statement: &Value| {
        let has = |name: &str| statement.get(name).is_some();
        matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny"))
            && (has("Principal") || has("NotPrincipal"))
            && (has("Action") || has("NotAction"))
    };
    let document = serde_json::from_str::<Value>(policy).unwrap_or_default();
    let fine = match document.get("Statement") {
        Some(Value::Array(all)) => all.iter().all(statement),
        Some(one) => statement(one),
        None => false,
    };
    match fine {
        true => Ok(()),
        false => Err(Fault::bad_request(
            "Invalid policy document. Please check the policy syntax and ensure that Principals \
             are valid.",
        )),
    }
}
