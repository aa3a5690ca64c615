//! Reading XML, within bounds.

use quick_xml::{
    Reader,
    events::{BytesRef, BytesStart, Event},
};
use serde_json::Value;

use crate::build::Element;

/// What a document may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Elements inside each other.
    pub max_depth: usize,
    /// Elements in all.
    pub max_elements: usize,
    /// Attributes of one element.
    pub max_attributes: usize,
}

impl Default for Limits {
    /// Far beyond what a service answers.
    fn default() -> Self {
        Self { max_depth: 64, max_elements: 100_000, max_attributes: 64 }
    }
}

/// Why a text is not converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConverted {
    /// It is not well-formed.
    #[error("malformed xml: {0}")]
    Malformed(String),
    /// It has a document type, or an entity other than the five.
    #[error("{0} in xml is not allowed")]
    Forbidden(&'static str),
    /// It is beyond a limit.
    #[error("xml with too many {0}")]
    TooMuch(&'static str),
}

/// Reads a document: `{"Root": ...}`, or `{"Error": ..., "RequestId": ...}`
/// where the root is `ErrorResponse`.
///
/// Text is a string. What is empty is null. Elements of equal names are an
/// array, and so is what has only `member`, `item` or `entry` children, unless
/// these have keys and values: then it is an object.
///
/// # Errors
/// See [`NotConverted`].
pub fn xml_to_json(xml: &[u8], limits: &Limits) -> Result<Value, NotConverted> {
    let text = std::str::from_utf8(xml).map_err(|_| malformed("not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut elements = 0;
    loop {
        match reader.read_event().map_err(malformed)? {
            Event::Start(start) => {
                elements += 1;
                if root.is_some() {
                    return Err(malformed("two roots"));
                }
                if elements > limits.max_elements {
                    return Err(NotConverted::TooMuch("elements"));
                }
                if open.len() >= limits.max_depth {
                    return Err(NotConverted::TooMuch("levels"));
                }
                open.push(element(&start, limits)?);
            }
            Event::End(_) => {
                let done = open.pop().ok_or_else(|| malformed("an end without a start"))?;
                match open.last_mut() {
                    Some(parent) => parent.add(done),
                    None => root = Some(done),
                }
            }
            Event::Text(text) => push(&mut open, &text)?,
            Event::CData(data) => push(&mut open, &data)?,
            Event::GeneralRef(reference) => {
                let mut buffer = [0; 4];
                push(&mut open, character(&reference)?.encode_utf8(&mut buffer))?;
            }
            Event::DocType(_) => return Err(NotConverted::Forbidden("a document type")),
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    match root {
        Some(root) if open.is_empty() => Ok(root.into_document()),
        _ => Err(malformed("it ends early")),
    }
}

fn element(start: &BytesStart<'_>, limits: &Limits) -> Result<Element, NotConverted> {
    let mut attributes = 0;
    // Comparing the names of all with all would take too long.
    for attribute in start.attributes().with_checks(false) {
        attribute.map_err(malformed)?;
        attributes += 1;
        if attributes > limits.max_attributes {
            return Err(NotConverted::TooMuch("attributes"));
        }
    }
    Ok(Element::new(start.local_name().as_ref()))
}

/// The character that a reference stands for.
fn character(reference: &BytesRef<'_>) -> Result<char, NotConverted> {
    if let Some(character) = reference.resolve_char_ref().map_err(malformed)? {
        return Ok(character);
    }
    match &**reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(NotConverted::Forbidden("an entity")),
    }
}

/// Adds text to the innermost element; around the root there is only space.
fn push(open: &mut [Element], text: &str) -> Result<(), NotConverted> {
    match open.last_mut() {
        Some(element) => element.push_text(text),
        None if text.trim().is_empty() => {}
        None => return Err(malformed("text outside the root")),
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn malformed(reason: impl ToString) -> NotConverted {
    NotConverted::Malformed(reason.to_string())
}

#[cfg(test)]
mod tests;
