//! JSON in and out, as the gateway's Java libraries read and write it.

mod lenient;
mod read;

use std::fmt::Write as _;

use crate::value::{Full, Key, Value, double_text};

pub(crate) use read::parse;

/// Reads a payload: JSON, or what AWS's library takes for it.
///
/// # Errors
/// Why it is neither, in the strict reader's words.
pub(crate) fn parse_payload(text: &str) -> Result<Value, String> {
    parse(text).or_else(|error| lenient::parse(text).map_err(|_| error))
}

/// How strings are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `$input.json`: a slash stays a slash.
    Plain,
    /// Printed lists: a slash becomes `\/`.
    Web,
}

/// Appends `value` as compact JSON; what JSON does not know becomes a string.
pub(crate) fn write(
    value: &Value,
    style: Style,
    out: &mut String,
    limit: usize,
    depth: usize,
    max_depth: usize,
) -> Result<(), Full> {
    if depth > max_depth {
        return Err(Full::Depth);
    }
    if out.len() > limit {
        return Err(Full::Size);
    }
    match value {
        Value::Null | Value::Absent => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(itoa::Buffer::new().format(*value)),
        Value::Long(value) => out.push_str(itoa::Buffer::new().format(*value)),
        Value::Big(value) => out.push_str(itoa::Buffer::new().format(*value)),
        Value::Double(value) if value.is_finite() => out.push_str(&double_text(*value)),
        Value::Double(_) => out.push_str("null"),
        Value::Decimal(text) => out.push_str(text),
        Value::Text(text) => write_text(text, style, out),
        Value::Char(character) => write_text(character.encode_utf8(&mut [0; 4]), style, out),
        Value::List(list) => {
            out.push('[');
            for (at, item) in list.items.borrow().iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, style, out, limit, depth + 1, max_depth)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (at, (key, item)) in map.entries.borrow().iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                match key {
                    Key::Text(text) => write_text(text, style, out),
                    Key::Other(other) => {
                        let mut text = String::new();
                        let mut printer =
                            crate::value::Printer { out: &mut text, limit, max_depth };
                        printer.print(other, depth + 1)?;
                        write_text(&text, style, out);
                    }
                }
                out.push(':');
                write(item, style, out, limit, depth + 1, max_depth)?;
            }
            out.push('}');
        }
        Value::Entry(_)
        | Value::Iterator(_)
        | Value::Foreach(_)
        | Value::Block(_)
        | Value::Host(_) => out.push_str("\"\""),
    }
    if out.len() > limit { Err(Full::Size) } else { Ok(()) }
}

fn write_text(text: &str, style: Style, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (at, character) in text.char_indices() {
        let escape = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '/' if style == Style::Web => "\\/",
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2000}'..='\u{20ff}' => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        plain = at + character.len_utf8();
        if escape.is_empty() {
            let _ = write!(out, "\\u{:04X}", u32::from(character));
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}
