//! An API becomes a document: Swagger 2.0 or OpenAPI 3.0 with the
//! `x-amazon-apigateway-*` extensions, as `GetExport` answers it.
//!
//! What is exported with [`Extensions::all`] imports again as an equal API:
//! ids aside, and aside from what the formats have no words for. Both demand
//! that every variable of a path is a required parameter; neither knows a
//! model's content type, nor `$schema`; Swagger 2.0 has one body schema per
//! operation and one list of media types for all responses.

mod documentation;
mod integration;
mod operation;
mod schema;
mod security;
mod settings;

use std::{collections::BTreeMap, str::FromStr};

use gw_model::{Documentation, RestApi};
use serde_json::{Value, json};

use crate::context::Members;

use documentation::Published;
use operation::Writer;
use security::Schemes;

/// The two formats of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Swagger 2.0; AWS's name is `swagger`.
    Swagger,
    /// OpenAPI 3.0; AWS's name is `oas30`.
    OpenApi3,
}

impl ExportFormat {
    /// AWS's name of the format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Swagger => "swagger",
            Self::OpenApi3 => "oas30",
        }
    }
}

/// A text that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid export type specified: {0}. Valid options are oas30,swagger")]
pub struct InvalidExportFormat(pub String);

impl FromStr for ExportFormat {
    type Err = InvalidExportFormat;

    fn from_str(text: &str) -> Result<Self, InvalidExportFormat> {
        match text {
            "swagger" => Ok(Self::Swagger),
            "oas30" => Ok(Self::OpenApi3),
            _ => Err(InvalidExportFormat(text.to_owned())),
        }
    }
}

/// Which extensions an export holds: the query parameter `extensions`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Integrations, and what the API itself sets (policy, binary media types,
    /// compression, API key source, endpoint configuration).
    pub integrations: bool,
    /// Authorizers, and the kinds of authorization.
    pub authorizers: bool,
    /// Request validators.
    pub validators: bool,
    /// Gateway responses.
    pub gateway_responses: bool,
    /// Documentation parts, beside their content at the entities.
    pub documentation: bool,
}

impl Extensions {
    /// Every extension.
    pub const fn all() -> Self {
        Self { documentation: true, ..Self::apigateway() }
    }

    /// Every extension but documentation, which is asked for by its name.
    const fn apigateway() -> Self {
        Self {
            integrations: true,
            authorizers: true,
            validators: true,
            gateway_responses: true,
            documentation: false,
        }
    }

    /// Whether the entities show their documentation: also in a plain
    /// document, which is for readers of the API.
    fn says_words(self) -> bool {
        self.documentation || self == Self::default()
    }

    /// Adds what one value of the parameter asks for. `postman` adds nothing:
    /// such tools read the plain document.
    ///
    /// # Errors
    /// When AWS has no such value.
    pub fn add(&mut self, name: &str) -> Result<(), InvalidExtension> {
        match name {
            "apigateway" => {
                *self = Self { documentation: self.documentation, ..Self::apigateway() }
            }
            "integrations" => self.integrations = true,
            "authorizers" => self.authorizers = true,
            "validators" => self.validators = true,
            "gatewayresponses" => self.gateway_responses = true,
            "documentation" => self.documentation = true,
            "postman" => {}
            _ => return Err(InvalidExtension(name.to_owned())),
        }
        Ok(())
    }
}

/// A text that names no extension.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Invalid extension specified: {0}. Valid options are \
     apigateway,integrations,authorizers,validators,gatewayresponses,documentation,postman"
)]
pub struct InvalidExtension(pub String);

/// The documentation snapshot that a stage shows.
#[derive(Debug, Clone)]
pub struct ShownDocumentation<'a> {
    /// The version's name.
    pub version: &'a str,
    /// When it was made, ISO 8601.
    pub created: &'a str,
    /// Its parts.
    pub parts: &'a Documentation,
}

/// All that an export needs beside the API.
#[derive(Debug, Clone)]
pub struct ExportOptions<'a> {
    /// Swagger 2.0 or OpenAPI 3.0.
    pub format: ExportFormat,
    /// What it holds beside plain OpenAPI.
    pub extensions: Extensions,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// The host that the API answers at, with its port unless that is the scheme's own.
    pub host: &'a str,
    /// The stage, which is the first part of every path.
    pub stage: &'a str,
    /// Stands as version of APIs that have none: when they were made, ISO 8601.
    pub created: &'a str,
    /// What the stage shows.
    pub documentation: Option<ShownDocumentation<'a>>,
}

/// The document that declares an API.
pub fn export(api: &RestApi, options: &ExportOptions<'_>) -> Value {
    let published = Published::of(options);
    let schemes = Schemes::of(api);
    let mut document = Members::new();
    let mut put = |name: &str, value: Value| _ = document.insert(name.to_owned(), value);
    match options.format {
        ExportFormat::Swagger => put("swagger", "2.0".into()),
        ExportFormat::OpenApi3 => put("openapi", "3.0.1".into()),
    }
    put("info", info(api, options, &published));
    let endpoint = settings::endpoint(api, options);
    match options.format {
        ExportFormat::Swagger => {
            put("host", options.host.into());
            put("basePath", format!("/{}", options.stage).into());
            put("schemes", json!([options.scheme]));
        }
        ExportFormat::OpenApi3 => {
            let mut server = json!({
                "url": format!("{}://{}/{{basePath}}", options.scheme, options.host),
                "variables": {"basePath": {"default": options.stage}},
            });
            if let Some(endpoint) = &endpoint {
                server[settings::ENDPOINT] = endpoint.clone();
            }
            put("servers", json!([server]));
        }
    }
    let validators = security::validator_names(api);
    let writer = Writer { validators, options, published: &published, schemes: &schemes };
    put("paths", paths(api, &writer));
    let schemas = schema::schemas(api, options.format);
    let security = schemes.definitions(api, options, &published);
    match options.format {
        ExportFormat::Swagger => {
            for (name, map) in [("securityDefinitions", security), ("definitions", schemas)] {
                if !map.is_empty() {
                    put(name, map.into());
                }
            }
            if let Some(endpoint) = endpoint {
                put(settings::ENDPOINT, endpoint);
            }
        }
        ExportFormat::OpenApi3 => {
            let parts = [("schemas", schemas), ("securitySchemes", security)];
            let parts = parts.into_iter().filter(|(_, map)| !map.is_empty());
            let components: Members =
                parts.map(|(name, map)| (name.to_owned(), map.into())).collect();
            put("components", components.into());
        }
    }
    settings::root(api, options, &mut document);
    published.root(&mut document);
    Value::Object(document)
}

fn info(api: &RestApi, options: &ExportOptions<'_>, published: &Published<'_>) -> Value {
    let mut info = Members::new();
    info.insert("title".into(), api.name.clone().into());
    if let Some(description) = &api.description {
        info.insert("description".into(), description.clone().into());
    }
    let version = api.version.as_deref().unwrap_or(options.created);
    info.insert("version".into(), version.into());
    published.info(&mut info);
    info.into()
}

/// The paths in order: those with methods, and those that lead nowhere else.
fn paths(api: &RestApi, writer: &Writer<'_>) -> Value {
    let parents: std::collections::BTreeSet<_> =
        api.resources.values().filter_map(|resource| resource.parent_id.as_ref()).collect();
    let by_path: BTreeMap<&str, _> = api
        .resources
        .iter()
        .filter(|(id, resource)| {
            let leaf = resource.parent_id.is_some() && !parents.contains(id);
            leaf || !resource.methods.is_empty() || writer.published.documents(&resource.path)
        })
        .map(|(_, resource)| (resource.path.as_str(), resource))
        .collect();
    by_path
        .into_iter()
        .map(|(path, resource)| (path.to_owned(), writer.item(resource)))
        .collect::<Members>()
        .into()
}

/// A document as JSON text.
pub fn to_json(document: &Value) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default()
}

/// A document as YAML text.
///
/// # Errors
/// When a number has no YAML form.
pub fn to_yaml(document: &Value) -> Result<String, NoYaml> {
    serde_norway::to_string(document).map_err(|error| NoYaml(error.to_string()))
}

/// Why a document has no YAML form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the document has no YAML form: {0}")]
pub struct NoYaml(pub String);
