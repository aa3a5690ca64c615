//! Values out of bodies, for parameter mappings.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use gw_template::{Document, JsonPath, PathError};

use super::bad_request;
use crate::{GatewayError, Values};

/// What a mapping reads from a body.
#[derive(Debug, Clone)]
pub struct BodyPath {
    /// As written behind `body`; empty for the whole.
    text: Box<str>,
    /// `None` for the whole.
    path: Option<JsonPath>,
    /// What is read from the JSON that the text of `errorMessage` holds, where
    /// the path leads there.
    inside_message: Option<JsonPath>,
}

impl PartialEq for BodyPath {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.inside_message.is_some() == other.inside_message.is_some()
    }
}

impl Eq for BodyPath {}

impl BodyPath {
    /// Reads what stands behind `method.request.`; `None` if that is no body.
    pub(crate) fn request(expression: &str) -> Option<Result<Self, PathError>> {
        let rest = expression.strip_prefix("body")?;
        match rest.bytes().next() {
            None => Some(Ok(Self { text: "".into(), path: None, inside_message: None })),
            Some(b'.' | b'[') if rest.len() > 1 => Some(Self::of(rest)),
            Some(_) => None,
        }
    }

    /// Reads what stands behind `integration.response.`; `None` if that is no
    /// body. A failed Lambda function puts what it throws into `errorMessage`
    /// as text; a path goes on inside it.
    pub(crate) fn response(expression: &str) -> Option<Result<Self, PathError>> {
        let mut read = Self::request(expression)?;
        if let Ok(path) = &mut read
            && let Some(inside) = path.text.strip_prefix(".errorMessage")
            && inside.starts_with(['.', '['])
        {
            path.inside_message = JsonPath::parse(&format!("${inside}")).ok();
        }
        Some(read)
    }

    fn of(rest: &str) -> Result<Self, PathError> {
        let path = JsonPath::parse(&format!("${rest}"))?;
        Ok(Self { text: rest.into(), path: Some(path), inside_message: None })
    }
}

/// A body that mappings read from. It stays on its thread.
pub(super) struct ReadBody<'a> {
    text: Cow<'a, str>,
    /// `None` where the body does not look like JSON; then only the whole has
    /// a value.
    document: Option<Document>,
    /// Where the paths to `errorMessage` lead, if they lead to JSON.
    message: Option<Document>,
}

impl<'a> ReadBody<'a> {
    /// An empty body is `{}`; what does not begin as JSON is plain text.
    ///
    /// # Errors
    /// It begins as JSON and is none: what stands where it should not.
    pub(super) fn read(body: &'a Bytes) -> Result<Self, String> {
        let text = match String::from_utf8_lossy(body) {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
            Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_owned()),
        };
        let text = if text.is_empty() { Cow::Borrowed("{}") } else { text };
        let is_json = text.starts_with(['{', '[', '"', '\'']);
        let document = is_json.then(|| Document::parse(&text)).transpose()?;
        Ok(Self { text, document, message: None })
    }

    /// Looks into the text of `errorMessage` too.
    pub(super) fn with_message(mut self) -> Self {
        if let (Some(document), Ok(path)) = (&self.document, JsonPath::parse("$.errorMessage"))
            && let Ok(Some(message)) = path.eval(document)
        {
            self.message = message.as_str().and_then(|text| Document::parse(text).ok());
        }
        self
    }

    pub(super) fn value(&self, path: &BodyPath) -> Option<Cow<'_, str>> {
        let Some(whole) = &path.path else { return Some(Cow::Borrowed(&self.text)) };
        let found = match (&path.inside_message, &self.message) {
            (Some(inside), Some(message)) => inside.eval(message),
            _ => whole.eval(self.document.as_ref()?),
        };
        let found = found.ok()??;
        match found.as_str() {
            Some(text) => Some(Cow::Owned(text.to_owned())),
            None if found.is_null() => None,
            None => Some(Cow::Owned(found.json())),
        }
    }
}

/// The values of a request together with its body. It stays on its thread.
pub struct WithBody<'a> {
    values: &'a dyn Values,
    body: ReadBody<'a>,
}

impl<'a> WithBody<'a> {
    /// Reads the body.
    ///
    /// # Errors
    /// AWS's 400: it is no JSON.
    pub fn read(values: &'a dyn Values, body: &'a Bytes) -> Result<Self, GatewayError> {
        match ReadBody::read(body) {
            Ok(body) => Ok(Self { values, body }),
            Err(reason) => Err(bad_request("Invalid JSON in request body")
                .with_log(format!("Execution failed: the request's body is no JSON: {reason}"))),
        }
    }
}

impl Values for WithBody<'_> {
    fn inner(&self) -> Option<&dyn Values> {
        Some(self.values)
    }

    fn body(&self, path: &BodyPath) -> Option<Cow<'_, str>> {
        self.body.value(path)
    }
}

/// Values that were read from a client's body; unlike [`WithBody`] they can
/// change threads.
#[derive(Debug)]
pub struct Picked(Vec<Value>);

/// What a path leads to.
type Value = (Arc<BodyPath>, Option<Box<str>>);

impl Picked {
    /// Reads what `paths` lead to.
    ///
    /// # Errors
    /// AWS's 400: it is no JSON.
    pub fn read(paths: &[Arc<BodyPath>], body: &Bytes) -> Result<Self, GatewayError> {
        let values = WithBody::read(&Nothing, body)?;
        let pick = |path: &Arc<BodyPath>| {
            let value = Values::body(&values, path).map(|text| text.into_owned().into());
            (Arc::clone(path), value)
        };
        Ok(Self(paths.iter().map(pick).collect()))
    }

    /// They, and all else that `values` know.
    pub fn over<'a>(&'a self, values: &'a dyn Values) -> impl Values + 'a {
        Over { values, picked: self }
    }
}

/// Nothing is known but the body.
struct Nothing;

impl Values for Nothing {}

struct Over<'a> {
    values: &'a dyn Values,
    picked: &'a Picked,
}

impl Values for Over<'_> {
    fn inner(&self) -> Option<&dyn Values> {
        Some(self.values)
    }

    fn body(&self, path: &BodyPath) -> Option<Cow<'_, str>> {
        let (_, value) = self.picked.0.iter().find(|(known, _)| **known == *path)?;
        value.as_deref().map(Cow::Borrowed)
    }
}
