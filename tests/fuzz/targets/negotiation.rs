//! Content types, templates and conversions of integrations.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gw_tests::fuzz_targets::negotiation(data));
