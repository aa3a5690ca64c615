//! Mapping expressions: where a mapped value comes from, and how it is written
//! at its destination.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{ContextVar, Values};

/// Everything but RFC 3986's unreserved characters.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same, with what may stand unencoded inside a path.
const PATH: &AsciiSet = &COMPONENT
    .remove(b'/')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// The same without the slash, for values that clients choose.
const SEGMENT: &AsciiSet = &PATH.add(b'/');

/// Where a mapped value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `'text'`
    Static(HeaderValue),
    /// `method.request.header.x`: the last one.
    Header(HeaderName),
    /// `method.request.multivalueheader.x`: all, joined with commas.
    HeaderList(HeaderName),
    /// `method.request.querystring.x`: the last one.
    Query(Box<str>),
    /// `method.request.multivaluequerystring.x`: all.
    QueryList(Box<str>),
    /// `method.request.path.x`
    Path(Box<str>),
    /// `stageVariables.x`
    StageVariable(Box<str>),
    /// `context.x`
    Context(ContextVar),
    /// Well formed, but without a value in this build or place.
    Nothing,
}

/// A value on its way to a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// As a client or author means it, with its slashes if it is trusted.
    Text {
        /// The decoded text.
        text: Cow<'a, str>,
        /// Written by the API's author and not by the client.
        is_trusted: bool,
    },
    /// Percent-encoded already: a captured part of the request's path.
    Encoded(&'a str),
    /// A whole header.
    Header(&'a HeaderValue),
}

impl Source {
    /// Reads the source of an integration's request parameter.
    ///
    /// # Errors
    /// What the expression is instead, for people.
    pub fn request(expression: &str) -> Result<Self, String> {
        if let Some(rest) = expression.strip_prefix("method.request.") {
            if rest == "body" || rest.starts_with("body.") {
                return Err(format!("{expression}: mapping the body is not in this build"));
            }
            return Self::of_request(rest).ok_or_else(|| invalid(expression));
        }
        Self::anywhere(expression).ok_or_else(|| invalid(expression))
    }

    /// Reads the source of a response parameter where no backend was asked:
    /// there, `integration.response.header.x` has no value.
    ///
    /// # Errors
    /// What the expression is instead, for people.
    pub fn answer(expression: &str) -> Result<Self, String> {
        if let Some(rest) = expression.strip_prefix("integration.response.") {
            if rest.starts_with("header.") || rest.starts_with("multivalueheader.") {
                return Ok(Self::Nothing);
            }
            return Err(format!("{expression}: mapping the body is not in this build"));
        }
        Self::request(expression)
    }

    /// The value for one request; `None` leaves the destination out.
    pub fn value<'a>(&'a self, values: &'a dyn Values) -> Option<Value<'a>> {
        let text = |text, is_trusted| Value::Text { text, is_trusted };
        match self {
            Self::Static(value) => Some(text(Cow::Borrowed(value.to_str().ok()?), true)),
            Self::Header(name) => values.header(name).map(Value::Header),
            Self::HeaderList(name) => values.header_list(name).map(|list| text(list, false)),
            Self::Query(name) => values.query(name).map(|value| text(value, false)),
            Self::QueryList(name) => {
                let mut list: Option<String> = None;
                values.query_list(name, &mut |value| match &mut list {
                    None => list = Some(value.to_owned()),
                    Some(list) => {
                        list.push(',');
                        list.push_str(value);
                    }
                });
                list.map(|list| text(Cow::Owned(list), false))
            }
            Self::Path(name) => values.path(name).map(Value::Encoded),
            Self::StageVariable(name) => {
                values.stage_variable(name).map(|value| text(Cow::Borrowed(value), true))
            }
            Self::Context(variable) => {
                values.context(*variable).map(|value| text(value, is_ours(*variable)))
            }
            Self::Nothing => None,
        }
    }

    fn of_request(rest: &str) -> Option<Self> {
        let (place, name) = rest.split_once('.')?;
        if name.is_empty() {
            return None;
        }
        match place {
            "header" => name.parse().ok().map(Self::Header),
            "multivalueheader" => name.parse().ok().map(Self::HeaderList),
            "querystring" => Some(Self::Query(name.into())),
            "multivaluequerystring" => Some(Self::QueryList(name.into())),
            "path" => Some(Self::Path(name.into())),
            _ => None,
        }
    }

    fn anywhere(expression: &str) -> Option<Self> {
        if let Some(inner) = expression.strip_prefix('\'') {
            let inner = inner.strip_suffix('\'')?;
            return HeaderValue::from_str(inner).ok().map(Self::Static);
        }
        if let Some(name) = expression.strip_prefix("stageVariables.") {
            return (!name.is_empty()).then(|| Self::StageVariable(name.into()));
        }
        let name = expression.strip_prefix("context.").filter(|name| !name.is_empty())?;
        Some(ContextVar::parse(name).map_or(Self::Nothing, Self::Context))
    }
}

impl Value<'_> {
    /// As a header; `None` if it cannot be one, for instance because a client
    /// encoded a line break into it.
    pub fn into_header(self) -> Option<HeaderValue> {
        match self {
            Self::Header(value) => Some(value.clone()),
            Self::Text { text, .. } => HeaderValue::from_str(&text).ok(),
            Self::Encoded(text) => {
                let decoded: Cow<'_, [u8]> = percent_decode_str(text).into();
                HeaderValue::from_bytes(&decoded).ok()
            }
        }
    }

    /// Writes it as the value of a query parameter.
    pub fn push_query(&self, out: &mut Vec<u8>) {
        match self {
            Self::Header(value) => {
                push_encoded(out, &String::from_utf8_lossy(value.as_bytes()), COMPONENT);
            }
            Self::Text { text, .. } => push_encoded(out, text, COMPONENT),
            // A slash or an `=` may stand in a query; an `&` or `+` would
            // change its meaning.
            Self::Encoded(text) => {
                push_encoded(out, &percent_decode_str(text).decode_utf8_lossy(), COMPONENT);
            }
        }
    }

    /// Writes it into a path. What clients choose stays inside one segment,
    /// and is left out if it would climb (`.`, `..`); what the router captured
    /// goes on as it came.
    pub fn push_path(&self, out: &mut Vec<u8>) {
        let mut client = |text: &str| {
            if !matches!(text, "." | "..") {
                push_encoded(out, text, SEGMENT);
            }
        };
        match self {
            Self::Header(value) => client(&String::from_utf8_lossy(value.as_bytes())),
            Self::Text { text, is_trusted: false } => client(text),
            Self::Text { text, is_trusted: true } => push_encoded(out, text, PATH),
            Self::Encoded(text) => out.extend_from_slice(text.as_bytes()),
        }
    }
}

/// Percent-encodes a name for use in a query string.
pub(crate) fn encode_query_name(name: &str) -> Box<str> {
    utf8_percent_encode(name, COMPONENT).to_string().into()
}

fn push_encoded(out: &mut Vec<u8>, text: &str, set: &'static AsciiSet) {
    for part in utf8_percent_encode(text, set) {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Whether the gateway alone decides the variable's text.
fn is_ours(variable: ContextVar) -> bool {
    !matches!(
        variable,
        ContextVar::Path
            | ContextVar::UserAgent
            | ContextVar::DomainName
            | ContextVar::DomainPrefix
    )
}

fn invalid(expression: &str) -> String {
    format!("{expression:?} is not a mapping expression")
}
