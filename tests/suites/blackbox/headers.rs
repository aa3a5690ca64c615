//! Headers on their way through MOCK, HTTP and HTTP_PROXY: what passes, what is
//! dropped, renamed or added, as in section 4 of the request lifecycle.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use gw_testkit::{
    cluster::{Cluster, Options},
    http::{Answer, Call},
    raw::{Raw, Reply},
};
use gw_tests::{document, story, system::System as _};
use http::Method;
use serde_json::{Value, json};

/// Headers that are special on one side or the other.
const NAMES: [&str; 28] = [
    "Accept",
    "Accept-Charset",
    "Age",
    "Authorization",
    "Content-Encoding",
    "Content-MD5",
    "Content-Type",
    "Cookie",
    "Date",
    "Expect",
    "Host",
    "Max-Forwards",
    "Pragma",
    "Proxy-Authenticate",
    "Range",
    "Referer",
    "Server",
    "TE",
    "Trailer",
    "Upgrade",
    "User-Agent",
    "Via",
    "WWW-Authenticate",
    "Warn",
    "X-Amz-Apigw-Id",
    "X-Amzn-RequestId",
    "X-Amzn-Trace-Id",
    "X-Own",
];

/// What a backend sends under a name; the framing stays sound.
fn value(name: &str) -> &'static str {
    match name {
        "Content-Type" => "application/json",
        "Content-Encoding" => "identity",
        "Age" | "Max-Forwards" => "7",
        "Date" => "Wed, 21 Oct 2015 07:28:00 GMT",
        "X-Amzn-Trace-Id" => "Root=1-5759e988-bd862e3fe1be46a994272793",
        _ => "b",
    }
}

/// Names to values, as a backend saw them.
type Seen = Arc<Mutex<BTreeMap<String, String>>>;

fn backend() -> (Raw, Seen) {
    let seen = Seen::default();
    let kept = Arc::clone(&seen);
    let raw = Raw::start(move |request| {
        let head = request.split("\r\n\r\n").next().unwrap();
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let headers = lines.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        *kept.lock().unwrap() = headers.collect();
        if request.starts_with("GET /bare") || request.starts_with("POST /bare") {
            return Reply::Kept(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec());
        }
        let sent: Vec<_> = NAMES.iter().map(|name| (*name, value(name))).collect();
        Reply::http(200, &sent, "{}")
    });
    (raw, seen)
}

fn document(raw: &Raw) -> Value {
    let declared: BTreeMap<String, Value> = NAMES
        .iter()
        .map(|name| ((*name).to_owned(), json!({"schema": {"type": "string"}})))
        .collect();
    let of = |integration: Value| {
        json!({"responses": {"200": {"description": "ok", "headers": declared}},
            "x-amazon-apigateway-integration": integration})
    };
    let back: BTreeMap<String, String> = NAMES
        .iter()
        .filter(|name| !name.starts_with("X-Am"))
        .map(|name| {
            (
                format!("method.response.header.{name}"),
                format!("integration.response.header.{name}"),
            )
        })
        .collect();
    let http = |path: &str, more: Value| {
        let http = json!({"type": "http", "httpMethod": "POST",
            "uri": format!("{}{path}", raw.url()), "responses": {"default": {"statusCode": "200"}}});
        document::with(http, more)
    };
    let forbidden = |name: &str| {
        let target = format!("integration.request.header.{name}");
        of(http("/bare", json!({"requestParameters": {target: "'1'"}})))
    };
    let proxy = |path: &str| json!({"type": "http_proxy", "httpMethod": "ANY", "uri": format!("{}{path}", raw.url())});
    let mapped =
        json!({"responses": {"default": {"statusCode": "200", "responseParameters": back}}});
    let fixed: BTreeMap<String, String> = NAMES
        .iter()
        .filter(|name| !name.starts_with("X-Am"))
        .map(|name| (format!("method.response.header.{name}"), "'m'".to_owned()))
        .collect();
    let mock = json!({"type": "mock",
        "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "responses": {"default": {"statusCode": "200", "responseParameters": fixed}}});
    let plain = json!({"type": "mock",
        "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "responses": {"default": {"statusCode": "200"}}});
    document::api(
        "headers",
        &json!({
            "/http": {"post": of(http("/all", json!({})))},
            "/mapped": {"post": of(http("/all", mapped))},
            "/proxy": {"x-amazon-apigateway-any-method": of(proxy("/all"))},
            "/bare": {"x-amazon-apigateway-any-method": of(proxy("/bare"))},
            "/mock": {"get": of(mock)},
            "/plain": {"get": of(plain)},
            "/length": {"post": forbidden("Content-Length")},
            "/coding": {"post": forbidden("Transfer-Encoding")},
            "/trace": {"post": forbidden("X-Amzn-Trace-Id")},
            "/api": {"post": forbidden("X-Amzn-Apigateway-Api-Id")},
        }),
    )
}

/// The values of a header, as many as there are.
fn all<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    answer.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

/// Where the value that was sent under a name came back.
#[track_caller]
fn came_back(answer: &Answer, name: &str, sent: &str, fate: Fate) {
    let renamed = format!("x-amzn-remapped-{name}");
    let as_sent = all(answer, name).contains(&sent);
    let found = match (as_sent, all(answer, &renamed).contains(&sent)) {
        (true, false) => Fate::Passed,
        (false, true) => Fate::Renamed,
        (false, false) => Fate::Dropped,
        (true, true) => panic!("{name} twice"),
    };
    assert_eq!(found, fate, "{name}: {:?}", answer.headers);
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Passed,
    Renamed,
    Dropped,
}

/// What HTTP_PROXY does to a backend's headers.
fn of_proxy(name: &str) -> Fate {
    match name {
        "Authorization" | "Content-MD5" | "Date" | "Max-Forwards" | "Server" | "User-Agent"
        | "WWW-Authenticate" | "X-Amzn-RequestId" => Fate::Renamed,
        "Expect" | "Host" | "Proxy-Authenticate" | "TE" | "Trailer" | "Upgrade" | "Via" => {
            Fate::Dropped
        }
        _ => Fate::Passed,
    }
}

/// What becomes of a header that an integration response sets.
fn of_mapping(name: &str) -> Fate {
    match name {
        "Authorization" | "Content-MD5" | "Date" | "Expect" | "Host" | "Max-Forwards"
        | "Proxy-Authenticate" | "Server" | "Trailer" | "Upgrade" | "User-Agent"
        | "WWW-Authenticate" => Fate::Renamed,
        _ => Fate::Passed,
    }
}

async fn call(url: &str, verb: Method, headers: &[(&str, &str)], body: &'static str) -> Answer {
    let mut call = Call::new(verb, url);
    for (name, value) in headers {
        call = call.header(name, value);
    }
    if !body.is_empty() {
        call = call.body(body);
    }
    call.send().await.unwrap()
}

const UUID: &str = "0aa1b2c3-d4e5-46f7-8899-aabbccddeeff";
const ROOT: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";

/// `Root=1-{8}-{24};Parent={16};Sampled={0|1}`, all hex.
fn is_trace(text: &str) -> bool {
    let hex =
        |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit());
    let parts: Vec<&str> = text.split(';').collect();
    let [root, parent, sampled] = parts[..] else { return false };
    let root: Vec<&str> = root.strip_prefix("Root=").unwrap_or("").split('-').collect();
    matches!(root[..], ["1", time, rest] if hex(time, 8) && hex(rest, 24))
        && parent.strip_prefix("Parent=").is_some_and(|id| hex(id, 16))
        && ["Sampled=0", "Sampled=1"].contains(&sampled)
}

/// What a client sends that is the gateway's to judge.
const CLIENT: [(&str, &str); 21] = [
    ("Accept", "text/html"),
    ("Accept-Charset", "c"),
    ("Age", "c"),
    ("Authorization", "Bearer c"),
    ("Content-Encoding", "identity"),
    ("Content-MD5", "c"),
    ("Content-Type", "text/plain"),
    ("Cookie", "c"),
    ("Max-Forwards", "c"),
    ("Pragma", "c"),
    ("Proxy-Authenticate", "c"),
    ("Range", "c"),
    ("Referer", "c"),
    ("Server", "c"),
    ("TE", "trailers"),
    ("User-Agent", "c"),
    ("Via", "1.1 c"),
    ("WWW-Authenticate", "c"),
    ("X-Forwarded-For", "203.0.113.9"),
    ("X-Forwarded-Proto", "gopher"),
    ("X-Own", "c"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_backends_see_and_clients_get() {
    let (raw, seen) = backend();
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let api = story::import(&admin, &document(&raw)).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    let node = &cluster.nodes[0];
    let url = |path: &str| format!("{}{}", node.url(), story::path(&api, "prod", path));
    let saw = |name: &str| seen.lock().unwrap().get(&name.to_ascii_lowercase()).cloned();

    // HTTP_PROXY: the client's headers pass but for the table's.
    let answer = call(&url("/proxy"), Method::POST, &CLIENT, "body").await;
    for (name, sent) in CLIENT {
        let expected = match name {
            "Content-Encoding" | "Content-MD5" | "Max-Forwards" | "Proxy-Authenticate"
            | "Server" | "TE" | "Via" | "WWW-Authenticate" => None,
            "X-Forwarded-For" => Some("203.0.113.9, 127.0.0.1".to_owned()),
            "X-Forwarded-Proto" => Some("http".to_owned()),
            _ => Some(sent.to_owned()),
        };
        assert_eq!(saw(name), expected, "{name}");
    }
    assert_eq!(saw("X-Forwarded-Port"), Some(node.traffic.port().to_string()));
    assert_eq!(saw("X-Amzn-Apigateway-Api-Id"), Some(api.clone()));
    assert_eq!(saw("Host"), Some(raw.url().trim_start_matches("http://").to_owned()));
    assert_eq!(saw("Content-Length"), Some("4".to_owned()));
    assert!(is_trace(&saw("X-Amzn-Trace-Id").unwrap()));
    for name in NAMES.iter().filter(|name| !["X-Amz-Apigw-Id", "X-Amzn-Trace-Id"].contains(name)) {
        came_back(&answer, name, value(name), of_proxy(name));
    }
    assert_eq!(all(&answer, "x-amzn-trace-id"), [value("X-Amzn-Trace-Id")]);
    assert_eq!(all(&answer, "content-length"), ["2"]);
    assert_eq!(all(&answer, "date").len(), 1, "a date of the gateway's own");
    // A signature is for the gateway and goes no further.
    let signed =
        [("Authorization", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0")];
    call(&url("/bare"), Method::GET, &signed, "").await;
    assert_eq!(saw("Authorization"), None);

    // HTTP: nothing of the client's passes unless it is mapped.
    let answer = call(&url("/http"), Method::POST, &CLIENT, "{}").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let agent = format!("AmazonAPIGateway_{api}");
    for (name, expected) in [
        ("Accept", Some("application/json")),
        ("User-Agent", Some(&*agent)),
        ("X-Amzn-Apigateway-Api-Id", Some(&*api)),
        ("Content-Type", Some("text/plain")),
        ("Content-Length", Some("2")),
        ("Authorization", None),
        ("Cookie", None),
        ("X-Own", None),
        ("Referer", None),
        ("X-Forwarded-For", None),
    ] {
        assert_eq!(saw(name).as_deref(), expected, "{name}");
    }
    let sent = saw("X-Amzn-Trace-Id").unwrap();
    assert!(is_trace(&sent));
    assert_eq!(all(&answer, "x-amzn-trace-id"), [sent], "the client is told the id that was used");
    for name in NAMES.iter().filter(|name| !name.starts_with("X-Am") && **name != "Content-Type") {
        came_back(&answer, name, value(name), Fate::Dropped);
    }
    assert_eq!(answer.header("content-type"), Some("application/json"));

    // Mapped answers, from a backend and fixed.
    let answers = [
        (call(&url("/mapped"), Method::POST, &[], "{}").await, true),
        (call(&url("/mock"), Method::GET, &[], "").await, false),
    ];
    for (answer, is_http) in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text());
        for name in NAMES.iter().filter(|name| !name.starts_with("X-Am")) {
            came_back(answer, name, if *is_http { value(name) } else { "m" }, of_mapping(name));
        }
        assert_eq!(answer.header("x-amzn-trace-id").is_some(), *is_http);
    }

    for path in ["/length", "/coding", "/trace", "/api"] {
        let answer = call(&url(path), Method::POST, &[], "{}").await;
        let found = (answer.status, answer.header("x-amzn-errortype"), answer.text());
        let body = r#"{"message": "Internal server error"}"#.to_owned();
        assert_eq!(found, (500, Some("InternalServerErrorException"), body), "{path}");
        assert_eq!(answer.header("x-amzn-trace-id"), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_its_ids() {
    let (raw, seen) = backend();
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let api = story::import(&admin, &document(&raw)).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    let url = |path: &str| format!("{}{}", cluster.nodes[0].url(), story::path(&api, "prod", path));
    let table = [
        ("/plain", Method::GET, "", false),
        ("/bare", Method::GET, "", false),
        ("/http", Method::POST, "{}", true),
        ("/nowhere", Method::GET, "", false),
    ];
    for (path, verb, body, has_trace) in table {
        let answer = call(&url(path), verb.clone(), &[], body).await;
        let id = answer.header("x-amzn-requestid").unwrap().to_owned();
        assert_eq!(id.len(), 36, "{path}");
        assert!(
            answer.header("x-amz-apigw-id").is_some_and(|id| id.len() == 16 && id.ends_with('='))
        );
        assert_eq!(answer.header("x-amzn-trace-id").is_some(), has_trace, "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        let own = call(&url(path), verb.clone(), &[("X-Amzn-RequestId", UUID)], body).await;
        assert_eq!(all(&own, "x-amzn-requestid"), [UUID], "{path}");
        let odd = call(&url(path), verb, &[("X-Amzn-RequestId", "mine")], body).await;
        let odd = odd.header("x-amzn-requestid").unwrap();
        assert!(odd.len() == 36 && odd != id, "{path}: {odd}");
    }
    // The trace goes on where the client began it.
    for (path, body) in [("/bare", ""), ("/http", "{}")] {
        let verb = if body.is_empty() { Method::GET } else { Method::POST };
        let whole = format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
        for (sent, parent, sampled) in [
            (whole.clone(), Some("53995c3f42cd8ad8"), "1"),
            (format!("{ROOT};Parent=53995c3f42cd8ad8"), Some("53995c3f42cd8ad8"), "1"),
            (format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=0"), Some("53995c3f42cd8ad8"), "0"),
            (format!("{ROOT};Sampled=1"), None, "1"),
            (ROOT.to_owned(), None, "0"),
        ] {
            call(&url(path), verb.clone(), &[("X-Amzn-Trace-Id", &sent)], body).await;
            let got = seen.lock().unwrap()["x-amzn-trace-id"].clone();
            assert!(is_trace(&got) && got.starts_with(&format!("{ROOT};")), "{sent} -> {got}");
            assert!(got.ends_with(&format!(";Sampled={sampled}")), "{sent} -> {got}");
            if let Some(parent) = parent {
                assert!(got.contains(&format!(";Parent={parent};")), "{sent} -> {got}");
            }
        }
        call(&url(path), verb, &[("X-Amzn-Trace-Id", "garbage")], body).await;
        let got = seen.lock().unwrap()["x-amzn-trace-id"].clone();
        assert!(is_trace(&got), "{got}");
    }
}
