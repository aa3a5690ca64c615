//! Templates of gateway responses: text with plain references, no Velocity.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderName;

use crate::{ContextVar, Values};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(Bytes),
    Context(ContextVar),
    StageVariable(Box<str>),
    Header(HeaderName),
    Query(Box<str>),
    Path(Box<str>),
    /// A reference that has no value in this build.
    Nothing,
}

/// A compiled text with references: no loops, conditions or methods, which
/// mapping templates have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pieces: Box<[Piece]>,
}

impl Text {
    /// A gateway response's template: plain references are replaced, all else
    /// is text, also what Velocity would take for a directive.
    pub fn plain(template: &str) -> Self {
        Self::split(template, |name, length, pieces| {
            let Some(piece) = reference(name) else { return 0 };
            pieces.push(piece);
            length
        })
    }

    /// The text, if no request changes it.
    pub fn fixed(&self) -> Option<Bytes> {
        match &*self.pieces {
            [] => Some(Bytes::new()),
            [Piece::Text(text)] => Some(text.clone()),
            _ => None,
        }
    }

    /// The text for one request. References without a value print nothing.
    pub fn render(&self, values: &dyn Values) -> Bytes {
        if let Some(fixed) = self.fixed() {
            return fixed;
        }
        let mut out = Vec::with_capacity(256);
        for piece in &self.pieces {
            let value = match piece {
                Piece::Text(text) => {
                    out.extend_from_slice(text);
                    continue;
                }
                Piece::Context(variable) => values.context(*variable),
                Piece::StageVariable(name) => values.stage_variable(name).map(Cow::Borrowed),
                Piece::Header(name) => {
                    values.header(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
                }
                Piece::Query(name) => values.query(name),
                Piece::Path(name) => values.path(name).map(Cow::Borrowed),
                Piece::Nothing => None,
            };
            out.extend_from_slice(value.as_deref().unwrap_or_default().as_bytes());
        }
        out.into()
    }

    /// Cuts at references. `take` gets a reference's name and how many bytes
    /// it is long, pushes a piece and answers how many bytes to skip; 0 leaves
    /// the reference in the text.
    fn split(template: &str, mut take: impl FnMut(&str, usize, &mut Vec<Piece>) -> usize) -> Self {
        let mut pieces = Vec::new();
        let (mut text_start, mut at) = (0, 0);
        while let Some(found) = template.get(at..).and_then(|rest| rest.find('$')) {
            let start = at + found;
            let rest = template.get(start..).unwrap_or_default();
            let Some((name, length)) = name_of(rest) else {
                at = start + 1;
                continue;
            };
            let before = template.get(text_start..start).unwrap_or_default();
            let mut taken = Vec::new();
            let skip = take(name, length, &mut taken);
            if skip == 0 {
                at = start + 1;
                continue;
            }
            if !before.is_empty() {
                pieces.push(Piece::Text(Bytes::copy_from_slice(before.as_bytes())));
            }
            pieces.append(&mut taken);
            at = start + skip;
            text_start = at;
        }
        let tail = template.get(text_start..).unwrap_or_default();
        if !tail.is_empty() {
            pieces.push(Piece::Text(Bytes::copy_from_slice(tail.as_bytes())));
        }
        Self { pieces: pieces.into() }
    }
}

/// The name of the reference at the start of `text`, which starts with `$`,
/// and the length of the whole reference: `$a.b`, `${a.b}`, `$!a.b`, `$!{a.b}`.
fn name_of(text: &str) -> Option<(&str, usize)> {
    let inner = text.strip_prefix('$')?;
    let inner = inner.strip_prefix('!').unwrap_or(inner);
    let (inner, braced) = match inner.strip_prefix('{') {
        Some(inner) => (inner, true),
        None => (inner, false),
    };
    let mut length = 0;
    for part in inner.split('.') {
        let fine = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let end = part.bytes().position(|b| !fine(b)).unwrap_or(part.len());
        if !part.starts_with(|c: char| c.is_ascii_alphabetic()) {
            break;
        }
        length += end + usize::from(length > 0);
        if end < part.len() {
            break;
        }
    }
    let name = inner.get(..length).filter(|name| !name.is_empty())?;
    let before = text.len() - inner.len();
    if !braced {
        return Some((name, before + length));
    }
    // `${a.b()}` and the like: report the name, so that the caller refuses it.
    match inner.get(length..)?.chars().next() {
        Some('}') => Some((name, before + length + 1)),
        _ => Some((inner.split('}').next()?, before + inner.find('}')? + 1)),
    }
}

fn reference(name: &str) -> Option<Piece> {
    let plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !plain(name) {
        return None;
    }
    let (root, rest) = name.split_once('.')?;
    match root {
        "context" => Some(ContextVar::parse(rest).map_or(Piece::Nothing, Piece::Context)),
        "stageVariables" => Some(Piece::StageVariable(rest.into())),
        "method" => {
            let (place, name) = rest.strip_prefix("request.")?.split_once('.')?;
            match place {
                "header" => name.parse().ok().map(Piece::Header),
                "querystring" => Some(Piece::Query(name.into())),
                "path" => Some(Piece::Path(name.into())),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
