//! Mapping expressions: what a parameter may be set to, and from what.

use super::{Checked, validation_result};
use crate::name::is_parameter_name;

/// A text that is no mapping expression.
pub(super) fn invalid(expression: &str) -> String {
    framed(&format!("Invalid mapping expression specified: {expression}"))
}

/// AWS's text for a parameter that a mapping names and the method does not declare.
pub fn undeclared(parameter: &str) -> String {
    framed(&format!("Invalid mapping expression parameter specified: {parameter}"))
}

fn framed(error: &str) -> String {
    format!("Invalid mapping expression specified: {}", validation_result(error))
}

fn invalid_name() -> String {
    framed("Parameter name should match the following regular expression: ^[a-zA-Z0-9._$-]+$")
}

/// `{prefix}{place}.{name}` with one of the places; the name comes back.
///
/// # Errors
/// When the text has another form, or the name forbidden characters.
pub(super) fn parameter<'a>(
    text: &'a str,
    prefix: &str,
    places: &[&str],
) -> Result<&'a str, String> {
    let name = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.split_once('.'))
        .filter(|(place, _)| places.contains(place))
        .map(|(_, name)| name)
        .ok_or_else(|| invalid(text))?;
    if is_parameter_name(name) { Ok(name) } else { Err(invalid_name()) }
}

/// What a backend's parameter may be set to.
pub(super) fn request_source(source: &str) -> Checked {
    let places = ["header", "querystring", "path", "multivalueheader", "multivaluequerystring"];
    source_of(source, "method.request.", &places)
}

/// What a gateway response's header may be set to: as a backend's parameter,
/// and to a parameter from wherever it is, as AWS's guide has it.
pub(super) fn refusal_source(source: &str) -> Checked {
    match source.strip_prefix("method.input.params.") {
        Some(name) if is_parameter_name(name) => Ok(()),
        _ => request_source(source),
    }
}

/// What a client's header may be set to.
pub(super) fn response_source(source: &str) -> Checked {
    source_of(source, "integration.response.", &["header", "multivalueheader"])
}

fn source_of(source: &str, prefix: &str, places: &[&str]) -> Checked {
    let fine = match source.strip_prefix(prefix) {
        None => is_common(source),
        Some(rest) => {
            is_body(rest)
                || rest
                    .split_once('.')
                    .is_some_and(|(place, name)| places.contains(&place) && is_parameter_name(name))
        }
    };
    if fine { Ok(()) } else { Err(invalid(source)) }
}

/// `body`, or `body.` and a path into it.
fn is_body(rest: &str) -> bool {
    rest.strip_prefix("body").is_some_and(|path| {
        path.is_empty() || path.len() > 1 && (path.starts_with('.') || path.starts_with('['))
    })
}

/// A static text, a stage variable or a context variable.
fn is_common(source: &str) -> bool {
    let quoted = source.len() >= 2 && source.starts_with('\'') && source.ends_with('\'');
    let named = |prefix| {
        source
            .strip_prefix(prefix)
            .is_some_and(|name| !name.is_empty() && !name.contains(char::is_whitespace))
    };
    quoted || named("stageVariables.") || named("context.")
}
