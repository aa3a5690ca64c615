//! Why a document is refused, in AWS's words.

use std::fmt;

/// Every fault of a document, and the warnings met on the way. Its text is
/// the message of AWS's `BadRequestException`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportErrors {
    /// What kind of refusal this is.
    pub kind: Refusal,
    /// The faults, in document order; empty when only warnings refuse.
    pub errors: Vec<String>,
    /// The warnings.
    pub warnings: Vec<String>,
}

/// The three ways to refuse a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Not JSON, not YAML, or no OpenAPI document; `errors` holds the place.
    Unreadable,
    /// The document breaks rules.
    Invalid,
    /// There are only warnings, and the caller asked to fail on them.
    Warnings,
}

impl ImportErrors {
    pub(crate) fn unreadable(place: impl Into<String>) -> Self {
        Self { kind: Refusal::Unreadable, errors: vec![place.into()], warnings: Vec::new() }
    }

    pub(crate) fn invalid(errors: Vec<String>, warnings: Vec<String>) -> Self {
        Self { kind: Refusal::Invalid, errors, warnings }
    }

    pub(crate) fn warned(warnings: Vec<String>) -> Self {
        Self { kind: Refusal::Warnings, errors: Vec::new(), warnings }
    }
}

impl fmt::Display for ImportErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Refusal::Unreadable => {
                f.write_str("Invalid OpenAPI input.")?;
                self.errors.iter().try_for_each(|place| write!(f, " {place}"))
            }
            Refusal::Invalid => {
                f.write_str("Errors found during import:")?;
                lines(f, &self.errors)?;
                if self.warnings.is_empty() {
                    return Ok(());
                }
                f.write_str("\nAdditionally, these warnings were found:")?;
                lines(f, &self.warnings)
            }
            Refusal::Warnings => {
                f.write_str("Warnings found during import:")?;
                lines(f, &self.warnings)
            }
        }
    }
}

fn lines(f: &mut fmt::Formatter<'_>, texts: &[String]) -> fmt::Result {
    texts.iter().try_for_each(|text| write!(f, "\n\t{text}"))
}

impl std::error::Error for ImportErrors {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_texts() {
        let both = ImportErrors::invalid(vec!["a".into(), "b".into()], vec!["w".into()]);
        assert_eq!(
            both.to_string(),
            "Errors found during import:\n\ta\n\tb\nAdditionally, these warnings were found:\n\tw"
        );
        let warned = ImportErrors::warned(vec!["w".into()]);
        assert_eq!(warned.to_string(), "Warnings found during import:\n\tw");
        let unreadable = ImportErrors::unreadable("expected value at line 1 column 1");
        assert_eq!(
            unreadable.to_string(),
            "Invalid OpenAPI input. expected value at line 1 column 1"
        );
    }
}
