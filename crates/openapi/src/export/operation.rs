//! A resource becomes a path item, a method an operation.

use std::collections::{BTreeMap, BTreeSet};

use gw_model::{
    HttpMethod, Method, MethodResponse, Resource, ValidatorId,
    documentation::DocumentationType as Part, name::PathPart,
};
use serde_json::{Value, json};

use super::{
    ExportFormat, ExportOptions,
    documentation::{At, Published},
    integration, schema,
    security::Schemes,
};
use crate::{context::Members, operation::VERBS};

const JSON: &str = "application/json";

/// What every operation of one export needs.
pub(super) struct Writer<'a> {
    pub(super) validators: BTreeMap<ValidatorId, String>,
    pub(super) options: &'a ExportOptions<'a>,
    pub(super) published: &'a Published<'a>,
    pub(super) schemes: &'a Schemes,
}

impl Writer<'_> {
    /// The path item of a resource.
    pub(super) fn item(&self, resource: &Resource) -> Value {
        let mut item = Members::new();
        for (key, verb) in VERBS {
            if let Some(method) = resource.methods.get(&verb) {
                if verb == HttpMethod::Any && !self.options.extensions.integrations {
                    self.every_verb(resource, method, &mut item);
                } else {
                    let operation = self.operation(resource, verb, method);
                    item.insert(key.to_owned(), operation.into());
                }
            }
        }
        self.published.put(Part::Resource, &At::path(&resource.path), &mut item);
        item.into()
    }

    /// Plain OpenAPI has no word for any verb, so each is declared that the
    /// resource does not name itself.
    fn every_verb(&self, resource: &Resource, method: &Method, item: &mut Members) {
        for (key, verb) in VERBS {
            if verb != HttpMethod::Any && !resource.methods.contains_key(&verb) {
                let mut operation = self.operation(resource, HttpMethod::Any, method);
                // Ids of operations are unique.
                operation.shift_remove("operationId");
                item.insert(key.to_owned(), operation.into());
            }
        }
    }

    fn operation(&self, resource: &Resource, verb: HttpMethod, method: &Method) -> Members {
        let at = At::method(&resource.path, verb);
        let mut operation = Members::new();
        self.published.put(Part::Method, &at, &mut operation);
        if let Some(name) = &method.operation_name {
            operation.insert("operationId".into(), name.clone().into());
        }
        let mut parameters = self.parameters(resource, method, &at);
        match self.options.format {
            ExportFormat::Swagger => {
                let (types, model) = swagger_body(method);
                if !types.is_empty() {
                    operation.insert("consumes".into(), json!(types));
                }
                let types = produced(method);
                if !types.is_empty() {
                    operation.insert("produces".into(), json!(types));
                }
                parameters.extend(model.map(|model| self.body_parameter(model, &at)));
            }
            ExportFormat::OpenApi3 => {}
        }
        if !parameters.is_empty() {
            operation.insert("parameters".into(), parameters.into());
        }
        if self.options.format == ExportFormat::OpenApi3 && !method.request_models.is_empty() {
            let mut body = Members::new();
            self.published.put(Part::RequestBody, &at, &mut body);
            body.insert("content".into(), self.content(&method.request_models));
            body.insert("required".into(), true.into());
            operation.insert("requestBody".into(), body.into());
        }
        let responses: Members = method
            .responses
            .iter()
            .map(|(status, response)| (status.clone(), self.response(status, response, &at)))
            .collect();
        operation.insert("responses".into(), responses.into());
        let security = self.schemes.requirements(method);
        if !security.is_empty() {
            operation.insert("security".into(), security.into());
        }
        self.extensions(method, &mut operation);
        operation
    }

    fn extensions(&self, method: &Method, operation: &mut Members) {
        let extensions = self.options.extensions;
        if let Some(id) = method.request_validator_id.as_ref().filter(|_| extensions.validators)
            && let Some(name) = self.validators.get(id)
        {
            let name = name.clone();
            operation.insert("x-amazon-apigateway-request-validator".into(), name.into());
        }
        if let Some(declared) = method.integration.as_ref().filter(|_| extensions.integrations) {
            let value = integration::value(declared);
            operation.insert("x-amazon-apigateway-integration".into(), value);
        }
    }

    /// The declared parameters, and every variable of the path: both formats
    /// demand these.
    fn parameters(&self, resource: &Resource, method: &Method, at: &At<'_>) -> Vec<Value> {
        let mut keys: BTreeMap<(&str, &str), bool> = method
            .request_parameters
            .iter()
            .filter_map(|(key, required)| {
                Some((key.strip_prefix("method.request.")?.split_once('.')?, *required))
            })
            .collect();
        let variables =
            resource.path.split('/').filter_map(|part| PathPart::parse(part)?.variable());
        keys.extend(variables.map(|name| (("path", name), true)));
        keys.into_iter()
            .map(|((place, name), required)| self.parameter(place, name, required, at))
            .collect()
    }

    fn parameter(&self, place: &str, name: &str, required: bool, at: &At<'_>) -> Value {
        let (location, part) = match place {
            "path" => ("path", Part::PathParameter),
            "header" => ("header", Part::RequestHeader),
            _ => ("query", Part::QueryParameter),
        };
        let mut parameter = Members::new();
        parameter.insert("name".into(), name.into());
        parameter.insert("in".into(), location.into());
        self.published.put(part, &at.named(name), &mut parameter);
        let required = required || location == "path";
        // AWS tells it always in Swagger 2.0, and in OpenAPI 3 where it is so.
        if required || self.options.format == ExportFormat::Swagger {
            parameter.insert("required".into(), required.into());
        }
        self.text_type(&mut parameter);
        parameter.into()
    }

    /// Declares a text, in the format's way.
    fn text_type(&self, members: &mut Members) {
        match self.options.format {
            ExportFormat::Swagger => members.insert("type".into(), "string".into()),
            ExportFormat::OpenApi3 => members.insert("schema".into(), json!({"type": "string"})),
        };
    }

    fn body_parameter(&self, model: &str, at: &At<'_>) -> Value {
        let mut body = Members::new();
        body.insert("in".into(), "body".into());
        body.insert("name".into(), model.into());
        self.published.put(Part::RequestBody, at, &mut body);
        body.insert("required".into(), true.into());
        body.insert("schema".into(), schema::reference(self.options.format, model));
        body.into()
    }

    fn content(&self, models: &BTreeMap<String, String>) -> Value {
        let content = |(media_type, model): (&String, &String)| {
            let schema = schema::reference(self.options.format, model);
            (media_type.clone(), json!({"schema": schema}))
        };
        models.iter().map(content).collect::<Members>().into()
    }

    fn response(&self, status: &str, response: &MethodResponse, at: &At<'_>) -> Value {
        let at = at.status(status);
        let mut members = Members::new();
        members.insert("description".into(), format!("{status} response").into());
        self.published.put(Part::Response, &at, &mut members);
        let headers: Members = response
            .response_parameters
            .iter()
            .filter_map(|(key, required)| {
                let name = key.strip_prefix("method.response.header.")?;
                Some((name.to_owned(), self.header(name, *required, &at)))
            })
            .collect();
        if !headers.is_empty() {
            members.insert("headers".into(), headers.into());
        }
        match self.options.format {
            ExportFormat::Swagger => {
                let models = &response.response_models;
                if let Some(model) = models.get(JSON).or_else(|| models.values().next()) {
                    let schema = schema::reference(self.options.format, model);
                    members.insert("schema".into(), schema);
                }
            }
            ExportFormat::OpenApi3 => {
                members.insert("content".into(), self.content(&response.response_models));
            }
        }
        members.into()
    }

    fn header(&self, name: &str, required: bool, at: &At<'_>) -> Value {
        let mut header = Members::new();
        self.published.put(Part::ResponseHeader, &at.named(name), &mut header);
        if required && self.options.format == ExportFormat::OpenApi3 {
            header.insert("required".into(), true.into());
        }
        self.text_type(&mut header);
        header.into()
    }
}

/// Swagger 2.0 has one schema for all media types of a body: that of JSON, or
/// the first. Media types of other models are left out, not misdescribed. A
/// method without a model takes what its integration has templates for.
fn swagger_body(method: &Method) -> (Vec<&str>, Option<&str>) {
    let models = &method.request_models;
    let Some(model) = models.get(JSON).or_else(|| models.values().next()) else {
        let templates = method.integration.iter().flat_map(|way| way.request_templates.keys());
        return (media_types(templates).collect(), None);
    };
    let types = models.iter().filter(|(_, other)| *other == model);
    (types.map(|(media_type, _)| media_type.as_str()).collect(), Some(model))
}

/// The media types of all responses; where none has a model, those that the
/// integration has templates for.
fn produced(method: &Method) -> BTreeSet<&str> {
    let models = method.responses.values().flat_map(|response| response.response_models.keys());
    let types: BTreeSet<&str> = models.map(String::as_str).collect();
    if !types.is_empty() {
        return types;
    }
    let answers = method.integration.iter().flat_map(|way| way.responses.values());
    media_types(answers.flat_map(|answer| answer.response_templates.keys())).collect()
}

/// The keys of templates that are media types: `$default` is none.
fn media_types<'a>(keys: impl Iterator<Item = &'a String>) -> impl Iterator<Item = &'a str> {
    keys.map(String::as_str).filter(|key| key.contains('/'))
}
