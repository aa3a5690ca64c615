//! Nanoseconds and allocations of one event and of one answer.
//! `cargo bench -p gw-event`.

use std::{alloc::System, collections::BTreeMap, hint::black_box, time::Instant};

use gw_event::{Answer, Body, Identity, Paths, RestEvent};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const HEADERS: &[(&str, &[u8])] = &[
    ("Accept", b"application/json"),
    ("Accept-Encoding", b"gzip, deflate, br"),
    ("Content-Type", b"application/json; charset=utf-8"),
    ("Host", b"abcdef1234.execute-api.eu-central-1.example.com"),
    ("User-Agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0"),
    (
        "X-Amzn-Trace-Id",
        b"Root=1-5e5fa2e7-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0",
    ),
    ("X-Forwarded-For", b"203.0.113.7"),
    ("X-Forwarded-Port", b"443"),
    ("X-Forwarded-Proto", b"https"),
    ("Cookie", b"session=0123456789abcdef0123456789abcdef; theme=dark"),
];

fn event<'a>(variables: &'a BTreeMap<String, String>, query: Option<&'a str>) -> RestEvent<'a> {
    RestEvent {
        resource: "/pets/{id}",
        paths: Paths::of_default_host("/prod/pets/1742", 5),
        method: "POST",
        headers: HEADERS,
        query,
        path_parameters: &[("id", "1742")],
        stage_variables: variables,
        account: "123456789012",
        api: "abcdef1234",
        authorizer: None,
        deployment: "d1e2f3",
        domain: "abcdef1234.execute-api.eu-central-1.example.com",
        domain_prefix: "abcdef1234",
        extended_request_id: "Mc7UVioPPHcEKPA=",
        identity: Identity {
            source_ip: "203.0.113.7",
            user_agent: Some(HEADERS[4].1),
            ..Identity::default()
        },
        canary: None,
        request_id: "00112233-4455-4677-8899-aabbccddeeff",
        time_ms: 1_583_349_317_135,
        resource_id: "r1a2b3",
        stage: "prod",
    }
}

fn measure(name: &str, rounds: u32, mut run: impl FnMut()) {
    for _ in 0..rounds / 10 {
        run();
    }
    let region = Region::new(ALLOCATOR);
    run();
    let change = region.change();
    let mut best = f64::MAX;
    for _ in 0..7 {
        let began = Instant::now();
        for _ in 0..rounds {
            run();
        }
        best = best.min(began.elapsed().as_secs_f64() * 1e9 / f64::from(rounds));
    }
    println!(
        "{name:<40} {best:>10.0} ns {:>4} allocations {:>9} bytes",
        change.allocations, change.bytes_allocated
    );
}

fn main() {
    let none = BTreeMap::new();
    let some = BTreeMap::from([("alias".to_owned(), "live".to_owned())]);
    let write = |event: &RestEvent<'_>, body: Body<'_>| {
        let mut out = Vec::new();
        event.write(body, &mut out);
        black_box(out);
    };
    measure("event, no query, no body", 100_000, || write(&event(&none, None), Body::None));
    let query = Some("page=2&limit=50&sort=name&tag=a&tag=b");
    let small = br#"{"name":"Rex","kind":"dog","owner":{"id":17,"email":"a@example.com"}}"#;
    measure("event, query, variables, small JSON body", 100_000, || {
        write(&event(&some, query), Body::Text(small));
    });
    let escaped = vec![b'a'; 64 * 1024];
    measure("event, 64 KiB of text", 2_000, || write(&event(&some, query), Body::Text(&escaped)));
    measure("event, 64 KiB of bytes", 2_000, || {
        write(&event(&some, query), Body::Binary(&escaped));
    });
    let answer = br#"{"statusCode":200,"headers":{"Content-Type":"application/json","X-Total":"2"},"body":"{\"pets\":[{\"id\":1},{\"id\":2}]}"}"#;
    measure("answer, small", 100_000, || {
        let answer = Answer::parse(black_box(answer)).map(|answer| answer.into_body(false));
        black_box(answer).ok();
    });
    let plain = format!(r#"{{"statusCode":200,"body":"{}"}}"#, "a".repeat(64 * 1024));
    measure("answer, 64 KiB of plain text", 2_000, || {
        let answer = Answer::parse(black_box(plain.as_bytes())).map(|a| a.into_body(false));
        black_box(answer).ok();
    });
}
