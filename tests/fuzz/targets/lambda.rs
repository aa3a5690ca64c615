//! Lambda's events, answers and streams.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gw_tests::fuzz_targets::lambda(data));
