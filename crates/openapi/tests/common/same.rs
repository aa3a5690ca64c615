//! Round trips, and what "equal" means after one: ids aside, and aside from
//! what a format has no words for (see `gw_openapi::export`).

use std::collections::{BTreeMap, BTreeSet};

use gw_model::{Authorizer, Documentation, Method, RestApi, name::PathPart};
use gw_openapi::{
    ExportFormat, ExportOptions, Extensions, Import, Options, ShownDocumentation, diff, export,
    new_rest_api, parse, to_json, to_yaml,
};
use serde_json::Value;

pub(crate) const CREATED: &str = "2016-09-12T17:50:37Z";
pub(crate) const FORMATS: [ExportFormat; 2] = [ExportFormat::OpenApi3, ExportFormat::Swagger];

pub(crate) fn options(format: ExportFormat, extensions: Extensions) -> ExportOptions<'static> {
    ExportOptions {
        format,
        extensions,
        scheme: "https",
        host: "a123456789.execute-api.us-east-1.example.com",
        stage: "prod",
        created: CREATED,
        documentation: None,
    }
}

/// Every text of the exported API: JSON and YAML.
pub(crate) fn texts(
    api: &RestApi,
    format: ExportFormat,
    documentation: Option<&Documentation>,
) -> [String; 2] {
    let mut options = options(format, Extensions::all());
    options.documentation =
        documentation.map(|parts| ShownDocumentation { version: "1", created: CREATED, parts });
    let document = export(api, &options);
    [to_json(&document), to_yaml(&document).unwrap()]
}

pub(crate) fn imported(text: &str) -> Import {
    parse(text.as_bytes(), &Options::default()).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// Exports and imports again, in every format and syntax, and compares.
pub(crate) fn assert_round_trips(name: &str, api: &RestApi) {
    for format in FORMATS {
        for text in texts(api, format, None) {
            let import = imported(&text);
            assert!(import.warnings.is_empty(), "{name}: {:?}", import.warnings);
            let ids = &mut super::counting();
            let again = new_rest_api("second".into(), &import, ids).unwrap();
            let (expected, found) = (said(api, format), said(&again, format));
            let entries = diff(&expected, &found);
            assert!(entries.is_empty(), "{name} as {format:?}: {entries:#?}\n{text}");
        }
    }
}

/// The API as the format can say it.
pub(crate) fn said(api: &RestApi, format: ExportFormat) -> RestApi {
    let mut said = api.clone();
    said.version.get_or_insert_with(|| CREATED.to_owned());
    said.endpoint_configuration.endpoint_type = Default::default();
    said.endpoint_configuration.ip_address_type = None;
    said.policy = api.policy.as_ref().map(|policy| {
        let value: Value = serde_json::from_str(policy).unwrap();
        // As AWS, an export keeps the ARNs that name the API it came from.
        let ids = ["first12345", "a123456789", "second"];
        ids.iter().fold(value.to_string(), |text, id| text.replace(&format!(":{id}/"), ":{apiId}/"))
    });
    for model in said.models.values_mut() {
        let text = model.schema.clone().unwrap_or_else(|| "{}".to_owned());
        let mut schema: Value = serde_json::from_str(&text).unwrap();
        schema.as_object_mut().unwrap().shift_remove("$schema");
        model.description = schema["description"].as_str().map(str::to_owned);
        model.content_type = "application/json".to_owned();
        model.schema = Some(schema.to_string());
    }
    said.authorizers.values_mut().for_each(authorizer);
    for resource in said.resources.values_mut() {
        let variables: Vec<String> = resource
            .path
            .split('/')
            .filter_map(|part| PathPart::parse(part)?.variable())
            .map(|name| format!("method.request.path.{name}"))
            .collect();
        for method in resource.methods.values_mut() {
            method.request_parameters.extend(variables.iter().map(|key| (key.clone(), true)));
            for (key, required) in &mut method.request_parameters {
                *required |= key.starts_with("method.request.path.");
            }
            for response in method.integration.iter_mut().flat_map(|i| i.responses.values_mut()) {
                response.selection_pattern.take_if(|pattern| pattern.is_empty());
            }
            if format == ExportFormat::Swagger {
                swagger(method);
            }
        }
    }
    said
}

fn authorizer(authorizer: &mut Authorizer) {
    if authorizer.kind != "JWT" {
        let cognito = authorizer.kind == "COGNITO_USER_POOLS";
        let default = if cognito { "cognito_user_pools" } else { "custom" };
        authorizer.auth_type.get_or_insert_with(|| default.to_owned());
    }
}

/// One body schema per operation, one list of media types for all responses,
/// no flag on a response's header.
fn swagger(method: &mut Method) {
    let first = |models: &BTreeMap<String, String>| {
        models.get("application/json").or_else(|| models.values().next()).cloned()
    };
    let body = first(&method.request_models);
    method.request_models.retain(|_, model| Some(&*model) == body.as_ref());
    let produced: BTreeSet<String> = method
        .responses
        .values()
        .flat_map(|response| response.response_models.keys().cloned())
        .collect();
    for response in method.responses.values_mut() {
        response.response_parameters.values_mut().for_each(|required| *required = false);
        if let Some(model) = first(&response.response_models) {
            response.response_models =
                produced.iter().map(|media_type| (media_type.clone(), model.clone())).collect();
        }
    }
}
