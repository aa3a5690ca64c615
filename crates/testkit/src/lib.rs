//! Real parts for tests: Postgres, both planes, upstreams and broken lines.
//!
//! Nothing here is a mock of our own code. Tests start the real thing on free
//! ports in temporary folders, break it on purpose, and wait on states instead
//! of sleeping. What a test started ends with the test process, however that
//! ends.
//!
//! This crate serves tests only, so its functions panic with what went wrong
//! where a test could do nothing better than unwrap.

pub mod chaos_proxy;
pub mod cluster;
pub mod echo;
pub mod postgres;
pub mod skip;
