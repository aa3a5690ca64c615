//! HTTP, the mapped integration, over real sockets: what the backend sees,
//! what the client gets.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{net::Ipv4Addr, time::Duration};

use bytes::Bytes;
use gw_model::{
    HttpMethod::*, Integration, IntegrationResponse, IntegrationType, Method, PassthroughBehavior,
};
use gw_pipeline::{BodyBudget, Config};
use gw_ports::Lease;
use http::Response;
use http_body_util::Full;
use support::*;

const INTERNAL: &str = r#"{"message": "Internal server error"}"#;

/// An HTTP integration with a default response.
fn http(uri: impl Into<String>, parameters: &[(&str, &str)]) -> Method {
    let mut integration = Integration::of_kind(IntegrationType::Http);
    integration.uri = Some(uri.into());
    integration.http_method = Some("ANY".to_owned());
    integration.request_parameters =
        parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    integration.responses.insert("200".to_owned(), IntegrationResponse::default());
    Method { integration: Some(integration), ..Method::default() }
}

fn response(
    pattern: &str,
    parameters: &[(&str, &str)],
    template: Option<&str>,
) -> IntegrationResponse {
    IntegrationResponse {
        selection_pattern: (!pattern.is_empty()).then(|| pattern.to_owned()),
        response_parameters: parameters
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
        response_templates: template
            .map(|t| ("application/json".to_owned(), Some(t.to_owned())))
            .into_iter()
            .collect(),
        ..IntegrationResponse::default()
    }
}

fn json(verb: &str, path: &str, body: impl Into<Bytes>) -> http::Request<Full<Bytes>> {
    let request = request(verb, path).header("content-type", "application/json");
    request.body(Full::new(body.into())).unwrap()
}

#[test]
fn only_what_is_mapped_reaches_the_backend() {
    on_core(async {
        let (address, log) = echo().await;
        let mapped = http(
            format!("http://{address}/base/{{id}}?fixed=1"),
            &[
                ("integration.request.path.id", "method.request.path.id"),
                ("integration.request.querystring.q", "method.request.querystring.q"),
                ("integration.request.header.x-from-body", "method.request.body.name"),
                ("integration.request.header.x-static", "'text'"),
            ],
        );
        let api = api(vec![("/pets/{id}", Any, mapped)]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let request = request("POST", "/pets/a%2Fb?q=1&q=2%20x&other=3")
            .header("authorization", "Bearer token")
            .header("accept", "text/html")
            .header("x-custom", "1")
            .header("content-type", "application/json; charset=utf-8")
            .header("x-amzn-trace-id", "Root=1-5e1b4151-5ac6c58dd39aff7a3d5c8ff5")
            .body(Full::new(Bytes::from_static(br#"{"name":"Rex"}"#)))
            .unwrap();
        let answer = gateway.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "ok"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let trace = answer.header("x-amzn-trace-id").unwrap();
        assert!(trace.starts_with("Root=1-5e1b4151-5ac6c58dd39aff7a3d5c8ff5;Parent="), "{trace}");
        assert_eq!(answer.header("x-amzn-remapped-date"), None);

        let seen = log.borrow_mut().pop().unwrap();
        assert_eq!((seen.method.as_str(), &seen.body[..]), ("POST", &br#"{"name":"Rex"}"#[..]));
        assert_eq!(seen.uri, "/base/a%2Fb?fixed=1&q=2%20x");
        let mut headers: Vec<_> = seen
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        headers.sort_unstable();
        let host = address.to_string();
        let expected = [
            ("accept", "application/json"),
            ("content-length", "14"),
            ("content-type", "application/json; charset=utf-8"),
            ("host", host.as_str()),
            ("user-agent", "AmazonAPIGateway_abc"),
            ("x-amzn-apigateway-api-id", "abc"),
            ("x-amzn-trace-id", trace),
            ("x-from-body", "Rex"),
            ("x-static", "text"),
        ];
        assert_eq!(headers, expected);
    });
}

#[test]
fn a_request_has_one_time() {
    on_core(async {
        let (address, log) = backend(|_| {
            // Longer than the clock needs to show it.
            std::thread::sleep(Duration::from_millis(5));
            Response::new(Full::new(Bytes::from_static(b"{}")))
        })
        .await;
        let told = [("integration.request.header.x-time", "context.requestTimeEpoch")];
        let method = with(http(format!("http://{address}/"), &told), |integration| {
            let template = "$context.requestTimeEpoch|$context.requestTime";
            integration.responses.insert("200".to_owned(), response("", &[], Some(template)));
        });
        let gateway = Gateway::start(vec![stage(&api(vec![("/", Get, method)]))]).await;
        let answer = gateway.get("").await;
        let (epoch_ms, time) = answer.text().split_once('|').unwrap();
        assert_eq!(log.borrow()[0].header("x-time"), Some(epoch_ms));
        let second: u64 = epoch_ms.parse::<u64>().unwrap() / 1000 % 60;
        assert!(time.ends_with(&format!(":{second:02} +0000")), "{epoch_ms} {time}");
    });
}

#[test]
fn some_verbs_have_no_body() {
    on_core(async {
        let (address, log) = echo().await;
        let method = http(format!("http://{address}/"), &[]);
        let method = with(method, |integration| {
            let template = "{\"made\": true}".to_owned();
            integration.request_templates.insert("application/json".to_owned(), Some(template));
        });
        let fixed = with(method.clone(), |i| i.http_method = Some("POST".to_owned()));
        let api = api(vec![("/", Any, method), ("/fixed", Get, fixed)]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        for (verb, path, expected) in [
            ("GET", "", None),
            ("HEAD", "", None),
            ("OPTIONS", "", None),
            ("POST", "", Some("{\"made\": true}")),
            ("DELETE", "", Some("{\"made\": true}")),
            ("GET", "/fixed", Some("{\"made\": true}")),
        ] {
            assert_eq!(gateway.send(json(verb, path, "")).await.status, 200);
            let seen = log.borrow_mut().pop().unwrap();
            assert_eq!(&seen.body[..], expected.unwrap_or_default().as_bytes(), "{verb} {path}");
            let length = expected.map(|text| text.len().to_string());
            assert_eq!(seen.header("content-length"), length.as_deref(), "{verb} {path}");
            let kind = expected.map(|_| "application/json");
            assert_eq!(seen.header("content-type"), kind, "{verb} {path}");
        }
    });
}

#[test]
fn mapped_headers_take_the_place_of_the_defaults() {
    on_core(async {
        let (address, log) = echo().await;
        let method = http(
            format!("http://{address}/{{a}}/{{b}}"),
            &[
                ("integration.request.path.a", "stageVariables.word"),
                ("integration.request.path.b", "method.request.querystring.b"),
                ("integration.request.header.Accept", "method.request.header.accept"),
                ("integration.request.header.User-Agent", "'mine'"),
                ("integration.request.header.Content-Type", "'text/plain'"),
                ("integration.request.header.Host", "'other.example'"),
                ("integration.request.header.Authorization", "method.request.header.authorization"),
            ],
        );
        let template = r#"#set($context.requestOverride.path.b = "over ridden")
#set($context.requestOverride.header.x-made = "$input.path('$.n')")
#set($context.requestOverride.querystring.q = "a&b")x"#;
        let method = with(method, |integration| {
            let template = Some(template.to_owned());
            integration.request_templates.insert("application/json".to_owned(), template);
        });
        let api = api(vec![("/", Post, method)]);
        let mut release = release(&api);
        release.variables.insert("word".to_owned(), "from stage".to_owned());
        let gateway = Gateway::start(vec![bind(&[&api], &release)]).await;
        let request = request("POST", "?b=client")
            .header("content-type", "application/json")
            .header("accept", "text/html")
            .header("authorization", "Basic abc")
            .body(Full::new(Bytes::from_static(br#"{"n": 7}"#)))
            .unwrap();
        assert_eq!(gateway.send(request).await.status, 200);
        let seen = log.borrow_mut().pop().unwrap();
        assert_eq!(seen.uri, "/from%20stage/over%20ridden?q=a%26b");
        for (name, value) in [
            ("accept", "text/html"),
            ("user-agent", "mine"),
            ("content-type", "text/plain"),
            ("host", "other.example"),
            ("authorization", "Basic abc"),
            ("x-made", "7"),
        ] {
            let values: Vec<_> = seen.headers.get_all(name).iter().collect();
            assert_eq!(values, [value], "{name}");
        }
        assert_eq!(String::from_utf8_lossy(&seen.body).trim(), "x");
    });
}

#[test]
fn the_status_selects_the_response() {
    on_core(async {
        let (address, _) = backend(|seen| {
            let status: u16 = seen.uri.trim_start_matches('/').parse().unwrap();
            Response::builder()
                .status(status)
                .header("x-theirs", "1")
                .header("x-theirs", "2")
                .header("server", "teapot")
                .header("location", "/200")
                .body(Full::from(r#"{"code": "c", "n": [1, 2]}"#))
                .unwrap()
        })
        .await;
        let places = [("integration.request.path.status", "method.request.path.status")];
        let method = with(http(format!("http://{address}/{{status}}"), &places), |integration| {
            let header = |to: &'static str, from: &'static str| {
                (["method.response.header.", to].concat(), from.to_owned())
            };
            let mut four = response("4\\d{2}", &[], Some("code $input.path('$.code')"));
            four.response_parameters = [
                header("X-One", "integration.response.header.x-theirs"),
                header("X-All", "integration.response.multivalueheader.x-theirs"),
                header("X-Body", "integration.response.body.n[1]"),
                header("X-Request", "context.httpMethod"),
                header("Server", "integration.response.header.server"),
                header("Date", "'today'"),
            ]
            .into();
            integration.responses.insert("422".to_owned(), four);
            let moved =
                [("method.response.header.Location", "integration.response.header.location")];
            integration.responses.insert("303".to_owned(), response("30[1-8]", &moved, None));
            let over = "#set($context.responseOverride.status = 507)\
                        #set($context.responseOverride.header.X-Over = 'yes')over";
            integration.responses.insert("500".to_owned(), response("503", &[], Some(over)));
        });
        let mut bare = method.clone();
        bare.integration.as_mut().unwrap().responses.remove("200");
        let api = api(vec![("/{status}", Any, method), ("/bare/{status}", Any, bare)]);
        let gateway = Gateway::start(vec![stage(&api)]).await;

        let answer = gateway.get("/404").await;
        assert_eq!((answer.status.as_u16(), answer.text()), (422, "code c"));
        assert_eq!(answer.header("x-one"), Some("2"));
        assert_eq!(answer.header("x-all"), Some("1,2"));
        assert_eq!(answer.header("x-body"), Some("2"));
        assert_eq!(answer.header("x-request"), Some("GET"));
        assert_eq!(answer.header("x-amzn-remapped-server"), Some("teapot"));
        assert_eq!(answer.header("x-amzn-remapped-date"), Some("today"));
        assert_eq!((answer.header("server"), answer.header("x-theirs")), (None, None));

        let answer = gateway.get("/302").await;
        assert_eq!(answer.status, 303, "redirects are not followed");
        assert_eq!(answer.header("location"), Some("/200"));

        let answer = gateway.get("/503").await;
        assert_eq!((answer.status.as_u16(), answer.text()), (507, "over"));
        assert_eq!(answer.header("x-over"), Some("yes"));

        // The default takes what no pattern takes, under its own status.
        for status in ["200", "201", "500"] {
            assert_eq!(gateway.get(&format!("/{status}")).await.status, 200, "{status}");
        }
        let answer = gateway.get("/bare/201").await;
        assert_eq!((answer.status.as_u16(), answer.text()), (500, INTERNAL));
        assert_eq!(gateway.get("/bare/404").await.status, 422);
    });
}

#[test]
fn passthrough_and_media_types() {
    on_core(async {
        let (address, log) = echo().await;
        let method = |behavior, templates: &[(&str, &str)]| {
            with(http(format!("http://{address}/"), &[]), |integration| {
                integration.passthrough_behavior = behavior;
                integration.request_templates = templates
                    .iter()
                    .map(|(kind, text)| ((*kind).to_owned(), Some((*text).to_owned())))
                    .collect();
            })
        };
        use PassthroughBehavior::{Never, WhenNoMatch, WhenNoTemplates};
        let one = [("application/json", "T:$input.body")];
        let api = api(vec![
            ("/match", Post, method(WhenNoMatch, &one)),
            ("/templates", Post, method(WhenNoTemplates, &one)),
            ("/never", Post, method(Never, &one)),
            ("/match0", Post, method(WhenNoMatch, &[])),
            ("/templates0", Post, method(WhenNoTemplates, &[])),
            ("/never0", Post, method(Never, &[])),
            ("/default", Post, method(WhenNoMatch, &[("$default", "D"), ("text/xml", "X")])),
        ]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        for (path, kind, expected) in [
            ("/match", "application/json;charset=utf-8", Some("T:{}")),
            ("/match", "", Some("T:{}")),
            ("/match", "text/plain", Some("{}")),
            ("/templates", "application/json", Some("T:{}")),
            ("/templates", "text/plain", None),
            ("/never", "application/json", Some("T:{}")),
            ("/never", "text/plain", None),
            ("/match0", "application/json", Some("{}")),
            ("/templates0", "application/json", Some("{}")),
            ("/never0", "application/json", None),
            ("/default", "text/plain", Some("D")),
            ("/default", "text/xml", Some("X")),
        ] {
            let mut request = request("POST", path);
            if !kind.is_empty() {
                request = request.header("content-type", kind);
            }
            let answer = gateway.send(request.body(Full::<Bytes>::from("{}")).unwrap()).await;
            let seen = log.borrow_mut().pop();
            let (status, text) = match expected {
                Some(_) => (200, "ok"),
                None => (415, r#"{"message": "Unsupported Media Type"}"#),
            };
            assert_eq!((answer.status.as_u16(), answer.text()), (status, text), "{path} {kind}");
            let body = seen.map(|seen| String::from_utf8(seen.body.to_vec()).unwrap());
            assert_eq!(body.as_deref(), expected, "{path} {kind}");
        }
        // A body that is not what a mapping reads.
        let body = method(WhenNoMatch, &[("application/json", "$input.path('$.a')")]);
        let api = support::api(vec![("/", Post, body)]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let answer = gateway.send(json("POST", "", "{nope")).await;
        assert_eq!(answer.status, 400);
        assert!(log.borrow().is_empty());
    });
}

#[test]
fn large_bodies_are_mapped_elsewhere_alike() {
    on_core(async {
        let (address, log) = backend(|seen| Response::new(Full::new(seen.body.clone()))).await;
        let template = r#"{"list": $input.json('$.list'), "h": "$input.params('x-probe')",
 "p": "$input.params('id')", "q": "$input.params('q')", "v": "$stageVariables.word",
 "c": "$context.httpMethod $context.resourcePath $context.requestId"}"#;
        let parameters = [
            ("integration.request.header.x-first", "method.request.body.list[0]"),
            ("integration.request.header.x-all", "method.request.multivalueheader.x-probe"),
        ];
        let method = with(http(format!("http://{address}/"), &parameters), |integration| {
            let template = Some(template.to_owned());
            integration.request_templates.insert("application/json".to_owned(), template);
            let answer = response(
                "",
                &[("method.response.header.X-Len", "context.requestId")],
                Some("$input.path('$.list').size() $input.path('$.c')"),
            );
            integration.responses.insert("200".to_owned(), answer);
        });
        let api = api(vec![("/{id}", Post, method)]);
        let mut release = release(&api);
        release.variables.insert("word".to_owned(), "w".to_owned());
        let gateway = Gateway::start(vec![bind(&[&api], &release)]).await;
        for count in [10, 30_000] {
            let list: Vec<usize> = (0..count).collect();
            let body = serde_json::json!({"list": list}).to_string();
            let id = "0f0f0f0f-0000-4000-8000-00000000000a";
            let request = request("POST", "/seven?q=1")
                .header("content-type", "application/json")
                .header("x-probe", "one")
                .header("x-probe", "two")
                .header("x-amzn-requestid", id);
            let answer = gateway.send(request.body(Full::new(Bytes::from(body))).unwrap()).await;
            let expected = format!("{count} POST /{{id}} {id}");
            assert_eq!((answer.status.as_u16(), answer.text()), (200, expected.as_str()));
            assert_eq!(answer.header("x-len"), Some(id));
            let seen = log.borrow_mut().pop().unwrap();
            assert_eq!(seen.header("x-first"), Some("0"));
            assert_eq!(seen.header("x-all"), Some("one,two"));
            let told: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
            assert_eq!(told["list"].as_array().unwrap().len(), count);
            assert_eq!((&told["h"], &told["p"]), (&"two".into(), &"seven".into()));
            assert_eq!((&told["q"], &told["v"]), (&"1".into(), &"w".into()));
        }
    });
}

#[test]
fn failing_backends_and_limits() {
    on_core(async {
        // Nobody listens there.
        let lease = Lease::any(Ipv4Addr::LOCALHOST.into()).unwrap();
        let closed = lease.address();
        let garbage = raw_backend(b"this is not http\r\n\r\n").await;
        let silent = raw_backend(b"").await;
        let cut =
            raw_backend(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc")
                .await;
        let chunk =
            raw_backend(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").await;
        let large = raw_backend(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\nabc").await;
        let to = |address: String| http(format!("http://{address}"), &[]);
        let quick = |address: String| with(to(address), |i| i.timeout_ms = 200);
        let api = api(vec![
            ("/closed", Get, to(closed.to_string())),
            ("/garbage", Get, to(garbage.to_string())),
            ("/silent", Get, quick(silent.to_string())),
            ("/cut", Get, to(cut.to_string())),
            ("/chunk", Get, to(chunk.to_string())),
            ("/large", Get, to(large.to_string())),
            ("/unknown", Get, to("no-such-host.invalid".to_owned())),
            ("/nowhere", Get, to("${stageVariables.none}".to_owned())),
            ("/post", Post, to(silent.to_string())),
        ]);
        let config = Config { max_payload_bytes: 1000, ..Config::default() };
        let gateway = Gateway::with_config(vec![stage(&api)], config).await;
        let network = r#"{"message": "Network error communicating with endpoint"}"#;
        let timeout = r#"{"message": "Endpoint request timed out"}"#;
        for (path, status, body) in [
            ("/closed", 504, network),
            ("/garbage", 502, INTERNAL),
            ("/silent", 504, timeout),
            ("/cut", 504, network),
            ("/chunk", 502, INTERNAL),
            ("/large", 500, INTERNAL),
            ("/unknown", 500, INTERNAL),
            ("/nowhere", 500, INTERNAL),
        ] {
            let answer = gateway.get(path).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (status, body), "{path}");
            let error = answer.header("x-amzn-errortype");
            assert_eq!(error, Some("InternalServerErrorException"), "{path}");
        }
        let answer = gateway.send(json("POST", "/post", vec![b' '; 1001])).await;
        assert_eq!(answer.status, 413);
    });
}

#[test]
fn time_is_for_the_whole_answer_and_may_be_long() {
    on_core(async {
        // Sends a piece now and then, so that no pause is long.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::task::spawn_local(async move {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::task::spawn_local(async move {
                    let mut buffer = [0; 4096];
                    let _ = stream.read(&mut buffer).await;
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n").await;
                    for _ in 0..4 {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        let _ = stream.write_all(b"x").await;
                    }
                });
            }
        });
        let to = |ms| with(http(format!("http://{address}"), &[]), |i| i.timeout_ms = ms);
        let api = api(vec![("/short", Get, to(250)), ("/long", Get, to(120_000))]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        assert_eq!(gateway.get("/short").await.status, 504);
        let answer = gateway.get("/long").await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "xxxx"));
    });
}

#[test]
fn answers_count_against_the_budget() {
    on_core(async {
        let (address, _) =
            backend(|_| Response::new(Full::new(Bytes::from(vec![b'x'; 50_000])))).await;
        let api = api(vec![("/", Get, http(format!("http://{address}"), &[]))]);
        for (bytes, status) in [(50_000, 200), (49_999, 503)] {
            let budget = BodyBudget::new(bytes);
            let config = Config { body_budget: budget.clone(), ..Config::default() };
            let gateway = Gateway::with_config(vec![stage(&api)], config).await;
            let answer = gateway.get("").await;
            assert_eq!(answer.status.as_u16(), status);
            assert_eq!(budget.used(), 0, "given back with the answer's last byte");
        }
    });
}
