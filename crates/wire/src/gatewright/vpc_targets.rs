//! Targets of VPC links.

use serde::{Deserialize, Serialize};

/// All targets of VPC links, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VpcTargets {
    /// The targets.
    pub targets: Vec<VpcTarget>,
}

/// The addresses that stand for a load balancer here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VpcTarget {
    /// The load balancer's ARN, or its name.
    pub target: String,
    /// `HOST:PORT`, or `HOST` where the integration's URI gives the port.
    pub addresses: Vec<String>,
    /// When they were set.
    pub updated_at: String,
}

/// Sets the addresses of a target, in place of any former ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutVpcTarget {
    /// One to 64 of `HOST:PORT` or `HOST`.
    pub addresses: Vec<String>,
}
