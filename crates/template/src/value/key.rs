//! Map keys, which may be any value.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use super::{Value, compare::identical, equal};

/// A key of a Java map: equal as `equals` says, so `1` is not `"1"`.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    Text(Arc<str>),
    Other(Value),
}

impl From<Value> for Key {
    fn from(value: Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(text),
            other => Self::Other(other),
        }
    }
}

impl Key {
    /// Whether it is this text, but for the case of ASCII letters.
    pub(crate) fn is_text_in_any_case(&self, text: &str) -> bool {
        matches!(self, Self::Text(own) if own.eq_ignore_ascii_case(text))
    }

    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Text(text) => Value::Text(text.clone()),
            Self::Other(value) => value.clone(),
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a == b,
            // Comparing containers by content could meet the very map that is
            // being changed; only the same container is the same key.
            (Self::Other(a), Self::Other(b)) if a.is_container() || b.is_container() => {
                identical(a, b)
            }
            (Self::Other(a), Self::Other(b)) => equal(a, b),
            _ => false,
        }
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Text(text) => (**text).hash(state),
            Self::Other(Value::Int(value)) => value.hash(state),
            Self::Other(Value::Long(value)) => value.hash(state),
            Self::Other(Value::Bool(value)) => value.hash(state),
            Self::Other(Value::Double(value)) => value.to_bits().hash(state),
            Self::Other(Value::Decimal(text)) => text.hash(state),
            // Containers as keys are rare: they share one place.
            Self::Other(_) => 0.hash(state),
        }
    }
}

impl indexmap::Equivalent<Key> for str {
    fn equivalent(&self, key: &Key) -> bool {
        matches!(key, Key::Text(text) if **text == *self)
    }
}
