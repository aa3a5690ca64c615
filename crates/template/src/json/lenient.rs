//! What AWS's JSON library makes of texts that are no JSON.
//!
//! It forgives nearly everything: commas too many, names and texts without
//! quotes or with single ones, something behind the end. A body that begins
//! like none of JSON's values is one text as a whole, which is how forms reach
//! functions by `$input.json('$')`.

use std::sync::Arc;

use crate::value::{Entries, Key, Origin, Value};

use super::read::{MAX_DEPTH, Reader, fraction, integer};

/// Reads a text that the strict reader has refused.
///
/// # Errors
/// What even this library refuses, in short English.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader::new(text);
    reader.blank();
    if reader.peek().is_none() {
        return Ok(Value::text(""));
    }
    // What is behind the value does not matter.
    reader.lenient(0, b"")
}

impl Reader<'_> {
    /// A value that ends before one of `stops`.
    fn lenient(&mut self, depth: usize, stops: &[u8]) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH}"));
        }
        self.blank();
        match self.peek() {
            None | Some(b':' | b'}' | b']') => Err(self.unexpected()),
            Some(b'{') => self.lenient_object(depth),
            Some(b'[') => self.lenient_array(depth),
            Some(b'"' | b'\'') => self.quoted().map(Value::Text),
            Some(_) => Ok(word(self.bare(stops))),
        }
    }

    fn lenient_object(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        let mut entries = Entries::default();
        let mut expects_member = true;
        loop {
            self.blank();
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::map(entries, Origin::Data));
                }
                Some(b',') => {
                    self.at += 1;
                    expects_member = true;
                    continue;
                }
                None | Some(b':' | b'[' | b']' | b'{') => return Err(self.unexpected()),
                Some(_) if !expects_member => return Err(self.unexpected()),
                Some(_) => {}
            }
            let key = match self.peek() {
                Some(b'"' | b'\'') => self.quoted()?,
                _ => self.bare(b":").into(),
            };
            self.blank();
            if self.peek() != Some(b':') {
                return Err(self.unexpected());
            }
            self.at += 1;
            let value = self.lenient(depth + 1, b",}")?;
            entries.insert(Key::Text(key), value);
            expects_member = false;
        }
    }

    fn lenient_array(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blank();
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::list(items, Origin::Data));
                }
                Some(b',') => self.at += 1,
                _ => items.push(self.lenient(depth + 1, b",]")?),
            }
        }
    }

    /// A text in either quotes. An escape that is none is left out.
    fn quoted(&mut self) -> Result<Arc<str>, String> {
        let quote = self.bytes[self.at];
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.bytes[self.at..];
            let Some(length) = memchr::memchr2(quote, b'\\', rest) else {
                self.at = self.bytes.len();
                return Err(self.unexpected());
            };
            out.push_str(&self.text[self.at..self.at + length]);
            self.at += length + 1;
            if rest[length] == quote {
                return Ok(out.into());
            }
            match self.text[self.at..].chars().next() {
                Some('\'') => {
                    out.push('\'');
                    self.at += 1;
                }
                Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u') | None => {
                    self.escape(&mut out)?;
                }
                Some(other) => self.at += other.len_utf8(),
            }
        }
    }

    /// All before one of `stops`, without the blanks around it.
    fn bare(&mut self, stops: &[u8]) -> &str {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| stops.contains(byte)).unwrap_or(rest.len());
        let text = &self.text[self.at..self.at + length];
        self.at += length;
        // As Java has it, spaces that do not break are none.
        text.trim_matches(|c: char| {
            c.is_whitespace() && !matches!(c, '\u{85}' | '\u{a0}' | '\u{2007}' | '\u{202f}')
        })
    }
}

/// What stands without quotes: a number, a word of JSON's, or a text.
fn word(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        _ => number(text).unwrap_or_else(|| Value::text(text)),
    }
}

/// A number, zeros in front allowed.
fn number(text: &str) -> Option<Value> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(unsigned);
    if whole == 0 {
        return None;
    }
    let mut rest = &unsigned[whole..];
    if rest.is_empty() {
        let significant = unsigned.trim_start_matches('0');
        let significant = if significant.is_empty() { "0" } else { significant };
        let sign = if text.len() > unsigned.len() { "-" } else { "" };
        return Some(integer(&format!("{sign}{significant}")));
    }
    if let Some(behind) = rest.strip_prefix('.') {
        rest = &behind[digits(behind)..];
    }
    if let Some(behind) = rest.strip_prefix(['e', 'E']) {
        let behind = behind.strip_prefix(['+', '-']).unwrap_or(behind);
        let exponent = digits(behind);
        rest = if exponent == 0 { "e" } else { &behind[exponent..] };
    }
    rest.is_empty().then(|| fraction(text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::{Style, parse_payload, write};

    fn read(text: &str) -> Option<String> {
        let value = parse_payload(text).ok()?;
        let mut out = String::new();
        write(&value, Style::Plain, &mut out, 1 << 20, 0, 200).ok()?;
        Some(out)
    }

    /// As json-smart 2.2 reads them with all that it permits.
    #[test]
    fn what_is_no_json() {
        for (text, expected) in [
            ("a=b&c=d%20e", r#""a=b&c=d%20e""#),
            (" x y \n", r#""x y""#),
            ("--x\r\nContent-Disposition: form-data", r#""--x\r\nContent-Disposition: form-data""#),
            ("<a b='c'/>", r#""<a b='c'/>""#),
            ("hello, world", r#""hello, world""#),
            ("12 x", r#""12 x""#),
            ("true x", r#""true x""#),
            (",", r#"",""#),
            ("  ", r#""""#),
            ("\"a\" b", r#""a""#),
            ("'a\"b'", r#""a\"b""#),
            ("{} x", "{}"),
            ("[]]", "[]"),
            ("{\"a\":1,}", r#"{"a":1}"#),
            ("{,\"a\":1,,\"b\":2}", r#"{"a":1,"b":2}"#),
            ("[,1,,2,]", "[1,2]"),
            ("{a b : 'c', 1:x y }", r#"{"a b":"c","1":"x y"}"#),
            ("{\"a\":'it\\'s', \"b\":\"\\d\\/\"}", r#"{"a":"it's","b":"/"}"#),
            (
                "{\"a\":2015-04-24,\"b\":0012,\"c\":-00,\"d\":1.}",
                r#"{"a":"2015-04-24","b":12,"c":0,"d":1.0}"#,
            ),
            ("{\"a\":1 \"b\":2}", r#"{"a":"1 \"b\":2"}"#),
            (
                "{\"a\":nullx,\"b\":null ,\"c\":+5,\"d\":.5}",
                r#"{"a":"nullx","b":null,"c":"+5","d":".5"}"#,
            ),
            ("[{} {} \"a\" 'b']", r#"[{},{},"a","b"]"#),
            ("{\"a\":\u{a0}x\u{a0}}", "{\"a\":\"\u{a0}x\u{a0}\"}"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "{",
            "[",
            "{\"a\":1",
            "{a}",
            "{\"a\" 1}",
            "{\"a\":}",
            "{\"a\"::1}",
            "{:1}",
            "{[1]:2}",
            "[:]",
            "[\"a\":1]",
            "{\"a\":\"x\"y}",
            "{\"a\":{} x}",
            "'abc",
            "\"abc",
            "]",
            "}",
            ":",
            "[b}",
            "{\"a\":\"\\u12\"}",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest::proptest! {
        /// What was read is JSON as it is printed, and reads the same.
        #[test]
        fn what_is_read_prints_as_json(text in "[{}\\[\\]:,'\"\\\\a0.\\-eu \u{e9}\n]{0,40}") {
            if let Some(printed) = read(&text) {
                proptest::prop_assert!(serde_json::from_str::<serde_json::Value>(&printed).is_ok());
                proptest::prop_assert_eq!(read(&printed), Some(printed));
            }
        }
    }

    #[test]
    fn depth_is_bounded() {
        for text in ["[".repeat(200_000), "{a:".repeat(200_000)] {
            assert_eq!(read(&text), None);
        }
        let within = format!("{}x{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(read(&within).as_deref(), Some(&*within.replace('x', "\"x\"")));
    }
}
