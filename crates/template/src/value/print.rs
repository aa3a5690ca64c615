//! `toString` as the JVM prints: `{a=b}` for maps, JSON for lists read from
//! JSON, `[a, b]` for lists written in templates.

use std::rc::Rc;

use super::{Origin, Turn, Value, double_text};
use crate::json;

/// The text grew beyond its bound, or the value nests too deeply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    Size,
    Depth,
}

/// Appends values to a text of bounded size.
pub(crate) struct Printer<'t> {
    pub(crate) out: &'t mut String,
    pub(crate) limit: usize,
    pub(crate) max_depth: usize,
}

impl Printer<'_> {
    fn push(&mut self, text: &str) -> Result<(), Full> {
        if self.out.len() + text.len() > self.limit {
            return Err(Full::Size);
        }
        self.out.push_str(text);
        Ok(())
    }

    /// Appends a value that is neither null nor a block.
    pub(crate) fn print(&mut self, value: &Value, depth: usize) -> Result<(), Full> {
        if depth > self.max_depth {
            return Err(Full::Depth);
        }
        match value {
            Value::Null => self.push("null"),
            Value::Absent | Value::Host(_) | Value::Block(_) | Value::Iterator(_) => Ok(()),
            Value::Bool(value) => self.push(if *value { "true" } else { "false" }),
            Value::Int(value) => self.push(itoa::Buffer::new().format(*value)),
            Value::Long(value) => self.push(itoa::Buffer::new().format(*value)),
            Value::Big(value) => self.push(itoa::Buffer::new().format(*value)),
            Value::Double(value) => self.push(&double_text(*value)),
            Value::Decimal(text) | Value::Text(text) => self.push(text),
            Value::Char(character) => self.push(character.encode_utf8(&mut [0; 4])),
            Value::List(list) if list.origin == Origin::Data => {
                json::write(value, json::Style::Web, self.out, self.limit, depth, self.max_depth)
            }
            Value::List(list) => {
                self.push("[")?;
                let items = list.items.borrow();
                for (at, item) in items.iter().enumerate() {
                    self.push(if at > 0 { ", " } else { "" })?;
                    match item {
                        Value::List(inner) if Rc::ptr_eq(inner, list) => {
                            self.push("(this Collection)")?;
                        }
                        _ => self.print(item, depth + 1)?,
                    }
                }
                self.push("]")
            }
            Value::Map(map) => {
                self.push("{")?;
                let entries = map.entries.borrow();
                for (at, (key, item)) in entries.iter().enumerate() {
                    self.push(if at > 0 { ", " } else { "" })?;
                    match key {
                        super::Key::Text(text) => self.push(text)?,
                        super::Key::Other(other) => self.print(other, depth + 1)?,
                    }
                    self.push("=")?;
                    match item {
                        Value::Map(inner) if Rc::ptr_eq(inner, map) => self.push("(this Map)")?,
                        _ => self.print(item, depth + 1)?,
                    }
                }
                self.push("}")
            }
            Value::Entry(entry) => {
                self.print(&entry.0, depth + 1)?;
                self.push("=")?;
                self.print(&entry.1, depth + 1)
            }
            Value::Foreach(turn) => self.print_turn(turn, depth),
        }
    }

    fn print_turn(&mut self, turn: &Turn, depth: usize) -> Result<(), Full> {
        self.print(&Value::Map(turn.own.clone()), depth)
    }
}
