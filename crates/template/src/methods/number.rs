//! Numbers, booleans and characters: their methods, and the static ones that
//! templates reach through them (`$zero.parseInt("5")`).

use std::cmp::Ordering;

use crate::{
    render::{Outcome, Run},
    value::{Value, compare_numbers},
};

pub(super) fn call(
    run: &mut Run<'_>,
    at: u32,
    value: &Value,
    name: &str,
    arguments: &[Value],
) -> Outcome<Value> {
    if let Some(parsed) = parse(run, at, value, name, arguments)? {
        return Ok(parsed);
    }
    Ok(match (value, name, arguments) {
        (Value::Bool(value), "booleanValue", []) => Value::Bool(*value),
        (Value::Bool(a), "compareTo", [Value::Bool(b)]) => {
            Value::Int(i32::from(*a) - i32::from(*b))
        }
        (Value::Char(value), "charValue", []) => Value::Char(*value),
        (Value::Char(a), "compareTo", [Value::Char(b)]) => {
            let code = |c: char| i32::try_from(u32::from(c)).unwrap_or(0);
            Value::Int(code(*a) - code(*b))
        }
        (Value::Char(_), "isDigit", [Value::Char(c)]) => Value::Bool(c.is_numeric()),
        (Value::Char(_), "isLetter", [Value::Char(c)]) => Value::Bool(c.is_alphabetic()),
        (Value::Char(_), "toUpperCase", [Value::Char(c)]) => {
            Value::Char(c.to_uppercase().next().unwrap_or(*c))
        }
        (Value::Char(_), "toLowerCase", [Value::Char(c)]) => {
            Value::Char(c.to_lowercase().next().unwrap_or(*c))
        }
        (Value::Double(value), "isNaN", []) => Value::Bool(value.is_nan()),
        (Value::Double(value), "isInfinite", []) => Value::Bool(value.is_infinite()),
        (_, "compareTo", [other]) if same_type(value, other) => {
            Value::Int(match compare_numbers(value, other) {
                Ordering::Less => -1,
                Ordering::Equal => 0,
                Ordering::Greater => 1,
            })
        }
        (_, "compareTo", [other]) if !other.is_null() => {
            return run.thrown(at, "java.lang.ClassCastException: compareTo");
        }
        (_, _, []) if value.is_number() => narrow(value, name),
        (Value::Int(_), _, _) => integers(name, arguments),
        (Value::Long(_), "toHexString", [number]) => match narrow(number, "longValue") {
            Value::Long(number) => Value::text(format!("{number:x}")),
            _ => Value::Null,
        },
        (Value::Double(_), "max", [Value::Double(a), Value::Double(b)]) => Value::Double(a.max(*b)),
        (Value::Double(_), "min", [Value::Double(a), Value::Double(b)]) => Value::Double(a.min(*b)),
        (Value::Double(_), "sum", [Value::Double(a), Value::Double(b)]) => Value::Double(a + b),
        _ => Value::Null,
    })
}

fn same_type(a: &Value, b: &Value) -> bool {
    a.is_number() && std::mem::discriminant(a) == std::mem::discriminant(b)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "Java narrows and widens in the same way"
)]
fn narrow(value: &Value, name: &str) -> Value {
    let double = match value {
        Value::Int(value) => f64::from(*value),
        Value::Long(value) => *value as f64,
        Value::Big(value) => *value as f64,
        Value::Double(value) => *value,
        Value::Decimal(text) => text.parse().unwrap_or(0.0),
        _ => return Value::Null,
    };
    match name {
        "intValue" => value.int_value().map_or(Value::Null, Value::Int),
        "longValue" => Value::Long(match value {
            Value::Int(value) => i64::from(*value),
            Value::Long(value) => *value,
            Value::Big(value) => *value as i64,
            _ => double as i64,
        }),
        "doubleValue" => Value::Double(double),
        // A Java float prints with fewer digits.
        "floatValue" => format!("{}", double as f32).parse().map_or(Value::Null, Value::Double),
        "shortValue" => Value::Int(i32::from(value.int_value().unwrap_or(0) as i16)),
        "byteValue" => Value::Int(i32::from(value.int_value().unwrap_or(0) as i8)),
        _ => Value::Null,
    }
}

/// Static methods of `Integer`.
fn integers(name: &str, arguments: &[Value]) -> Value {
    match (name, arguments) {
        ("toHexString", [Value::Int(value)]) => Value::text(format!("{value:x}")),
        ("toBinaryString", [Value::Int(value)]) => Value::text(format!("{value:b}")),
        ("toOctalString", [Value::Int(value)]) => Value::text(format!("{value:o}")),
        ("toString", [Value::Int(value)]) => Value::text(value.to_string()),
        ("signum", [Value::Int(value)]) => Value::Int(value.signum()),
        ("max", [Value::Int(a), Value::Int(b)]) => Value::Int(*a.max(b)),
        ("min", [Value::Int(a), Value::Int(b)]) => Value::Int(*a.min(b)),
        ("sum", [Value::Int(a), Value::Int(b)]) => Value::Int(a.wrapping_add(*b)),
        ("compare", [Value::Int(a), Value::Int(b)]) => Value::Int(match a.cmp(b) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }),
        ("valueOf", [Value::Int(value)]) => Value::Int(*value),
        _ => Value::Null,
    }
}

/// `parseInt`, `valueOf` and their kind.
fn parse(
    run: &Run<'_>,
    at: u32,
    value: &Value,
    name: &str,
    arguments: &[Value],
) -> Outcome<Option<Value>> {
    let [Value::Text(text)] = arguments else {
        return match (value, name, arguments) {
            (Value::Int(_), "parseInt", [Value::Text(text), Value::Int(radix)]) => {
                let radix = u32::try_from(*radix).ok().filter(|radix| (2..=36).contains(radix));
                match radix.and_then(|radix| i32::from_str_radix(text, radix).ok()) {
                    Some(parsed) => Ok(Some(Value::Int(parsed))),
                    None => number_format(run, at, text),
                }
            }
            _ => Ok(None),
        };
    };
    let parsed = match (value, name) {
        (Value::Int(_), "parseInt" | "valueOf" | "decode") => text.parse().ok().map(Value::Int),
        (Value::Long(_), "parseLong" | "valueOf" | "decode") => text.parse().ok().map(Value::Long),
        (Value::Double(_), "parseDouble" | "valueOf") => {
            let plain = text.trim().trim_end_matches(['d', 'D', 'f', 'F']);
            plain.parse().ok().map(Value::Double)
        }
        (Value::Bool(_), "parseBoolean" | "valueOf") => {
            Some(Value::Bool(text.eq_ignore_ascii_case("true")))
        }
        _ => return Ok(None),
    };
    match parsed {
        Some(parsed) => Ok(Some(parsed)),
        None => number_format(run, at, text),
    }
}

fn number_format<T>(run: &Run<'_>, at: u32, text: &str) -> Outcome<T> {
    run.thrown(at, format!("java.lang.NumberFormatException: For input string: {text:?}"))
}
