//! What can be wrong with a declared API.

use std::fmt;

/// What a fault does to a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// Cannot be deployed.
    Fatal,
    /// Deploys, and what it touches answers with AWS's run-time error.
    Poisoned,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fault {
    /// What it does.
    pub kind: FaultKind,
    /// A verb with its path such as `GET /pets/{id}`, or a part of the API
    /// such as `gateway response THROTTLED`; empty for the API as a whole.
    pub place: String,
    /// Why, for people. AWS's text where AWS has one.
    pub reason: String,
}

impl Fault {
    /// A fault that cannot be deployed.
    pub fn fatal(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { kind: FaultKind::Fatal, place: place.into(), reason: reason.into() }
    }

    /// A fault that answers with an error at run time.
    pub fn poisoned(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { kind: FaultKind::Poisoned, place: place.into(), reason: reason.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            f.write_str(&self.reason)
        } else {
            write!(f, "{}: {}", self.place, self.reason)
        }
    }
}
