//! Functions at the end of a path: `$.prices.sum()`.

use std::sync::Arc;

use super::{
    JsonPath, PathError,
    eval::{self, Miss, Walk},
    parse::Cursor,
};
use crate::{
    json,
    value::{Origin, Value},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Min,
    Max,
    Avg,
    Stddev,
    Sum,
    Length,
    Keys,
    Concat,
    Append,
    First,
    Last,
    Index,
}

#[derive(Debug, Clone)]
pub(crate) enum Argument {
    Path(JsonPath),
    /// JSON, as text.
    Json(Arc<str>),
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "min" => Self::Min,
            "max" => Self::Max,
            "avg" => Self::Avg,
            "stddev" => Self::Stddev,
            "sum" => Self::Sum,
            "length" | "size" => Self::Length,
            "keys" => Self::Keys,
            "concat" => Self::Concat,
            "append" => Self::Append,
            "first" => Self::First,
            "last" => Self::Last,
            "index" => Self::Index,
            _ => return None,
        })
    }
}

/// Arguments up to the closing parenthesis.
pub(super) fn arguments(cursor: &mut Cursor<'_>) -> Result<Vec<Argument>, PathError> {
    let mut arguments = Vec::new();
    cursor.blank();
    if cursor.take(")") {
        return Ok(arguments);
    }
    loop {
        cursor.blank();
        let argument = match cursor.peek() {
            Some(b'$' | b'@') => Argument::Path(cursor.path()?),
            Some(b'"' | b'\'') => {
                let text = cursor.quoted()?;
                let value = Value::text(text);
                let mut quoted = String::new();
                let style = json::Style::Plain;
                if json::write(&value, style, &mut quoted, usize::MAX, 0, 8).is_err() {
                    return cursor.fail("the text is too long");
                }
                Argument::Json(quoted.into())
            }
            _ => {
                let rest = cursor.rest();
                let length = rest.find([',', ')']).unwrap_or(rest.len());
                let text = rest[..length].trim();
                if json::parse(text).is_err() {
                    return cursor.fail("expected a path, a number or a text");
                }
                cursor.at += length;
                Argument::Json(text.into())
            }
        };
        arguments.push(argument);
        cursor.blank();
        if cursor.take(")") {
            return Ok(arguments);
        }
        cursor.expect(",")?;
    }
}

/// Applies a function to what the path has found so far.
pub(super) fn invoke(
    walk: &mut Walk<'_>,
    function: Function,
    arguments: &[Argument],
    model: &Value,
) -> Result<Value, Miss> {
    let mut given = Vec::with_capacity(arguments.len());
    for argument in arguments {
        given.push(match argument {
            Argument::Path(path) => eval::find(path, walk.root, walk.root, walk.work, false)?,
            Argument::Json(text) => json::parse(text).unwrap_or(Value::Null),
        });
    }
    match function {
        Function::Length => {
            let subject = given.first().unwrap_or(model);
            Ok(match subject {
                Value::List(list) => Value::size(list.items.borrow().len()),
                Value::Map(map) => Value::size(map.entries.borrow().len()),
                _ => Value::Null,
            })
        }
        Function::Keys => Ok(match model {
            Value::Map(map) => {
                let keys = map.entries.borrow().keys().map(crate::value::Key::value).collect();
                Value::list(keys, Origin::Data)
            }
            _ => Value::Null,
        }),
        Function::Concat => Ok(concat(model, &given)),
        Function::Append => Ok(match model {
            Value::List(list) => {
                let mut items = eval::items(list);
                items.extend(given);
                Value::list(items, Origin::Data)
            }
            other => other.clone(),
        }),
        Function::First | Function::Last | Function::Index => pick(function, &given, model),
        _ => aggregate(function, &given, model),
    }
}

/// Texts of the list and of the arguments, one after the other.
fn concat(model: &Value, given: &[Value]) -> Value {
    let mut out = String::new();
    let mut add = |value: &Value| match value {
        Value::Text(text) => out.push_str(text),
        Value::List(list) => {
            for item in eval::items(list) {
                if let Value::Text(text) = item {
                    out.push_str(&text);
                }
            }
        }
        other => {
            let document = super::Document(other.clone());
            out.push_str(&document.text());
        }
    };
    if matches!(model, Value::List(_)) {
        add(model);
    }
    given.iter().for_each(add);
    Value::text(out)
}

fn pick(function: Function, given: &[Value], model: &Value) -> Result<Value, Miss> {
    let Value::List(list) = model else {
        return Err(Miss::Error(PathError::Function(
            "first, last and index need an array".to_owned(),
        )));
    };
    let items = list.items.borrow();
    let at = match (function, given) {
        (Function::First, _) => Some(0),
        (Function::Last, _) => items.len().checked_sub(1),
        (_, [Value::Int(index)]) if *index < 0 => {
            items.len().checked_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX))
        }
        (_, [Value::Int(index)]) => usize::try_from(*index).ok(),
        _ => None,
    };
    at.and_then(|at| items.get(at).cloned()).ok_or(Miss::NotFound)
}

fn aggregate(function: Function, given: &[Value], model: &Value) -> Result<Value, Miss> {
    let mut numbers = Vec::new();
    collect(model, &mut numbers);
    for value in given {
        match value {
            Value::List(_) => collect(value, &mut numbers),
            other => numbers.extend(number(other)),
        }
    }
    if numbers.is_empty() {
        return Err(Miss::Error(PathError::Function(
            "Aggregation function attempted to calculate value using empty array".to_owned(),
        )));
    }
    #[expect(clippy::cast_precision_loss, reason = "lists are far shorter than 2^52")]
    let count = numbers.len() as f64;
    let sum: f64 = numbers.iter().sum();
    Ok(Value::Double(match function {
        Function::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
        Function::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Function::Avg => sum / count,
        Function::Stddev => {
            let squares: f64 = numbers.iter().map(|number| number * number).sum();
            (squares / count - sum * sum / count / count).sqrt()
        }
        _ => sum,
    }))
}

fn collect(value: &Value, into: &mut Vec<f64>) {
    if let Value::List(list) = value {
        into.extend(list.items.borrow().iter().filter_map(number));
    }
}

#[expect(clippy::cast_precision_loss, reason = "as Java's doubleValue")]
fn number(value: &Value) -> Option<f64> {
    Some(match value {
        Value::Int(value) => f64::from(*value),
        Value::Long(value) => *value as f64,
        Value::Big(value) => *value as f64,
        Value::Double(value) => *value,
        Value::Decimal(text) => text.parse().ok()?,
        _ => return None,
    })
}
