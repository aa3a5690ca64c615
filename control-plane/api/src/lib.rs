//! The admin API: AWS's management API of version 1 at the root, and what
//! AWS has no call for below `/gatewright/v1/`.
//!
//! A handler extracts, calls one use case of `gw-app`, converts. [`router()`]
//! is the table of contents. Every request passes one front door
//! (`front.rs`): request id, size limit, authentication, then the route.

mod auth;
mod aws;
mod error;
mod extract;
mod front;
mod hal;
mod own;
mod router;

use std::sync::Arc;

use gw_app::App;
use gw_model::{AccountId, ApiId, Region};

pub use router::{OPERATIONS, Operation, router};

/// Which region a call acts in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegionRule {
    /// The one that the caller signed for, as at AWS.
    PerSignature,
    /// Always this one; signatures for others are refused.
    Fixed(Region),
}

impl RegionRule {
    /// Where calls act that carry no region: bearer tokens without
    /// [`REGION_HEADER`].
    pub const DEFAULT_REGION: &'static str = "us-east-1";

    /// Reads the flag: `per-signature`, or a region's name.
    pub fn parse(text: &str) -> Self {
        match text {
            "" | "per-signature" => Self::PerSignature,
            name => Self::Fixed(Region::new(name)),
        }
    }
}

/// The header by which a caller with a bearer token names a region.
pub const REGION_HEADER: &str = "x-gatewright-region";

/// What an installation sets.
#[derive(Debug, Clone)]
pub struct Config {
    /// The account of all callers.
    pub account: AccountId,
    /// Which region a call acts in.
    pub region: RegionRule,
    /// The SHA-256 of the fleet CA's certificate in hex, for join tokens.
    pub ca_sha256: String,
    /// That certificate, PEM.
    pub ca_pem: String,
    /// The name of this replica.
    pub replica: String,
    /// Where clients reach the nodes.
    pub traffic_url: TrafficUrl,
}

/// Where clients reach the nodes: APIs answer one label pair below the host,
/// at `{scheme}://{api-id}.execute-api.{host}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficUrl {
    /// `http` or `https`.
    pub scheme: String,
    /// The host, with its port unless that is the scheme's own.
    pub host: String,
}

impl TrafficUrl {
    /// Reads `http(s)://HOST[:PORT]`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, host) = text.trim_end_matches('/').split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let fine = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        let known = ["http", "https"].contains(&scheme.as_str());
        (known && !host.is_empty() && !host.starts_with(':') && host.chars().all(fine))
            .then(|| Self { scheme, host: host.to_ascii_lowercase() })
    }

    /// The host that an API answers at.
    pub fn host_of(&self, api: &ApiId) -> String {
        format!("{api}.execute-api.{}", self.host)
    }
}

impl Default for TrafficUrl {
    /// The port of `gwctl up` on this machine.
    fn default() -> Self {
        Self { scheme: "http".to_owned(), host: "localhost:8080".to_owned() }
    }
}

/// What handlers share.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) app: App,
    pub(crate) config: Config,
}

pub(crate) type Shared = Arc<Api>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_urls() {
        let table = [
            ("http://localhost:8080", Some("http://a1.execute-api.localhost:8080")),
            ("HTTPS://Gateway.Example/", Some("https://a1.execute-api.gateway.example")),
            ("gateway.example", None),
            ("ftp://gateway.example", None),
            ("http://", None),
            ("http://:80", None),
            ("http://gateway.example/path", None),
        ];
        for (text, expected) in table {
            let found = TrafficUrl::parse(text)
                .map(|url| format!("{}://{}", url.scheme, url.host_of(&ApiId::new("a1"))));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
