//! Java's `equals`.

use std::rc::Rc;

use super::Value;

/// Values nested deeper than this are not equal to anything.
const MAX_DEPTH: usize = 100;

/// Comparisons that one `equals` may take; containers that share parts could
/// ask for far more.
const MAX_WORK: usize = 200_000;

/// `a.equals(b)`.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    let mut work = MAX_WORK;
    same(a, b, 0, &mut work)
}

fn same(a: &Value, b: &Value, depth: usize, work: &mut usize) -> bool {
    if depth > MAX_DEPTH || *work == 0 {
        return false;
    }
    *work -= 1;
    match (a, b) {
        (Value::Null, Value::Null) | (Value::Absent, Value::Absent) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Long(a), Value::Long(b)) => a == b,
        (Value::Big(a), Value::Big(b)) => a == b,
        (Value::Double(a), Value::Double(b)) => a.to_bits() == b.to_bits(),
        (Value::Text(a), Value::Text(b)) | (Value::Decimal(a), Value::Decimal(b)) => a == b,
        (Value::Char(a), Value::Char(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            Rc::ptr_eq(a, b) || {
                let (a, b) = (a.items.borrow(), b.items.borrow());
                a.len() == b.len()
                    && a.iter().zip(b.iter()).all(|(a, b)| same(a, b, depth + 1, work))
            }
        }
        (Value::Map(a), Value::Map(b)) => {
            Rc::ptr_eq(a, b) || {
                let (a, b) = (a.entries.borrow(), b.entries.borrow());
                a.len() == b.len()
                    && a.iter()
                        .all(|(key, a)| b.get(key).is_some_and(|b| same(a, b, depth + 1, work)))
            }
        }
        (Value::Entry(a), Value::Entry(b)) => {
            same(&a.0, &b.0, depth + 1, work) && same(&a.1, &b.1, depth + 1, work)
        }
        (Value::Foreach(a), Value::Foreach(b)) => Rc::ptr_eq(a, b),
        (Value::Block(a), Value::Block(b)) => Rc::ptr_eq(a, b),
        (Value::Host(a), Value::Host(b)) => a == b,
        _ => false,
    }
}

/// Whether two containers are one and the same.
pub(super) fn identical(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => Rc::ptr_eq(a, b),
        (Value::Map(a), Value::Map(b)) => Rc::ptr_eq(a, b),
        (Value::Entry(a), Value::Entry(b)) => Rc::ptr_eq(a, b),
        (Value::Iterator(a), Value::Iterator(b)) => Rc::ptr_eq(a, b),
        (Value::Foreach(a), Value::Foreach(b)) => Rc::ptr_eq(a, b),
        (Value::Block(a), Value::Block(b)) => Rc::ptr_eq(a, b),
        _ => false,
    }
}
