//! What stands beside the APIs: client certificates, VPC links, the account.

use serde::{Deserialize, Serialize};

use super::{EpochSeconds, Texts};
use crate::{Body, Fault, FromBody};

/// A client certificate as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientCertificate {
    /// Six characters.
    pub client_certificate_id: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The certificate without its key.
    pub pem_encoded_certificate: String,
    /// When it was made.
    pub created_date: EpochSeconds,
    /// When it ends.
    pub expiration_date: EpochSeconds,
    /// Tags.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub tags: Texts,
}

/// The body of `GenerateClientCertificate`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateClientCertificate {
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub tags: Texts,
}

impl FromBody for GenerateClientCertificate {
    const INPUT: &'static str = "generateClientCertificateInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self { description: body.string("description")?, tags: body.string_map("tags")? })
    }
}

/// A VPC link as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VpcLink {
    /// Six characters.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The load balancer; always one.
    pub target_arns: Vec<String>,
    /// `PENDING`, `AVAILABLE` or `FAILED`.
    pub status: String,
    /// What more there is to say of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_message: Option<String>,
    /// Tags; empty ones are shown of a link that is asked for alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Texts>,
}

/// The body of `CreateVpcLink`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateVpcLink {
    /// Its name.
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The load balancer.
    pub target_arns: Vec<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub tags: Texts,
}

impl FromBody for CreateVpcLink {
    const INPUT: &'static str = "createVpcLinkInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        let name = body.required("name")?;
        let description = body.string("description")?;
        let target_arns = body.optional_strings("targetArns")?;
        if target_arns.is_none() {
            // Notes the member as missing.
            body.required("targetArns")?;
        }
        let target_arns = target_arns.unwrap_or_default();
        Ok(Self { name, description, target_arns, tags: body.string_map("tags")? })
    }
}

impl CreateVpcLink {
    /// The one target.
    ///
    /// # Errors
    /// AWS's text when there is none or more than one, or when it is no ARN.
    pub fn target(&self) -> Result<&str, Fault> {
        match self.target_arns.as_slice() {
            [] => Err(Fault::bad_request("No target arn specified for vpc link.")),
            [target] if is_arn(target) => Ok(target),
            [target] => {
                Err(Fault::bad_request(format!("Invalid ARN. ARN is not well formed {target}")))
            }
            _ => Err(Fault::bad_request("More than one target arn specified for vpc link.")),
        }
    }
}

/// `arn:partition:service:region:account:resource`, of which region and
/// account may be empty.
fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, service, _, _, resource]
        if ![partition, service, resource].iter().any(|part| part.is_empty()))
}

/// An account's settings as AWS answers them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The role with which logs are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloudwatch_role_arn: Option<String>,
    /// The limits of the account as a whole.
    pub throttle_settings: ThrottleSettings,
    /// What is switched on.
    #[serde(default)]
    pub features: Vec<String>,
    /// The version of API keys.
    pub api_key_version: String,
}

/// A rate limit: a token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThrottleSettings {
    /// Bucket size in requests.
    pub burst_limit: i32,
    /// Requests per second.
    pub rate_limit: f64,
}

impl Account {
    /// The only version that is left.
    pub const API_KEY_VERSION: &'static str = "4";

    /// The answer for an account.
    pub fn new(settings: &gw_model::AccountSettings, throttle: ThrottleSettings) -> Self {
        Self {
            cloudwatch_role_arn: settings.cloudwatch_role_arn.clone(),
            throttle_settings: throttle,
            features: settings.features.clone(),
            api_key_version: Self::API_KEY_VERSION.to_owned(),
        }
    }
}
