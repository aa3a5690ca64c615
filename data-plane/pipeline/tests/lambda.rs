//! AWS_PROXY over real sockets: how functions are called, and what their
//! answers become.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::net::Ipv4Addr;

use bytes::Bytes;
use gw_model::HttpMethod::*;
use gw_ports::Lease;
use http::Response;
use http_body_util::Full;
use serde_json::{Value, json};
use support::{
    lambda::{ARN, function, gateway, lambda},
    *,
};

const INTERNAL: &str = r#"{"message": "Internal server error"}"#;

/// One Lambda answer and what the client gets.
async fn check(
    gateway: &Gateway,
    accept: &str,
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
    what: &str,
) {
    let request = request("GET", "/x").header("accept", accept);
    let answer = gateway.send(request.body(Full::<Bytes>::default()).unwrap()).await;
    assert_eq!(answer.status.as_u16(), status, "{what}: {:?}", answer.body);
    assert_eq!(answer.body, body, "{what}");
    for (name, value) in headers {
        let got: Vec<_> = answer.headers.get_all(*name).iter().collect();
        assert_eq!(got, value.split('|').collect::<Vec<_>>(), "{what}: {name}");
    }
}

/// What the function answers, what the client accepts; status, headers, body.
type Row = (&'static str, &'static str, u16, Vec<(&'static str, &'static str)>, &'static [u8]);

#[test]
fn answers_are_read_as_aws_reads_them() {
    on_core(async {
        let json = ("content-type", "application/json");
        #[rustfmt::skip]
        let table: Vec<Row> = vec![
            (r#"{"statusCode":201,"body":"made"}"#, "*/*", 201, vec![json], b"made"),
            ("{}", "*/*", 200, vec![json], b""),
            (r#"{"headers":{"Content-Type":"text/plain","X-A":true}}"#, "*/*", 200, vec![("content-type", "text/plain"), ("x-a", "true")], b""),
            (r#"{"headers":{"a":"solo"},"multiValueHeaders":{"A":["m1","m2"],"Set-Cookie":["x=1","y=2"]}}"#, "*/*", 200, vec![("a", "m1|m2|solo"), ("set-cookie", "x=1|y=2")], b""),
            (r#"{"headers":{"Date":"d","Server":"s","Connection":"close","Content-Length":"99","Transfer-Encoding":"x"},"body":"12"}"#, "*/*", 200, vec![("x-amzn-remapped-date", "d"), ("x-amzn-remapped-server", "s"), ("x-amzn-remapped-connection", "close"), ("x-amzn-remapped-content-length", "99"), ("content-length", "2")], b"12"),
            (r#"{"isBase64Encoded":true,"body":"/wA="}"#, "image/png, */*", 200, vec![], b"\xff\0"),
            (r#"{"isBase64Encoded":true,"body":"/wA="}"#, "*/*, image/png", 200, vec![], b"/wA="),
            (r#"{"isBase64Encoded":true,"body":"?"}"#, "image/png", 500, vec![], INTERNAL.as_bytes()),
            (r#"{"statusCode":200,"more":1}"#, "*/*", 502, vec![("x-amzn-errortype", "InternalServerErrorException")], INTERNAL.as_bytes()),
            ("\"text\"", "*/*", 502, vec![], INTERNAL.as_bytes()),
            ("", "*/*", 502, vec![], INTERNAL.as_bytes()),
            ("null", "*/*", 502, vec![], INTERNAL.as_bytes()),
            (r#"{"errorMessage":"x"}"#, "*/*", 502, vec![], INTERNAL.as_bytes()),
        ];
        for (answer, accept, status, headers, body) in table {
            let (address, _log) = lambda(answer).await;
            let mut api = api(vec![("/x", Get, function(ARN))]);
            api.binary_media_types = vec!["image/*".to_owned()];
            let gateway = gateway(address, vec![stage(&api)]).await;
            check(&gateway, accept, status, &headers, body, answer).await;
        }
    });
}

#[test]
fn failures_of_lambda() {
    on_core(async {
        let cases: [(u16, &str, u16, &str); 8] = [
            (200, "Unhandled", 502, INTERNAL),
            (403, "", 500, INTERNAL),
            (404, "", 502, INTERNAL),
            (429, "", 502, INTERNAL),
            (500, "", 502, INTERNAL),
            (503, "", 502, INTERNAL),
            (202, "", 200, ""),
            (413, "", 413, r#"{"message": "Request Too Long"}"#),
        ];
        for (status, failed, expected, body) in cases {
            let (address, _log) = backend(move |_| {
                let mut answer = Response::builder().status(status);
                if !failed.is_empty() {
                    answer = answer.header("x-amz-function-error", failed);
                }
                answer.body(Full::from("{\"errorMessage\":\"boom\"}")).unwrap()
            })
            .await;
            let gateway =
                gateway(address, vec![stage(&api(vec![("/x", Get, function(ARN))]))]).await;
            let answer = gateway.get("/x").await;
            let got: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let wanted: Value = serde_json::from_str(body).unwrap_or_default();
            assert_eq!((answer.status.as_u16(), got), (expected, wanted), "{status} {failed}");
        }
        // Nobody listens there.
        let nowhere = Lease::any(Ipv4Addr::LOCALHOST.into()).unwrap();
        let lonely =
            gateway(nowhere.address(), vec![stage(&api(vec![("/x", Get, function(ARN))]))]).await;
        assert_eq!(lonely.get("/x").await.status.as_u16(), 502);
        let silent = raw_backend(b"").await;
        let method = with(function(ARN), |integration| integration.timeout_ms = 60);
        let late = gateway(silent, vec![stage(&api(vec![("/x", Get, method)]))]).await;
        let answer = late.get("/x").await;
        let timed_out = r#"{"message": "Endpoint request timed out"}"#;
        assert_eq!((answer.status.as_u16(), answer.text()), (504, timed_out));
    });
}

#[test]
fn large_events_and_answers() {
    on_core(async {
        let (address, log) = backend(|seen| {
            let event: Value = serde_json::from_slice(&seen.body).unwrap();
            let answer = json!({"body": event["body"], "isBase64Encoded": true});
            Response::new(Full::from(answer.to_string()))
        })
        .await;
        let mut api = api(vec![("/x", Post, function(ARN))]);
        api.binary_media_types = vec!["*/*".to_owned()];
        let gateway = gateway(address, vec![stage(&api)]).await;
        for (size, status) in [(200_000, 200), (4_500_000, 200), (5_000_000, 413)] {
            let body = Bytes::from(vec![0xfe; size]);
            let request = request("POST", "/x").body(Full::new(body.clone())).unwrap();
            let answer = gateway.send(request).await;
            assert_eq!(answer.status.as_u16(), status, "{size}");
            if status == 200 {
                assert!(answer.body == body, "{size} bytes come back");
            }
        }
        assert_eq!(log.borrow().len(), 2, "Lambda is not bothered with the third");
    });
}

#[test]
fn the_way_of_the_call() {
    on_core(async {
        let (address, log) =
            backend(|_| Response::builder().status(202).body(Full::default()).unwrap()).await;
        let mapped = |target: &'static str, source: &'static str| {
            with(function(ARN), |integration| {
                integration.request_parameters.insert(target.to_owned(), source.to_owned());
            })
        };
        let header = "integration.request.header.X-Amz-Invocation-Type";
        let api = api(vec![
            ("/event", Get, mapped(header, "'Event'")),
            ("/asked", Get, mapped(header, "method.request.header.InvocationType")),
            ("/ignored", Get, mapped("integration.request.header.x-a", "'b'")),
            ("/alias", Get, function(&format!("{ARN}:${{stageVariables.alias}}"))),
        ]);
        let mut release = release(&api);
        release.variables.insert("alias".to_owned(), "live".to_owned());
        let gateway = gateway(address, vec![bind(&[&api], &release)]).await;
        let kind = |path: &'static str| {
            let (gateway, log) = (&gateway, &log);
            async move {
                let request = request("GET", path).header("InvocationType", "Event");
                let answer = gateway.send(request.body(Full::<Bytes>::default()).unwrap()).await;
                assert_eq!((answer.status.as_u16(), answer.text()), (200, ""), "{path}");
                log.borrow_mut().pop().unwrap()
            }
        };
        let seen = kind("/event").await;
        assert_eq!(seen.header("x-amz-invocation-type"), Some("Event"));
        assert_eq!(kind("/asked").await.header("x-amz-invocation-type"), Some("Event"));
        let seen = kind("/ignored").await;
        assert_eq!((seen.header("x-amz-invocation-type"), seen.header("x-a")), (None, None));
        assert!(kind("/alias").await.uri.ends_with("hello%3Alive/invocations"));
    });
}

#[test]
fn what_cannot_be_called_answers_500() {
    on_core(async {
        let (address, log) = lambda("{}").await;
        let get =
            with(function(ARN), |integration| integration.http_method = Some("GET".to_owned()));
        let stream = with(function(ARN), |integration| {
            integration.response_transfer_mode = Some("STREAM".to_owned());
        });
        let firehose = with(function(ARN), |integration| {
            integration.uri =
                Some("arn:aws:apigateway:us-east-1:firehose:action/PutRecord".to_owned());
        });
        let caller = with(function(ARN), |integration| {
            integration.credentials = Some("arn:aws:iam::*:user/*".to_owned());
        });
        let forbidden = with(function(ARN), |integration| {
            let name = "integration.request.header.Authorization".to_owned();
            integration.request_parameters.insert(name, "'x'".to_owned());
        });
        let methods = vec![
            ("/get", Get, get),
            ("/stream", Get, stream),
            ("/firehose", Get, firehose),
            ("/arn", Get, function("arn:aws:lambda:us-east-1:0:function:")),
            ("/caller", Get, caller),
            ("/forbidden", Get, forbidden),
            ("/variable", Get, function(&format!("{ARN}:${{stageVariables.missing}}"))),
        ];
        let paths: Vec<&str> = methods.iter().map(|(path, ..)| *path).collect();
        let api = api(methods);
        let compiled =
            gw_snapshot::compile(&gw_model::Api::Rest(api.clone()), &Default::default()).unwrap();
        let warned = |path: &str| {
            compiled.warnings().iter().any(|fault| fault.place == format!("GET {path}"))
        };
        let bound = stage(&api);
        let stage_warned = bound.warnings().iter().any(|fault| fault.place == "GET /variable");
        assert!(stage_warned);
        let gateway = gateway(address, vec![bound]).await;
        for path in paths {
            let answer = gateway.get(path).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (500, INTERNAL), "{path}");
            assert!(path == "/variable" || warned(path), "{path}");
        }
        assert!(log.borrow().is_empty());
    });
}
