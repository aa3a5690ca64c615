//! Mapping templates through the whole system: what runs, what is refused at
//! deploy time and by name, and what is bounded.

use std::time::Instant;

use gw_testkit::{
    cluster::{Cluster, Options},
    http::{Answer, Call},
};
use gw_tests::{
    document, story,
    system::{PATIENCE, System as _, wait_until},
};
use serde_json::{Value, json};

/// A MOCK by its templates and those of its answer 200.
fn mock(request: &Value, response: &Value) -> Value {
    json!({
        "responses": {"200": {"description": "fine", "headers":
            {"X-Made": {"schema": {"type": "string"}}}}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "passthroughBehavior": "never",
            "requestTemplates": request,
            "responses": {"default": {"statusCode": "200", "responseTemplates": response}},
        },
    })
}

async fn post(url: &str, path: &str, media: &str, body: &str) -> Answer {
    let call = Call::post(&format!("{url}{path}")).header("content-type", media);
    call.body(body.to_owned()).send().await.unwrap()
}

const OK: &str = r#"{"statusCode": 200}"#;
const FAILED: &str = r#"{"message": "Internal server error"}"#;

/// One route with a good and a broken template, and one without a fault.
fn broken() -> Value {
    let answer = json!({
        "application/json": "{\n  #if($input.path('$.a')\n}",
        "text/plain": "plain $input.params('q')",
    });
    document::api(
        "broken",
        &json!({
            "/a": {"get": mock(&json!({"application/json": OK}), &answer)},
            "/b": {"get": mock(
                &json!({"application/json": "#foreach($x in [1..2])"}),
                &json!({"application/json": ""}))},
            "/fine": {"get": mock(
                &json!({"application/json": OK}),
                &json!({"application/json": "$context.httpMethod"}))},
        }),
    )
}

const FAULTS: [&str; 2] = [
    "GET /a: integration response 200: template application/json: line 3, column 1: expected ), \
     met \"}\"",
    "GET /b: request template application/json: line 1, column 23: expected #end for the \
     directive on line 1, met the end of the template",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_does_not_compile_is_refused_by_name() {
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.json");
    std::fs::write(&file, broken().to_string()).unwrap();
    let file = file.to_str().unwrap();

    let out = cluster.gwctl(&["deploy", file, "--stage", "prod"]).await;
    let words = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(3), "{words}");
    let expected =
        format!("error: BadRequestException: 2 faults:\n  {}\n  {}\n", FAULTS[0], FAULTS[1]);
    assert!(words.contains(&expected), "{words}");
    assert!(words.contains("\nnext: no stage is changed; mend the document"), "{words}");
    let admin = cluster.client();
    assert_eq!(admin.get("/restapis").await.ok().json["item"].as_array().map_or(0, Vec::len), 0);

    let out = cluster.gwctl(&["deploy", file, "--stage", "prod", "--lenient", "--wait"]).await;
    let words = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{words}");
    for fault in FAULTS {
        assert!(words.contains(&format!("warning: {fault}\n")), "{fault} in {words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_as_at_aws_warns_and_its_routes_answer_500() {
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let api = story::import(&admin, &broken()).await;
    let deployed = story::deploy(&admin, &api, "prod", json!({})).await.ok();
    assert_eq!(deployed.json["gatewrightWarnings"], json!(FAULTS));
    let url = cluster.nodes[0].url();
    let get = async |path: &str, accept: &str| {
        let path = story::path(&api, "prod", path);
        Call::get(&format!("{url}{path}")).header("accept", accept).send().await.unwrap()
    };
    let refused = get("/a", "application/json").await;
    let error = refused.header("x-amzn-errortype").map(str::to_owned);
    assert_eq!((refused.status, refused.text()), (500, FAILED.to_owned()));
    assert_eq!(error.as_deref(), Some("InternalServerErrorException"));
    assert_eq!(get("/b", "*/*").await.status, 500);
    // The fault is of one template, and no other request meets it.
    let plain = get("/a?q=1", "text/plain").await;
    assert_eq!((plain.status, plain.text()), (200, "plain 1".to_owned()));
    assert_eq!(plain.header("content-type"), Some("text/plain"));
    assert_eq!(get("/fine", "*/*").await.text(), "GET");

    let part = "Unable to transform response: template application/json, line 3, column 1";
    wait_until("the reason is in the node's log", PATIENCE, async || {
        cluster.log("n1").contains(part)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_see_the_request_and_change_the_answer() {
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let request = "#set($body = $input.path('$'))\
        #set($context.requestOverride.path.seen = $input.json('$.list'))\
        #if($body.fail)#set($context.responseOverride.status = 444)#end\
        #set($context.responseOverride.header.X-Made = \"$body.list.size()\")\
        {\"statusCode\": 200}";
    let response = "$context.requestOverride.path.seen|$input.params('id')|\
        $input.params().querystring.get('q')|$input.params().header.get('x-MARK')|\
        $stageVariables.color|$context.stage $context.resourcePath $context.path|\
        #foreach($name in $input.params().header.keySet())#if($name.toLowerCase() == 'x-mark')\
        $name#end#end|$util.escapeJavaScript(\"a'b\")|$input.body";
    let route = mock(&json!({"application/json": request}), &json!({"application/json": response}));
    let api =
        story::import(&admin, &document::api("seen", &json!({"/p/{id}": {"post": route}}))).await;
    story::deploy(&admin, &api, "prod", json!({"variables": {"color": "blue"}})).await.ok();
    let url = cluster.nodes[0].url();
    let path = story::path(&api, "prod", "/p/a%20b?q=1&q=2%2B");
    let call = Call::post(&format!("{url}{path}"))
        .header("content-type", "application/json")
        .header("x-mark", "m");
    let answer = call.body(r#"{"list": [1, "x"], "fail": true}"#).send().await.unwrap();
    assert_eq!(answer.status, 444);
    assert_eq!(answer.header("x-made"), Some("2"));
    assert_eq!(answer.text(), "[1,\"x\"]|a b|2+|m|blue|prod /p/{id} /prod/p/a%20b|X-Mark|a\\'b|{}");
    let bad = post(&url, &path, "application/json", "{").await;
    let text = bad.text();
    assert_eq!(bad.status, 400, "{text}");
    assert!(text.contains("Could not parse request body into json: "), "{text}");
    let other = post(&url, &path, "text/plain", "{}").await;
    assert_eq!(
        (other.status, other.text()),
        (415, r#"{"message": "Unsupported Media Type"}"#.to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_are_answered_and_do_not_hold_the_node_up() {
    const LOOP: &str = "#foreach($i in [1..1000])#foreach($j in [1..1000])#foreach($k in \
                        [1..1000])x#end#end#end";
    const DOUBLING: &str =
        "#set($s = 'aaaaaaaaaaaaaaaa')#foreach($i in [1..40])#set($s = \"$s$s\")#end$s";
    const RECURSION: &str = "#macro(m)#m()#m()#end#m()";
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let of = |template: &str| {
        let (request, response) =
            (json!({"application/json": OK}), json!({"application/json": template}));
        json!({"post": mock(&request, &response)})
    };
    let reading = mock(
        &json!({"application/json": "$input.json('$')"}),
        &json!({"application/json": "read"}),
    );
    let paths = json!({
        "/loop": of(LOOP), "/doubling": of(DOUBLING), "/recursion": of(RECURSION),
        "/read": {"post": reading}, "/fine": of("$context.stage"),
    });
    let api = story::import(&admin, &document::api("bombs", &paths)).await;
    story::deploy(&admin, &api, "prod", json!({})).await.ok();
    let url = cluster.nodes[0].url();
    for path in ["/loop", "/doubling", "/recursion"] {
        let began = Instant::now();
        let answer = post(&url, &story::path(&api, "prod", path), "application/json", "{}").await;
        assert_eq!((answer.status, answer.text()), (500, FAILED.to_owned()), "{path}");
        assert!(began.elapsed() < PATIENCE, "{path} took {:?}", began.elapsed());
    }
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let read = story::path(&api, "prod", "/read");
    let answer = post(&url, &read, "application/json", &deep).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    let fine = post(&url, &story::path(&api, "prod", "/fine"), "application/json", "{}").await;
    assert_eq!(fine.text(), "prod");
    for part in ["steps", "bytes", "deeper"] {
        wait_until(&format!("{part} in the node's log"), PATIENCE, async || {
            let log = cluster.log("n1");
            let mut lines =
                log.lines().filter(|line| line.contains("Unable to transform response"));
            lines.any(|line| line.contains(part))
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nodes_own_bounds_hold() {
    let flags = ["--max-template-steps", "5000", "--max-template-bytes", "1000"];
    let mut options = Options { nodes: 2, ..Options::default() };
    options.one_node_args = vec![(1, flags.map(str::to_owned).into())];
    let cluster = Cluster::start(options).await;
    let admin = cluster.client();
    let of = |template: &str| {
        json!({"post": mock(&json!({"application/json": OK}),
            &json!({"application/json": template}))})
    };
    let paths = json!({
        "/steps": of("#foreach($i in [1..900])#foreach($j in [1..9])#end#end"),
        "/bytes": of("#foreach($i in [1..200])0123456789#end"),
        "/small": of("$context.stage"),
    });
    let api = story::import(&admin, &document::api("bounds", &paths)).await;
    story::deploy(&admin, &api, "prod", json!({})).await.ok();
    for (path, statuses) in [("/steps", [200, 500]), ("/bytes", [200, 500]), ("/small", [200; 2])] {
        let path = story::path(&api, "prod", path);
        for (node, status) in cluster.nodes.iter().zip(statuses) {
            let answer = post(&node.url(), &path, "application/json", "{}").await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
        }
    }
}
