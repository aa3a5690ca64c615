//! The fuzzers' corpora, replayed.

use std::path::Path;

use gw_tests::fuzz_targets;

#[test]
fn corpora_replay_without_a_panic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, target) in fuzz_targets::ALL {
        let mut seen = 0;
        for entry in std::fs::read_dir(folder.join(name)).into_iter().flatten().flatten() {
            target(&std::fs::read(entry.path()).unwrap());
            seen += 1;
        }
        assert!(seen > 0, "the corpus of {name} is empty");
    }
}
