//! Small API documents.

use serde_json::{Value, json};

/// An API whose `GET /` is answered by the gateway with `body`.
pub fn mock(title: &str, body: &str) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1"},
        "paths": {"/": {"get": {
            "responses": {"200": {"description": "ok"}},
            "x-amazon-apigateway-integration": mock_integration(body),
        }}},
    })
}

fn mock_integration(body: &str) -> Value {
    json!({
        "type": "mock",
        "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "responses": {"default": {
            "statusCode": "200",
            "responseTemplates": {"application/json": body},
        }},
    })
}

/// An API whose `GET /proxy` goes to `uri`, and whose `GET /mock` answers `mark`.
pub fn proxy(title: &str, uri: &str, mark: &str) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1"},
        "paths": {
            "/proxy": {"get": {
                "x-amazon-apigateway-integration": {
                    "type": "http_proxy", "httpMethod": "GET", "uri": uri,
                },
            }},
            "/mock": {"get": {
                "responses": {"200": {"description": "ok"}},
                "x-amazon-apigateway-integration": mock_integration(mark),
            }},
        },
    })
}
