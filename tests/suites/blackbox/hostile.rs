//! Bad input at a running node: each request ends soon with the answer that
//! AWS gives, the log tells whose fault it was, and the node goes on.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};
use gw_testkit::{
    cluster::{Cluster, Options},
    http::{Answer, Call},
    raw::{Raw, Reply},
};
use gw_tests::{
    document, story,
    system::{PATIENCE, System as _, wait_until},
};
use serde_json::{Value, json};

/// Longest time that one request may take on a busy machine.
const SOON: Duration = Duration::from_secs(60);

const INTERNAL: &str = r#"{"message": "Internal server error"}"#;

fn refused() -> String {
    format!("http://{}/", gw_testkit::nobody())
}

fn deep(levels: usize) -> String {
    format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels))
}

fn backend() -> Raw {
    Raw::start(|request| match request.split(' ').nth(1).unwrap() {
        "/garbage" => Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        "/no-head" => Reply::Bytes(Vec::new()),
        "/half" => Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec()),
        "/half-head" => Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec()),
        "/two-lengths" => Reply::Bytes(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_vec(),
        ),
        "/bad-chunk" => Reply::Bytes(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n".to_vec(),
        ),
        "/endless-head" => Reply::Bytes(
            format!("HTTP/1.1 200 OK\r\n{}", "X-A: b\r\n".repeat(100_000)).into_bytes(),
        ),
        "/late" => Reply::Stall(Vec::new()),
        "/late-body" => Reply::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab".to_vec()),
        "/huge" => Reply::http(200, &[], vec![b'x'; (10 << 20) + 1]),
        "/deep" => Reply::http(200, &[("Content-Type", "application/json")], deep(5000)),
        "/not-json" => Reply::http(200, &[("Content-Type", "application/json")], "<html>"),
        "/not-utf8" => Reply::http(200, &[("Content-Type", "application/json")], b"\"\xff\xfe\""),
        "/gzip" => Reply::http(200, &[("Content-Encoding", "gzip")], gzip(64 << 20)),
        _ => Reply::http(200, &[("Content-Type", "application/json")], "{\"a\":1}"),
    })
}

/// So many zeros, compressed.
fn gzip(bytes: usize) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..bytes >> 20 {
        out.write_all(&zeros).unwrap();
    }
    out.finish().unwrap()
}

/// Templates that would go on for ever, or fill the memory.
const BOMBS: [(&str, &str); 8] = [
    (
        "loops",
        "#foreach($a in [1..999])#foreach($b in [1..999])#foreach($c in [1..999])$a#end#end#end",
    ),
    ("doubling", "#set($x = 'aaaaaaaa')#foreach($i in [1..99])#set($x = \"$x$x\")#end$x"),
    ("lists", "#set($x = [1])#foreach($i in [1..99])#set($x = [$x, $x])#end$x"),
    ("macro", "#macro(r $a)#r(\"$a$a\")#end#r('x')"),
    ("evaluate", "#set($e = '#evaluate($e)')#evaluate($e)"),
    ("itself", "#set($m = {})#set($u = $m.put('m', $m))$m"),
    ("range", "#foreach($i in [0..2147483647])x#end"),
    (
        "regex",
        "$input.body.replaceAll('((((x*)*)*)*)*y', 'z')$input.body.matches('(.*)*(.*)*(.*)*q')",
    ),
];

/// Patterns that are large once compiled, or slow where matching backtracks.
const PATTERNS: [(&str, &str); 4] = [
    ("repeats", "((2{1,999}){1,999}){1,999}"),
    ("nested", "(2+)+$"),
    ("lookahead", "(?=(2+)+x)200"),
    ("broken", "(200"),
];

/// How long an integration waits for its backend, in milliseconds: no longer
/// than it must for one that never answers, and longer than a busy machine
/// makes the others wait.
fn patience(uri: &str) -> u32 {
    let silent = ["late", "late-body", "no-head", "half-head", "half"];
    if silent.contains(&uri.rsplit('/').next().unwrap_or_default()) { 1000 } else { 15_000 }
}

fn document(raw: &Raw) -> Value {
    let of = |integration: Value| json!({"post": document::method(&integration)});
    let http = |path: &str, template: &str, response: Value| {
        of(json!({"type": "http", "httpMethod": "POST", "uri": format!("{}{path}", raw.url()),
            "timeoutInMillis": patience(path), "requestTemplates": {"application/json": template},
            "responses": {"default": response}}))
    };
    let proxy = |uri: String| {
        let patience = patience(&uri);
        of(json!({
            "type": "http_proxy", "httpMethod": "POST", "uri": uri, "timeoutInMillis": patience}))
    };
    let plain = json!({"statusCode": "200"});
    let read = json!({"statusCode": "200",
        "responseTemplates": {"application/json": "$input.json('$.a')"}});
    let mut paths = json!({
        "/ok": http("/ok", "{}", plain.clone()),
        "/json": http("/ok", "{\"b\": $input.json('$')}", plain.clone()),
        "/path": http("/ok", "{\"b\": \"$input.path('$..a')\"}", plain.clone()),
        "/body": http("/ok", "$util.escapeJavaScript($input.body)", plain.clone()),
        "/never": of(json!({"type": "mock", "passthroughBehavior": "never",
            "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
            "responses": {"default": {"statusCode": "200"}}})),
        "/refused": proxy(refused()),
        "/unknown": proxy("http://nobody.invalid/".to_owned()),
        "/read-deep": http("/deep", "{}", read.clone()),
        "/read-not-json": http("/not-json", "{}", read.clone()),
        "/read-not-utf8": http("/not-utf8", "{}", read),
        "/broken-template": http("/ok", "#if($x", plain.clone()),
    });
    let all = paths.as_object_mut().unwrap();
    for path in [
        "garbage",
        "no-head",
        "half-head",
        "two-lengths",
        "endless-head",
        "late",
        "late-body",
        "huge",
        "bad-chunk",
        "half",
        "gzip",
    ] {
        all.insert(format!("/proxy-{path}"), proxy(format!("{}/{path}", raw.url())));
        all.insert(format!("/http-{path}"), http(&format!("/{path}"), "{}", plain.clone()));
    }
    for (name, bomb) in BOMBS {
        all.insert(format!("/bomb-{name}"), http("/ok", bomb, plain.clone()));
        let response =
            json!({"statusCode": "200", "responseTemplates": {"application/json": bomb}});
        all.insert(format!("/answer-{name}"), http("/ok", "{}", response));
    }
    for (name, pattern) in PATTERNS {
        let mut entry = http("/ok", "{}", json!({"statusCode": "404"}));
        let responses = &mut entry["post"]["x-amazon-apigateway-integration"]["responses"];
        responses[pattern] = json!({"statusCode": "200"});
        all.insert(format!("/pattern-{name}"), entry);
    }
    let compression = json!({"x-amazon-apigateway-minimum-compression-size": 0});
    document::with(document::api("hostile", &paths), compression)
}

/// What is expected of a request.
struct Case {
    name: &'static str,
    path: String,
    headers: &'static [(&'static str, &'static str)],
    body: Vec<u8>,
    /// Any of these.
    statuses: &'static [u16],
    /// How the body begins, where it is AWS's.
    answer: Option<&'static str>,
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const GZIP: &[(&str, &str)] = &[("content-type", "application/json"), ("content-encoding", "gzip")];

fn case(
    name: &'static str,
    path: &str,
    body: impl Into<Vec<u8>>,
    statuses: &'static [u16],
    answer: Option<&'static str>,
) -> Case {
    let (path, body) = (path.to_owned(), body.into());
    Case { name, path, headers: JSON, body, statuses, answer }
}

fn cases() -> Vec<Case> {
    let long = Some(r#"{"message":"Request Too Long"}"#);
    let unread = Some(r#"{"message": "Could not parse request body into json: "#);
    let wide = format!("[{}1]", "1,".repeat(4 << 20));
    let mut all = vec![
        case("too large", "/json", vec![b' '; (10 << 20) + 1], &[413], long),
        case("too large to stream", "/proxy-late", vec![b' '; (10 << 20) + 1], &[413], long),
        case("cut off", "/json", "{\"a\":", &[400], unread),
        case("no JSON", "/json", "<a/>", &[200], None),
        case("not UTF-8", "/json", b"{\"a\":\"\xff\xfe\"}".to_vec(), &[200, 400], None),
        case("a lone surrogate", "/json", r#"{"a":"\ud800"}"#, &[200, 400], None),
        case("bytes into a text", "/body", b"\xff\xfe\x00\x01".to_vec(), &[200], None),
        case("deep", "/json", deep(100_000), &[400], unread),
        case("deep lists", "/path", "[".repeat(1_000_000), &[400], unread),
        case("wide", "/json", wide.clone(), &[200, 413, 500], None),
        case("wide and searched", "/path", wide, &[200, 500], None),
        case("long keys", "/json", format!("{{\"{}\":1}}", "k".repeat(8 << 20)), &[200, 500], None),
        case(
            "large numbers",
            "/json",
            format!("{{\"a\":1{}}}", "0".repeat(100_000)),
            &[200, 400],
            None,
        ),
        case(
            "equal keys",
            "/json",
            format!("{{{}\"a\":1}}", "\"a\":1,".repeat(200_000)),
            &[200],
            None,
        ),
        case("broken template", "/broken-template", "{}", &[500], Some(INTERNAL)),
        case(
            "no backend",
            "/refused",
            "{}",
            &[504],
            Some(r#"{"message": "Network error communicating with endpoint"}"#),
        ),
        case("no such host", "/unknown", "{}", &[500], Some(INTERNAL)),
        case("a deep answer", "/read-deep", "{}", &[500], Some(INTERNAL)),
        case("an answer that is no JSON", "/read-not-json", "{}", &[200], Some("\"\"")),
        case("an answer that is no UTF-8", "/read-not-utf8", "{}", &[200, 500], None),
        Case {
            headers: &[("content-type", "text/xml")],
            ..case(
                "unsupported",
                "/never",
                "<a/>",
                &[415],
                Some(r#"{"message": "Unsupported Media Type"}"#),
            )
        },
        Case { headers: GZIP, ..case("gzip bomb", "/json", gzip(200 << 20), &[413], long) },
        Case { headers: GZIP, ..case("gzip that is none", "/json", "{}", &[415], None) },
        Case {
            headers: GZIP,
            ..case("gzip cut off", "/json", gzip(1 << 20)[..60].to_vec(), &[415], None)
        },
    ];
    for kind in ["proxy", "http"] {
        let path = |name: &str| format!("/{kind}-{name}");
        let late = Some(r#"{"message": "Endpoint request timed out"}"#);
        all.extend([
            case("garbage", &path("garbage"), "{}", &[502], Some(INTERNAL)),
            case("two lengths", &path("two-lengths"), "{}", &[502], Some(INTERNAL)),
            case("an endless head", &path("endless-head"), "{}", &[502], Some(INTERNAL)),
            case("no answer", &path("no-head"), "{}", &[502, 504], None),
            case("half a head", &path("half-head"), "{}", &[502, 504], None),
            case("late", &path("late"), "{}", &[504], late),
        ]);
    }
    // What HTTP collects before it maps can still be refused.
    all.extend([
        case("half a body", "/http-half", "{}", &[502, 504], None),
        case("a bad chunk", "/http-bad-chunk", "{}", &[502, 504], None),
        case("a late body", "/http-late-body", "{}", &[504], None),
        case("a huge answer", "/http-huge", "{}", &[500], Some(INTERNAL)),
        case("a huge answer, streamed", "/proxy-huge", "{}", &[500], Some(INTERNAL)),
        case("a gzip answer", "/proxy-gzip", "{}", &[200], None),
    ]);
    for (name, _) in BOMBS {
        all.push(case(name, &format!("/bomb-{name}"), "x".repeat(2000), &[200, 400, 500], None));
        all.push(case(name, &format!("/answer-{name}"), "{}", &[200, 500], None));
    }
    for (name, _) in PATTERNS {
        all.push(case(name, &format!("/pattern-{name}"), "{}", &[200, 404, 500], None));
    }
    all
}

async fn send(url: &str, api: &str, case: &Case) -> Result<Answer, String> {
    let mut call = Call::post(&format!("{url}{}", story::path(api, "prod", &case.path)));
    for (name, value) in case.headers {
        call = call.header(name, value);
    }
    let call = call.body(case.body.clone()).timeout(2 * SOON);
    call.send().await.map_err(|error| error.to_string())
}

fn resident_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_comes_in_hangs_or_kills_a_node() {
    let raw = backend();
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let api = story::import(&admin, &document(&raw)).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    let (url, pid) = (cluster.nodes[0].url(), cluster.nodes[0].pid().unwrap());
    let good = case("good", "/ok", "{}", &[200], Some(r#"{"a":1}"#));
    let mut wrong = Vec::new();
    for case in cases() {
        let started = Instant::now();
        let answer = send(&url, &api, &case).await;
        let took = started.elapsed();
        let name = format!("{} ({})", case.name, case.path);
        match answer {
            Err(error) => wrong.push(format!("{name}: {error} after {took:?}")),
            Ok(answer) => {
                let text = answer.text();
                if !case.statuses.contains(&answer.status)
                    || case.answer.is_some_and(|expected| !text.starts_with(expected))
                {
                    wrong.push(format!("{name}: {} {text:.200}", answer.status));
                }
                if answer.status == 500 && text != INTERNAL {
                    wrong.push(format!("{name}: {text:.200}"));
                }
                if took > SOON {
                    wrong.push(format!("{name}: took {took:?}"));
                }
            }
        }
        let after = send(&url, &api, &good).await.unwrap_or_else(|e| panic!("after {name}: {e}"));
        assert_eq!((after.status, &*after.text()), (200, r#"{"a":1}"#), "after {name}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // All of them at once, while ordinary requests are answered.
    let mut at_once = tokio::task::JoinSet::new();
    for case in cases() {
        let (url, api) = (url.clone(), api.clone());
        at_once.spawn(async move { (case.name, send(&url, &api, &case).await.map(|a| a.status)) });
    }
    let mut slowest = Duration::ZERO;
    while !at_once.is_empty() {
        let started = Instant::now();
        assert_eq!(send(&url, &api, &good).await.unwrap().status, 200);
        slowest = slowest.max(started.elapsed());
        while let Some(done) = at_once.try_join_next() {
            let (name, status) = done.unwrap();
            assert!(status.is_ok(), "{name}: {status:?}");
        }
    }
    assert!(slowest < SOON, "an ordinary request waited {slowest:?}");
    assert_eq!(cluster.nodes[0].pid(), Some(pid), "it is the same process");
    let resident = resident_bytes(pid);
    assert!(resident < 1 << 30, "{resident} bytes of memory");

    // One at a time: of many refusals in a second the log tells a few.
    for (path, parts) in [
        ("/refused", &["INTEGRATION_FAILURE", "504"][..]),
        ("/proxy-garbage", &["INTEGRATION_FAILURE", "502"]),
        ("/proxy-late", &["INTEGRATION_TIMEOUT", "timeout error"]),
        ("/broken-template", &["API_CONFIGURATION_ERROR", "line 1"]),
        ("/bomb-loops", &["API_CONFIGURATION_ERROR", "steps"]),
        ("/pattern-broken", &["API_CONFIGURATION_ERROR", "pattern"]),
    ] {
        let what = format!("the log tells of {path}");
        wait_until(&what, PATIENCE, async || {
            assert!(send(&url, &api, &case("again", path, "{}", &[], None)).await.is_ok());
            let place = format!("POST {path}\"");
            let log = cluster.log("n1");
            let mut refused = log.lines().filter(|line| line.contains("request refused"));
            refused.any(|line| line.contains(&place) && parts.iter().all(|p| line.contains(p)))
        })
        .await;
    }
    assert!(!cluster.log("n1").contains("panicked"), "{}", cluster.log("n1"));
}
