//! Every deployment format ever released stays readable.

use std::path::Path;

use gw_model::{Digest, encode};

#[test]
fn old_deployments_still_decode_and_compile() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/deployments");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap().flatten() {
        let path = entry.path();
        let bytes = std::fs::read(&path).unwrap();
        // The file's name is format and digest: content that changed is no golden.
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let digest = stem.rsplit('-').next().unwrap();
        assert_eq!(Digest::of(&bytes).to_string(), digest, "{stem} was altered");
        let api = encode::decode(&bytes).unwrap_or_else(|error| panic!("{stem}: {error}"));
        let compiled = gw_snapshot::compile(&api, &gw_snapshot::Limits::default());
        assert!(compiled.is_ok(), "{stem} no longer compiles");
        seen += 1;
    }
    assert!(seen > 0, "there is a golden deployment");
}
