//! Both ends of the fleet protocol for tests of the other end: a control plane
//! whose words are the test's, a node that only pretends to compile, and the
//! database reduced to what replicas do with it.
//!
//! This crate serves tests only, so its functions panic with what went wrong
//! where a test could do nothing better than unwrap.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "parts of tests, whose names say what they are"
)]

pub mod db;
pub mod node;
pub mod plane;
pub mod world;
