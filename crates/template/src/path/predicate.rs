//! Whether an item passes a filter.

use std::cmp::Ordering;

use super::{
    JsonPath,
    eval::{self, Miss, Walk},
    filter::{Filter, Operand, Operator},
};
use crate::{
    json,
    value::{Value, compare_numbers, equal},
};

type Answer = Result<bool, Miss>;

/// An operand's value; none is what a path did not find.
type Operated = Option<Value>;

/// Whether `item` passes.
pub(super) fn accepts(walk: &mut Walk<'_>, filter: &Filter, item: &Value) -> Answer {
    walk.worked()?;
    match filter {
        Filter::And(all) => {
            for one in all {
                if !accepts(walk, one, item)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Filter::Or(any) => {
            for one in any {
                if accepts(walk, one, item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Filter::Not(inside) => accepts(walk, inside, item).map(|passes| !passes),
        Filter::Exists(path) => match find(walk, path, item, true) {
            Ok(_) => Ok(true),
            Err(Miss::NotFound) => Ok(false),
            Err(error) => Err(error),
        },
        Filter::Compare { left, operator, right } => compare(walk, left, *operator, right, item),
    }
}

fn find(walk: &mut Walk<'_>, path: &JsonPath, item: &Value, strict: bool) -> Result<Value, Miss> {
    eval::find(path, walk.root, item, walk.work, strict)
}

fn operated(walk: &mut Walk<'_>, operand: &Operand, item: &Value) -> Result<Operated, Miss> {
    Ok(Some(match operand {
        Operand::Path(path) => match find(walk, path, item, false) {
            Ok(value) => value,
            Err(Miss::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        },
        Operand::Text(text) => Value::Text(text.clone()),
        Operand::Number(text) => number(text),
        Operand::Bool(value) => Value::Bool(*value),
        Operand::Null => Value::Null,
        Operand::Json(text) => {
            *walk.work += text.len() / 16;
            json::parse(text).unwrap_or(Value::Null)
        }
        Operand::Pattern(_) => Value::Null,
    }))
}

fn number(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(value) => Value::Long(value),
        Err(_) => text.parse().map_or(Value::Decimal(text.into()), Value::Double),
    }
}

fn compare(
    walk: &mut Walk<'_>,
    left: &Operand,
    operator: Operator,
    right: &Operand,
    item: &Value,
) -> Answer {
    if operator == Operator::Matches {
        let (regex, other) = match (left, right) {
            (Operand::Pattern(_), Operand::Pattern(_)) => return Ok(false),
            (Operand::Pattern(regex), other) | (other, Operand::Pattern(regex)) => (regex, other),
            _ => return Ok(false),
        };
        return Ok(match operated(walk, other, item)? {
            Some(Value::List(list)) => eval::items(&list).iter().any(|item| matches(regex, item)),
            Some(value) => matches(regex, &value),
            None => false,
        });
    }
    if let Operator::Eq | Operator::Ne | Operator::Lt | Operator::Le | Operator::Gt | Operator::Ge =
        operator
    {
        let (Some(left), Some(right)) = (compared(walk, left, item)?, compared(walk, right, item)?)
        else {
            return Ok(false);
        };
        let Some(order) = order(&left, &right) else { return Ok(false) };
        return Ok(match operator {
            Operator::Eq => order.is_eq(),
            Operator::Ne => order.is_ne(),
            Operator::Lt => order.is_lt(),
            Operator::Le => order.is_le(),
            Operator::Gt => order.is_gt(),
            _ => order.is_ge(),
        });
    }
    let left = operated(walk, left, item)?;
    let right = operated(walk, right, item)?;
    Ok(match operator {
        Operator::StrictEq => strictly_same(left.as_ref(), right.as_ref()),
        Operator::StrictNe => !strictly_same(left.as_ref(), right.as_ref()),
        Operator::Nin => !is_in(left.as_ref(), right.as_ref()),
        _ => {
            let (Some(left), Some(right)) = (&left, &right) else { return Ok(false) };
            match operator {
                Operator::In => is_in(Some(left), Some(right)),
                _ => lists(operator, left, right),
            }
        }
    })
}

fn matches(regex: &regex::Regex, value: &Value) -> bool {
    match value {
        Value::Text(text) => regex.is_match(text),
        Value::Int(value) => regex.is_match(&value.to_string()),
        Value::Long(value) => regex.is_match(&value.to_string()),
        Value::Double(value) => regex.is_match(&crate::value::double_text(*value)),
        Value::Bool(value) => regex.is_match(if *value { "true" } else { "false" }),
        _ => false,
    }
}

/// `==`: a number and a text are equal when the text reads as that number.
fn same(left: Option<&Value>, right: Option<&Value>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return false };
    match (left, right) {
        (Value::Text(text), number) if number.is_number() => **text == *number_text(number),
        (number_node, Value::Text(text)) if number_node.is_number() => {
            text.parse::<f64>().is_ok()
                && compare_numbers(number_node, &number(text)) == Ordering::Equal
        }
        (left, right) if left.is_number() && right.is_number() => {
            compare_numbers(left, right) == Ordering::Equal
        }
        (left, right) => deep_same(left, right),
    }
}

/// Containers by content, numbers inside them by value.
fn deep_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::List(a), Value::List(b)) => {
            let (a, b) = (a.items.borrow(), b.items.borrow());
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(Some(a), Some(b)))
        }
        _ => equal(left, right),
    }
}

fn number_text(value: &Value) -> String {
    match value {
        Value::Int(value) => value.to_string(),
        Value::Long(value) => value.to_string(),
        Value::Big(value) => value.to_string(),
        Value::Double(value) => crate::value::double_text(*value),
        Value::Decimal(text) => text.to_string(),
        _ => String::new(),
    }
}

fn strictly_same(left: Option<&Value>, right: Option<&Value>) -> bool {
    let (Some(a), Some(b)) = (left, right) else { return false };
    let mixed = a.is_number() != b.is_number();
    !mixed && same(left, right)
}

/// What the plain comparisons see: every literal is a text.
fn compared(walk: &mut Walk<'_>, operand: &Operand, item: &Value) -> Result<Operated, Miss> {
    Ok(Some(match operand {
        Operand::Number(text) => Value::Text(text.clone()),
        Operand::Bool(value) => Value::text(if *value { "true" } else { "false" }),
        Operand::Null => Value::text("null"),
        other => return operated(walk, other, item),
    }))
}

/// How the left side compares with the right one: as texts, as numbers when one
/// side is a number, null (and the text `null`) before all else; none where they
/// cannot be compared.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    let nullish =
        |value: &Value| value.is_null() || value.as_text().is_some_and(|text| **text == *"null");
    match (nullish(left), nullish(right)) {
        (true, true) => return Some(Ordering::Equal),
        (true, false) => return Some(Ordering::Greater.reverse()),
        (false, true) => return Some(Ordering::Greater),
        (false, false) => {}
    }
    match (left, right) {
        (Value::Text(a), Value::Text(b)) => Some(a.encode_utf16().cmp(b.encode_utf16())),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Text(b)) => Some(a.cmp(&b.eq_ignore_ascii_case("true"))),
        (a, Value::Text(b)) if a.is_number() => {
            b.parse::<f64>().is_ok().then(|| compare_numbers(a, &number(b)))
        }
        (a, b) if a.is_number() && b.is_number() => Some(compare_numbers(a, b)),
        (Value::Text(a), b) if b.is_number() => {
            a.parse::<f64>().is_ok().then(|| compare_numbers(&number(a), b))
        }
        _ => None,
    }
}

fn is_in(item: Option<&Value>, list: Option<&Value>) -> bool {
    match list {
        Some(Value::List(list)) => eval::items(list).iter().any(|one| same(item, Some(one))),
        _ => false,
    }
}

fn lists(operator: Operator, left: &Value, right: &Value) -> bool {
    let has = |list: &Value, item: &Value| is_in(Some(item), Some(list));
    match (operator, left, right) {
        (Operator::Contains, Value::Text(text), Value::Text(part)) => text.contains(&**part),
        (Operator::Contains, Value::List(_), _) => has(left, right),
        (Operator::All, Value::List(_), Value::List(wanted)) => {
            eval::items(wanted).iter().all(|one| has(left, one))
        }
        (Operator::Size, _, _) if right.is_number() => {
            let size = match left {
                Value::Text(text) => text.encode_utf16().count(),
                Value::List(list) => list.items.borrow().len(),
                Value::Map(map) => map.entries.borrow().len(),
                _ => return false,
            };
            compare_numbers(&Value::size(size), right) == Ordering::Equal
        }
        (Operator::Empty, _, Value::Bool(wanted)) => {
            let empty = match left {
                Value::Text(text) => text.is_empty(),
                Value::List(list) => list.items.borrow().is_empty(),
                Value::Map(map) => map.entries.borrow().is_empty(),
                _ => return false,
            };
            empty == *wanted
        }
        (Operator::SubsetOf, Value::List(list), Value::List(_)) => {
            eval::items(list).iter().all(|one| has(right, one))
        }
        (Operator::AnyOf, Value::List(list), Value::List(_)) => {
            eval::items(list).iter().any(|one| has(right, one))
        }
        (Operator::NoneOf, Value::List(list), Value::List(_)) => {
            !eval::items(list).iter().any(|one| has(right, one))
        }
        _ => false,
    }
}
