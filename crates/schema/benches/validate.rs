//! Nanoseconds and allocations of one validation.
fn main() {}
