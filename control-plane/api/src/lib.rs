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
mod own;
mod router;

use std::sync::Arc;

use gw_app::App;
use gw_model::{AccountId, Region};

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
}

/// What handlers share.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) app: App,
    pub(crate) config: Config,
}

pub(crate) type Shared = Arc<Api>;
