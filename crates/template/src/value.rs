//! Values while a template runs: Java's, as far as templates can tell.

mod compare;
mod drop;
mod key;
mod number;
mod print;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use indexmap::IndexMap;

pub(crate) use compare::equal;
pub(crate) use key::Key;
pub(crate) use number::{compare as compare_numbers, double_text, math};
pub(crate) use print::{Full, Printer};

use crate::render::Captured;

/// A map's entries, in the order of insertion.
pub(crate) type Entries = IndexMap<Key, Value, hashbrown::DefaultHashBuilder>;

/// A value.
#[derive(Debug, Clone, Default)]
pub(crate) enum Value {
    /// Java's null: printed as the reference's own text.
    #[default]
    Null,
    /// What AWS gives for a path, name or member that is not there: prints as
    /// nothing, is false, equals null and the empty string.
    Absent,
    Bool(bool),
    Int(i32),
    Long(i64),
    Big(i128),
    Double(f64),
    /// A number kept as text (Java's BigDecimal, or a huge BigInteger).
    Decimal(Arc<str>),
    Text(Arc<str>),
    /// One UTF-16 unit: what `charAt` gives.
    Char(char),
    List(Rc<List>),
    Map(Rc<Map>),
    /// An entry of a map's `entrySet()`.
    Entry(Rc<(Value, Value)>),
    /// A walk over a list: `iterator()`.
    Iterator(Rc<(Rc<List>, Cell<usize>)>),
    /// The value of `$foreach`.
    Foreach(Rc<Turn>),
    /// What `#define` makes, and the body of a block macro.
    Block(Rc<Captured>),
    /// `$input`, `$util` and what belongs to them.
    Host(Host),
}

/// Objects that API Gateway puts into a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    Input,
    Util,
    Context,
    StageVariables,
}

/// Where a container came from; it decides how it prints and what a missing
/// member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Written in the template.
    Template,
    /// Read from JSON, or given by the gateway.
    Data,
    /// Of fixed size, as Java's arrays: what `split` and `toArray` give.
    Fixed,
    /// A set or collection without indexes: `keySet`, `entrySet`, `values`.
    View,
}

#[derive(Debug)]
pub(crate) struct List {
    pub(crate) items: RefCell<Vec<Value>>,
    pub(crate) origin: Origin,
}

#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) entries: RefCell<Entries>,
    pub(crate) origin: Origin,
    /// Its names are those of headers: they are found in any case, since
    /// HTTP/2 has only one.
    pub(crate) is_of_headers: bool,
}

/// One running `#foreach`.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) index: Cell<i32>,
    pub(crate) has_next: Cell<bool>,
    /// What `$foreach` was before: an outer loop's, or anything.
    pub(crate) before: Value,
    /// What the template has put into it: `#set($foreach.x = 1)`.
    pub(crate) own: Rc<Map>,
}

impl Value {
    pub(crate) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn list(items: Vec<Value>, origin: Origin) -> Self {
        Self::List(Rc::new(List { items: RefCell::new(items), origin }))
    }

    pub(crate) fn map(entries: Entries, origin: Origin) -> Self {
        Self::Map(Rc::new(Map { entries: RefCell::new(entries), origin, is_of_headers: false }))
    }

    pub(crate) fn size(size: usize) -> Self {
        Self::Int(i32::try_from(size).unwrap_or(i32::MAX))
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(crate) fn is_container(&self) -> bool {
        matches!(
            self,
            Self::List(_)
                | Self::Map(_)
                | Self::Entry(_)
                | Self::Iterator(_)
                | Self::Foreach(_)
                | Self::Block(_)
        )
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(
            self,
            Self::Int(_) | Self::Long(_) | Self::Big(_) | Self::Double(_) | Self::Decimal(_)
        )
    }

    /// Any number, narrowed as Java's `intValue` does.
    pub(crate) fn int_value(&self) -> Option<i32> {
        #[expect(clippy::cast_possible_truncation, reason = "Java's intValue truncates")]
        Some(match self {
            Self::Int(value) => *value,
            Self::Long(value) => *value as i32,
            Self::Big(value) => *value as i32,
            Self::Double(value) => *value as i32,
            Self::Decimal(text) => text.parse::<f64>().ok()? as i32,
            _ => return None,
        })
    }

    pub(crate) fn as_text(&self) -> Option<&Arc<str>> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Map {
    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        let entries = self.entries.borrow();
        let found = entries.get(name);
        if found.is_none() && self.is_of_headers {
            let mut others = entries.iter();
            let other = others.find(|(key, _)| key.is_text_in_any_case(name));
            return other.map(|(_, value)| value.clone());
        }
        found.cloned()
    }

    /// The value of a key of any kind.
    pub(crate) fn find(&self, key: &Value) -> Option<Value> {
        match key {
            Value::Text(text) => self.get(text),
            other => self.entries.borrow().get(&Key::from(other.clone())).cloned(),
        }
    }
}
