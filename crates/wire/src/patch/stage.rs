//! `UpdateStage`, the richest patch of all, with its own error texts.

use gw_model::{
    AccessLogSettings, DeploymentId, HttpMethod, MethodSetting, StageSettings, Variables,
};

use super::{
    Op, PatchOperation,
    check::{check_access_log_format, check_percent, check_variable},
    check_text, unescape,
};
use crate::{Fault, aws::CACHE_SIZES};

/// A stage's next release as callers write it.
#[derive(Debug, Clone, PartialEq)]
pub struct StageDraft {
    /// The deployment that most requests meet.
    pub deployment_id: DeploymentId,
    /// Stage variables.
    pub variables: Variables,
    /// The canary.
    pub canary: Option<CanaryDraft>,
    /// Everything else.
    pub settings: StageSettings,
}

/// A canary as callers write it.
#[derive(Debug, Clone, PartialEq)]
pub struct CanaryDraft {
    /// 0.0 to 100.0.
    pub percent_traffic: f64,
    /// Its deployment.
    pub deployment_id: DeploymentId,
    /// What it changes in the stage's variables.
    pub stage_variable_overrides: Variables,
    /// Whether its requests share the stage's cache.
    pub use_stage_cache: bool,
}

impl StageDraft {
    /// Any replacement on a stage without canary makes one: no traffic, the
    /// stage's own deployment.
    fn canary(&mut self) -> &mut CanaryDraft {
        self.canary.get_or_insert_with(|| CanaryDraft {
            percent_traffic: 0.0,
            deployment_id: self.deployment_id.clone(),
            stage_variable_overrides: Variables::new(),
            use_stage_cache: false,
        })
    }
}

/// AWS's list, in AWS's order; commas that are missing are missing there.
const PATHS: &str = "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, \
    /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, \
    /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, \
    /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, \
    /{resourcePath}/{httpMethod}/throttling/burstLimit\
    /{resourcePath}/{httpMethod}/throttling/rateLimit\
    /{resourcePath}/{httpMethod}/caching/ttlInSeconds, \
    /{resourcePath}/{httpMethod}/caching/enabled, \
    /{resourcePath}/{httpMethod}/caching/dataEncrypted, \
    /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, \
    /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, \
    /*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, \
    /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, \
    /*/*/caching/enabled, /*/*/caching/dataEncrypted, \
    /*/*/caching/requireAuthorizationForCacheControl, \
    /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, \
    /tracingEnabled";

/// AWS's list of what can stand behind a method, spelled as AWS does.
const SETTINGS: &str = ".../metrics/enabled, .../logging/dataTrace, \
    .../logging/loglevel,.../throttling/burstLimit, .../throttling/rateLimit, \
    .../caching/ttlInSeconds, .../caching/enabled, .../caching/dataEncrypted, \
    .../caching/requireAuthorizationForCacheControl, \
    .../caching/unauthorizedCacheControlHeaderStrategy";

const COPY_DEPLOYMENT: &str = "/canarySettings/deploymentId";
const COPY_VARIABLES: &str = "/canarySettings/stageVariableOverrides";

/// Applies a patch to a stage's draft. Whether deployments exist is for the
/// caller to see.
///
/// # Errors
/// AWS's text for the first operation that cannot be applied.
pub fn patch_stage(draft: &mut StageDraft, operations: &[PatchOperation]) -> Result<(), Fault> {
    let before = draft.settings.access_log.clone();
    operations.iter().try_for_each(|operation| apply(draft, operation))?;
    match &draft.settings.access_log {
        Some(AccessLogSettings { format: Some(format), .. })
            if draft.settings.access_log != before =>
        {
            check_access_log_format(format)
        }
        _ => Ok(()),
    }
}

fn apply(draft: &mut StageDraft, operation: &PatchOperation) -> Result<(), Fault> {
    let Some(path) = operation.path.as_deref() else {
        return Err(Fault::bad_request("Invalid patch path null"));
    };
    let segments: Vec<&str> = path.strip_prefix('/').unwrap_or_default().split('/').collect();
    if operation.op == Op::Copy {
        return copy(draft, path, operation.from.as_deref().unwrap_or("null"));
    }
    match segments.as_slice() {
        ["variables"] if operation.op == Op::Remove => draft.variables.clear(),
        ["variables", key] => variable(&mut draft.variables, operation, &unescape(key))?,
        ["canarySettings"] | ["canarySettings", ..] => {
            canary(draft, operation, path, &segments[1..])?;
        }
        ["accessLogSettings"] | ["accessLogSettings", "destinationArn" | "format"] => {
            access_log(&mut draft.settings, operation, path, segments.get(1).copied())?;
        }
        [
            name @ ("deploymentId"
            | "description"
            | "documentationVersion"
            | "clientCertificateId"
            | "cacheClusterEnabled"
            | "cacheClusterSize"
            | "tracingEnabled"),
        ] => {
            replace_only(operation, path)?;
            member(draft, operation, name)?;
        }
        [_, .., _] if operation.op == Op::Remove && !ends_in_setting(&segments) => {
            remove_setting(&mut draft.settings, &segments.join("/"))?;
        }
        [method @ .., group, name] if method.len() > 1 && is_setting(group, name) => {
            let key = setting_key(&draft.settings, &method.join("/"));
            let key = key.ok_or_else(|| unknown(path))?;
            replace_only(operation, path)?;
            let settings = &mut draft.settings.method_settings;
            // What is first set for one method goes out from what holds for all.
            let of_all = settings.get("*/*").cloned().unwrap_or_default();
            setting(settings.entry(key).or_insert(of_all), operation, group, name)?;
        }
        segments => return Err(unknown_setting(segments).unwrap_or_else(|| unknown(path))),
    }
    Ok(())
}

/// Behind a method AWS names the rest of the path, and what can stand there.
fn unknown_setting(segments: &[&str]) -> Option<Fault> {
    let is_verb = |text: &&str| *text == "*" || text.parse::<HttpMethod>().is_ok();
    let verb = segments.iter().skip(1).position(is_verb)? + 1;
    let rest = segments.get(verb + 1..).filter(|rest| !rest.is_empty())?.join("/");
    Some(Fault::bad_request(format!(
        "Invalid method setting path: {rest}. Must be one of: [{SETTINGS}]"
    )))
}

fn unknown(path: &str) -> Fault {
    Fault::bad_request(format!("Invalid method setting path: {path}. Must be one of: [{PATHS}]"))
}

fn replace_only(operation: &PatchOperation, path: &str) -> Result<(), Fault> {
    if operation.op == Op::Replace { Ok(()) } else { Err(wrong_op(operation.op, path)) }
}

fn wrong_op(op: Op, path: &str) -> Fault {
    Fault::bad_request(format!("Invalid {op} operation with path: {path}"))
}

fn member(draft: &mut StageDraft, operation: &PatchOperation, name: &str) -> Result<(), Fault> {
    let settings = &mut draft.settings;
    match name {
        "deploymentId" => draft.deployment_id = deployment_id(operation)?,
        "description" => {
            check_text("description", operation.value())?;
            settings.description = operation.filled();
        }
        "documentationVersion" => settings.documentation_version = operation.filled(),
        "clientCertificateId" => settings.client_certificate_id = operation.filled(),
        "cacheClusterEnabled" => settings.cache_cluster_enabled = operation.boolean()?,
        "cacheClusterSize" => {
            settings.cache_cluster_size = Some(operation.one_of(CACHE_SIZES)?.to_owned());
        }
        _ => settings.tracing_enabled = operation.boolean()?,
    }
    Ok(())
}

fn deployment_id(operation: &PatchOperation) -> Result<DeploymentId, Fault> {
    let id =
        operation.filled().ok_or_else(|| Fault::bad_request("Deployment id does not exist"))?;
    Ok(id.into())
}

fn variable(
    variables: &mut Variables,
    operation: &PatchOperation,
    name: &str,
) -> Result<(), Fault> {
    match operation.op {
        Op::Remove => {
            if variables.remove(name).is_none() {
                return Err(Fault::not_found("Invalid parameter name specified"));
            }
        }
        Op::Replace | Op::Add => {
            check_variable(name, operation.value())?;
            variables.insert(name.to_owned(), operation.value().to_owned());
        }
        other => return Err(wrong_op(other, operation.path.as_deref().unwrap_or_default())),
    }
    Ok(())
}

fn canary(
    draft: &mut StageDraft,
    operation: &PatchOperation,
    path: &str,
    segments: &[&str],
) -> Result<(), Fault> {
    match (operation.op, segments) {
        (Op::Remove, []) => draft.canary = None,
        (Op::Replace, ["deploymentId"]) => draft.canary().deployment_id = deployment_id(operation)?,
        (Op::Replace, ["percentTraffic"]) => {
            let percent = operation.number()?;
            check_percent(percent)?;
            draft.canary().percent_traffic = percent;
        }
        (Op::Replace, ["useStageCache"]) => draft.canary().use_stage_cache = operation.boolean()?,
        (Op::Replace, ["stageVariableOverrides", name]) => {
            let name = unescape(name);
            variable(&mut draft.canary().stage_variable_overrides, operation, &name)?;
        }
        // AWS reads the path as a method setting here.
        (Op::Remove, [name]) => return Err(no_setting("canarySettings", name)),
        (Op::Remove, ["stageVariableOverrides", name]) => {
            let overrides =
                draft.canary.as_mut().map(|canary| &mut canary.stage_variable_overrides);
            let absent = || Fault::not_found("Invalid parameter name specified");
            variable(overrides.ok_or_else(absent)?, operation, &unescape(name))?;
        }
        (
            op,
            []
            | ["deploymentId" | "percentTraffic" | "useStageCache" | "stageVariableOverrides"]
            | ["stageVariableOverrides", _],
        ) => return Err(wrong_op(op, path)),
        _ => return Err(unknown(path)),
    }
    Ok(())
}

fn access_log(
    settings: &mut StageSettings,
    operation: &PatchOperation,
    path: &str,
    member: Option<&str>,
) -> Result<(), Fault> {
    match (operation.op, member) {
        (Op::Remove, None) => settings.access_log = None,
        // AWS reads the path as a method setting here.
        (Op::Remove, Some(name)) => return Err(no_setting("accessLogSettings", name)),
        (Op::Add | Op::Replace, Some(name)) => {
            let log = settings.access_log.get_or_insert_with(AccessLogSettings::default);
            match name {
                "format" => log.format = operation.filled(),
                _ => log.destination_arn = operation.filled(),
            }
        }
        (op, _) => return Err(wrong_op(op, path)),
    }
    Ok(())
}

/// Canary promotion.
fn copy(draft: &mut StageDraft, path: &str, from: &str) -> Result<(), Fault> {
    let variables = match (path, from) {
        ("/deploymentId", COPY_DEPLOYMENT) => false,
        ("/variables", COPY_VARIABLES) => true,
        _ => {
            return Err(Fault::bad_request(format!(
                "Invalid copy operation with path: {path} and from {from}. Valid copy:path are \
                 [/deploymentId, /variables] and valid copy:from are [{COPY_DEPLOYMENT}, \
                 {COPY_VARIABLES}]"
            )));
        }
    };
    let Some(canary) = &draft.canary else {
        return Err(Fault::bad_request("Promotion not available. Canary does not exist."));
    };
    if variables {
        let overrides = canary.stage_variable_overrides.clone();
        draft.variables.extend(overrides);
    } else {
        draft.deployment_id = canary.deployment_id.clone();
    }
    Ok(())
}

fn no_setting(resource: &str, verb: &str) -> Fault {
    // The blank at the end is AWS's.
    Fault::bad_request(format!(
        "Cannot remove method setting {resource}/{verb} because there is no method setting for \
         this method "
    ))
}

fn remove_setting(settings: &mut StageSettings, method: &str) -> Result<(), Fault> {
    let key = setting_key(settings, method);
    let removed = key.and_then(|key| settings.method_settings.remove(&key));
    let (resource, verb) = method.rsplit_once('/').unwrap_or((method, ""));
    removed.map(|_| ()).ok_or_else(|| no_setting(resource, verb))
}

/// The key of a method's settings: as it is written, unless there is an entry
/// under another spelling of the same method.
fn setting_key(settings: &StageSettings, method: &str) -> Option<String> {
    let (resource, verb) = method.rsplit_once('/')?;
    if resource.is_empty() || (verb != "*" && verb.parse::<HttpMethod>().is_err()) {
        return None;
    }
    let wanted = normal(method);
    let known = settings.method_settings.keys().find(|key| normal(key) == wanted);
    Some(known.cloned().unwrap_or_else(|| method.to_owned()))
}

/// One text for all spellings: slashes of the path as they are or as `~1`,
/// with and without the first.
fn normal(key: &str) -> String {
    let plain = key.replace("~1", "/");
    match plain.rsplit_once('/') {
        Some((path, verb)) => format!("{}/{verb}", path.trim_matches('/')),
        None => plain,
    }
}

fn ends_in_setting(segments: &[&str]) -> bool {
    matches!(segments, [_, _, .., group, name] if is_setting(group, name))
}

fn is_setting(group: &str, name: &str) -> bool {
    matches!(
        (group, name),
        ("metrics", "enabled")
            | ("logging", "dataTrace" | "loglevel")
            | ("throttling", "burstLimit" | "rateLimit")
            | (
                "caching",
                "enabled"
                    | "ttlInSeconds"
                    | "dataEncrypted"
                    | "requireAuthorizationForCacheControl"
                    | "unauthorizedCacheControlHeaderStrategy"
            )
    )
}

fn setting(
    setting: &mut MethodSetting,
    operation: &PatchOperation,
    group: &str,
    name: &str,
) -> Result<(), Fault> {
    let strategies =
        ["FAIL_WITH_403", "SUCCEED_WITH_RESPONSE_HEADER", "SUCCEED_WITHOUT_RESPONSE_HEADER"];
    match (group, name) {
        ("metrics", _) => setting.metrics_enabled = operation.boolean()?,
        ("logging", "dataTrace") => setting.data_trace_enabled = operation.boolean()?,
        ("logging", _) => {
            let level = operation.one_of(&["OFF", "ERROR", "INFO"])?;
            setting.logging_level = Some(level.to_owned());
        }
        ("throttling", "burstLimit") => {
            setting.throttling_burst_limit = at_least_none(operation, operation.number()?)?;
        }
        ("throttling", _) => {
            setting.throttling_rate_limit = at_least_none(operation, operation.number()?)?;
        }
        (_, "enabled") => setting.caching_enabled = operation.boolean()?,
        (_, "ttlInSeconds") => {
            let seconds: i32 = operation.number()?;
            if !(0..=3600).contains(&seconds) {
                return Err(Fault::bad_request(
                    "Invalid cache TTL specified. Must be between 0 and 3600 seconds",
                ));
            }
            setting.cache_ttl_in_seconds = seconds;
        }
        (_, "dataEncrypted") => setting.cache_data_encrypted = operation.boolean()?,
        (_, "requireAuthorizationForCacheControl") => {
            setting.require_authorization_for_cache_control = operation.boolean()?;
        }
        _ => {
            operation
                .one_of(&strategies)?
                .clone_into(&mut setting.unauthorized_cache_control_header_strategy);
        }
    }
    Ok(())
}

/// Throttles are numbers from -1, which means no limit. NaN and infinity,
/// which Rust reads as numbers, are none.
fn at_least_none<T: Into<f64> + Copy>(operation: &PatchOperation, value: T) -> Result<T, Fault> {
    let number: f64 = value.into();
    if number.is_finite() && number >= -1.0 {
        return Ok(value);
    }
    Err(Fault::bad_request(format!("Invalid throttling limit specified: {}", operation.value())))
}
