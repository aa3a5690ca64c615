//! Writes values as compact JSON, as messages show them.

use crate::document::{Kind, Value};

/// Appends a value, at most until `limit` bytes are there.
pub(crate) fn print(value: Value<'_>, limit: usize, out: &mut String) {
    if out.len() >= limit {
        return;
    }
    match value.kind() {
        Kind::Null => out.push_str("null"),
        Kind::Boolean => out.push_str(if value.as_bool() == Some(true) { "true" } else { "false" }),
        Kind::Integer | Kind::Number => out.push_str(value.as_number().unwrap_or_default()),
        Kind::String => quote(value.as_str().unwrap_or_default(), out),
        Kind::Array => {
            let mut separator = '[';
            for item in value.items() {
                out.push(separator);
                print(item, limit, out);
                if out.len() >= limit {
                    return;
                }
                separator = ',';
            }
            out.push_str(if separator == '[' { "[]" } else { "]" });
        }
        Kind::Object => {
            let mut separator = '{';
            for (name, member) in value.members() {
                out.push(separator);
                quote(name, out);
                out.push(':');
                print(member, limit, out);
                if out.len() >= limit {
                    return;
                }
                separator = ',';
            }
            out.push_str(if separator == '{' { "{}" } else { "}" });
        }
    }
}

/// Appends a text as a JSON string.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A list of texts as a JSON array.
pub(crate) fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let mut out = "[".to_owned();
    for text in texts {
        if out.len() > 1 {
            out.push(',');
        }
        quote(text.as_ref(), &mut out);
    }
    out.push(']');
    out
}
