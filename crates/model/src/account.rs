//! Settings of an account in a region.

use serde::{Deserialize, Serialize};

/// What an account can set for all its APIs of a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountSettings {
    /// The role with which logs are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloudwatch_role_arn: Option<String>,
    /// What is switched on.
    #[serde(default)]
    pub features: Vec<String>,
}

impl AccountSettings {
    /// The one feature that there is; new accounts have it.
    pub const USAGE_PLANS: &'static str = "UsagePlans";
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self { cloudwatch_role_arn: None, features: vec![Self::USAGE_PLANS.to_owned()] }
    }
}
