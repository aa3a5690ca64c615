//! Imports meet working copies, and working copies are compared.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use gw_model::{HttpMethod, RestApi};
use gw_openapi::{Change, Import, Mode, Options, apply, diff, new_rest_api, parse};
use serde_json::{Value, json};

fn import(document: &Value, mode: Mode) -> Import {
    let options = Options { mode, ..Options::default() };
    parse(document.to_string().as_bytes(), &options).unwrap_or_else(|errors| panic!("{errors}"))
}

fn first() -> Value {
    json!({"openapi": "3.0.1", "info": {"title": "one", "description": "d", "version": "1"},
        "x-amazon-apigateway-binary-media-types": ["image/png"],
        "x-amazon-apigateway-minimum-compression-size": 5,
        "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": true}, "old": {}},
        "x-amazon-apigateway-gateway-responses": {"THROTTLED": {"statusCode": "430"}},
        "paths": {
            "/pets": {"get": {"x-amazon-apigateway-integration": {"type": "mock"},
                              "x-amazon-apigateway-request-validator": "all"},
                      "post": {"x-amazon-apigateway-integration": {"type": "mock"}}},
            "/pets/{id}": {"get": {"operationId": "pet"}},
            "/old/deep/path": {"get": {}},
        },
        "components": {"schemas": {"Pet": {"type": "object"}, "Old": {"type": "object",
            "properties": {"pet": {"$ref": "#/components/schemas/Pet"}}}}}})
}

fn second() -> Value {
    json!({"openapi": "3.0.1", "info": {"title": "two"},
        "x-amazon-apigateway-binary-media-types": ["image/gif", "image/png"],
        "x-amazon-apigateway-request-validators": {"all": {"validateRequestParameters": true}},
        "paths": {
            "/pets": {"get": {"operationId": "list", "x-amazon-apigateway-request-validator": "all"}},
            "/pets/{id}/toys": {"get": {}},
        },
        "components": {"schemas": {"Pet": {"type": "array"}, "New": {"type": "object"}}}})
}

/// The API of [`first`], and the source of further ids.
fn existing() -> (RestApi, impl FnMut(gw_openapi::IdKind) -> String) {
    let mut ids = common::counting();
    let api = new_rest_api("api1".into(), &import(&first(), Mode::Create), &mut ids).unwrap();
    (api, ids)
}

fn paths(api: &RestApi) -> Vec<&str> {
    let mut paths: Vec<_> = api.resources.values().map(|r| r.path.as_str()).collect();
    paths.sort_unstable();
    paths
}

fn id_of(api: &RestApi, path: &str) -> String {
    api.resources.iter().find(|(_, r)| r.path == path).unwrap().0.to_string()
}

fn verbs(api: &RestApi, path: &str) -> Vec<HttpMethod> {
    api.resources.values().find(|r| r.path == path).unwrap().methods.keys().copied().collect()
}

#[test]
fn a_new_api_holds_the_document() {
    let (api, _) = existing();
    assert_eq!((api.name.as_str(), api.version.as_deref()), ("one", Some("1")));
    assert_eq!(paths(&api), ["/", "/old", "/old/deep", "/old/deep/path", "/pets", "/pets/{id}"]);
    for resource in api.resources.values() {
        match &resource.parent_id {
            None => assert_eq!((resource.path.as_str(), resource.path_part.as_str()), ("/", "")),
            Some(parent) => {
                let parent = api.resources[parent].path.trim_end_matches('/');
                assert_eq!(resource.path, format!("{parent}/{}", resource.path_part));
            }
        }
    }
    assert!(id_of(&api, "/").starts_with("rootresource"));
    let old = api.models["Old"].schema.as_deref().unwrap();
    assert!(old.contains("https://apigateway.amazonaws.com/restapis/api1/models/Pet"), "{old}");
    let get =
        &api.resources.values().find(|r| r.path == "/pets").unwrap().methods[&HttpMethod::Get];
    let validator = &api.request_validators[get.request_validator_id.as_ref().unwrap()];
    assert_eq!(validator.name, "all");
}

#[test]
fn merging_replaces_and_keeps() {
    let (api, mut ids) = existing();
    let merged =
        apply(api.clone(), &import(&second(), Mode::Merge), Mode::Merge, &mut ids).unwrap();
    assert_eq!(merged.name, "two");
    assert_eq!(merged.description.as_deref(), Some("d"));
    assert_eq!(merged.minimum_compression_size_bytes, Some(5));
    assert_eq!(merged.binary_media_types, ["image/png", "image/gif"]);
    assert_eq!(merged.gateway_responses.len(), 1);
    assert_eq!(
        paths(&merged),
        ["/", "/old", "/old/deep", "/old/deep/path", "/pets", "/pets/{id}", "/pets/{id}/toys"]
    );
    assert_eq!(verbs(&merged, "/pets"), [HttpMethod::Get, HttpMethod::Post]);
    let names: Vec<_> = merged.models.keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["New", "Old", "Pet"]);
    assert_eq!(merged.models["Pet"].id, api.models["Pet"].id);
    assert_eq!(merged.models["Pet"].schema.as_deref(), Some(r#"{"type":"array"}"#));
    assert_eq!(merged.request_validators.len(), 2);
}

#[test]
fn overwriting_deletes_and_keeps_ids() {
    let (api, mut ids) = existing();
    let mode = Mode::Overwrite;
    let over = apply(api.clone(), &import(&second(), mode), mode, &mut ids).unwrap();
    assert_eq!(over.description, None);
    assert_eq!(over.minimum_compression_size_bytes, None);
    assert_eq!(over.binary_media_types, ["image/gif", "image/png"]);
    assert_eq!(over.gateway_responses.len(), 0);
    assert_eq!(paths(&over), ["/", "/pets", "/pets/{id}", "/pets/{id}/toys"]);
    assert_eq!(verbs(&over, "/pets"), [HttpMethod::Get]);
    assert_eq!(verbs(&over, "/pets/{id}"), []);
    for path in ["/", "/pets", "/pets/{id}"] {
        assert_eq!(id_of(&over, path), id_of(&api, path), "{path}");
    }
    let validators: Vec<_> = over.request_validators.values().map(|v| v.name.as_str()).collect();
    assert_eq!(validators, ["all"]);
    assert!(over.request_validators.keys().all(|id| api.request_validators.contains_key(id)));
    assert_eq!(over.models["Pet"].id, api.models["Pet"].id);
}

#[test]
fn faults_that_show_only_together() {
    let document = json!({"openapi": "3.0.1", "info": {"title": "x"}, "paths": {
        "/pets/{name}": {"get": {}},
        "/x": {"get": {"x-amazon-apigateway-request-validator": "nowhere",
            "requestBody": {"content": {"application/json": {"schema": {"$ref":
                "https://apigateway.amazonaws.com/restapis/api1/models/Gone"}}}}}}}});
    let (api, mut ids) = existing();
    let errors =
        apply(api, &import(&document, Mode::Merge), Mode::Merge, &mut ids).unwrap_err().to_string();
    for part in [
        "Unable to create resource at path '/pets/{name}': A sibling ({id})",
        "'GET' on resource at path '/x': Invalid Request Validator identifier specified: nowhere",
        "'GET' on resource at path '/x': Invalid model identifier specified: Gone",
    ] {
        assert!(errors.contains(part), "{errors}");
    }
}

#[test]
fn a_merge_may_refer_to_what_is_there() {
    let document = json!({"openapi": "3.0.1", "info": {"title": "x"}, "paths": {
        "/x": {"get": {"x-amazon-apigateway-request-validator": "old",
            "requestBody": {"content": {"application/json": {"schema": {"$ref":
                "https://apigateway.amazonaws.com/restapis/api1/models/Old"}}}}}}}});
    let (api, mut ids) = existing();
    let merged = apply(api, &import(&document, Mode::Merge), Mode::Merge, &mut ids).unwrap();
    let get =
        &merged.resources.values().find(|r| r.path == "/x").unwrap().methods[&HttpMethod::Get];
    assert_eq!(get.request_models["application/json"], "Old");
    assert_eq!(merged.request_validators[get.request_validator_id.as_ref().unwrap()].name, "old");
}

#[test]
fn differences_part_by_part() {
    let (api, mut ids) = existing();
    assert_eq!(diff(&api, &api), []);
    // The same document under other ids is no difference.
    let mut others = |kind| format!("other-{}", ids(kind));
    let twin = new_rest_api("api2".into(), &import(&first(), Mode::Create), &mut others).unwrap();
    assert_eq!(diff(&api, &twin), []);

    let mode = Mode::Overwrite;
    let over = apply(api.clone(), &import(&second(), mode), mode, &mut ids).unwrap();
    let entries = diff(&api, &over);
    let found: Vec<String> = entries
        .iter()
        .map(|entry| {
            format!("{:?} {} {}", entry.change, entry.what, entry.path).trim_end().to_owned()
        })
        .collect();
    assert_eq!(
        found,
        [
            "Removed GET /old/deep/path",
            "Changed GET /pets /integration",
            "Changed GET /pets /operationName",
            "Removed GET /pets/{id}",
            "Added GET /pets/{id}/toys",
            "Removed POST /pets",
            "Changed api binaryMediaTypes",
            "Removed api description",
            "Removed api minimumCompressionSizeBytes",
            "Changed api name",
            "Removed api version",
            "Removed gateway response THROTTLED",
            "Added model New",
            "Removed model Old",
            "Changed model Pet /schema/type",
            "Removed resource /old",
            "Removed resource /old/deep",
            "Removed resource /old/deep/path",
            "Added resource /pets/{id}/toys",
            "Changed validator all /validateRequestBody",
            "Changed validator all /validateRequestParameters",
            "Removed validator old",
        ]
    );
    let name = entries.iter().find(|entry| entry.what == "api name").unwrap();
    assert_eq!((&name.from, &name.to), (&Some(json!("one")), &Some(json!("two"))));
    let back = diff(&over, &api);
    assert_eq!(back.len(), entries.len());
    assert_eq!(back.iter().filter(|entry| entry.change == Change::Added).count(), 12);
}

#[test]
fn a_merged_model_refers_to_what_is_there() {
    let (api, mut ids) = existing();
    let naming = |model: &str| {
        let reference = format!("https://apigateway.amazonaws.com/restapis/any/models/{model}");
        json!({"openapi": "3.0.1", "info": {"title": "one"}, "paths": {},
               "components": {"schemas": {"More": {"type": "array", "items": {"$ref": reference}}}}})
    };
    let known = import(&naming("Pet"), Mode::Merge);
    let merged = apply(api.clone(), &known, Mode::Merge, &mut ids).unwrap();
    let schema = merged.models["More"].schema.as_deref().unwrap();
    assert!(schema.contains("restapis/api1/models/Pet"), "{schema}");
    let unknown = import(&naming("Nobody"), Mode::Merge);
    let refused = apply(api, &unknown, Mode::Merge, &mut ids).unwrap_err().to_string();
    assert!(refused.contains("Unable to create model for 'More'"), "{refused}");
    assert!(refused.contains("Unknown model reference: Nobody"), "{refused}");
}

#[test]
fn what_the_document_is_silent_of_stays_in_endpoint_settings() {
    let (mut api, mut ids) = existing();
    api.security_policy = Some("TLS_1_2".to_owned());
    api.endpoint_access_mode = Some("STRICT".to_owned());
    api.disable_execute_api_endpoint = true;
    let mode = Mode::Overwrite;
    let over = apply(api, &import(&second(), mode), mode, &mut ids).unwrap();
    assert_eq!(over.security_policy.as_deref(), Some("TLS_1_2"));
    assert_eq!(over.endpoint_access_mode.as_deref(), Some("STRICT"));
    assert!(over.disable_execute_api_endpoint);
}
