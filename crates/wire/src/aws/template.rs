//! `GetModelTemplate`: a mapping template in the shape of a model.

use std::collections::BTreeMap;

use gw_model::{Model, ModelName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What `GetModelTemplate` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The template.
    pub value: String,
}

/// How deep references and members are followed.
const MAX_DEPTH: usize = 24;

/// How long a template may become, in bytes: AWS's bound of templates.
const MAX_BYTES: usize = 300 * 1024;

/// A template as AWS generates it from a schema: its members with samples as
/// values, and a loop where there is a list. `models` are those that the schema
/// may refer to.
pub fn model_template(schema: &str, models: &BTreeMap<ModelName, Model>) -> Template {
    let mut writer = Writer { models, out: "#set($inputRoot = $input.path('$'))\n".to_owned() };
    let root: Value = serde_json::from_str(schema).unwrap_or_default();
    writer.value(&root, &root, 0, MAX_DEPTH);
    Template { value: writer.out }
}

struct Writer<'a> {
    models: &'a BTreeMap<ModelName, Model>,
    out: String,
}

impl Writer<'_> {
    /// Writes a sample of `schema`, which stands in the document `root`.
    fn value(&mut self, schema: &Value, root: &Value, indent: usize, depth: usize) {
        if depth == 0 || self.out.len() > MAX_BYTES {
            self.out.push_str("{ }");
            return;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            return self.reference(target, root, indent, depth);
        }
        if let Some(first) = first_of(schema, &["oneOf", "anyOf"]) {
            return self.value(first, root, indent, depth - 1);
        }
        if let Some(first) = first_of(schema, &["enum"]) {
            self.out.push_str(&first.to_string());
            return;
        }
        match kind(schema) {
            "object" => self.object(&members(schema), root, indent, depth),
            "array" => self.array(schema, root, indent, depth),
            "integer" => self.out.push_str("42"),
            "number" => self.out.push_str("42.0"),
            "boolean" => self.out.push_str("true"),
            "null" => self.out.push_str("null"),
            _ => self.out.push_str("\"foo\""),
        }
    }

    fn object(&mut self, members: &Map<String, Value>, root: &Value, indent: usize, depth: usize) {
        if members.is_empty() {
            self.out.push_str("{ }");
            return;
        }
        self.out.push_str("{\n");
        for (index, (name, member)) in members.iter().enumerate() {
            self.indent(indent + 1);
            self.out.push_str(&Value::from(name.as_str()).to_string());
            self.out.push_str(" : ");
            self.value(member, root, indent + 1, depth - 1);
            self.out.push_str(if index + 1 < members.len() { ",\n" } else { "\n" });
        }
        self.indent(indent);
        self.out.push('}');
    }

    fn array(&mut self, schema: &Value, root: &Value, indent: usize, depth: usize) {
        let items = match schema.get("items") {
            Some(Value::Array(items)) => items.first().unwrap_or(&Value::Null),
            Some(items) => items,
            None => &Value::Null,
        };
        self.out.push_str(
            "[\n##TODO: Update this foreach loop to reference array from input json\n\
             #foreach($elem in $inputRoot)\n ",
        );
        self.value(items, root, indent, depth - 1);
        self.out.push_str(" \n#if($foreach.hasNext),#end\n#end\n]");
    }

    fn reference(&mut self, target: &str, root: &Value, indent: usize, depth: usize) {
        if let Some((_, name)) = target.rsplit_once("/models/") {
            let schema = self.models.get(name).and_then(|model| model.schema.as_deref());
            let other: Option<Value> = schema.and_then(|text| serde_json::from_str(text).ok());
            if let Some(other) = other {
                return self.value(&other, &other, indent, depth - 1);
            }
        }
        match target.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) {
            Some(within) => self.value(within, root, indent, depth - 1),
            None => self.out.push_str("{ }"),
        }
    }

    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n("  ", depth));
    }
}

fn first_of<'a>(schema: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| schema.get(*name)?.as_array()?.first())
}

/// The schema's type, or what its members make of it.
fn kind(schema: &Value) -> &str {
    let of = |value: &'static str, name: &str| schema.get(name).is_some().then_some(value);
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
        }
        _ => of("object", "properties")
            .or_else(|| of("object", "allOf"))
            .or_else(|| of("array", "items"))
            .unwrap_or("object"),
    }
}

/// The members of an object, with those of its `allOf`.
fn members(schema: &Value) -> Map<String, Value> {
    let own = |schema: &Value| schema.get("properties").and_then(Value::as_object).cloned();
    let mut all = Map::new();
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        all.extend(own(part).unwrap_or_default());
    }
    all.extend(own(schema).unwrap_or_default());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(schema: &str) -> Model {
        Model {
            id: "m".into(),
            description: None,
            content_type: "application/json".into(),
            schema: Some(schema.into()),
        }
    }

    #[test]
    fn samples_in_the_shape_of_the_model() {
        let models = [(
            "Owner".into(),
            model(r#"{"type":"object","properties":{"name":{"type":"string"}}}"#),
        )]
        .into();
        let schema = r##"{"type": "object", "properties": {
            "id": {"type": "integer"}, "price": {"type": "number"}, "sold": {"type": "boolean"},
            "kind": {"enum": ["dog", "cat"]},
            "owner": {"$ref": "https://apigateway.amazonaws.com/restapis/a/models/Owner"},
            "tags": {"type": "array", "items": {"$ref": "#/definitions/tag"}}},
            "definitions": {"tag": {"type": "string"}}}"##;
        let expected = r##"#set($inputRoot = $input.path('$'))
{
  "id" : 42,
  "price" : 42.0,
  "sold" : true,
  "kind" : "dog",
  "owner" : {
    "name" : "foo"
  },
  "tags" : [
##TODO: Update this foreach loop to reference array from input json
#foreach($elem in $inputRoot)
 "foo" 
#if($foreach.hasNext),#end
#end
]
}"##;
        assert_eq!(model_template(schema, &models).value, expected);
    }

    #[test]
    fn odd_schemas_end() {
        let endless = r##"{"properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}}"##;
        assert!(model_template(endless, &BTreeMap::new()).value.len() < MAX_BYTES + 64 * 1024);
        let itself = [("A".into(), model(r#"{"$ref": "x/models/A"}"#))].into();
        let schema = r#"{"$ref": "x/models/A"}"#;
        assert!(model_template(schema, &itself).value.ends_with("{ }"));
        for schema in ["", "[]", "1", "{}", r##"{"$ref": "#/none"}"##] {
            let value = model_template(schema, &BTreeMap::new()).value;
            assert!(value.starts_with("#set("), "{schema}: {value}");
        }
    }
}
