//! From the address of a request to what it means: host name -> API id, first
//! segment -> stage, and the rest of the path -> resource.
//!
//! The crate is pure and compares texts only. It does not know methods,
//! deployments or releases; the snapshot gives every resource a number and
//! this crate finds it. Finding allocates nothing unless more than four
//! variables are captured.

pub mod address;
mod build;
mod router;
mod segment;

pub use address::{Address, DomainSuffixes, GATEWAY_PREFIX, path_of_api};
pub use build::BuildError;
pub use router::{Match, Params, Router, Span};
