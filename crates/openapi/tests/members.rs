//! What the members of a document come to in an API.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{import, openapi, with};
use gw_model::{
    ApiKeySource, EndpointType, GatewayResponseType, HttpMethod, IntegrationType, Method,
};
use gw_openapi::{BasePath, Options, Variables};
use serde_json::{Value, json};

fn mock() -> Value {
    json!({"type": "mock"})
}

/// The one method of a document with one operation.
#[allow(clippy::needless_pass_by_value, reason = "callers write json! in place")]
fn method(operation: Value) -> Method {
    let import = import(&openapi(json!({"/x": {"get": operation}})), &Options::default());
    import.tree["/x"][&HttpMethod::Get].clone()
}

#[test]
fn an_integration_with_everything() {
    let method = method(
        json!({"parameters": [{"name": "id", "in": "path"}], "x-amazon-apigateway-integration": {
            "type": "HTTP", "httpMethod": "post", "uri": "https://${stageVariables.host}/{id}",
            "credentials": "arn:aws:iam::1:role/r", "passthroughBehavior": "NEVER",
            "contentHandling": "CONVERT_TO_TEXT", "timeoutInMillis": 500.0, "cacheNamespace": "ns",
            "cacheKeyParameters": ["method.request.path.id"], "connectionType": "INTERNET",
            "tlsConfig": {"insecureSkipVerification": true}, "responseTransferMode": "buffered",
            "requestParameters": {
                "integration.request.path.id": "method.request.path.id",
                "integration.request.header.a": "'static'",
                "integration.request.querystring.b": "context.requestId",
                "integration.request.header.c": "stageVariables.x",
                "integration.request.header.d": "method.request.body.a.b",
                "integration.request.header.n": true,
            },
            "requestTemplates": {"application/json": "{}", "text/plain": null, "text/html": ""},
            "responses": {
                "default": {"statusCode": 200, "responseParameters": {"method.response.header.A": "integration.response.header.B"}},
                "4\\d{2}": {"statusCode": "400", "responseTemplates": {"application/json": "no"}},
            },
        }}),
    );
    let integration = method.integration.unwrap();
    assert_eq!(integration.kind, IntegrationType::Http);
    assert_eq!(integration.http_method.as_deref(), Some("POST"));
    assert_eq!(integration.timeout_ms, 500);
    assert_eq!(integration.request_parameters.len(), 5);
    assert_eq!(integration.request_templates["text/html"], None);
    assert_eq!(integration.responses["200"].selection_pattern, None);
    assert_eq!(integration.responses["400"].selection_pattern.as_deref(), Some("4\\d{2}"));
    assert_eq!(integration.insecure_skip_verification, Some(true));
    assert_eq!(integration.response_transfer_mode.as_deref(), Some("BUFFERED"));
}

#[test]
fn parameters_bodies_and_responses() {
    let document = with(
        openapi(json!({"/x/{id}": {
            "parameters": [{"name": "id", "in": "path"}, {"name": "q", "in": "query", "required": true}],
            "x-amazon-apigateway-any-method": {
                "operationId": "do it",
                "parameters": [{"name": "q", "in": "query"}, {"$ref": "#/components/parameters/h"},
                               {"name": "c", "in": "cookie"}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                "responses": {
                    "200": {"headers": {"X-Rate": {}}, "content": {
                        "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}}}},
                    "default": {"description": "no"},
                    "4XX": {"description": "no"},
                },
            }
        }})),
        "components",
        json!({
            "parameters": {"h": {"name": "h", "in": "header", "required": true}},
            "schemas": {"Pet": {"type": "object", "description": "a pet", "properties": {
                "example": {"type": "string", "example": "x", "nullable": true},
                "next": {"$ref": "#/components/schemas/Pet"}}}},
        }),
    );
    let import = import(&document, &Options::default());
    let method = &import.tree["/x/{id}"][&HttpMethod::Any];
    assert_eq!(method.operation_name.as_deref(), Some("do it"));
    let parameters: Vec<_> =
        method.request_parameters.iter().map(|(k, v)| (k.as_str(), *v)).collect();
    assert_eq!(
        parameters,
        [
            ("method.request.header.h", true),
            ("method.request.path.id", true),
            ("method.request.querystring.q", false),
        ]
    );
    assert_eq!(method.request_models["application/json"], "Pet");
    assert_eq!(method.responses.keys().collect::<Vec<_>>(), ["200"]);
    assert!(!method.responses["200"].response_parameters["method.response.header.X-Rate"]);
    let list = &method.responses["200"].response_models["application/json"];
    assert!(list.starts_with("MODEL") && list.len() == 11, "{list}");
    let pet = "https://apigateway.amazonaws.com/restapis/{apiId}/models/Pet";
    let schema = |name: &str| serde_json::from_str::<Value>(&import.models[name].schema).unwrap();
    assert_eq!(schema(list), json!({"type": "array", "items": {"$ref": pet}}));
    assert_eq!(import.models["Pet"].description.as_deref(), Some("a pet"));
    assert_eq!(
        schema("Pet")["properties"],
        json!({"example": {"type": ["string", "null"]}, "next": {"$ref": pet}})
    );
}

#[test]
fn swagger_bodies_and_media_types() {
    let document = json!({"swagger": "2.0", "info": {"title": "t"}, "produces": ["application/xml"],
        "paths": {"/x": {"post": {
            "consumes": ["application/json", "text/json"],
            "parameters": [{"in": "body", "name": "b", "schema": {"$ref": "#/definitions/A"}},
                           {"in": "formData", "name": "f", "type": "string"}],
            "responses": {"200": {"schema": {"$ref": "A"}, "headers": {"H": {"type": "string"}}}}}}},
        "definitions": {"A": {"type": "object"}}});
    let import = import(&document, &Options::default());
    let method = &import.tree["/x"][&HttpMethod::Post];
    assert_eq!(method.request_models.keys().collect::<Vec<_>>(), ["application/json", "text/json"]);
    assert_eq!(method.responses["200"].response_models["application/xml"], "A");
    assert_eq!(import.warnings, [""; 0]);
}

#[test]
fn security_becomes_authorizers_keys_and_iam() {
    let lambda = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations";
    let operation = |security: Value| json!({"security": security});
    let document = with(
        openapi(json!({
            "/key": {"get": operation(json!([{"key": []}]))},
            "/iam": {"get": operation(json!([{"iam": []}]))},
            "/auth": {"get": {"x-amazon-apigateway-auth": {"type": "aws_iam"}}},
            "/lambda": {"get": operation(json!([{"lambda": [], "key": []}]))},
            "/pool": {"get": operation(json!([{"pool": ["a/read"]}]))},
            "/http": {"get": operation(json!([{"basic": []}]))},
            "/open": {"get": {}},
        })),
        "components",
        json!({"securitySchemes": {
            "key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            "iam": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
            "lambda": {"type": "apiKey", "name": "Token", "in": "header",
                "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": lambda}},
            "pool": {"type": "apiKey", "name": "Authorization", "in": "header",
                "x-amazon-apigateway-authtype": "cognito_user_pools",
                "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": ["arn:aws:cognito-idp:r:1:userpool/p"]}},
            "basic": {"type": "http", "scheme": "basic"},
        }}),
    );
    let document = with(document, "security", json!([{"key": []}]));
    let import = import(&document, &Options::default());
    let table = [
        ("/key", "NONE", None, true),
        ("/iam", "AWS_IAM", None, false),
        ("/auth", "AWS_IAM", None, false),
        ("/lambda", "CUSTOM", Some("lambda"), true),
        ("/pool", "COGNITO_USER_POOLS", Some("pool"), false),
        ("/http", "NONE", None, false),
        ("/open", "NONE", None, false),
    ];
    for (path, kind, authorizer, key) in table {
        let method = &import.tree[path][&HttpMethod::Get];
        assert_eq!(method.authorization_type, kind, "{path}");
        assert_eq!(method.authorizer_id.as_ref().map(|id| id.as_str()), authorizer, "{path}");
        assert_eq!(method.api_key_required, key, "{path}");
    }
    assert_eq!(import.tree["/pool"][&HttpMethod::Get].authorization_scopes, ["a/read"]);
    let lambda = &import.authorizers["lambda"];
    assert_eq!(lambda.kind, "TOKEN");
    assert_eq!(lambda.identity_source.as_deref(), Some("method.request.header.Token"));
    assert_eq!(lambda.result_ttl_seconds, Some(300));
    assert_eq!(import.authorizers["pool"].provider_arns, ["arn:aws:cognito-idp:r:1:userpool/p"]);
    assert_eq!(
        import.warnings,
        ["Unsupported security definition type 'http' for 'basic'. Ignoring."]
    );
}

#[test]
fn the_extensions_at_the_root() {
    let mut document = openapi(json!({"/x": {"get": {"x-amazon-apigateway-integration": mock()},
        "put": {"x-amazon-apigateway-request-validator": "none"}}}));
    document["servers"] = json!([{"url": "https://h", "x-amazon-apigateway-endpoint-configuration":
        {"disableExecuteApiEndpoint": true, "vpcEndpointIds": ["vpce-1"]}}]);
    document["x-amazon-apigateway-api-key-source"] = json!("AUTHORIZER");
    document["x-amazon-apigateway-binary-media-types"] = json!(["image/png", "*/*"]);
    document["x-amazon-apigateway-minimum-compression-size"] = json!(1024);
    document["x-amazon-apigateway-request-validators"] = json!({"all": {"validateRequestBody": true, "validateRequestParameters": "true"}, "none": {}});
    document["x-amazon-apigateway-request-validator"] = json!("all");
    document["x-amazon-apigateway-policy"] =
        json!({"Statement": [{"Effect": "Allow", "Resource": ["execute-api:/*", "x"]}]});
    document["x-amazon-apigateway-gateway-responses"] = json!({"THROTTLED": {"statusCode": 430,
        "responseParameters": {"gatewayresponse.header.A": "'b'"}, "responseTemplates": {"application/json": "{}"}}});
    let options = Options {
        endpoint_type: Some(EndpointType::Regional),
        variables: Some(Variables {
            account_id: "123456789012".into(),
            region: "eu-west-1".into(),
            partition: "aws".into(),
        }),
        ..Options::default()
    };
    let import = import(&document, &options);
    assert_eq!(import.settings.api_key_source, Some(ApiKeySource::Authorizer));
    assert_eq!(import.settings.binary_media_types.as_ref().unwrap().len(), 2);
    assert_eq!(import.settings.minimum_compression_size_bytes, Some(1024));
    assert_eq!(import.settings.disable_execute_api_endpoint, Some(true));
    let response = &import.gateway_responses[&GatewayResponseType::Throttled];
    assert_eq!(response.status_code.as_deref(), Some("430"));
    let validator = |verb| {
        import.tree["/x"][&verb].request_validator_id.as_ref().map(|id| id.as_str().to_owned())
    };
    assert_eq!(validator(HttpMethod::Get).as_deref(), Some("all"));
    assert_eq!(validator(HttpMethod::Put).as_deref(), Some("none"));
    let api = gw_openapi::new_rest_api("abc123".into(), &import, &mut common::counting()).unwrap();
    assert_eq!(api.endpoint_configuration.endpoint_type, EndpointType::Regional);
    assert_eq!(
        api.policy.as_deref(),
        Some(
            r#"{"Statement":[{"Effect":"Allow","Resource":["arn:aws:execute-api:eu-west-1:123456789012:abc123/*","x"]}]}"#
        )
    );
}

#[test]
fn base_paths_make_resources() {
    let document = json!({"swagger": "2.0", "info": {"title": "t"}, "basePath": "/a/b/c", "paths": {"/e": {}}});
    let table: [(BasePath, &[&str]); 3] = [
        (BasePath::Ignore, &["/", "/e"]),
        (BasePath::Prepend, &["/", "/a", "/a/b", "/a/b/c", "/a/b/c/e"]),
        (BasePath::Split, &["/", "/b", "/b/c", "/b/c/e"]),
    ];
    for (base_path, expected) in table {
        let import = import(&document, &Options { base_path, ..Options::default() });
        let api = gw_openapi::new_rest_api("a".into(), &import, &mut common::counting()).unwrap();
        let mut paths: Vec<_> = api.resources.values().map(|r| r.path.clone()).collect();
        paths.sort();
        assert_eq!(paths, expected, "{base_path:?}");
    }
}
