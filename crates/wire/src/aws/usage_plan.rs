//! Usage plans and their keys.

use std::collections::BTreeMap;

use gw_model::{PlanStage, PlanThrottle, Quota, QuotaPeriod};
use serde::{Deserialize, Serialize};

use super::{Texts, ThrottleSettings};
use crate::{Body, Fault, FromBody};

/// Rates of single methods.
type Rates = BTreeMap<String, ThrottleSettings>;

/// A usage plan as AWS answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsagePlan {
    /// Six characters.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What its keys open.
    #[serde(default)]
    pub api_stages: Vec<ApiStage>,
    /// The rate of each key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<ThrottleSettings>,
    /// How many requests each key has in a period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaSettings>,
    /// A product of AWS Marketplace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_code: Option<String>,
    /// Tags; empty ones are shown of a plan that is asked for alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Texts>,
}

/// A stage of a plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiStage {
    /// The API.
    pub api_id: String,
    /// Its stage.
    pub stage: String,
    /// `{path}/{METHOD}` -> the rate of that method.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub throttle: Rates,
}

/// A number of requests in a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaSettings {
    /// Requests in a period.
    pub limit: i32,
    /// Requests taken off in the first period.
    #[serde(default)]
    pub offset: i32,
    /// `DAY`, `WEEK` or `MONTH`.
    pub period: String,
}

pub(crate) const PERIODS: &[&str] = &["WEEK", "DAY", "MONTH"];

fn settings(throttle: PlanThrottle) -> ThrottleSettings {
    ThrottleSettings { burst_limit: throttle.burst_limit, rate_limit: throttle.rate_limit }
}

impl UsagePlan {
    /// The answer for a plan.
    pub fn new(id: &str, plan: &gw_model::UsagePlan, tags: Option<Texts>) -> Self {
        let rates = |stage: &PlanStage| {
            stage.throttle.iter().map(|(key, rate)| (key.clone(), settings(*rate))).collect()
        };
        let stage = |stage: &PlanStage| ApiStage {
            api_id: stage.api.to_string(),
            stage: stage.stage.to_string(),
            throttle: rates(stage),
        };
        Self {
            id: id.to_owned(),
            name: plan.name.clone(),
            description: plan.description.clone(),
            api_stages: plan.api_stages.iter().map(stage).collect(),
            throttle: plan.throttle.map(settings),
            quota: plan.quota.map(|quota| QuotaSettings {
                limit: quota.limit,
                offset: quota.offset,
                period: quota.period.as_str().to_owned(),
            }),
            product_code: plan.product_code.clone(),
            tags,
        }
    }
}

/// The body of `CreateUsagePlan`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateUsagePlan {
    /// What it declares.
    pub plan: gw_model::UsagePlan,
    /// Tags.
    pub tags: Texts,
}

/// A whole number of 32 bits.
fn int32(body: &mut Body, name: &str) -> Result<Option<i32>, Fault> {
    body.integer(name)?.map_or(Ok(None), |value| match i32::try_from(value) {
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(Fault::bad_request(format!("Invalid {name} specified: {value}"))),
    })
}

pub(crate) fn plan_throttle(body: &mut Body) -> Result<PlanThrottle, Fault> {
    Ok(PlanThrottle {
        burst_limit: int32(body, "burstLimit")?.unwrap_or_default(),
        rate_limit: body.double("rateLimit")?.unwrap_or_default(),
    })
}

fn api_stage(body: &mut Body) -> Result<PlanStage, Fault> {
    let (api, stage) = (body.string("apiId")?, body.string("stage")?);
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (Some(api), Some(stage)) = (text(api), text(stage)) else {
        return Err(Fault::bad_request("Invalid API Stage specified"));
    };
    let throttle = body.object_map("throttle", plan_throttle)?;
    Ok(PlanStage { api: api.into(), stage: stage.into(), throttle })
}

fn quota(body: &mut Body) -> Result<Quota, Fault> {
    let limit = int32(body, "limit")?.unwrap_or_default();
    let offset = int32(body, "offset")?.unwrap_or_default();
    let period = body.one_of("period", PERIODS)?;
    if period.is_none() {
        body.required("period")?;
    }
    // A word that is none of these was noted and fails the body.
    let period = period.as_deref().and_then(QuotaPeriod::parse).unwrap_or(QuotaPeriod::Day);
    Ok(Quota { limit, offset, period })
}

impl FromBody for CreateUsagePlan {
    const INPUT: &'static str = "createUsagePlanInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            plan: gw_model::UsagePlan {
                name: body.required("name")?,
                description: body.string("description")?.filter(|text| !text.is_empty()),
                api_stages: body.objects("apiStages", api_stage)?,
                throttle: body.object("throttle", plan_throttle)?,
                quota: body.object("quota", quota)?,
                product_code: None,
            },
            tags: body.string_map("tags")?,
        })
    }
}

/// A key of a plan as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsagePlanKey {
    /// The key's id.
    pub id: String,
    /// Always `API_KEY`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The key's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The key's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The only kind of key.
pub const API_KEY: &str = "API_KEY";

/// The body of `CreateUsagePlanKey`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateUsagePlanKey {
    /// The key's id.
    pub key_id: String,
    /// `API_KEY`.
    pub key_type: String,
}

impl FromBody for CreateUsagePlanKey {
    const INPUT: &'static str = "createUsagePlanKeyInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self { key_id: body.required("keyId")?, key_type: body.required("keyType")? })
    }
}

impl CreateUsagePlanKey {
    /// Checks the kind.
    ///
    /// # Errors
    /// When it is another than `API_KEY`.
    pub fn check(&self) -> Result<(), Fault> {
        if self.key_type == API_KEY {
            return Ok(());
        }
        Err(Fault::bad_request(format!(
            "Invalid key type specified: {}. Must be one of: [{API_KEY}]",
            self.key_type
        )))
    }
}
