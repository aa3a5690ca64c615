//! Reads JSON: strict, and bounded in depth and number of values.

mod string;

use hashbrown::HashMap;

use crate::document::{Document, Node, Tag};

/// How deep lists and objects may be nested in each other.
pub const MAX_DEPTH: usize = 100;

/// Values and names in one text.
pub const MAX_VALUES: usize = 1 << 21;

/// Objects with more members look for equal names by hashes.
const FEW_MEMBERS: u32 = 8;

/// Why a text is no JSON that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not UTF-8.
    #[error("not UTF-8 at byte {0}")]
    Encoding(usize),
    /// Against the grammar.
    #[error("no JSON at byte {0}")]
    Syntax(usize),
    /// Beyond [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH}")]
    Depth,
    /// Beyond [`MAX_VALUES`], or beyond 2 GiB.
    #[error("more than {MAX_VALUES} values")]
    Values,
}

impl<'t> Document<'t> {
    /// Reads a whole text.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read(bytes: &'t [u8]) -> Result<Self, ReadError> {
        let text =
            std::str::from_utf8(bytes).map_err(|error| ReadError::Encoding(error.valid_up_to()))?;
        if i32::try_from(text.len()).is_err() {
            return Err(ReadError::Values);
        }
        // A value of typical JSON takes about ten bytes.
        let nodes = Vec::with_capacity((text.len() / 8).clamp(4, 4096));
        let document = Document { text: text.into(), decoded: String::new(), nodes };
        let mut reader = Reader { document, text, bytes: text.as_bytes(), at: 0 };
        reader.blank();
        reader.value(0)?;
        reader.blank();
        if reader.at < reader.bytes.len() {
            return Err(reader.syntax());
        }
        Ok(reader.document)
    }
}

struct Reader<'t> {
    document: Document<'t>,
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

/// A position; texts beyond 2 GiB are refused before.
#[expect(clippy::cast_possible_truncation, reason = "bounded by the text's length")]
fn number(at: usize) -> u32 {
    at as u32
}

impl Reader<'_> {
    fn syntax(&self) -> ReadError {
        ReadError::Syntax(self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn push(&mut self, tag: Tag, start: usize, len: usize) -> Result<usize, ReadError> {
        let at = self.document.nodes.len();
        if at >= MAX_VALUES {
            return Err(ReadError::Values);
        }
        let end = number(at + 1);
        self.document.nodes.push(Node { tag, start: number(start), len: number(len), end });
        Ok(at)
    }

    fn value(&mut self, depth: usize) -> Result<(), ReadError> {
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Tag::True),
            Some(b'f') => self.word("false", Tag::False),
            Some(b'n') => self.word("null", Tag::Null),
            _ => Err(self.syntax()),
        }
    }

    fn word(&mut self, word: &str, tag: Tag) -> Result<(), ReadError> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.syntax());
        }
        self.at += word.len();
        self.push(tag, 0, 0).map(|_| ())
    }

    fn digits(&mut self) -> Result<(), ReadError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.syntax()) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), ReadError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.push(Tag::Number, start, self.at - start).map(|_| ())
    }

    fn array(&mut self, depth: usize) -> Result<(), ReadError> {
        let at = self.open(Tag::Array, depth)?;
        let mut count = 0;
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                self.blank();
                self.value(depth + 1)?;
                count += 1;
                if self.is_last(b']')? {
                    break;
                }
            }
        }
        self.close(at, count);
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), ReadError> {
        let at = self.open(Tag::Object, depth)?;
        let mut count = 0;
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                self.blank();
                if self.peek() != Some(b'"') {
                    return Err(self.syntax());
                }
                self.string()?;
                self.blank();
                if self.peek() != Some(b':') {
                    return Err(self.syntax());
                }
                self.at += 1;
                self.blank();
                self.value(depth + 1)?;
                count += 1;
                if self.is_last(b'}')? {
                    break;
                }
            }
        }
        self.close(at, count);
        let shadowed = if count > 1 { self.shadow(at, count) } else { 0 };
        self.document.nodes[at].len -= shadowed;
        Ok(())
    }

    /// Behind the opening bracket and the blanks that follow it.
    fn open(&mut self, tag: Tag, depth: usize) -> Result<usize, ReadError> {
        if depth >= MAX_DEPTH {
            return Err(ReadError::Depth);
        }
        self.at += 1;
        self.blank();
        self.push(tag, 0, 0)
    }

    /// Reads a comma, or the closing bracket.
    fn is_last(&mut self, close: u8) -> Result<bool, ReadError> {
        self.blank();
        let found = self.peek();
        if found != Some(b',') && found != Some(close) {
            return Err(self.syntax());
        }
        self.at += 1;
        Ok(found == Some(close))
    }

    fn close(&mut self, at: usize, count: u32) {
        let end = number(self.document.nodes.len());
        let node = &mut self.document.nodes[at];
        node.len = count;
        node.end = end;
    }

    /// Marks the names of members that later ones replace; how many.
    fn shadow(&mut self, object: usize, count: u32) -> u32 {
        let document = &self.document;
        let value = |at: u32| -> &str {
            let Node { tag, start, len, .. } = document.nodes[at as usize];
            let text = if tag == Tag::Decoded { document.decoded.as_str() } else { self.text };
            &text[start as usize..(start + len) as usize]
        };
        let end = document.nodes[object].end;
        let names = std::iter::successors(Some(number(object + 1)), |name| {
            Some(document.nodes[*name as usize + 1].end).filter(|next| *next < end)
        });
        let mut shadowed = Vec::new();
        if count <= FEW_MEMBERS {
            let mut known = [0; FEW_MEMBERS as usize];
            for (n, name) in names.enumerate() {
                let earlier = &mut known[..=n];
                let same = earlier[..n].iter().position(|other| value(*other) == value(name));
                if let Some(same) = same {
                    shadowed.push(earlier[same]);
                    earlier[same] = name;
                }
                // A name that took an earlier one's place stands here twice,
                // and is found at the first.
                earlier[n] = name;
            }
        } else {
            let mut known = HashMap::with_capacity(count as usize);
            for name in names {
                shadowed.extend(known.insert(value(name), name));
            }
        }
        for name in &shadowed {
            self.document.nodes[*name as usize].tag = Tag::Shadowed;
        }
        number(shadowed.len())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
