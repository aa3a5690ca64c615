//! `java.util.List`, sets and iterators.

use std::{cell::Cell, rc::Rc};

use super::{given, nothing};
use crate::{
    render::{Outcome, Run},
    value::{List, Origin, Value, equal},
};

type Walk = Rc<(Rc<List>, Cell<usize>)>;

pub(super) fn walk(run: &mut Run<'_>, at: u32, walk: &Walk, name: &str) -> Outcome<Value> {
    let (list, place) = (&walk.0, walk.1.get());
    let items = list.items.borrow();
    Ok(match name {
        "hasNext" => Value::Bool(place < items.len()),
        "next" => match items.get(place) {
            Some(item) => {
                walk.1.set(place + 1);
                given(Some(item), list.origin)
            }
            None => return run.thrown(at, "java.util.NoSuchElementException"),
        },
        _ => Value::Null,
    })
}

pub(super) fn call(
    run: &mut Run<'_>,
    at: u32,
    list: &Rc<List>,
    name: &str,
    arguments: &[Value],
) -> Outcome<Value> {
    let length = list.items.borrow().len();
    match (name, arguments) {
        ("size", []) => Ok(Value::size(length)),
        ("isEmpty", []) => Ok(Value::Bool(length == 0)),
        ("iterator", []) => Ok(Value::Iterator(Rc::new((list.clone(), Cell::new(0))))),
        ("get" | "set" | "indexOf" | "lastIndexOf" | "subList", _)
            if list.origin == Origin::View =>
        {
            Ok(Value::Null)
        }
        ("get", [Value::Int(index)]) => {
            let place = place(run, at, *index, length)?;
            Ok(given(list.items.borrow().get(place), list.origin))
        }
        ("contains" | "indexOf" | "lastIndexOf", [item]) => {
            run.step(at, length)?;
            let items = list.items.borrow();
            let found = if name == "lastIndexOf" {
                items.iter().rposition(|one| same(one, item))
            } else {
                items.iter().position(|one| same(one, item))
            };
            Ok(match name {
                "contains" => Value::Bool(found.is_some()),
                _ => found.map_or(Value::Int(-1), Value::size),
            })
        }
        ("containsAll", [Value::List(other)]) => {
            let (items, others) = (list.items.borrow(), other.items.borrow());
            run.step(at, items.len().saturating_mul(others.len()))?;
            let all = others.iter().all(|other| items.iter().any(|one| same(one, other)));
            Ok(Value::Bool(all))
        }
        ("toArray", []) => {
            run.step(at, length)?;
            Ok(Value::list(list.items.borrow().clone(), Origin::Fixed))
        }
        ("subList", [Value::Int(from), Value::Int(to)]) => {
            let range = usize::try_from(*from).ok().zip(usize::try_from(*to).ok());
            let part =
                range.and_then(|(from, to)| list.items.borrow().get(from..to).map(<[_]>::to_vec));
            match part {
                Some(part) => {
                    run.step(at, part.len())?;
                    let origin =
                        if list.origin == Origin::Data { Origin::Template } else { list.origin };
                    Ok(Value::list(part, origin))
                }
                None => run.thrown(at, "java.lang.IndexOutOfBoundsException: subList"),
            }
        }
        _ => change(run, at, list, name, arguments),
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Absent) | (Value::Absent, Value::Null) => true,
        _ => equal(a, b),
    }
}

fn place(run: &Run<'_>, at: u32, index: i32, length: usize) -> Outcome<usize> {
    match usize::try_from(index).ok().filter(|place| *place < length) {
        Some(place) => Ok(place),
        None => run.thrown(
            at,
            format!(
                "java.lang.IndexOutOfBoundsException: Index {index} out of bounds for length {length}"
            ),
        ),
    }
}

/// Methods that change the list. Values taken out are dropped only after the
/// list is let go.
fn change(
    run: &mut Run<'_>,
    at: u32,
    list: &Rc<List>,
    name: &str,
    arguments: &[Value],
) -> Outcome<Value> {
    let length = list.items.borrow().len();
    if list.origin == Origin::Fixed && name == "set"
        || matches!(list.origin, Origin::Template | Origin::Data)
    {
        for argument in arguments {
            run.changing(&Value::List(list.clone()), argument);
        }
    } else if matches!(name, "add" | "addAll" | "remove" | "removeAll" | "retainAll" | "clear") {
        return run.thrown(at, "java.lang.UnsupportedOperationException");
    }
    match (name, arguments) {
        ("add", [item]) => {
            list.items.borrow_mut().push(item.clone());
            Ok(Value::Bool(true))
        }
        ("add", [Value::Int(index), item]) => {
            let place = place(run, at, *index, length + 1)?;
            run.step(at, length - place)?;
            list.items.borrow_mut().insert(place, item.clone());
            Ok(nothing())
        }
        ("set", [Value::Int(index), item]) => {
            let place = place(run, at, *index, length)?;
            let old = std::mem::replace(&mut list.items.borrow_mut()[place], item.clone());
            Ok(old)
        }
        ("addAll", [Value::List(other)]) => {
            let more = other.items.borrow().clone();
            run.step(at, more.len())?;
            let changed = !more.is_empty();
            for item in &more {
                run.changing(&Value::List(list.clone()), item);
            }
            list.items.borrow_mut().extend(more);
            Ok(Value::Bool(changed))
        }
        ("addAll", [Value::Int(index), Value::List(other)]) => {
            let place = place(run, at, *index, length + 1)?;
            let more = other.items.borrow().clone();
            run.step(at, length + more.len())?;
            for item in &more {
                run.changing(&Value::List(list.clone()), item);
            }
            let changed = !more.is_empty();
            list.items.borrow_mut().splice(place..place, more);
            Ok(Value::Bool(changed))
        }
        ("remove", [Value::Int(index)]) => {
            let place = place(run, at, *index, length)?;
            run.step(at, length - place)?;
            let old = list.items.borrow_mut().remove(place);
            Ok(old)
        }
        ("remove", [item]) => {
            run.step(at, length)?;
            let found = list.items.borrow().iter().position(|one| same(one, item));
            let removed = found.map(|place| list.items.borrow_mut().remove(place));
            Ok(Value::Bool(removed.is_some()))
        }
        ("removeAll" | "retainAll", [Value::List(other)]) => {
            let others = other.items.borrow().clone();
            run.step(at, length.saturating_mul(others.len()))?;
            let before = list.items.take();
            let (kept, dropped): (Vec<Value>, Vec<Value>) = before.into_iter().partition(|one| {
                others.iter().any(|other| same(one, other)) == (name == "retainAll")
            });
            list.items.replace(kept);
            Ok(Value::Bool(!dropped.is_empty()))
        }
        ("clear", []) => {
            drop(list.items.take());
            Ok(nothing())
        }
        _ => Ok(Value::Null),
    }
}
