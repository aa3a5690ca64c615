//! Models and bodies.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gw_tests::fuzz_targets::schema(data));
