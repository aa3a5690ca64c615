//! What nodes get from their control plane and their disk.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gw_tests::fuzz_targets::world(data));
