//! What nodes know of VPC links.

use serde::{Deserialize, Serialize};

use crate::TargetAddress;

/// A VPC link as nodes know it: its target, resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VpcLinkFact {
    /// Where connections through the link go, in turn; none while the target
    /// is not configured.
    #[serde(default)]
    pub addresses: Vec<TargetAddress>,
}
