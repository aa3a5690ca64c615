//! Black-box tests of the whole system, and the functions that its fuzzers call.

pub mod fuzz_targets;
