//! HTTP backends behind imported APIs: conversion of bodies, compression,
//! media types, backends that misbehave.

use std::io::{Read as _, Write as _};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use gw_testkit::{
    cluster::{Cluster, Options},
    echo::Echo,
    http::{Answer, Call},
    raw::{Raw, Reply},
};
use gw_tests::{
    document, story,
    system::{Admin, System as _},
};
use http::Method;
use serde_json::{Value, json};

/// Bytes that are no UTF-8, the same in base64, and with the bad byte replaced.
const BYTES: &[u8] = b"\xff\x00a";
const BASE64: &[u8] = b"/wBh";
const REPLACED: &[u8] = b"\xef\xbf\xbd\x00a";

const INTERNAL: &str = r#"{"message": "Internal server error"}"#;

/// An API from its paths: each has one `ANY` method with this integration.
fn document(title: &str, binary: &Value, integrations: &[(&str, Value)]) -> Value {
    let paths = integrations.iter().map(|(path, integration)| {
        let method = json!({"x-amazon-apigateway-integration": integration});
        ((*path).to_owned(), json!({"x-amazon-apigateway-any-method": method}))
    });
    let api = document::api(title, &serde_json::Map::from_iter(paths).into());
    document::with(api, json!({"x-amazon-apigateway-binary-media-types": binary}))
}

/// An HTTP integration; `more` adds members.
fn mapped(uri: &str, more: Value) -> Value {
    let integration = json!({
        "type": "http", "httpMethod": "ANY", "uri": uri,
        "responses": {"default": {"statusCode": "200"}},
    });
    document::with(integration, more)
}

/// One deployed API on one node.
struct Served {
    cluster: Cluster,
    admin: Admin,
    api: String,
}

impl Served {
    async fn start(document: &Value) -> Self {
        let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
        let admin = cluster.client();
        let api = story::import(&admin, document).await;
        story::deploy(&admin, &api, "prod", Value::Null).await.ok();
        Self { cluster, admin, api }
    }

    fn call(&self, method: Method, path: &str) -> Call {
        let path = story::path(&self.api, "prod", path);
        Call::new(method, &format!("{}{path}", self.cluster.nodes[0].url()))
    }

    async fn get(&self, path: &str, accept: &str) -> Answer {
        self.call(Method::GET, path).header("accept", accept).send().await.unwrap()
    }
}

/// Answers `/binary` with bytes, all else with their base64 text.
fn typed_backend() -> Raw {
    Raw::start(|request| match request.contains(" /binary") {
        true => Reply::http(200, &[("Content-Type", "image/png")], BYTES),
        false => Reply::http(200, &[("Content-Type", "text/plain")], BASE64),
    })
}

const HANDLINGS: [(&str, Option<&str>); 3] =
    [("none", None), ("binary", Some("CONVERT_TO_BINARY")), ("text", Some("CONVERT_TO_TEXT"))];

/// `/text/{handling}` and `/binary/{handling}`.
fn answers(backend: &Raw) -> Vec<(String, Value)> {
    let mut integrations = Vec::new();
    for kind in ["text", "binary"] {
        for (name, handling) in HANDLINGS {
            let responses = json!({"responses": {
                "default": {"statusCode": "200", "contentHandling": handling},
            }});
            let uri = format!("{}/{kind}", backend.url());
            integrations.push((format!("/{kind}/{name}"), mapped(&uri, responses)));
        }
    }
    integrations
}

fn borrowed(integrations: &[(String, Value)]) -> Vec<(&str, Value)> {
    integrations.iter().map(|(path, integration)| (&**path, integration.clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_converted_by_both_tables() {
    let backend = typed_backend();
    let mut integrations = answers(&backend);
    let template = json!({"responses": {
        "default": {"statusCode": "200", "responseTemplates": {"application/json": "$input.body"}},
    }});
    integrations.push(("/template".to_owned(), mapped(&(backend.url() + "/binary"), template)));
    let proxy = json!({"type": "http_proxy"});
    integrations.push(("/proxy".to_owned(), mapped(&(backend.url() + "/binary"), proxy)));
    let binary = json!(["image/*", "application/octet-stream"]);
    let served = Served::start(&document("tables", &binary, &borrowed(&integrations))).await;

    for (path, accept, expected) in [
        ("/text/none", "text/plain", BASE64),
        ("/text/binary", "text/plain", BYTES),
        ("/text/text", "text/plain", BASE64),
        ("/text/none", "image/webp", BYTES),
        ("/text/binary", "image/webp", BYTES),
        ("/text/text", "image/webp", BASE64),
        ("/binary/none", "text/plain", BASE64),
        ("/binary/binary", "text/plain", BYTES),
        ("/binary/text", "text/plain", BASE64),
        ("/binary/none", "image/webp", BYTES),
        ("/binary/binary", "image/webp", BYTES),
        ("/binary/text", "image/webp", BASE64),
        // Only the first type counts, without its parameters.
        ("/binary/none", "image/png;q=0.1, text/plain", BYTES),
        ("/binary/none", "text/plain, image/png", BASE64),
        ("/binary/none", "application/octet-stream", BYTES),
        ("/binary/none", "*/*", BASE64),
        // A template sees bytes as base64, and none where the client wants bytes.
        ("/template", "application/json", BASE64),
        ("/template", "image/png", INTERNAL.as_bytes()),
        // Nothing is done to what is passed through.
        ("/proxy", "text/plain", BYTES),
        ("/proxy", "image/png", BYTES),
    ] {
        let answer = served.get(path, accept).await;
        assert_eq!(&answer.body[..], expected, "{path} for {accept}");
    }

    // Without a list, nothing is binary.
    let served =
        Served::start(&document("no list", &json!([]), &borrowed(&answers(&backend)))).await;
    for (path, expected) in [
        ("/text/none", BASE64),
        ("/text/binary", BYTES),
        ("/text/text", BASE64),
        ("/binary/none", REPLACED),
        ("/binary/binary", INTERNAL.as_bytes()),
        ("/binary/text", REPLACED),
    ] {
        let answer = served.get(path, "image/png").await;
        assert_eq!(&answer.body[..], expected, "{path} without a list");
    }

    // And with everything in it, everything is.
    let all = document("all", &json!(["*/*"]), &borrowed(&answers(&backend)));
    let served = Served::start(&all).await;
    assert_eq!(&served.get("/binary/none", "text/plain").await.body[..], BYTES);
    assert_eq!(&served.get("/text/text", "text/plain").await.body[..], b"L3dCaA==");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_converted_by_their_table() {
    // Tells the length that came, then the body as far as it is text.
    let backend = Raw::start(|request| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap_or_default();
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        Reply::http(200, &[], format!("{} {body}", length.unwrap_or("none")))
    });
    let mut integrations: Vec<_> = HANDLINGS
        .iter()
        .map(|(name, handling)| {
            (format!("/{name}"), mapped(&backend.url(), json!({"contentHandling": handling})))
        })
        .collect();
    let templates = json!({"requestTemplates": {"image/png": "[$input.body]"}});
    integrations.push(("/template".to_owned(), mapped(&backend.url(), templates)));
    let templates = json!({
        "contentHandling": "CONVERT_TO_TEXT",
        "requestTemplates": {"image/png": "[$input.body]"},
    });
    integrations.push(("/encoded".to_owned(), mapped(&backend.url(), templates)));
    let proxy = json!({"type": "http_proxy"});
    integrations.push(("/proxy".to_owned(), mapped(&backend.url(), proxy)));
    let binary = json!(["image/*"]);
    let served = Served::start(&document("requests", &binary, &borrowed(&integrations))).await;
    let raw = "3 \u{fffd}\0a";
    for (path, kind, body, expected) in [
        ("/none", "text/plain", BASE64, "4 /wBh"),
        ("/binary", "text/plain", BASE64, raw),
        ("/text", "text/plain", BASE64, "4 /wBh"),
        ("/none", "text/plain", BYTES, "5 \u{fffd}\0a"),
        ("/binary", "text/plain", b"{not base64}", INTERNAL),
        ("/none", "image/png", BYTES, raw),
        ("/binary", "image/png; a=b", BYTES, raw),
        ("/text", "IMAGE/png", BYTES, "4 /wBh"),
        ("/template", "image/png", BYTES, INTERNAL),
        ("/encoded", "image/png", BYTES, "6 [/wBh]"),
        ("/proxy", "image/png", BYTES, raw),
        ("/proxy", "text/plain", BYTES, raw),
    ] {
        let call = served.call(Method::POST, path).header("content-type", kind);
        let answer = call.body(body.to_vec()).send().await.unwrap();
        assert_eq!(answer.text(), expected, "{path} of {kind}");
    }
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn compression_is_switched_on_and_off() {
    let echo = Echo::start("echo");
    let template = json!({"application/json": "$input.path('$.word')"});
    let echoed = json!({"application/json": "$input.json('$')"});
    let word = mapped(&(echo.url() + "/word"), json!({"requestTemplates": template}));
    let large = json!({"responses": {
        "default": {"statusCode": "200", "responseTemplates": echoed},
    }});
    let large = mapped(&(echo.url() + "/large?header=X-Pad:yes"), large);
    let proxy = mapped(&(echo.url() + "/proxy"), json!({"type": "http_proxy"}));
    let integrations = [("/word", word), ("/large", large), ("/proxy", proxy)];
    let served = Served::start(&document("compression", &json!([]), &integrations)).await;
    let get = async |path: &str| {
        let call = served.call(Method::GET, path).header("accept-encoding", "gzip, br");
        call.send().await.unwrap().ok()
    };
    // Requests are decompressed anyway.
    for path in ["/word", "/proxy"] {
        let call = served.call(Method::POST, path).header("content-type", "application/json");
        let body = gzip(br#"{"word": "hello"}"#);
        let answer = call.header("content-encoding", "gzip").body(body).send().await.unwrap().ok();
        let expected = if path == "/word" { "hello" } else { r#"{"word": "hello"}"# };
        assert_eq!(answer.json()["body"], expected, "{path}");
        let call = served.call(Method::POST, path).header("content-encoding", "br");
        assert_eq!(call.body("x").send().await.unwrap().status, 415);
    }
    for path in ["/large", "/proxy"] {
        assert_eq!(get(path).await.header("content-encoding"), None, "{path}");
    }
    let set = async |value: &str| {
        let patch = json!({"patchOperations": [
            {"op": "replace", "path": "/minimumCompressionSize", "value": value},
        ]});
        let path = format!("/restapis/{}", served.api);
        served.admin.call(Method::PATCH, &path, patch.to_string()).await.ok();
    };
    set("100").await;
    // Not before it is deployed.
    assert_eq!(get("/proxy").await.header("content-encoding"), None);
    story::deploy(&served.admin, &served.api, "prod", Value::Null).await.ok();
    for path in ["/large", "/proxy"] {
        let answer = get(path).await;
        assert_eq!(answer.header("content-encoding"), Some("gzip"), "{path}");
        let mut text = String::new();
        GzDecoder::new(&*answer.body).read_to_string(&mut text).unwrap();
        let told: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(told["backend"], "echo");
    }
    set("10485760").await;
    story::deploy(&served.admin, &served.api, "prod", Value::Null).await.ok();
    assert_eq!(get("/proxy").await.header("content-encoding"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn mappings_read_bodies_on_the_way_through_too() {
    let echo = Echo::start("echo");
    let parameters = json!({
        "integration.request.header.X-Name": "method.request.body.name",
        "integration.request.header.X-Whole": "method.request.body",
        "integration.request.querystring.first": "method.request.body.list[0].id",
        "integration.request.path.place": "method.request.body.place",
    });
    let uri = format!("{}/at/{{place}}", echo.url());
    let proxy = |parameters: &Value| {
        mapped(&uri, json!({"type": "http_proxy", "requestParameters": parameters}))
    };
    let integrations = [("/", proxy(&parameters))];
    let served = Served::start(&document("bodies", &json!([]), &integrations)).await;
    let body = r#"{"name": "Rex", "list": [{"id": 7}], "place": "a b/c"}"#;
    let call = served.call(Method::POST, "/?q=1").header("content-type", "application/json");
    let told = call.clone().body(body).send().await.unwrap().ok().json();
    assert_eq!((&told["path"], &told["query"]), (&json!("/at/a%20b%2Fc"), &json!("q=1&first=7")));
    assert_eq!(told["body"], body);
    let headers = told["headers"].as_array().unwrap();
    let header = |name: &str| {
        let found = headers.iter().find(|h| h[0] == name);
        found.and_then(|h| h[1].as_str()).map(str::to_owned)
    };
    assert_eq!(
        (header("x-name").as_deref(), header("x-whole").as_deref()),
        (Some("Rex"), Some(body))
    );
    let answer = call.body("{oops").send().await.unwrap();
    assert_eq!((answer.status, echo.requests()), (400, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_that_misbehave() {
    let raw = Raw::start(|request| {
        let path = request.split(' ').nth(1).unwrap_or_default();
        match path {
            "/garbage" => Reply::Bytes(b"not http at all\r\n\r\n".to_vec()),
            "/cut" => Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec()),
            "/huge" => {
                Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 10485761\r\n\r\n".to_vec())
            }
            "/late" => Reply::Stall(Vec::new()),
            "/slow" => Reply::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec()),
            "/moved" => Reply::http(302, &[("Location", "/elsewhere")], "moved"),
            "/broken" => Reply::http(503, &[], "{]"),
            other => Reply::http(200, &[], other),
        }
    });
    let refused = format!("http://{}", gw_testkit::nobody());
    let responses = json!({
        "default": {"statusCode": "200"},
        "30\\d": {"statusCode": "307", "responseParameters": {
            "method.response.header.Location": "integration.response.header.Location",
        }},
        "503": {"statusCode": "502", "responseTemplates": {
            "application/json": "$input.path('$.a')",
        }},
    });
    let to = |uri: &str| {
        // Only what never answers has little time to.
        let never = ["/late", "/slow"].iter().any(|path| uri.ends_with(path));
        let patience = if never { 300 } else { 15_000 };
        mapped(uri, json!({"timeoutInMillis": patience, "responses": responses}))
    };
    let mut integrations = vec![("/refused", to(&refused)), ("/name", to("http://nosuch.invalid"))];
    for path in ["/garbage", "/cut", "/huge", "/late", "/slow", "/moved", "/broken"] {
        integrations.push((path, to(&(raw.url() + path))));
    }
    let served = Served::start(&document("misbehave", &json!([]), &integrations)).await;
    let network = r#"{"message": "Network error communicating with endpoint"}"#;
    let timeout = r#"{"message": "Endpoint request timed out"}"#;
    for (path, status, body) in [
        ("/refused", 504, network),
        ("/name", 500, INTERNAL),
        ("/garbage", 502, INTERNAL),
        ("/cut", 504, network),
        ("/huge", 500, INTERNAL),
        ("/late", 504, timeout),
        ("/slow", 504, timeout),
        ("/moved", 307, "moved"),
        ("/broken", 500, INTERNAL),
    ] {
        let answer = served.get(path, "*/*").await;
        assert_eq!((answer.status, &*answer.text()), (status, body), "{path}");
    }
    assert_eq!(served.get("/moved", "*/*").await.header("location"), Some("/elsewhere"));
    let large = served.call(Method::POST, "/refused").body(vec![b'x'; (10 << 20) + 1]);
    let answer = large.send().await.unwrap();
    assert_eq!(answer.status, 413, "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raised_quota_lets_timeouts_be_longer() {
    let echo = Echo::start("echo");
    let with = |ms: u32| {
        let integration = mapped(&echo.url(), json!({"timeoutInMillis": ms}));
        document("long", &json!([]), &[("/", integration)])
    };
    for (args, most) in
        [(vec![], 29_000), (vec!["--quota", "integration-timeout-ms=60000"], 60_000)]
    {
        let control_plane_args = args.into_iter().map(str::to_owned).collect();
        let options = Options { nodes: 1, control_plane_args, ..Options::default() };
        let cluster = Cluster::start(options).await;
        let admin = cluster.client();
        let refusal = format!("Timeout should be between 50 ms and {most} ms");
        let answer = admin.post("/restapis?mode=import", with(most + 1).to_string()).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.body.contains(&refusal), "{answer:?}");
        let api = story::import(&admin, &with(most)).await;
        let items = admin.get(&format!("/restapis/{api}/resources")).await.ok();
        let root = items.json["item"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/restapis/{api}/resources/{root}/methods/ANY/integration");
        for (ms, status) in [(most + 1, 400), (300_001, 400), (49, 400), (most - 1, 200)] {
            let patch = json!({"patchOperations": [
                {"op": "replace", "path": "/timeoutInMillis", "value": ms.to_string()},
            ]});
            let answer = admin.call(Method::PATCH, &path, patch.to_string()).await;
            assert_eq!(answer.status, status, "{ms}: {answer:?}");
        }
        let put = json!({"type": "HTTP", "httpMethod": "GET", "uri": echo.url(),
                         "timeoutInMillis": most + 1});
        let answer = admin.call(Method::PUT, &path, put.to_string()).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        // Streamed answers may take 15 minutes without a quota, and only they.
        for (ms, status) in [(900_001, 400), (900_000, 201)] {
            let put = json!({"type": "HTTP_PROXY", "httpMethod": "GET", "uri": echo.url(),
                             "timeoutInMillis": ms, "responseTransferMode": "STREAM"});
            let answer = admin.call(Method::PUT, &path, put.to_string()).await;
            assert_eq!(answer.status, status, "{ms}: {answer:?}");
        }
        let patch = json!({"patchOperations": [
            {"op": "replace", "path": "/responseTransferMode", "value": "BUFFERED"},
        ]});
        // The other mode has other bounds, and forgets the timeout.
        let answer = admin.call(Method::PATCH, &path, patch.to_string()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json["timeoutInMillis"], 29_000, "{answer:?}");
        story::deploy(&admin, &api, "prod", Value::Null).await.ok();
        let url = format!("{}{}", cluster.nodes[0].url(), story::path(&api, "prod", "/"));
        assert_eq!(Call::get(&url).send().await.unwrap().ok().json()["backend"], "echo");
    }
}
