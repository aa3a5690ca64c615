//! A JSON reader that keeps numbers as Java would and never recurses deeply.

use std::sync::Arc;

use crate::value::{Entries, Key, Origin, Value};

/// Deeper documents are refused.
pub(super) const MAX_DEPTH: usize = 100;

/// Reads one JSON text. Errors are short English.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader::new(text);
    reader.blank();
    let value = reader.value(0)?;
    reader.blank();
    if reader.at < reader.bytes.len() {
        return Err(reader.unexpected());
    }
    Ok(value)
}

/// A text and how far it is read.
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) bytes: &'t [u8],
    pub(super) at: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0 }
    }
}

impl Reader<'_> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn unexpected(&self) -> String {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(character) => {
                format!("unexpected character {character:?} at position {}", self.at)
            }
            None => format!("unexpected end at position {}", self.at),
        }
    }

    pub(super) fn blank(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH}"));
        }
        match self.bytes.get(self.at) {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.unexpected()),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, String> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.unexpected())
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        self.blank();
        if self.bytes.get(self.at) == Some(&b'}') {
            self.at += 1;
            return Ok(Value::map(Entries::default(), Origin::Data));
        }
        let mut entries = Entries::with_capacity_and_hasher(4, <_>::default());
        loop {
            self.blank();
            if self.bytes.get(self.at) != Some(&b'"') {
                return Err(self.unexpected());
            }
            let key = self.string()?;
            self.blank();
            if self.bytes.get(self.at) != Some(&b':') {
                return Err(self.unexpected());
            }
            self.at += 1;
            self.blank();
            let value = self.value(depth + 1)?;
            entries.insert(Key::Text(key), value);
            self.blank();
            match self.bytes.get(self.at) {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::map(entries, Origin::Data));
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        self.blank();
        if self.bytes.get(self.at) == Some(&b']') {
            self.at += 1;
            return Ok(Value::list(Vec::new(), Origin::Data));
        }
        let mut items = Vec::with_capacity(4);
        loop {
            self.blank();
            items.push(self.value(depth + 1)?);
            self.blank();
            match self.bytes.get(self.at) {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::list(items, Origin::Data));
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    fn string(&mut self) -> Result<Arc<str>, String> {
        self.at += 1;
        let start = self.at;
        let Some(plain) = memchr::memchr2(b'"', b'\\', &self.bytes[start..]) else {
            self.at = self.bytes.len();
            return Err(self.unexpected());
        };
        if self.bytes[start + plain] == b'"' {
            self.at = start + plain + 1;
            return Ok(self.text[start..start + plain].into());
        }
        let mut out = String::with_capacity(plain + 16);
        self.at = start;
        loop {
            let rest = &self.bytes[self.at..];
            let Some(length) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.bytes.len();
                return Err(self.unexpected());
            };
            out.push_str(&self.text[self.at..self.at + length]);
            self.at += length + 1;
            if rest[length] == b'"' {
                return Ok(out.into());
            }
            self.escape(&mut out)?;
        }
    }

    pub(super) fn escape(&mut self, out: &mut String) -> Result<(), String> {
        let character = match self.bytes.get(self.at) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                let first = self.hex()?;
                let mut units = vec![first];
                if (0xd800..0xdc00).contains(&first) && self.bytes[self.at..].starts_with(b"\\u") {
                    self.at += 2;
                    units.push(self.hex()?);
                }
                out.push_str(&String::from_utf16_lossy(&units));
                return Ok(());
            }
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        out.push(character);
        Ok(())
    }

    fn hex(&mut self) -> Result<u16, String> {
        let digits = self.text.get(self.at..self.at + 4);
        let value = digits
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u16::from_str_radix(digits, 16).ok())
            .ok_or_else(|| self.unexpected())?;
        self.at += 4;
        Ok(value)
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    /// Integers as int, long or big; fractions as double, or as text when the
    /// number has more than 18 characters, so that no digit is lost.
    fn number(&mut self) -> Result<Value, String> {
        let start = self.at;
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        let leading_zero = self.bytes.get(self.at) == Some(&b'0');
        let digits = self.digits();
        if digits == 0 || (leading_zero && digits > 1) {
            return Err(self.unexpected());
        }
        let mut whole = true;
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            whole = false;
            if self.digits() == 0 {
                return Err(self.unexpected());
            }
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            whole = false;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.unexpected());
            }
        }
        let text = &self.text[start..self.at];
        Ok(if whole { integer(text) } else { fraction(text) })
    }
}

pub(super) fn integer(text: &str) -> Value {
    if let Ok(value) = text.parse() {
        Value::Int(value)
    } else if let Ok(value) = text.parse() {
        Value::Long(value)
    } else if let Ok(value) = text.parse() {
        Value::Big(value)
    } else {
        Value::Decimal(text.into())
    }
}

pub(super) fn fraction(text: &str) -> Value {
    if text.len() > 18 {
        return Value::Decimal(text.into());
    }
    text.parse().map_or_else(|_| Value::Decimal(text.into()), Value::Double)
}
