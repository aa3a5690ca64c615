//! Steps that several suites share.

use std::time::Duration;

use gw_testkit::cluster::Cluster;
use serde_json::{Value, json};

use crate::{
    document, load,
    system::{Admin, Answer, System as _, wait_until},
};

/// Imports a document and answers the new API's id.
pub async fn import(admin: &Admin, document: &Value) -> String {
    admin.post("/restapis?mode=import", document.to_string()).await.ok().text("id")
}

/// Replaces an API's working copy.
pub async fn overwrite(admin: &Admin, api: &str, document: &Value) {
    let path = format!("/restapis/{api}?mode=overwrite");
    admin.call(http::Method::PUT, &path, document.to_string()).await.ok();
}

/// Deploys the working copy to a stage; `more` adds members to the body.
pub async fn deploy(admin: &Admin, api: &str, stage: &str, more: Value) -> Answer {
    let body = document::with(json!({"stageName": stage}), more);
    let path = format!("/restapis/{api}/deployments");
    admin.call(http::Method::POST, &path, body.to_string()).await
}

/// Rolls a stage back by one release.
pub async fn rollback(admin: &Admin, api: &str, stage: &str) -> Answer {
    admin.post(&format!("/gatewright/v1/restapis/{api}/stages/{stage}/rollback"), "{}").await
}

/// The path of an API on any node, host names aside.
pub fn path(api: &str, stage: &str, rest: &str) -> String {
    format!("/_aws/execute-api/{api}/{stage}{rest}")
}

/// The body that a node answers.
pub async fn body(node_url: &str, path: &str) -> String {
    match load::get(node_url, path).await {
        Ok(answer) => String::from_utf8_lossy(answer.body()).into_owned(),
        Err(error) => error,
    }
}

/// Asserts that every node answers `expected`, at once.
pub async fn every_node_answers(cluster: &Cluster, path: &str, expected: &str) {
    for url in cluster.node_urls() {
        assert_eq!(body(&url, path).await, expected, "{url}{path}");
    }
}

/// Waits until a node answers `expected`.
pub async fn node_comes_to_answer(url: &str, path: &str, expected: &str, deadline: Duration) {
    wait_until(&format!("{url}{path} answers {expected}"), deadline, async || {
        body(url, path).await == expected
    })
    .await;
}
