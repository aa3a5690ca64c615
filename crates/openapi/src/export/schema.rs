//! Models become schemas of the document.

use gw_model::{ModelName, RestApi};
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

/// Every model of the API.
pub(super) fn schemas(api: &RestApi, format: ExportFormat) -> Members {
    let schema = |(name, model): (&ModelName, &gw_model::Model)| {
        let text = model.schema.as_deref().unwrap_or_default();
        let mut schema = serde_json::from_str(text).unwrap_or_else(|_| Members::new());
        // OpenAPI fixes the dialect and has no such member.
        schema.shift_remove("$schema");
        let mut schema = Value::Object(schema);
        localize(api, format, name.as_str(), &mut schema);
        (name.as_str().to_owned(), schema)
    };
    api.models.iter().map(schema).collect()
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
