//! `java.util.Map`.

use std::rc::Rc;

use super::{given, nothing};
use crate::{
    render::{Outcome, Run, entry},
    value::{Key, Map, Origin, Value, equal},
};

pub(super) fn call(
    run: &mut Run<'_>,
    at: u32,
    map: &Rc<Map>,
    name: &str,
    arguments: &[Value],
) -> Outcome<Value> {
    let length = map.entries.borrow().len();
    match (name, arguments) {
        ("get", [key]) => Ok(find(map, key)),
        ("containsKey", [key]) => Ok(Value::Bool(map.find(key).is_some())),
        ("size", []) => Ok(Value::size(length)),
        ("isEmpty", []) => Ok(Value::Bool(length == 0)),
        ("getOrDefault", [key, default]) => Ok(map.find(key).unwrap_or_else(|| default.clone())),
        ("keySet", []) => {
            run.step(at, length)?;
            let keys = map.entries.borrow().keys().map(Key::value).collect();
            Ok(Value::list(keys, Origin::View))
        }
        ("values", []) => {
            run.step(at, length)?;
            let entries = map.entries.borrow();
            let values = entries.values().map(|value| given_in(value, map)).collect();
            Ok(Value::list(values, Origin::View))
        }
        ("entrySet", []) => {
            run.step(at, length)?;
            let entries = map.entries.borrow();
            let entries = entries.iter().map(|(key, value)| entry(key, value, map.origin));
            Ok(Value::list(entries.collect(), Origin::View))
        }
        ("containsValue", [value]) => {
            run.step(at, length)?;
            Ok(Value::Bool(map.entries.borrow().values().any(|one| equal(one, value))))
        }
        _ => change(run, at, map, name, arguments),
    }
}

fn given_in(value: &Value, map: &Map) -> Value {
    match (value, map.origin) {
        (Value::Null, Origin::Data) => Value::Absent,
        _ => value.clone(),
    }
}

fn find(map: &Map, key: &Value) -> Value {
    given(map.find(key).as_ref(), map.origin)
}

/// Methods that change the map; what they take out is dropped after the map is
/// let go.
fn change(
    run: &mut Run<'_>,
    at: u32,
    map: &Rc<Map>,
    name: &str,
    arguments: &[Value],
) -> Outcome<Value> {
    for argument in arguments {
        run.changing(&Value::Map(map.clone()), argument);
    }
    match (name, arguments) {
        ("put", [key, value]) => {
            let old = map.entries.borrow_mut().insert(Key::from(key.clone()), value.clone());
            Ok(given(old.as_ref(), map.origin))
        }
        ("putIfAbsent", [key, value]) => {
            let key = Key::from(key.clone());
            let old = map.entries.borrow().get(&key).cloned().filter(|old| !old.is_null());
            if old.is_none() {
                let replaced = map.entries.borrow_mut().insert(key, value.clone());
                drop(replaced);
            }
            Ok(given(old.as_ref(), map.origin))
        }
        ("remove", [key]) => {
            run.step(at, map.entries.borrow().len() / 8)?;
            let old = map.entries.borrow_mut().shift_remove(&Key::from(key.clone()));
            Ok(given(old.as_ref(), map.origin))
        }
        ("putAll", [Value::Map(other)]) => {
            if !Rc::ptr_eq(map, other) {
                let more = other.entries.borrow().clone();
                run.step(at, more.len())?;
                for (key, value) in more {
                    run.changing(&Value::Map(map.clone()), &value);
                    let old = map.entries.borrow_mut().insert(key, value);
                    drop(old);
                }
            }
            Ok(nothing())
        }
        ("clear", []) => {
            drop(map.entries.take());
            Ok(nothing())
        }
        _ => Ok(Value::Null),
    }
}
