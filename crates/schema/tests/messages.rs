//! What is wrong with a body, in AWS's words and order.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use gw_schema::{Compiler, Limits, Outcome, ReadError};

fn validate(schema: &str, body: &str) -> Outcome {
    let mut compiler = Compiler::new(|name| (name == "M").then_some(schema), Limits::default());
    let id = compiler.model("M").unwrap_or_else(|error| panic!("{schema}: {error}"));
    compiler.finish().validate(id, body.as_bytes(), 1 << 20)
}

#[test]
fn values_that_are_wrong() {
    for (schema, body, wanted) in [
        (
            r#"{"required": ["b", "a", "c"]}"#,
            r#"{"c": 1}"#,
            r#"object has missing required properties (["a","b"])"#,
        ),
        (
            r#"{"type": "integer"}"#,
            r#""x""#,
            r#"instance type (string) does not match any allowed primitive type (allowed: ["integer"])"#,
        ),
        (
            r#"{"type": ["string", "number"]}"#,
            "null",
            r#"instance type (null) does not match any allowed primitive type (allowed: ["integer","number","string"])"#,
        ),
        (
            r#"{"type": "integer"}"#,
            "1.0",
            r#"instance type (number) does not match any allowed primitive type (allowed: ["integer"])"#,
        ),
        (
            r#"{"enum": ["a", 1]}"#,
            r#"{"x": [2]}"#,
            r#"instance value ({"x":[2]}) not found in enum (possible values: ["a",1])"#,
        ),
        (
            r#"{"minimum": 5}"#,
            "4.5",
            "numeric instance is lower than the required minimum (minimum: 5, found: 4.5)",
        ),
        (
            r#"{"minimum": 5, "exclusiveMinimum": true}"#,
            "5.0",
            "numeric instance is not strictly greater than the required minimum 5",
        ),
        (
            r#"{"maximum": 5}"#,
            "1e400",
            "numeric instance is greater than the required maximum (maximum: 5, found: 1e400)",
        ),
        (
            r#"{"maximum": 5, "exclusiveMaximum": true}"#,
            "5",
            "numeric instance is not strictly lower than the required maximum 5",
        ),
        (r#"{"multipleOf": 0.1}"#, "0.35", "remainder of division is not zero (0.35 / 0.1)"),
        (
            r#"{"minLength": 3}"#,
            r#""ä\n""#,
            "string \"ä\n\" is too short (length: 2, required minimum: 3)",
        ),
        (
            r#"{"maxLength": 1}"#,
            r#""ab""#,
            "string \"ab\" is too long (length: 2, maximum allowed: 1)",
        ),
        (
            r#"{"pattern": "^\\d+$"}"#,
            r#""1a""#,
            "ECMA 262 regex \"^\\d+$\" does not match input string \"1a\"",
        ),
        (r#"{"format": "email"}"#, r#""x""#, "string \"x\" is not a valid email address"),
        (
            r#"{"format": "date-time"}"#,
            r#""x""#,
            "string \"x\" is invalid against requested date format(s) [yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,12}Z]",
        ),
    ] {
        is_told(schema, body, wanted);
    }
}

#[test]
fn lists_objects_and_choices_that_are_wrong() {
    for (schema, body, wanted) in [
        (
            r#"{"items": [{}], "additionalItems": false}"#,
            "[1, 2]",
            "schema only allows 1 elements in array but instance has 2 elements",
        ),
        (
            r#"{"minItems": 2}"#,
            "[1]",
            "array is too short: must have at least 2 elements but instance has 1 elements",
        ),
        (
            r#"{"maxItems": 0}"#,
            "[1]",
            "array is too long: must have at most 0 elements but instance has 1 elements",
        ),
        (r#"{"uniqueItems": true}"#, "[1, 1.0]", "array must not contain duplicate elements"),
        (
            r#"{"minProperties": 2}"#,
            r#"{"a": 1}"#,
            "object has too few properties (found 1 but schema requires at least 2)",
        ),
        (
            r#"{"maxProperties": 1}"#,
            r#"{"a": 1, "b": 2}"#,
            "object has too many properties (found 2 but schema requires at most 1)",
        ),
        (
            r#"{"additionalProperties": false, "properties": {"a": {}}}"#,
            r#"{"c": 1, "a": 1, "b": 1}"#,
            r#"object instance has properties which are not allowed by the schema: ["b","c"]"#,
        ),
        (
            r#"{"dependencies": {"a": ["c", "b"]}}"#,
            r#"{"a": 1, "c": 1}"#,
            r#"property "a" of object has missing property dependencies (schema requires ["b","c"]; missing: ["b"])"#,
        ),
        (
            r#"{"dependencies": {"a": {"required": ["b"]}}}"#,
            r#"{"a": 1}"#,
            r#"object has missing required properties (["b"])"#,
        ),
        (
            r#"{"allOf": [{}, {"type": "null"}]}"#,
            "1",
            "instance failed to match all required schemas (matched only 1 out of 2)",
        ),
        (
            r#"{"anyOf": [{"type": "null"}, {"type": "string"}]}"#,
            "1",
            "instance failed to match at least one required schema among 2",
        ),
        (
            r#"{"oneOf": [{}, {}, {"type": "null"}]}"#,
            "1",
            "instance failed to match exactly one schema (matched 2 out of 3)",
        ),
        (r#"{"not": {}}"#, "1", "instance matched a schema which it should not have"),
    ] {
        is_told(schema, body, wanted);
    }
}

/// One message.
fn is_told(schema: &str, body: &str, wanted: &str) {
    let outcome = validate(schema, body);
    assert_eq!(outcome, Outcome::Invalid(vec![wanted.to_owned()]), "{schema} {body}");
}

/// By the keyword's name; what is within a value is looked at only while
/// nothing is wrong, members by name.
#[test]
fn messages_are_ordered_as_aws_validator_orders_them() {
    let schema = r#"{
        "type": "object", "required": ["a"], "additionalProperties": false, "maxProperties": 1, "properties": {
            "a": {"type": "string", "minLength": 2, "pattern": "^x"},
            "b": {"type": "object", "properties": {"c": {"type": "integer"}}},
            "z": {"type": "integer"}}}"#;
    let outcome = validate(schema, r#"{"z": "1", "y": 1}"#);
    let messages =
        |texts: &[&str]| Outcome::Invalid(texts.iter().map(|text| (*text).to_owned()).collect());
    assert_eq!(
        outcome,
        messages(&[
            r#"object instance has properties which are not allowed by the schema: ["y"]"#,
            "object has too many properties (found 2 but schema requires at most 1)",
            r#"object has missing required properties (["a"])"#,
        ])
    );
    let schema = schema.replace(r#""maxProperties": 1,"#, "");
    let outcome = validate(&schema, r#"{"z": "1", "b": {"c": "1"}, "a": "y"}"#);
    assert_eq!(
        outcome,
        messages(&[
            "string \"y\" is too short (length: 1, required minimum: 2)",
            "ECMA 262 regex \"^x\" does not match input string \"y\"",
            // b is an object, and what is in it is not looked at any more.
            r#"instance type (string) does not match any allowed primitive type (allowed: ["integer"])"#,
        ])
    );
    let outcome = validate(&schema, r#"{"b": {"c": "1"}, "a": "xy"}"#);
    assert_eq!(
        outcome,
        messages(&[
            r#"instance type (string) does not match any allowed primitive type (allowed: ["integer"])"#
        ])
    );
}

/// What clients send is shown in part only, and not without end.
#[test]
fn messages_are_bounded() {
    let body = format!("[{}1]", "\"long\",".repeat(100_000));
    let Outcome::Invalid(messages) = validate(r#"{"items": {"type": "null"}}"#, &body) else {
        panic!()
    };
    assert_eq!(messages.len(), 100);
    let text = "ü".repeat(100_000);
    let Outcome::Invalid(messages) =
        validate(r#"{"maxLength": 1, "enum": ["a"], "pattern": "a"}"#, &format!("\"{text}\""))
    else {
        panic!()
    };
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(|message| message.len() < 800), "{messages:?}");
}

#[test]
fn what_is_no_json_is_told() {
    for (body, wanted) in [
        ("", ReadError::Syntax(0)),
        ("{\"a\":1", ReadError::Syntax(6)),
        ("{a: 1}", ReadError::Syntax(1)),
        ("{} {}", ReadError::Syntax(3)),
    ] {
        assert_eq!(validate("{}", body), Outcome::Unreadable(wanted), "{body}");
    }
    // Of equal names the last one counts; numbers are of any size.
    assert_eq!(
        validate(r#"{"properties": {"a": {"type": "integer"}}}"#, r#"{"a": "x", "a": 1}"#),
        Outcome::Valid
    );
    assert_ne!(
        validate(r#"{"properties": {"a": {"type": "integer"}}}"#, r#"{"a": 1, "a": "x"}"#),
        Outcome::Valid
    );
    let huge = "9".repeat(100_000);
    assert_eq!(
        validate(r#"{"type": "integer", "minimum": 1e300, "multipleOf": 9}"#, &huge),
        Outcome::Valid
    );
}
