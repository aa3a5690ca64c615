//! Mapping expressions: where a mapped value comes from, and how it is written
//! at its destination.

use std::{borrow::Cow, sync::Arc};

use http::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{BodyPath, ContextVar, Values};

/// Everything but RFC 3986's unreserved characters.
pub(crate) const COMPONENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

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
    /// `method.input.params.x`: of the path, else of the query, else a header.
    Anywhere(Box<str>, Option<HeaderName>),
    /// `stageVariables.x`
    StageVariable(Box<str>),
    /// `context.x`
    Context(ContextVar),
    /// `method.request.body` or `integration.response.body`, or a part of it.
    Body(Arc<BodyPath>),
    /// `integration.response.header.x`: the last one.
    ResponseHeader(HeaderName),
    /// `integration.response.multivalueheader.x`: all, joined with commas.
    ResponseHeaderList(HeaderName),
    /// A path parameter of the mapped request.
    Mapped(Box<str>),
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
            if let Some(path) = BodyPath::request(rest) {
                return Ok(Self::Body(Arc::new(path.map_err(|e| format!("{expression}: {e}"))?)));
            }
            return Self::of_request(rest).ok_or_else(|| invalid(expression));
        }
        Self::anywhere(expression).ok_or_else(|| invalid(expression))
    }

    /// Reads the source of a gateway response's parameter: as that of a
    /// request, but the body is not to be had.
    ///
    /// # Errors
    /// What the expression is instead, for people.
    pub fn refusal(expression: &str) -> Result<Self, String> {
        if let Some(name) = expression.strip_prefix("method.input.params.") {
            return Ok(Self::Anywhere(name.into(), name.parse().ok()));
        }
        match Self::request(expression)? {
            Self::Body(_) => Err(format!("{expression}: gateway responses do not see the body")),
            source => Ok(source),
        }
    }

    /// Reads the source of a response parameter.
    ///
    /// # Errors
    /// What the expression is instead, for people.
    pub fn answer(expression: &str) -> Result<Self, String> {
        let Some(rest) = expression.strip_prefix("integration.response.") else {
            return Self::refusal(expression);
        };
        if let Some(path) = BodyPath::response(rest) {
            return Ok(Self::Body(Arc::new(path.map_err(|e| format!("{expression}: {e}"))?)));
        }
        let source = rest.split_once('.').and_then(|(place, name)| {
            let name = name.parse().ok()?;
            match place {
                "header" => Some(Self::ResponseHeader(name)),
                "multivalueheader" => Some(Self::ResponseHeaderList(name)),
                _ => None,
            }
        });
        source.ok_or_else(|| invalid(expression))
    }

    /// The value for one request; `None` leaves the destination out.
    pub fn value<'a>(&'a self, values: &'a dyn Values) -> Option<Value<'a>> {
        let text = |text, is_trusted| Value::Text { text, is_trusted };
        match self {
            Self::Static(value) => {
                Some(text(Cow::Borrowed(std::str::from_utf8(value.as_bytes()).ok()?), true))
            }
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
            Self::Anywhere(name, header) => {
                let path = values.path(name).map(Value::Encoded);
                let query = || values.query(name).map(|value| text(value, false));
                let header = || values.header(header.as_ref()?).map(Value::Header);
                path.or_else(query).or_else(header)
            }
            Self::StageVariable(name) => {
                values.stage_variable(name).map(|value| text(Cow::Borrowed(value), true))
            }
            Self::Context(variable) => {
                values.context(*variable).map(|value| text(value, is_ours(*variable)))
            }
            Self::Body(path) => values.body(path).map(|value| text(value, false)),
            Self::ResponseHeader(name) => values.response_header(name).map(Value::Header),
            Self::ResponseHeaderList(name) => {
                values.response_header_list(name).map(|list| text(list, false))
            }
            Self::Mapped(_) | Self::Nothing => None,
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

    /// As text, decoded.
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Header(value) => String::from_utf8_lossy(value.as_bytes()).into_owned(),
            Self::Text { text, .. } => text.into_owned(),
            Self::Encoded(text) => percent_decode_str(text).decode_utf8_lossy().into_owned(),
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
    /// and is left out if it would climb (`..`, `../a`); what the router captured
    /// goes on as it came.
    pub fn push_path(&self, out: &mut Vec<u8>) {
        let mut client = |text: &str| {
            if !climbs(text) {
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

/// Percent-encodes a text that may be several segments of a path; `None` if one
/// of them would climb.
pub(crate) fn encode_path(text: &str) -> Option<String> {
    (!climbs(text)).then(|| utf8_percent_encode(text, PATH).to_string())
}

/// Whether some backend would take a segment of it for `.` or `..`, also one
/// that decodes slashes, reads backslashes as such, or cuts off what follows
/// a `;`.
fn climbs(text: &str) -> bool {
    text.split(['/', '\\']).any(|segment| matches!(segment.split(';').next(), Some("." | "..")))
}

/// Percent-encodes a query parameter, decoding what a path has encoded.
pub(crate) fn push_query_pair(out: &mut Vec<u8>, name: &str, value: &str) {
    push_encoded(out, name, COMPONENT);
    out.push(b'=');
    push_encoded(out, value, COMPONENT);
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
