//! `UpdateUsagePlan`, whose paths hold stages and methods.

use std::collections::BTreeMap;

use gw_model::{PlanStage, PlanThrottle, Quota, QuotaPeriod, UsagePlan};

use super::{Op, PatchOperation, unescape};
use crate::{
    Body, Fault,
    aws::{PERIODS, plan_throttle},
};

const STAGE: &str = "/apiStages/<apidId:stageName>";

/// The paths of an operation, in AWS's order and spelling where that is known.
fn paths(op: Op) -> String {
    let of_stage = |rest: &str| format!("{STAGE}/throttle{rest}");
    let rates = [
        of_stage("/<resourcePath>/<httpMethod>/rateLimit"),
        of_stage("/<resourcePath>/<httpMethod>/burstLimit"),
        of_stage(""),
    ];
    let list: Vec<&str> = match op {
        Op::Remove => vec!["/apiStages", "/quota", "/throttle", "/productCode"],
        Op::Add => vec!["/apiStages", "/productCode"],
        _ => vec!["/name", "/description", "/productCode"],
    };
    let numbers = [
        "/throttle/rateLimit",
        "/throttle/burstLimit",
        "/quota/limit",
        "/quota/offset",
        "/quota/period",
    ];
    let mut list: Vec<String> = list.into_iter().map(str::to_owned).collect();
    if op == Op::Remove {
        list.extend([of_stage("/<resourcePath>/<httpMethod>"), of_stage("")]);
    } else {
        list.extend(numbers.map(str::to_owned).into_iter().chain(rates));
    }
    list.join(", ")
}

fn unknown(operation: &PatchOperation, path: &str) -> Fault {
    let op = operation.op;
    let advice = match op {
        Op::Add | Op::Remove | Op::Replace => format!("Must be one of: [{}]", paths(op)),
        _ => "Please choose supported operations".to_owned(),
    };
    Fault::bad_request(format!("Invalid patch path  '{path}' specified for op '{op}'. {advice}"))
}

/// A plan while it is patched: a quota comes part by part.
struct Draft<'p> {
    plan: &'p mut UsagePlan,
    limit: Option<i32>,
    offset: Option<i32>,
    period: Option<QuotaPeriod>,
}

/// Applies a patch to a usage plan. Whether stages exist is for the caller to
/// see.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied.
pub fn patch_usage_plan(plan: &mut UsagePlan, operations: &[PatchOperation]) -> Result<(), Fault> {
    let quota = plan.quota;
    let mut draft = Draft {
        plan,
        limit: quota.map(|quota| quota.limit),
        offset: quota.map(|quota| quota.offset),
        period: quota.map(|quota| quota.period),
    };
    operations.iter().try_for_each(|operation| draft.apply(operation))?;
    let Draft { plan, limit, offset, period } = draft;
    plan.quota = match (limit, offset, period) {
        (None, None, None) => None,
        (Some(limit), offset, Some(period)) => {
            Some(Quota { limit, offset: offset.unwrap_or_default(), period })
        }
        _ => {
            return Err(Fault::bad_request(
                "Invalid Usage Plan quota specified. It must have a limit and a period",
            ));
        }
    };
    plan.check().map_err(Fault::bad_request)
}

impl Draft<'_> {
    fn apply(&mut self, operation: &PatchOperation) -> Result<(), Fault> {
        let Some(path) = operation.path.as_deref() else {
            return Err(Fault::bad_request("Invalid patch path null"));
        };
        let op = operation.op;
        let sets = matches!(op, Op::Add | Op::Replace);
        match path {
            "/name" if op == Op::Replace => operation.value().clone_into(&mut self.plan.name),
            "/description" if op == Op::Replace => self.plan.description = operation.filled(),
            "/productCode" if sets => self.plan.product_code = operation.filled(),
            "/productCode" if op == Op::Remove => self.plan.product_code = None,
            "/throttle" if op == Op::Remove => self.plan.throttle = None,
            "/throttle/burstLimit" if sets => {
                self.plan.throttle.get_or_insert_default().burst_limit = operation.number()?;
            }
            "/throttle/rateLimit" if sets => {
                self.plan.throttle.get_or_insert_default().rate_limit = operation.number()?;
            }
            "/quota" if op == Op::Remove => {
                (self.limit, self.offset, self.period) = (None, None, None);
            }
            "/quota/limit" if sets => self.limit = Some(operation.number()?),
            "/quota/offset" if sets => self.offset = Some(operation.number()?),
            "/quota/period" if sets => {
                self.period = QuotaPeriod::parse(operation.one_of(PERIODS)?);
            }
            "/apiStages" if op == Op::Add => self.add_stage(operation)?,
            "/apiStages" if op == Op::Remove => {
                let at = self.place(operation.value())?;
                self.plan.api_stages.remove(at);
            }
            _ => match path.strip_prefix("/apiStages/").and_then(|rest| rest.split_once('/')) {
                Some((stage, rest)) => self.rate(operation, path, &unescape(stage), rest)?,
                None => return Err(unknown(operation, path)),
            },
        }
        Ok(())
    }

    fn add_stage(&mut self, operation: &PatchOperation) -> Result<(), Fault> {
        let (api, stage) = split(operation.value())?;
        let known = |known: &PlanStage| known.api.as_str() == api && known.stage.as_str() == stage;
        if self.plan.api_stages.iter().any(known) {
            return Err(Fault::conflict(format!(
                "API Stage {api}:{stage} is already associated with this Usage Plan"
            )));
        }
        let (api, stage) = (api.into(), stage.into());
        self.plan.api_stages.push(PlanStage { api, stage, throttle: BTreeMap::new() });
        Ok(())
    }

    /// Where the plan has a stage.
    fn place(&self, text: &str) -> Result<usize, Fault> {
        let (api, stage) = split(text)?;
        let is = |known: &PlanStage| known.api.as_str() == api && known.stage.as_str() == stage;
        let found = self.plan.api_stages.iter().position(is);
        found.ok_or_else(|| Fault::bad_request("Invalid API Stage specified"))
    }

    /// `throttle` below a stage: the whole map, one method, or one number.
    fn rate(
        &mut self,
        operation: &PatchOperation,
        path: &str,
        stage: &str,
        rest: &str,
    ) -> Result<(), Fault> {
        let at = self.place(stage)?;
        let Some(rates) = self.plan.api_stages.get_mut(at).map(|stage| &mut stage.throttle) else {
            return Err(Fault::bad_request("Invalid API Stage specified"));
        };
        let op = operation.op;
        let sets = matches!(op, Op::Add | Op::Replace);
        let method = match rest.strip_prefix("throttle") {
            Some("") if op == Op::Remove => {
                rates.clear();
                return Ok(());
            }
            Some("") if sets => {
                *rates = rates_of(operation.value())?;
                return Ok(());
            }
            Some(method) if method.starts_with('/') => method,
            _ => return Err(unknown(operation, path)),
        };
        if op == Op::Remove {
            return match rates.remove(&method_key(method)) {
                Some(_) => Ok(()),
                None => Err(Fault::not_found("Invalid throttle key specified")),
            };
        }
        match method.rsplit_once('/') {
            Some((method, "rateLimit")) if sets && !method.is_empty() => {
                let rate = operation.number()?;
                rates.entry(method_key(method)).or_default().rate_limit = rate;
            }
            Some((method, "burstLimit")) if sets && !method.is_empty() => {
                let burst = operation.number()?;
                rates.entry(method_key(method)).or_default().burst_limit = burst;
            }
            _ => return Err(unknown(operation, path)),
        }
        Ok(())
    }
}

/// `{api}:{stage}`.
fn split(text: &str) -> Result<(&str, &str), Fault> {
    match text.split_once(':') {
        Some((api, stage)) if !api.is_empty() && !stage.is_empty() && !stage.contains(':') => {
            Ok((api, stage))
        }
        _ => Err(Fault::bad_request("Invalid API Stage specified")),
    }
}

/// `/pets/GET`, from a pointer's `/~1pets/GET`; clients also send the path
/// unescaped, with its slash or without.
fn method_key(pointer: &str) -> String {
    let text = unescape(pointer.strip_prefix('/').unwrap_or(pointer));
    if text.starts_with('/') { text } else { format!("/{text}") }
}

/// A map of rates, as JSON in a text.
fn rates_of(json: &str) -> Result<BTreeMap<String, PlanThrottle>, Fault> {
    let invalid =
        || Fault::bad_request(format!("Invalid throttle specified: {json}. It must be a JSON map"));
    let rates: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(json).map_err(|_| invalid())?;
    let wrapped = serde_json::json!({ "throttle": rates }).to_string();
    let mut body = Body::parse("throttle", wrapped.as_bytes()).map_err(|_| invalid())?;
    let rates = body.object_map("throttle", plan_throttle).map_err(|_| invalid())?;
    body.finish().map_err(|_| invalid())?;
    Ok(rates)
}
