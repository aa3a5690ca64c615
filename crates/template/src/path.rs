//! JSONPath in the dialect of Jayway's Java library.
//!
//! A path is *definite* when it can find one value only; reading it gives that
//! value or nothing. An indefinite path (`..`, `*`, slices, unions, filters)
//! gives a list, perhaps empty.

mod eval;
mod filter;
mod function;
mod parse;
mod predicate;

use std::sync::Arc;

use crate::{
    json,
    value::{Printer, Value},
};

/// Why a path cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The expression is not a path.
    #[error("invalid JSONPath at position {at}: {message}")]
    Syntax {
        /// Byte offset into the expression.
        at: usize,
        /// What is wrong there.
        message: String,
    },
    /// A step or function met what it cannot be applied to.
    #[error("{0}")]
    Function(String),
    /// The path looks at more values than one reading may.
    #[error("the JSONPath takes too much work")]
    TooMuch,
}

/// A parsed path.
#[derive(Debug, Clone)]
pub struct JsonPath {
    /// Whether it starts at the document (`$`) or at the filter's item (`@`).
    pub(crate) from_root: bool,
    pub(crate) tokens: Vec<Token>,
}

#[derive(Debug, Clone)]
pub(crate) enum Token {
    /// `.a`, `['a']`, `['a','b']`.
    Properties(Vec<Arc<str>>),
    /// `[1]`, `[1,2]`.
    Indexes(Vec<i64>),
    Slice {
        from: Option<i64>,
        to: Option<i64>,
    },
    Wildcard,
    Scan,
    /// `[(@.length-1)]`.
    FromEnd(i64),
    Filter(filter::Filter),
    Function {
        name: function::Function,
        arguments: Vec<function::Argument>,
    },
}

impl JsonPath {
    /// Parses a path; without `$` or `@` in front it is read as `$.path`.
    ///
    /// # Errors
    /// [`PathError::Syntax`] with the place.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        parse::path(text)
    }

    /// Whether the path can find one value only.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        self.tokens.iter().all(Token::is_definite)
    }

    /// Reads from a document: none when a definite path finds nothing.
    ///
    /// # Errors
    /// A function failed, or the path took too much work.
    pub fn eval(&self, document: &Document) -> Result<Option<Document>, PathError> {
        let mut work = 0;
        Ok(self.read(&document.0, &mut work)?.map(Document))
    }

    pub(crate) fn read(&self, root: &Value, work: &mut usize) -> Result<Option<Value>, PathError> {
        eval::read(self, root, root, work)
    }
}

impl Token {
    fn is_definite(&self) -> bool {
        match self {
            Self::Indexes(indexes) => indexes.len() == 1,
            Self::Properties(_) | Self::FromEnd(_) | Self::Function { .. } => true,
            Self::Slice { .. } | Self::Wildcard | Self::Scan | Self::Filter(_) => false,
        }
    }
}

/// A JSON document, or what a path found in one. It stays on its thread.
#[derive(Debug, Clone)]
pub struct Document(pub(crate) Value);

/// How deep and how large a document may be printed.
const MAX_DEPTH: usize = 128;
const MAX_BYTES: usize = 64 << 20;

impl Document {
    /// Reads JSON, at most 100 levels deep.
    ///
    /// # Errors
    /// What stands where it should not, in English.
    pub fn parse(text: &str) -> Result<Self, String> {
        json::parse(text).map(Self)
    }

    /// The value as compact JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let mut text = String::new();
        // A parsed document is within both bounds.
        let _ = json::write(&self.0, json::Style::Plain, &mut text, MAX_BYTES, 0, MAX_DEPTH);
        text
    }

    /// The value as Java's `toString` prints it; null is the word `null`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut printer = Printer { out: &mut text, limit: MAX_BYTES, max_depth: MAX_DEPTH };
        let _ = printer.print(&self.0, 0);
        text
    }

    /// Whether this is JSON's null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_text().map(|text| &**text)
    }

    /// The entries, if this is an array.
    #[must_use]
    pub fn items(&self) -> Option<Vec<Document>> {
        match &self.0 {
            Value::List(list) => Some(list.items.borrow().iter().cloned().map(Self).collect()),
            _ => None,
        }
    }
}
