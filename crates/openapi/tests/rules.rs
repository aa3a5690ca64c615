//! What AWS refuses of a document, one table each.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{import, openapi, with};
use gw_openapi::{Options, Refusal, parse};
use serde_json::{Value, json};

fn refusal(document: &Value) -> String {
    parse(document.to_string().as_bytes(), &Options::default()).unwrap_err().to_string()
}

fn mock() -> Value {
    json!({"type": "mock"})
}

#[test]
fn unreadable_documents() {
    let table = [
        ("", "Invalid OpenAPI input. "),
        ("[]", "Invalid OpenAPI input. The document is not an object."),
        ("{}", "Invalid OpenAPI input. The document has no 'openapi' or 'swagger' version."),
        ("swagger: '1.2'", "Invalid OpenAPI input. Swagger version '1.2' is not supported."),
        ("openapi: 4.0.0", "Invalid OpenAPI input. OpenAPI version '4.0.0' is not supported."),
        ("{\"openapi\": \"3.0.0\",\n \"info\" 1}", "at line 2 column 9"),
    ];
    for (text, expected) in table {
        let errors = parse(text.as_bytes(), &Options::default()).unwrap_err();
        assert_eq!(errors.kind, Refusal::Unreadable, "{text}: {errors}");
        assert!(errors.to_string().contains(expected), "{text}: {errors}");
    }
}

#[test]
fn all_faults_are_reported_together() {
    let document = with(
        openapi(json!({
            "/pets/{id}": {"get": {"x-amazon-apigateway-integration": {"type": "http", "httpMethod": "GET"}}},
            "/pets/{name}": {"get": {"parameters": [{"$ref": "#/components/parameters/no"}]}},
            "/f/{p+}/x": {},
            "/q": {"get": {"parameters": [{"name": "page[size]", "in": "query"}]}},
        })),
        "components",
        json!({"schemas": {"Pet": {"properties": {"o": {"$ref": "#/components/schemas/Owner"}}}}}),
    );
    assert_eq!(
        refusal(&document),
        "Errors found during import:\n\
         \tUnable to create model for 'Pet': Invalid model specified: Validation Result: warnings : [], errors : [Invalid model specified: Owner]\n\
         \tUnable to create resource at path '/pets/{name}': A sibling ({id}) of this resource already has a variable path part -- only one is allowed\n\
         \tUnable to create resource at path '/f/{p+}/x': Cannot create a child of a resource with a greedy path variable: {p+}\n\
         \tUnable to put integration on 'GET' for resource at path '/pets/{id}': Invalid HTTP endpoint specified for URI\n\
         \tParse issue: attribute paths.'/pets/{name}'(get).parameters[0].#/components/parameters/no is missing\n\
         \tUnable to put method 'GET' on resource at path '/q': Invalid mapping expression specified: Validation Result: warnings : [], errors : [Parameter name should match the following regular expression: ^[a-zA-Z0-9._$-]+$]"
    );
}

#[test]
fn faults_of_paths() {
    let table = [
        (
            json!({"/a": {}, "/a/": {}}),
            "Unable to create resource at path '/a/': Another resource with the same parent already has this name: a",
        ),
        (json!({"a": {}}), "Unable to create resource at path 'a': Resource a should start with /"),
        (
            json!({"/{a+}": {}, "/{b+}": {}}),
            "Unable to create resource at path '/{b+}': A sibling ({a+})",
        ),
        (
            json!({"/a|b": {}}),
            "Unable to create resource at path '/a|b': Resource's path part only allow",
        ),
        (json!([]), "Parse issue: attribute paths is not of type `object`"),
        (json!({"/a": 3}), "Parse issue: attribute paths.'/a' is not of type `object`"),
    ];
    for (paths, expected) in table {
        let text = refusal(&openapi(paths));
        assert!(text.starts_with("Errors found during import:\n\t"), "{text}");
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn faults_of_references() {
    let table = [
        json!({"responses": {"200": {"$ref": "#/components/responses/no"}}}),
        json!({"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/no"}}}}}}),
        json!({"requestBody": {"$ref": "#/components/requestBodies/no"}}),
        json!({"requestBody": {"content": {"application/json": {"schema": {"$ref": "other.yaml#/no"}}}}}),
        json!({"parameters": [{"$ref": "#/components/parameters/no"}]}),
        json!({"security": [{"no": []}]}),
        json!({"x-amazon-apigateway-request-validator": "no"}),
    ];
    for operation in table {
        let text = refusal(&openapi(json!({"/x": {"get": operation.clone()}})));
        assert!(text.contains("no") && text.contains("/x"), "{operation}: {text}");
    }
    let circle = with(
        openapi(json!({"/x": {"get": {"parameters": [{"$ref": "#/components/parameters/a"}]}}})),
        "components",
        json!({"parameters": {"a": {"$ref": "#/components/parameters/a"}}}),
    );
    assert!(refusal(&circle).contains("#/components/parameters/a is missing"));
}

#[test]
fn faults_of_integrations() {
    let arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations";
    let table = [
        (json!({}), "Enumeration value for IntegrationType must be non-empty"),
        (json!({"type": "soap"}), "Invalid integration type 'soap' specified"),
        (
            json!({"type": "http_proxy", "uri": "http://h"}),
            "Enumeration value for HttpMethod must be non-empty",
        ),
        (
            json!({"type": "http_proxy", "uri": "http://h", "httpMethod": "FETCH"}),
            "Invalid HttpMethod specified.",
        ),
        (
            json!({"type": "http_proxy", "httpMethod": "any"}),
            "Invalid HTTP endpoint specified for URI",
        ),
        (
            json!({"type": "http", "uri": "h/x", "httpMethod": "GET"}),
            "Invalid HTTP endpoint specified for URI",
        ),
        (json!({"type": "aws", "httpMethod": "POST"}), "Invalid ARN specified in the request"),
        (
            json!({"type": "aws", "uri": "arn:aws:apigateway:r:sqs:nope/x", "httpMethod": "POST"}),
            "AWS ARN for integration must contain path or action",
        ),
        (
            json!({"type": "aws_proxy", "httpMethod": "POST", "uri": "arn:aws:apigateway:r:sqs:path/x"}),
            "Integrations of type 'AWS_PROXY' currently only supports Lambda",
        ),
        (
            json!({"type": "aws_proxy", "httpMethod": "POST", "uri": arn, "timeoutInMillis": 300_001}),
            "Timeout should be between 50 ms and 29000 ms",
        ),
        (
            json!({"type": "mock", "requestParameters": {"integration.request.header.a": "true"}}),
            "errors : [Invalid mapping expression specified: true]",
        ),
        (
            json!({"type": "mock", "requestParameters": {"header.a": "'x'"}}),
            "errors : [Invalid mapping expression specified: header.a]",
        ),
        (
            json!({"type": "mock", "requestTemplates": {"123": "x"}}),
            "Validation Result: warnings : [], errors : [Invalid content type specified: 123]",
        ),
        (
            json!({"type": "mock", "responses": {"default": {}}}),
            "Invalid status code '' specified for response 'default'",
        ),
        (json!(7), "the integration is not of type `object`"),
    ];
    for (integration, expected) in table {
        let operation = json!({"x-amazon-apigateway-integration": integration.clone()});
        let text = refusal(&openapi(json!({"/x": {"get": operation}})));
        assert!(text.contains(" on 'GET' for resource at path '/x': "), "{text}");
        assert!(text.contains(expected), "{integration}: {text}");
    }
}

#[test]
fn warnings_are_kept_or_refuse() {
    let document = openapi(json!({
        "/test": {"get": {"x-amazon-apigateway-integration": {"type": "mock",
            "requestParameters": {"integration.request.header.nothing": true}}}},
        "/events": {"post": {"responses": {"201": {"content": {"application/json": {"schema": {"type": "string"}}}}}}},
        "/c": {"put": {"requestBody": {"content": {"application/json": {"schema": {"allOf": []}}}}}},
    }));
    let document = with(document, "servers", json!([{"url": "https://a"}, {"url": "https://b"}]));
    let expected = [
        "More than one server provided. Ignoring all but the first for defining endpoint configuration",
        "Invalid format for 'requestParameters'. Expected type string for property \
         'integration.request.header.nothing' of resource '/test' and method 'GET' but got 'true'",
        "Unsupported model type 'StringSchema' in 201 response to method 'POST /events'. Ignoring.",
        "Unsupported model type 'Content' in request schema for 'PUT /c'. Ignoring.",
    ];
    assert_eq!(import(&document, &Options::default()).warnings, expected);
    let options = Options { fail_on_warnings: true, ..Options::default() };
    let errors = parse(document.to_string().as_bytes(), &options).unwrap_err();
    assert_eq!(
        errors.to_string(),
        format!("Warnings found during import:\n\t{}", expected.join("\n\t"))
    );
}

#[test]
fn references_cannot_unfold_without_bound() {
    let shared = json!({"get": {"description": "x".repeat(100_000), "responses": {
        "200": {"$ref": "#/components/responses/big"}}}});
    let paths: serde_json::Map<String, Value> = (0..1000)
        .map(|at| (format!("/p{at}"), json!({"$ref": "#/components/pathItems/all"})))
        .collect();
    let document = with(
        openapi(paths.into()),
        "components",
        json!({"pathItems": {"all": shared}, "responses": {"big": {"description": "y".repeat(100_000)}}}),
    );
    let text = refusal(&document);
    assert!(text.contains("unfolds to more than 64 MB through references"), "{text}");
}

#[test]
fn an_oversized_document_is_a_fault_beside_others() {
    let document = openapi(json!({"/a b": {}}));
    let options = Options { max_bytes: 10, ..Options::default() };
    let text = parse(document.to_string().as_bytes(), &options).unwrap_err().to_string();
    assert!(text.contains("exceeds the limit of 10 bytes"), "{text}");
    assert!(text.contains("'/a b'"), "{text}");
}

/// Schemas that draft 4 does not allow.
#[test]
fn faults_of_schemas() {
    let schema = json!({
        "type": "object", "required": [], "example": {"a": 1}, "contentEncoding": "base64",
        "properties": {
            "a/b": {"type": "strin", "nullable": true},
            "c": {"enum": ["x", "x"], "minimum": "1", "items": []},
            "d": {"type": "string", "enum": ["x"], "nullable": true, "pattern": "^(x$"},
            "e": {"exclusiveMinimum": true}
        }
    });
    let document = json!({"openapi": "3.0.0", "info": {"title": "t"},
        "components": {"schemas": {"Pet": schema}}, "paths": {"/x": {"get": mock()}}});
    let wanted = "Unable to create model for 'Pet': Invalid model specified: Validation Result: \
                  warnings : [], errors : [Invalid model schema specified. ";
    let error = refusal(&document);
    assert!(error.contains(wanted), "{error}");
    let faults = [
        "/required: must be a list of strings, not empty",
        "/properties/a~1b/type: must be array, boolean, integer, null, number, object or string, or",
        "/properties/c/enum: must not have equal elements",
        "/properties/c/minimum: must be a number",
        "/properties/c/items: must be a list of schemas, not empty",
        "/properties/d/pattern: no regular expression of ECMA 262: unclosed (",
        "/properties/e/exclusiveMinimum: needs minimum",
    ];
    for fault in faults {
        assert!(error.contains(fault), "{fault} in {error}");
    }
    let adapted = import(&document, &Options::adapting(Some("http://backend.test".to_owned())));
    let dropped: Vec<&str> = adapted.adaptations.iter().map(|one| one.detail.as_str()).collect();
    assert!(
        faults.iter().all(|fault| dropped.iter().any(|one| one.contains(fault))),
        "{dropped:?}"
    );
    let left: Value = serde_json::from_str(&adapted.models["Pet"].schema).unwrap();
    assert_eq!(
        left,
        json!({"type": "object", "properties": {
            "a/b": {}, "c": {}, "d": {"type": ["string", "null"], "enum": ["x", null]}, "e": {}
        }})
    );
}
