//! API keys and usage plans, from the admin API to the nodes and back.

use gw_testkit::cluster::{Cluster, Options};
use gw_tests::{
    document, story,
    system::{Admin, System as _},
};
use http::Method;
use serde_json::{Value, json};

/// Status and body that a node answers to a client with this key.
async fn answer(url: &str, path: &str, key: Option<&str>) -> (u16, String) {
    let mut call = gw_testkit::http::Call::get(&format!("{url}{path}"));
    if let Some(key) = key {
        call = call.header("x-api-key", key);
    }
    let answer = call.send().await.unwrap();
    (answer.status, answer.text())
}

/// Asserts what every node answers, at once.
async fn everywhere(cluster: &Cluster, path: &str, key: Option<&str>, expected: (u16, &str)) {
    for url in cluster.node_urls() {
        let (status, body) = answer(&url, path, key).await;
        assert_eq!((status, body.as_str()), expected, "{url} with {key:?}");
    }
}

async fn patch(admin: &Admin, path: &str, op: &str, at: &str, value: &str) {
    let operation = json!({"op": op, "path": at, "value": value});
    let body = json!({"patchOperations": [operation]}).to_string();
    admin.call(Method::PATCH, path, body).await.ok();
}

/// An API whose only method needs a key.
fn keyed(title: &str) -> Value {
    let mut document = document::mock(title, "open");
    let paths = document["paths"].as_object_mut().unwrap();
    for method in paths.values_mut().flat_map(|path| path.as_object_mut().unwrap().values_mut()) {
        method["security"] = json!([{"api_key": []}]);
    }
    let scheme = json!({"type": "apiKey", "name": "x-api-key", "in": "header"});
    document["components"]["securitySchemes"] = json!({"api_key": scheme});
    document
}

const FORBIDDEN: (u16, &str) = (403, r#"{"message":"Forbidden"}"#);
const OPEN: (u16, &str) = (200, "open");

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_its_plan_holds() {
    let mut cluster = Cluster::start(Options::default()).await;
    let admin = cluster.client();
    let api = story::import(&admin, &keyed("keyed")).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    story::deploy(&admin, &api, "test", Value::Null).await.ok();
    let (prod, test) = (story::path(&api, "prod", "/"), story::path(&api, "test", "/"));
    everywhere(&cluster, &prod, None, FORBIDDEN).await;

    let made = admin.post("/apikeys", json!({"name": "k", "enabled": true}).to_string()).await.ok();
    let (id, value) = (made.text("id"), made.text("value"));
    let key = Some(value.as_str());
    everywhere(&cluster, &prod, key, FORBIDDEN).await;
    let plan = json!({"name": "p", "apiStages": [{"apiId": api, "stage": "prod"}]}).to_string();
    let plan = admin.post("/usageplans", plan).await.ok().text("id");
    everywhere(&cluster, &prod, key, FORBIDDEN).await;
    let keys = format!("/usageplans/{plan}/keys");
    let body = json!({"keyId": id, "keyType": "API_KEY"}).to_string();
    admin.post(&keys, body.clone()).await.ok();

    // A request sent after the answer meets the change on every node.
    everywhere(&cluster, &prod, key, OPEN).await;
    everywhere(&cluster, &prod, Some("another-key-of-twenty-letters"), FORBIDDEN).await;
    everywhere(&cluster, &prod, None, FORBIDDEN).await;
    everywhere(&cluster, &test, key, FORBIDDEN).await;
    let plan_path = format!("/usageplans/{plan}");
    patch(&admin, &plan_path, "add", "/apiStages", &format!("{api}:test")).await;
    everywhere(&cluster, &test, key, OPEN).await;
    patch(&admin, &plan_path, "remove", "/apiStages", &format!("{api}:test")).await;
    everywhere(&cluster, &test, key, FORBIDDEN).await;

    let key_path = format!("/apikeys/{id}");
    patch(&admin, &key_path, "replace", "/enabled", "false").await;
    everywhere(&cluster, &prod, key, FORBIDDEN).await;
    patch(&admin, &key_path, "replace", "/enabled", "true").await;
    everywhere(&cluster, &prod, key, OPEN).await;

    // A node that starts with nothing but its disk knows its keys.
    cluster.on_disk().await;
    cluster.stop_control_plane().await;
    cluster.nodes[0].kill();
    cluster.nodes[0].start().await;
    everywhere(&cluster, &prod, key, OPEN).await;
    everywhere(&cluster, &prod, None, FORBIDDEN).await;
    everywhere(&cluster, &test, key, FORBIDDEN).await;
    cluster.start_control_plane().await;
    cluster.wait_current().await;

    let path = format!("{keys}/{id}");
    admin.call(Method::DELETE, &path, "").await.ok();
    everywhere(&cluster, &prod, key, FORBIDDEN).await;
    admin.post(&keys, body).await.ok();
    everywhere(&cluster, &prod, key, OPEN).await;
    // A stage that is made anew is in no plan.
    admin.call(Method::DELETE, &format!("/restapis/{api}/stages/prod"), "").await.ok();
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    everywhere(&cluster, &prod, key, FORBIDDEN).await;
    admin.call(Method::DELETE, &key_path, "").await.ok();
    everywhere(&cluster, &prod, key, FORBIDDEN).await;
}
