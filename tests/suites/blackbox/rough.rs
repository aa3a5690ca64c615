//! Rough use: everybody at once, random patches, more bytes than are taken.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use gw_testkit::{cluster::Cluster, words::VALUES};
use gw_tests::{
    document, story,
    system::{Admin, Answer, PATIENCE, System as _},
};
use http::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

const WRITERS: usize = 50;

/// Makes the same kind of call many times at once.
async fn all_at_once(admin: &Admin, method: Method, call: impl Fn(usize) -> (String, Value)) {
    let mut calls = JoinSet::new();
    for number in 0..WRITERS {
        let (path, body) = call(number);
        let (admin, method) = (admin.clone(), method.clone());
        calls.spawn(async move { admin.call(method, &path, body.to_string()).await });
    }
    while let Some(answer) = calls.join_next().await {
        answer.unwrap().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_fifty_writers_is_lost_and_the_audit_log_has_each() {
    let cluster = Cluster::start(Default::default()).await;
    let admin = cluster.client();
    let api = story::import(&admin, &document::mock("busy", "b")).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    let root = admin.get(&format!("/restapis/{api}")).await.ok().text("rootResourceId");
    let stage = format!("/restapis/{api}/stages/prod");
    let patch =
        |path: String| json!({"patchOperations": [{"op": "replace", "path": path, "value": "x"}]});

    let below = format!("/restapis/{api}/resources/{root}");
    all_at_once(&admin, Method::POST, |n| (below.clone(), json!({"pathPart": format!("p{n}")})))
        .await;
    all_at_once(&admin, Method::PATCH, |n| (stage.clone(), patch(format!("/variables/v{n}"))))
        .await;

    let resources = admin.get(&format!("/restapis/{api}/resources?limit=500")).await.ok().json;
    assert_eq!(resources["item"].as_array().unwrap().len(), WRITERS + 1);
    let now = admin.get(&stage).await.ok().json;
    assert_eq!(now["variables"].as_object().unwrap().len(), WRITERS);
    let audit = admin.get("/gatewright/v1/audit?limit=500").await.ok().json;
    let count = |operation: &str| {
        let entries = audit["entries"].as_array().unwrap().iter();
        let of_api = entries.filter(|entry| entry["resource"].as_str().unwrap().contains(&api));
        let requests = of_api.filter(|entry| entry["operation"] == operation);
        requests.map(|entry| entry["requestId"].as_str().unwrap()).collect::<BTreeSet<_>>().len()
    };
    assert_eq!((count("CreateResource"), count("UpdateStage")), (WRITERS, WRITERS));

    // Of those who compare before they set, one wins.
    let release = json!({"expectedRelease": now["gatewrightRelease"]});
    let rollback = format!("/gatewright/v1/restapis/{api}/stages/prod/rollback");
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let (admin, rollback, body) = (admin.clone(), rollback.clone(), release.to_string());
        calls.spawn(async move { admin.call(Method::POST, &rollback, body).await.status });
    }
    let mut statuses = calls.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [[200].as_slice(), &[409; 9]].concat());
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        from[usize::try_from(self.0 >> 33).unwrap() % from.len()]
    }
}

const OPERATIONS: &[&str] =
    &["replace", "replace", "replace", "add", "remove", "copy", "move", "x"];
const PATHS: &[&str] = &[
    "/description",
    "/name",
    "/deploymentId",
    "/variables",
    "/variables/v",
    "/variables/~",
    "/",
    "",
    "/canarySettings",
    "/canarySettings/percentTraffic",
    "/canarySettings/deploymentId",
    "/canarySettings/useStageCache",
    "/canarySettings/stageVariableOverrides/v",
    "/accessLogSettings/format",
    "/cacheClusterSize",
    "/tracingEnabled",
    "/*/*",
    "/*/*/throttling/rateLimit",
    "/*/*/logging/loglevel",
    "/~1/GET/caching/ttlInSeconds",
    "/policy",
    "/apiKeySource",
    "/minimumCompressionSize",
    "/binaryMediaTypes/a~1b",
    "/endpointConfiguration/types/EDGE",
    "/disableExecuteApiEndpoint",
    "/uri",
    "/timeoutInMillis",
    "/requestParameters/integration.request.header.x",
    "/requestTemplates/a~1b",
    "/httpMethod",
    "/connectionType",
    "/cacheKeyParameters/method.request.path.p",
    "/authorizationType",
    "/requestModels/a~1b",
    "/requestParameters/method.request.header.x",
    "/apiKeyRequired",
    "/selectionPattern",
    "/responseTemplates/a~1b",
    "/responseParameters/method.response.header.x",
];

#[tokio::test(flavor = "multi_thread")]
async fn random_patches_are_taken_or_refused_and_never_break_the_api() {
    let cluster = Cluster::start(Default::default()).await;
    let admin = cluster.client();
    let api = story::import(&admin, &document::mock("dice", "d")).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    let root = admin.get(&format!("/restapis/{api}")).await.ok().text("rootResourceId");
    let method = format!("/restapis/{api}/resources/{root}/methods/GET");
    let targets = [
        format!("/restapis/{api}"),
        format!("/restapis/{api}/stages/prod"),
        method.clone(),
        format!("{method}/integration"),
        format!("{method}/integration/responses/200"),
        format!("{method}/responses/200"),
    ];
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    let mut dice = Dice(2);
    for round in 0..600 {
        let mut operation = || {
            json!({
                "op": dice.pick(OPERATIONS), "path": dice.pick(PATHS),
                "value": dice.pick(VALUES), "from": dice.pick(PATHS),
            })
        };
        let body = json!({"patchOperations": [operation(), operation()]});
        let target = dice.pick(&targets);
        let answer = admin.call(Method::PATCH, target, body.to_string()).await;
        assert!(sound(&answer), "round {round}: {target} {body}: {answer:?}");
    }
    admin.call(Method::GET, targets[1], "").await.ok();
    // What came of it deploys, whatever a route then answers.
    let deployments = format!("/restapis/{api}/deployments");
    admin.call(Method::POST, &deployments, "{}").await.ok();
}

/// A success, or a refusal in AWS's shape.
fn sound(answer: &Answer) -> bool {
    match answer.status {
        200..=299 => true,
        400..=499 => {
            answer.headers.contains_key("x-amzn-errortype")
                && answer.json["message"].as_str().is_some_and(|text| !text.is_empty())
        }
        _ => false,
    }
}

/// Writes everything, then reads: what most clients do. A client that pauses
/// for a second may miss the answer; one that the machine has held up for long
/// tries again.
async fn write_then_read(url: &str, head: &str, body: usize) -> std::io::Result<String> {
    let until = Instant::now() + PATIENCE;
    loop {
        let mut paused = Duration::ZERO;
        let answer = attempt(url, head, body, &mut paused).await;
        let held_up = paused > Duration::from_millis(500) && Instant::now() < until;
        if answer.is_ok() || !held_up {
            return answer;
        }
    }
}

/// One attempt, and the longest time that it took over a piece.
async fn attempt(
    url: &str,
    head: &str,
    body: usize,
    paused: &mut Duration,
) -> std::io::Result<String> {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await?;
    let head = format!("{head} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {body}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let piece = vec![b'x'; 64 * 1024];
    let mut since = Instant::now();
    for _ in 0..body / piece.len() {
        let written = stream.write_all(&piece).await;
        *paused = since.elapsed().max(*paused);
        since = Instant::now();
        written?;
    }
    let mut read = vec![0; 4096];
    let length = stream.read(&mut read).await?;
    Ok(String::from_utf8_lossy(&read[..length]).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_writes_before_it_reads_sees_why_it_was_refused() {
    const LENGTH: usize = 12 * 1024 * 1024;
    let cluster = Cluster::start(Default::default()).await;
    let admin = cluster.client();
    let api = story::import(&admin, &document::proxy("large", "http://127.0.0.1:9/", "m")).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    let node = cluster.nodes[0].url();
    story::node_comes_to_answer(&node, &story::path(&api, "prod", "/mock"), "m", PATIENCE).await;
    // Above AWS's 10 MB, and below it where nobody reads the body.
    let below = 8 * 1024 * 1024;
    for (path, length, expected) in
        [("/proxy", LENGTH, "413 "), ("/mock", below, "200 "), ("/none", below, "403 ")]
    {
        let head = format!("GET {}", story::path(&api, "prod", path));
        let answer = write_then_read(&node, &head, length).await;
        let answer = answer.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{path}: {answer}");
    }
    let name = json!({"name": "x".repeat(LENGTH)}).to_string();
    assert_eq!(admin.post("/restapis", name).await.status, 413);
}
