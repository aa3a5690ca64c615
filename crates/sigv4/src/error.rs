//! Why a request is not let in, in AWS's words.

/// One variant per exception of AWS's front end; the text is the message that
/// AWS puts into the answer's body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The request presents nothing at all.
    #[error("Missing Authentication Token")]
    MissingAuthenticationToken,
    /// Parts of the presented signature are absent or malformed.
    #[error("{0}")]
    IncompleteSignature(String),
    /// The signature, its scope or its time is wrong.
    #[error("{0}")]
    InvalidSignature(String),
    /// The access key or the session token is not known.
    #[error("The security token included in the request is invalid.")]
    UnrecognizedClient,
    /// The session token was valid once.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
}

impl Error {
    /// AWS's name of the exception, as in `x-amzn-ErrorType`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::IncompleteSignature(_) => "IncompleteSignatureException",
            Self::InvalidSignature(_) => "InvalidSignatureException",
            Self::UnrecognizedClient => "UnrecognizedClientException",
            Self::ExpiredToken => "ExpiredTokenException",
        }
    }

    /// AWS's answer to a signature that does not match.
    pub(crate) fn mismatch() -> Self {
        Self::InvalidSignature(
            "The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method. \
             Consult the service documentation for details."
                .to_owned(),
        )
    }

    /// A signature for another service than the ones accepted.
    pub fn wrong_service(expected: &str) -> Self {
        Self::InvalidSignature(format!(
            "Credential should be scoped to correct service: '{expected}'."
        ))
    }

    /// A signature for another region than the one served.
    pub fn wrong_region(given: &str) -> Self {
        Self::InvalidSignature(format!(
            "Credential should be scoped to a valid region, not '{given}'."
        ))
    }
}
