//! What a template changes about the request or answer beside the body.

/// `$context.requestOverride` and `$context.responseOverride` after a template
/// has run. They win over parameter mappings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `$context.requestOverride`.
    pub request: RequestOverride,
    /// `$context.responseOverride`.
    pub response: ResponseOverride,
}

/// Names with one or several values; a list in a template makes several.
pub type Multi = Vec<(String, Vec<String>)>;

/// Parts of the integration request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestOverride {
    /// Headers.
    pub header: Multi,
    /// Path parameters.
    pub path: Multi,
    /// Query string parameters.
    pub querystring: Multi,
}

/// Parts of the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseOverride {
    /// Headers.
    pub header: Multi,
    /// The status, if it is an integer from 100 to 599; others are ignored.
    pub status: Option<u16>,
}

impl Overrides {
    /// Whether nothing is overridden.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
