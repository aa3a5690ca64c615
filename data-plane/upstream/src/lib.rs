//! Resolver, connection pools and outbound HTTP.
//!
//! One [`Client`] lives on each serving core and never leaves it: its pools
//! are plain cells, without a lock. It must run inside a tokio `LocalRuntime`
//! or `LocalSet`.
//!
//! ```text
//! let client = Client::new(&config)?;                       // once per core
//! let target = Target::from_uri(&uri, tls)?;                // once per route
//! let response = client.send(&target, request, &timeouts).await?;
//! ```
//!
//! The request carries an origin-form URI (`/path?query`) and only the headers
//! meant for the origin; `Host` is added from the target when absent. Lengths
//! and chunking follow from the body.

mod body;
mod client;
mod config;
mod connect;
mod error;
mod network;
mod pool;
mod resolve;
mod stall;
mod target;
mod tls;
mod wire;

pub use body::{
    Body, DEFAULT_REQUEST_BODY_IDLE, RequestBodyStalled, RequestBodyTooLarge, ResponseBody,
};
pub use client::{Client, SetupError};
pub use config::{Config, Timeouts};
pub use error::{BoxError, Error, Fault};
pub use network::{Cidr, InvalidCidr, Networks};
pub use target::{InvalidTarget, Scheme, Target, TlsOptions};
