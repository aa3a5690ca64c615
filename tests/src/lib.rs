//! Black-box tests of the whole system, and the functions that its fuzzers call.

pub mod document;
pub mod fuzz_targets;
pub mod load;
#[cfg(feature = "system")]
pub mod story;
#[cfg(feature = "system")]
pub mod system;
