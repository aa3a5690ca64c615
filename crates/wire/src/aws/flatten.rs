//! `flatten=true` of `GetModel`.

use std::collections::{BTreeMap, BTreeSet};

use gw_model::ModelName;
use serde_json::{Map, Value};

/// Puts the models that a schema refers to, directly or not, under its
/// `definitions`, and points the references there. What is no JSON object or
/// refers to nothing stays as it is.
pub fn flatten(schema: &str, models: &BTreeMap<ModelName, gw_model::Model>) -> String {
    let Ok(Value::Object(mut root)) = serde_json::from_str(schema) else {
        return schema.to_owned();
    };
    let mut wanted = Vec::new();
    for value in root.values_mut() {
        point(value, models, &mut wanted);
    }
    redirect(&mut root, models, &mut wanted);
    let mut seen = BTreeSet::new();
    let mut definitions = Map::new();
    while let Some(name) = wanted.pop() {
        let text = models.get(name.as_str()).and_then(|model| model.schema.as_deref());
        let Some(text) = text.filter(|_| seen.insert(name.clone())) else { continue };
        let Ok(mut value) = serde_json::from_str(text) else { continue };
        point(&mut value, models, &mut wanted);
        definitions.insert(name, value);
    }
    if definitions.is_empty() {
        return schema.to_owned();
    }
    match root.entry("definitions").or_insert_with(|| Value::Object(Map::new())) {
        Value::Object(own) => own.extend(definitions),
        other => *other = Value::Object(definitions),
    }
    Value::Object(root).to_string()
}

/// Redirects every reference below a value.
fn point(
    value: &mut Value,
    models: &BTreeMap<ModelName, gw_model::Model>,
    wanted: &mut Vec<String>,
) {
    match value {
        Value::Object(members) => {
            redirect(members, models, wanted);
            members.values_mut().for_each(|member| point(member, models, wanted));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| point(item, models, wanted)),
        _ => {}
    }
}

fn redirect(
    members: &mut Map<String, Value>,
    models: &BTreeMap<ModelName, gw_model::Model>,
    wanted: &mut Vec<String>,
) {
    let Some(Value::String(target)) = members.get_mut("$ref") else { return };
    let Some((_, name)) = target.rsplit_once("/models/") else { return };
    if models.contains_key(name) {
        wanted.push(name.to_owned());
        *target = format!("#/definitions/{name}");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn references_become_definitions() {
        let model = |schema: &str| gw_model::Model {
            id: "m".into(),
            description: None,
            content_type: "application/json".into(),
            schema: Some(schema.into()),
        };
        let url = "https://apigateway.amazonaws.com/restapis/a/models";
        let pet = format!(r#"{{"properties":{{"owner":{{"$ref":"{url}/Owner"}}}}}}"#);
        let owner = format!(r#"{{"properties":{{"pet":{{"$ref":"{url}/Pet"}}}}}}"#);
        let models = [("Pet".into(), model(&pet)), ("Owner".into(), model(&owner))].into();
        let flat: Value = serde_json::from_str(&flatten(
            &format!(r#"{{"items":{{"$ref":"{url}/Pet"}}}}"#),
            &models,
        ))
        .unwrap();
        assert_eq!(flat["items"]["$ref"], "#/definitions/Pet");
        let definitions = &flat["definitions"];
        assert_eq!(definitions["Pet"]["properties"]["owner"]["$ref"], "#/definitions/Owner");
        assert_eq!(definitions["Owner"]["properties"]["pet"]["$ref"], "#/definitions/Pet");
        assert_eq!(flatten(r#"{"type":"object"}"#, &models), r#"{"type":"object"}"#);
        assert_eq!(flatten("nonsense", &models), "nonsense");
    }
}
