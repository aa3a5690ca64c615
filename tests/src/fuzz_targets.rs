//! One function per fuzz target. The fuzzers call them with mutated bytes
//! (`tests/fuzz`), and an ordinary test replays their corpora. A target fails by
//! panicking; answers and errors are both fine.

/// A fuzz target: takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by name, for the replay.
pub const ALL: &[(&str, Target)] = &[("world", world)];

/// Deployment content, as a node gets it: decoded, compiled, and looked up.
pub fn world(data: &[u8]) {
    if let Ok(api) = gw_model::encode::decode(data) {
        let _compiled_or_refused = gw_snapshot::compile(&api, &gw_snapshot::Limits::default());
    }
}
