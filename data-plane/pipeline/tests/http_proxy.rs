//! HTTP_PROXY over real sockets: what the backend sees, what the client gets.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use gw_model::{CanaryRelease, GatewayResponse, GatewayResponseType, HttpMethod::*};
use gw_pipeline::{AwsSettings, Config};
use gw_ports::Lease;
use http::Response;
use http_body_util::{BodyExt as _, Full, StreamBody};
use support::*;

#[test]
fn path_query_headers_and_body_reach_the_backend() {
    on_core(async {
        let (address, log) = echo().await;
        let method = http_proxy(
            format!("http://{address}/base/{{id}}/{{proxy}}?fixed=1"),
            &[
                ("integration.request.path.id", "method.request.path.id"),
                ("integration.request.path.proxy", "method.request.path.proxy"),
                ("integration.request.querystring.from", "method.request.header.x-from"),
                ("integration.request.querystring.absent", "method.request.header.x-absent"),
                ("integration.request.header.x-static", "'text'"),
                ("integration.request.header.x-kept", "method.request.querystring.q"),
                ("integration.request.header.x-stage", "context.stage"),
            ],
        );
        let api = api(vec![("/pets/{id}/{proxy+}", Any, method)]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let request = request("POST", "/pets/a%2Fb/c//d/?q=1&q=2%20x")
            .header("x-from", "a&b")
            .header("x-kept", "client's")
            .header("authorization", "Bearer token")
            .header("content-encoding", "identity")
            .header("via", "1.1 x")
            .header("te", "trailers")
            .header("connection", "x-hop")
            .header("x-hop", "1")
            .header("x-forwarded-for", "10.0.0.1")
            .body(Full::new(Bytes::from_static(b"payload")))
            .unwrap();
        let answer = gateway.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "ok"));

        let seen = log.borrow()[0].clone();
        assert_eq!(seen.method, "POST");
        assert_eq!(seen.uri, "/base/a%2Fb/c//d?fixed=1&q=1&q=2%20x&from=a%26b");
        assert_eq!(&seen.body[..], b"payload");
        assert_eq!(seen.header("host"), Some(address.to_string().as_str()));
        assert_eq!(seen.header("authorization"), Some("Bearer token"));
        assert_eq!(seen.header("content-length"), Some("7"));
        assert_eq!(seen.header("x-static"), Some("text"));
        assert_eq!(seen.header("x-kept"), Some("2 x"));
        assert_eq!(seen.header("x-stage"), Some("prod"));
        assert_eq!(seen.header("x-forwarded-for"), Some("10.0.0.1, 127.0.0.1"));
        assert_eq!(seen.header("x-forwarded-proto"), Some("http"));
        assert_eq!(seen.header("x-forwarded-port"), Some(&*gateway.address.port().to_string()));
        assert_eq!(seen.header("x-amzn-apigateway-api-id"), Some("abc"));
        assert!(seen.header("x-amzn-trace-id").unwrap().starts_with("Root=1-"));
        for name in ["content-encoding", "via", "te", "connection", "x-hop"] {
            assert_eq!(seen.header(name), None, "{name}");
        }
        assert!(answer.header("x-amzn-requestid").is_some_and(|id| id.len() == 36));
        assert!(answer.header("x-amz-apigw-id").is_some_and(|id| id.ends_with('=')));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    });
}

#[test]
fn backend_headers_are_remapped() {
    on_core(async {
        let (address, _) = backend(|_| {
            Response::builder()
                .status(418)
                .header("server", "teapot")
                .header("x-amzn-requestid", "theirs")
                .header("via", "1.1 y")
                .header("set-cookie", "a=1")
                .header("set-cookie", "b=2")
                .header("content-type", "text/plain")
                .body(Full::from("short"))
                .unwrap()
        })
        .await;
        let api = api(vec![("/", Get, http_proxy(format!("http://{address}"), &[]))]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let answer = gateway.get("").await;
        assert_eq!(answer.status, 418);
        assert_eq!(answer.header("x-amzn-remapped-server"), Some("teapot"));
        assert_eq!(answer.header("x-amzn-remapped-content-length"), Some("5"));
        assert_eq!(answer.header("content-length"), Some("5"));
        assert!(answer.header("x-amzn-remapped-date").is_some() && answer.header("date").is_some());
        assert_eq!(answer.header("x-amzn-remapped-x-amzn-requestid"), Some("theirs"));
        assert_eq!((answer.header("server"), answer.header("via")), (None, None));
        assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 2);
        assert_eq!(answer.header("content-type"), Some("text/plain"));
    });
}

#[test]
fn verbs_and_fixed_addresses() {
    on_core(async {
        let (address, log) = echo().await;
        let mut fixed = http_proxy(format!("http://{address}/fixed"), &[]);
        fixed.integration.as_mut().unwrap().http_method = Some("PUT".to_owned());
        let any = http_proxy(format!("http://{address}"), &[]);
        let api = api(vec![("/fixed", Get, fixed), ("/any", Any, any)]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        gateway.get("/fixed?a=b").await;
        gateway.get("/fixed").await;
        let head = gateway.send(request("HEAD", "/any").body(Full::default()).unwrap()).await;
        assert_eq!((head.status.as_u16(), head.text()), (200, ""));
        let trace = gateway.send(request("TRACE", "/any").body(Full::default()).unwrap()).await;
        assert_eq!(trace.status, 403);
        let other = request("POST", "/any").header("x-http-method-override", "DELETE");
        gateway.send(other.body(Full::default()).unwrap()).await;
        let last = log.borrow().last().unwrap().clone();
        assert_eq!(last.header("x-http-method-override"), None, "AWS's guide: unless it is mapped");
        let seen: Vec<(String, String)> =
            log.borrow().iter().map(|s| (s.method.to_string(), s.uri.clone())).collect();
        let expected = [("PUT", "/fixed?a=b"), ("PUT", "/fixed"), ("HEAD", "/"), ("DELETE", "/")];
        assert_eq!(seen, expected.map(|(m, u)| (m.to_owned(), u.to_owned())));
    });
}

#[test]
fn streamed_bodies_are_counted() {
    on_core(async {
        let (address, log) = echo().await;
        let api = api(vec![("/", Any, http_proxy(format!("http://{address}"), &[]))]);
        let config = Config { max_payload_bytes: 1000, ..Config::default() };
        let gateway = Gateway::with_config(vec![stage(&api)], config).await;
        let chunked = |size: usize| {
            let chunk = Bytes::from(vec![b'x'; size]);
            let frames = (0..10)
                .map(move |_| Ok::<_, std::io::Error>(http_body::Frame::data(chunk.clone())));
            let stream = futures_util::stream::iter(frames);
            request("POST", "").body(StreamBody::new(stream).boxed_unsync()).unwrap()
        };
        let answer = gateway.send(chunked(100)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(log.borrow()[0].body.len(), 1000);
        assert_eq!(log.borrow()[0].header("transfer-encoding"), Some("chunked"));
        let answer = gateway.send(chunked(101)).await;
        assert_eq!(answer.status, 413);
        assert_eq!(answer.header("x-amzn-errortype"), Some("RequestTooLargeException"));
        let large = Gateway::start(vec![stage(&api)]).await;
        assert_eq!(large.send(chunked(50_000)).await.status, 200);
        assert_eq!(log.borrow().last().unwrap().body, vec![b'x'; 500_000]);
        let declared = request("POST", "").body(Full::new(Bytes::from(vec![0; 1001]))).unwrap();
        assert_eq!(gateway.send(declared).await.status, 413);
    });
}

#[test]
fn trailers_end_at_the_gateway() {
    on_core(async {
        let address = raw_backend(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
              3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n",
        )
        .await;
        let api = api(vec![("/", Get, http_proxy(format!("http://{address}"), &[]))]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let asking = request("GET", "").header("te", "trailers");
        let answer = gateway.send(asking.body(Full::<Bytes>::default()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "abc"));
        assert_eq!((answer.header("trailer"), answer.header("x-sum")), (None, None));
    });
}

#[test]
fn the_names_of_backends_are_known_ahead() {
    let to = |host: &str| http_proxy(format!("http://{host}/x"), &[]);
    let main = api(vec![
        ("/a", Get, to("one.test")),
        ("/b", Get, to("ONE.test:81")),
        ("/c", Get, to("127.0.0.1")),
        ("/d", Get, to("${stageVariables.host}")),
        ("/e", Get, mock("200", "no backend")),
    ]);
    let other = api(vec![("/a", Get, to("two.test"))]);
    let mut release = release(&main);
    release.variables.insert("host".to_owned(), "three.test".to_owned());
    release.canary = Some(CanaryRelease {
        percent_traffic: 1.0,
        deployment_id: "dep002".into(),
        deployment: digest(&other),
        stage_variable_overrides: std::collections::BTreeMap::new(),
        use_stage_cache: false,
    });
    let names =
        gw_pipeline::names_to_resolve(&bind(&[&main, &other], &release), &AwsSettings::default());
    let names: Vec<_> = names.iter().map(|name| &**name).collect();
    assert_eq!(names, ["one.test", "three.test", "two.test"]);
}

#[test]
fn large_responses() {
    on_core(async {
        let (address, _) =
            backend(|_| Response::new(Full::new(Bytes::from(vec![b'x'; 2000])))).await;
        let plain = http_proxy(format!("http://{address}"), &[]);
        let mut streamed = plain.clone();
        streamed.integration.as_mut().unwrap().response_transfer_mode = Some("STREAM".to_owned());
        let api = api(vec![("/plain", Get, plain), ("/streamed", Get, streamed)]);
        let config = Config { max_payload_bytes: 1999, ..Config::default() };
        let gateway = Gateway::with_config(vec![stage(&api)], config).await;
        let answer = gateway.get("/plain").await;
        assert_eq!((answer.status.as_u16(), answer.text()), (500, INTERNAL));
        assert_eq!(gateway.get("/streamed").await.body.len(), 2000);
    });
}

const INTERNAL: &str = r#"{"message": "Internal server error"}"#;

#[test]
fn failing_backends() {
    on_core(async {
        // Nobody listens there.
        let lease = Lease::any(Ipv4Addr::LOCALHOST.into()).unwrap();
        let closed = lease.address();
        let garbage = raw_backend(b"this is not http\r\n\r\n").await;
        // A body broken in the packet of its head: nothing was passed on yet.
        let chunks =
            raw_backend(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nx\r\n").await;
        let silent = raw_backend(b"").await;
        let proxy = |address: SocketAddr| http_proxy(format!("http://{address}"), &[]);
        let mut quick = proxy(silent);
        quick.integration.as_mut().unwrap().timeout_ms = 200;
        let api = api(vec![
            ("/closed", Get, proxy(closed)),
            ("/garbage", Get, proxy(garbage)),
            ("/chunks", Get, proxy(chunks)),
            ("/silent", Get, quick),
        ]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let network = r#"{"message": "Network error communicating with endpoint"}"#;
        let timeout = r#"{"message": "Endpoint request timed out"}"#;
        for (path, status, body) in [
            ("/closed", 504, network),
            ("/garbage", 502, INTERNAL),
            ("/chunks", 502, INTERNAL),
            ("/silent", 504, timeout),
        ] {
            let answer = gateway.get(path).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (status, body), "{path}");
            let error = answer.header("x-amzn-errortype");
            assert_eq!(error, Some("InternalServerErrorException"), "{path}");
        }
    });
}

#[test]
fn custom_responses_read_headers_that_went_to_the_backend() {
    on_core(async {
        let silent = raw_backend(b"").await;
        let mut method = http_proxy(format!("http://{silent}"), &[]);
        method.integration.as_mut().unwrap().timeout_ms = 100;
        let mut api = api(vec![("/", Get, method)]);
        let response = GatewayResponse {
            status_code: Some("599".to_owned()),
            response_parameters: [(
                "gatewayresponse.header.Access-Control-Allow-Origin".to_owned(),
                "method.request.header.Origin".to_owned(),
            )]
            .into(),
            response_templates: [(
                "application/json".to_owned(),
                r#"{"m":$context.error.messageString,"t":"$context.error.responseType"}"#
                    .to_owned(),
            )]
            .into(),
        };
        api.gateway_responses.insert(GatewayResponseType::Default5xx, response);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let request = request("GET", "").header("origin", "https://a.example");
        let answer = gateway.send(request.body(Full::default()).unwrap()).await;
        assert_eq!(answer.status, 599);
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://a.example"));
        assert_eq!(
            answer.text(),
            r#"{"m":"Endpoint request timed out","t":"INTEGRATION_TIMEOUT"}"#
        );
    });
}

#[test]
fn a_request_keeps_the_world_it_started_with() {
    on_core(async {
        let (address, log) = echo().await;
        let api = api(vec![("/", Get, http_proxy(format!("http://{address}"), &[]))]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        assert_eq!(gateway.get("").await.status, 200);
        gateway.world.publish(std::sync::Arc::new(gw_snapshot::World::default()));
        assert_eq!(gateway.get("").await.status, 403);
        tokio::time::timeout(Duration::from_secs(60), async {
            while gateway.world.reclaim() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        assert_eq!(log.borrow().len(), 1);
        let totals = gw_pipeline::Counters::total([&*gateway.counters]);
        assert_eq!((totals.requests, totals.client_errors, totals.integrations), (2, 1, 1));
    });
}

#[test]
fn http2_clients_reach_http1_backends() {
    on_core(async {
        let (address, log) = echo().await;
        let api = api(vec![("/", Any, http_proxy(format!("http://{address}"), &[]))]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let stream = tokio::net::TcpStream::connect(gateway.address).await.unwrap();
        let io = hyper_util::rt::TokioIo::new(stream);
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(OnThisCore, io).await.unwrap();
        tokio::task::spawn_local(async move { drop(connection.await) });
        let request = http::Request::builder()
            .method("POST")
            .uri("http://abc.execute-api.localhost/prod/?a=1")
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .body(Full::new(Bytes::from_static(b"two")))
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-amzn-remapped-content-length"], "2");
        assert_eq!(&response.into_body().collect().await.unwrap().to_bytes()[..], b"ok");
        let seen = log.borrow()[0].clone();
        assert_eq!((seen.uri.as_str(), &seen.body[..]), ("/?a=1", &b"two"[..]));
        assert_eq!(seen.header("host"), Some(address.to_string().as_str()));
        let cookies: Vec<_> = seen.headers.get_all("cookie").iter().collect();
        assert_eq!(cookies, ["a=1; b=2"], "as HTTP/1.1 has them");
    });
}
