//! Import, export, import again: every published sample that AWS accepts, and
//! documents of our own that use every extension.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

use common::same::{self, FORMATS, assert_round_trips, imported, options, texts};
use gw_model::{Documentation, HttpMethod, RestApi};
use gw_openapi::{
    ExportFormat, Extensions, Import, Options, ShownDocumentation, export, new_rest_api, parse,
};
use serde_json::{Value, json};

fn api(import: &Import) -> RestApi {
    new_rest_api("a123456789".into(), import, &mut common::counting()).unwrap()
}

#[test]
fn every_sample_that_aws_accepts_round_trips() {
    let Some(samples) = common::samples("every_sample_that_aws_accepts_round_trips") else {
        return;
    };
    let mut seen = 0;
    for (name, bytes) in samples {
        match parse(&bytes, &Options::default()) {
            Ok(import) => {
                assert_round_trips(&name, &api(&import));
                documentation_round_trips(&name, &import);
                seen += 1;
            }
            Err(errors) => assert_eq!(name, "github-rest.json", "{name}: {errors}"),
        }
    }
    assert!(seen >= 23, "only {seen} samples");
}

#[test]
fn a_large_adapted_document_round_trips() {
    let Some(folder) = gw_testkit::samples::openapi("a_large_adapted_document_round_trips") else {
        return;
    };
    let bytes = std::fs::read(folder.join("github-rest.json")).unwrap();
    let import = parse(&bytes, &Options::adapting(None)).unwrap();
    let before = api(&import);
    // As it is beyond AWS's size limit, it comes back the way it came.
    let document = export(&before, &options(ExportFormat::OpenApi3, Extensions::all()));
    let limit = Options { max_bytes: usize::MAX, ..Options::default() };
    let again = parse(gw_openapi::to_json(&document).as_bytes(), &limit).unwrap();
    let again = new_rest_api("second".into(), &again, &mut common::counting()).unwrap();
    let said = |api| same::said(api, ExportFormat::OpenApi3);
    let entries = gw_openapi::diff(&said(&before), &said(&again));
    assert!(entries.is_empty(), "{:#?}", &entries[..entries.len().min(5)]);
}

fn document(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents");
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn documents_with_every_extension_round_trip() {
    for name in ["every-extension.oas30.yaml", "every-extension.swagger.yaml"] {
        let import = imported(std::str::from_utf8(&document(name)).unwrap());
        assert_eq!(import.warnings, Vec::<String>::new(), "{name}");
        assert_round_trips(name, &api(&import));
        documentation_round_trips(name, &import);
    }
}

#[test]
fn both_documents_with_every_extension_declare_the_same() {
    let [three, two] = ["every-extension.oas30.yaml", "every-extension.swagger.yaml"]
        .map(|name| imported(std::str::from_utf8(&document(name)).unwrap()));
    let said = |import| same::said(&api(import), ExportFormat::Swagger);
    let entries = gw_openapi::diff(&said(&three), &said(&two));
    assert!(entries.is_empty(), "{entries:#?}");
    assert_eq!(three.documentation, two.documentation);
}

/// What was documented is documented alike after a round trip.
fn documentation_round_trips(name: &str, import: &Import) {
    let parts: Documentation = import
        .documentation
        .iter()
        .enumerate()
        .map(|(number, part)| (format!("part{number:05}").as_str().into(), part.clone()))
        .collect();
    for format in FORMATS {
        for text in texts(&api(import), format, Some(&parts)) {
            let again = imported(&text);
            assert_eq!(again.documentation.len(), parts.len(), "{name} as {format:?}");
            for (before, after) in import.documentation.iter().zip(&again.documentation) {
                // The export leaves defaults out.
                let [before_at, after_at] = [before, after].map(|part| part.location.key());
                assert_eq!(before_at, after_at, "{name} as {format:?}");
                let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
                assert_eq!(value(&before.properties), value(&after.properties), "{name}");
            }
        }
    }
}

#[test]
fn extensions_are_exported_as_asked() {
    let import = imported(std::str::from_utf8(&document("every-extension.oas30.yaml")).unwrap());
    let api = api(&import);
    let of = |names: &[&str], format| {
        let mut extensions = Extensions::default();
        names.iter().for_each(|name| extensions.add(name).unwrap());
        export(&api, &options(format, extensions)).to_string()
    };
    for format in FORMATS {
        for names in [&[][..], &["postman"]] {
            let plain = of(names, format);
            assert!(!plain.contains("x-amazon"), "{plain}");
        }
        let table = [
            ("integrations", "x-amazon-apigateway-integration\"", true),
            ("integrations", "x-amazon-apigateway-policy", true),
            ("integrations", "x-amazon-apigateway-authorizer", false),
            ("integrations", "x-amazon-apigateway-request-validator", false),
            ("authorizers", "x-amazon-apigateway-authorizer", true),
            ("authorizers", "awsSigv4", true),
            ("authorizers", "x-amazon-apigateway-integration", false),
            ("validators", "x-amazon-apigateway-request-validators", true),
            ("gatewayresponses", "x-amazon-apigateway-gateway-responses", true),
            ("apigateway", "x-amazon-apigateway-integration\"", true),
            ("apigateway", "x-amazon-apigateway-authorizer", true),
            ("apigateway", "x-amazon-apigateway-request-validators", true),
            ("apigateway", "x-amazon-apigateway-gateway-responses", true),
        ];
        for (name, part, there) in table {
            assert_eq!(of(&[name], format).contains(part), there, "{name}: {part}");
        }
    }
    assert!(Extensions::default().add("soap").is_err());
}

#[test]
fn a_plain_export_names_every_verb_of_any() {
    let text = json!({"openapi": "3.0.1", "info": {"title": "t"}, "paths": {"/{p+}": {
        "get": {"operationId": "one"},
        "x-amazon-apigateway-any-method": {"operationId": "all"}}}})
    .to_string();
    let plain =
        export(&api(&imported(&text)), &options(ExportFormat::OpenApi3, Extensions::default()));
    let item = plain["paths"]["/{p+}"].as_object().unwrap();
    let verbs: Vec<&str> = item.keys().map(String::as_str).collect();
    assert_eq!(verbs, ["get", "put", "post", "delete", "patch", "options", "head"]);
    assert_eq!(item["get"]["operationId"], "one");
    assert_eq!(item["put"].get("operationId"), None);
    let any = export(&api(&imported(&text)), &options(ExportFormat::Swagger, Extensions::all()));
    assert_eq!(any["paths"]["/{p+}"]["x-amazon-apigateway-any-method"]["operationId"], "all");
}

#[test]
fn published_documentation_stands_at_its_entities() {
    let parts = |list: &Value| -> Documentation {
        let parts = list.as_array().unwrap().iter().enumerate();
        parts
            .map(|(number, part)| {
                let location = serde_json::from_value(part["location"].clone()).unwrap();
                let properties = part["properties"].to_string();
                let part = gw_model::DocumentationPart { location, properties };
                (number.to_string().as_str().into(), part)
            })
            .collect()
    };
    let text = json!({"openapi": "3.0.1", "info": {"title": "t", "description": "own"}, "paths": {
        "/a": {}, "/a/{id}": {"get": {"responses": {"200": {"headers": {"X": {}}}}}}}})
    .to_string();
    let parts = parts(&json!([
        {"location": {"type": "API"}, "properties":
            {"x-api": 1, "description": "not OpenAPI's", "info": {"description": "said", "x": 1}}},
        {"location": {"type": "RESOURCE", "path": "/a"}, "properties": {"description": "r"}},
        {"location": {"type": "METHOD", "path": "/a"}, "properties": {"summary": "s", "foo": 1}},
        {"location": {"type": "PATH_PARAMETER", "path": "/", "name": "id"},
            "properties": {"description": "id"}},
        {"location": {"type": "RESPONSE", "statusCode": "200"}, "properties": {"description": "ok"}},
        {"location": {"type": "RESPONSE_HEADER", "name": "X"}, "properties": {"description": "h"}},
    ]));
    let [json, _] = texts(&api(&imported(&text)), ExportFormat::OpenApi3, Some(&parts));
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["x-api"], 1);
    assert_eq!(document.get("description"), None);
    assert_eq!(document["info"]["description"], "said");
    assert_eq!(document["paths"]["/a"]["description"], "r");
    let get = &document["paths"]["/a/{id}"]["get"];
    assert_eq!((&get["summary"], get.get("foo")), (&json!("s"), None));
    assert_eq!(get["parameters"][0]["description"], "id");
    assert_eq!(get["responses"]["200"]["description"], "ok");
    assert_eq!(get["responses"]["200"]["headers"]["X"]["description"], "h");
    let extension = &document["x-amazon-apigateway-documentation"];
    assert_eq!(extension["version"], "1");
    assert_eq!(extension["documentationParts"].as_array().unwrap().len(), 6);
    // Defaults of a location need not be said.
    let pets = &extension["documentationParts"][3]["location"];
    assert_eq!(pets, &json!({"type": "PATH_PARAMETER", "name": "id"}));
    // A plain document has the words, but no extension of AWS's; one with
    // other extensions has neither.
    let [plain, integrations] = ["", "integrations"].map(|name| {
        let mut extensions = Extensions::default();
        if !name.is_empty() {
            extensions.add(name).unwrap();
        }
        let mut options = options(ExportFormat::OpenApi3, extensions);
        options.documentation =
            Some(ShownDocumentation { version: "1", created: "2026", parts: &parts });
        export(&api(&imported(&text)), &options)
    });
    assert_eq!(plain["info"]["description"], "said");
    assert_eq!(plain["paths"]["/a/{id}"]["get"]["summary"], "s");
    assert_eq!(plain.get("x-amazon-apigateway-documentation"), None);
    assert_eq!(integrations["paths"]["/a/{id}"]["get"].get("summary"), None);
}

#[test]
fn names_that_collide_stay_apart() {
    // A user may call an authorizer as we call the scheme of signed requests.
    let text = json!({"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {"/a": {
        "get": {"security": [{"sigv4": []}], "responses": {}},
        "put": {"security": [{"signed": []}, {"key": []}], "responses": {}}}},
        "components": {"securitySchemes": {
            "sigv4": {"type": "apiKey", "in": "header", "name": "Authorization",
                "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri":
                    "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/f/invocations"}},
            "signed": {"type": "apiKey", "in": "header", "name": "Authorization",
                "x-amazon-apigateway-authtype": "awsSigv4"},
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}}})
    .to_string();
    let api = api(&imported(&text));
    let methods = &api.resources.values().find(|r| r.path == "/a").unwrap().methods;
    assert_eq!(methods[&HttpMethod::Get].authorization_type, "CUSTOM");
    assert_eq!(methods[&HttpMethod::Put].authorization_type, "AWS_IAM");
    assert_round_trips("colliding names", &api);
}

#[test]
fn swagger_tells_media_types_of_models_else_of_templates() {
    let mock = json!({"type": "mock", "requestTemplates": {"application/json": "{}"}, "responses":
        {"default": {"statusCode": "200", "responseTemplates": {"text/html": "<p>"}}}});
    let answered =
        json!({"200": {"content": {"application/json": {"schema": {"type": "object"}}}}});
    let paths = json!({
        "/bare": {"get": {"responses": {"200": {}}, "x-amazon-apigateway-integration": {"type": "mock"}}},
        "/page": {"get": {"responses": {"200": {}}, "x-amazon-apigateway-integration": mock}},
        "/model": {"post": {
            "parameters": [{"name": "q", "in": "query"}, {"name": "h", "in": "header", "required": true}],
            "requestBody": {"content": {"text/xml": {"schema": {"type": "object"}}}},
            "responses": answered, "x-amazon-apigateway-integration": mock}}});
    let api = api(&common::import(&common::openapi(paths), &Options::default()));
    let document = export(&api, &options(ExportFormat::Swagger, Extensions::default()));
    let types = |path: &str, verb: &str| {
        let operation = &document["paths"][path][verb];
        (operation.get("consumes").cloned(), operation.get("produces").cloned())
    };
    assert_eq!(types("/bare", "get"), (None, None));
    let page = (Some(json!(["application/json"])), Some(json!(["text/html"])));
    assert_eq!(types("/page", "get"), page);
    let model = (Some(json!(["text/xml"])), Some(json!(["application/json"])));
    assert_eq!(types("/model", "post"), model);
    // Swagger says of each parameter whether it must be there, OpenAPI of some.
    let required = |format| {
        let document = export(&api, &options(format, Extensions::default()));
        let list = document["paths"]["/model"]["post"]["parameters"].as_array().unwrap().clone();
        let of =
            |name| list.iter().find(|one| one["name"] == name).unwrap().get("required").cloned();
        (of("h"), of("q"))
    };
    assert_eq!(required(ExportFormat::Swagger), (Some(json!(true)), Some(json!(false))));
    assert_eq!(required(ExportFormat::OpenApi3), (Some(json!(true)), None));
}
