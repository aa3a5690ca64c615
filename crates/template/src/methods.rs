//! The Java methods and properties that templates may use.
//!
//! A method that Java does not have, or not with such arguments, gives null, as
//! in Velocity. One that throws in Java ends the rendering. Reflection
//! (`getClass`) is not there.

mod collection;
mod map;
mod number;
mod pattern;
mod string;

pub(crate) use pattern::Pattern;
pub use pattern::translate_pattern;

use crate::{
    ast::Method,
    render::{Outcome, Run},
    value::{Key, Origin, Turn, Value, equal},
};

/// What a method without a result gives: the empty string.
pub(crate) fn nothing() -> Value {
    Value::text("")
}

/// Calls a method with what was compiled for it.
pub(crate) fn call_with(
    run: &mut Run<'_>,
    method: &Method,
    value: &Value,
    arguments: &[Value],
) -> Outcome<Value> {
    if let (Value::Text(text), Some(pattern)) = (value, &method.pattern) {
        return string::with_pattern(run, method.at, text, &method.name, pattern, arguments);
    }
    call(run, method.at, value, &method.name, arguments)
}

/// `value.name(arguments)`.
pub(crate) fn call(
    run: &mut Run<'_>,
    at: u32,
    value: &Value,
    name: &str,
    arguments: &[Value],
) -> Outcome<Value> {
    match (name, arguments) {
        ("toString", []) if !value.is_null() => {
            if let Value::Host(host) = value {
                let whole = run.host_whole(*host)?;
                return run.text_of(at, &whole).map(Value::Text);
            }
            return run.text_of(at, value).map(Value::Text);
        }
        ("equals", [other]) => {
            run.step(at, 16)?;
            let absent = |a: &Value, b: &Value| {
                matches!(a, Value::Absent) && b.as_text().is_some_and(|text| text.is_empty())
            };
            let same = equal(value, other) || absent(value, other) || absent(other, value);
            return Ok(Value::Bool(same));
        }
        ("hashCode", []) => return run.hash_code(at, value),
        _ => {}
    }
    match value {
        Value::Text(text) => string::call(run, at, text, name, arguments),
        Value::Absent => absent(name),
        Value::List(list) => collection::call(run, at, list, name, arguments),
        Value::Iterator(walk) => collection::walk(run, at, walk, name),
        Value::Map(map) => map::call(run, at, map, name, arguments),
        Value::Entry(entry) => Ok(match name {
            "getKey" => entry.0.clone(),
            "getValue" => entry.1.clone(),
            _ => Value::Null,
        }),
        Value::Foreach(turn) => turn_method(run, at, turn, name, arguments),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Long(_)
        | Value::Big(_)
        | Value::Double(_)
        | Value::Decimal(_)
        | Value::Char(_) => number::call(run, at, value, name, arguments),
        Value::Null | Value::Block(_) | Value::Host(_) => Ok(Value::Null),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an arm like the others")]
fn absent(name: &str) -> Outcome<Value> {
    Ok(match name {
        "isEmpty" => Value::Bool(true),
        "length" => Value::Int(0),
        "contains" | "containsKey" | "matches" | "startsWith" | "endsWith" => Value::Bool(false),
        _ => Value::Absent,
    })
}

/// The result of `size()`, for values that have it.
pub(crate) fn size(value: &Value) -> Option<i32> {
    let size = match value {
        Value::List(list) => list.items.borrow().len(),
        Value::Map(map) => map.entries.borrow().len(),
        _ => return None,
    };
    Some(i32::try_from(size).unwrap_or(i32::MAX))
}

/// `$value.name` for values that are not maps: a getter.
pub(crate) fn property(run: &mut Run<'_>, at: u32, value: &Value, name: &str) -> Value {
    // `$foreach.Index` is the same getter as `$foreach.index`.
    let lowered;
    let name = if name.starts_with(|first: char| first.is_ascii_uppercase()) {
        lowered = format!("{}{}", name[..1].to_ascii_lowercase(), &name[1..]);
        &lowered
    } else {
        name
    };
    match value {
        Value::Foreach(turn) => turn_property(turn, name),
        Value::Entry(entry) => match name {
            "key" => entry.0.clone(),
            "value" => entry.1.clone(),
            _ => Value::Null,
        },
        Value::Text(_) | Value::List(_) if name == "empty" => {
            call(run, at, value, "isEmpty", &[]).unwrap_or_default()
        }
        Value::Text(text) if name == "blank" => Value::Bool(text.trim().is_empty()),
        Value::Double(value) => match name {
            "naN" => Value::Bool(value.is_nan()),
            "infinite" => Value::Bool(value.is_infinite()),
            _ => Value::Null,
        },
        _ => Value::Null,
    }
}

fn turn_property(turn: &Turn, name: &str) -> Value {
    let index = turn.index.get();
    match name {
        "index" => Value::Int(index),
        "count" => Value::Int(index + 1),
        "hasNext" => Value::Bool(turn.has_next.get()),
        "first" => Value::Bool(index < 1),
        "last" => Value::Bool(!turn.has_next.get()),
        "parent" => match &turn.before {
            parent @ Value::Foreach(_) => parent.clone(),
            _ => Value::Null,
        },
        "topmost" => topmost(turn),
        _ => scoped(turn, &Key::Text(name.into())),
    }
}

/// The outermost loop; the loop itself has no handle of its own here, so one
/// without a parent stands for itself by its parent's absence.
fn topmost(turn: &Turn) -> Value {
    let mut found = turn.before.clone();
    while let Value::Foreach(outer) = &found {
        match &outer.before {
            next @ Value::Foreach(_) => found = next.clone(),
            _ => return found,
        }
    }
    Value::Null
}

/// What a template has put into the scope, here or in an outer loop.
fn scoped(turn: &Turn, key: &Key) -> Value {
    if let Some(value) = turn.own.entries.borrow().get(key) {
        return value.clone();
    }
    let mut outer = turn.before.clone();
    while let Value::Foreach(turn) = &outer {
        if let Some(value) = turn.own.entries.borrow().get(key) {
            return value.clone();
        }
        let next = turn.before.clone();
        outer = next;
    }
    Value::Null
}

fn turn_method(
    run: &mut Run<'_>,
    at: u32,
    turn: &std::rc::Rc<Turn>,
    name: &str,
    arguments: &[Value],
) -> Outcome<Value> {
    Ok(match (name, arguments) {
        ("hasNext" | "getHasNext", []) => turn_property(turn, "hasNext"),
        ("getIndex", []) => turn_property(turn, "index"),
        ("getCount", []) => turn_property(turn, "count"),
        ("isFirst" | "getFirst", []) => turn_property(turn, "first"),
        ("isLast" | "getLast", []) => turn_property(turn, "last"),
        ("getParent", []) => turn_property(turn, "parent"),
        ("getTopmost", []) if !matches!(turn.before, Value::Foreach(_)) => {
            Value::Foreach(turn.clone())
        }
        ("getTopmost", []) => topmost(turn),
        ("get", [key]) => scoped(turn, &Key::from(key.clone())),
        _ => return map::call(run, at, &turn.own, name, arguments),
    })
}

impl Run<'_> {
    /// `hashCode` of texts and small numbers; others have none that templates
    /// could rely on.
    fn hash_code(&mut self, at: u32, value: &Value) -> Outcome<Value> {
        Ok(match value {
            Value::Text(text) => {
                self.step(at, text.len() / 32)?;
                let hash = text
                    .encode_utf16()
                    .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
                Value::Int(hash)
            }
            Value::Int(value) => Value::Int(*value),
            Value::Bool(value) => Value::Int(if *value { 1231 } else { 1237 }),
            _ => Value::Null,
        })
    }
}

/// A null in data reads as absent.
pub(crate) fn given(value: Option<&Value>, origin: Origin) -> Value {
    match (value, origin) {
        (None | Some(Value::Null), Origin::Data) => Value::Absent,
        (value, _) => value.cloned().unwrap_or_default(),
    }
}
