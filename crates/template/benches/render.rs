//! Nanoseconds and allocations of one rendering, one path reading, one
//! compilation. `cargo bench -p gw-template`.

use std::{alloc::System, hint::black_box, time::Instant};

use gw_template::{Document, JsonPath, Leaf, Limits, Place, Source, Template};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const BODY: &str = r#"{"order":{"id":"o-1001","total":129.95,"currency":"EUR","express":true},"customer":{"name":"Ada \"L\" Love","email":"ada@example.com","tags":["vip","beta"]},"items":[{"sku":"A-1","qty":2,"price":9.99,"name":"Pen"},{"sku":"B-2","qty":1,"price":79.99,"name":"Lamp / desk"},{"sku":"C-3","qty":4,"price":7.5,"name":"Cable"}]}"#;

const SMALL: &str = r#"{"id": "$input.params('id')", "stage": "$context.stage", "name": $input.json('$.customer.name')}"#;

/// About 2 KB: the shape of most templates that people write.
const TYPICAL: &str = include_str!("typical.vtl");

struct Request {
    body: String,
}

impl Source for Request {
    fn body(&self) -> &str {
        &self.body
    }

    fn parameter(&self, place: Place, name: &str) -> Option<&str> {
        match (place, name) {
            (Place::Path, "id") => Some("42"),
            (Place::QueryString, "q") => Some("blue lamps"),
            _ => None,
        }
    }

    fn parameters(&self, place: Place, each: &mut dyn FnMut(&str, &str)) {
        if place == Place::Header {
            each("Accept", "application/json");
            each("Content-Type", "application/json");
            each("User-Agent", "curl/8.5");
            each("X-Trace", "1-2-3");
        }
    }

    fn stage_variable(&self, name: &str) -> Option<&str> {
        (name == "table").then_some("orders")
    }

    fn context(&self, path: &[&str]) -> Option<Leaf<'_>> {
        Some(Leaf::Text(
            match path {
                ["requestId"] => "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
                ["stage"] => "prod",
                ["httpMethod"] => "POST",
                ["resourcePath"] => "/orders/{id}",
                ["identity", "sourceIp"] => "203.0.113.7",
                ["identity", "userAgent"] => "curl/8.5",
                ["authorizer", "principalId"] => "user-7",
                _ => return None,
            }
            .into(),
        ))
    }
}

/// Best of several rounds, as quiet as a shared machine gets.
fn measure(name: &str, mut once: impl FnMut() -> usize) {
    for _ in 0..200 {
        black_box(once());
    }
    let region = Region::new(ALLOCATOR);
    let size = once();
    let allocations = region.change().allocations;
    // Short batches: the best one was not interrupted.
    let started = Instant::now();
    black_box(once());
    let batch = (300_000 / started.elapsed().as_nanos().max(1)).clamp(1, 2000);
    let mut best = f64::INFINITY;
    for _ in 0..400 {
        let started = Instant::now();
        for _ in 0..batch {
            black_box(once());
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 2000")]
        let each = started.elapsed().as_secs_f64() * 1e9 / batch as f64;
        best = best.min(each);
    }
    println!("{name:<34} {best:>12.0} ns {allocations:>8} allocations {size:>8} bytes");
}

fn render(name: &str, text: &str, body: &str) {
    let template = Template::compile(text).expect("compiles");
    let request = Request { body: body.to_owned() };
    let limits = Limits::default();
    measure(&format!("render {name} ({} B)", text.len()), || {
        template.render(&request, limits).expect("renders").text.len()
    });
}

fn main() {
    render("text only", &"plain text without anything\n".repeat(8), "");
    render("small", SMALL, BODY);
    render("typical", TYPICAL, BODY);
    let item = r#"{"sku":"A-1","qty":2,"price":9.99,"name":"Pen \"blue\""}"#;
    let items = vec![item; 500].join(",");
    let body = BODY.replace(r#""items":["#, &format!(r#""items":[{items},"#));
    render("typical, 500 items", TYPICAL, &body);
    render("large", &TYPICAL.repeat(10), BODY);
    measure("compile typical", || Template::compile(TYPICAL).expect("compiles").source().len());
    let document = Document::parse(BODY).expect("JSON");
    measure("parse body", || {
        black_box(Document::parse(BODY).expect("JSON"));
        BODY.len()
    });
    for path in [
        "$.customer.name",
        "$.items[1].sku",
        "$.items[*].price",
        "$..sku",
        "$.items[?(@.qty > 1 && @.price < 9)].name",
        "$.items[*].price.sum()",
    ] {
        let parsed = JsonPath::parse(path).expect("a path");
        measure(&format!("path {path}"), || {
            usize::from(parsed.eval(&document).ok().flatten().is_some())
        });
    }
    measure("parse path", || {
        black_box(JsonPath::parse("$.items[?(@.qty > 1)].name").expect("a path"));
        1
    });
}
