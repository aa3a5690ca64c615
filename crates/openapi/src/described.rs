//! What a document says of its entities: in `x-amazon-apigateway-documentation`
//! or, in a document without it, in the members that OpenAPI has for it.

use gw_model::{
    DocumentationLocation, DocumentationPart, HttpMethod, documentation::DocumentationType as Part,
};
use serde_json::Value;

use crate::{
    context::{Context, Members, Version},
    documentation::{DOCUMENTATION, read_documentation},
    paths::Operation,
};

/// As many parts of OpenAPI's own members as AWS lets an API have. A document
/// that says more keeps what it says of methods.
const MAX_FROM_MEMBERS: usize = 2000;

/// The documentation parts of a document whose operations have been read.
pub(crate) fn read<'d>(
    ctx: &mut Context<'d>,
    operations: &[Operation<'d>],
) -> Vec<DocumentationPart> {
    if ctx.options.ignore_documentation {
        return Vec::new();
    }
    match ctx.root.get(DOCUMENTATION).filter(|value| !value.is_null()) {
        None => from_members(ctx, operations),
        Some(extension) => {
            let read = read_documentation(extension);
            for warning in read.warnings {
                ctx.warn(warning);
            }
            read.parts
        }
    }
}

/// What OpenAPI's own members say.
fn from_members<'d>(ctx: &mut Context<'d>, operations: &[Operation<'d>]) -> Vec<DocumentationPart> {
    let mut parts = Vec::new();
    let api = DocumentationLocation::of(Part::Api);
    if let Some(info) = ctx.root.get("info").and_then(Value::as_object) {
        let said = chosen(info, &["description", "termsOfService", "contact", "license"]);
        let mut content = Members::new();
        if !said.is_empty() {
            content.insert("info".to_owned(), said.into());
        }
        content.extend(chosen(ctx.root, &["tags", "externalDocs"]));
        push(&mut parts, api, content);
    }
    for operation in operations {
        let method = at(operation, Part::Method);
        let fields = ["tags", "summary", "description", "externalDocs", "deprecated"];
        push(&mut parts, method, chosen(operation.members, &fields));
    }
    let methods = parts.len();
    for operation in operations {
        details(ctx, operation, &mut parts);
        if parts.len() > MAX_FROM_MEMBERS {
            parts.truncate(methods);
            ctx.warn(format!(
                "The document describes more than {MAX_FROM_MEMBERS} entities. Ignoring the \
                 descriptions of parameters, bodies and responses."
            ));
            break;
        }
    }
    parts
}

/// What is said of parameters, body and responses.
fn details<'d>(
    ctx: &mut Context<'d>,
    operation: &Operation<'d>,
    parts: &mut Vec<DocumentationPart>,
) {
    let lists = [operation.item, operation.members].map(|holder| holder.get("parameters"));
    for value in lists.into_iter().flatten().filter_map(Value::as_array).flatten() {
        let Some(members) = followed(ctx, value) else { continue };
        let text = |key| members.get(key).and_then(Value::as_str).unwrap_or_default();
        let kind = match text("in") {
            "path" => Part::PathParameter,
            "query" => Part::QueryParameter,
            "header" => Part::RequestHeader,
            "body" if ctx.version == Version::Swagger2 => Part::RequestBody,
            _ => continue,
        };
        let name = operation.variables.get(text("name")).map_or(text("name"), String::as_str);
        let mut location = at(operation, kind);
        if kind != Part::RequestBody {
            location.name = Some(name.to_owned());
        }
        push(parts, location, chosen(members, &["description"]));
    }
    if let Some(body) = operation.members.get("requestBody").and_then(|body| followed(ctx, body)) {
        push(parts, at(operation, Part::RequestBody), chosen(body, &["description"]));
    }
    let responses = operation.members.get("responses").and_then(Value::as_object);
    for (status, value) in responses.into_iter().flatten() {
        let Some(response) = followed(ctx, value) else { continue };
        let of = |kind| DocumentationLocation {
            status_code: Some(status.clone()),
            ..at(operation, kind)
        };
        let said = chosen(response, &["description"]);
        // OpenAPI demands a text; this one is what an export writes for none.
        let empty = format!("{status} response");
        if said.get("description").and_then(Value::as_str) != Some(&empty) {
            push(parts, of(Part::Response), said);
        }
        let headers = response.get("headers").and_then(Value::as_object);
        for (name, header) in headers.into_iter().flatten() {
            let Some(header) = followed(ctx, header) else { continue };
            let location =
                DocumentationLocation { name: Some(name.clone()), ..of(Part::ResponseHeader) };
            push(parts, location, chosen(header, &["description"]));
        }
    }
}

/// The map that a value, or what it refers to, is. Faults are told elsewhere.
fn followed<'d>(ctx: &Context<'d>, value: &'d Value) -> Option<&'d Members> {
    ctx.follow(value).ok()?.as_object()
}

fn at(operation: &Operation<'_>, kind: Part) -> DocumentationLocation {
    let verb = if operation.verb == HttpMethod::Any { "*" } else { operation.verb.as_str() };
    DocumentationLocation {
        path: Some(operation.path.clone()),
        method: Some(verb.to_owned()),
        ..DocumentationLocation::of(kind)
    }
}

/// The named members that say something.
fn chosen(members: &Members, names: &[&str]) -> Members {
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    names
        .iter()
        .filter_map(|name| {
            members
                .get(*name)
                .filter(|value| says(value))
                .map(|value| ((*name).to_owned(), value.clone()))
        })
        .collect()
}

/// A part of a location that AWS has, unless there is nothing to say.
fn push(parts: &mut Vec<DocumentationPart>, location: DocumentationLocation, content: Members) {
    if !content.is_empty() && location.check().is_ok() {
        let properties = Value::Object(content).to_string();
        parts.push(DocumentationPart { location, properties });
    }
}
