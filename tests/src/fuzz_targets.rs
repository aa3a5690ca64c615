//! One function per fuzz target. The fuzzers call them with mutated bytes
//! (`tests/fuzz`), and an ordinary test replays their corpora. A target fails by
//! panicking; answers and errors are both fine.

/// Deployment content, as a node gets it.
pub fn world(data: &[u8]) {
    let _any_answer = gw_model::encode::decode(data);
}
