//! AWS integrations, against an AWS that verifies every signature.

mod fake;

use gw_testkit::{
    cluster::{Cluster, Options},
    eventually,
    http::{Answer, Call},
};
use gw_tests::{
    story,
    system::{PATIENCE, System as _, wait_until},
};
use http::Method;
use serde_json::{Value, json};

use fake::Aws;

const GATEWAY: &str = "arn:aws:apigateway:eu-west-1";
const ROLES: &str = r#"
    [[role]]
    arn = "arn:aws:iam::123456789012:role/reader"
    access_key_id = "AKREADER"
    secret_access_key = "secret-of-the-reader"

    [[role]]
    arn = "arn:aws:iam::123456789012:role/*"
    assume = true
"#;

/// A cluster, an API on it, and AWS. The second node may not call it.
struct World {
    aws: Aws,
    cluster: Cluster,
    api: String,
    /// Of the file of roles.
    folder: tempfile::TempDir,
}

impl World {
    async fn start(paths: Value) -> Self {
        let aws = Aws::start().await;
        let folder = tempfile::tempdir().unwrap();
        let roles = folder.path().join("roles.toml");
        std::fs::write(&roles, ROLES).unwrap();
        let mut options = Options::default();
        let denied = ["--deny-upstream", "127.0.0.0/8"].map(str::to_owned).to_vec();
        options.one_node_args.push((1, denied));
        options.node_args.extend(["--aws-roles".to_owned(), roles.display().to_string()]);
        options.node_environment = [
            ("AWS_ENDPOINT_URL", format!("http://{}", aws.address)),
            ("AWS_ACCESS_KEY_ID", "AKNODE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret-of-the-node".to_owned()),
            ("AWS_SESSION_TOKEN", String::new()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        let cluster = Cluster::start(options).await;
        let document = json!({
            "openapi": "3.0.3",
            "info": {"title": "services", "version": "1"},
            "paths": paths,
        });
        let api = story::import(&cluster.client(), &document).await;
        let more = json!({"variables": {"queue": "orders", "alias": "live"}});
        story::deploy(&cluster.client(), &api, "prod", more).await.ok();
        Self { aws, cluster, api, folder }
    }

    async fn send(&self, method: Method, path: &str, body: &str) -> Answer {
        self.send_to(0, method, path, body).await
    }

    async fn send_to(&self, node: usize, method: Method, path: &str, body: &str) -> Answer {
        let url = self.cluster.nodes[node].api_url(&self.api, "prod", path);
        let call = Call::new(method, &url).header("content-type", "application/json");
        call.body(body.to_owned()).send().await.unwrap()
    }

    async fn post(&self, path: &str, body: &str) -> Answer {
        self.send(Method::POST, path, body).await
    }

    /// Has another file of roles take the place of the first.
    fn replace_roles(&self, text: &str) {
        let (new, roles) = (self.folder.path().join("new"), self.folder.path().join("roles.toml"));
        std::fs::write(&new, text).unwrap();
        std::fs::rename(&new, &roles).unwrap();
    }

    #[track_caller]
    fn nothing_else(&self) {
        for service in ["sqs", "dynamodb", "s3", "lambda", "ssm"] {
            assert!(self.aws.take(service).is_empty(), "{service}");
        }
    }
}

/// An operation whose integration is of type AWS.
fn operation(uri: &str, more: Value) -> Value {
    let mut integration = json!({
        "type": "aws",
        "httpMethod": "POST",
        "uri": format!("{GATEWAY}:{uri}"),
        "responses": {"default": {"statusCode": "200"}},
    });
    if let (Value::Object(integration), Value::Object(more)) = (&mut integration, more) {
        integration.extend(more);
    }
    json!({"x-amazon-apigateway-integration": integration})
}

fn function(name: &str, more: Value) -> Value {
    let arn = format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}");
    operation(&format!("lambda:path/2015-03-31/functions/{arn}/invocations"), more)
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

fn template(text: &str) -> Value {
    json!({"application/json": text})
}

/// SQS answers XML; templates read the JSON that AWS makes of it.
fn queue_responses() -> Value {
    let id = "$input.path('$.SendMessageResponse.SendMessageResult.MessageId')";
    let error = "$input.path('$.Error.Code'): $input.path('$.Error.Message')";
    json!({
        "2\\d{2}": {"statusCode": "200", "responseTemplates": template(id)},
        "4\\d{2}": {"statusCode": "422", "responseTemplates": template(error)},
    })
}

fn paths() -> Value {
    let queue = "'https://sqs.eu-west-1.amazonaws.com/123456789012/orders'";
    let form =
        json!({"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"});
    json!({
        "/query": {"post": operation("sqs:action/SendMessage&DelaySeconds=3", json!({
            "credentials": role("orders"),
            "requestParameters": {
                "integration.request.querystring.QueueUrl": queue,
                "integration.request.querystring.MessageBody": "method.request.body.text",
            },
            "responses": queue_responses(),
        }))},
        "/form": {"post": operation("sqs:path/123456789012/${stageVariables.queue}", json!({
            "requestParameters": form,
            "requestTemplates": template("Action=SendMessage&MessageBody=$util.urlEncode($input.body)"),
            "responses": queue_responses(),
        }))},
        "/topics": {"get": operation("sns:action/ListTopics", json!({"httpMethod": "GET"}))},
        "/json": {"post": operation("dynamodb:action/GetItem", json!({
            "requestTemplates": template(
                r#"{"TableName":"people","Key":{"id":{"S":"$input.path('$.id')"}}}"#,
            ),
            "responses": {"default": {"statusCode": "200", "responseTemplates": template(
                r#"{"name":$input.json('$.Item.name.S')}"#,
            )}},
        }))},
        "/events": {"post": operation("events:action/PutEvents", json!({
            "requestParameters": {"integration.request.header.X-Amz-Target": "'AWSEvents.PutEvents'"},
        }))},
        "/parameter": {"get": operation("ssm:action/GetParameter", json!({
            "requestParameters": {
                "integration.request.querystring.Name": "'/color'",
                "integration.request.querystring.WithDecryption": "'true'",
            },
        }))},
        "/objects/{key}": {
            "parameters": [
                {"name": "key", "in": "path", "required": true, "schema": {"type": "string"}},
            ],
            "put": operation("s3:path/{bucket}/{key}", json!({
                "httpMethod": "PUT",
                "credentials": role("reader"),
                "requestParameters": {
                    "integration.request.path.bucket": "'my-bucket'",
                    "integration.request.path.key": "method.request.path.key",
                    "integration.request.header.Content-Type": "'text/plain'",
                },
            })),
            "get": operation("s3:action/GetObject&Bucket=my-bucket&Key={key}", json!({
                "httpMethod": "GET",
                "credentials": role("reader"),
                "requestParameters": {"integration.request.path.key": "method.request.path.key"},
            })),
        },
        "/nobody": {"post": operation("sqs:path/1/q", json!({"credentials": role("nobody")}))},
        "/foreign": {"post": operation("sqs:path/1/q", json!({
            "credentials": "arn:aws:iam::999999999999:role/orders",
        }))},
        "/unknown": {"post": operation("teleport:action/Beam", json!({}))},
    })
}

fn functions() -> Value {
    let responses = json!({
        "default": {"statusCode": "200"},
        "Not found.*": {"statusCode": "404", "responseTemplates": template(
            r#"{"reason":$input.json('$.errorMessage')}"#,
        )},
    });
    let invocation = json!({"integration.request.header.X-Amz-Invocation-Type": "'Event'"});
    json!({
        "/sync": {"post": function("orders:${stageVariables.alias}", json!({
            "requestTemplates": template(r#"{"order":$input.json('$.id')}"#),
            "responses": responses,
        }))},
        "/async": {"post": function("orders", json!({"requestParameters": invocation}))},
        "/denied": {"post": function("denied", json!({}))},
        "/throttled": {"post": function("throttled", json!({}))},
        "/slow": {"post": function("slow", json!({"timeoutInMillis": 500}))},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn services_get_signed_requests_in_their_protocol() {
    let world = World::start(paths()).await;

    let answer = world.post("/query", r#"{"text":"hello & goodbye"}"#).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "m-1"));
    let seen = world.aws.one("sqs");
    assert_eq!((seen.access_key.as_str(), seen.region.as_str()), ("ASIAORDERS", "eu-west-1"));
    let url = "https%3A%2F%2Fsqs.eu-west-1.amazonaws.com%2F123456789012%2Forders";
    let expected = format!(
        "DelaySeconds=3&Action=SendMessage&Version=2012-11-05&MessageBody=hello%20%26%20goodbye\
         &QueueUrl={url}"
    );
    assert_eq!((seen.path.as_str(), &seen.body), ("/", &expected));
    assert_eq!(seen.header("accept"), "application/json");
    assert_eq!(seen.header("content-type"), "application/x-www-form-urlencoded");
    let source =
        format!("arn:aws:execute-api:us-east-1:000000000000:{}/prod/POST/query", world.api);
    assert_eq!(seen.header("x-amz-source-arn"), source);
    assert_eq!(seen.header("user-agent"), format!("AmazonAPIGateway_{}", world.api));
    assert!(seen.header("x-amzn-trace-id").starts_with("Root=1-"));
    // One that is refused is asked for again and again.
    let mut asked = world.aws.take("sts");
    asked.retain(|seen| seen.body.contains("role%2Forders"));
    assert_eq!(asked.len(), 1, "once, ahead of requests: {asked:?}");

    let answer = world.post("/query", r#"{"text":"missing"}"#).await;
    let expected = "AWS.SimpleQueueService.NonExistentQueue: There is no \"queue\".";
    assert_eq!((answer.status, answer.text().as_str()), (422, expected));
    let answer = world.post("/query", r#"{"text":"bomb"}"#).await;
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert_eq!(world.aws.take("sqs").len(), 2);

    let answer = world.post("/form", "a=b&c").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "m-1"));
    let seen = world.aws.one("sqs");
    assert_eq!((seen.access_key.as_str(), seen.path.as_str()), ("AKNODE", "/123456789012/orders"));
    assert_eq!(seen.body, "Action=SendMessage&MessageBody=a%3Db%26c");
    assert_eq!(seen.header("content-type"), "application/x-www-form-urlencoded");

    assert_eq!(world.send(Method::GET, "/topics", "").await.status, 200);
    let seen = world.aws.one("sns");
    assert_eq!((seen.method.as_str(), seen.body.as_str()), ("GET", ""));
    assert_eq!(seen.path, "/?Action=ListTopics&Version=2010-03-31");

    let answer = world.post("/json", r#"{"id":"7"}"#).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"name": "Grace"})));
    let seen = world.aws.one("dynamodb");
    assert_eq!(seen.header("x-amz-target"), "DynamoDB_20120810.GetItem");
    assert_eq!(seen.header("content-type"), "application/x-amz-json-1.0");
    assert_eq!((seen.path.as_str(), seen.method.as_str()), ("/", "POST"));
    let sent: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(sent, json!({"TableName": "people", "Key": {"id": {"S": "7"}}}));

    assert_eq!(world.post("/events", "{}").await.status, 200);
    assert_eq!(world.aws.one("events").header("x-amz-target"), "AWSEvents.PutEvents");

    let answer = world.send(Method::GET, "/parameter", "").await;
    let result = json!({"Parameter": {"Value": "blue"}});
    let expected = json!({"GetParameterResponse": {
        "GetParameterResult": result, "ResponseMetadata": {"RequestId": "r1"},
    }});
    assert_eq!(answer.json(), expected);
    let seen = world.aws.one("ssm");
    assert_eq!(seen.body, r#"{"Name":"/color","WithDecryption":true}"#);
    world.nothing_else();
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_by_path_and_roles_that_are_refused() {
    let world = World::start(paths()).await;
    let answer = world.send(Method::PUT, "/objects/a%20b%2Fc~d+e", "content").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = world.aws.one("s3");
    assert_eq!((seen.method.as_str(), seen.access_key.as_str()), ("PUT", "AKREADER"));
    assert_eq!(seen.path, "/my-bucket/a%20b%2Fc~d+e");
    assert_eq!((seen.body.as_str(), seen.header("content-type")), ("content", "text/plain"));
    let large = "0123456789".repeat(30_000);
    assert_eq!(world.send(Method::PUT, "/objects/large", &large).await.status, 200);
    assert_eq!(world.aws.one("s3").body, large, "signed by another thread");
    let answer = world.send_to(1, Method::PUT, "/objects/denied", "content").await;
    assert_eq!(answer.status, 500, "the network rules hold for endpoints: {}", answer.text());

    let answer = world.send(Method::GET, "/objects/logo.png", "").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "bytes of the object"));
    let seen = world.aws.one("s3");
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/my-bucket/logo.png"));

    for path in ["/nobody", "/foreign", "/unknown"] {
        let answer = world.post(path, "{}").await;
        assert_eq!(answer.status, 500, "{path}: {}", answer.text());
        assert_eq!(answer.json(), json!({"message": "Internal server error"}));
    }
    wait_until("the reason is in the node's log", PATIENCE, async || {
        world.cluster.log("n1").contains("STS answered 403 AccessDenied")
    })
    .await;
    let log = world.cluster.log("n1");
    assert!(!log.contains("secret-of-the"), "secrets are not logged");
    world.nothing_else();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_file_of_roles_is_read_without_a_restart() {
    let world = World::start(paths()).await;
    assert_eq!(world.post("/foreign", "{}").await.status, 500);
    world.replace_roles(&format!("unmatched = \"node\"\n{ROLES}"));
    eventually("the new roles", || async {
        (world.post("/foreign", "{}").await.status == 200).then_some(())
    })
    .await;
    assert!(world.aws.take("sqs").iter().all(|seen| seen.access_key == "AKNODE"));

    world.replace_roles("unmatched = \"nobody\"");
    eventually("that the file is refused", || async {
        world.cluster.log("n1").contains("the former roles stay").then_some(())
    })
    .await;
    assert_eq!(world.post("/foreign", "{}").await.status, 200);
    assert_eq!(world.aws.one("sqs").access_key, "AKNODE");
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_behind_mappings() {
    let world = World::start(functions()).await;
    let answer = world.post("/sync", r#"{"id":7}"#).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"got": {"order": 7}})));
    let seen = world.aws.one("lambda");
    let arn = "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Aorders%3Alive";
    assert_eq!(seen.path, format!("/2015-03-31/functions/{arn}/invocations"));
    assert_eq!((seen.access_key.as_str(), seen.body.as_str()), ("AKNODE", r#"{"order":7}"#));

    let answer = world.post("/sync", r#"{"id":"raise"}"#).await;
    let expected = json!({"reason": "Not found: order 7"});
    assert_eq!((answer.status, answer.json()), (404, expected));

    let answer = world.post("/async", "{}").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, ""));
    assert_eq!(world.aws.take("lambda").len(), 2);

    let internal = json!({"message": "Internal server error"});
    let answer = world.post("/denied", "{}").await;
    assert_eq!((answer.status, answer.json()), (500, internal.clone()));
    let answer = world.post("/throttled", "{}").await;
    assert_eq!((answer.status, answer.json()), (502, internal));
    let answer = world.post("/slow", "{}").await;
    let expected = json!({"message": "Endpoint request timed out"});
    assert_eq!((answer.status, answer.json()), (504, expected));
}
