//! Calls below `/gatewright/v1/`.

use gw_app::{
    JoinRequest,
    world::{NodeAck, NodeHello, ReceiptRow, ReceiptState, WorldChanges},
};
use gw_model::{ReleaseNumber, ResourceName, Scope, StageKey};
use serde_json::json;

use crate::harness::{ACCOUNT, Admin, CA_PEM, replace};

#[tokio::test]
async fn history_rollback_and_canary() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    let method = admin.mock_at_root(&api, &root).await;
    let deployments = format!("/restapis/{api}/deployments");
    let first = admin.send("POST", &deployments, json!({"stageName": "prod"})).await;
    assert_eq!(first.header("x-gatewright-release"), "1");
    let first = first.expect(201)["id"].as_str().unwrap().to_owned();
    admin.send("PATCH", &method, replace("/operationName", "changed")).await.expect(200);
    let own = format!("/gatewright/v1/restapis/{api}");
    let changes = admin.get(&format!("{own}/changes")).await.expect(200);
    assert_eq!(changes["stages"]["prod"][0]["what"], "GET /");
    let canary = json!({"stageName": "prod", "canarySettings": {"percentTraffic": 5.0}});
    let second = admin.send("POST", &deployments, canary).await.expect(201);
    let second = second["id"].as_str().unwrap();

    let refused = admin.send("POST", &deployments, json!({"stageName": "prod"})).await;
    assert_eq!(refused.status, 400);
    let stale = json!({"expectedRelease": 1});
    let stage = format!("{own}/stages/prod");
    let stale = admin.send("POST", &format!("{stage}/promote-canary"), stale).await;
    assert_eq!((stale.fault().0, stale.fault().1), (409, "ConflictException"));
    let promoted = admin.send("POST", &format!("{stage}/promote-canary"), json!({})).await;
    assert_eq!(promoted.header("x-gatewright-release"), "3");
    assert_eq!(promoted.expect(200)["release"]["deploymentId"], second);
    for what in ["stop", "promote"] {
        let none = admin.send("POST", &format!("{stage}/{what}-canary"), json!({})).await;
        assert_eq!(none.status, 400);
        assert_eq!(none.fault().2, format!("The stage has no canary to {what}"));
    }
    let back = admin.send("POST", &format!("{stage}/rollback"), json!({"to": 1})).await;
    let back = back.expect(200);
    assert_eq!(
        (back["release"]["deploymentId"].as_str(), back["release"]["number"].as_u64()),
        (Some(&*first), Some(4))
    );
    let unknown = admin.send("POST", &format!("{stage}/rollback"), json!({"so": 1})).await;
    assert_eq!(unknown.fault().1, "SerializationException");
    // A list is no request for the default.
    let list = admin.send("POST", &format!("{stage}/rollback"), json!([])).await;
    assert_eq!(list.fault().1, "SerializationException");

    let history = admin.get(&format!("{stage}/releases?limit=3")).await.expect(200);
    assert_eq!(history["desired"], 4);
    let numbers: Vec<u64> = history["releases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|release| release["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [4, 3, 2]);
    let position = history["position"].as_str().unwrap();
    let rest = admin.get(&format!("{stage}/releases?limit=3&position={position}")).await;
    let rest = rest.expect(200);
    assert_eq!((rest["releases"][0]["number"].as_u64(), rest.get("position")), (Some(1), None));
    let one = admin.get(&format!("{stage}/releases/2")).await.expect(200);
    assert_eq!(one["release"]["canary"]["percentTraffic"], 5.0);
    assert_eq!(admin.get(&format!("{stage}/releases/9")).await.status, 404);
    assert_eq!(admin.get(&format!("{stage}/releases/x")).await.status, 404);
    let watch = admin.get(&format!("{stage}/releases/4/watch?timeoutMs=50")).await;
    let lines = String::from_utf8(watch.bytes.to_vec()).unwrap();
    let line: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(line["release"]["number"], 4);
    let receipts = admin.get(&format!("{own}/deployments/{second}/receipts")).await.expect(200);
    assert_eq!(receipts["releases"].as_array().unwrap().len(), 2);

    let diff = admin.get(&format!("{own}/diff?from={first}&to=working")).await.expect(200);
    assert_eq!((diff["equal"].as_bool(), diff["from"].as_str()), (Some(false), Some(&*first)));
    let same = admin.get(&format!("{own}/diff?from=stage:prod&to={first}")).await.expect(200);
    assert_eq!(same["equal"], true);
    assert_eq!(admin.get(&format!("{own}/diff?from=x:y&to=working")).await.status, 400);
    assert_eq!(admin.get(&format!("{own}/diff?from=working")).await.status, 400);
}

#[tokio::test]
async fn fleet_audit_and_readiness() {
    let admin = Admin::start().await;
    let ready = admin.get("/gatewright/v1/ready").await.expect(200);
    assert_eq!(
        (ready["status"].as_str(), ready["replica"].as_str()),
        (Some("ready"), Some("replica-1"))
    );
    let fleet = admin.get("/gatewright/v1/fleet").await.expect(200);
    assert_eq!(fleet["nodes"], json!([]));
    for call in ["cordon", "uncordon", "drain"] {
        let answer = admin.call("POST", &format!("/gatewright/v1/nodes/none/{call}"), "").await;
        assert_eq!(answer.fault().0, 404, "{call}");
    }
    let token = admin.send("POST", "/gatewright/v1/jointokens", json!({"uses": 2})).await;
    let token = token.expect(201);
    let prefix = format!("gwj1.{}.", "ab".repeat(32));
    assert!(token["token"].as_str().unwrap().starts_with(&prefix));
    let zero = admin.send("POST", "/gatewright/v1/jointokens", json!({"uses": 0})).await;
    assert_eq!(zero.fault().0, 400);

    let (api, _) = admin.api().await;
    let made = admin.send("PATCH", &format!("/restapis/{api}"), replace("/name", "m")).await;
    let audit = admin.get("/gatewright/v1/audit?limit=1").await.expect(200);
    let entry = &audit["entries"][0];
    assert_eq!(entry["operation"], "UpdateRestApi");
    assert_eq!(entry["requestId"], made.header("x-amzn-requestid"));
    assert_eq!(entry["actor"], "arn:aws:iam::000000000000:user/admin");
    assert_eq!(entry["scope"], "000000000000/us-east-1");
    let position = audit["position"].as_str().unwrap();
    let next = admin.get(&format!("/gatewright/v1/audit?limit=1&position={position}")).await;
    assert_eq!(next.expect(200)["entries"][0]["operation"], "CreateRestApi");
}

/// A node that joined and holds a stream to a replica.
async fn connected_node(admin: &Admin, name: &str) {
    let token = admin.send("POST", "/gatewright/v1/jointokens", json!({})).await.expect(201);
    let secret = token["token"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
    let join =
        JoinRequest { token_secret: secret, name: Some(name.into()), labels: Default::default() };
    admin.app.node_join(&join).await.unwrap();
    connect(admin, name).await;
}

async fn connect(admin: &Admin, name: &str) {
    let hello = NodeHello {
        id: name.into(),
        replica: "replica-1".to_owned(),
        build: "0.1.0".to_owned(),
        traffic_address: String::new(),
        metrics_address: String::new(),
        boot_epoch: 1,
    };
    assert!(admin.app.node_connect(&hello).await.unwrap().is_some(), "{name} is of the fleet");
}

#[tokio::test]
async fn a_node_that_does_not_serve_everything_is_partial() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    admin.mock_at_root(&api, &root).await;
    let deployments = format!("/restapis/{api}/deployments");
    admin.send("POST", &deployments, json!({"stageName": "prod"})).await.expect(201);
    connected_node(&admin, "n1").await;
    let key = StageKey {
        scope: Scope::new(ACCOUNT, "us-east-1"),
        api: api.as_str().into(),
        stage: "prod".into(),
    };
    admin.app.rollout_commit(&key, ReleaseNumber(1)).await.unwrap();
    let at = admin.app.revision().await.unwrap();
    let shown = async |state, reason: Option<&str>| {
        let now = time::OffsetDateTime::now_utc();
        let (node, replica) = ("n1".into(), "replica-1".to_owned());
        let ack = NodeAck { id: node, replica, acked: at, at: now, draining: false };
        admin.app.nodes_seen(&[ack]).await.unwrap();
        let receipt = ReceiptRow {
            node: "n1".into(),
            state,
            reason: reason.map(str::to_owned),
            warnings: Vec::new(),
            compile_us: 0,
            at: now,
        };
        admin.app.receipts_put(&[(key.clone(), ReleaseNumber(1), receipt)]).await.unwrap();
        admin.get("/gatewright/v1/fleet").await.expect(200)["nodes"][0].clone()
    };
    let node = shown(ReceiptState::Rejected, Some("too large")).await;
    assert_eq!(node["health"], "partial", "{node}");
    assert_eq!(node["notServingCount"], 1);
    let stage = json!({"restApiId": api, "stageName": "prod", "release": 1, "state": "rejected",
        "reason": "too large"});
    assert_eq!(node["notServing"], json!([stage]));
    let node = shown(ReceiptState::Serving, None).await;
    assert_eq!((node["health"].as_str(), node.get("notServing")), (Some("current"), None));
}

#[tokio::test]
async fn a_node_that_is_away_can_be_forgotten_and_comes_back() {
    let admin = Admin::start().await;
    connected_node(&admin, "n1").await;
    let node = "/gatewright/v1/nodes/n1";
    admin.send("POST", &format!("{node}/cordon"), json!({})).await.expect(200);
    let refused = admin.call("DELETE", node, "").await;
    let (status, name, message) = refused.fault();
    assert_eq!((status, name), (409, "ConflictException"));
    assert_eq!(message, "node n1 is connected; end it before it is forgotten");

    admin.app.node_disconnect(&"n1".into(), "replica-1").await.unwrap();
    let before = admin.app.revision().await.unwrap();
    assert_eq!(admin.call("DELETE", node, "").await.status, 204);
    let fleet = admin.get("/gatewright/v1/fleet").await.expect(200);
    assert_eq!(fleet["nodes"], json!([]));
    assert_eq!(admin.get(node).await.status, 404);
    assert_eq!(admin.call("DELETE", node, "").await.fault().0, 404);
    let audit = admin.get("/gatewright/v1/audit?limit=1").await.expect(200);
    let entry = &audit["entries"][0];
    assert_eq!(
        (&entry["operation"], &entry["resource"]),
        (&json!("ForgetNode"), &json!("nodes/n1"))
    );
    let changes = admin.app.changes_since(before).await.unwrap();
    let WorldChanges::Delta { removed, .. } = changes else { panic!("{changes:?}") };
    assert_eq!(removed, [ResourceName::Node("n1".into())], "other nodes forget it too");

    // Its certificate is good still.
    connect(&admin, "n1").await;
    let back = admin.get(node).await.expect(200);
    assert_eq!(back["status"]["cordoned"], true, "as it was: {back}");
    // Forgotten again, it may join anew as well.
    admin.app.node_disconnect(&"n1".into(), "replica-1").await.unwrap();
    assert_eq!(admin.call("DELETE", node, "").await.status, 204);
    connected_node(&admin, "n1").await;
    assert_eq!(admin.get(node).await.expect(200)["status"]["cordoned"], false);
}

#[tokio::test]
async fn the_ca_is_open_to_all() {
    let admin = Admin::start().await;
    let request = http::Request::get("/gatewright/v1/ca").body(axum::body::Body::empty());
    let answer = admin.raw(request.unwrap()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/x-pem-file");
    assert_eq!(answer.bytes, CA_PEM);
}

#[tokio::test]
async fn a_database_that_is_gone_is_said_to_be() {
    let admin = Admin::start().await;
    admin.app.store().close().await;
    let answer = admin.get("/restapis").await;
    assert_eq!((answer.fault().0, answer.fault().1), (503, "ServiceUnavailableException"));
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(admin.get("/gatewright/v1/ready").await.status, 503);
    assert_eq!(admin.get("/gatewright/v1/health").await.status, 200);
}

#[tokio::test]
async fn a_path_that_is_not_utf_8_has_awss_shape() {
    let admin = Admin::start().await;
    let (api, _) = admin.api().await;
    for path in ["/restapis/%FF", &format!("/restapis/{api}/models/%C3%28"), "/gatewright/v1/%FF"] {
        let (status, code, message) = {
            let answer = admin.get(path).await;
            let fault = answer.fault();
            (fault.0, fault.1.to_owned(), fault.2)
        };
        assert_eq!((status, &*code), (400, "BadRequestException"), "{path}");
        assert!(message.contains("UTF-8"), "{message}");
    }
}
