//! The shapes on the wire: AWS's management API ([`aws`], [`patch`], [`page`])
//! and Gatewright's own additions below `/gatewright/v1/` ([`gatewright`]).
//! The admin API serves these types and `gwctl` reads them. Pure.

pub mod aws;
pub mod body;
pub mod fault;
pub mod gatewright;
pub mod hal;
pub mod page;
pub mod patch;

pub use body::{Body, FromBody};
pub use fault::{Fault, FaultKind};
