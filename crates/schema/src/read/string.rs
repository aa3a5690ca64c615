//! Strings: borrowed as they stand, decoded where something is escaped.

use super::{ReadError, Reader};
use crate::document::Tag;

impl Reader<'_> {
    pub(super) fn string(&mut self) -> Result<(), ReadError> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => return self.escaped(start),
                Some(0x20..) => self.at += 1,
                _ => return Err(self.syntax()),
            }
        }
        self.at += 1;
        self.push(Tag::Plain, start, self.at - 1 - start).map(|_| ())
    }

    /// A string from its first escape on.
    fn escaped(&mut self, start: usize) -> Result<(), ReadError> {
        let begin = self.document.decoded.len();
        let mut piece = start;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.document.decoded.push_str(&self.text[piece..self.at]);
                    self.at += 1;
                    let c = self.escape()?;
                    self.document.decoded.push(c);
                    piece = self.at;
                }
                Some(0x20..) => self.at += 1,
                _ => return Err(self.syntax()),
            }
        }
        self.document.decoded.push_str(&self.text[piece..self.at]);
        self.at += 1;
        let len = self.document.decoded.len() - begin;
        self.push(Tag::Decoded, begin, len).map(|_| ())
    }

    fn escape(&mut self) -> Result<char, ReadError> {
        let c = match self.peek() {
            Some(c @ (b'"' | b'\\' | b'/')) => c as char,
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.code_unit(),
            _ => return Err(self.syntax()),
        };
        self.at += 1;
        Ok(c)
    }

    /// `uXXXX`, and a second one where the first is half of a character. Half
    /// a character alone is replaced: Java's strings can hold it, Rust's not.
    fn code_unit(&mut self) -> Result<char, ReadError> {
        let first = self.hex()?;
        if (0xd800..0xdc00).contains(&first) && self.bytes[self.at..].starts_with(b"\\u") {
            let back = self.at;
            self.at += 1;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, ReadError> {
        let digits = self.text.get(self.at + 1..self.at + 5);
        let digits = digits.filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|text| u32::from_str_radix(text, 16).ok());
        let code = code.ok_or_else(|| self.syntax())?;
        self.at += 5;
        Ok(code)
    }
}
