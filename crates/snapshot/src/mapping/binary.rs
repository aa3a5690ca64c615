//! Which bodies are bytes rather than text.

use http::{HeaderName, header};

use crate::{Values, gateway::media_type};

/// An API's `binaryMediaTypes`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct BinaryMediaTypes(Box<[Box<str>]>);

impl BinaryMediaTypes {
    /// From the declared list.
    pub fn new<T: AsRef<str>>(declared: &[T]) -> Self {
        Self(declared.iter().map(|one| media_type(one.as_ref()).into()).collect())
    }

    /// Whether no body is binary.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether bodies of a media type are binary. Its parameters do not count;
    /// a declared `image/*` stands for all images and `*/*` for everything.
    pub fn matches(&self, text: &str) -> bool {
        let wanted = media_type(text);
        self.0.iter().any(|declared| match declared.strip_suffix("/*") {
            Some("*") => true,
            Some(group) => {
                wanted.split_once('/').is_some_and(|(of, _)| of.eq_ignore_ascii_case(group))
            }
            None => declared.eq_ignore_ascii_case(wanted),
        })
    }

    /// Whether a request's body is binary. Without `Content-Type` it is JSON.
    pub fn of_content_type(&self, values: &dyn Values) -> bool {
        !self.is_empty() && self.matches(content_type(values))
    }

    /// Whether a client wants bytes: only the first media type of `Accept`
    /// counts. Without any it is JSON.
    pub fn of_accept(&self, values: &dyn Values) -> bool {
        !self.is_empty() && self.matches(accept(values))
    }
}

/// The media type of a request's body, without parameters.
pub(crate) fn content_type(values: &dyn Values) -> &str {
    media_type_of(values, &header::CONTENT_TYPE)
}

/// The first media type that a client accepts, without parameters.
pub(super) fn accept(values: &dyn Values) -> &str {
    media_type_of(values, &header::ACCEPT)
}

fn media_type_of<'v>(values: &'v dyn Values, name: &HeaderName) -> &'v str {
    let value = values.header(name).and_then(|value| value.to_str().ok());
    let first = value.and_then(|value| value.split(',').next()).map(media_type);
    first.filter(|media| !media.is_empty()).unwrap_or("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_and_parameters() {
        let types = BinaryMediaTypes::new(&["image/*", "application/octet-stream; a=b"]);
        for (text, expected) in [
            ("image/png", true),
            ("IMAGE/PNG; q=1", true),
            ("image/*", true),
            ("application/octet-stream", true),
            ("application/json", false),
            ("*/*", false),
            ("images/png", false),
            ("", false),
        ] {
            assert_eq!(types.matches(text), expected, "{text}");
        }
        assert!(BinaryMediaTypes::new(&["*/*"]).matches("anything"));
        assert!(!BinaryMediaTypes::default().matches("*/*"));
    }
}
