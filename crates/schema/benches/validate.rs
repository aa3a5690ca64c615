//! Nanoseconds and allocations of one validation, and of one compilation.
//! `cargo bench -p gw-schema`.

use std::{alloc::System, hint::black_box, time::Instant};

use gw_schema::{Compiler, Limits, Outcome};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The shape of most models that people write.
const ORDER: &str = r##"{
  "$schema": "http://json-schema.org/draft-04/schema#", "title": "Order", "type": "object",
  "required": ["id", "customer", "items", "currency", "total"], "additionalProperties": false,
  "definitions": {
    "address": {"type": "object", "required": ["street", "city", "zip"], "properties": {
      "street": {"type": "string", "minLength": 1, "maxLength": 200}, "city": {"type": "string", "minLength": 1},
      "zip": {"type": "string", "pattern": "^[0-9]{5}$"}, "country": {"enum": ["DE", "FR", "US", "JP"]}}}
  },
  "properties": {
    "id": {"type": "string", "pattern": "^o-[0-9]+$"},
    "createdAt": {"type": "string", "format": "date-time"},
    "currency": {"enum": ["EUR", "USD", "GBP"]},
    "total": {"type": "number", "minimum": 0},
    "express": {"type": "boolean"},
    "customer": {"type": "object", "required": ["name", "email"], "properties": {
      "name": {"type": "string", "minLength": 1, "maxLength": 100}, "email": {"type": "string", "format": "email"},
      "billing": {"$ref": "#/definitions/address"}, "shipping": {"$ref": "#/definitions/address"},
      "tags": {"type": "array", "uniqueItems": true, "items": {"type": "string"}}}},
    "items": {"type": "array", "minItems": 1, "maxItems": 100, "items": {
      "type": "object", "required": ["sku", "qty", "price"], "properties": {
        "sku": {"type": "string", "pattern": "^[A-Z]-[0-9]+$"}, "name": {"type": "string"},
        "qty": {"type": "integer", "minimum": 1}, "price": {"type": "number", "multipleOf": 0.01}}}}
  }
}"##;

/// About 1 KB.
const BODY: &str = r#"{"id":"o-100045","createdAt":"2026-11-23T07:00:00Z","currency":"EUR","total":129.95,"express":true,"customer":{"name":"Ada \"L\" Love","email":"ada@example.com","billing":{"street":"1 Analytical Way","city":"London","zip":"12345","country":"DE"},"shipping":{"street":"22 Difference Street, Back Building","city":"Marseille","zip":"54321","country":"FR"},"tags":["vip","beta","newsletter"]},"items":[{"sku":"A-1","name":"Pen, black, 0.5 mm","qty":2,"price":9.99},{"sku":"B-2","name":"Lamp / desk","qty":1,"price":79.99},{"sku":"C-3","name":"Cable, two metres","qty":4,"price":7.5},{"sku":"D-4","name":"Paper, 500 sheets, recycled","qty":1,"price":6.49},{"sku":"E-5","name":"Ink for the pen above","qty":3,"price":4.25},{"sku":"F-6","name":"A box for all of it, large","qty":1,"price":12.0},{"sku":"G-7","name":"Gift wrapping paper","qty":2,"price":2.2}]}"#;

fn measure(name: &str, mut work: impl FnMut()) {
    for _ in 0..1000 {
        work();
    }
    let rounds = 20_000u32;
    let region = Region::new(ALLOCATOR);
    work();
    let allocated = region.change();
    let began = Instant::now();
    for _ in 0..rounds {
        work();
    }
    let nanos = began.elapsed().as_nanos() / u128::from(rounds);
    println!(
        "{name:44} {nanos:>8} ns  {:>4} allocations  {:>7} bytes",
        allocated.allocations, allocated.bytes_allocated
    );
}

fn main() {
    let mut compiler = Compiler::new(|_| Some(ORDER), Limits::default());
    let id = compiler.model("Order").expect("the schema compiles");
    let schemas = compiler.finish();
    let bytes = BODY.len();
    let bad = BODY.replace("\"qty\":4", "\"qty\":0");
    let large = format!(
        "{}{}",
        &BODY[..BODY.len() - 2],
        r#",{"sku":"Z-9","qty":1,"price":1}"#.repeat(93) + "]}"
    );
    for body in [BODY, &large] {
        assert_eq!(schemas.validate(id, body.as_bytes(), 1 << 20), Outcome::Valid);
    }
    measure(&format!("a good order of {bytes} bytes"), || {
        black_box(schemas.validate(id, black_box(BODY.as_bytes()), 1 << 20));
    });
    measure("the same with one fault, told", || {
        black_box(schemas.validate(id, black_box(bad.as_bytes()), 1 << 20));
    });
    measure(&format!("a good order of {} bytes", large.len()), || {
        black_box(schemas.validate(id, black_box(large.as_bytes()), 1 << 20));
    });
    measure("an empty body", || {
        black_box(schemas.validate(id, black_box(b"{}"), 1 << 20));
    });
    // Comparison: what reading the body into serde_json's values takes alone.
    measure("serde_json::Value of the good order", || {
        black_box(serde_json::from_slice::<serde_json::Value>(black_box(BODY.as_bytes())).is_ok());
    });
    let began = Instant::now();
    for _ in 0..100 {
        let mut compiler = Compiler::new(|_| Some(ORDER), Limits::default());
        black_box(compiler.model("Order").is_ok());
    }
    println!("{:44} {:>8} ns", "compiling the order's model", began.elapsed().as_nanos() / 100);
}
