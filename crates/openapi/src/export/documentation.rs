//! Documentation in a document: all parts in one extension, and what OpenAPI
//! has a place for at the entities themselves.

use std::collections::BTreeMap;

use gw_model::{
    DocumentationLocation, DocumentationPart, HttpMethod,
    documentation::{DocumentationType as Part, content_for},
};
use serde_json::{Value, json};

use super::{ExportFormat, ExportOptions, ShownDocumentation};
use crate::context::Members;

/// The documentation that an export shows; empty where it shows none.
pub(super) struct Published<'a> {
    shown: Option<&'a ShownDocumentation<'a>>,
    /// Whether the extension with all parts was asked for.
    parts_follow: bool,
    format: ExportFormat,
    /// By type and name, for only those can apply to one another.
    parts: BTreeMap<(Part, Option<&'a str>), Vec<&'a DocumentationPart>>,
}

/// An entity of the API.
#[derive(Clone)]
pub(super) struct At<'a> {
    path: &'a str,
    method: Option<&'static str>,
    status: Option<&'a str>,
    name: Option<&'a str>,
}

impl<'a> At<'a> {
    pub(super) fn path(path: &'a str) -> Self {
        Self { path, method: None, status: None, name: None }
    }

    pub(super) fn method(path: &'a str, verb: HttpMethod) -> Self {
        let method = if verb == HttpMethod::Any { "*" } else { verb.as_str() };
        Self { method: Some(method), ..Self::path(path) }
    }

    pub(super) fn status<'b>(&self, status: &'b str) -> At<'b>
    where
        'a: 'b,
    {
        At { status: Some(status), ..self.clone() }
    }

    pub(super) fn named<'b>(&self, name: &'b str) -> At<'b>
    where
        'a: 'b,
    {
        At { name: Some(name), ..self.clone() }
    }
}

impl<'a> Published<'a> {
    pub(super) fn of(options: &'a ExportOptions<'a>) -> Self {
        let shown = options.documentation.as_ref().filter(|_| options.extensions.says_words());
        let mut parts: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for part in shown.into_iter().flat_map(|shown| shown.parts.values()) {
            let key = (part.location.kind, part.location.name.as_deref());
            parts.entry(key).or_default().push(part);
        }
        let parts_follow = options.extensions.documentation;
        Self { shown, parts_follow, format: options.format, parts }
    }

    /// Whether a resource of this path has content of its own.
    pub(super) fn documents(&self, path: &str) -> bool {
        let of_resources = self.parts.get(&(Part::Resource, None));
        of_resources.is_some_and(|parts| parts.iter().any(|part| part.location.path() == path))
    }

    /// Puts what OpenAPI has a place for at an entity.
    pub(super) fn put(&self, kind: Part, at: &At<'_>, entity: &mut Members) {
        if self.parts.is_empty() {
            return;
        }
        let text = |text: Option<&str>| text.map(str::to_owned);
        let location = DocumentationLocation {
            kind,
            path: Some(at.path.to_owned()),
            method: text(at.method),
            status_code: text(at.status),
            name: text(at.name),
        };
        self.place(&location, entity, self.fields(kind));
    }

    /// Puts an authorizer's content at its scheme.
    pub(super) fn authorizer(&self, name: &str, scheme: &mut Members) {
        let location = DocumentationLocation {
            name: Some(name.to_owned()),
            ..DocumentationLocation::of(Part::Authorizer)
        };
        self.place(&location, scheme, self.fields(Part::Authorizer));
    }

    fn place(&self, location: &DocumentationLocation, entity: &mut Members, fields: &[&str]) {
        if let Some(content) = self.content(location) {
            take(&content, fields, entity);
        }
    }

    fn content(&self, location: &DocumentationLocation) -> Option<Members> {
        let parts = self.parts.get(&(location.kind, location.name.as_deref()))?;
        let part = content_for(parts.iter().copied(), location)?;
        serde_json::from_str(&part.properties).ok()
    }

    /// The members of content that OpenAPI knows at an entity.
    fn fields(&self, kind: Part) -> &'static [&'static str] {
        match kind {
            Part::Method => &["tags", "summary", "description", "externalDocs", "deprecated"],
            Part::Resource if self.format == ExportFormat::Swagger => &[],
            Part::Resource => &["summary", "description"],
            _ => &["description"],
        }
    }

    /// Puts what the API's content says of `info`.
    pub(super) fn info(&self, info: &mut Members) {
        let content = self.content(&DocumentationLocation::of(Part::Api));
        if let Some(Value::Object(said)) = content.as_ref().and_then(|members| members.get("info"))
        {
            take(said, &["description", "termsOfService", "contact", "license"], info);
        }
    }

    /// Puts the API's own content and, where asked for, the extension with all
    /// parts.
    pub(super) fn root(&self, document: &mut Members) {
        let Some(shown) = self.shown else { return };
        self.place(&DocumentationLocation::of(Part::Api), document, &["tags", "externalDocs"]);
        if !self.parts_follow {
            return;
        }
        let parts: Vec<Value> = shown
            .parts
            .values()
            .map(|part| {
                let content: Value = serde_json::from_str(&part.properties)
                    .unwrap_or_else(|_| part.properties.clone().into());
                let location = part.location.clone().in_short();
                json!({"location": location, "properties": content})
            })
            .collect();
        let extension = json!({
            "version": shown.version,
            "createdDate": shown.created,
            "documentationParts": parts,
        });
        document.insert("x-amazon-apigateway-documentation".into(), extension);
    }
}

/// Copies the named members, and extensions that are not AWS's.
fn take(content: &Members, fields: &[&str], entity: &mut Members) {
    for (name, value) in content {
        let extension = name.starts_with("x-") && !name.starts_with("x-amazon-");
        if extension || fields.contains(&name.as_str()) {
            entity.insert(name.clone(), value.clone());
        }
    }
}
