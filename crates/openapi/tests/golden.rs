//! Golden pairs: `golden/{name}.in.yaml` becomes `golden/{name}.out.json`.
//! Names that begin with `adapt` are adapted. `UPDATE_GOLDEN=1` rewrites the
//! outputs; review the difference before committing it.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

use gw_openapi::{
    ExportFormat, Extensions, Options, export, new_rest_api, parse, to_json, to_yaml,
};
use serde_json::{Value, json};

fn outcome(name: &str, bytes: &[u8]) -> Value {
    let options = match name.starts_with("adapt") {
        true => Options::adapting(None),
        false => Options::default(),
    };
    let import = match parse(bytes, &options) {
        Ok(import) => import,
        Err(errors) => {
            return json!({"refused": errors.to_string().split('\n').collect::<Vec<_>>()});
        }
    };
    let api = new_rest_api("golden1234".into(), &import, &mut common::counting()).unwrap();
    let adaptations: Vec<String> = import
        .adaptations
        .iter()
        .map(|one| format!("{}: {}: {}", one.kind.as_str(), one.place, one.detail))
        .collect();
    json!({"api": api, "warnings": import.warnings, "adaptations": adaptations})
}

#[test]
fn golden_pairs_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            Some(name.strip_suffix(".in.yaml")?.to_owned())
        })
        .collect();
    names.sort();
    assert!(names.len() >= 4, "{names:?}");
    for name in names {
        let input = std::fs::read(folder.join(format!("{name}.in.yaml"))).unwrap();
        let found = serde_json::to_string_pretty(&outcome(&name, &input)).unwrap() + "\n";
        compare(&folder.join(format!("{name}.out.json")), &found);
    }
}

fn compare(golden: &Path, found: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, found).unwrap();
    }
    let expected = std::fs::read_to_string(golden).unwrap_or_default();
    assert_eq!(found, expected, "{}: run with UPDATE_GOLDEN=1 to accept", golden.display());
}

/// The document with every extension as it is exported: users compare such
/// files between versions, so their form is kept.
#[test]
fn exports_keep_their_form() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let input = std::fs::read(folder.join("documents/every-extension.oas30.yaml")).unwrap();
    let import = parse(&input, &Options::default()).unwrap();
    let api = new_rest_api("golden1234".into(), &import, &mut common::counting()).unwrap();
    let export = |format, extensions| export(&api, &common::same::options(format, extensions));
    let whole = export(ExportFormat::OpenApi3, Extensions::all());
    compare(&folder.join("golden/export.oas30.json"), &(to_json(&whole) + "\n"));
    let whole = export(ExportFormat::Swagger, Extensions::all());
    compare(&folder.join("golden/export.swagger.yaml"), &to_yaml(&whole).unwrap());
    let plain = export(ExportFormat::OpenApi3, Extensions::default());
    compare(&folder.join("golden/export.plain.yaml"), &to_yaml(&plain).unwrap());
}
