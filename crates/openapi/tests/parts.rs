//! What the parts of a document owe to each other: mappings to declarations,
//! documentation to entities, operations to the root, schemas to draft 4.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{import, openapi, with};
use gw_model::HttpMethod;
use gw_openapi::{Options, parse};
use serde_json::{Value, json};

#[test]
fn variables_of_a_path_need_no_declaration() {
    let way = json!({"type": "http_proxy", "httpMethod": "ANY", "uri": "http://h/{a}", "requestParameters":
        {"integration.request.path.a": "method.request.path.rest"}});
    let document = openapi(json!({
        "/x/{id}": {"get": {"x-amazon-apigateway-integration": {"type": "mock"}}},
        "/x/{id}/{rest+}": {"x-amazon-apigateway-any-method":
            {"parameters": [{"name": "q", "in": "query"}], "x-amazon-apigateway-integration": way}}}));
    let import = import(&document, &Options::default());
    let declared = |path: &str, verb| {
        let keys = import.tree[path][&verb].request_parameters.iter();
        keys.map(|(key, required)| format!("{key}={required}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(declared("/x/{id}", HttpMethod::Get), "method.request.path.id=true");
    assert_eq!(
        declared("/x/{id}/{rest+}", HttpMethod::Any),
        "method.request.path.id=true method.request.path.rest=true \
         method.request.querystring.q=false"
    );
}

#[test]
fn what_is_mapped_is_declared() {
    let mapped = |source: &str| {
        json!({"type": "http_proxy", "httpMethod": "GET", "uri": "http://h",
               "requestParameters": {"integration.request.header.x": source}})
    };
    let answered = |status: &str| {
        json!({"type": "mock", "responses": {"default": {"statusCode": status,
               "responseParameters": {"method.response.header.x": "'v'"}}}})
    };
    let undeclared = |kind: &str, key: &str| {
        format!(
            "Unable to put {kind} on 'GET' for resource at path '/x': Invalid mapping expression \
             specified: Validation Result: warnings : [], errors : [Invalid mapping expression \
             parameter specified: {key}]"
        )
    };
    let table = [
        (mapped("method.request.header.a"), undeclared("integration", "method.request.header.a")),
        (
            mapped("method.request.multivaluequerystring.a"),
            undeclared("integration", "method.request.multivaluequerystring.a"),
        ),
        (mapped("method.request.path.id"), undeclared("integration", "method.request.path.id")),
        (answered("200"), undeclared("integration response", "method.response.header.x")),
        // AWS's own samples answer with statuses that they do not declare.
        (answered("400"), String::new()),
        (mapped("method.request.querystring.q"), String::new()),
        (mapped("method.request.multivalueheader.h"), String::new()),
        (mapped("method.request.body.a"), String::new()),
    ];
    for (integration, expected) in table {
        let operation = json!({
            "parameters": [{"name": "q", "in": "query"}, {"name": "h", "in": "header"}],
            "responses": {"200": {"headers": {"y": {}}}},
            "x-amazon-apigateway-integration": integration});
        let document = openapi(json!({"/x": {"get": operation}}));
        match parse(document.to_string().as_bytes(), &Options::default()) {
            Ok(_) => assert_eq!(expected, "", "{integration}"),
            Err(errors) => assert!(errors.to_string().contains(&expected), "{errors}"),
        }
        // Adaptation declares what is missing.
        let import = import(&document, &Options::adapting(Some("http://b".into())));
        let adapted = import.adaptations.iter().any(|one| one.kind.as_str() == "declared");
        let keys = import.tree["/x"][&HttpMethod::Get].request_parameters.len();
        assert!(!expected.contains("path.id") || keys < 3, "a path without variables has none");
        assert!(adapted || expected.is_empty() || expected.contains("path.id"), "{integration}");
    }
}

#[test]
fn an_authorization_at_the_root_holds_for_silent_operations() {
    let document = with(
        openapi(json!({"/x": {"get": {}, "put": {"x-amazon-apigateway-auth": {"type": "none"}}}})),
        "x-amazon-apigateway-auth",
        json!({"type": "aws_iam"}),
    );
    let import = import(&document, &Options::default());
    let kind = |verb| import.tree["/x"][&verb].authorization_type.as_str();
    assert_eq!((kind(HttpMethod::Get), kind(HttpMethod::Put)), ("AWS_IAM", "NONE"));
}

#[test]
fn documentation_comes_from_its_extension_or_from_members() {
    let operation = json!({"summary": "s", "tags": ["t"], "x-other": 1,
        "parameters": [{"name": "q", "in": "query", "description": "the q"},
                       {"name": "c", "in": "cookie", "description": "no entity"}],
        "requestBody": {"description": "body"},
        "responses": {"200": {"description": "200 response",
                              "headers": {"H": {"description": "the h"}}},
                      "404": {"description": "gone"}}});
    let bare = with(openapi(json!({"/x": {"get": operation}})), "tags", json!([{"name": "t"}]));
    let said = |document: &Value, options: &Options| -> Vec<String> {
        let parts = import(document, options).documentation;
        parts.iter().map(|part| format!("{}: {}", part.location, part.properties)).collect()
    };
    let at = "path '/x', method 'GET'";
    assert_eq!(
        said(&bare, &Options::default()),
        [
            r#"type 'API': {"tags":[{"name":"t"}]}"#.to_owned(),
            format!(r#"type 'METHOD', {at}: {{"tags":["t"],"summary":"s"}}"#),
            format!(r#"type 'QUERY_PARAMETER', {at}, name 'q': {{"description":"the q"}}"#),
            format!(r#"type 'REQUEST_BODY', {at}: {{"description":"body"}}"#),
            format!(
                r#"type 'RESPONSE_HEADER', {at}, statusCode '200', name 'H': {{"description":"the h"}}"#
            ),
            format!(r#"type 'RESPONSE', {at}, statusCode '404': {{"description":"gone"}}"#),
        ]
    );
    let extended = with(
        bare,
        "x-amazon-apigateway-documentation",
        json!({"documentationParts": [{"location": {"type": "API"}, "properties": {"a": 1}},
                                      {"location": {"type": "PLANET"}, "properties": {"a": 1}}]}),
    );
    assert_eq!(said(&extended, &Options::default()), [r#"type 'API': {"a":1}"#]);
    let warnings = import(&extended, &Options::default()).warnings;
    assert!(warnings[1].starts_with("Documentation part 1 ignored"), "{warnings:?}");
    let ignoring = Options { ignore_documentation: true, ..Options::default() };
    assert_eq!(said(&extended, &ignoring), Vec::<String>::new());
    assert_eq!(import(&extended, &ignoring).warnings.len(), 1);
}

#[test]
fn what_only_http_apis_have_is_ignored() {
    let document = with(
        with(openapi(json!({"/x": {"get": {}}})), "x-amazon-apigateway-cors", json!({})),
        "x-amazon-apigateway-importexport-version",
        json!("1.0"),
    );
    let document =
        with(document, "tags", json!([{"name": "team", "x-amazon-apigateway-tag-value": "blue"}]));
    let warnings = import(&document, &Options::default()).warnings;
    assert_eq!(warnings, ["x-amazon-apigateway-cors is supported for HTTP APIs only. Ignoring."]);
}

#[test]
fn openapi_31_schemas_become_draft_4() {
    let document = json!({"openapi": "3.1.0", "info": {"title": "t"}, "components": {"schemas": {
        "A": {"type": ["string", "null"], "const": "x", "examples": ["x"]},
        "B": {"type": "number", "exclusiveMinimum": 3, "exclusiveMaximum": 9},
        "C": {"type": "object", "additionalProperties": false, "properties": {"any": true, "none": false}},
        "D": {"type": "array", "prefixItems": [{"$ref": "#/components/schemas/A"}], "items": false,
              "contains": {"$ref": "#/components/schemas/B"}, "unevaluatedItems": false},
        "E": {"if": {"type": "null"}, "then": {}, "$defs": {"in": {"type": ["object", "null"]}},
              "allOf": [{"$ref": "#/components/schemas/E/$defs/in", "description": "beside"}],
              "dependencies": {"a": ["b"], "b": {"$ref": "#/components/schemas/A"}}},
    }},
    // An API need not have paths; what is called by the API itself is not served.
    "webhooks": {"paid": {"post": {"parameters": [{"$ref": "#/nowhere"}]}}},
    "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base"});
    let import = import(&document, &Options::default());
    let schema = |name: &str| serde_json::from_str::<Value>(&import.models[name].schema).unwrap();
    assert_eq!(schema("A"), json!({"type": ["string", "null"], "enum": ["x"]}));
    assert_eq!(
        schema("B"),
        json!({"type": "number", "minimum": 3, "exclusiveMinimum": true, "maximum": 9, "exclusiveMaximum": true})
    );
    assert_eq!(
        schema("C"),
        json!({"type": "object", "additionalProperties": false, "properties": {"any": {}, "none": {"not": {}}}})
    );
    let a = "https://apigateway.amazonaws.com/restapis/{apiId}/models/A";
    let none = json!({"not": {}});
    assert_eq!(
        schema("D"),
        json!({"type": "array", "items": [{"$ref": a}], "additionalItems": none})
    );
    assert_eq!(
        schema("E"),
        json!({"definitions": {"in": {"type": ["object", "null"]}},
               "allOf": [{"$ref": "#/definitions/in"}],
               "dependencies": {"a": ["b"], "b": {"$ref": a}}})
    );
    assert_eq!((import.tree.len(), import.warnings.len()), (0, 0));
}
