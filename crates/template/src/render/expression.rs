//! Values and truth of expressions.

use std::cmp::Ordering;

use crate::{
    Fault,
    ast::{Comparison, Expr, ExprKind, MathOperands, Operator},
    value::{Entries, Key, Origin, Value, compare_numbers, equal, math},
};

use super::{Outcome, Run};

impl Run<'_> {
    pub(crate) fn value(&mut self, expr: &Expr) -> Outcome<Value> {
        match &expr.kind {
            ExprKind::Reference(reference) => {
                if reference.computable {
                    self.resolve(reference)
                } else {
                    Ok(Value::Null)
                }
            }
            ExprKind::Text(text) => Ok(Value::Text(text.clone())),
            ExprKind::Integer(value) => Ok(Value::Int(*value)),
            ExprKind::Long(value) => Ok(Value::Long(*value)),
            ExprKind::Big(value) => Ok(Value::Big(*value)),
            ExprKind::Double(value) => Ok(Value::Double(*value)),
            ExprKind::Decimal(text) => Ok(Value::Decimal(text.clone())),
            ExprKind::True => Ok(Value::Bool(true)),
            ExprKind::False => Ok(Value::Bool(false)),
            ExprKind::Word => Ok(Value::Null),
            _ => self.deeper(expr.at, |run| run.compound(expr)),
        }
    }

    fn compound(&mut self, expr: &Expr) -> Outcome<Value> {
        self.step(expr.at, 1)?;
        match &expr.kind {
            ExprKind::Interpolated { body, spaced } => {
                let mark = self.out.len();
                if let Err(halt) = self.block(body) {
                    self.out.truncate(mark);
                    return Err(halt);
                }
                if *spaced && self.out.len() > mark {
                    self.out.pop();
                }
                Ok(Value::Text(self.cut(mark)))
            }
            ExprKind::Range(ends) => self.range(expr, &ends.0, &ends.1),
            ExprKind::List(entries) => {
                let mut items = Vec::with_capacity(entries.len());
                for entry in entries {
                    items.push(self.value(entry)?);
                }
                Ok(Value::list(items, Origin::Template))
            }
            ExprKind::Map(pairs) => {
                let mut entries = Entries::with_capacity_and_hasher(pairs.len(), <_>::default());
                for (key, value) in pairs {
                    let key = Key::from(self.value(key)?);
                    entries.insert(key, self.value(value)?);
                }
                Ok(Value::map(entries, Origin::Template))
            }
            ExprKind::Math(operator, operands) => self.math(expr, *operator, operands),
            _ => self.holds(expr).map(Value::Bool),
        }
    }

    fn range(&mut self, expr: &Expr, from: &Expr, to: &Expr) -> Outcome<Value> {
        let (from, to) = (self.value(from)?, self.value(to)?);
        let (Some(from), Some(to)) = (from.int_value(), to.int_value()) else {
            return Ok(Value::Null);
        };
        let size = usize::try_from((i64::from(from) - i64::from(to)).unsigned_abs() + 1);
        let size = size.unwrap_or(usize::MAX);
        self.step(expr.at, size)?;
        let items = if from < to {
            (from..=to).map(Value::Int).collect()
        } else {
            (to..=from).rev().map(Value::Int).collect()
        };
        Ok(Value::list(items, Origin::Template))
    }

    fn math(&mut self, expr: &Expr, operator: Operator, operands: &MathOperands) -> Outcome<Value> {
        let left = self.value(&operands.left)?;
        let right = self.value(&operands.right)?;
        let text = matches!(left, Value::Text(_)) || matches!(right, Value::Text(_));
        if let Some((left_literal, right_literal)) = &operands.literals
            && operator == Operator::Add
            && text
        {
            let left = match left {
                Value::Null => Value::text(&**left_literal),
                other => other,
            };
            let right = match right {
                Value::Null => Value::text(&**right_literal),
                other => other,
            };
            let left = self.text_of(expr.at, &left)?;
            let right = self.text_of(expr.at, &right)?;
            self.sized(expr.at, left.len() + right.len())?;
            self.step(expr.at, (left.len() + right.len()) / 64)?;
            return Ok(Value::text(format!("{left}{right}")));
        }
        if left.is_number() && right.is_number() {
            return Ok(math(operator, &left, &right));
        }
        Ok(Value::Null)
    }

    /// Whether an expression is true, as `#if` asks. Literals other than `true`
    /// are not.
    pub(crate) fn holds(&mut self, expr: &Expr) -> Outcome<bool> {
        match &expr.kind {
            ExprKind::Reference(reference) => {
                let value = self.resolve(reference)?;
                self.is_true(expr, &value)
            }
            ExprKind::True => Ok(true),
            ExprKind::Not(operand) => {
                self.deeper(expr.at, |run| run.holds(operand)).map(|holds| !holds)
            }
            ExprKind::And(sides) => {
                self.deeper(expr.at, |run| Ok(run.holds(&sides.0)? && run.holds(&sides.1)?))
            }
            ExprKind::Or(sides) => {
                self.deeper(expr.at, |run| Ok(run.holds(&sides.0)? || run.holds(&sides.1)?))
            }
            ExprKind::Compare(comparison, sides) => {
                let (left, right) =
                    self.deeper(expr.at, |run| Ok((run.value(&sides.0)?, run.value(&sides.1)?)))?;
                self.compare(expr, *comparison, &left, &right)
            }
            _ => Ok(false),
        }
    }

    fn is_true(&mut self, expr: &Expr, value: &Value) -> Outcome<bool> {
        match value {
            Value::Null | Value::Absent => Ok(false),
            Value::Bool(value) => Ok(*value),
            // A block that is already running too often has no text.
            Value::Block(block) if block.depth.get() >= block.max_depth => Ok(false),
            Value::Block(_) => self.text_of(expr.at, value).map(|_| true),
            _ => Ok(true),
        }
    }

    fn compare(
        &mut self,
        expr: &Expr,
        comparison: Comparison,
        left: &Value,
        right: &Value,
    ) -> Outcome<bool> {
        let order = |wanted: &[Ordering]| {
            left.is_number() && right.is_number() && wanted.contains(&compare_numbers(left, right))
        };
        Ok(match comparison {
            Comparison::Eq => self.same(expr, left, right)?,
            Comparison::Ne => !self.same(expr, left, right)?,
            Comparison::Lt => order(&[Ordering::Less]),
            Comparison::Le => order(&[Ordering::Less, Ordering::Equal]),
            Comparison::Gt => order(&[Ordering::Greater]),
            Comparison::Ge => order(&[Ordering::Greater, Ordering::Equal]),
        })
    }

    /// `==`: numbers by value, equal types by `equals`, all else by text.
    fn same(&mut self, expr: &Expr, left: &Value, right: &Value) -> Outcome<bool> {
        if left.is_number() && right.is_number() {
            return Ok(compare_numbers(left, right) == Ordering::Equal);
        }
        match (left, right) {
            (Value::Null | Value::Absent, Value::Null | Value::Absent) => return Ok(true),
            (Value::Absent, Value::Text(text)) | (Value::Text(text), Value::Absent) => {
                return Ok(text.is_empty());
            }
            (Value::Null | Value::Absent, _) | (_, Value::Null | Value::Absent) => {
                return Ok(false);
            }
            (Value::Text(_), Value::Text(_))
            | (Value::Bool(_), Value::Bool(_))
            | (Value::Char(_), Value::Char(_))
            | (Value::List(_), Value::List(_))
            | (Value::Map(_), Value::Map(_))
            | (Value::Foreach(_), Value::Foreach(_))
            | (Value::Entry(_), Value::Entry(_)) => {
                self.step(expr.at, 16)?;
                return Ok(equal(left, right));
            }
            _ => {}
        }
        let left = self.text_of(expr.at, left)?;
        Ok(left == self.text_of(expr.at, right)?)
    }

    /// Fails when a path expression does.
    pub(crate) fn path_error<T>(&self, at: u32, message: String) -> Outcome<T> {
        self.error(at, Fault::Path(message))
    }
}
