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
//! | collect | `phase/collect.rs` | the whole body, where somebody reads it |
//! | validate | `phase/validate.rs` | required parameters |
//! | integrate | `phase/integrate.rs` | `http_proxy.rs` or `mock.rs` |
//! | finish | `phase/finish.rs` | headers of every answer, counters |
//!
//! One [`RequestCtx`](ctx::RequestCtx) goes through all of them. It borrows
//! from one pinned [`World`](gw_snapshot::World), so a request never mixes two
//! releases. What a route does not need it does not carry, and so does not
//! cost anything. Nothing here locks, blocks, reads files or formats logs,
//! but for a bounded number of refusals that are not the client's fault.

mod aws;
mod body;
mod budget;
mod capture;
mod coding;
mod core;
mod ctx;
mod fetch;
mod gather;
mod header_table;
mod id;
mod metrics;
mod note;
mod offload;
mod phase;
mod query;
mod reach;
mod refusal_log;
mod rescue;
mod seen;
mod steps;
mod world;

pub use aws::{Assumer, AwsSettings, Endpoints, InvalidEndpoint, InvalidRoles, Keys, Roles};
pub use body::{BodyError, ResponseBody};
pub use budget::BodyBudget;
pub use core::{Config, ConnInfo, CoreState, names_to_resolve};
pub use ctx::RawHead;
pub use metrics::{Counters, LATENCY_BUCKETS, Totals};
pub use offload::OffloadPool;
pub use phase::{handle, handle_with_head, test_call};
pub use world::{PinWorld, SharedWorld, WorldReader};
