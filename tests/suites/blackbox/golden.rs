//! Every deployment format ever released stays readable, and the present one
//! does not drift: equal content must keep its digest over builds.

use std::path::{Path, PathBuf};

use gw_model::{Api, Digest, encode};

/// Uses every part that a declaration can have.
const RICH: &str = include_str!("../../golden/rich.yaml");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/deployments")
}

fn declared() -> Api {
    let import = gw_openapi::parse(RICH.as_bytes(), &gw_openapi::Options::default()).unwrap();
    let mut made = 0;
    let mut new_id = |_| {
        made += 1;
        format!("id{made:04}")
    };
    Api::Rest(gw_openapi::new_rest_api("golden0001".into(), &import, &mut new_id).unwrap())
}

#[test]
fn the_present_encoding_is_a_known_one() {
    let encoded = encode::encode(&declared());
    let file = folder().join(format!("{}-{}.json", encode::FORMAT, encoded.digest));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &encoded.bytes).unwrap();
    }
    let known = std::fs::read(&file).unwrap_or_default();
    assert!(
        known == encoded.bytes,
        "equal content has another digest than before ({}): old deployments would be stored and \
         compiled again. If that is meant, set a new format number and run with UPDATE_GOLDEN=1",
        encoded.digest
    );
}

#[test]
fn old_deployments_still_decode_and_compile() {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder()).unwrap().flatten() {
        let path = entry.path();
        let bytes = std::fs::read(&path).unwrap();
        // The file's name is format and digest: content that changed is no golden.
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let digest = stem.rsplit('-').next().unwrap();
        assert_eq!(Digest::of(&bytes).to_string(), digest, "{stem} was altered");
        let api = encode::decode(&bytes).unwrap_or_else(|error| panic!("{stem}: {error}"));
        let compiled = gw_snapshot::compile(&api, &gw_snapshot::Limits::default());
        assert!(compiled.is_ok(), "{stem} no longer compiles");
        assert_eq!(encode::encode(&api).digest.to_string(), digest, "{stem} encodes differently");
        seen += 1;
    }
    assert!(seen > 0, "there is a golden deployment");
}
