//! What differs between two declared forms of an API, part by part.

use std::collections::BTreeMap;

use gw_model::{Method, RestApi};
use serde_json::Value;

/// How one part differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Only in the second form.
    Added,
    /// Only in the first form.
    Removed,
    /// In both, and not equal.
    Changed,
}

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct DiffEntry {
    /// How it differs.
    pub change: Change,
    /// What differs: `GET /pets/{id}`, `resource /pets`, `model Pet`,
    /// `validator all`, `authorizer users`, `gateway response THROTTLED`,
    /// `api binaryMediaTypes`.
    pub what: String,
    /// The member within it as a JSON pointer; empty for the whole part.
    pub path: String,
    /// The value in the first form; `None` if it has none.
    pub from: Option<Value>,
    /// The value in the second form; `None` if it has none.
    pub to: Option<Value>,
}

/// The differences from one form to another, sorted by `what`, then `path`.
/// Ids do not count: methods name their validator and authorizer, resources
/// go by path, and models' references leave the API's id out.
pub fn diff(from: &RestApi, to: &RestApi) -> Vec<DiffEntry> {
    let (mut before, after) = (parts(from), parts(to));
    let mut entries = Vec::new();
    for (what, now) in after {
        match before.remove(&what) {
            Some(then) => compare(&what, &mut String::new(), then, now, &mut entries),
            None => entries.push(whole(Change::Added, what, None, Some(now))),
        }
    }
    entries.extend(
        before.into_iter().map(|(what, then)| whole(Change::Removed, what, Some(then), None)),
    );
    entries.sort_by(|a, b| (&a.what, &a.path).cmp(&(&b.what, &b.path)));
    entries
}

fn whole(change: Change, what: String, from: Option<Value>, to: Option<Value>) -> DiffEntry {
    DiffEntry { change, what, path: String::new(), from, to }
}

/// Every part of an API by its name.
fn parts(api: &RestApi) -> BTreeMap<String, Value> {
    let mut parts = BTreeMap::new();
    for resource in api.resources.values() {
        parts.insert(format!("resource {}", resource.path), Value::Null);
        for (verb, method) in &resource.methods {
            parts.insert(format!("{verb} {}", resource.path), method_value(api, method));
        }
    }
    for (name, model) in &api.models {
        let mut value = json(model);
        if let Some(members) = value.as_object_mut() {
            members.remove("id");
            let schema = model.schema.as_deref().map(|schema| schema_value(api, schema));
            members.extend(schema.map(|schema| ("schema".to_owned(), schema)));
        }
        parts.insert(format!("model {name}"), value);
    }
    for (kind, response) in &api.gateway_responses {
        parts.insert(format!("gateway response {kind}"), json(response));
    }
    for validator in api.request_validators.values() {
        parts.insert(format!("validator {}", validator.name), json(validator));
    }
    for authorizer in api.authorizers.values() {
        parts.insert(format!("authorizer {}", authorizer.name), json(authorizer));
    }
    parts.extend(settings(api));
    parts
}

/// The API's own members, without its id and without what is listed part by part.
fn settings(api: &RestApi) -> Vec<(String, Value)> {
    let listed =
        ["id", "resources", "models", "gatewayResponses", "requestValidators", "authorizers"];
    let Value::Object(members) = json(&api.bare()) else { return Vec::new() };
    members
        .into_iter()
        .filter(|(name, _)| !listed.contains(&name.as_str()))
        .map(|(name, value)| (format!("api {name}"), value))
        .collect()
}

/// A method with names in place of ids.
fn method_value(api: &RestApi, method: &Method) -> Value {
    let mut value = json(method);
    let validator = method
        .request_validator_id
        .as_ref()
        .and_then(|id| api.request_validators.get(id).map(|validator| validator.name.clone()));
    let authorizer = method
        .authorizer_id
        .as_ref()
        .and_then(|id| api.authorizers.get(id).map(|authorizer| authorizer.name.clone()));
    if let Some(members) = value.as_object_mut() {
        members.remove("requestValidatorId");
        members.remove("authorizerId");
        members.extend(validator.map(|name| ("requestValidator".to_owned(), name.into())));
        members.extend(authorizer.map(|name| ("authorizer".to_owned(), name.into())));
    }
    value
}

/// A schema as JSON where it is JSON, without the API's id in references.
fn schema_value(api: &RestApi, schema: &str) -> Value {
    let neutral =
        schema.replace(&format!("/restapis/{}/models/", api.id), "/restapis/{apiId}/models/");
    serde_json::from_str(&neutral).unwrap_or(Value::String(neutral))
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("model types hold only string-keyed maps and finite numbers")
}

/// Descends into maps and lists of equal length; anything else differs whole.
fn compare(what: &str, path: &mut String, from: Value, to: Value, entries: &mut Vec<DiffEntry>) {
    match (from, to) {
        (from, to) if from == to => {}
        (Value::Object(mut before), Value::Object(after)) => {
            for (name, now) in after {
                let then = before.swap_remove(&name);
                member(what, path, &name, then, Some(now), entries);
            }
            for (name, then) in before {
                member(what, path, &name, Some(then), None, entries);
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (index, (then, now)) in before.into_iter().zip(after).enumerate() {
                member(what, path, &index.to_string(), Some(then), Some(now), entries);
            }
        }
        (from, to) => entries.push(DiffEntry {
            change: Change::Changed,
            what: what.to_owned(),
            path: path.clone(),
            from: Some(from),
            to: Some(to),
        }),
    }
}

fn member(
    what: &str,
    path: &mut String,
    name: &str,
    from: Option<Value>,
    to: Option<Value>,
    entries: &mut Vec<DiffEntry>,
) {
    let length = path.len();
    path.push('/');
    path.push_str(&name.replace('~', "~0").replace('/', "~1"));
    match (from, to) {
        (Some(from), Some(to)) => compare(what, path, from, to, entries),
        (from, to) => entries.push(DiffEntry {
            change: Change::Changed,
            what: what.to_owned(),
            path: path.clone(),
            from,
            to,
        }),
    }
    path.truncate(length);
}
