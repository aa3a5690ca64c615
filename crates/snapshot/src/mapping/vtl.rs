//! What a template sees of a request.

use std::{borrow::Cow, cell::OnceCell};

use gw_template::{Leaf, Overrides, Place, Source};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use crate::{ContextKind, ContextVar, Values};

/// The values of one request, as templates ask for them.
pub(super) struct TemplateValues<'a> {
    values: &'a dyn Values,
    body: &'a str,
    /// Set for the templates of answers.
    answer: Option<Answer<'a>>,
    query: OnceCell<Vec<(String, String)>>,
    path: OnceCell<Vec<(String, String)>>,
    header: OnceCell<Vec<(String, String)>>,
}

/// What is known once the integration has answered.
#[derive(Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) overrides: &'a Overrides,
}

impl<'a> TemplateValues<'a> {
    pub(super) fn new(values: &'a dyn Values, body: &'a str, answer: Option<Answer<'a>>) -> Self {
        let (query, path, header) = Default::default();
        Self { values, body, answer, query, path, header }
    }

    fn queries(&self) -> &[(String, String)] {
        self.query.get_or_init(|| {
            let mut all = Vec::new();
            self.values.queries(&mut |name, value| all.push((name.to_owned(), value.to_owned())));
            all
        })
    }

    fn paths(&self) -> &[(String, String)] {
        self.path.get_or_init(|| {
            let mut all = Vec::new();
            self.values.paths(&mut |name, value| {
                let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
                all.push((name.to_owned(), value));
            });
            all
        })
    }

    fn headers(&self) -> &[(String, String)] {
        self.header.get_or_init(|| {
            let mut all = Vec::new();
            self.values.headers(&mut |name, value| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                all.push((name.to_owned(), value));
            });
            all
        })
    }

    fn variable(&self, variable: ContextVar) -> Option<Leaf<'_>> {
        let value = match (variable, &self.answer) {
            (ContextVar::AwsEndpointRequestId, Some(answer)) => endpoint_request_id(answer.headers),
            _ => self.values.context(variable),
        };
        match (variable.kind(), value) {
            (ContextKind::Null, None) => Some(Leaf::Null),
            (ContextKind::Text | ContextKind::Null, value) => value.map(Leaf::Text),
            (ContextKind::Integer, value) => value?.parse().ok().map(Leaf::Integer),
            (ContextKind::Bool, value) => value.map(|value| Leaf::Bool(value == "true")),
        }
    }
}

/// The request id that a service of AWS answers with.
fn endpoint_request_id(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let id = headers.get("x-amzn-requestid").or_else(|| headers.get("x-amz-request-id"))?;
    Some(String::from_utf8_lossy(id.as_bytes()))
}

fn text_of(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}

/// The last value of a name.
fn last(all: &[(String, String)], is: impl Fn(&str) -> bool) -> Option<&str> {
    all.iter().rev().find(|(name, _)| is(name)).map(|(_, value)| value.as_str())
}

impl Source for TemplateValues<'_> {
    fn body(&self) -> &str {
        self.body
    }

    fn parameter(&self, place: Place, name: &str) -> Option<&str> {
        match place {
            Place::Path => match self.values.path(name)? {
                plain if !plain.contains('%') => Some(plain),
                _ => last(self.paths(), |known| known == name),
            },
            Place::QueryString => last(self.queries(), |known| known == name),
            Place::Header => {
                let header = HeaderName::from_bytes(name.as_bytes()).ok()?;
                let value = self.values.header(&header)?;
                text_of(value)
                    .or_else(|| last(self.headers(), |known| known.eq_ignore_ascii_case(name)))
            }
        }
    }

    fn parameters(&self, place: Place, each: &mut dyn FnMut(&str, &str)) {
        match place {
            Place::Path => self.paths().iter().for_each(|(name, value)| each(name, value)),
            Place::QueryString => self.values.queries(each),
            Place::Header => self.values.headers(&mut |name, value| {
                each(name, &String::from_utf8_lossy(value.as_bytes()));
            }),
        }
    }

    fn stage_variable(&self, name: &str) -> Option<&str> {
        self.values.stage_variable(name)
    }

    fn stage_variables(&self, each: &mut dyn FnMut(&str, &str)) {
        self.values.stage_variables(each);
    }

    fn context(&self, path: &[&str]) -> Option<Leaf<'_>> {
        let variable = match path {
            [one] => ContextVar::parse(one),
            [one, two] => {
                // No name is longer than this.
                let mut joined = [0_u8; 64];
                let length = one.len() + 1 + two.len();
                let joined = joined.get_mut(..length)?;
                joined[..one.len()].copy_from_slice(one.as_bytes());
                joined[one.len()] = b'.';
                joined[one.len() + 1..].copy_from_slice(two.as_bytes());
                ContextVar::parse(std::str::from_utf8(joined).ok()?)
            }
            _ => None,
        };
        self.variable(variable?)
    }

    fn is_context_map(&self, path: &[&str]) -> bool {
        // The only maps, but for the overrides, which the engine keeps.
        matches!(path, ["identity" | "error"])
    }

    fn context_values(&self, each: &mut dyn FnMut(&[&str], Leaf<'_>)) {
        for variable in ContextVar::ALL {
            let Some(leaf) = self.variable(*variable) else { continue };
            match variable.as_str().split_once('.') {
                None => each(&[variable.as_str()], leaf),
                Some((map, name)) => each(&[map, name], leaf),
            }
        }
    }

    fn overrides(&self) -> Option<&Overrides> {
        self.answer.as_ref().map(|answer| answer.overrides)
    }
}
