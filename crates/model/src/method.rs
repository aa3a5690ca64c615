//! The verbs of a REST API.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A verb that a resource can carry; `ANY` stands for the seven others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the verbs of HTTP need no words")]
pub enum HttpMethod {
    Get,
    Put,
    Post,
    Delete,
    Patch,
    Options,
    Head,
    /// Matches every verb that the resource does not name itself.
    Any,
}

/// A text that is none of the eight verbs. The message is AWS's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"
)]
pub struct InvalidHttpMethod;

impl HttpMethod {
    /// Every verb, `ANY` last.
    pub const ALL: [Self; 8] = [
        Self::Get,
        Self::Put,
        Self::Post,
        Self::Delete,
        Self::Patch,
        Self::Options,
        Self::Head,
        Self::Any,
    ];

    /// The verb in upper case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Patch => "PATCH",
            Self::Options => "OPTIONS",
            Self::Head => "HEAD",
            Self::Any => "ANY",
        }
    }
}

impl fmt::Display for HttpMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for HttpMethod {
    type Err = InvalidHttpMethod;

    /// Reads the verb as AWS does: upper case only.
    fn from_str(text: &str) -> Result<Self, InvalidHttpMethod> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == text).ok_or(InvalidHttpMethod)
    }
}
