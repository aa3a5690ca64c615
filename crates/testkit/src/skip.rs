//! Tests that cannot run here say so: they are counted and named at the end.

use std::{io::Write as _, path::Path};

/// Notes that a test did not run. `make test` prints the list.
pub fn note(test: &str, reason: &str) {
    eprintln!("SKIPPED {test}: {reason}");
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/skipped.txt");
    if let Ok(mut file) = std::fs::File::options().create(true).append(true).open(list) {
        // The list is a courtesy; a test does not fail for want of it.
        let _unwritable = writeln!(file, "{test}: {reason}");
    }
}
