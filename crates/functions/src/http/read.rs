//! What tools read of functions: as little as they need, and true.

use http::StatusCode;
use serde_json::{Map, Value, json};
use time::macros::format_description;

use super::{Answer, Refusal, invoke, json, parameter};
use crate::catalog::{AliasTarget, LATEST};
use crate::invoke::{Found, Member, Service};
use crate::name::FunctionRef;

/// Answers a GET.
pub(super) fn read(
    service: &Service,
    parts: &[&str],
    query: Option<&str>,
) -> Result<Answer, Refusal> {
    let found = |name: &str| service.find(&invoke::target(name, query)?);
    let value = match parts {
        ["2015-03-31", "functions"] => list(service, query)?,
        ["2015-03-31", "functions", name] => function(&found(name)?),
        ["2015-03-31", "functions", name, "configuration"] => configuration(&found(name)?),
        ["2015-03-31", "functions", name, "versions"] => versions(service, &found(name)?, query)?,
        ["2015-03-31", "functions", name, "aliases"] => aliases(service, &found(name)?, query)?,
        ["2015-03-31", "functions", name, "aliases", alias] => {
            one_alias(service, &found(name)?, alias)?
        }
        ["2019-09-30", "functions", name, "concurrency"] => {
            Value::Object(concurrency(&found(name)?.member))
        }
        _ => return Err(Refusal::Unknown),
    };
    Ok(json(StatusCode::OK, &value))
}

/// `GetFunction`.
fn function(found: &Found) -> Value {
    let code = found.member.function.versions.get(&found.version);
    let place = code.map(|code| format!("file://{}", code.folder.display()));
    let mut value = json!({
        "Configuration": configuration(found),
        "Code": { "RepositoryType": "folder", "Location": place },
    });
    let concurrency = concurrency(&found.member);
    if !concurrency.is_empty()
        && let Some(value) = value.as_object_mut()
    {
        value.insert("Concurrency".to_owned(), Value::Object(concurrency));
    }
    value
}

fn concurrency(member: &Member) -> Map<String, Value> {
    let reserved = member.function.reserved_concurrency;
    reserved.map(|n| ("ReservedConcurrentExecutions".to_owned(), n.into())).into_iter().collect()
}

/// `GetFunctionConfiguration`.
fn configuration(found: &Found) -> Value {
    let function = &found.member.function;
    let spec = &found.pool.spec;
    let handler = function.versions.get(&found.version).map(|code| code.handler.as_str());
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let modified = found
        .member
        .since
        .format(format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+0000"
        ))
        .unwrap_or_default();
    let mut value = json!({
        "FunctionName": function.name,
        "FunctionArn": found.arn,
        "Runtime": spec.plan.runtime,
        "Handler": handler,
        "Description": function.description,
        "MemorySize": function.memory,
        "LastModified": modified,
        "Version": found.version,
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": [architecture],
        "LoggingConfig": {
            "LogFormat": "Text",
            "LogGroup": format!("/aws/lambda/{}", function.name),
        },
    });
    if let Some(value) = value.as_object_mut() {
        #[expect(clippy::cast_possible_truncation, reason = "at most 900 seconds")]
        let timeout = function.timeout.as_secs_f64().ceil() as i64;
        // AWS knows whole seconds only.
        value.insert("Timeout".to_owned(), timeout.into());
        if !function.environment.is_empty() {
            let variables = json!({ "Variables": function.environment });
            value.insert("Environment".to_owned(), variables);
        }
    }
    value
}

/// The versions of a function as a call would find them.
fn each_version(service: &Service, member: &str) -> Vec<Found> {
    let world = service.world();
    let Some(member) = world.members.get(member) else { return Vec::new() };
    let target = |version: &str| FunctionRef {
        name: member.function.name.clone(),
        qualifier: Some(version.to_owned()),
        ..FunctionRef::default()
    };
    member.pools.keys().filter_map(|version| service.find(&target(version)).ok()).collect()
}

/// `ListFunctions`.
fn list(service: &Service, query: Option<&str>) -> Result<Value, Refusal> {
    let all = match parameter(query, "FunctionVersion").as_deref() {
        None => false,
        Some("ALL") => true,
        Some(other) => {
            let set = "Member must satisfy enum value set: [ALL]";
            return Err(Refusal::invalid(other, "functionVersion", set));
        }
    };
    let mut functions = Vec::new();
    for name in service.world().members.keys() {
        if all {
            let versions = each_version(service, name);
            functions.extend(versions.iter().map(configuration));
        } else {
            let target = FunctionRef { name: name.clone(), ..FunctionRef::default() };
            functions.extend(service.find(&target).ok().map(|f| configuration(&f)));
        }
    }
    page("Functions", functions, query)
}

/// `ListVersionsByFunction`.
fn versions(service: &Service, found: &Found, query: Option<&str>) -> Result<Value, Refusal> {
    let versions = each_version(service, &found.member.function.name);
    let versions = versions.iter().map(configuration).collect();
    page("Versions", versions, query)
}

/// `ListAliases`.
fn aliases(service: &Service, found: &Found, query: Option<&str>) -> Result<Value, Refusal> {
    let version = parameter(query, "FunctionVersion");
    let of_version = |target: &AliasTarget| {
        let wanted = version.as_deref();
        wanted.is_none_or(|v| target.version == v || target.weights.contains_key(v))
    };
    let function = &found.member.function;
    let listed = function.aliases.iter().filter(|(name, _)| *name != "*");
    let listed = listed.filter(|(_, target)| of_version(target));
    let listed = listed.map(|(name, target)| alias(service, &function.name, name, target));
    page("Aliases", listed.collect(), query)
}

/// `GetAlias`.
fn one_alias(service: &Service, found: &Found, name: &str) -> Result<Value, Refusal> {
    let function = &found.member.function;
    match function.alias(name) {
        Some(target) if name != LATEST => Ok(alias(service, &function.name, name, target)),
        _ => {
            let arn = arn(service, &function.name, name);
            Err(Refusal::NotFound(format!("Cannot find alias arn: {arn}")))
        }
    }
}

fn alias(service: &Service, function: &str, name: &str, target: &AliasTarget) -> Value {
    let mut value = json!({
        "AliasArn": arn(service, function, name),
        "Name": name,
        "FunctionVersion": target.version,
        "Description": "",
    });
    if !target.weights.is_empty()
        && let Some(value) = value.as_object_mut()
    {
        let routing = json!({ "AdditionalVersionWeights": target.weights });
        value.insert("RoutingConfig".to_owned(), routing);
    }
    value
}

fn arn(service: &Service, function: &str, qualifier: &str) -> String {
    service.arn(&FunctionRef {
        name: function.to_owned(),
        qualifier: Some(qualifier.to_owned()),
        ..FunctionRef::default()
    })
}

/// One page of a list: `MaxItems` entries from `Marker` on.
fn page(member: &str, all: Vec<Value>, query: Option<&str>) -> Result<Value, Refusal> {
    let most = match parameter(query, "MaxItems") {
        None => 50,
        Some(text) => text.parse().ok().filter(|n| (1..=10_000).contains(n)).ok_or_else(|| {
            Refusal::invalid(&text, "maxItems", "Member must be between 1 and 10000")
        })?,
    };
    let start = match parameter(query, "Marker").filter(|marker| !marker.is_empty()) {
        None => 0,
        Some(text) => {
            text.parse().map_err(|_| Refusal::Parameter(format!("{text} is not a valid marker")))?
        }
    };
    let count = all.len();
    // AWS gives 50 at most, whatever is asked for.
    let shown: Vec<_> = all.into_iter().skip(start).take(50.min(most)).collect();
    let next = start.saturating_add(shown.len());
    let mut page = Map::from_iter([(member.to_owned(), Value::Array(shown))]);
    if next < count {
        page.insert("NextMarker".to_owned(), next.to_string().into());
    }
    Ok(Value::Object(page))
}
