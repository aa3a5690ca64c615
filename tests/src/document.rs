//! Small API documents.

use serde_json::{Value, json};

/// An API with these paths.
pub fn api(title: &str, paths: &Value) -> Value {
    json!({"openapi": "3.0.3", "info": {"title": title, "version": "1"}, "paths": paths})
}

/// A method with this integration, which declares the response 200.
pub fn method(integration: &Value) -> Value {
    json!({
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": integration,
    })
}

/// A MOCK that answers 200 with these templates.
pub fn mock_integration(templates: &Value) -> Value {
    json!({
        "type": "mock",
        "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "responses": {"default": {"statusCode": "200", "responseTemplates": templates}},
    })
}

/// An object with further members.
pub fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

/// An API whose `GET /` is answered by the gateway with `body`.
pub fn mock(title: &str, body: &str) -> Value {
    api(title, &json!({"/": {"get": mock_method(body)}}))
}

/// A method that answers with `body`.
pub fn mock_method(body: &str) -> Value {
    method(&mock_integration(&json!({"application/json": body})))
}

/// An API whose `GET /proxy` goes to `uri`, and whose `GET /mock` answers `mark`.
pub fn proxy(title: &str, uri: &str, mark: &str) -> Value {
    let proxy = json!({"x-amazon-apigateway-integration": {
        "type": "http_proxy", "httpMethod": "GET", "uri": uri,
    }});
    api(title, &json!({"/proxy": {"get": proxy}, "/mock": {"get": mock_method(mark)}}))
}
