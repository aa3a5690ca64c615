//! Reading bytes as one JSON value, from JSON or YAML.
//!
//! Depth is bounded by both parsers (128 levels). What a document unfolds to,
//! YAML aliases included, is bounded by a budget of values. Duplicate keys
//! are refused, and the message names the place.

use std::{cell::RefCell, fmt, rc::Rc};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::{
    ImportErrors, Variables,
    nesting::is_too_deep,
    options::{MAX_DOCUMENT_BYTES, MAX_DOCUMENT_VALUES},
};

/// Reads a document.
///
/// # Errors
/// When the bytes are neither JSON nor YAML, or exceed a bound.
pub(crate) fn read(bytes: &[u8], variables: Option<&Variables>) -> Result<Value, ImportErrors> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(ImportErrors::unreadable(format!(
            "The document has {} bytes, and no more than {MAX_DOCUMENT_BYTES} are read.",
            bytes.len()
        )));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        ImportErrors::unreadable(format!(
            "The document is not UTF-8 at byte {}.",
            error.valid_up_to()
        ))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = substitute(text, variables);
    let value = if looks_like_json(&text) { read_json(&text) } else { read_yaml(&text) };
    value.map_err(|reason| ImportErrors::unreadable(sentence(&reason)))
}

/// Puts in the values of `${AWS::...}`.
fn substitute<'a>(text: &'a str, variables: Option<&Variables>) -> std::borrow::Cow<'a, str> {
    match variables {
        Some(variables) if text.contains("${AWS::") => text
            .replace("${AWS::AccountId}", &variables.account_id)
            .replace("${AWS::Region}", &variables.region)
            .replace("${AWS::Partition}", &variables.partition)
            .into(),
        _ => text.into(),
    }
}

/// A brace followed by a quoted key (or by nothing) is JSON; any other
/// beginning is YAML, whose flow maps begin with a brace too.
fn looks_like_json(text: &str) -> bool {
    let text = text.trim_start();
    match text.strip_prefix('{') {
        Some(rest) => rest.trim_start().starts_with(['"', '}']),
        None => text.starts_with('['),
    }
}

fn sentence(reason: &str) -> String {
    let mut chars = reason.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

fn read_json(text: &str) -> Result<Value, String> {
    let state = State::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Seed { state: &state }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| error.to_string())
}

fn read_yaml(text: &str) -> Result<Value, String> {
    if is_too_deep(text) {
        return Err("the document nests brackets too deep".to_owned());
    }
    let state = State { yaml: true, ..State::default() };
    Seed { state: &state }.deserialize(serde_norway::Deserializer::from_str(text)).map_err(
        |error| match error.location() {
            // The parser's own message may or may not name the place.
            Some(at) if !error.to_string().contains("line") => {
                format!("{error} at line {} column {}", at.line(), at.column())
            }
            _ => error.to_string(),
        },
    )
}

/// What all values of one document share.
struct State {
    yaml: bool,
    left: std::cell::Cell<usize>,
    /// The keys and indexes that lead to the value being read.
    path: Rc<RefCell<Vec<String>>>,
}

impl Default for State {
    fn default() -> Self {
        Self { yaml: false, left: std::cell::Cell::new(MAX_DOCUMENT_VALUES), path: Rc::default() }
    }
}

impl State {
    fn place(&self) -> String {
        let path = self.path.borrow();
        if path.is_empty() { "the root".to_owned() } else { path.join(".") }
    }

    fn spend(&self) -> Result<(), String> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.unwrap_or_default());
        left.map(drop).ok_or_else(|| {
            format!("the document unfolds to more than {MAX_DOCUMENT_VALUES} values")
        })
    }
}

#[derive(Clone, Copy)]
struct Seed<'s> {
    state: &'s State,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.state.spend().map_err(D::Error::custom)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom(format!("{} is not a finite number", self.state.place())))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            self.state.path.borrow_mut().push(format!("[{}]", items.len()));
            let item = access.next_element_seed(self)?;
            self.state.path.borrow_mut().pop();
            match item {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        let mut merges = Vec::new();
        while let Some(key) = access.next_key_seed(Key)? {
            if members.contains_key(&key) {
                return Err(A::Error::custom(format!(
                    "duplicate key '{key}' in {}",
                    self.state.place()
                )));
            }
            self.state.path.borrow_mut().push(key.clone());
            let value = access.next_value_seed(self)?;
            self.state.path.borrow_mut().pop();
            if self.state.yaml && key == "<<" {
                merges.push(value);
            } else {
                members.insert(key, value);
            }
        }
        for value in merges {
            merge(&mut members, value).map_err(|reason| {
                A::Error::custom(format!("{reason} in {}", self.state.place()))
            })?;
        }
        Ok(Value::Object(members))
    }
}

/// YAML's merge key: members that are not there yet are taken over.
fn merge(members: &mut Map<String, Value>, value: Value) -> Result<(), &'static str> {
    match value {
        Value::Object(more) => {
            for (key, value) in more {
                members.entry(key).or_insert(value);
            }
            Ok(())
        }
        Value::Array(items) => items.into_iter().try_for_each(|item| match item {
            Value::Object(_) => merge(members, item),
            _ => Err("a merge key takes maps"),
        }),
        _ => Err("a merge key takes maps"),
    }
}

/// A key as the text that stands in the document, so that YAML's `200:` is `"200"`.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text as key")
    }

    fn visit_str<E>(self, value: &str) -> Result<String, E> {
        Ok(value.to_owned())
    }

    fn visit_string<E>(self, value: String) -> Result<String, E> {
        Ok(value)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(text: &str) -> String {
        read(text.as_bytes(), None).unwrap_err().to_string().to_lowercase()
    }

    #[test]
    fn json_and_yaml_read_alike() {
        let expected = json!({"responses": {"200": {"a": [1, 2.5, null, true, "x"]}}});
        let json = r#" {"responses": {"200": {"a": [1, 2.5, null, true, "x"]}}} "#;
        let yaml = "responses:\n  200:\n    a: [1, 2.5, ~, true, x]\n";
        let flow = "{responses: {'200': {a: [1, 2.5, null, true, x]}}}";
        for text in [json, yaml, flow, &format!("\u{feff}{json}")] {
            assert_eq!(read(text.as_bytes(), None).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn faults_name_their_place() {
        let table = [
            (r#"{"a": 1,}"#, "trailing comma at line 1 column 9"),
            ("{\"a\":\n 1 \"b\"}", "at line 2 column 4"),
            (r#"{"paths": {"/a": {}, "/a": {}}}"#, "duplicate key '/a' in paths"),
            ("paths:\n  /a: {}\n  /a: {}\n", "duplicate key '/a' in paths"),
            ("a: [1, 2", "line 1"),
            ("a: b: c", "line 1"),
            ("a: .nan", "a is not a finite number"),
            ("a:\n  ? [1]\n  : 2", "line"),
            ("<<: 3", "a merge key takes maps"),
            ("x: !secret 1", "line 1"),
            ("a: 1\n---\nb: 2\n", "more than one document"),
        ];
        for (text, part) in table {
            let message = refused(text);
            assert!(message.starts_with("invalid openapi input. "), "{message}");
            assert!(message.contains(part), "{text:?}: {message}");
        }
        let message = read(b"a: \xff", None).unwrap_err().to_string();
        assert!(message.contains("not UTF-8 at byte 3"), "{message}");
    }

    #[test]
    fn bombs_are_refused() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(refused(&deep).contains("recursion limit"), "JSON depth");
        let deep = format!("a: {}", "[".repeat(100_000));
        assert!(refused(&deep).contains("brackets too deep"), "YAML depth");
        let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let below = vec![format!("*a{}", level - 1); 10].join(", ");
            laughs.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        let message = refused(&laughs);
        assert!(message.contains("repetition limit") || message.contains("unfolds"), "{message}");
    }

    #[test]
    fn merge_keys_fill_in() {
        let text = "base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nlist:\n  <<: [*b, {z: 4}]\n";
        let value = read(text.as_bytes(), None).unwrap();
        assert_eq!(value["use"], json!({"y": 3, "x": 1}));
        assert_eq!(value["list"], json!({"x": 1, "y": 2, "z": 4}));
    }

    #[test]
    fn variables_take_their_values() {
        let variables = Variables {
            account_id: "123456789012".into(),
            region: "eu-west-1".into(),
            partition: "aws".into(),
        };
        let text = r#"{"x": "arn:${AWS::Partition}:y:${AWS::Region}:${AWS::AccountId}:${other}"}"#;
        let value = read(text.as_bytes(), Some(&variables)).unwrap();
        assert_eq!(value["x"], "arn:aws:y:eu-west-1:123456789012:${other}");
    }
}
