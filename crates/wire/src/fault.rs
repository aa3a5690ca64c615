//! What is wrong with a request, in AWS's terms.

/// The exceptions of AWS's management API that a request can meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// 400 `BadRequestException`.
    BadRequest,
    /// 404 `NotFoundException`.
    NotFound,
    /// 409 `ConflictException`.
    Conflict,
    /// 429 `LimitExceededException`.
    LimitExceeded,
    /// 400 `ValidationException`: an enumeration or a required member.
    Validation,
    /// 400 `SerializationException`: a wrong JSON type.
    Serialization,
    /// 413 `RequestEntityTooLargeException`.
    TooLarge,
}

impl FaultKind {
    /// The exception's name, as in `x-amzn-ErrorType`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::BadRequest => "BadRequestException",
            Self::NotFound => "NotFoundException",
            Self::Conflict => "ConflictException",
            Self::LimitExceeded => "LimitExceededException",
            Self::Validation => "ValidationException",
            Self::Serialization => "SerializationException",
            Self::TooLarge => "RequestEntityTooLargeException",
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest | Self::Validation | Self::Serialization => 400,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::LimitExceeded => 429,
        }
    }
}

/// An exception with its message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// Which exception.
    pub kind: FaultKind,
    /// AWS's text.
    pub message: String,
}

impl Fault {
    /// A `BadRequestException`.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self { kind: FaultKind::BadRequest, message: message.into() }
    }

    /// A `NotFoundException`.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { kind: FaultKind::NotFound, message: message.into() }
    }

    /// A `ConflictException`.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self { kind: FaultKind::Conflict, message: message.into() }
    }

    /// A `SerializationException`.
    pub fn serialization(message: impl Into<String>) -> Self {
        Self { kind: FaultKind::Serialization, message: message.into() }
    }

    /// A `ValidationException` over all violations found.
    pub fn validation(violations: &[String]) -> Self {
        let noun = if violations.len() == 1 { "error" } else { "errors" };
        let message =
            format!("{} validation {noun} detected: {}", violations.len(), violations.join("; "));
        Self { kind: FaultKind::Validation, message }
    }

    /// What a violation found elsewhere makes of this fault: one exception
    /// names all violations, and anything else goes before it.
    #[must_use]
    pub fn and_violation(self, violation: &str) -> Self {
        let known = self.message.split_once(" validation ").and_then(|(count, rest)| {
            let (_, texts) = rest.split_once(" detected: ")?;
            Some((count.parse::<usize>().ok()?, texts))
        });
        match known.filter(|_| self.kind == FaultKind::Validation) {
            Some((count, texts)) => Self {
                kind: self.kind,
                message: format!(
                    "{} validation errors detected: {texts}; {violation}",
                    count.saturating_add(1)
                ),
            },
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_are_counted_together() {
        let one = Fault::validation(&["a".to_owned()]).and_violation("b");
        assert_eq!(one, Fault::validation(&["a".to_owned(), "b".to_owned()]));
        let two = one.and_violation("c");
        assert_eq!(two.message, "3 validation errors detected: a; b; c");
        let other = Fault::serialization("1 validation error detected: x");
        assert_eq!(other.clone().and_violation("b"), other);
    }
}
