//! Results equal those of another implementation of draft 4, for every keyword
//! and for thousands of random schemas.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use gw_schema::{Compiler, Limits, Outcome, check_schema};
use gw_schema_testkit::{Case, Random, by_hand, random_schema, random_value};
use serde_json::Value;

/// What the other implementation says.
fn oracle(schema: &Value) -> jsonschema::Validator {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft4)
        .should_validate_formats(true)
        .build(schema)
        .unwrap_or_else(|error| panic!("{schema}: {error}"))
}

fn compare(case: &Case, differences: &mut Vec<String>) -> (usize, usize) {
    let text = case.schema.to_string();
    assert!(check_schema(&text).is_ok(), "{text}: {:?}", check_schema(&text));
    let lookup = |name: &str| (name == "M").then_some(text.as_str());
    let mut compiler = Compiler::new(lookup, Limits::default());
    let id = compiler.model("M").unwrap_or_else(|error| panic!("{text}: {error}"));
    let schemas = compiler.finish();
    let oracle = oracle(&case.schema);
    let mut valid = 0;
    for instance in &case.instances {
        let outcome = schemas.validate(id, instance.to_string().as_bytes(), 1 << 20);
        let wanted = oracle.is_valid(instance);
        if (outcome == Outcome::Valid) != wanted {
            differences.push(format!("{text} {instance}: {outcome:?}"));
        }
        if let Outcome::Invalid(messages) = &outcome {
            assert!(!messages.is_empty(), "{text} {instance}");
        } else {
            assert_eq!(outcome, Outcome::Valid);
        }
        valid += usize::from(wanted);
    }
    (valid, case.instances.len() - valid)
}

#[test]
fn every_keyword() {
    let (mut valid, mut invalid, mut differences) = (0, 0, Vec::new());
    for case in by_hand() {
        let (good, bad) = compare(&case, &mut differences);
        valid += good;
        invalid += bad;
    }
    assert!(differences.is_empty(), "{differences:#?}");
    println!("{} cases by hand agree: {valid} valid, {invalid} invalid", valid + invalid);
    assert!(valid > 500 && invalid > 500);
}

#[test]
fn random_schemas() {
    let (mut valid, mut invalid, mut differences) = (0, 0, Vec::new());
    for seed in 0..3000 {
        let mut random = Random(seed);
        let schema = random_schema(&mut random);
        let instances = (0..12).map(|_| random_value(&mut random, 3)).collect();
        let (good, bad) = compare(&Case { schema, instances }, &mut differences);
        valid += good;
        invalid += bad;
    }
    assert!(differences.is_empty(), "{differences:#?}");
    println!("{} random cases agree: {valid} valid, {invalid} invalid", valid + invalid);
    assert!(valid > 3000 && invalid > 3000);
}
