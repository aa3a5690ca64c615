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

mod answer;
mod body;
mod chunked;
mod client;
mod config;
mod connect;
mod deadline;
mod error;
mod exchange;
mod head;
mod identity;
mod network;
mod patience;
mod pool;
mod receiving;
mod resolve;
mod sending;
mod stall;
mod stream;
mod target;
mod tls;
mod via;

pub use answer::{Store, keep};
pub use body::{Body, DEFAULT_REQUEST_BODY_IDLE, RequestBodyStalled, RequestBodyTooLarge};
pub use client::{Call, Client, SetupError};
pub use config::{Config, Timeouts};
pub use error::{BoxError, Error, Fault};
pub use head::Head;
pub use identity::{Identity, InvalidIdentity};
pub use network::{Cidr, InvalidCidr, Networks};
pub use receiving::ResponseBody;
pub use target::{InvalidTarget, Scheme, Target, TlsOptions};
pub use via::Via;
