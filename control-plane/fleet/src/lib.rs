//! The fleet side of the control plane: nodes join, sync and fetch over
//! mutual TLS, and this crate moves the bytes for `gw-fleet-core`, which
//! decides.
//!
//! [`Hub`] is a replica's fleet; [`serve`] lets nodes in. What they need of
//! the database is [`Backing`], which [`AppBacking`] answers by use cases;
//! [`AppFleet`] is what use cases need of the fleet in turn.

mod app;
mod backing;
mod ca;
mod content;
mod convert;
mod hub;
mod server;
mod service;
mod tasks;
mod track;

pub use app::{AppBacking, AppFleet, LoadCaError, load_ca};
pub use backing::{Answer, Backing, BackingError, NodeFacts, ReceiptNote, SignOfLife};
pub use ca::{Ca, CaError, CaMaterial, ServerIdentity, TrafficNames, node_of};
pub use content::Offer;
pub use hub::{Hub, Options, RequestError};
pub use server::{ServeError, serve};
pub use track::Progress;
