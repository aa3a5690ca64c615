//! `GetExport`: what a stage serves becomes a document, and the document an
//! API that serves the same.

use gw_openapi::AWS_MAX_DOCUMENT_BYTES;
use gw_testkit::{
    cluster::{Cluster, Options},
    echo::Echo,
    samples,
};
use gw_tests::{
    load, story,
    system::{Admin, System as _},
};
use http::Method;
use serde_json::{Value, json};

/// A stage's export with every extension.
async fn export(admin: &Admin, api: &str, kind: &str) -> String {
    let query = "extensions=apigateway,documentation";
    let target = format!("/restapis/{api}/stages/s/exports/{kind}?{query}");
    let answer = admin.get(&target).await.ok();
    let named = answer.headers["content-disposition"].to_str().unwrap().to_owned();
    assert!(named.contains(&format!("filename=\"{kind}_")), "{named}");
    answer.body
}

async fn deployed(admin: &Admin, query: &str, document: impl Into<bytes::Bytes>) -> String {
    let api = admin.post(&format!("/restapis?mode=import{query}"), document).await.ok().text("id");
    story::deploy(admin, &api, "s", Value::Null).await.ok();
    api
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_is_exported_and_imports_as_an_equal_api() {
    let Some(folder) = samples::openapi("every_sample_is_exported") else { return };
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if !(name.ends_with(".json") || name.ends_with(".yaml")) {
            continue;
        }
        let document = std::fs::read(entry.path()).unwrap();
        // Those without integrations are given some.
        let query = "&gatewright=adapt&backend=http://127.0.0.1:9";
        let made = admin.post(&format!("/restapis?mode=import{query}"), document).await;
        if made.status == 400 {
            assert_eq!(name, "aws-guide-http-api-open-api-4.json", "{}", made.body);
            continue;
        }
        let first = made.ok().text("id");
        let deployment = story::deploy(&admin, &first, "s", Value::Null).await;
        assert!(deployment.status == 201, "{name}: {}", deployment.body);
        for kind in ["oas30", "swagger"] {
            let before = export(&admin, &first, kind).await;
            if before.len() > AWS_MAX_DOCUMENT_BYTES {
                // gw-openapi's tests take this one round.
                let refused = admin.post("/restapis?mode=import", before).await;
                assert_eq!((name.as_str(), refused.status), ("github-rest.json", 413));
                assert!(refused.body.contains(&AWS_MAX_DOCUMENT_BYTES.to_string()), "{refused:?}");
                continue;
            }
            let second = deployed(&admin, "", before.clone()).await;
            let after = export(&admin, &second, kind).await.replace(&second, &first);
            assert!(after == before, "{name} as {kind}:\n{after}\nand before\n{before}");
            admin.call(Method::DELETE, &format!("/restapis/{second}"), "").await.ok();
        }
        admin.call(Method::DELETE, &format!("/restapis/{first}"), "").await.ok();
        seen += 1;
    }
    assert!(seen >= 22, "{seen} samples");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_from_an_export_serves_the_same() {
    let echo = Echo::start("export");
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let document = json!({
    "openapi": "3.0.1", "info": {"title": "twin", "version": "1"},
    "x-amazon-apigateway-gateway-responses": {"MISSING_AUTHENTICATION_TOKEN": {
        "statusCode": 404, "responseTemplates": {"application/json": "{\"nothing\": 1}"}}},
    "x-amazon-apigateway-request-validators": {"params": {"validateRequestParameters": true}},
    "paths": {
        "/fixed": {"get": {
            "responses": {"200": {"headers": {"X-Kind": {"schema": {"type": "string"}}}}},
            "x-amazon-apigateway-integration": {"type": "mock",
                "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
                "responses": {"default": {"statusCode": 200,
                    "responseParameters": {"method.response.header.X-Kind": "'fixed'"},
                    "responseTemplates": {"application/json": "a fixed answer"}}}}}},
        "/items/{id}": {"get": {
            "x-amazon-apigateway-request-validator": "params",
            "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
                {"name": "page", "in": "query", "required": true, "schema": {"type": "string"}}],
            "x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "GET",
                "uri": format!("{}/backend/{{id}}", echo.url()),
                "requestParameters": {
                    "integration.request.path.id": "method.request.path.id"}}}},
    }});
    let first = deployed(&admin, "", document.to_string()).await;
    for kind in ["oas30", "swagger"] {
        let text = export(&admin, &first, kind).await;
        let second = deployed(&admin, "", text).await;
        for rest in ["/fixed", "/items/7?page=2", "/items/7", "/nowhere"] {
            let mut answers = Vec::new();
            for api in [&first, &second] {
                let path = story::path(api, "s", rest);
                let answer = load::get(&cluster.nodes[0].url(), &path).await.unwrap();
                let kind = answer.headers().get("x-kind").cloned();
                let body = String::from_utf8_lossy(answer.body()).into_owned();
                let body = match serde_json::from_str::<Value>(&body) {
                    Ok(seen) if seen["path"].is_string() => seen["path"].to_string(),
                    _ => body,
                };
                answers.push((answer.status(), kind, body));
            }
            assert_eq!(answers[0], answers[1], "{kind} {rest}");
            let expected = match rest {
                "/fixed" => (200, "a fixed answer"),
                "/items/7?page=2" => (200, "\"/backend/7\""),
                "/items/7" => (400, "required request parameters"),
                _ => (404, "nothing"),
            };
            let (status, _, body) = &answers[0];
            assert_eq!(status.as_u16(), expected.0, "{rest}: {body}");
            assert!(body.contains(expected.1), "{rest}: {body}");
        }
    }
}
