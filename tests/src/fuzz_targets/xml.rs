//! XML of services as JSON.

use gw_convert::{Limits, xml_to_json};
use serde_json::Value;

/// A document, converted within the bounds of the data plane.
///
/// # Panics
/// When what comes out is no JSON, is deeper than the document may be, or is
/// not the same again.
pub fn xml(data: &[u8]) {
    let limits = Limits::default();
    let Ok(value) = xml_to_json(data, &limits) else { return };
    assert_eq!(xml_to_json(data, &limits).as_ref(), Ok(&value));
    // Every element is an object inside an object, and may be a list besides.
    assert!(depth(&value) <= 2 * limits.max_depth + 1);
    let text = value.to_string();
    let read: Value = serde_json::from_str(&text).expect("it prints as JSON");
    assert_eq!(read, value);
    assert!(value.as_object().is_some_and(|root| !root.is_empty()), "a document has a root");
}

fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Object(members) => members.values().map(depth).max(),
        Value::Array(values) => values.iter().map(depth).max(),
        _ => return 0,
    };
    1 + inner.unwrap_or_default()
}
