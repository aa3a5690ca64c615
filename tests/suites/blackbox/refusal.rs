//! What nodes refuse, what the front refuses, and what happens to a node that is cut off.

use gw_testkit::{
    chaos_proxy::Line,
    cluster::{Cluster, Options},
    eventually,
};
use gw_tests::{
    document, load, story,
    system::{PATIENCE, System as _, wait_until},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_refuses_a_release_stops_it_everywhere() {
    let limited = vec!["--max-deployment-bytes".to_owned(), "4000".to_owned()];
    let options = Options { one_node_args: vec![(1, limited)], ..Options::default() };
    let cluster = Cluster::start(options).await;
    let admin = cluster.client();
    let api = story::import(&admin, &document::mock("limits", "small")).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    let path = story::path(&api, "prod", "/");
    story::every_node_answers(&cluster, &path, "small").await;

    story::overwrite(&admin, &api, &document::mock("limits", &"x".repeat(8000))).await;
    let refused = story::deploy(&admin, &api, "prod", Value::Null).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    let message = refused.text("message");
    assert!(message.contains(&cluster.nodes[1].name) && message.contains("4000"), "{message}");
    assert_eq!(refused.headers["x-amzn-errortype"], "BadRequestException");
    story::every_node_answers(&cluster, &path, "small").await;

    let releases = format!("/gatewright/v1/restapis/{api}/stages/prod/releases");
    let history = admin.get(&releases).await.ok().json;
    let states: Vec<_> =
        history["releases"].as_array().unwrap().iter().map(|r| &r["state"]).collect();
    assert!(states.contains(&&json!("rejected")), "{states:?}");
    let rejected =
        history["releases"].as_array().unwrap().iter().find(|r| r["state"] == "rejected");
    let number = &rejected.unwrap()["number"];
    // Receipts are written a moment later. The other node may have compiled it
    // before the refusal ended the rollout, or have been told that it ended.
    let detail = eventually("the receipt of the refusal", async || {
        let detail = admin.get(&format!("{releases}/{number}")).await.ok().json;
        let told = detail["receipts"].as_array().unwrap().iter().any(|r| r["state"] == "rejected");
        told.then_some(detail)
    })
    .await;
    let receipt = detail["receipts"].as_array().unwrap().iter().find(|r| r["state"] == "rejected");
    assert!(receipt.unwrap()["reason"].as_str().unwrap().contains("4000"), "{detail}");
    // The other node never served it.
    let never = detail["receipts"].as_array().unwrap().iter().all(|r| r["state"] != "serving");
    assert!(never, "{detail}");

    // A setting acknowledged afterwards is kept, and the stage is not stuck.
    let patch = json!({"patchOperations": [
        {"op": "replace", "path": "/variables/color", "value": "blue"}]});
    let stage = format!("/restapis/{api}/stages/prod");
    admin.call(http::Method::PATCH, &stage, patch.to_string()).await.ok();
    story::overwrite(&admin, &api, &document::mock("limits", "again")).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    story::every_node_answers(&cluster, &path, "again").await;
    assert_eq!(admin.get(&stage).await.ok().json["variables"]["color"], "blue");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_lags_serves_and_converges() {
    let options = Options {
        control_plane_args: vec!["--rollout-deadline-ms".into(), "3000".into()],
        ..Options::default()
    };
    let cluster = Cluster::start(options).await;
    let admin = cluster.client();
    let api = story::import(&admin, &document::mock("cut", "one")).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    let path = story::path(&api, "prod", "/");
    story::every_node_answers(&cluster, &path, "one").await;

    for state in [Line::Cut, Line::Blackhole] {
        cluster.nodes[1].line.set(state);
        let mark = format!("{state:?}");
        story::overwrite(&admin, &api, &document::mock("cut", &mark)).await;
        story::deploy(&admin, &api, "prod", Value::Null).await.ok();
        let near = &cluster.nodes[0].url();
        story::node_comes_to_answer(near, &path, &mark, PATIENCE).await;
        let far = story::body(&cluster.nodes[1].url(), &path).await;
        assert!(far != mark && !far.is_empty(), "the far node serves its last world: {far}");
        wait_until("the far node is shown as behind, with its age", PATIENCE, async || {
            let fleet = admin.get("/gatewright/v1/fleet").await.ok().json;
            fleet["nodes"].as_array().unwrap().iter().any(|node| {
                node["nodeId"] == cluster.nodes[1].name
                    && node["health"] != "current"
                    && node["lagMs"].as_u64().is_some_and(|lag| lag > 0)
            })
        })
        .await;
        cluster.nodes[1].line.set(Line::Open);
        let far = &cluster.nodes[1].url();
        story::node_comes_to_answer(far, &path, &mark, PATIENCE).await;
        cluster.wait_current().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_never_reach_an_upstream() {
    let echo = gw_testkit::echo::Echo::start("upstream");
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let document = document::proxy("strict", &format!("{}/x", echo.url()), "m");
    let api = story::import(&admin, &document).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    let path = story::path(&api, "prod", "/proxy");
    assert_eq!(load::get(&cluster.nodes[0].url(), &path).await.unwrap().status(), 200);
    assert_eq!(echo.requests(), 1);

    let url = cluster.nodes[0].url();
    let address = url.trim_start_matches("http://");
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n");
    for (name, bytes) in [
        ("two lengths", format!("{head}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")),
        (
            "length and chunks",
            format!("{head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ),
        ("obs-fold", format!("{head}X-A: b\r\n c\r\n\r\n")),
        ("bare LF in a value", format!("{head}X-A: b\nX-B: c\r\n\r\n")),
        ("bare CR in a value", format!("{head}X-A: b\rX-B: c\r\n\r\n")),
        (
            "chunk size beyond",
            format!("{head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"),
        ),
        ("space before the colon", format!("{head}X-A : b\r\n\r\n")),
        ("two hosts", format!("{head}Host: other\r\n\r\n")),
        ("no host", format!("GET {path} HTTP/1.1\r\n\r\n")),
        ("header flood", format!("{head}{}\r\n", "X-A: b\r\n".repeat(5000))),
    ] {
        let before = echo.requests();
        let status = raw_status(address, &bytes).await;
        assert!(status.is_none_or(|code| (400..500).contains(&code)), "{name}: {status:?}");
        assert_eq!(echo.requests(), before, "{name} reached the upstream");
    }
    assert_eq!(load::get(&cluster.nodes[0].url(), &path).await.unwrap().status(), 200);
}

/// Sends bytes and reads the status of the answer; `None` if the connection
/// was closed without one.
async fn raw_status(address: &str, bytes: &str) -> Option<u16> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    // The node may close before it has read everything.
    stream.write_all(bytes.as_bytes()).await.ok();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    tokio::time::timeout(PATIENCE, read).await.ok()?.ok();
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}
