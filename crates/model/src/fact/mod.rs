//! Facts: what nodes hold beside stages, such as API keys and certificates.
//!
//! A fact has a name and a content, the JSON of a type in this module. Facts
//! need no vote: nodes take them in log order, as they are committed.

mod api_key;
mod client_certificate;
mod domain;
mod usage_plan;
mod vpc_link;

use std::{fmt, str::FromStr};

pub use api_key::{ApiKeyFact, HashKeyFact, KeyHash, KeyHasher};
pub use client_certificate::ClientCertificateFact;
pub use domain::{DomainCertificate, DomainFact};
pub use usage_plan::UsagePlanFact;
pub use vpc_link::VpcLinkFact;

use crate::Scope;

/// The name of one fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactName {
    /// A custom domain. Names are global, as they are to a listener.
    Domain(String),
    /// An API key, by its id.
    ApiKey(Scope, String),
    /// A usage plan, by its id.
    UsagePlan(Scope, String),
    /// A client certificate, by its id.
    ClientCertificate(Scope, String),
    /// A VPC link, by its id.
    VpcLink(Scope, String),
    /// The fleet-wide key of a keyed hash, by what is hashed.
    HashKey(String),
}

impl FactName {
    /// The hash key under which values of API keys are recognised.
    pub fn api_key_hash() -> Self {
        Self::HashKey("api-key".to_owned())
    }
}

impl fmt::Display for FactName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(name) => write!(f, "domain/{name}"),
            Self::ApiKey(scope, id) => write!(f, "api-key/{scope}/{id}"),
            Self::UsagePlan(scope, id) => write!(f, "usage-plan/{scope}/{id}"),
            Self::ClientCertificate(scope, id) => write!(f, "client-certificate/{scope}/{id}"),
            Self::VpcLink(scope, id) => write!(f, "vpc-link/{scope}/{id}"),
            Self::HashKey(purpose) => write!(f, "hash-key/{purpose}"),
        }
    }
}

/// A text that names no kind of fact that this build knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a fact")]
pub struct UnknownFact;

impl FromStr for FactName {
    type Err = UnknownFact;

    fn from_str(text: &str) -> Result<Self, UnknownFact> {
        let (kind, rest) = text.split_once('/').ok_or(UnknownFact)?;
        let word = || match rest {
            "" => Err(UnknownFact),
            word if word.contains('/') => Err(UnknownFact),
            word => Ok(word.to_owned()),
        };
        let scoped = || {
            let parts: Vec<&str> = rest.split('/').collect();
            match parts[..] {
                [account, region, id] if parts.iter().all(|part| !part.is_empty()) => {
                    Ok((Scope::new(account, region), id.to_owned()))
                }
                _ => Err(UnknownFact),
            }
        };
        match kind {
            "domain" => word().map(Self::Domain),
            "api-key" => scoped().map(|(scope, id)| Self::ApiKey(scope, id)),
            "usage-plan" => scoped().map(|(scope, id)| Self::UsagePlan(scope, id)),
            "client-certificate" => scoped().map(|(scope, id)| Self::ClientCertificate(scope, id)),
            "vpc-link" => scoped().map(|(scope, id)| Self::VpcLink(scope, id)),
            "hash-key" => word().map(Self::HashKey),
            _ => Err(UnknownFact),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for text in [
            "domain/api.example.com",
            "domain/*.example.com",
            "api-key/000000000000/us-east-1/a1b2c3d4e5",
            "usage-plan/000000000000/us-east-1/abc123",
            "client-certificate/000000000000/us-east-1/abc123",
            "vpc-link/000000000000/us-east-1/abc123",
            "hash-key/api-key",
        ] {
            assert_eq!(text.parse::<FactName>().unwrap().to_string(), text);
        }
        for text in ["", "domain", "domain/", "api-key/a/b", "api-key/a//c", "vpc-link/a/b/c/d"] {
            assert_eq!(text.parse::<FactName>(), Err(UnknownFact), "{text}");
        }
    }
}
