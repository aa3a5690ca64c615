//! Every type of gateway response that a request can provoke, as it is built
//! in and as an API customises it, against the reference's table.

use std::collections::BTreeSet;

use gw_model::GatewayResponseType as Type;
use gw_testkit::{
    cluster::{Cluster, Options},
    http::{Answer, Call},
    raw::{Raw, Reply},
};
use gw_tests::{
    document, story,
    system::{PATIENCE, System as _, wait_until},
};
use http::Method;
use serde_json::{Value, json};

/// A request and what AWS answers to it.
#[derive(Clone)]
struct Case {
    kind: Type,
    verb: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    status: u16,
    error: &'static str,
    answer: &'static str,
    /// `$context.error.validationErrorString`.
    validation: Option<&'static str>,
}

const GET: Case = Case {
    kind: Type::Default4xx,
    verb: "GET",
    path: "",
    headers: &[],
    body: "",
    status: 0,
    error: "InternalServerErrorException",
    answer: "",
    validation: None,
};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// Types whose features this build does not have: authorizers, IAM, web ACLs
/// and quotas. They go through the same place as all others, and
/// `gw-pipeline`'s tests of that place hold them to the table.
const NOT_YET: [Type; 8] = [
    Type::AccessDenied,
    Type::AuthorizerFailure,
    Type::ExpiredToken,
    Type::InvalidSignature,
    Type::QuotaExceeded,
    Type::ResourceNotFound,
    Type::Unauthorized,
    Type::WafFiltered,
];

fn cases() -> Vec<Case> {
    [before_mapping(), from_mapping_on()].concat()
}

/// Refusals by routing, keys, limits and validation.
fn before_mapping() -> Vec<Case> {
    vec![
        Case {
            kind: Type::MissingAuthenticationToken,
            path: "/nowhere",
            status: 403,
            error: "MissingAuthenticationTokenException",
            answer: r#"{"message":"Missing Authentication Token"}"#,
            ..GET
        },
        Case {
            kind: Type::MissingAuthenticationToken,
            verb: "PUT",
            path: "/key",
            status: 403,
            error: "MissingAuthenticationTokenException",
            answer: r#"{"message":"Missing Authentication Token"}"#,
            ..GET
        },
        Case {
            kind: Type::InvalidApiKey,
            path: "/key",
            status: 403,
            error: "ForbiddenException",
            answer: r#"{"message":"Forbidden"}"#,
            ..GET
        },
        Case {
            kind: Type::Throttled,
            path: "/slow",
            status: 429,
            error: "TooManyRequestsException",
            answer: r#"{"message":"Too Many Requests"}"#,
            ..GET
        },
        Case {
            kind: Type::AuthorizerConfigurationError,
            path: "/iam",
            status: 500,
            error: "AuthorizerConfigurationException",
            answer: r#"{"message":null}"#,
            ..GET
        },
        Case {
            kind: Type::BadRequestParameters,
            path: "/params?b=1",
            status: 400,
            error: "BadRequestException",
            answer: r#"{"message": "Missing required request parameters: [x-h, a]"}"#,
            validation: Some("Missing required request parameters: [x-h, a]"),
            ..GET
        },
        Case {
            kind: Type::BadRequestBody,
            verb: "POST",
            path: "/body",
            headers: JSON,
            body: r#"{"n":"one"}"#,
            status: 400,
            error: "BadRequestException",
            answer: r#"{"message": "Invalid request body"}"#,
            validation: Some(
                r#"[instance type (string) does not match any allowed primitive type (allowed: ["integer"])]"#,
            ),
        },
    ]
}

/// Refusals by mappings and integrations.
fn from_mapping_on() -> Vec<Case> {
    vec![
        Case {
            kind: Type::UnsupportedMediaType,
            verb: "POST",
            path: "/never",
            headers: &[("content-type", "text/xml; charset=utf-8")],
            body: "<a/>",
            status: 415,
            error: "BadRequestException",
            answer: r#"{"message": "Unsupported Media Type"}"#,
            ..GET
        },
        // AWS: the class's response, with texts of their own.
        Case {
            kind: Type::Default4xx,
            verb: "POST",
            path: "/map",
            headers: JSON,
            body: r#"{"a":"#,
            status: 400,
            error: "BadRequestException",
            answer: r#"{"message": "Could not parse request body into json: unexpected end at position 5"}"#,
            ..GET
        },
        Case {
            kind: Type::Default4xx,
            verb: "POST",
            path: "/map-parameter",
            headers: JSON,
            body: r#"{"a":"#,
            status: 400,
            error: "BadRequestException",
            answer: r#"{"message": "Invalid JSON in request body"}"#,
            ..GET
        },
        Case {
            kind: Type::ApiConfigurationError,
            path: "/unmapped",
            status: 500,
            answer: r#"{"message": "Internal server error"}"#,
            ..GET
        },
        Case {
            kind: Type::ApiConfigurationError,
            path: "/address",
            status: 500,
            answer: r#"{"message": "Internal server error"}"#,
            ..GET
        },
        Case {
            kind: Type::IntegrationFailure,
            path: "/refused",
            status: 504,
            answer: r#"{"message": "Network error communicating with endpoint"}"#,
            ..GET
        },
        Case {
            kind: Type::IntegrationFailure,
            path: "/garbage",
            status: 502,
            answer: r#"{"message": "Internal server error"}"#,
            ..GET
        },
        // A function's answer that is no answer.
        Case {
            kind: Type::Default5xx,
            path: "/function",
            status: 502,
            answer: r#"{"message": "Internal server error"}"#,
            ..GET
        },
        Case {
            kind: Type::IntegrationTimeout,
            path: "/late",
            status: 504,
            answer: r#"{"message": "Endpoint request timed out"}"#,
            ..GET
        },
    ]
}

const FUNCTION: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
    arn:aws:lambda:us-east-1:000000000000:function:odd/invocations";

fn refused() -> String {
    format!("http://{}/", gw_testkit::nobody())
}

fn mock(more: &Value) -> Value {
    let mock = json!({
        "type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "responses": {"default": {"statusCode": "200"}},
    });
    document::with(mock, more.clone())
}

/// An API with a path for each way to be refused.
fn document(title: &str, raw: &Raw, responses: &Value) -> Value {
    let proxy = |uri: String| {
        // Only what never answers has little time to.
        let patience = if uri.ends_with("/late") { 300 } else { 15_000 };
        json!({"type": "http_proxy", "httpMethod": "GET", "uri": uri, "timeoutInMillis": patience})
    };
    let http = |uri: String, responses: Value| json!({"type": "http", "httpMethod": "POST", "uri": uri, "responses": responses});
    let mapped = json!({"application/json": "{\"b\": $input.json('$.a')}"});
    let mut map = http(format!("{}/ok", raw.url()), json!({"default": {"statusCode": "200"}}));
    let mut parameter = map.clone();
    parameter["requestParameters"] =
        json!({"integration.request.header.a": "method.request.body.a"});
    map["requestTemplates"] = mapped;
    let required = |name: &str, place: &str| json!({"name": name, "in": place, "required": true, "schema": {"type": "string"}});
    let of = |integration: Value, more: Value| document::with(document::method(&integration), more);
    let plain = json!({});
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
    let model = json!({"content": {"application/json":
        {"schema": {"$ref": "#/components/schemas/N"}}}});
    let only = json!({"200": {"statusCode": "200"}});
    json!({
        "openapi": "3.0.1",
        "info": {"title": title, "version": "1"},
        "x-amazon-apigateway-gateway-responses": responses,
        "x-amazon-apigateway-request-validators": {
            "all": {"validateRequestBody": true, "validateRequestParameters": true}},
        "components": {
            "schemas": {"N": schema},
            "securitySchemes": {"api_key":
                {"type": "apiKey", "name": "x-api-key", "in": "header"}}},
        "paths": {
            "/key": {"get": of(mock(&json!({})), json!({"security": [{"api_key": []}]}))},
            "/slow": {"get": of(mock(&json!({})), plain.clone())},
            "/iam": {"get": of(mock(&json!({})),
                json!({"x-amazon-apigateway-auth": {"type": "AWS_IAM"}}))},
            "/params": {"get": of(mock(&json!({})), json!({
                "x-amazon-apigateway-request-validator": "all",
                "parameters": [
                    required("a", "query"), required("b", "query"), required("x-h", "header")]}))},
            "/body": {"post": of(mock(&json!({})), json!({
                "x-amazon-apigateway-request-validator": "all", "requestBody": model}))},
            "/never": {"post": of(mock(&json!({"passthroughBehavior": "never"})), plain.clone())},
            "/map": {"post": of(map, plain.clone())},
            "/map-parameter": {"post": of(parameter, plain.clone())},
            "/large": {"post": of(proxy(format!("{}/ok", raw.url())), plain.clone())},
            "/unmapped": {"get": of(http(format!("{}/teapot", raw.url()), only), plain.clone())},
            "/address": {"get":
                of(proxy("http://${stageVariables.none}/".to_owned()), plain.clone())},
            "/refused": {"get": of(proxy(refused()), plain.clone())},
            "/garbage": {"get": of(proxy(format!("{}/garbage", raw.url())), plain.clone())},
            "/function": {"get": of(json!({
                "type": "aws_proxy", "httpMethod": "POST", "uri": FUNCTION}), plain.clone())},
            "/late": {"get": of(proxy(format!("{}/late", raw.url())), plain.clone())},
        },
    })
}

/// Without tokens from the start: every request is one too many.
async fn close(cluster: &Cluster, api: &str) {
    let set = |name: &str| json!({"op": "replace", "path": format!("/~1slow/GET/throttling/{name}"), "value": "0"});
    let body = json!({"patchOperations": [set("rateLimit"), set("burstLimit")]});
    let stage = format!("/restapis/{api}/stages/prod");
    cluster.client().call(Method::PATCH, &stage, body.to_string()).await.ok();
}

async fn send(url: &str, api: &str, case: &Case) -> Answer {
    let verb = Method::from_bytes(case.verb.as_bytes()).unwrap();
    let mut call = Call::new(verb, &format!("{url}{}", story::path(api, "prod", case.path)))
        .header("x-mark", "seen");
    for (name, value) in case.headers {
        call = call.header(name, value);
    }
    if !case.body.is_empty() {
        call = call.body(case.body);
    }
    call.send().await.unwrap()
}

const TEMPLATE: &str = r#"{"text":$context.error.messageString,"type":"$context.error.responseType","mark":"$method.request.header.x-mark","id":"$context.requestId","to":"$stageVariables.to"}|$context.error.validationErrorString"#;

/// Every type customised, each with its own header and the same template.
fn customised() -> Value {
    let all = Type::ALL.iter().map(|kind| {
        let response = json!({
            "responseParameters": {
                "gatewayresponse.header.X-Type": "context.error.responseType",
                "gatewayresponse.header.X-Mark": "method.request.header.x-mark",
                "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
            },
            "responseTemplates": {"application/json": TEMPLATE, "text/plain": "plain"},
        });
        (kind.to_string(), response)
    });
    Value::Object(all.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_is_answered_as_at_aws() {
    let raw = Raw::start(|request| match request.split(' ').nth(1).unwrap() {
        "/teapot" => Reply::http(418, &[], "teapot"),
        "/garbage" => Reply::Bytes(b"220 this is no HTTP\r\n\r\n".to_vec()),
        "/late" => Reply::Stall(Vec::new()),
        path if path.starts_with("/2015-03-31/functions/") => Reply::http(200, &[], "[1]"),
        _ => Reply::http(200, &[], "{}"),
    });
    let node_environment = vec![("AWS_ENDPOINT_URL_LAMBDA".to_owned(), raw.url())];
    let cluster =
        Cluster::start(Options { nodes: 1, node_environment, ..Options::default() }).await;
    let admin = cluster.client();
    let url = cluster.nodes[0].url();
    let class = |status: u16| {
        json!({"statusCode": status.to_string(), "responseTemplates":
        {"application/json": "class $context.error.responseType"}})
    };
    let mut apis = Vec::new();
    for (title, responses) in [
        ("built in", json!({})),
        ("customised", customised()),
        ("by class", json!({"DEFAULT_4XX": class(444), "DEFAULT_5XX": class(555)})),
    ] {
        let api = story::import(&admin, &document(title, &raw, &responses)).await;
        let variables = json!({"variables": {"to": "blue"}});
        story::deploy(&admin, &api, "prod", variables).await.ok();
        close(&cluster, &api).await;
        apis.push(api);
    }
    let mut seen: BTreeSet<Type> = BTreeSet::new();
    for case in cases() {
        let name = format!("{} {} {}", case.kind, case.verb, case.path);
        seen.insert(case.kind);

        let answer = send(&url, &apis[0], &case).await;
        let found = (answer.status, answer.header("x-amzn-errortype"), answer.text());
        assert_eq!(found, (case.status, Some(case.error), case.answer.to_owned()), "{name}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{name}");
        assert!(answer.header("x-amzn-requestid").is_some_and(|id| id.len() == 36), "{name}");
        assert!(answer.header("x-amz-apigw-id").is_some(), "{name}");
        assert_eq!(answer.header("x-amzn-trace-id"), None, "{name}");

        let answer = send(&url, &apis[1], &case).await;
        let built_in: Value = serde_json::from_str(case.answer).unwrap();
        let text = answer.text();
        // Quotes in a detail stand as they are: substitution is plain.
        let (json, detail) = text.rsplit_once('|').unwrap();
        let found: Value = serde_json::from_str(json).unwrap();
        assert_eq!(answer.status, case.status, "{name}: {found}");
        assert_eq!(answer.header("x-amzn-errortype"), Some(case.error), "{name}");
        assert_eq!(found["text"], built_in["message"], "{name}");
        for (member, value) in [("type", case.kind.as_str()), ("mark", "seen"), ("to", "blue")] {
            assert_eq!(found[member], value, "{name} {member}");
        }
        assert_eq!(detail, case.validation.unwrap_or_default(), "{name}");
        assert_eq!(found["id"].as_str(), answer.header("x-amzn-requestid"), "{name}");
        for (header, value) in [
            ("x-type", case.kind.as_str()),
            ("x-mark", "seen"),
            ("access-control-allow-origin", "*"),
        ] {
            assert_eq!(answer.header(header), Some(value), "{name} {header}");
        }

        let answer = send(&url, &apis[2], &case).await;
        let status = if case.status < 500 { 444 } else { 555 };
        let found = (answer.status, answer.header("x-amzn-errortype"), answer.text());
        assert_eq!(found, (status, Some(case.error), format!("class {}", case.kind)), "{name}");
    }

    // AWS: a body that is too large cannot be customised.
    for api in &apis {
        let large = Call::post(&format!("{url}{}", story::path(api, "prod", "/large")));
        let answer = large.body(vec![b'x'; (10 << 20) + 1]).send().await.unwrap();
        let found = (answer.status, answer.header("x-amzn-errortype"), answer.text());
        let body = r#"{"message":"Request Too Long"}"#.to_owned();
        assert_eq!(found, (413, Some("RequestTooLargeException"), body));
        assert_eq!(answer.header("x-type"), None);
    }
    seen.insert(Type::RequestTooLarge);
    let all: BTreeSet<Type> = Type::ALL.iter().copied().collect();
    assert_eq!(seen.union(&NOT_YET.into()).copied().collect::<BTreeSet<_>>(), all);

    // The template is the one for what the client accepts first.
    let nowhere = format!("{url}{}", story::path(&apis[1], "prod", "/nowhere"));
    let plain = Call::get(&nowhere).header("accept", "text/plain;q=0.5, */*").send().await.unwrap();
    assert_eq!((plain.header("content-type"), &*plain.text()), (Some("text/plain"), "plain"));

    // Whose fault is not the client's is in the node's log, with its reason; of
    // many in a second only some.
    for (path, parts) in [
        ("/refused", ["INTEGRATION_FAILURE", "network error communicating"]),
        ("/garbage", ["INTEGRATION_FAILURE", "502"]),
        ("/late", ["INTEGRATION_TIMEOUT", "timeout error"]),
        ("/unmapped", ["API_CONFIGURATION_ERROR", "No match for output mapping"]),
        ("/iam", ["AUTHORIZER_CONFIGURATION_ERROR", "AWS_IAM"]),
    ] {
        let what = format!("the log tells of {path}");
        wait_until(&what, PATIENCE, async || {
            send(&url, &apis[0], &Case { path, ..GET }).await;
            let place = format!("GET {path}");
            let log = cluster.log("n1");
            let mut refused = log.lines().filter(|line| line.contains("request refused"));
            refused.any(|line| {
                [apis[0].as_str(), "prod", &place].iter().chain(&parts).all(|p| line.contains(p))
            })
        })
        .await;
    }
    assert!(!cluster.log("n1").contains("GET /nowhere"), "what clients do wrong is not logged");
}
