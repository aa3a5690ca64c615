//! The phases of a request, one file each.
//!
//! A request meets them in this order; the first that refuses it ends it, and
//! [`rescue`] turns every refusal into a gateway response in one place.
//!
//! | phase | file | what it does |
//! | --- | --- | --- |
//! | receive | `phase/receive.rs` | limits on head and declared body, verb override |
//! | locate | `phase/locate.rs` | host or base path -> stage -> canary draw |
//! | route | `phase/route.rs` | path and verb -> route |
//! | authorize | `phase/authorize.rs` | (place for policies and authorizers) |
//! | api key | `phase/api_key.rs` | keys and plans |
//! | throttle | `phase/throttle.rs` | the stage's limit for the method |
//! | validate | `phase/validate.rs` | required parameters |
//! | integrate | `phase/integrate.rs` | `http_proxy.rs` or `mock.rs` |
//! | finish | `phase/finish.rs` | headers of every answer, counters |
//!
//! One [`RequestCtx`](ctx::RequestCtx) goes through all of them. It borrows
//! from one pinned [`World`](gw_snapshot::World), so a request never mixes two
//! releases. What a route does not need it does not carry, and so does not
//! cost anything. Nothing here locks, blocks, reads files or formats logs.

mod body;
mod core;
mod ctx;
mod header_table;
mod id;
mod metrics;
mod phase;
mod query;
mod reach;
mod rescue;
mod world;

pub use body::{BodyError, ResponseBody};
pub use core::{Config, ConnInfo, CoreState, names_to_resolve};
pub use metrics::{Counters, LATENCY_BUCKETS, Totals};
pub use phase::handle;
pub use world::{PinWorld, SharedWorld, WorldReader};
