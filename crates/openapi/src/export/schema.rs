//! Models become schemas of the document.

use std::collections::BTreeSet;

use gw_model::{Model, ModelName, RestApi, check};
use serde_json::Value;

use super::ExportFormat;
use crate::context::Members;

/// Where a document keeps its schemas.
fn folder(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Swagger => "#/definitions/",
        ExportFormat::OpenApi3 => "#/components/schemas/",
    }
}

/// A reference to a model.
pub(super) fn reference(format: ExportFormat, name: &str) -> Value {
    [("$ref".to_owned(), Value::from(format!("{}{name}", folder(format))))]
        .into_iter()
        .collect::<Members>()
        .into()
}

/// Every model of the API, but for those that it came with and nothing uses:
/// AWS's exports leave them out.
pub(super) fn schemas(api: &RestApi, format: ExportFormat) -> Members {
    let used = used(api);
    let schema = |(name, model): (&ModelName, &Model)| {
        let text = model.schema.as_deref().unwrap_or_default();
        let mut schema = serde_json::from_str(text).unwrap_or_else(|_| Members::new());
        // OpenAPI fixes the dialect and has no such member.
        schema.shift_remove("$schema");
        let mut schema = Value::Object(schema);
        localize(api, format, name.as_str(), &mut schema);
        (name.as_str().to_owned(), schema)
    };
    let wanted = |(name, model): &(&ModelName, &Model)| {
        used.contains(name.as_str()) || !is_default(name.as_str(), model)
    };
    api.models.iter().filter(wanted).map(schema).collect()
}

/// Whether `CreateRestApi` made the model.
fn is_default(name: &str, model: &Model) -> bool {
    let told = model.description.as_deref();
    match name {
        "Empty" => told == Some("This is a default empty schema model"),
        "Error" => told == Some("This is a default error schema model"),
        _ => false,
    }
}

/// The names of the models that methods and other models refer to.
fn used(api: &RestApi) -> BTreeSet<String> {
    let methods = api.resources.values().flat_map(|resource| resource.methods.values());
    let named = methods.flat_map(|method| method.models()).cloned();
    let referred = api.models.iter().flat_map(|(own, model)| {
        let mut names = check::model_references(model.schema.as_deref().unwrap_or_default());
        names.remove(own.as_str());
        names
    });
    named.chain(referred).collect()
}

/// Turns references into the document's, wherever draft 4 has a schema. Depth
/// is bounded: the text came through a parser that bounds it.
fn localize(api: &RestApi, format: ExportFormat, own: &str, schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    for (keyword, value) in members {
        match (keyword.as_str(), value) {
            ("$ref", Value::String(text)) => {
                if let Some(local) = local(api, format, own, text) {
                    *text = local;
                }
            }
            (
                "properties" | "patternProperties" | "definitions" | "dependencies",
                Value::Object(schemas),
            ) => schemas.values_mut().for_each(|schema| localize(api, format, own, schema)),
            ("allOf" | "anyOf" | "oneOf" | "items", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(|schema| localize(api, format, own, schema));
            }
            ("items" | "not" | "additionalProperties" | "additionalItems", schema) => {
                localize(api, format, own, schema);
            }
            _ => {}
        }
    }
}

fn local(api: &RestApi, format: ExportFormat, own: &str, reference: &str) -> Option<String> {
    let folder = folder(format);
    // Within the model's own text.
    if let Some(inner) = reference.strip_prefix('#') {
        return Some(format!("{folder}{own}{inner}"));
    }
    let name = reference
        .strip_prefix("https://apigateway.amazonaws.com/restapis/")
        .and_then(|rest| rest.split_once("/models/"))
        .map(|(_, name)| name)?;
    api.models.contains_key(name).then(|| format!("{folder}{name}"))
}
