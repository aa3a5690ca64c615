//! Everything but the backend: addresses, routes, checks, MOCK, canaries.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{rc::Rc, time::Duration};

use gw_model::{
    CanaryRelease, GatewayResponse, GatewayResponseType, HttpMethod::*, Method, MethodSetting,
    RequestValidator,
};
use gw_pipeline::Config;
use http::Request;
use http_body_util::Full;
use support::*;

#[track_caller]
fn expect(answer: &Answer, status: u16, error: &str, body: &str) {
    let found = (answer.status.as_u16(), answer.header("x-amzn-errortype"), answer.text());
    assert_eq!(found, (status, Some(error), body));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.header("x-amzn-requestid").is_some());
}

const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;

#[test]
fn addresses() {
    on_core(async {
        let api = api(vec![("/", Get, mock("200", "root")), ("/a", Get, mock("200", "a"))]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let send = async |host: &str, path: &str| {
            let request = Request::builder().uri(path).header("host", host);
            gateway.send(request.body(Full::<bytes::Bytes>::default()).unwrap()).await
        };
        for (host, path, body) in [
            ("abc.execute-api.localhost:8080", "/prod", "root"),
            ("ABC.execute-api.eu-west-1.amazonaws.com", "/prod/", "root"),
            ("abc.execute-api.x", "//prod//a", "a"),
            ("127.0.0.1", "/_aws/execute-api/abc/prod/a/", "a"),
            ("abc-vpce-0212a4ababd5b8c3e.execute-api.us-west-2.amazonaws.com", "/prod/a", "a"),
        ] {
            let answer = send(host, path).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (200, body), "{host} {path}");
        }
        for (host, path) in [
            ("abc.execute-api.x", "/none/a"),
            ("xyz.execute-api.x", "/prod/a"),
            ("abc.execute-api.x", "/"),
            ("localhost", "/prod/a"),
            ("localhost", "/_aws/execute-api/abc"),
            ("xyz-vpce-0212a4ababd5b8c3e.execute-api.x", "/prod/a"),
            ("vpce-01d622316a7df47f9-a1b2.execute-api.us-west-2.vpce.amazonaws.com", "/prod/a"),
        ] {
            expect(&send(host, path).await, 403, "ForbiddenException", FORBIDDEN);
        }
        // By the public name of a VPC endpoint, as AWS's guide to private APIs has it.
        let endpoint = "vpce-01d622316a7df47f9-a1b2.execute-api.us-west-2.vpce.amazonaws.com";
        for (host, api, expected) in [
            (endpoint, "abc", Some("a")),
            (endpoint, "xyz", None),
            ("xyz.execute-api.x", "abc", None),
        ] {
            let request = Request::builder().uri("/prod/a").header("host", host);
            let request = request.header("x-apigw-api-id", api);
            let answer = gateway.send(request.body(Full::<bytes::Bytes>::default()).unwrap()).await;
            assert_eq!(answer.status == 200, expected.is_some(), "{host} {api}");
            assert_eq!(answer.text(), expected.unwrap_or(FORBIDDEN), "{host} {api}");
        }
    });
}

#[test]
fn unmatched_routes_and_disabled_endpoints() {
    on_core(async {
        let mut api = api(vec![("/a", Get, mock("200", "a"))]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let missing = r#"{"message":"Missing Authentication Token"}"#;
        let error = "MissingAuthenticationTokenException";
        expect(&gateway.get("/b").await, 403, error, missing);
        expect(&gateway.get("/a/../a").await, 403, error, missing);
        let post = request("POST", "/a").body(Full::<bytes::Bytes>::default()).unwrap();
        expect(&gateway.send(post).await, 403, error, missing);
        // What is no signature is told of, where there is no route only.
        let signed = "AWS4-HMAC-SHA256 Credential=a/20260101/r/s/aws4_request, SignedHeaders=host, \
                      Signature=0";
        for (authorization, message) in [
            (
                "Bearer a.b",
                Some(
                    "Invalid key=value pair (missing equal-sign) in Authorization \
                header: 'Bearer a.b'",
                ),
            ),
            (
                "Credential=x",
                Some(
                    "Authorization header requires 'Signature' parameter. \
                Authorization header requires 'SignedHeaders' parameter. Authorization=Credential=x",
                ),
            ),
            (signed, None),
        ] {
            let send = |path: &str| {
                let request = request("GET", path).header("authorization", authorization);
                let request = request.header("x-amz-date", "20260101T000000Z");
                gateway.send(request.body(Full::<bytes::Bytes>::default()).unwrap())
            };
            assert_eq!(send("/a").await.status, 200, "{authorization}");
            let answer = send("/b").await;
            match message {
                Some(message) => {
                    let body = format!("{{\"message\":\"{message}\"}}");
                    expect(&answer, 403, "IncompleteSignatureException", &body);
                }
                None => expect(&answer, 403, error, missing),
            }
        }

        api.disable_execute_api_endpoint = true;
        let gateway = Gateway::start(vec![stage(&api)]).await;
        expect(&gateway.get("/a").await, 403, "ForbiddenException", FORBIDDEN);
    });
}

#[test]
fn checks_answer_before_the_integration() {
    on_core(async {
        let with = |change: &dyn Fn(&mut Method)| {
            let mut method = mock("200", "passed");
            change(&mut method);
            method
        };
        let required = |method: &mut Method| {
            method.request_validator_id = Some("v1".into());
            for name in ["querystring.q", "header.x-b", "header.x-a", "path.id"] {
                method.request_parameters.insert(format!("method.request.{name}"), true);
            }
            method.request_parameters.insert("method.request.querystring.no".to_owned(), false);
        };
        let mut api = api(vec![
            ("/key", Get, with(&|m| m.api_key_required = true)),
            ("/iam", Get, with(&|m| m.authorization_type = "AWS_IAM".to_owned())),
            ("/required/{id}", Get, with(&required)),
        ]);
        api.request_validators.insert(
            "v1".into(),
            RequestValidator {
                name: "v".to_owned(),
                validate_request_body: false,
                validate_request_parameters: true,
            },
        );
        let gateway = Gateway::start(vec![stage(&api)]).await;
        expect(&gateway.get("/key").await, 403, "ForbiddenException", FORBIDDEN);
        let error = "AuthorizerConfigurationException";
        expect(&gateway.get("/iam").await, 500, error, r#"{"message":null}"#);
        let body = r#"{"message": "Missing required request parameters: [x-a, x-b, q]"}"#;
        let answer = gateway.get("/required/1?q=%20&no").await;
        expect(&answer, 400, "BadRequestException", body);
        let request = request("GET", "/required/1?q=1").header("x-a", "1").header("x-b", "2");
        let answer = gateway.send(request.body(Full::<bytes::Bytes>::default()).unwrap()).await;
        assert_eq!(answer.text(), "passed");
    });
}

#[test]
fn mocks() {
    on_core(async {
        let mut cors = mock("204", "");
        let response = cors.integration.as_mut().unwrap().responses.get_mut("204").unwrap();
        for (name, value) in [
            ("Access-Control-Allow-Origin", "'*'"),
            ("X-Id", "context.requestId"),
            ("X-Color", "stageVariables.color"),
            ("Date", "'never'"),
        ] {
            let key = format!("method.response.header.{name}");
            response.response_parameters.insert(key, value.to_owned());
        }
        let rendered =
            mock("201", r#"{"path":"$context.resourcePath","c":"${stageVariables.color}"}"#);
        let path = mock("200", "$context.path");
        let velocity = mock("200", "#if(");
        let mut never = mock("200", "x");
        never.integration.as_mut().unwrap().passthrough_behavior =
            gw_model::PassthroughBehavior::Never;
        let api = api(vec![
            ("/", Options, cors),
            ("/rendered/{x}", Get, rendered),
            ("/path/{x}", Get, path),
            ("/velocity", Get, velocity),
            ("/never", Any, never),
        ]);
        let mut release = release(&api);
        release.variables.insert("color".to_owned(), "blue".to_owned());
        let gateway = Gateway::start(vec![bind(&[&api], &release)]).await;

        let options = request("OPTIONS", "/").header("x-amzn-requestid", UUID);
        let answer = gateway.send(options.body(Full::<bytes::Bytes>::default()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (204, ""));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("x-color"), Some("blue"));
        assert_eq!(answer.header("x-amzn-remapped-date"), Some("never"));
        assert_eq!(answer.header("x-id"), Some(UUID));
        assert_eq!(answer.header("x-amzn-requestid"), Some(UUID));

        let answer = gateway.get("/rendered/1").await;
        assert_eq!(answer.text(), r#"{"path":"/rendered/{x}","c":"blue"}"#);
        assert_eq!(answer.status, 201);
        assert_eq!(gateway.get("/path/%20?q").await.text(), "/prod/path/%20");
        // Where the gateway's own prefix names the API, the path is the same.
        let prefixed = http::Request::get("/_aws/execute-api/abc/prod/path/1");
        let prefixed = prefixed.header("host", "localhost").body(Full::<bytes::Bytes>::default());
        assert_eq!(gateway.send(prefixed.unwrap()).await.text(), "/prod/path/1");
        let internal = r#"{"message": "Internal server error"}"#;
        let error = "InternalServerErrorException";
        expect(&gateway.get("/velocity").await, 500, error, internal);
        let xml = request("POST", "/never").header("content-type", "text/xml; a=b");
        let answer = gateway.send(xml.body(Full::<bytes::Bytes>::default()).unwrap()).await;
        let body = r#"{"message": "Unsupported Media Type"}"#;
        expect(&answer, 415, "BadRequestException", body);
        assert_eq!(gateway.get("/never").await.text(), "x");
    });
}

#[test]
fn a_template_that_takes_long_leaves_its_core() {
    on_core(async {
        let turns = "#foreach($i in [1..400])#foreach($j in [1..400])#set($n = $n + 1)#end#end";
        let long = mock("200", &format!("#set($n = 0){turns}$n"));
        let api = api(vec![("/long", Get, long), ("/short", Get, mock("200", "$context.stage"))]);
        let gateway = Rc::new(Gateway::start(vec![bind(&[&api], &release(&api))]).await);
        // Held up by the machine the core may miss it once, but not always.
        for attempt in 1.. {
            let asking = Rc::clone(&gateway);
            let long = tokio::task::spawn_local(async move { asking.get("/long").await });
            tokio::time::sleep(Duration::from_millis(5)).await;
            assert_eq!(gateway.get("/short").await.text(), "prod");
            let was_free = !long.is_finished();
            assert_eq!(long.await.unwrap().text(), "160000");
            if was_free {
                break;
            }
            assert!(attempt < 20, "the core was held up");
        }
    });
}

const UUID: &str = "00112233-4455-6677-8899-aabbccddeeff";

#[test]
fn canaries_get_their_share_variables_and_headers() {
    on_core(async {
        let main = api(vec![("/", Get, mock("200", "main $stageVariables.v $stageVariables.w"))]);
        let canary = api(vec![(
            "/",
            Get,
            mock("200", "canary $stageVariables.v $stageVariables.w $context.isCanaryRequest"),
        )]);
        let mut release = release(&main);
        release.variables.extend([("v", "1"), ("w", "2")].map(|(k, v)| (k.into(), v.into())));
        release.canary = Some(CanaryRelease {
            percent_traffic: 30.0,
            deployment_id: "dep002".into(),
            deployment: digest(&canary),
            stage_variable_overrides: [("v".to_owned(), "9".to_owned())].into(),
            use_stage_cache: false,
        });
        let config = Config { expose_release: true, ..Config::default() };
        let stage = bind(&[&main, &canary], &release);
        let mut rng = fastrand::Rng::with_seed(42);
        let drawn = (0..100_000).filter(|_| stage.choose(rng.u32(..)).is_canary).count();
        assert!((29_500..=30_500).contains(&drawn), "{drawn}");

        let gateway = Gateway::with_config(vec![stage], config).await;
        let mut met = 0;
        for _ in 0..200 {
            let answer = gateway.get("").await;
            assert_eq!(answer.header("x-gatewright-release"), Some("7"));
            match answer.header("x-gatewright-canary") {
                Some("true") => {
                    met += 1;
                    assert_eq!(answer.text(), "canary 9 2 true");
                }
                _ => assert_eq!(answer.text(), "main 1 2"),
            }
        }
        // Further off than once in 10^12 runs.
        assert!((15..=115).contains(&met), "{met}");
    });
}

#[test]
fn throttles_customised_and_kept_over_releases() {
    on_core(async {
        let mut api = api(vec![("/slow/{x}", Get, mock("200", "s")), ("/", Get, mock("200", "f"))]);
        let custom =
            GatewayResponse { status_code: Some("420".to_owned()), ..GatewayResponse::default() };
        api.gateway_responses.insert(GatewayResponseType::Default4xx, custom);
        let mut release = release(&api);
        let setting = MethodSetting {
            throttling_burst_limit: 2,
            throttling_rate_limit: 0.001,
            ..MethodSetting::default()
        };
        release.settings.method_settings.insert("~1slow~1{x}/GET".to_owned(), setting);
        let first = bind(&[&api], &release);
        let second = bind(&[&api], &release);
        let gateway = Gateway::start(vec![first]).await;
        assert_eq!(gateway.get("/slow/1").await.status, 200);
        // A new release goes on with the bucket as it is.
        let world = gateway.world.load();
        second.inherit(world.stage("abc", "prod").unwrap());
        let next = world.with([std::sync::Arc::new(second)], []);
        gateway.world.publish(std::sync::Arc::new(next));
        assert_eq!(gateway.get("/slow/2").await.status, 200);
        let body = r#"{"message":"Too Many Requests"}"#;
        expect(&gateway.get("/slow/3").await, 420, "TooManyRequestsException", body);
        for _ in 0..5 {
            assert_eq!(gateway.get("").await.text(), "f");
        }
    });
}

#[test]
fn a_verb_that_is_not_there_has_a_resource() {
    on_core(async {
        let mut api = api(vec![("/pets/{petId}", Get, mock("200", "p"))]);
        // AWS's guide to gateway responses, both of its ways to name parameters.
        let parameters = [
            ("gatewayresponse.header.x-request-path", "method.request.path.petId"),
            ("gatewayresponse.header.x-request-query", "method.input.params.q"),
            ("gatewayresponse.header.x-request-header", "method.input.params.Accept"),
            ("gatewayresponse.header.x-same-path", "method.input.params.petId"),
        ];
        let template = "{\"type\": \"$context.error.responseType\", \"resourcePath\": \
                        \"$context.resourcePath\", \"path\": \"$method.request.path.petId\"}";
        let custom = GatewayResponse {
            status_code: Some("404".to_owned()),
            response_parameters: parameters.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            response_templates: [("application/json".to_owned(), template.to_owned())].into(),
        };
        api.gateway_responses.insert(GatewayResponseType::MissingAuthenticationToken, custom);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        for (verb, path, expected) in [
            ("POST", "/pets/5?q=1", Some(("/pets/{petId}", "5"))),
            ("GET", "/pets/5/type?q=1", None),
        ] {
            let request = request(verb, path).header("accept", "a/b");
            let answer = gateway.send(request.body(Full::<bytes::Bytes>::default()).unwrap()).await;
            assert_eq!(answer.status, 404, "{verb} {path}");
            let (resource, id) = expected.unwrap_or_default();
            let body = format!(
                "{{\"type\": \"MISSING_AUTHENTICATION_TOKEN\", \"resourcePath\": \
                 \"{resource}\", \"path\": \"{id}\"}}"
            );
            assert_eq!(answer.text(), body, "{verb} {path}");
            let id = expected.map(|(_, id)| id);
            assert_eq!(answer.header("x-request-path"), id, "{verb} {path}");
            assert_eq!(answer.header("x-same-path"), id, "{verb} {path}");
            assert_eq!(answer.header("x-request-query"), Some("1"), "{verb} {path}");
            assert_eq!(answer.header("x-request-header"), Some("a/b"), "{verb} {path}");
        }
    });
}

#[test]
fn oversized_heads() {
    on_core(async {
        let api = api(vec![("/{p+}", Get, mock("200", "ok"))]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let big = request("GET", "/a").header("x-big", "x".repeat(10_300));
        let answer = gateway.send(big.body(Full::<bytes::Bytes>::default()).unwrap()).await;
        assert_eq!(answer.status, 431);
        assert_eq!(gateway.get(&format!("/{}", "x".repeat(10_300))).await.status, 414);
        assert_eq!(gateway.get(&format!("/{}", "x".repeat(9_000))).await.status, 200);
    });
}
