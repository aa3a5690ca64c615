//! AWS over real sockets: what services get and what clients get. Signatures
//! are verified by the black-box tests.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use gw_model::{HttpMethod::*, Integration, IntegrationResponse, IntegrationType, Method};
use gw_pipeline::{AwsSettings, Config, Roles};
use gw_snapshot::CompiledStage;
use http::Response;
use http_body_util::Full;
use serde_json::{Value, json};
use support::*;

/// A method in front of a service, with a default response of `template`.
fn service(uri: &str, parameters: &[(&str, &str)], template: &str) -> Method {
    let mut integration = Integration::of_kind(IntegrationType::Aws);
    integration.uri = Some(format!("arn:aws:apigateway:eu-west-1:{uri}"));
    integration.http_method = Some("POST".to_owned());
    for (target, source) in parameters {
        let target = format!("integration.request.{target}");
        integration.request_parameters.insert(target, (*source).to_owned());
    }
    let mut response = IntegrationResponse::default();
    if !template.is_empty() {
        response
            .response_templates
            .insert("application/json".to_owned(), Some(template.to_owned()));
    }
    integration.responses.insert("200".to_owned(), response);
    Method { integration: Some(integration), ..Method::default() }
}

/// A gateway without keys whose services are all at `address`.
async fn gateway(address: SocketAddr, stage: CompiledStage) -> Gateway {
    let vars = [("AWS_ENDPOINT_URL".to_owned(), format!("http://{address}/base/"))];
    let aws = Arc::new(AwsSettings::from_vars(&vars, Roles::default()).unwrap());
    Gateway::with_config(vec![stage], Config { aws, ..Config::default() }).await
}

fn xml(body: String) -> Response<Full<Bytes>> {
    Response::builder().header("content-type", "text/xml").body(Full::from(body)).unwrap()
}

#[test]
fn an_endpoint_gets_unsigned_requests_of_a_node_without_keys() {
    on_core(async {
        let (address, log) = echo().await;
        let path = service(
            "sqs:path/1/{queue}?a=b",
            &[
                ("path.queue", "'orders'"),
                ("querystring.x y", "'1&2'"),
                ("header.User-Agent", "'mine'"),
                ("header.X-Amz-Source-Arn", "'arn:aws:execute-api:forged'"),
            ],
            "",
        );
        let aws = gateway(address, stage(&api(vec![("/q", Post, path)]))).await;
        let request = request("POST", "/q").header("x-client", "kept from the service");
        let answer = aws.send(request.body(Full::from("body")).unwrap()).await;
        assert_eq!(answer.status.as_u16(), 200);
        let seen = log.borrow_mut().pop().unwrap();
        assert_eq!(seen.uri, "/base/1/orders?a=b&x%20y=1%262");
        assert_eq!((seen.header("authorization"), seen.header("x-client")), (None, None));
        assert_eq!(seen.header("user-agent"), Some("mine"));
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert!(seen.header("x-amz-source-arn").unwrap().ends_with(":abc/prod/POST/q"));
        assert_eq!(seen.body, "body");
    });
}

#[test]
fn parameters_in_a_path_go_with_the_type_of_a_form() {
    on_core(async {
        let (address, log) = echo().await;
        let send = [
            ("querystring.Action", "'SendMessage'"),
            ("querystring.MessageBody", "method.request.querystring.message"),
        ];
        let api = api(vec![("/q", Get, service("sqs:path/1/orders", &send, ""))]);
        let aws = gateway(address, stage(&api)).await;
        assert_eq!(aws.get("/q?message=a%20b").await.status, 200);
        let seen = log.borrow_mut().pop().unwrap();
        assert_eq!(seen.uri, "/base/1/orders?Action=SendMessage&MessageBody=a%20b");
        assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(seen.body, "");
    });
}

#[test]
fn aws_itself_is_not_called_without_keys() {
    on_core(async {
        let method = service("sqs:path/1/q", &[], "");
        let gateway = Gateway::start(vec![stage(&api(vec![("/q", Get, method)]))]).await;
        let answer = gateway.get("/q").await;
        let expected = r#"{"message": "Internal server error"}"#;
        assert_eq!((answer.status.as_u16(), answer.text()), (500, expected));
    });
}

#[test]
fn templates_fill_places_that_nothing_maps() {
    on_core(async {
        let (address, log) = echo().await;
        let text = "#set($context.requestOverride.path.key = $input.params('key'))x";
        let method = with(service("s3:path/bucket/{key}", &[], ""), |integration| {
            integration.http_method = Some("PUT".to_owned());
            let templates = &mut integration.request_templates;
            templates.insert("application/json".to_owned(), Some(text.to_owned()));
        });
        let gateway = gateway(address, stage(&api(vec![("/o", Put, method)]))).await;
        let send = async |path: &str| {
            let request = request("PUT", path).body(Full::<Bytes>::default()).unwrap();
            gateway.send(request).await.status.as_u16()
        };
        assert_eq!(send("/o?key=a%20b/c").await, 200);
        assert_eq!(log.borrow_mut().pop().unwrap().uri, "/base/bucket/a%20b/c");
        assert_eq!(send("/o?key=..").await, 500, "keys do not climb");
        assert!(log.borrow().is_empty());
    });
}

#[test]
fn xml_becomes_json_unless_the_author_asks_for_xml() {
    on_core(async {
        let (address, _log) = backend(|_| {
            let message = "<Message><Body>0123456789</Body></Message>".repeat(4000);
            xml(format!(
                "<ReceiveMessageResponse><ReceiveMessageResult>{message}</ReceiveMessageResult>\
                 </ReceiveMessageResponse>"
            ))
        })
        .await;
        let count = "$input.path('$.ReceiveMessageResponse.ReceiveMessageResult.messages').size()";
        let accept = [("header.Accept", "'application/xml'")];
        let methods = vec![
            ("/json", Get, service("sqs:action/ReceiveMessage", &[], count)),
            ("/xml", Get, service("sqs:action/ReceiveMessage", &accept, "")),
            ("/s3", Get, service("s3:path/b", &[], "")),
        ];
        let gateway = gateway(address, stage(&api(methods))).await;
        assert_eq!(gateway.get("/json").await.text(), "4000");
        assert!(gateway.get("/xml").await.text().starts_with("<ReceiveMessageResponse>"));
        assert!(gateway.get("/s3").await.text().starts_with("<ReceiveMessageResponse>"));
    });
}

#[test]
fn answers_that_are_no_xml_are_502() {
    on_core(async {
        let deep = "<a>".repeat(10_000);
        for body in ["<a>", "{}", "<!DOCTYPE a><a/>", &deep] {
            let body = body.to_owned();
            let (address, _log) = backend(move |_| xml(body.clone())).await;
            let method = service("sns:action/ListTopics", &[], "");
            let gateway = gateway(address, stage(&api(vec![("/t", Get, method)]))).await;
            let answer = gateway.get("/t").await;
            let internal = json!({"message": "Internal server error"});
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!((answer.status.as_u16(), body), (502, internal));
        }
    });
}

#[test]
fn what_cannot_be_called_is_a_warning_and_500() {
    on_core(async {
        let lambda =
            "lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:f/invocations";
        let cases = [
            (service("nothing:action/X", &[], ""), "no service \"nothing\""),
            (service("s3:action/PutBucketAcl", &[], ""), "use path/"),
            (service("s3:path/{bucket}", &[], ""), "{bucket} has no integration.request.path"),
            (
                with(service(lambda, &[], ""), |one| one.http_method = Some("GET".to_owned())),
                "POST only",
            ),
            (
                with(service("sqs:path/1/q", &[], ""), |one| {
                    one.credentials = Some("arn:aws:iam::*:user/*".to_owned());
                }),
                "the caller's identity",
            ),
        ];
        for (method, reason) in cases {
            let stage = stage(&api(vec![("/x", Get, method)]));
            let warnings = stage.main().api.warnings().iter().map(ToString::to_string);
            let warnings = warnings.collect::<String>();
            assert!(warnings.contains(reason), "{warnings}");
            let gateway = Gateway::start(vec![stage]).await;
            assert_eq!(gateway.get("/x").await.status.as_u16(), 500);
        }
    });
}

/// A gateway with keys that wants to know which stand for which role.
async fn with_roles(address: SocketAddr, stage: CompiledStage) -> (Gateway, Arc<AwsSettings>) {
    let vars = [
        ("AWS_ENDPOINT_URL", format!("http://{address}")),
        ("AWS_ACCESS_KEY_ID", "AKNODE".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "s".to_owned()),
    ];
    let vars = vars.map(|(name, value)| (name.to_owned(), value));
    let roles = Roles::parse("unnamed = \"refuse\"").unwrap();
    let aws = Arc::new(AwsSettings::from_vars(&vars, roles).unwrap());
    let config = Config { aws: Arc::clone(&aws), ..Config::default() };
    (Gateway::with_config(vec![stage], config).await, aws)
}

#[test]
fn other_roles_count_from_the_next_call_on() {
    on_core(async {
        let (address, log) = echo().await;
        let unnamed = service("sqs:path/1/q", &[], "");
        let named = with(unnamed.clone(), |one| {
            one.credentials = Some("arn:aws:iam::1:role/orders".to_owned());
        });
        let stage = stage(&api(vec![("/unnamed", Post, unnamed), ("/named", Post, named)]));
        let (gateway, aws) = with_roles(address, stage).await;
        let entry = "[[role]]\narn = \"arn:aws:iam::1:role/*\"\n";
        let as_role = "unnamed = \"arn:aws:iam::1:role/a\"\n";
        let others = "access_key_id = \"AKOTHER\"\nsecret_access_key = \"s\"";
        let keys = "access_key_id = \"AKROLE\"\nsecret_access_key = \"s\"";
        for (roles, unnamed, named) in [
            ("unnamed = \"refuse\"".to_owned(), None, None),
            (format!("{entry}{keys}"), Some("AKNODE"), Some("AKROLE")),
            (format!("{entry}{others}"), Some("AKNODE"), Some("AKOTHER")),
            (format!("unnamed = \"refuse\"\n{entry}node = true"), None, Some("AKNODE")),
            (format!("{as_role}{entry}{keys}"), Some("AKROLE"), Some("AKROLE")),
            ("unmatched = \"node\"".to_owned(), Some("AKNODE"), Some("AKNODE")),
        ] {
            aws.set_roles(&Roles::parse(&roles).unwrap());
            for (path, expected) in [("/unnamed", unnamed), ("/named", named)] {
                let sent = request("POST", path).body(Full::<Bytes>::default()).unwrap();
                let status = gateway.send(sent).await.status.as_u16();
                let signed = log.borrow_mut().pop();
                let signed = signed.map(|seen| seen.header("authorization").unwrap().to_owned());
                let expected = expected.map(|key| format!("AWS4-HMAC-SHA256 Credential={key}/"));
                assert_eq!(status == 200, expected.is_some(), "{path}: {roles}");
                let signed_by = |key: &String| signed.as_ref().unwrap().starts_with(key);
                assert!(expected.as_ref().map_or(signed.is_none(), signed_by), "{signed:?}");
            }
        }
    });
}

#[test]
fn a_payload_that_is_no_json_is_the_clients_fault() {
    on_core(async {
        let (address, _log) = backend(|seen| {
            let answer = Response::builder().status(400).header("content-type", "application/json");
            answer.body(seen.body.clone().into()).unwrap()
        })
        .await;
        let lambda =
            "lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:f/invocations";
        let stage = stage(&api(vec![("/f", Post, service(lambda, &[], ""))]));
        let gateway = gateway(address, stage).await;
        let told = r#"{"message": "Could not parse request body into json: here"}"#;
        for (body, status, error, expected) in [
            (
                r#"{"Type":"User","message":"Could not parse request body into json: here"}"#,
                400,
                "BadRequestException",
                told,
            ),
            (
                r#"{"Type":"User","message":"no such invocation type"}"#,
                502,
                "InternalServerErrorException",
                r#"{"message": "Internal server error"}"#,
            ),
        ] {
            let sent = request("POST", "/f").body(Full::from(body)).unwrap();
            let answer = gateway.send(sent).await;
            let found = (answer.status.as_u16(), answer.header("x-amzn-errortype"), answer.text());
            assert_eq!(found, (status, Some(error), expected), "{body}");
        }
    });
}

#[test]
fn a_function_that_answers_as_if_it_may_not_be_called_is_500() {
    on_core(async {
        let (address, _log) = backend(|seen| {
            let body = seen.body.clone();
            Response::builder()
                .header("content-type", "application/json")
                .body(body.into())
                .unwrap()
        })
        .await;
        let lambda =
            "lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:f/invocations";
        let stage = stage(&api(vec![("/f", Post, service(lambda, &[], ""))]));
        let gateway = gateway(address, stage).await;
        for (body, status) in [
            (r#"{"__type":"AccessDeniedException","Message":"m"}"#, 500),
            (r#"{"__type":"ValidationException","Message":"m"}"#, 200),
            (r#"{"type":"AccessDeniedException"}"#, 200),
        ] {
            let sent = request("POST", "/f").body(Full::from(body)).unwrap();
            assert_eq!(gateway.send(sent).await.status.as_u16(), status, "{body}");
        }
    });
}
