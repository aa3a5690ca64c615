//! Bombs end: schemas, bodies and patterns that would take forever.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use gw_schema::{Compiler, Limits, MAX_DEPTH, Outcome, ReadError};
use gw_schema_testkit::Random;

const STEPS: u64 = 10_000_000;

fn compile(
    models: &BTreeMap<&str, String>,
    name: &str,
) -> Result<(gw_schema::Schemas, gw_schema::SchemaId), String> {
    let mut compiler =
        Compiler::new(|name| models.get(name).map(String::as_str), Limits::default());
    let id = compiler.model(name)?;
    Ok((compiler.finish(), id))
}

fn validate(schema: &str, body: &str) -> Outcome {
    let models = BTreeMap::from([("M", schema.to_owned())]);
    let (schemas, id) =
        compile(&models, "M").unwrap_or_else(|error| panic!("{schema:.200}: {error}"));
    let began = Instant::now();
    let outcome = schemas.validate(id, body.as_bytes(), STEPS);
    assert!(began.elapsed() < Duration::from_secs(120), "{schema:.200} took {:?}", began.elapsed());
    outcome
}

fn reference(model: &str) -> String {
    format!(r#"{{"$ref": "https://apigateway.amazonaws.com/restapis/abc123/models/{model}"}}"#)
}

/// What is tried twice at each level would double with each.
#[test]
fn choices_in_choices_do_not_multiply() {
    let level = |n: usize| {
        format!(
            r##""l{n}": {{"anyOf": [{{"$ref": "#/definitions/l{}"}}, {{"allOf": [{{"$ref": "#/definitions/l{}"}}]}}]}}"##,
            n + 1,
            n + 1
        )
    };
    let levels: Vec<String> = (0..60).map(level).collect();
    let schema = format!(
        r##"{{"definitions": {{{}, "l60": {{"type": "null"}}}}, "allOf": [{{"$ref": "#/definitions/l0"}}]}}"##,
        levels.join(",")
    );
    assert!(matches!(validate(&schema, "1"), Outcome::Invalid(_)));
    assert_eq!(validate(&schema, "null"), Outcome::Valid);

    let node = |op: &str| {
        format!(
            r##"{{"properties": {{"op": {{"type": "string"}}, "of": {{"$ref": "#/definitions/expr"}}, "{op}": {{}}}}, "required": ["of"]}}"##
        )
    };
    let schema = format!(
        r##"{{"definitions": {{"expr": {{"oneOf": [{{"type": "integer"}}, {}, {}]}}}}, "allOf": [{{"$ref": "#/definitions/expr"}}]}}"##,
        node("a"),
        node("b")
    );
    let deep = (0..90).fold("1".to_owned(), |inner, _| format!(r#"{{"of": {inner}}}"#));
    assert!(matches!(validate(&schema, &deep), Outcome::Invalid(_)));
}

#[test]
fn patterns_do_not_run_away() {
    let text = |count: usize| format!("\"{}!\"", "a".repeat(count));
    assert!(matches!(validate(r#"{"pattern": "^(a+)+$"}"#, &text(100_000)), Outcome::Invalid(_)));
    assert!(matches!(validate(r#"{"pattern": "^(a|aa)+$"}"#, &text(100_000)), Outcome::Invalid(_)));
    // References and look-arounds need an engine that goes back.
    let twice = r#"{"pattern": "^(?:a|a)*(?!b)b$"}"#;
    assert_eq!(validate(twice, &text(40).replace('!', "b")), Outcome::Exhausted);
    assert!(matches!(validate(twice, &text(5).replace('!', "b")), Outcome::Invalid(_)));
    let many = format!("[{}]", vec![text(5); 100_000].join(","));
    assert_eq!(validate(r#"{"items": {"pattern": "^(?!b)(a|aa)*!$"}}"#, &many), Outcome::Exhausted);
    let models = BTreeMap::from([("M", r#"{"pattern": "((a{1,100}){1,100}){1,100}"}"#.to_owned())]);
    let error = compile(&models, "M").unwrap_err();
    assert_eq!(
        error,
        "pattern \"((a{1,100}){1,100}){1,100}\": compiles to more than 4194304 bytes"
    );
    // Large ones over large texts.
    let large = format!("\"{}\"", "ab1 ".repeat(100_000));
    for pattern in [r"(\\w{1,60}x|[^\\d]{2,50}y){10}z", r"[ab].{2000}c$", "^.{0,5000}$"] {
        let outcome = validate(&format!(r#"{{"pattern": "{pattern}"}}"#), &large);
        assert!(matches!(outcome, Outcome::Invalid(_) | Outcome::Exhausted), "{outcome:?}");
    }
    let outcome =
        validate(r#"{"pattern": "^[\\s\\S]{0,5000}$"}"#, &format!("\"{}\"", "ä ".repeat(2400)));
    assert_eq!(outcome, Outcome::Valid);
}

#[test]
fn large_and_deep_bodies_end() {
    let nested =
        |depth: usize, inner: &str| format!("{}{inner}{}", "[".repeat(depth), "]".repeat(depth));
    let tree = r##"{"type": ["array", "integer"], "items": {"$ref": "#"}, "uniqueItems": true}"##;
    assert_eq!(validate(tree, &nested(MAX_DEPTH, "1")), Outcome::Valid);
    let outcome = validate(tree, &nested(MAX_DEPTH + 1, "1"));
    assert_eq!(outcome, Outcome::Unreadable(ReadError::Depth));
    assert_eq!(validate(tree, &"[".repeat(1 << 20)), Outcome::Unreadable(ReadError::Depth));
    assert_eq!(validate(tree, &r#"{"a":"#.repeat(1 << 20)), Outcome::Unreadable(ReadError::Depth));
    let objects: Vec<String> = (0..100_000).map(|n| format!(r#"{{"n":{n},"m":{n}.0}}"#)).collect();
    assert_eq!(
        validate(r#"{"uniqueItems": true}"#, &format!("[{}]", objects.join(","))),
        Outcome::Valid
    );
    // Lists of equal lists, each told apart by its last item only.
    let rows: Vec<String> = (0..1000).map(|n| format!("[{}{n}]", "0,".repeat(1000))).collect();
    let outcome = validate(r#"{"uniqueItems": true}"#, &format!("[{}]", rows.join(",")));
    assert_eq!(outcome, Outcome::Valid);
    let wide: Vec<String> = (0..100_000).map(|n| format!(r#""k{n}":1"#)).collect();
    let wide = format!("{{{}}}", wide.join(","));
    let names: Vec<String> = (0..1000).map(|n| format!("\"k{}\"", n * 100)).collect();
    assert_eq!(
        validate(&format!(r#"{{"required": [{}]}}"#, names.join(",")), &wide),
        Outcome::Exhausted
    );
    assert_eq!(validate(r#"{"additionalProperties": {"type": "integer"}}"#, &wide), Outcome::Valid);
    let patterns: Vec<String> = (0..2000).map(|n| format!(r#""x{n}$": {{}}"#)).collect();
    let outcome =
        validate(&format!(r#"{{"patternProperties": {{{}}}}}"#, patterns.join(",")), &wide);
    assert_eq!(outcome, Outcome::Exhausted);
}

/// The stack of a thread holds what the bounds allow.
#[test]
fn recursion_fits_on_a_stack() {
    let chain: Vec<String> = (0..MAX_DEPTH / 2)
        .map(|n| format!(r##""c{n}": {{"allOf": [{{"$ref": "#/definitions/c{}"}}]}}"##, n + 1))
        .collect();
    let schema = format!(
        r##"{{"definitions": {{{}, "c{}": {{"items": {{"$ref": "#/definitions/c0"}}}}}}, "allOf": [{{"$ref": "#/definitions/c0"}}]}}"##,
        chain.join(","),
        MAX_DEPTH / 2
    );
    let body = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    let outcome = thread.spawn(move || validate(&schema, &body)).unwrap().join().unwrap();
    assert_eq!(outcome, Outcome::Exhausted);
}

#[test]
fn models_refer_to_each_other() {
    let models = BTreeMap::from([
        (
            "Pet",
            format!(
                r#"{{"type": "object", "required": ["name"], "properties": {{"name": {{"type": "string"}}, "owner": {}}}}}"#,
                reference("Owner")
            ),
        ),
        (
            "Owner",
            format!(
                r#"{{"type": "object", "properties": {{"pets": {{"type": "array", "items": {}}}}}}}"#,
                reference("Pet")
            ),
        ),
        (
            "Name",
            format!(
                r#"{{"allOf": [{{"$ref": "https://any.host/restapis/abc123/models/Pet#/properties/name"}}, {}]}}"#,
                r#"{"minLength": 1}"#
            ),
        ),
        ("Alias", reference("Pet")),
    ]);
    let mut compiler =
        Compiler::new(|name| models.get(name).map(String::as_str), Limits::default());
    let [pet, owner, name, alias] =
        ["Pet", "Owner", "Name", "Alias"].map(|name| compiler.model(name).unwrap());
    assert_eq!(compiler.model("Pet"), Ok(pet));
    let schemas = compiler.finish();
    let is_valid = |id, body: &str| schemas.validate(id, body.as_bytes(), STEPS) == Outcome::Valid;
    for (id, body, wanted) in [
        (pet, r#"{"name": "a", "owner": {"pets": [{"name": "b"}]}}"#, true),
        (pet, r#"{"name": "a", "owner": {"pets": [{"name": 1}]}}"#, false),
        (alias, r#"{"name": "a", "owner": {"pets": [{}]}}"#, false),
        (owner, r#"{"pets": [{"name": "a", "owner": {"pets": []}}]}"#, true),
        (owner, r#"{"pets": [{"name": "a", "owner": {"pets": 1}}]}"#, false),
        (name, r#""a""#, true),
        (name, r#""""#, false),
        (name, "1", false),
    ] {
        assert_eq!(is_valid(id, body), wanted, "{body}");
    }
}

#[test]
fn faults_have_reasons() {
    let models = BTreeMap::from([
        ("Loop", r##"{"$ref": "#"}"##.to_owned()),
        ("LoopA", reference("LoopB")),
        ("LoopB", format!(r#"{{"allOf": [{}]}}"#, reference("LoopA"))),
        ("Choice", r##"{"anyOf": [{"type": "null"}, {"not": {"$ref": "#"}}]}"##.to_owned()),
        ("Missing", reference("None")),
        ("Nowhere", r##"{"items": {"$ref": "#/definitions/none"}}"##.to_owned()),
        ("Text", r##"{"items": {"$ref": "#/title"}, "title": "x"}"##.to_owned()),
        ("Json", "{".to_owned()),
        ("Keyword", r#"{"properties": {"a": {"type": "x"}}}"#.to_owned()),
        ("Outer", reference("Keyword")),
        ("Foreign", r#"{"$ref": "http://127.0.0.1:1/schema"}"#.to_owned()),
        ("Large", format!(r#"{{"title": "{}"}}"#, "x".repeat(400 << 10))),
        ("Good", r#"{"items": {"type": "integer"}}"#.to_owned()),
    ]);
    let mut compiler =
        Compiler::new(|name| models.get(name).map(String::as_str), Limits::default());
    let itself = "a schema refers to itself without going into the value";
    for (name, wanted) in [
        ("Loop", itself),
        ("LoopA", itself),
        ("Choice", itself),
        ("Missing", "model None: there is no such model"),
        ("Nowhere", "#/definitions/none leads nowhere"),
        ("Text", "#/title leads nowhere"),
        ("Json", "the schema cannot be read: no JSON at byte 1"),
        ("Keyword", "/properties/a/type: must be array"),
        ("Outer", "model Keyword: /properties/a/type: must be array"),
        ("Foreign", ": a reference is #, #/.. or the URL of a model of this API"),
        ("Large", "the schema has 409"),
        ("Unknown", "there is no such model"),
    ] {
        let error = compiler.model(name).unwrap_err();
        assert!(error.contains(wanted), "{name}: {error}");
    }
    assert!(compiler.model("Good").is_ok());
    let nested = format!("{}{}{}", r#"{"items":"#.repeat(99), "{}", "}".repeat(99));
    let limits = Limits { max_schemas: 50, ..Limits::default() };
    let mut compiler = Compiler::new(|_| Some(nested.as_str()), limits);
    assert_eq!(compiler.model("M"), Err("the models have more than 50 schemas".to_owned()));
    // Many patterns that each take long to refuse.
    let patterns =
        (0..5000).map(|n| format!(r#"{{"pattern": "((a{{1,99}}){{1,99}}){{1,99}}{n}"}}"#));
    let many = format!(r#"{{"anyOf": [{}]}}"#, patterns.collect::<Vec<_>>().join(","));
    let mut compiler = Compiler::new(|_| Some(many.as_str()), Limits::default());
    let began = Instant::now();
    assert!(compiler.model("M").is_err());
    assert!(began.elapsed() < Duration::from_secs(120), "{:?}", began.elapsed());
}

/// Schemas and bodies that are nearly right: no panic, and more work changes
/// no verdict.
#[test]
fn mutated_texts_have_a_verdict() {
    let seeds: Vec<(String, String)> = gw_schema_testkit::by_hand()
        .iter()
        .filter_map(|case| Some((case.schema.to_string(), case.instances.last()?.to_string())))
        .collect();
    let mut random = Random(7);
    let mut compiled = 0;
    for _ in 0..30_000 {
        let (schema, body) = &seeds[random.below(seeds.len())];
        let other = &seeds[random.below(seeds.len())].0;
        let [schema, body] = [schema, body].map(|text| mutate(text, other, &mut random));
        let lookup = |name: &str| (name == "M").then_some(schema.as_str());
        let mut compiler = Compiler::new(lookup, Limits::default());
        let result = compiler.model("M");
        assert!(gw_schema::check_schema(&schema).is_ok() || result.is_err(), "{schema}");
        let Ok(id) = result else { continue };
        compiled += 1;
        let schemas = compiler.finish();
        let outcome = schemas.validate(id, body.as_bytes(), 50_000);
        if outcome != Outcome::Exhausted {
            assert_eq!(schemas.validate(id, body.as_bytes(), 500_000), outcome, "{schema} {body}");
        }
    }
    assert!(compiled > 3_000, "{compiled} of 30,000 compile");
}

/// A text with a few pieces left out, doubled, or taken from another.
fn mutate(text: &str, other: &str, random: &mut Random) -> String {
    let (mut text, other): (Vec<char>, Vec<char>) =
        (text.chars().collect(), other.chars().collect());
    for _ in 0..random.below(3) {
        let at = random.below(text.len());
        let end = (at + 1 + random.below(6)).min(text.len());
        let from = random.below(other.len());
        let piece = &other[from..(from + 1 + random.below(12)).min(other.len())];
        match random.below(4) {
            0 => drop(text.drain(at..end)),
            1 => drop(text.splice(at..end, piece.iter().copied())),
            2 => drop(text.splice(at..at, piece.iter().copied())),
            _ => {
                let digit = char::from(b'0' + u8::try_from(random.below(10)).expect("a digit"));
                if text[at].is_ascii_digit() {
                    text[at] = digit;
                }
            }
        }
        if text.is_empty() {
            text.push('1');
        }
    }
    text.into_iter().collect()
}
