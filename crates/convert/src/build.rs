//! Elements on their way to JSON.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::sqs;

/// Elements that lists consist of.
const MEMBERS: [&str; 3] = ["member", "item", "entry"];
/// Leaves whose blanks mean something.
const VERBATIM: [&str; 3] = ["Body", "Value", "StringValue"];

/// An element that has begun.
#[derive(Debug)]
pub(crate) struct Element {
    name: Box<str>,
    text: String,
    children: Vec<(Box<str>, Value)>,
}

impl Element {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.into(), text: String::new(), children: Vec::new() }
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Takes an element that has ended.
    pub(crate) fn add(&mut self, child: Self) {
        let name = child.name.clone();
        self.children.push((name, child.into_value()));
    }

    /// The element is the root.
    pub(crate) fn into_document(self) -> Value {
        let name = self.name.clone();
        let value = self.into_value();
        if &*name == "ErrorResponse" && value.is_object() {
            return value;
        }
        Value::Object(Map::from_iter([(name.into(), value)]))
    }

    fn into_value(self) -> Value {
        let Self { name, text, children } = self;
        let named = sqs::lists(&name);
        // Only of a result is it known that its lists are empty.
        if children.is_empty() && (named.is_empty() || !name.ends_with("Result")) {
            let is_blank = text.trim().is_empty() && !VERBATIM.contains(&&*name);
            return if is_blank || text.is_empty() { Value::Null } else { Value::String(text) };
        }
        let is_list = |member: &&str| children.iter().all(|(name, _)| **name == **member);
        if !children.is_empty() && MEMBERS.iter().any(is_list) {
            return list(children.into_iter().map(|(_, value)| value).collect());
        }
        let repeated = repeated(&children);
        let mut members = Map::new();
        for (child, value) in children {
            let key = named.iter().find(|(element, _)| *element == &*child).map(|(_, key)| *key);
            let is_list = key.is_some() || repeated.contains(&child);
            let member = members.entry(key.unwrap_or(&child));
            match (member.or_insert_with(|| Value::Array(Vec::new())), is_list) {
                (Value::Array(values), true) => values.push(value),
                (single, _) => *single = value,
            }
        }
        for (_, key) in named {
            members.entry(*key).or_insert(Value::Null);
        }
        if !text.trim().is_empty() {
            members.insert("#text".to_owned(), Value::String(text));
        }
        Value::Object(members)
    }
}

/// The names that come more than once.
fn repeated(children: &[(Box<str>, Value)]) -> HashSet<Box<str>> {
    let mut seen = HashSet::new();
    let again = children.iter().filter(|(name, _)| !seen.insert(&**name));
    again.map(|(name, _)| name.clone()).collect()
}

/// A list, or the map that it spells.
fn list(values: Vec<Value>) -> Value {
    let is_pair = |value: &Value| {
        value.as_object().is_some_and(|pair| {
            pair.len() == 2
                && pair.get("key").is_some_and(Value::is_string)
                && pair.contains_key("value")
        })
    };
    if !values.iter().all(is_pair) {
        return Value::Array(values);
    }
    let pairs = values.into_iter().filter_map(|pair| {
        let Value::Object(mut pair) = pair else { return None };
        let Some(Value::String(key)) = pair.remove("key") else { return None };
        Some((key, pair.remove("value").unwrap_or_default()))
    });
    Value::Object(pairs.collect())
}
