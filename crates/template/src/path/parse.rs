//! Reading path expressions.

use std::sync::Arc;

use super::{JsonPath, PathError, Token, filter, function};

type Parsed<T> = Result<T, PathError>;

/// More steps than any document is deep.
const MAX_TOKENS: usize = 200;

/// Filters inside paths inside filters: no deeper than this.
const MAX_NESTING: usize = 20;

/// Parses a whole expression.
pub(super) fn path(text: &str) -> Parsed<JsonPath> {
    let trimmed = text.trim();
    let with_root;
    let source = if trimmed.starts_with(['$', '@']) {
        trimmed
    } else if trimmed.is_empty() {
        return Err(PathError::Syntax { at: 0, message: "the path is empty".into() });
    } else {
        with_root = format!("$.{trimmed}");
        &with_root
    };
    let mut cursor = Cursor { text: source, at: 0, nesting: 0 };
    let path = cursor.path()?;
    cursor.blank();
    if cursor.at < source.len() {
        return cursor.fail("unexpected text after the path");
    }
    Ok(path)
}

pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) nesting: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn fail<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err(PathError::Syntax { at: self.at, message: message.into() })
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(super) fn expect(&mut self, text: &str) -> Parsed<()> {
        if self.take(text) { Ok(()) } else { self.fail(format!("expected {text:?}")) }
    }

    pub(super) fn deeper<T>(&mut self, inside: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= MAX_NESTING {
            return self.fail("the path nests too deeply");
        }
        self.nesting += 1;
        let result = inside(self);
        self.nesting -= 1;
        result
    }

    /// `$...` or `@...`, as far as it goes.
    pub(super) fn path(&mut self) -> Parsed<JsonPath> {
        let from_root = self.peek() == Some(b'$');
        self.at += 1;
        let mut tokens = Vec::new();
        loop {
            if tokens.len() > MAX_TOKENS {
                return self.fail("the path has too many steps");
            }
            match self.peek() {
                Some(b'[') => {
                    let token = self.deeper(Self::bracket)?;
                    tokens.push(token);
                }
                Some(b'.') => self.dot(&mut tokens)?,
                Some(b'*') if is_scan(tokens.last()) => {
                    self.at += 1;
                    tokens.push(Token::Wildcard);
                }
                Some(
                    b' ' | b')' | b',' | b'=' | b'!' | b'<' | b'>' | b'&' | b'|' | b'\t' | b'\n',
                )
                | None => {
                    break;
                }
                Some(_) if tokens.is_empty() => {
                    return self.fail("expected '.' or '[' after the root");
                }
                Some(_) => return self.fail("unexpected character"),
            }
        }
        if is_scan(tokens.last()) {
            return self.fail("a path cannot end in '..'");
        }
        Ok(JsonPath { from_root, tokens: invert_function(tokens) })
    }

    fn dot(&mut self, tokens: &mut Vec<Token>) -> Parsed<()> {
        self.at += 1;
        if self.take(".") {
            tokens.push(Token::Scan);
            match self.peek() {
                Some(b'.') => return self.fail("unexpected '.'"),
                Some(b'[' | b'*') | None => return Ok(()),
                _ => {}
            }
        }
        match self.peek() {
            Some(b'*') => {
                self.at += 1;
                tokens.push(Token::Wildcard);
                return Ok(());
            }
            // `.[` is the same as `[`.
            Some(b'[') => return Ok(()),
            None | Some(b'.') => return self.fail("a path cannot end in '.'"),
            _ => {}
        }
        let token = self.property()?;
        tokens.push(token);
        Ok(())
    }

    /// A name after a dot; with parentheses it is a function.
    fn property(&mut self) -> Parsed<Token> {
        let rest = self.rest();
        // Inside a filter a name also ends where an operator begins.
        let inside = self.nesting > 0;
        let length = rest
            .find(|c: char| {
                matches!(c, '.' | '[' | ' ' | '(')
                    || (inside && matches!(c, ')' | '=' | '!' | '<' | '>' | '&' | '|' | ',' | ']'))
            })
            .unwrap_or(rest.len());
        if length == 0 {
            return self.fail("expected a name");
        }
        let name = &rest[..length];
        self.at += length;
        if self.peek() != Some(b'(') {
            if self.peek() == Some(b' ') && !inside {
                return self.fail("a name with blanks needs brackets: ['a b']");
            }
            return Ok(Token::Properties(vec![name.into()]));
        }
        self.deeper(|cursor| {
            cursor.at += 1;
            let Some(name) = function::Function::named(name) else {
                return cursor.fail(format!("there is no function {name:?}"));
            };
            let arguments = function::arguments(cursor)?;
            Ok(Token::Function { name, arguments })
        })
    }

    fn bracket(&mut self) -> Parsed<Token> {
        self.at += 1;
        self.blank();
        match self.peek() {
            Some(b'\'' | b'"') => self.properties(),
            Some(b'*') => {
                self.at += 1;
                self.blank();
                self.expect("]")?;
                Ok(Token::Wildcard)
            }
            Some(b'?') => filter::filter(self).map(Token::Filter),
            Some(b'(') => self.counted_from_end(),
            Some(b'0'..=b'9' | b'-' | b':') => self.indexes(),
            _ => self.fail("expected an index, a quoted name, '*' or a filter"),
        }
    }

    fn properties(&mut self) -> Parsed<Token> {
        let mut names = Vec::new();
        loop {
            self.blank();
            names.push(Arc::from(self.quoted()?));
            self.blank();
            if self.take("]") {
                return Ok(Token::Properties(names));
            }
            self.expect(",")?;
        }
    }

    /// A quoted text; a backslash keeps the next character.
    pub(super) fn quoted(&mut self) -> Parsed<String> {
        let quote = match self.peek() {
            Some(quote @ (b'\'' | b'"')) => char::from(quote),
            _ => return self.fail("expected a quote"),
        };
        let mut out = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, 't')) => out.push('\t'),
                    Some((_, 'r')) => out.push('\r'),
                    Some((_, 'b')) => out.push('\u{8}'),
                    Some((_, 'f')) => out.push('\u{c}'),
                    Some((_, 'u')) => {
                        let digits: String =
                            characters.by_ref().take(4).map(|(_, digit)| digit).collect();
                        match u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32) {
                            Some(character) if digits.len() == 4 => out.push(character),
                            _ => return self.fail("a \\u needs four hex digits"),
                        }
                    }
                    Some((_, other)) => out.push(other),
                    None => break,
                },
                _ if character == quote => {
                    self.at += at + 1;
                    return Ok(out);
                }
                _ => out.push(character),
            }
        }
        self.fail("a quote is not closed")
    }

    fn number(&mut self) -> Parsed<Option<i64>> {
        self.blank();
        let rest = self.rest();
        let sign = usize::from(rest.starts_with('-'));
        let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return if sign > 0 { self.fail("expected digits") } else { Ok(None) };
        }
        let Ok(number) = rest[..sign + digits].parse::<i32>() else {
            return self.fail("the index is too large");
        };
        self.at += sign + digits;
        self.blank();
        Ok(Some(i64::from(number)))
    }

    fn indexes(&mut self) -> Parsed<Token> {
        let first = self.number()?;
        if self.take(":") {
            let to = self.number()?;
            self.expect("]")?;
            if first.is_none() && to.is_none() {
                return self.fail("a slice needs an end");
            }
            return Ok(Token::Slice { from: first, to });
        }
        let Some(first) = first else { return self.fail("expected an index") };
        let mut indexes = vec![first];
        while self.take(",") {
            match self.number()? {
                Some(index) => indexes.push(index),
                None => return self.fail("expected an index"),
            }
        }
        self.expect("]")?;
        Ok(Token::Indexes(indexes))
    }

    /// `(@.length-1)]` or `(@.size()-1)]`.
    fn counted_from_end(&mut self) -> Parsed<Token> {
        self.at += 1;
        self.blank();
        if !(self.take("@.length()") || self.take("@.length") || self.take("@.size()")) {
            return self.fail("expected @.length or @.size()");
        }
        self.blank();
        if self.peek() != Some(b'-') {
            return self.fail("expected '-'");
        }
        self.at += 1;
        let Some(number) = self.number()?.filter(|number| *number >= 0) else {
            return self.fail("expected a number");
        };
        self.expect(")")?;
        self.blank();
        self.expect("]")?;
        Ok(Token::FromEnd(-number))
    }
}

/// `$..a.sum()` is `$.sum($..a)`: the function sees all that was found.
fn invert_function(mut tokens: Vec<Token>) -> Vec<Token> {
    if !is_scan(tokens.first()) {
        return tokens;
    }
    let Some(at) = tokens.iter().position(|token| matches!(token, Token::Function { .. })) else {
        return tokens;
    };
    let mut tail = tokens.split_off(at);
    let inner = JsonPath { from_root: true, tokens };
    if let Some(Token::Function { arguments, .. }) = tail.first_mut() {
        *arguments = vec![function::Argument::Path(inner)];
    }
    tail
}

fn is_scan(token: Option<&Token>) -> bool {
    matches!(token, Some(Token::Scan))
}
