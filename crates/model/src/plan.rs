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

/// How fast a key may call: a token bucket.
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

/// AWS's bounds, in characters.
const NAME_LENGTH: usize = 1024;
const DESCRIPTION_LENGTH: usize = 125_000;

impl ApiKey {
    /// What must hold of every key, whoever wrote it.
    ///
    /// # Errors
    /// AWS's text for the first rule broken.
    pub fn check(&self) -> Result<(), String> {
        let length = |text: &Option<String>| text.as_ref().map_or(0, |text| text.chars().count());
        if length(&self.name) > NAME_LENGTH {
            return Err("Invalid API Key name, can be at most 1024 characters.".to_owned());
        }
        if length(&self.description) > DESCRIPTION_LENGTH {
            return Err("Invalid API Key description specified.".to_owned());
        }
        if length(&self.customer_id) > NAME_LENGTH {
            return Err("Invalid customer ID, can be at most 1024 characters.".to_owned());
        }
        Ok(())
    }

    /// What must hold of a value that is not generated: it travels in a header.
    ///
    /// # Errors
    /// AWS's text for the first rule broken.
    pub fn check_value(value: &str) -> Result<(), String> {
        if value.chars().count() < 20 {
            return Err("API Key value should be at least 20 characters".to_owned());
        }
        if value.chars().count() > 128 {
            return Err("API Key value exceeds maximum size of 128 characters".to_owned());
        }
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("API Key value should consist of visible ASCII characters".to_owned());
        }
        Ok(())
    }
}

impl UsagePlan {
    /// What must hold of every plan, whoever wrote it.
    ///
    /// # Errors
    /// A text for the first rule broken.
    pub fn check(&self) -> Result<(), String> {
        let length = |text: &str| text.chars().count();
        if self.name.is_empty() {
            return Err("Usage Plan name must be non-empty".to_owned());
        }
        if length(&self.name) > NAME_LENGTH {
            return Err("Invalid Usage Plan name, can be at most 1024 characters.".to_owned());
        }
        if self.description.as_deref().map_or(0, length) > DESCRIPTION_LENGTH {
            return Err("Invalid Usage Plan description specified.".to_owned());
        }
        if self.product_code.as_deref().map_or(0, length) > NAME_LENGTH {
            return Err("Invalid product code, can be at most 1024 characters.".to_owned());
        }
        self.throttle.iter().try_for_each(|throttle| throttle.check("Usage Plan"))?;
        for stage in &self.api_stages {
            for (method, throttle) in &stage.throttle {
                check_method(method)?;
                throttle.check(method)?;
            }
        }
        self.quota.map_or(Ok(()), Quota::check)
    }
}

/// `{path}/{METHOD}`, the key of a method's rate.
fn check_method(key: &str) -> Result<(), String> {
    let (path, verb) = key.rsplit_once('/').unwrap_or_default();
    let verb_is_fine = verb == "*" || verb.parse::<crate::HttpMethod>().is_ok();
    // The root's key is `//GET`, its path and the separator.
    if key.starts_with('/') && verb_is_fine && !path.contains("//") {
        return Ok(());
    }
    Err(format!(
        "Invalid throttle key specified: {key}. It must be a resource path and a method, such as \
         /pets/GET"
    ))
}

impl PlanThrottle {
    fn check(&self, of: &str) -> Result<(), String> {
        if self.burst_limit < 0 {
            return Err(format!("{of} throttle burst limit must not be negative"));
        }
        if !self.rate_limit.is_finite() || self.rate_limit < 0.0 {
            return Err(format!("{of} throttle rate limit must not be negative"));
        }
        Ok(())
    }
}

impl Quota {
    fn check(self) -> Result<(), String> {
        if self.limit <= 0 {
            return Err("Usage Plan quota limit must be greater than zero".to_owned());
        }
        let (most, period) = match self.period {
            QuotaPeriod::Day => (0, "DAY"),
            QuotaPeriod::Week => (6, "WEEK"),
            QuotaPeriod::Month => (27, "MONTH"),
        };
        match self.offset {
            0 => Ok(()),
            _ if most == 0 => {
                Err("Usage Plan quota offset must be zero in the DAY period".to_owned())
            }
            offset if (0..=most).contains(&offset) => Ok(()),
            _ => Err(format!(
                "Usage Plan quota offset must be between zero and {most} inclusive in the \
                 {period} period"
            )),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn values_of_keys() {
        for fine in ["a".repeat(20), "a".repeat(128), "3c5a8f0e-7a1b-4d7e-9c55-0123456789ab".into()]
        {
            ApiKey::check_value(&fine).unwrap();
        }
        for bad in ["a".repeat(19), "a".repeat(129), "a b".repeat(10), "ä".repeat(20)] {
            assert!(ApiKey::check_value(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn quotas_of_plans() {
        use QuotaPeriod::{Day, Month, Week};
        for (limit, offset, period, fine) in [
            (1, 0, Day, true),
            (1, 1, Day, false),
            (1, 6, Week, true),
            (1, 7, Week, false),
            (1, 27, Month, true),
            (1, 28, Month, false),
            (1, -1, Month, false),
            (0, 0, Day, false),
        ] {
            let quota = Quota { limit, offset, period };
            assert_eq!(quota.check().is_ok(), fine, "{quota:?}");
        }
    }

    #[test]
    fn keys_of_method_rates() {
        for fine in ["/pets/GET", "//GET", "/GET", "/a/{b}/ANY", "/*/*", "/pets/*"] {
            check_method(fine).unwrap();
        }
        for bad in ["", "/", "pets/GET", "/pets/get", "/pets", "GET", "/a//b/GET"] {
            assert!(check_method(bad).is_err(), "{bad}");
        }
    }
}
