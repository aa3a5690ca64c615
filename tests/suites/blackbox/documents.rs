//! API descriptions that nobody of this project wrote.

use std::time::Instant;

use gw_testkit::{
    cluster::{Cluster, Options},
    echo::Echo,
    samples,
};
use gw_tests::{
    story,
    system::{Admin, System as _},
};
use http::Method;
use serde_json::{Value, json};

const VERBS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// Every operation as (verb, path with each variable replaced by a value of its own).
fn operations(document: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for verb in VERBS.iter().filter(|verb| item.get(**verb).is_some()) {
            found.push((verb.to_uppercase(), fill(path, verb)));
        }
    }
    found
}

/// `/a/{x}/b` -> `/a/v-x-get/b`.
fn fill(path: &str, verb: &str) -> String {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap();
        filled.push_str(before);
        filled.push_str(&format!("v-{}-{verb}", name.trim_end_matches('+')));
        rest = after;
    }
    filled + rest
}

#[tokio::test(flavor = "multi_thread")]
async fn github_deploys_with_one_command_and_every_operation_arrives() {
    let Some(folder) = samples::openapi("github_deploys_with_one_command") else { return };
    let file = folder.join("github-rest.json");
    let document: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let echo = Echo::start("github");
    let cluster = Cluster::start(Options::default()).await;
    let file = file.display().to_string();
    let backend = echo.url();
    let start = Instant::now();
    let out = cluster
        .gwctl(&[
            "deploy",
            &file,
            "--api",
            "github",
            "--stage",
            "v3",
            "--backend",
            &backend,
            "--wait",
            "--output",
            "json",
        ])
        .await;
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{stderr}");
    let report: Value = serde_json::from_slice(&out.stdout).unwrap();
    println!(
        "github-rest.json: deployed to two nodes in {:?}; report {}",
        start.elapsed(),
        report["settledMs"]
    );
    let kinds: std::collections::BTreeSet<_> = report["adaptations"]
        .as_array()
        .unwrap_or_else(|| panic!("no adaptations in {report}"))
        .iter()
        .map(|adaptation| adaptation["kind"].as_str().unwrap().to_owned())
        .collect();
    for kind in ["integration", "path-variable", "model-name"] {
        assert!(kinds.contains(kind), "{kind} is listed: {kinds:?}");
    }

    let api = cluster.client().get("/restapis").await.ok().json["item"][0]["id"].clone();
    let api = api.as_str().unwrap();
    let operations = operations(&document);
    assert_eq!(operations.len(), 1223);
    for (number, (verb, path)) in operations.iter().enumerate() {
        let node = &cluster.nodes[number % 2].url();
        let query = format!("op={number}&again=a%20b&again=2");
        let sent = format!("{}?{query}", story::path(api, "v3", path));
        let answer = call(node, verb, &sent).await;
        assert_eq!(answer["method"], **verb, "{verb} {path}: {answer}");
        assert_eq!(answer["path"], **path, "{verb} {path}: {answer}");
        assert_eq!(answer["query"], query, "{verb} {path}: {answer}");
    }
    assert_eq!(echo.requests(), 1223);
}

/// One request to a node, by a connection of its own.
async fn call(node: &str, verb: &str, path: &str) -> Value {
    use http_body_util::{BodyExt as _, Empty};
    let address = node.trim_start_matches("http://");
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::builder()
        .method(verb)
        .uri(path)
        .header("host", address)
        .body(Empty::<bytes::Bytes>::new())
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body)
        .unwrap_or_else(|_| json!({"status": status.as_u16(), "raw": format!("{body:?}")}))
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_import_refuses_github_in_the_words_of_aws() {
    let Some(folder) = samples::openapi("plain_import_refuses_github") else { return };
    let cluster = Cluster::start(Options { nodes: 0, ..Options::default() }).await;
    let admin = cluster.client();
    let text = std::fs::read(folder.join("github-rest.json")).unwrap();
    let refused = admin.post("/restapis?mode=import", text.clone()).await;
    assert!((400..=413).contains(&refused.status), "{refused:?}");
    // Within the size limit, its content is refused as AWS refuses it.
    let mut document: Value = serde_json::from_slice(&text).unwrap();
    document["components"]["examples"] = json!({});
    for (_, item) in document["paths"].as_object_mut().unwrap() {
        for (_, operation) in item.as_object_mut().unwrap() {
            if let Some(operation) = operation.as_object_mut() {
                operation.remove("responses");
                operation.remove("requestBody");
            }
        }
    }
    document["components"]["schemas"] = json!({});
    document["components"]["responses"] = json!({});
    let refused = admin.post("/restapis?mode=import", document.to_string()).await;
    assert_eq!(refused.status, 400);
    let message = refused.text("message");
    assert!(message.starts_with("Errors found during import:"), "{message}");
    assert!(
        message.contains("already has a variable path part -- only one is allowed"),
        "{message}"
    );
    assert_eq!(admin.get("/restapis").await.ok().json["item"].as_array().map_or(0, Vec::len), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_documents_deploy_or_are_refused_for_a_named_reason() {
    let Some(folder) = samples::openapi("the_other_documents_deploy") else { return };
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let mut deployed = 0;
    for entry in std::fs::read_dir(&folder).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if name == "github-rest.json" || name == "README.md" {
            continue;
        }
        let file = entry.path().display().to_string();
        let out = cluster
            .gwctl(&[
                "deploy",
                &file,
                "--api",
                &name,
                "--stage",
                "s",
                "--backend",
                "http://127.0.0.1:9",
                "--lenient",
                "--wait",
            ])
            .await;
        let words = String::from_utf8_lossy(&out.stderr).into_owned();
        if out.status.success() {
            deployed += 1;
            continue;
        }
        assert_eq!(out.status.code(), Some(3), "{name}: {words}");
        println!("{name} is refused: {words}");
        assert!(
            REFUSED.iter().any(|(file, why)| *file == name && words.contains(why)),
            "{name}: {words}"
        );
    }
    assert!(deployed >= 15, "{deployed} documents deployed");
}

/// Documents that AWS refuses as well, with the reason.
const REFUSED: [(&str, &str); 1] = [
    // An HTTP API document: its default route is no path of a REST API.
    ("aws-guide-http-api-open-api-4.json", "Errors found during import"),
];

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_a_document_are_reported_together() {
    let cluster = Cluster::start(Options { nodes: 0, ..Options::default() }).await;
    let admin = cluster.client();
    let integration = json!({"type": "mock"});
    let operation = json!({"x-amazon-apigateway-integration": integration});
    let document = json!({
        "openapi": "3.0.3", "info": {"title": "t", "version": "1"},
        "paths": {
            "/a/{x}": {"get": operation}, "/a/{y}": {"get": operation},
            "/b/{p+}": {"get": operation}, "/b/{p+}/c": {"get": operation},
            "/c": {"get": {"x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "GET"}}},
        },
    });
    let refused = admin.post("/restapis?mode=import", document.to_string()).await;
    assert_eq!(refused.status, 400);
    let message = refused.text("message");
    for part in ["/a/{y}", "/b/{p+}", "/c"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    for (body, place) in
        [("{\"openapi\": ", "Invalid OpenAPI input."), ("a: [", "Invalid OpenAPI input.")]
    {
        let refused: String = refuse(&admin, body).await;
        assert!(refused.contains(place), "{body}: {refused}");
    }
}

async fn refuse(admin: &Admin, body: &str) -> String {
    let refused = admin.call(Method::POST, "/restapis?mode=import", body.to_owned()).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    refused.text("message")
}
