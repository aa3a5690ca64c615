//! The schemas of models.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::validation_result;

/// What stands before a model's name in a reference to it.
const MODELS: &str = "/models/";

/// Checks a model's schema, JSON as text, as `CreateModel` does; the names of
/// the models that it refers to come back.
///
/// # Errors
/// When it is empty, no JSON object, or refers to what is no model.
pub fn schema(text: &str) -> Result<BTreeSet<String>, String> {
    if text.trim().is_empty() {
        return Err("Model schema must have at least 1 property or array items defined".to_owned());
    }
    let members: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| invalid("Invalid model schema specified"))?;
    let mut names = BTreeSet::new();
    references(&Value::Object(members), &mut names)?;
    Ok(names)
}

/// AWS's text for a model that another one refers to and that there is not.
pub fn unknown_reference(name: &str) -> String {
    invalid(&format!("Invalid model schema specified. Unknown model reference: {name}"))
}

fn invalid(error: &str) -> String {
    format!("Invalid model specified: {}", validation_result(error))
}

fn references(value: &Value, names: &mut BTreeSet<String>) -> Result<(), String> {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get("$ref") {
                reference(target, names)?;
            }
            members
                .iter()
                // Samples are not schemas.
                .filter(|(name, _)| !["enum", "default", "example"].contains(&name.as_str()))
                .try_for_each(|(_, member)| references(member, names))
        }
        Value::Array(items) => items.iter().try_for_each(|item| references(item, names)),
        _ => Ok(()),
    }
}

/// `#`, a pointer into the schema itself, or `https://{host}/restapis/{api}/models/{name}`.
fn reference(target: &str, names: &mut BTreeSet<String>) -> Result<(), String> {
    if target.starts_with('#') {
        return Ok(());
    }
    let name = target.rsplit_once(MODELS).map(|(_, name)| name);
    match name.filter(|name| crate::name::is_model_name(name)) {
        Some(name) => {
            names.insert(name.to_owned());
            Ok(())
        }
        None => Err(invalid(
            "Invalid model schema specified. Model reference must be in canonical form",
        )),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn schemas_and_their_references() {
        let empty = "Model schema must have at least 1 property or array items defined";
        let canonical = "must be in canonical form]";
        let url = "https://apigateway.amazonaws.com/restapis/a/models";
        for (text, part) in [
            ("", empty),
            ("  ", empty),
            ("[]", "errors : [Invalid model schema specified]"),
            ("{", "errors : [Invalid model schema specified]"),
            (r#"{"$ref": "Pet"}"#, canonical),
            (r##"{"items": [{"$ref": "#/definitions/a"}, {"$ref": "x/models/a b"}]}"##, canonical),
        ] {
            let error = schema(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        let found = schema(&format!(
            r##"{{"properties": {{"a": {{"$ref": "{url}/Pet"}}, "$ref": {{"type": "string"}}}},
                 "items": {{"$ref": "#"}}, "default": {{"$ref": "sample"}},
                 "allOf": [{{"$ref": "{url}/Owner"}}, {{"$ref": "{url}/Pet"}}]}}"##
        ));
        assert_eq!(found.map(Vec::from_iter), Ok(vec!["Owner".to_owned(), "Pet".to_owned()]));
        assert_eq!(schema("{}"), Ok(BTreeSet::new()));
    }
}
