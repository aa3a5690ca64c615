//! Schemas become models: JSON Schema draft 4 with canonical references.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gw_model::name::is_model_name;
use gw_schema::{SchemaFault, check_schema, is_keyword};
use serde_json::{Value, json};

use crate::{
    AdaptationKind, ImportedModel, MODEL_URL,
    context::{Context, Members, Version},
};

/// Faults of one schema that are told.
const MAX_REPAIRS: usize = 100;

/// The models of an import, and the names that schemas were given.
#[derive(Debug, Default)]
pub(crate) struct Models {
    /// The schema's key in the document -> the model's name.
    names: BTreeMap<String, String>,
    pub(crate) models: BTreeMap<String, ImportedModel>,
    /// Inline schemas by their address in the document: a response that many
    /// operations refer to is converted once.
    inline: HashMap<usize, String>,
}

/// Where a reference leads.
enum Target {
    /// A model of this name.
    Model(String),
    /// A part of the schema that holds the reference; the text is what
    /// follows its `#`.
    Within(String),
    /// A schema of the document that does not exist.
    Missing(String),
    /// Nothing that a model can refer to.
    Foreign,
}

impl Models {
    /// Turns every named schema of the document into a model.
    pub(crate) fn read<'d>(ctx: &mut Context<'d>) -> Self {
        let mut models = Self::default();
        let Some(schemas) = ctx.definitions("schemas", "definitions") else { return models };
        models.name(ctx, schemas);
        for (key, schema) in schemas {
            let mut faults = Vec::new();
            let mut converted = models.convert(ctx, Some(key), schema, &mut faults);
            repair(&mut converted, &mut faults);
            models.report(ctx, key, &faults);
            if let Some(name) = models.names.get(key).cloned() {
                models.models.insert(name, imported(schema, &converted));
            }
        }
        models
    }

    /// Gives each schema its model's name. AWS takes alphanumeric names only;
    /// adaptation makes them so, and keeps them apart.
    fn name(&mut self, ctx: &mut Context<'_>, schemas: &Members) {
        let mut taken: BTreeSet<String> =
            schemas.keys().filter(|key| is_model_name(key)).cloned().collect();
        for key in schemas.keys() {
            if is_model_name(key) {
                self.names.insert(key.clone(), key.clone());
            } else if ctx.adapting() {
                let name = unique(&alphanumeric(key), &taken);
                taken.insert(name.clone());
                let detail = format!("became model {name}");
                ctx.adapted(AdaptationKind::ModelName, format!("schema {key}"), detail);
                self.names.insert(key.clone(), name);
            } else {
                ctx.error(format!(
                    "Unable to create model for '{key}': Model name must be alphanumeric: {key}"
                ));
                // References to it are not a second fault.
                self.names.insert(key.clone(), key.clone());
            }
        }
    }

    /// The model of a request or response schema: the named one, or one made
    /// for an inline object or list. `Err` is AWS's name of a kind of schema
    /// that makes no model.
    pub(crate) fn for_schema<'d>(
        &mut self,
        ctx: &mut Context<'d>,
        schema: &'d Value,
        place: &str,
    ) -> Result<Option<String>, &'static str> {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return Ok(match self.target(ctx, None, reference) {
                Target::Model(name) => Some(name),
                Target::Within(_) | Target::Missing(_) | Target::Foreign => {
                    ctx.refuse_or_drop(place, crate::context::missing(place, reference));
                    None
                }
            });
        }
        let kind = kind(schema);
        if !["ObjectSchema", "MapSchema", "ArraySchema"].contains(&kind) {
            return Err(kind);
        }
        let address = std::ptr::from_ref(schema).addr();
        if let Some(name) = self.inline.get(&address) {
            return Ok(Some(name.clone()));
        }
        let mut faults = Vec::new();
        let mut converted = self.convert(ctx, None, schema, &mut faults);
        repair(&mut converted, &mut faults);
        let model = imported(schema, &converted);
        let name = self.inline_name(&model);
        self.report(ctx, &name, &faults);
        self.models.insert(name.clone(), model);
        self.inline.insert(address, name.clone());
        Ok(Some(name))
    }

    /// `MODEL` and digits of the schema's hash: equal schemas share a model,
    /// and the same document always gives the same names.
    fn inline_name(&self, model: &ImportedModel) -> String {
        let digits = format!("{:016x}", fnv1a(&model.schema));
        let fits = |name: &String| self.models.get(name).is_none_or(|known| known == model);
        (6..=digits.len())
            .map(|length| format!("MODEL{}", &digits[..length]))
            .find(fits)
            .unwrap_or_else(|| {
                let taken: BTreeSet<String> = self.models.keys().cloned().collect();
                unique(&format!("MODEL{digits}"), &taken)
            })
    }

    fn report(&self, ctx: &mut Context<'_>, key: &str, faults: &[String]) {
        if faults.is_empty() {
            return;
        }
        let place = format!("schema {key}");
        ctx.refuse_or_drop(
            &place,
            format!(
                "Unable to create model for '{key}': Invalid model specified: Validation Result: \
                 warnings : [], errors : [{}]",
                faults.join(", ")
            ),
        );
    }

    fn target(&self, ctx: &Context<'_>, own: Option<&str>, reference: &str) -> Target {
        if let Some(rest) = reference.strip_prefix("https://apigateway.amazonaws.com/restapis/") {
            return match rest.split_once("/models/") {
                Some((_, name)) if is_model_name(name) => {
                    // A merge may refer to models that the API has; applying it tells.
                    if self.names.contains_key(name) || ctx.options.mode == crate::Mode::Merge {
                        Target::Model(name.to_owned())
                    } else {
                        Target::Missing(name.to_owned())
                    }
                }
                _ => Target::Foreign,
            };
        }
        let key = match ctx.version {
            Version::OpenApi3 => reference.strip_prefix("#/components/schemas/"),
            // The oldest form is the bare name.
            Version::Swagger2 => reference
                .strip_prefix("#/definitions/")
                .or_else(|| Some(reference).filter(|name| is_model_name(name))),
        };
        let Some(key) = key else { return Target::Foreign };
        let within = own.and_then(|own| key.strip_prefix(own)).filter(|rest| rest.starts_with('/'));
        if let Some(rest) = within {
            return Target::Within(rest.replacen("/$defs/", "/definitions/", 1));
        }
        let direct = self.names.get(key).or_else(|| {
            let unescaped = key.replace("%20", " ").replace("~1", "/").replace("~0", "~");
            self.names.get(&unescaped)
        });
        match direct {
            Some(name) => Target::Model(name.clone()),
            None if key.contains('/') => Target::Foreign,
            None => Target::Missing(key.to_owned()),
        }
    }

    /// A schema without what models do not know, with canonical references.
    fn convert(
        &self,
        ctx: &Context<'_>,
        own: Option<&str>,
        schema: &Value,
        faults: &mut Vec<String>,
    ) -> Value {
        let members = match schema {
            Value::Bool(true) => return json!({}),
            Value::Bool(false) => return json!({"not": {}}),
            Value::Object(members) => members,
            _ => {
                faults.push("Invalid model schema specified".to_owned());
                return json!({});
            }
        };
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            let fault = match self.target(ctx, own, reference) {
                Target::Model(name) => return json!({"$ref": format!("{MODEL_URL}{name}")}),
                Target::Within(rest) => return json!({"$ref": format!("#{rest}")}),
                Target::Missing(name) => format!("Invalid model specified: {name}"),
                Target::Foreign => {
                    format!("Model reference must be in canonical form: {reference}")
                }
            };
            faults.push(fault);
            return json!({});
        }
        let mut converted = Members::new();
        for (keyword, value) in members {
            self.keyword(ctx, own, (keyword, value), &mut converted, faults);
        }
        allow_null(members, &mut converted);
        Value::Object(converted)
    }

    fn keyword(
        &self,
        ctx: &Context<'_>,
        own: Option<&str>,
        (keyword, value): (&str, &Value),
        converted: &mut Members,
        faults: &mut Vec<String>,
    ) {
        let value = match (keyword, value) {
            ("properties" | "patternProperties" | "definitions" | "$defs", Value::Object(map)) => {
                map.iter()
                    .map(|(name, schema)| (name.clone(), self.convert(ctx, own, schema, faults)))
                    .collect::<Members>()
                    .into()
            }
            ("allOf" | "anyOf" | "oneOf" | "items", Value::Array(schemas)) => schemas
                .iter()
                .map(|schema| self.convert(ctx, own, schema, faults))
                .collect::<Vec<_>>()
                .into(),
            ("additionalProperties" | "additionalItems", Value::Bool(_)) => value.clone(),
            // Draft 4 has one keyword for a list's items and for those by place.
            ("prefixItems", Value::Array(schemas)) => {
                let places = schemas.iter().map(|schema| self.convert(ctx, own, schema, faults));
                converted.insert("items".to_owned(), places.collect::<Vec<_>>().into());
                return;
            }
            ("items", _) if converted.get("items").is_some_and(Value::is_array) => {
                converted
                    .insert("additionalItems".to_owned(), self.convert(ctx, own, value, faults));
                return;
            }
            ("dependencies", Value::Object(map)) => map
                .iter()
                .map(|(name, value)| match value {
                    Value::Object(_) => (name.clone(), self.convert(ctx, own, value, faults)),
                    names => (name.clone(), names.clone()),
                })
                .collect::<Members>()
                .into(),
            ("items" | "not" | "additionalProperties" | "additionalItems", _) => {
                self.convert(ctx, own, value, faults)
            }
            ("const", _) => {
                converted.insert("enum".to_owned(), json!([value]));
                return;
            }
            // OpenAPI 3.1 gives the bound itself; draft 4 has a flag beside the bound.
            ("exclusiveMinimum", Value::Number(_)) => {
                converted.insert("minimum".to_owned(), value.clone());
                json!(true)
            }
            ("exclusiveMaximum", Value::Number(_)) => {
                converted.insert("maximum".to_owned(), value.clone());
                json!(true)
            }
            _ if is_dropped(keyword) => return,
            _ => value.clone(),
        };
        let keyword = if keyword == "$defs" { "definitions" } else { keyword };
        converted.insert(keyword.to_owned(), value);
    }
}

/// What models do not know, or would not use: keywords of OpenAPI and of later
/// drafts that draft 4 has no words for.
fn is_dropped(keyword: &str) -> bool {
    keyword == "default" || !is_keyword(keyword)
}

/// OpenAPI 3.0 says of a value beside its type that it may be null.
fn allow_null(schema: &Members, converted: &mut Members) {
    if schema.get("nullable") != Some(&Value::Bool(true)) {
        return;
    }
    if let Some(Value::String(name)) = converted.get("type") {
        converted.insert("type".to_owned(), json!([name, "null"]));
        if let Some(Value::Array(values)) = converted.get_mut("enum")
            && !values.contains(&Value::Null)
        {
            values.push(Value::Null);
        }
    }
}

/// Takes away what draft 4 does not allow, and tells of it.
fn repair(schema: &mut Value, faults: &mut Vec<String>) {
    for _ in 0..MAX_REPAIRS {
        let Err(SchemaFault::Invalid { place, reason }) = check_schema(&schema.to_string()) else {
            return;
        };
        faults.push(format!("Invalid model schema specified. {place}: {reason}"));
        let Some((parent, name)) = place.rsplit_once('/') else { return };
        let name = name.replace("~1", "/").replace("~0", "~");
        match schema.pointer_mut(parent) {
            Some(Value::Object(members)) => drop(members.shift_remove(&name)),
            _ => return,
        }
    }
}

fn imported(schema: &Value, converted: &Value) -> ImportedModel {
    let description = schema.get("description").and_then(Value::as_str);
    ImportedModel {
        description: description.filter(|text| !text.is_empty()).map(str::to_owned),
        schema: converted.to_string(),
    }
}

/// The name of a kind of schema in AWS's warnings.
fn kind(schema: &Value) -> &'static str {
    let has = |keyword| schema.get(keyword).is_some();
    if has("allOf") || has("anyOf") || has("oneOf") {
        return "ComposedSchema";
    }
    let of_type = match schema.get("type") {
        Some(Value::Array(types)) => {
            types.iter().filter_map(Value::as_str).find(|name| *name != "null")
        }
        other => other.and_then(Value::as_str),
    };
    let format = schema.get("format").and_then(Value::as_str);
    match (of_type, format) {
        (Some("object"), _) if has("additionalProperties") && !has("properties") => "MapSchema",
        (Some("object"), _) => "ObjectSchema",
        (Some("array"), _) => "ArraySchema",
        (Some("string"), Some("date-time")) => "DateTimeSchema",
        (Some("string"), Some("date")) => "DateSchema",
        (Some("string"), Some("binary")) => "BinarySchema",
        (Some("string"), Some("byte")) => "ByteArraySchema",
        (Some("string"), Some("uuid")) => "UUIDSchema",
        (Some("string"), _) => "StringSchema",
        (Some("integer"), _) => "IntegerSchema",
        (Some("number"), _) => "NumberSchema",
        (Some("boolean"), _) => "BooleanSchema",
        (Some("file"), _) => "FileSchema",
        (None, _) if has("properties") => "ObjectSchema",
        (None, _) if has("items") => "ArraySchema",
        _ => "Schema",
    }
}

/// The name without its other characters, each of which starts a new word.
fn alphanumeric(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    let mut word_starts = false;
    for c in key.chars() {
        if !c.is_ascii_alphanumeric() {
            word_starts = !name.is_empty();
        } else if std::mem::take(&mut word_starts) {
            name.push(c.to_ascii_uppercase());
        } else {
            name.push(c);
        }
    }
    if name.is_empty() { "Model".to_owned() } else { name }
}

/// The name itself, or with the first number from 2 that is free.
pub(crate) fn unique(name: &str, taken: &BTreeSet<String>) -> String {
    if !taken.contains(name) {
        return name.to_owned();
    }
    (2usize..)
        .map(|number| format!("{name}{number}"))
        .find(|candidate| !taken.contains(candidate))
        .unwrap_or_default()
}

fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
