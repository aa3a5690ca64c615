//! Java's arithmetic as Velocity mixes its types.

use std::cmp::Ordering;

use super::Value;
use crate::ast::Operator;

fn integer(value: &Value) -> Option<i128> {
    Some(match value {
        Value::Int(value) => i128::from(*value),
        Value::Long(value) => i128::from(*value),
        Value::Big(value) => *value,
        _ => return None,
    })
}

#[expect(clippy::cast_precision_loss, reason = "as Java's doubleValue")]
fn double(value: &Value) -> f64 {
    match value {
        Value::Int(value) => f64::from(*value),
        Value::Long(value) => *value as f64,
        Value::Big(value) => *value as f64,
        Value::Double(value) => *value,
        Value::Decimal(text) => text.parse().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

/// An integer in the narrowest type that is at least as wide as the operands.
fn wrap(value: i128, left: &Value, right: &Value) -> Value {
    let both_int = matches!((left, right), (Value::Int(_), Value::Int(_)));
    let big = matches!(left, Value::Big(_)) || matches!(right, Value::Big(_));
    if big {
        return Value::Big(value);
    }
    match (i32::try_from(value), i64::try_from(value)) {
        (Ok(value), _) if both_int => Value::Int(value),
        (_, Ok(value)) => Value::Long(value),
        _ => Value::Big(value),
    }
}

/// `left op right` for two numbers; null when dividing by zero. Results beyond
/// 128 bits become doubles.
pub(crate) fn math(operator: Operator, left: &Value, right: &Value) -> Value {
    if let (Some(a), Some(b)) = (integer(left), integer(right)) {
        let result = match operator {
            Operator::Add => a.checked_add(b),
            Operator::Subtract => a.checked_sub(b),
            Operator::Multiply => a.checked_mul(b),
            Operator::Divide | Operator::Modulo if b == 0 => return Value::Null,
            Operator::Divide => divide(a, b, left, right),
            Operator::Modulo if matches!(left, Value::Big(_)) || matches!(right, Value::Big(_)) => {
                a.checked_rem_euclid(b)
            }
            Operator::Modulo => a.checked_rem(b),
        };
        if let Some(result) = result {
            return wrap(result, left, right);
        }
    }
    let (a, b) = (double(left), double(right));
    match operator {
        Operator::Add => Value::Double(a + b),
        Operator::Subtract => Value::Double(a - b),
        Operator::Multiply => Value::Double(a * b),
        Operator::Divide | Operator::Modulo if b == 0.0 => Value::Null,
        Operator::Divide => Value::Double(a / b),
        Operator::Modulo => Value::Double(a % b),
    }
}

/// Java divides longs in 64 bits, where the smallest by -1 overflows to itself.
fn divide(a: i128, b: i128, left: &Value, right: &Value) -> Option<i128> {
    let narrow = !matches!(left, Value::Big(_)) && !matches!(right, Value::Big(_));
    match (i64::try_from(a), i64::try_from(b)) {
        (Ok(a), Ok(b)) if narrow => Some(i128::from(a.wrapping_div(b))),
        _ => a.checked_div(b),
    }
}

/// How two numbers compare; NaN equals everything, as in Velocity.
pub(crate) fn compare(left: &Value, right: &Value) -> Ordering {
    match (integer(left), integer(right)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => double(left).partial_cmp(&double(right)).unwrap_or(Ordering::Equal),
    }
}

/// `Double.toString`: at least one digit after the point, exponents outside
/// 10^-3 to 10^7.
pub(crate) fn double_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        let text = format!("{value}");
        return if text.contains('.') { text } else { text + ".0" };
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let point = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{point}E{exponent}")
}
