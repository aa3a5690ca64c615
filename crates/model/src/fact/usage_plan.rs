//! What nodes know of usage plans.

use serde::{Deserialize, Serialize};

use crate::plan::{PlanStage, PlanThrottle, Quota};

/// A usage plan as nodes know it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsagePlanFact {
    /// What its keys open.
    #[serde(default)]
    pub stages: Vec<PlanStage>,
    /// The rate of each key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<PlanThrottle>,
    /// How many requests each key has in a period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
}
