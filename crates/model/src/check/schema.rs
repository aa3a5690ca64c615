//! The schemas of models.

use std::collections::BTreeSet;

use gw_schema::{Reference, SchemaFault, check_schema};
use serde_json::Value;

use super::validation_result;

/// Bytes of a schema, as AWS documents it.
const MAX_SCHEMA_BYTES: usize = 400 << 10;

/// Checks a model's schema, JSON Schema draft 4 as text, as `CreateModel`
/// does; the names of the models that it refers to come back.
///
/// # Errors
/// When it is empty, too long, no JSON object, has a keyword that draft 4 does
/// not know or a value that its keyword cannot have, or refers to what is no
/// model. Behind AWS's words stands where in the schema and why.
pub fn schema(text: &str) -> Result<BTreeSet<String>, String> {
    if text.trim().is_empty() {
        return Err("Model schema must have at least 1 property or array items defined".to_owned());
    }
    if text.len() > MAX_SCHEMA_BYTES {
        let kilobytes = MAX_SCHEMA_BYTES >> 10;
        return Err(invalid(&format!("{INVALID}. It is larger than {kilobytes} KB")));
    }
    check_schema(text).map_err(|fault| {
        invalid(&match fault {
            SchemaFault::NoObject => INVALID.to_owned(),
            SchemaFault::Unsupported(names) => {
                let names = serde_json::Value::from(names);
                format!("{INVALID}. Unsupported keyword(s): {names}")
            }
            SchemaFault::Reference { .. } => {
                format!("{INVALID}. Model reference must be in canonical form")
            }
            SchemaFault::Invalid { place, reason } => format!("{INVALID}. {place}: {reason}"),
        })
    })
}

/// The names of the models that a schema refers to, whatever else it is.
pub fn model_references(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Ok(value) = serde_json::from_str(text) {
        references(&value, &mut names);
    }
    names
}

/// AWS's text for a model that another one refers to and that there is not.
pub fn unknown_reference(name: &str) -> String {
    invalid(&format!("{INVALID}. Unknown model reference: {name}"))
}

const INVALID: &str = "Invalid model schema specified";

fn invalid(error: &str) -> String {
    format!("Invalid model specified: {}", validation_result(error))
}

fn references(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str);
            let model = target.and_then(Reference::parse).and_then(|reference| reference.model);
            names.extend(model.map(str::to_owned));
            members
                .iter()
                // Samples are not schemas.
                .filter(|(name, _)| !["enum", "default", "example"].contains(&name.as_str()))
                .for_each(|(_, member)| references(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_refused_in_aws_words() {
        let empty = "Model schema must have at least 1 property or array items defined";
        let canonical = "must be in canonical form]";
        let plain = "Invalid model specified: Validation Result: warnings : [], \
                     errors : [Invalid model schema specified]";
        let long = format!(r#"{{"title": "{}"}}"#, "x".repeat(MAX_SCHEMA_BYTES));
        for (text, part) in [
            ("", empty),
            ("  ", empty),
            ("[]", plain),
            ("{", plain),
            ("true", plain),
            (&long, "specified. It is larger than 400 KB]"),
            (r#"{"$ref": "Pet"}"#, canonical),
            (r#"{"$ref": "http://elsewhere/schema.json"}"#, canonical),
            (r#"{"$ref": "file:///etc/passwd"}"#, canonical),
            (r##"{"items": [{"$ref": "#/definitions/a"}, {"$ref": "x/models/a b"}]}"##, canonical),
            (
                r#"{"properties": {"a": {"type": "string", "example": "x", "nullable": true}}}"#,
                r#"errors : [Invalid model schema specified. Unsupported keyword(s): ["example","nullable"]]"#,
            ),
            (r#"{"discriminator": "x"}"#, r#"Unsupported keyword(s): ["discriminator"]]"#),
            (r#"{"required": []}"#, "specified. /required: must be a list of strings, not empty]"),
            (r#"{"properties": {"a~b": {"enum": ["A", "A"]}}}"#, "/properties/a~0b/enum: must not"),
            (r#"{"type": "strin"}"#, "/type: must be array, boolean, integer"),
            (r#"{"minimum": "1"}"#, "/minimum: must be a number]"),
            (r#"{"exclusiveMinimum": true}"#, "/exclusiveMinimum: needs minimum]"),
            (r#"{"minimum": 1, "exclusiveMinimum": 5}"#, "/exclusiveMinimum: must be a boolean]"),
            (r#"{"minLength": -1}"#, "/minLength: must be an integer from 0]"),
            (r#"{"multipleOf": 0}"#, "/multipleOf: must be a number above 0"),
            (r#"{"pattern": "("}"#, "/pattern: no regular expression of ECMA 262: unclosed (]"),
            (r#"{"patternProperties": {"a**": {}}}"#, "/patternProperties/a**: no regular"),
            (r#"{"allOf": []}"#, "/allOf: must be a list of schemas, not empty]"),
            (r#"{"properties": {"a": true}}"#, "/properties/a: a schema is an object]"),
            (r#"{"dependencies": {"a": []}}"#, "/dependencies/a: must be a list of strings"),
            (r#"{"items": 5}"#, "/items: must be"),
            (r#"{"additionalProperties": 1}"#, "/additionalProperties: a schema is an object]"),
        ] {
            let error = schema(text).unwrap_err();
            assert!(error.contains(part), "{text:.80}: {error}");
        }
    }

    #[test]
    fn schemas_and_their_references() {
        let url = "https://apigateway.amazonaws.com/restapis/a/models";
        let text = format!(
            r##"{{"properties": {{"a": {{"$ref": "{url}/Pet"}}, "$ref": {{"type": "string"}}}},
                 "items": {{"$ref": "#"}}, "default": {{"$ref": "sample"}},
                 "allOf": [{{"$ref": "{url}/Owner"}}, {{"$ref": "{url}/Pet"}}]}}"##
        );
        let names: BTreeSet<String> = ["Owner", "Pet"].map(str::to_owned).into();
        assert_eq!(schema(&text).as_ref(), Ok(&names));
        assert_eq!(model_references(&text), names);
        // What was stored before schemas were checked still refers to others.
        let old = text.replace("\"items\"", "\"example\": 1, \"items\"");
        assert!(schema(&old).is_err());
        assert_eq!(model_references(&old), names);
        assert_eq!(schema("{}"), Ok(BTreeSet::new()));
    }
}
