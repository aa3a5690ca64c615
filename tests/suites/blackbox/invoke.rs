//! Test calls: a method is run as it is declared now, deployed or not.

use gw_testkit::{
    cluster::{Cluster, Options},
    echo::Echo,
};
use gw_tests::{
    document, story,
    system::{Admin, Answer, PATIENCE, System as _, wait_until},
};
use http::Method;
use serde_json::{Value, json};

/// An API whose root has these methods.
fn document(title: &str, methods: &Value) -> Value {
    document::api(title, &json!({"/": methods}))
}

/// The path of a method of the API's root.
async fn root(admin: &Admin, api: &str, verb: &str) -> String {
    let resources = admin.get(&format!("/restapis/{api}/resources")).await.ok();
    let id = resources.json["_embedded"]["item"]
        .as_array()
        .or_else(|| resources.json["item"].as_array())
        .and_then(|all| all.iter().find(|resource| resource["path"] == "/"))
        .and_then(|resource| resource["id"].as_str())
        .unwrap()
        .to_owned();
    format!("/restapis/{api}/resources/{id}/methods/{verb}")
}

async fn invoke(admin: &Admin, method: &str, input: Value) -> Answer {
    admin.post(method, input.to_string()).await
}

/// The log's lines behind their times.
fn lines(answer: &Answer) -> Vec<String> {
    let log = answer.json["log"].as_str().unwrap();
    let text = |line: &str| line.split_once(" : ").map_or(line, |(_, text)| text).to_owned();
    log.lines().map(text).collect()
}

fn at(lines: &[String], start: &str) -> usize {
    let found = lines.iter().position(|line| line.starts_with(start));
    found.unwrap_or_else(|| panic!("no line {start} in {lines:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_working_copy_answers_and_nothing_is_stored() {
    let mut cluster = Cluster::start(Options::default()).await;
    let admin = cluster.client();
    let echo = Echo::start("tried");
    let methods = json!({
        "get": document::mock_method("$context.stage $stageVariables.v $input.params('q')"),
        "post": document::method(&json!({"type": "http_proxy", "httpMethod": "POST",
                               "uri": format!("{}/x", echo.url())})),
        // A fault elsewhere is none of this method's.
        "put": {"responses": {}},
    });
    let api = story::import(&admin, &document("tried", &methods)).await;
    let get = root(&admin, &api, "GET").await;
    let call = json!({"pathWithQueryString": "/?q=1", "stageVariables": {"v": "w"}});
    let answer = invoke(&admin, &get, call.clone()).await.ok();
    assert_eq!(answer.json["body"], "test-invoke-stage w 1");
    assert_eq!(answer.json["status"], 200);
    assert_eq!(answer.json["headers"]["Content-Type"], "application/json");
    assert_eq!(answer.json["multiValueHeaders"]["Content-Type"], json!(["application/json"]));
    assert!(answer.json["latency"].is_u64());
    // What is changed counts at once, and is deployed nowhere.
    let patch = json!({"patchOperations": [{
        "op": "replace", "path": "/responseTemplates/application~1json", "value": "changed",
    }]});
    let response = format!("{get}/integration/responses/200");
    admin.call(Method::PATCH, &response, patch.to_string()).await.ok();
    assert_eq!(invoke(&admin, &get, call).await.ok().json["body"], "changed");
    let stages = admin.get(&format!("/restapis/{api}/stages")).await.ok();
    assert!(!stages.body.contains("test-invoke-stage"), "{}", stages.body);
    let deployments = admin.get(&format!("/restapis/{api}/deployments")).await.ok();
    assert!(!deployments.body.contains("\"id\""), "{}", deployments.body);

    let post = root(&admin, &api, "POST").await;
    let call = json!({
        "pathWithQueryString": "/?a=1", "body": "hello",
        "headers": {"X-One": "1"}, "multiValueHeaders": {"X-Many": ["2", "3"]},
    });
    let answer = invoke(&admin, &post, call).await.ok();
    let told: Value = serde_json::from_str(answer.json["body"].as_str().unwrap()).unwrap();
    assert_eq!((&told["body"], &told["query"]), (&json!("hello"), &json!("a=1")), "{told}");
    let headers = told["headers"].to_string();
    for header in [r#"["x-one","1"]"#, r#"["x-many","2"]"#, r#"["x-many","3"]"#] {
        assert!(headers.contains(header), "{header} in {headers}");
    }
    let lines = lines(&answer);
    let order = [
        "Execution log for request ",
        "Starting execution for request: ",
        "HTTP Method: POST, Resource Path: /",
        "Method request path: {}",
        "Method request query string: {a=1}",
        "Method request headers: {",
        "Method request body before transformations: hello",
        "Endpoint request URI: ",
        "Endpoint request headers: {",
        "Endpoint request body after transformations: hello",
        "Sending request to ",
        "Received response. Status: 200, Integration latency: ",
        "Endpoint response headers: {",
        "Endpoint response body before transformations: {",
        "Method response body after transformations: {",
        "Method response headers: {",
        "Successfully completed execution",
        "Method completed with status: 200",
    ];
    let places: Vec<usize> = order.iter().map(|start| at(&lines, start)).collect();
    assert_eq!(places, (0..order.len()).collect::<Vec<_>>(), "{lines:#?}");
    // AWS cuts lines and has no steps; whoever traces sees all.
    let get_changed = format!("{get}?gatewright=trace");
    let traced = invoke(&admin, &get_changed, json!({})).await.ok();
    assert!(traced.json["log"].as_str().unwrap().contains("Applied the template for "));
    cluster.nodes.iter_mut().for_each(gw_testkit::cluster::Node::kill);
    let admin = admin.takes_503();
    wait_until("the nodes are gone", PATIENCE, async || {
        invoke(&admin, &post, json!({})).await.status == 503
    })
    .await;
    let gone = invoke(&admin, &post, json!({})).await;
    assert_eq!(gone.status, 503, "{}", gone.body);
    assert!(gone.body.contains("no data-plane node is connected"), "{}", gone.body);
    assert_eq!(gone.headers["x-amzn-errortype"], "ServiceUnavailableException");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_calls_have_awss_errors_and_failures_a_reason() {
    let cluster = Cluster::start(Options::default()).await;
    let admin = cluster.client();
    let mut wanting = document::mock_method("{}");
    wanting["parameters"] = json!([
        {"name": "q", "in": "query", "required": true, "schema": {"type": "string"}},
    ]);
    wanting["x-amazon-apigateway-request-validator"] = json!("all");
    let methods = json!({
        "get": wanting,
        "post": document::method(&json!({"type": "http_proxy", "httpMethod": "POST",
                               "uri": "http://127.0.0.1:9/"})),
        "delete": document::mock_method("#if("),
        "put": {"responses": {}},
    });
    let mut declared = document("wanting", &methods);
    declared["x-amazon-apigateway-request-validators"] =
        json!({"all": {"validateRequestBody": true, "validateRequestParameters": true}});
    let api = story::import(&admin, &declared).await;
    let get = root(&admin, &api, "GET").await;
    let answer = invoke(&admin, &get, json!({})).await.ok();
    assert_eq!(answer.json["status"], 400);
    let missing = "Missing required request parameters: [q]";
    assert!(answer.json["body"].as_str().unwrap().contains(missing), "{}", answer.body);
    at(&lines(&answer), missing);
    for (verb, status, reason) in [
        ("POST", 504, "Execution failed due to a network error communicating with endpoint"),
        ("DELETE", 500, "Execution failed due to configuration error: "),
    ] {
        let answer = invoke(&admin, &root(&admin, &api, verb).await, json!({})).await.ok();
        assert_eq!(answer.json["status"], status, "{}", answer.body);
        let lines = lines(&answer);
        at(&lines, reason);
        assert_eq!(lines.last().unwrap(), &format!("Method completed with status: {status}"));
    }
    let no_method = root(&admin, &api, "PATCH").await;
    let no_integration = root(&admin, &api, "PUT").await;
    let no_resource = format!("/restapis/{api}/resources/none/methods/GET");
    let long = "x".repeat(5 << 20);
    let cases = [
        (no_method, json!({}), 404, "Invalid Method identifier specified"),
        (no_resource.clone(), json!({}), 404, "Invalid Resource identifier specified"),
        (no_resource.replace(&api, "unknown"), json!({}), 404, "Invalid Resource identifier"),
        (no_integration, json!({}), 400, "No integration defined for method"),
        (get.clone(), json!({"clientCertificateId": "none"}), 404, "Invalid Client Certificate"),
        (get.clone(), json!({"headers": {"a b": "c"}}), 400, "Invalid header name specified: a b"),
        (get.clone(), json!({"headers": "x"}), 400, ""),
        (get.clone(), json!([]), 400, "Expected a JSON object"),
        (get.clone(), json!({"body": long}), 400, "Invalid body specified"),
    ];
    for (path, input, status, message) in cases {
        let answer = invoke(&admin, &path, input).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(answer.body.contains(message), "{path}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_and_large_calls_at_a_time() {
    let cluster = Cluster::start(Options::default()).await;
    let admin = cluster.client();
    let echo = Echo::start("large");
    let methods = json!({
        "get": document::mock_method("$input.params('n')"),
        "post": document::method(&json!({"type": "http_proxy", "httpMethod": "POST",
                               "uri": format!("{}/?bytes=5000000", echo.url())})),
        "put": document::method(&json!({"type": "http_proxy", "httpMethod": "POST",
                              "uri": format!("{}/?delay_ms=300", echo.url())})),
    });
    let api = story::import(&admin, &document("many", &methods)).await;
    let get = root(&admin, &api, "GET").await;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (admin, get) = (admin.clone(), get.clone());
        calls.spawn(async move {
            let call = json!({"pathWithQueryString": format!("/?n={n}")});
            assert_eq!(invoke(&admin, &get, call).await.ok().json["body"], n.to_string());
        });
    }
    while let Some(done) = calls.join_next().await {
        done.unwrap();
    }
    let put = root(&admin, &api, "PUT").await;
    let body = "y".repeat(3 << 20);
    let answer = invoke(&admin, &put, json!({"body": body})).await.ok();
    assert!(answer.json["body"].as_str().unwrap().contains(&body));
    assert!(answer.json["latency"].as_u64().unwrap() >= 300);
    // The line of the log is cut as AWS cuts it.
    let all = lines(&answer);
    let line = &all[at(&all, "Method request body before transformations: y")];
    assert!(line.len() <= 1024 && line.ends_with("y [TRUNCATED]"), "{}", line.len());
    // An answer beyond what a message carries is cut, not lost.
    let post = root(&admin, &api, "POST").await;
    let answer = invoke(&admin, &post, json!({})).await.ok();
    assert_eq!(answer.json["status"], 200);
    assert_eq!(answer.json["body"].as_str().unwrap().len(), 4 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn gwctl_prints_the_steps() {
    let cluster = Cluster::start(Options::default()).await;
    let admin = cluster.client();
    let methods = json!({"get": document::mock_method("#set($x = $input.params('q'))\n[$x]")});
    story::import(&admin, &document("shown", &methods)).await;
    let done = cluster.gwctl(&["test-invoke", "shown", "get", "/", "--query", "q=7"]).await;
    let (out, told) =
        (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{told}");
    assert_eq!(out.trim(), "[7]");
    for part in [
        "Starting execution for request: ",
        "Template line 1, column 1: #set $x = \"7\"",
        "Template line 2, column 2: $x -> \"7\"",
        "Method completed with status: 200",
        "HTTP 200 in ",
        "Content-Type: application/json",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let json = cluster.gwctl(&["test-invoke", "shown", "GET", "/", "-o", "json"]).await;
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["status"], 200);
    let none = cluster.gwctl(&["test-invoke", "shown", "GET", "/none"]).await;
    assert_eq!(none.status.code(), Some(3));
}
