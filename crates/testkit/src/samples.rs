//! Published API descriptions, which stand beside the repository.

use std::path::{Path, PathBuf};

use crate::skip;

/// The folder of API descriptions that nobody of this project wrote: `openapi`
/// in the folder that `GATEWRIGHT_TEST_DATA` names, or next to the repository.
/// Where it is absent, `test` is noted as skipped.
pub fn openapi(test: &str) -> Option<PathBuf> {
    let data = std::env::var_os("GATEWRIGHT_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = data.join("openapi");
    if folder.is_dir() {
        return Some(folder);
    }
    let reason = format!("no API descriptions at {} (GATEWRIGHT_TEST_DATA)", folder.display());
    skip::note(test, &reason);
    None
}
