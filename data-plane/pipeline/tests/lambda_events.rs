//! The events of AWS_PROXY over real sockets: compared whole, key by key, with
//! what AWS sends.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use gw_model::{
    BasePathMapping, EndpointType, FactName,
    HttpMethod::*,
    Method, PlanStage, RestApi, Scope,
    fact::{ApiKeyFact, DomainFact, HashKeyFact, KeyHasher, UsagePlanFact},
    stage::CanaryRelease,
};
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use support::{
    lambda::{ARN, function, gateway, lambda, merge, same},
    *,
};

const TRACE: &str = "Root=1-5e5fa2e7-000000000000000000000000;Parent=0000000000000001;Sampled=1";

/// The event's parts that no test can foresee, checked for their form and
/// taken out.
fn settle(mut event: Value) -> Value {
    let context = &mut event["requestContext"];
    let uuid = context["requestId"].take();
    assert_eq!(uuid.as_str().unwrap().len(), 36);
    let extended = context["extendedRequestId"].take();
    assert_eq!(extended.as_str().unwrap().len(), 16);
    let epoch = context["requestTimeEpoch"].take().as_u64().unwrap();
    assert!(epoch > 1_700_000_000_000);
    let time = context["requestTime"].take();
    let mut expected = Vec::new();
    gw_event::push_date(&mut expected, epoch);
    assert_eq!(time.as_str().unwrap().as_bytes(), expected);
    let port = event["headers"]["X-Forwarded-Port"].take();
    assert_eq!(event["multiValueHeaders"]["X-Forwarded-Port"].take(), json!([port]));
    assert!(port.as_str().unwrap().parse::<u16>().is_ok());
    event
}

/// The event of `GET /prod/proxy-value` to `/{proxy+}` with the trace id of
/// the tests; `changes` is merged over it.
fn expected(changes: Value) -> Value {
    let mut event = json!({
        "resource": "/{proxy+}", "path": "/proxy-value", "httpMethod": "GET",
        "headers": {
            "Host": "abc.execute-api.localhost", "X-Amzn-Trace-Id": TRACE,
            "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Port": null, "X-Forwarded-Proto": "http",
        },
        "multiValueHeaders": {
            "Host": ["abc.execute-api.localhost"], "X-Amzn-Trace-Id": [TRACE],
            "X-Forwarded-For": ["127.0.0.1"], "X-Forwarded-Port": null,
            "X-Forwarded-Proto": ["http"],
        },
        "queryStringParameters": null, "multiValueQueryStringParameters": null,
        "pathParameters": {"proxy": "proxy-value"}, "stageVariables": null,
        "requestContext": {
            "accountId": "000000000000", "apiId": "abc", "deploymentId": "dep001",
            "domainName": "abc.execute-api.localhost", "domainPrefix": "abc",
            "extendedRequestId": null, "httpMethod": "GET",
            "identity": {
                "accessKey": null, "accountId": null, "caller": null,
                "cognitoAuthenticationProvider": null, "cognitoAuthenticationType": null,
                "cognitoIdentityId": null, "cognitoIdentityPoolId": null, "principalOrgId": null,
                "sourceIp": "127.0.0.1", "user": null, "userAgent": null, "userArn": null,
            },
            "path": "/prod/proxy-value", "protocol": "HTTP/1.1", "requestId": null,
            "requestTime": null, "requestTimeEpoch": null, "resourceId": "r-{proxy+}",
            "resourcePath": "/{proxy+}", "stage": "prod",
        },
        "body": null, "isBase64Encoded": false,
    });
    merge(&mut event, changes);
    event
}

/// Both header maps for headers that come once.
fn headers(pairs: &[(&str, &str)]) -> Value {
    let (mut single, mut multi) = (json!({}), json!({}));
    for (name, value) in pairs {
        single[*name] = json!(value);
        multi[*name] = json!([value]);
    }
    json!({"headers": single, "multiValueHeaders": multi})
}

fn paths(path: &str, context: &str, proxy: &str) -> Value {
    json!({"path": path, "requestContext": {"path": context}, "pathParameters": {"proxy": proxy}})
}

/// One request and what its event has that the plain one has not.
struct Shape {
    verb: &'static str,
    uri: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    event: Value,
}

fn get(uri: &'static str, event: Value) -> Shape {
    Shape { verb: "GET", uri, headers: &[], body: b"", event }
}

fn sent(headers: &'static [(&'static str, &'static str)], event: Value) -> Shape {
    Shape { verb: "GET", uri: "/prod/proxy-value", headers, body: b"", event }
}

fn post(
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    event: Value,
) -> Shape {
    let mut whole = json!({"httpMethod": "POST", "requestContext": {"httpMethod": "POST"}});
    merge(&mut whole, event);
    Shape { verb: "POST", uri: "/prod/proxy-value", headers, body, event: whole }
}

fn path_shapes() -> Vec<Shape> {
    vec![
        get("/prod/proxy-value", json!({})),
        get("/prod/proxy-value/", paths("/proxy-value/", "/prod/proxy-value/", "proxy-value")),
        get(
            "/prod/proxy-value//double-slash",
            paths(
                "/proxy-value//double-slash",
                "/prod/proxy-value//double-slash",
                "proxy-value//double-slash",
            ),
        ),
        get("/prod//proxy-value", paths("/proxy-value", "/prod//proxy-value", "proxy-value")),
        get("//prod/proxy-value", paths("/proxy-value", "/prod/proxy-value", "proxy-value")),
        get(
            "/prod/test%2Balias@gmail.com",
            paths(
                "/test%2Balias@gmail.com",
                "/prod/test%2Balias@gmail.com",
                "test%2Balias@gmail.com",
            ),
        ),
        get(
            "/prod/a%2Fb/%C3%A4%20c",
            paths("/a%2Fb/%C3%A4%20c", "/prod/a%2Fb/%C3%A4%20c", "a%2Fb/%C3%A4%20c"),
        ),
        get("/_aws/execute-api/abc/prod/proxy-value", json!({})),
        get(
            "/prod/pets/17/toys/ball",
            json!({
                "resource": "/pets/{id}/toys/{toy}", "path": "/pets/17/toys/ball",
                "pathParameters": {"id": "17", "toy": "ball", "proxy": null},
                "requestContext": {
                    "path": "/prod/pets/17/toys/ball", "resourcePath": "/pets/{id}/toys/{toy}",
                    "resourceId": "r-pets-{id}-toys-{toy}",
                },
            }),
        ),
        get(
            "/prod",
            json!({
                "resource": "/", "path": "/", "pathParameters": null,
                "requestContext": {"path": "/prod", "resourcePath": "/", "resourceId": "r-"},
            }),
        ),
        get(
            "/prod/",
            json!({
                "resource": "/", "path": "/", "pathParameters": null,
                "requestContext": {"path": "/prod/", "resourcePath": "/", "resourceId": "r-"},
            }),
        ),
    ]
}

fn query_shapes() -> Vec<Shape> {
    let query = |single: Value, multi: Value| json!({"queryStringParameters": single, "multiValueQueryStringParameters": multi});
    vec![
        get(
            "/prod/proxy-value?a=1&b=2&a=3",
            query(json!({"a": "3", "b": "2"}), json!({"a": ["1", "3"], "b": ["2"]})),
        ),
        get(
            "/prod/proxy-value?t=2023-06-01T00:00:00%2B00:00&u=x+y",
            query(
                json!({"t": "2023-06-01T00:00:00+00:00", "u": "x y"}),
                json!({"t": ["2023-06-01T00:00:00+00:00"], "u": ["x y"]}),
            ),
        ),
        get(
            "/prod/proxy-value?empty=&none",
            query(json!({"empty": "", "none": ""}), json!({"empty": [""], "none": [""]})),
        ),
        get(
            "/prod/proxy-value?a=1;b=%22%5C%C3%A4;%61=2",
            query(json!({"a": "2", "b": "\"\\ä"}), json!({"a": ["1", "2"], "b": ["\"\\ä"]})),
        ),
        get("/prod/proxy-value?", json!({})),
    ]
}

fn header_shapes() -> Vec<Shape> {
    let mut agent = headers(&[("Accept", "*/*"), ("User-Agent", "test/1 \"x\"")]);
    agent["requestContext"] = json!({"identity": {"userAgent": "test/1 \"x\""}});
    vec![
        sent(&[("user-agent", "test/1 \"x\""), ("accept", "*/*")], agent),
        sent(
            &[("x-multi", "one"), ("x-other", "o"), ("x-multi", "two"), ("x-multi", "")],
            json!({
                "headers": {"X-Multi": "", "X-Other": "o"},
                "multiValueHeaders": {"X-Multi": ["one", "two", ""], "X-Other": ["o"]},
            }),
        ),
        sent(&[("authorization", "Bearer token")], headers(&[("Authorization", "Bearer token")])),
        sent(&[("authorization", "AWS4-HMAC-SHA256 Credential=a")], json!({})),
        sent(
            &[
                ("connection", "keep-alive, x-hop"),
                ("x-hop", "1"),
                ("te", "trailers"),
                ("content-md5", "x"),
                ("max-forwards", "1"),
                ("server", "s"),
                ("upgrade", "h2c"),
                ("www-authenticate", "w"),
                ("proxy-authenticate", "p"),
                ("via", "1.1 proxy"),
                ("referer", "r"),
            ],
            headers(&[("Via", "1.1 proxy"), ("Referer", "r")]),
        ),
        sent(
            &[("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "gopher")],
            headers(&[("X-Forwarded-For", "203.0.113.7, 127.0.0.1")]),
        ),
        sent(&[("cookie", "a=1; b=2")], headers(&[("Cookie", "a=1; b=2")])),
        sent(
            &[("x-http-method-override", "DELETE")],
            json!({
                "httpMethod": "DELETE", "requestContext": {"httpMethod": "DELETE"},
                "headers": {"X-Http-Method-Override": "DELETE"},
                "multiValueHeaders": {"X-Http-Method-Override": ["DELETE"]},
            }),
        ),
    ]
}

fn body_shapes() -> Vec<Shape> {
    let typed = |media: &str, body: Value, is_base64: bool| {
        let mut event = headers(&[("Content-Type", media)]);
        event["body"] = body;
        event["isBase64Encoded"] = json!(is_base64);
        event
    };
    vec![
        post(
            &[("content-type", "application/json")],
            b"{\"a\": \"\xc3\xa4\\n\",\n\t\"b\": 1}\x01",
            typed("application/json", json!("{\"a\": \"ä\\n\",\n\t\"b\": 1}\u{1}"), false),
        ),
        post(&[], b"plain", json!({"body": "plain"})),
        post(
            &[("content-type", "application/json")],
            b"",
            typed("application/json", Value::Null, false),
        ),
        post(
            &[("content-type", "image/png")],
            b"\x89PNG\0\xff",
            typed("image/png", json!("iVBORwD/"), true),
        ),
        post(
            &[("content-type", "application/octet-stream; x=y")],
            b"abc",
            typed("application/octet-stream; x=y", json!("YWJj"), true),
        ),
        post(
            &[("content-type", "text/plain")],
            b"a\xff\xfeb",
            typed("text/plain", json!("a\u{fffd}\u{fffd}b"), false),
        ),
        post(&[("content-type", "image/png"), ("accept", "image/png")], b"", {
            let mut event = typed("image/png", Value::Null, false);
            merge(&mut event, headers(&[("Accept", "image/png")]));
            event
        }),
    ]
}

fn shaped() -> RestApi {
    let mut api = api(vec![
        ("/", Any, function(ARN)),
        ("/{proxy+}", Any, function(ARN)),
        ("/pets/{id}/toys/{toy}", Get, function(ARN)),
    ]);
    api.binary_media_types = vec!["image/*".to_owned(), "application/octet-stream".to_owned()];
    api
}

/// Sends a shape with the trace id of the tests; gives the event.
async fn event_of(gateway: &Gateway, log: &Log, shape: &Shape, host: &str) -> Value {
    let mut request = Request::builder().method(shape.verb).uri(shape.uri).header("host", host);
    request = request.header("x-amzn-trace-id", TRACE);
    for (name, value) in shape.headers {
        request = request.header(*name, *value);
    }
    let answer = gateway.send(request.body(Full::from(shape.body)).unwrap()).await;
    assert_eq!(answer.status.as_u16(), 200, "{} {}", shape.uri, answer.text());
    let seen = log.borrow_mut().pop().unwrap();
    let arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Ahello";
    assert_eq!(seen.uri, format!("/2015-03-31/functions/{arn}/invocations"));
    assert_eq!(seen.method, "POST");
    assert_eq!(seen.header("x-amzn-trace-id"), Some(TRACE));
    assert_eq!(answer.header("x-amzn-trace-id"), Some(TRACE));
    settle(serde_json::from_slice(&seen.body).unwrap())
}

/// `null` where nothing is wanted: `merge` cannot take keys away.
fn without_nulls(event: &mut Value) {
    if let Some(parameters) = event["pathParameters"].as_object_mut() {
        parameters.retain(|_, value| !value.is_null());
    }
}

#[test]
fn events_are_aws_s_in_every_key() {
    on_core(async {
        let (address, log) = lambda("{}").await;
        let gateway = gateway(address, vec![stage(&shaped())]).await;
        let shapes = [path_shapes(), query_shapes(), header_shapes(), body_shapes()];
        let shapes: Vec<Shape> = shapes.into_iter().flatten().collect();
        assert!(shapes.len() >= 30, "{}", shapes.len());
        for shape in shapes {
            let event = event_of(&gateway, &log, &shape, "abc.execute-api.localhost").await;
            let mut wanted = expected(shape.event.clone());
            without_nulls(&mut wanted);
            same(&event, &wanted, &format!("{} {} {:?}", shape.verb, shape.uri, shape.headers));
        }
    });
}

#[test]
fn without_a_trace_of_the_clients_events_have_the_root() {
    on_core(async {
        let (address, log) = lambda("{}").await;
        let gateway = gateway(address, vec![stage(&shaped())]).await;
        let answer = gateway.get("/x").await;
        let seen = log.borrow_mut().pop().unwrap();
        let told = seen.header("x-amzn-trace-id").unwrap();
        assert!(told.contains(";Parent=") && told.contains(";Sampled="), "{told}");
        assert_eq!(answer.header("x-amzn-trace-id"), Some(told));
        let event: Value = serde_json::from_slice(&seen.body).unwrap();
        let root = told.split(';').next().unwrap();
        assert_eq!(event["headers"]["X-Amzn-Trace-Id"], root);
        assert_eq!(event["multiValueHeaders"]["X-Amzn-Trace-Id"], json!([root]));
    });
}

#[test]
fn regional_apis_keep_names_as_they_were_sent() {
    on_core(async {
        let (address, log) = lambda("{}").await;
        let mut api = shaped();
        api.endpoint_configuration.endpoint_type = EndpointType::Regional;
        let gateway = gateway(address, vec![stage(&api)]).await;
        let shape = sent(
            &[("user-agent", "u"), ("accept", "*/*"), ("authorization", "Basic x")],
            json!({}),
        );
        let event = event_of(&gateway, &log, &shape, "abc.execute-api.localhost:8080").await;
        let mut wanted = expected(headers(&[
            ("User-Agent", "u"),
            ("accept", "*/*"),
            ("Authorization", "Basic x"),
            ("Host", "abc.execute-api.localhost:8080"),
        ]));
        wanted["requestContext"]["identity"]["userAgent"] = json!("u");
        same(&event, &wanted, "the port is no part of the domain's name");
    });
}

#[test]
fn stage_variables_and_canaries_are_told() {
    on_core(async {
        let (address, log) = lambda("{}").await;
        let api = shaped();
        let mut release = release(&api);
        release.variables.insert("one".to_owned(), "1".to_owned());
        release.canary = Some(CanaryRelease {
            percent_traffic: 100.0,
            deployment: digest(&api),
            deployment_id: "dep002".into(),
            stage_variable_overrides: [("two".to_owned(), "ä".to_owned())].into(),
            use_stage_cache: false,
        });
        for (percent, is_canary) in [(100.0, true), (0.0, false)] {
            release.canary.as_mut().unwrap().percent_traffic = percent;
            let gateway = gateway(address, vec![bind(&[&api], &release)]).await;
            let shape = get("/prod/proxy-value", json!({}));
            let event = event_of(&gateway, &log, &shape, "abc.execute-api.localhost").await;
            let variables =
                if is_canary { json!({"one": "1", "two": "ä"}) } else { json!({"one": "1"}) };
            let deployment = if is_canary { "dep002" } else { "dep001" };
            let wanted = expected(json!({
                "stageVariables": variables,
                "requestContext": {"isCanaryRequest": is_canary, "deploymentId": deployment},
            }));
            same(&event, &wanted, "");
        }
    });
}

#[test]
fn api_keys_join_the_identity() {
    const KEY: &str = "a-key-of-twenty-letters";
    on_core(async {
        let (address, log) = lambda("{}").await;
        let method = Method { api_key_required: true, ..function(ARN) };
        let gateway = gateway(address, vec![stage(&api(vec![("/{proxy+}", Get, method)]))]).await;
        let scope = Scope::new("000000000000", "us-east-1");
        let hash_key = HashKeyFact { key: [7; 32] };
        let hash = KeyHasher::new(&hash_key).hash(&scope, KEY.as_bytes());
        let key = ApiKeyFact { hash, plans: vec!["plan".to_owned()] };
        let of =
            PlanStage { api: "abc".into(), stage: "prod".into(), throttle: Default::default() };
        let plan = UsagePlanFact { stages: vec![of], ..UsagePlanFact::default() };
        let facts = [
            (FactName::api_key_hash(), serde_json::to_vec(&hash_key).unwrap()),
            (FactName::ApiKey(scope.clone(), "k1".to_owned()), serde_json::to_vec(&key).unwrap()),
            (FactName::UsagePlan(scope, "plan".to_owned()), serde_json::to_vec(&plan).unwrap()),
        ];
        let (next, _) =
            gateway.world.load().with_facts(facts.iter().map(|(name, c)| (name, &**c)), []);
        gateway.world.publish(Arc::new(next));
        let shape = sent(&[("x-api-key", KEY)], json!({}));
        let event = event_of(&gateway, &log, &shape, "abc.execute-api.localhost").await;
        let mut wanted = expected(headers(&[("X-Api-Key", KEY)]));
        merge(&mut wanted["requestContext"]["identity"], json!({"apiKey": KEY, "apiKeyId": "k1"}));
        same(&event, &wanted, "");
    });
}

#[test]
fn custom_domains_show_their_base_path() {
    on_core(async {
        let (address, log) = lambda("{}").await;
        let gateway = gateway(address, vec![stage(&shaped())]).await;
        let mapping = |base_path: &str, stage: Option<&str>| BasePathMapping {
            base_path: base_path.to_owned(),
            api: "abc".into(),
            stage: stage.map(Into::into),
        };
        let fact = DomainFact {
            name: "api.example.com".to_owned(),
            certificate: None,
            mappings: vec![mapping("v1", Some("prod")), mapping("any", None)],
            refused: false,
            tls13_only: false,
        };
        let content = serde_json::to_vec(&fact).unwrap();
        let name = FactName::Domain("api.example.com".to_owned());
        let (next, _) = gateway.world.load().with_facts([(&name, &*content)], []);
        gateway.world.publish(Arc::new(next));
        for (uri, path) in [
            ("/v1/proxy-value", "/v1/proxy-value"),
            ("/v1/proxy-value/", "/v1/proxy-value/"),
            ("/any/prod/proxy-value", "/any/proxy-value"),
        ] {
            let shape = get(uri, json!({}));
            let event = event_of(&gateway, &log, &shape, "api.example.com").await;
            let mut wanted = expected(json!({
                "path": path,
                "requestContext": {
                    "path": uri, "domainName": "api.example.com", "domainPrefix": "api",
                },
            }));
            merge(&mut wanted, headers(&[("Host", "api.example.com")]));
            same(&event, &wanted, uri);
        }
    });
}
