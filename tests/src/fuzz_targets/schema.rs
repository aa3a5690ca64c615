//! Models and bodies: any schema, any instance.

use gw_schema::{Compiler, Document, Limits, Outcome, ReadError, check_schema};

const STEPS: u64 = 200_000;

/// A model's schema, an empty line, and a body.
///
/// # Panics
/// When a schema that was accepted has no verdict, when more work changes a
/// verdict, or when the readers of JSON disagree.
pub fn schema(data: &[u8]) {
    let at = data.windows(2).position(|two| two == b"\n\n");
    let (schema, body) = at.map_or((data, &b"{}"[..]), |at| (&data[..at], &data[at + 2..]));
    readers_agree(body);
    let Ok(text) = std::str::from_utf8(schema) else { return };
    readers_agree(schema);
    let checked = check_schema(text);
    let mut compiler = Compiler::new(|name| (name == "M").then_some(text), Limits::default());
    let compiled = compiler.model("M");
    if let Err(fault) = &checked {
        assert!(compiled.is_err(), "{fault}");
    }
    let Ok(id) = compiled else { return };
    let schemas = compiler.finish();
    let outcome = schemas.validate(id, body, STEPS);
    match &outcome {
        Outcome::Invalid(messages) => assert!(!messages.is_empty()),
        Outcome::Exhausted => return,
        Outcome::Valid | Outcome::Unreadable(_) => {}
    }
    assert_eq!(schemas.validate(id, body, STEPS * 4), outcome);
}

/// What `serde_json` reads is read here too, unless it is beyond a bound.
fn readers_agree(text: &[u8]) {
    if serde_json::from_slice::<serde_json::Value>(text).is_ok() {
        match Document::read(text) {
            Ok(document) => assert!(document.values() > 0),
            Err(error) => assert!(matches!(error, ReadError::Depth | ReadError::Values), "{error}"),
        }
    }
}
