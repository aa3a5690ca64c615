//! API keys and usage plans: who may call which stages, and how much.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ApiId, StageName};

/// What is declared of an API key, beside its value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// A name for people; need not be unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether requests may use it.
    #[serde(default)]
    pub enabled: bool,
    /// A customer of AWS Marketplace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Stages named on the key itself, `{api}/{stage}`: AWS's way before there
    /// were usage plans. Shown; they open nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stage_keys: Vec<String>,
    /// Labels, AWS's way before there were tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// Which stages a key may call, how fast and how often.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsagePlan {
    /// A name for people; need not be unique.
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What its keys open, in the order of their adding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub api_stages: Vec<PlanStage>,
    /// The rate of each key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<PlanThrottle>,
    /// How many requests each key has in a period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// A product of AWS Marketplace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_code: Option<String>,
}

/// A stage of a usage plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanStage {
    /// The API.
    pub api: ApiId,
    /// Its stage.
    pub stage: StageName,
    /// `{path}/{METHOD}` -> the rate of that method, instead of the plan's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub throttle: BTreeMap<String, PlanThrottle>,
}

/// A rate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanThrottle {
    /// Bucket size in requests.
    pub burst_limit: i32,
    /// Requests per second.
    pub rate_limit: f64,
}

/// A number of requests in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// Requests in a period.
    pub limit: i32,
    /// Requests taken off in the first period.
    #[serde(default)]
    pub offset: i32,
    /// The period.
    pub period: QuotaPeriod,
}

/// The period of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum QuotaPeriod {
    /// A day of UTC.
    Day,
    /// A week, from Sunday.
    Week,
    /// A calendar month.
    Month,
}

impl QuotaPeriod {
    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
        }
    }

    /// The period of that word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Day, Self::Week, Self::Month].into_iter().find(|period| period.as_str() == text)
    }
}
