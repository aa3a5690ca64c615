//! `$util`: escaping, encoding, JSON.

use std::fmt::Write as _;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::{
    Fault, json,
    render::{Outcome, Run},
    value::Value,
};

/// Writes padding, reads with or without it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl Run<'_> {
    pub(super) fn util_method(
        &mut self,
        at: u32,
        name: &str,
        arguments: &[Value],
    ) -> Outcome<Value> {
        let [argument] = arguments else { return Ok(Value::Null) };
        if matches!(argument, Value::Null) {
            return Ok(Value::Null);
        }
        let text = self.text_of(at, argument)?;
        self.step(at, text.len() / 32)?;
        // What needs no change, the usual case, is not copied.
        let plain = match name {
            "escapeJavaScript" => text
                .bytes()
                .all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'\'' | b'"' | b'\\' | b'/')),
            "urlEncode" => text.bytes().all(is_unreserved),
            _ => false,
        };
        if plain {
            return Ok(Value::Text(text));
        }
        let result = match name {
            "escapeJavaScript" => escape_javascript(&text),
            "urlEncode" => url_encode(&text),
            "urlDecode" => match url_decode(&text) {
                Some(decoded) => decoded,
                None => return self.thrown(at, "$util.urlDecode: incomplete or wrong % escape"),
            },
            "base64Encode" => BASE64.encode(text.as_bytes()),
            "base64Decode" => match base64_decode(&text) {
                Some(decoded) => decoded,
                None => return self.thrown(at, "$util.base64Decode: not base64"),
            },
            "parseJson" => {
                return match json::parse(&text) {
                    Ok(value) => Ok(value),
                    Err(message) => self.error(at, Fault::Json(message)),
                };
            }
            _ => return Ok(Value::Null),
        };
        self.sized(at, result.len())?;
        Ok(Value::text(result))
    }
}

/// As commons-lang 2: quotes, slashes and control characters escaped, all
/// beyond ASCII as `\uXXXX`.
fn escape_javascript(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '\'' | '"' | '\\' | '/' => {
                out.push('\\');
                out.push(character);
            }
            '\u{8}' => out.push_str("\\b"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            ' '..='\u{7f}' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04X}");
                }
            }
        }
    }
    out
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'*' | b'_')
}

/// Form encoding: a space is `+`.
fn url_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for byte in text.bytes() {
        match byte {
            _ if is_unreserved(byte) => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn url_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
                u8::try_from(high? * 16 + low?).ok()?
            }
            other => other,
        });
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

fn base64_decode(text: &str) -> Option<String> {
    let plain: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let decoded = BASE64.decode(plain).ok()?;
    Some(String::from_utf8_lossy(&decoded).into_owned())
}
