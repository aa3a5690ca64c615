//! What a template can see: the request, as its host presents it.

use std::borrow::Cow;

use crate::Overrides;

/// A group of request parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Path parameters.
    Path,
    /// Query string parameters; of repeated ones the last.
    QueryString,
    /// Headers, named as the client sent them; of repeated ones the last.
    Header,
}

/// A single value of `$context`.
#[derive(Debug, Clone, PartialEq)]
pub enum Leaf<'s> {
    /// Text.
    Text(Cow<'s, str>),
    /// A number.
    Integer(i64),
    /// True or false.
    Bool(bool),
    /// There, but null: prints as nothing.
    Null,
}

/// The values of one request. No call may block or do I/O.
pub trait Source {
    /// `$input.body`: in a request template the client's payload, in a response
    /// template the integration's. Empty reads as `{}`.
    fn body(&self) -> &str {
        ""
    }

    /// `$input.params(name)` in one place.
    fn parameter(&self, place: Place, name: &str) -> Option<&str> {
        let _ = (place, name);
        None
    }

    /// Calls `each` for every parameter of a place, in the order they print.
    fn parameters(&self, place: Place, each: &mut dyn FnMut(&str, &str)) {
        let _ = (place, each);
    }

    /// `$stageVariables.name`.
    fn stage_variable(&self, name: &str) -> Option<&str> {
        let _ = name;
        None
    }

    /// Calls `each` for every stage variable.
    fn stage_variables(&self, each: &mut dyn FnMut(&str, &str)) {
        let _ = each;
    }

    /// `$context.a.b` for the path `["a", "b"]`; none where nothing is or where
    /// a map is.
    fn context(&self, path: &[&str]) -> Option<Leaf<'_>> {
        let _ = path;
        None
    }

    /// Whether `$context.a.b` is a map: something is below it, or may be. Asked
    /// where [`Source::context`] gives none, before all values are looked at.
    fn is_context_map(&self, path: &[&str]) -> bool {
        let _ = path;
        true
    }

    /// Calls `each` for every value of `$context`, for templates that look at
    /// more than single values.
    fn context_values(&self, each: &mut dyn FnMut(&[&str], Leaf<'_>)) {
        let _ = each;
    }

    /// What an earlier template of the same request has overridden.
    fn overrides(&self) -> Option<&Overrides> {
        None
    }
}

/// A request without anything in it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Empty;

impl Source for Empty {}
