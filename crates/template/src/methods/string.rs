//! `java.lang.String`: positions count UTF-16 units.

use std::{cmp::Ordering, sync::Arc};

use super::Pattern;
use crate::{
    render::{Outcome, Run},
    value::{Origin, Value},
};

/// A text as Java sees it.
fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn length(text: &str) -> i32 {
    let units = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
    i32::try_from(units).unwrap_or(i32::MAX)
}

/// The part from one position to another; none if they are out of range.
fn part(text: &str, from: i32, to: i32) -> Option<Arc<str>> {
    let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
    if text.is_ascii() {
        return text.get(from..to).map(Into::into);
    }
    units(text).get(from..to).map(|part| String::from_utf16_lossy(part).into())
}

/// The byte at a UTF-16 position, for searches that start there.
fn byte_at(text: &str, position: i32) -> usize {
    let Ok(position) = usize::try_from(position) else { return 0 };
    let mut seen = 0;
    for (at, character) in text.char_indices() {
        if seen >= position {
            return at;
        }
        seen += character.len_utf16();
    }
    text.len()
}

fn position_of(text: &str, byte: usize) -> Value {
    Value::Int(length(&text[..byte]))
}

/// What to look for: a text, or a character by its number.
fn sought(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Int(code) => {
            let character = u32::try_from(*code).ok().and_then(char::from_u32)?;
            Some(character.to_string().into())
        }
        _ => None,
    }
}

fn order(ordering: Ordering, a: &str, b: &str) -> i32 {
    if ordering == Ordering::Equal {
        return 0;
    }
    let (a_units, b_units) = (units(a), units(b));
    let differing = a_units.iter().zip(&b_units).find(|(a, b)| a != b);
    match differing {
        Some((a, b)) => i32::from(*a) - i32::from(*b),
        None => length(a) - length(b),
    }
}

pub(super) fn call(
    run: &mut Run<'_>,
    at: u32,
    text: &Arc<str>,
    name: &str,
    arguments: &[Value],
) -> Outcome<Value> {
    run.step(at, text.len() / 64)?;
    match (name, arguments) {
        ("length", []) => Ok(Value::Int(length(text))),
        ("isEmpty", []) => Ok(Value::Bool(text.is_empty())),
        ("isBlank", []) => Ok(Value::Bool(text.trim().is_empty())),
        ("trim", []) => Ok(Value::text(text.trim_matches(|c: char| c <= ' '))),
        ("strip", []) => Ok(Value::text(text.trim())),
        ("stripLeading", []) => Ok(Value::text(text.trim_start())),
        ("stripTrailing", []) => Ok(Value::text(text.trim_end())),
        ("toLowerCase", []) => Ok(Value::text(text.to_lowercase())),
        ("toUpperCase", []) => Ok(Value::text(text.to_uppercase())),
        ("intern", []) => Ok(Value::Text(text.clone())),
        ("substring" | "subSequence" | "charAt" | "repeat" | "codePointAt", _) => {
            positions(run, at, text, name, arguments)
        }
        ("indexOf" | "lastIndexOf", _) => Ok(search(text, name, arguments)),
        ("contains", [part]) => Ok(tell(part, |part| Value::Bool(text.contains(part)))),
        ("startsWith", [part]) => Ok(tell(part, |part| Value::Bool(text.starts_with(part)))),
        ("startsWith", [part, Value::Int(from)]) => Ok(tell(part, |part| {
            let inside = (0..=length(text)).contains(from);
            Value::Bool(inside && text[byte_at(text, *from)..].starts_with(part))
        })),
        ("endsWith", [part]) => Ok(tell(part, |part| Value::Bool(text.ends_with(part)))),
        ("contentEquals", [part]) => Ok(tell(part, |part| Value::Bool(**text == *part))),
        ("equalsIgnoreCase", [Value::Null]) => Ok(Value::Bool(false)),
        ("equalsIgnoreCase", [part]) => {
            Ok(tell(part, |part| Value::Bool(text.to_lowercase() == part.to_lowercase())))
        }
        ("compareTo", [part]) => {
            Ok(tell(part, |part| Value::Int(order((**text).cmp(part), text, part))))
        }
        ("compareToIgnoreCase", [part]) => Ok(tell(part, |part| {
            let (a, b) = (text.to_lowercase(), part.to_lowercase());
            Value::Int(order(a.cmp(&b), &a, &b))
        })),
        ("concat", [Value::Text(more)]) => {
            run.sized(at, text.len() + more.len())?;
            Ok(Value::text(format!("{text}{more}")))
        }
        ("replace", [from, to]) => replace(run, at, text, from, to),
        ("replaceAll" | "replaceFirst" | "matches" | "split", [Value::Text(pattern), ..]) => {
            match Pattern::parse(pattern) {
                Ok(pattern) => with_pattern(run, at, text, name, &pattern, arguments),
                Err(message) => run.thrown(at, message),
            }
        }
        ("valueOf" | "copyValueOf", [value]) => match value {
            Value::Null => Ok(Value::text("null")),
            value => run.text_of(at, value).map(Value::Text),
        },
        ("join", [Value::Text(between), Value::List(list)]) => {
            let items = list.items.borrow().clone();
            let mut out = String::new();
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place > 0 { between } else { "" });
                out.push_str(&run.text_of(at, item)?);
                run.sized(at, out.len())?;
            }
            Ok(Value::text(out))
        }
        _ => Ok(Value::Null),
    }
}

/// With a text argument; others are not what the method takes.
fn tell(argument: &Value, with: impl FnOnce(&str) -> Value) -> Value {
    match argument {
        Value::Text(text) => with(text),
        Value::Absent => with(""),
        _ => Value::Null,
    }
}

fn out_of_range<T>(run: &Run<'_>, at: u32, what: &str, text: &str) -> Outcome<T> {
    let length = length(text);
    run.thrown(at, format!("java.lang.StringIndexOutOfBoundsException: {what}, length {length}"))
}

fn positions(
    run: &mut Run<'_>,
    at: u32,
    text: &Arc<str>,
    name: &str,
    arguments: &[Value],
) -> Outcome<Value> {
    let (from, to) = match arguments {
        [Value::Int(from)] => (*from, None),
        [Value::Int(from), Value::Int(to)] => (*from, Some(*to)),
        _ => return Ok(Value::Null),
    };
    match (name, to) {
        ("substring", _) | ("subSequence", Some(_)) => {
            match part(text, from, to.unwrap_or_else(|| length(text))) {
                Some(part) => Ok(Value::Text(part)),
                None => out_of_range(run, at, &format!("begin {from}"), text),
            }
        }
        ("charAt", None) => match part(text, from, from.saturating_add(1)) {
            Some(part) => Ok(Value::Char(part.chars().next().unwrap_or_default())),
            None => out_of_range(run, at, &format!("index {from}"), text),
        },
        ("codePointAt", None) if (0..length(text)).contains(&from) => {
            let code = text[byte_at(text, from)..].chars().next().map_or(0, u32::from);
            Ok(Value::Int(i32::try_from(code).unwrap_or(0)))
        }
        ("repeat", None) => match usize::try_from(from) {
            Ok(count) => {
                run.sized(at, text.len().saturating_mul(count))?;
                run.step(at, text.len().saturating_mul(count) / 64)?;
                Ok(Value::text(text.repeat(count)))
            }
            Err(_) => run.thrown(at, "java.lang.IllegalArgumentException: count is negative"),
        },
        _ => Ok(Value::Null),
    }
}

fn search(text: &str, name: &str, arguments: &[Value]) -> Value {
    let (what, from) = match arguments {
        [what] => (sought(what), None),
        [what, Value::Int(from)] => (sought(what), Some(*from)),
        _ => return Value::Null,
    };
    let Some(what) = what else { return Value::Null };
    let found = if name == "indexOf" {
        let start = from.map_or(0, |from| byte_at(text, from));
        text[start..].find(&*what).map(|found| start + found)
    } else {
        match from {
            Some(from) if from < 0 => None,
            Some(from) => {
                let end = (byte_at(text, from) + what.len()).min(text.len());
                let mut end = end;
                while !text.is_char_boundary(end) {
                    end += 1;
                }
                text[..end].rfind(&*what)
            }
            None => text.rfind(&*what),
        }
    };
    found.map_or(Value::Int(-1), |byte| position_of(text, byte))
}

fn replace(run: &mut Run<'_>, at: u32, text: &str, from: &Value, to: &Value) -> Outcome<Value> {
    let as_text = |value: &Value| match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Char(character) => Some(character.to_string()),
        Value::Absent => Some(String::new()),
        _ => None,
    };
    let (Some(from), Some(to)) = (as_text(from), as_text(to)) else { return Ok(Value::Null) };
    let count = text.matches(from.as_str()).count();
    run.sized(at, text.len().saturating_add(count.saturating_mul(to.len())))?;
    run.step(at, count.saturating_mul(to.len()) / 64)?;
    Ok(Value::text(text.replace(from.as_str(), &to)))
}

/// Methods whose first argument is a regular expression.
pub(super) fn with_pattern(
    run: &mut Run<'_>,
    at: u32,
    text: &Arc<str>,
    name: &str,
    pattern: &Pattern,
    arguments: &[Value],
) -> Outcome<Value> {
    run.step(at, 1 + text.len() / 16)?;
    match (name, arguments) {
        ("matches", [_]) => Ok(Value::Bool(pattern.matches(text))),
        ("split", [_]) => Ok(pieces(pattern.split(text, 0))),
        ("split", [_, Value::Int(limit)]) => Ok(pieces(pattern.split(text, *limit))),
        ("replaceAll" | "replaceFirst", [_, to]) => {
            let to = match to {
                Value::Text(to) => to.clone(),
                Value::Absent => "".into(),
                _ => return Ok(Value::Null),
            };
            let bound = run.limits.output_bytes;
            match pattern.replace(text, &to, name == "replaceAll", bound) {
                Ok(Some(replaced)) => {
                    run.step(at, replaced.len() / 64)?;
                    Ok(Value::text(replaced))
                }
                Ok(None) => run.sized(at, usize::MAX).map(|()| Value::Null),
                Err(message) => run.thrown(at, message),
            }
        }
        _ => Ok(Value::Null),
    }
}

fn pieces(pieces: Vec<String>) -> Value {
    Value::list(pieces.into_iter().map(Value::text).collect(), Origin::Fixed)
}
