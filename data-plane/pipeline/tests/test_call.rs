//! Test calls: the phases from validation on, and what they note.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod support;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use gw_model::{
    EndpointType, HttpMethod, Integration, IntegrationResponse, IntegrationType, Method, RestApi,
};
use gw_pipeline::{Config, CoreState, Counters, SharedWorld, test_call};
use gw_snapshot::{TestCall, Tested};
use support::{api, backend, http_proxy, mock, on_core, release};

fn core() -> CoreState {
    let client = gw_upstream::Client::new(&gw_upstream::Config::default()).unwrap();
    let counters = Arc::new(Counters::default());
    CoreState::new(Arc::new(Config::default()), Arc::new(SharedWorld::default()), client, counters)
}

fn call(api: &RestApi, method: &str, path: &str) -> TestCall {
    let mut release = release(api);
    release.variables = BTreeMap::from([("host".to_owned(), "h".to_owned())]);
    let resource_id = api.resources.keys().next().unwrap().to_string();
    TestCall {
        stage: Arc::new(support::bind(&[api], &release)),
        resource_id,
        method: method.to_owned(),
        path_with_query: path.to_owned(),
        headers: vec![
            ("X-A".to_owned(), "1".into()),
            ("x-a".to_owned(), "2".into()),
            ("Authorization".to_owned(), "Bearer 0123456789".into()),
        ],
        body: Bytes::from_static(b"{\"a\": 1}"),
    }
}

fn texts(tested: &Tested) -> Vec<String> {
    let told = tested.log.iter().filter(|line| !line.is_step);
    told.map(|line| line.text.replace(&tested.request_id, "ID")).collect()
}

#[track_caller]
fn starts(found: &[String], expected: &[&str]) {
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found} does not start with {expected}");
    }
}

/// What every log begins with, for `call`.
const BEGIN: [&str; 3] = [
    "Starting execution for request: ID",
    "HTTP Method: POST, Resource Path: /pets/7",
    "Method request path: {id=7}",
];

#[test]
fn a_mock_is_told_in_order() {
    on_core(async {
        let template = "$context.stage $context.identity.sourceIp $context.domainName \
                        $context.path $stageVariables.host $input.params('id') \
                        $input.params('q') $context.apiId";
        let api = api(vec![("/pets/{id}", HttpMethod::Post, mock("200", template))]);
        let call = call(&api, "POST", "/pets/7?q=a%20b");
        let tested = test_call(&core(), &call).await;
        let body = String::from_utf8(tested.body.to_vec()).unwrap();
        assert_eq!(
            body,
            "test-invoke-stage test-invoke-source-ip testPrefix.testDomainName /pets/7 h 7 a b abc"
                .replace("test-invoke-stage", "prod")
        );
        assert_eq!(tested.status, 200);
        let mut expected = BEGIN.to_vec();
        expected.extend([
            "Method request query string: {q=a b}",
            "Method request headers: {Authorization=***********456789, X-A=1,2}",
            "Method request body before transformations: {\"a\": 1}",
            "Method response body after transformations: prod test",
            "Method response headers: {content-type=application/json",
            "Successfully completed execution",
            "Method completed with status: 200",
        ]);
        starts(&texts(&tested), &expected);
        let steps: Vec<&str> =
            tested.log.iter().filter(|line| line.is_step).map(|line| &*line.text).collect();
        assert!(steps.contains(&"Applied the template for application/json"), "{steps:?}");
        assert!(
            steps.contains(&"Template line 1, column 1: $context.stage -> \"prod\""),
            "{steps:?}"
        );
        assert!(steps.iter().any(|step| step.starts_with("Selected the ")), "{steps:?}");
    });
}

#[test]
fn names_of_headers_are_told_as_they_were_given() {
    on_core(async {
        let template = "#foreach($name in $input.params().header.keySet())$name #end";
        let mut api = api(vec![("/pets/{id}", HttpMethod::Post, mock("200", template))]);
        // No CDN stands before a test call either.
        for kind in [EndpointType::Regional, EndpointType::Edge] {
            api.endpoint_configuration.endpoint_type = kind;
            let mut call = call(&api, "POST", "/pets/7");
            call.headers = [("X-A", "1"), ("x-seCond", "2"), ("AUTHORIZATION", "short")]
                .map(|(name, value)| (name.to_owned(), value.into()))
                .to_vec();
            let tested = test_call(&core(), &call).await;
            assert_eq!(tested.body, "AUTHORIZATION X-A x-seCond ");
            let told = "Method request headers: {AUTHORIZATION=*****, X-A=1, x-seCond=2}";
            assert!(texts(&tested).iter().any(|text| text == told), "{:#?}", texts(&tested));
        }
    });
}

#[test]
fn backends_are_told_of_with_their_bodies() {
    on_core(async {
        let (address, seen) = backend(|_| {
            let answer = http::Response::builder().status(404).header("x-b", "c");
            answer.body("not here".into()).unwrap()
        })
        .await;
        let uri = format!("http://{address}/b/{{id}}");
        let parameters = [("integration.request.path.id", "method.request.path.id")];
        let proxied = http_proxy(&uri, &parameters);
        let mut declared = Integration::of_kind(IntegrationType::Http);
        declared.uri = Some(uri);
        declared.http_method = Some("PUT".to_owned());
        declared.request_parameters =
            parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let response = IntegrationResponse {
            selection_pattern: Some("4..".to_owned()),
            response_templates: [(
                "application/json".to_owned(),
                Some("none: $input.body".to_owned()),
            )]
            .into(),
            ..IntegrationResponse::default()
        };
        declared.responses.insert("204".to_owned(), response);
        let mapped = Method { integration: Some(declared), ..Method::default() };
        for (method, verb, status, answer) in
            [(proxied, "POST", 404, "not here"), (mapped, "PUT", 204, "none: not here")]
        {
            let api = api(vec![("/pets/{id}", HttpMethod::Post, method)]);
            let tested = test_call(&core(), &call(&api, "POST", "/pets/7?q=1")).await;
            assert_eq!((tested.status, &*tested.body), (status, answer.as_bytes()));
            assert!(tested.headers.contains_key("content-type"));
            assert!(!tested.headers.contains_key("content-length"));
            let sent = seen.borrow_mut().pop().unwrap();
            assert_eq!((sent.method.as_str(), &*sent.body), (verb, &b"{\"a\": 1}"[..]));
            let query = if verb == "POST" { "?q=1" } else { "" };
            let at = format!("http://{address}/b/7{query}");
            let (uri, sending) =
                (format!("Endpoint request URI: {at}"), format!("Sending request to {at}"));
            let after = format!("Method response body after transformations: {answer}");
            let done = format!("Method completed with status: {status}");
            let mut expected = BEGIN.to_vec();
            expected.extend([
                "Method request query string: {q=1}",
                "Method request headers: {",
                "Method request body before transformations: {\"a\": 1}",
                &uri,
                "Endpoint request headers: {",
                "Endpoint request body after transformations: {\"a\": 1}",
                &sending,
                "Received response. Status: 404, Integration latency: ",
                "Endpoint response headers: {",
                "Endpoint response body before transformations: not here",
                &after,
                "Method response headers: {",
                "Successfully completed execution",
                &done,
            ]);
            let texts = texts(&tested);
            starts(&texts, &expected);
            assert!(texts[7].contains(&format!("host={address}")), "{}", texts[7]);
            assert!(!texts.iter().any(|text| text.contains("0123456789")), "{texts:?}");
        }
    });
}

#[test]
fn failures_are_told_with_their_reason() {
    on_core(async {
        let lease = gw_ports::Lease::any(std::net::Ipv4Addr::LOCALHOST.into()).unwrap();
        let gone = lease.address();
        let broken = mock("200", "#if(");
        let mut wanting = mock("200", "{}");
        wanting.request_parameters.insert("method.request.querystring.q".to_owned(), true);
        let unreachable = http_proxy(format!("http://{gone}/"), &[]);
        for (method, status, reason) in [
            (broken, 500, "Execution failed due to configuration error: "),
            (
                unreachable,
                504,
                "Execution failed due to a network error communicating with endpoint",
            ),
            (wanting, 400, "Missing required request parameters: [q]"),
        ] {
            let mut api = api(vec![("/pets/{id}", HttpMethod::Post, method)]);
            let json = serde_json::json!({
                "name": "v", "validateRequestBody": false, "validateRequestParameters": true,
            });
            let validator = serde_json::from_value(json).unwrap();
            api.request_validators.insert("v".into(), validator);
            for resource in api.resources.values_mut() {
                for method in resource.methods.values_mut() {
                    method.request_validator_id = Some("v".into());
                }
            }
            let tested = test_call(&core(), &call(&api, "POST", "/pets/7")).await;
            assert_eq!(tested.status, status, "{:?}", tested.log);
            let texts = texts(&tested);
            assert!(texts.iter().any(|text| text.starts_with(reason)), "{texts:#?}");
            assert_eq!(texts.last().unwrap(), &format!("Method completed with status: {status}"));
        }
    });
}

#[test]
fn odd_calls_are_calls() {
    on_core(async {
        let template = "[$!input.params('id')] $context.httpMethod $context.path";
        let api = api(vec![("/pets/{id}", HttpMethod::Any, mock("200", template))]);
        for (method, path, expected) in [
            ("GET", "/pets/7", "[7] GET /pets/7"),
            ("ANY", "/pets/7", "[7] GET /pets/7"),
            ("POST", "", "[{id}] POST /pets/%7Bid%7D"),
            ("POST", "pets/a b", "[a b] POST /pets/a%20b"),
            ("POST", "/other/path", "[] POST /other/path"),
            ("DELETE", "/pets/\u{e9}#x?a", "[\u{e9}#x] DELETE /pets/%C3%A9%23x"),
        ] {
            let tested = test_call(&core(), &call(&api, method, path)).await;
            assert_eq!(String::from_utf8_lossy(&tested.body), expected, "{method} {path}");
        }
        let mut unknown = call(&api, "GET", "/");
        unknown.resource_id = "none".to_owned();
        unknown.headers.push(("no header".to_owned(), Bytes::from_static(b"\r\n")));
        assert_eq!(test_call(&core(), &unknown).await.status, 403);
    });
}
