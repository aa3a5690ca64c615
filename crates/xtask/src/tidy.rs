//! House rules that the compiler does not check: layers, module docs, file
//! length, and words that have no place in the project.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The longest file, in lines. Past this there is a room it wants to become.
const MAX_LINES: usize = 500;

/// Runs every check and reports all findings together.
pub(crate) fn check() -> Result<(), String> {
    let root = crate::root();
    let mut findings = Vec::new();
    let mut sources = Vec::new();
    for folder in ["proto", "crates", "control-plane", "data-plane", "gwctl", "tests"] {
        collect(&root.join(folder), &mut sources);
    }
    for path in &sources {
        let shown = path.strip_prefix(&root).unwrap_or(path).display().to_string();
        let text = fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
        if path.extension().is_some_and(|ending| ending == "rs") {
            check_source(&shown, &text, &mut findings);
        }
    }
    check_layers(&root, &mut findings)?;
    if findings.is_empty() { Ok(()) } else { Err(findings.join("\n")) }
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target" && name != "corpus") {
                collect(&path, into);
            }
        } else {
            into.push(path);
        }
    }
}

fn check_source(shown: &str, text: &str, findings: &mut Vec<String>) {
    // Generated code answers to its generator.
    if shown.ends_with("gatewright.fleet.v1.rs") {
        return;
    }
    let lines = text.lines().count();
    if lines > MAX_LINES {
        findings.push(format!("{shown}: {lines} lines, at most {MAX_LINES}"));
    }
    // Shared parts of tests have crates: gw-testkit, gw-fleet-testkit.
    if text.lines().any(|line| line.starts_with("#[path = \"../")) {
        findings.push(format!("{shown}: a module by path from another folder"));
    }
    if !text.starts_with("//!") && !text.starts_with("#!") {
        findings.push(format!("{shown}: a file opens with a `//!` line that says what it is for"));
    }
}

/// The layers, innermost first. A crate may use its own layer and inner ones.
const LAYERS: [&str; 4] = ["core", "edge", "plane", "binary"];

/// Which layer a package belongs to; the planes also must not meet.
fn layer_of(folder: &str) -> Option<(usize, &'static str)> {
    Some(match folder {
        "crates/model" | "crates/schema" | "crates/route" | "crates/sigv4" | "crates/openapi"
        | "crates/snapshot" | "crates/event" | "crates/convert" | "crates/fleet-core"
        | "crates/template" | "crates/wire" => (0, ""),
        "proto"
        | "crates/functions"
        | "crates/telemetry"
        | "crates/local-postgres"
        | "crates/ports" => (1, ""),
        "control-plane/server" => (3, "control"),
        "data-plane/proxy" => (3, "data"),
        "gwctl" => (3, ""),
        _ if folder.starts_with("control-plane/") => (2, "control"),
        _ if folder.starts_with("data-plane/") => (2, "data"),
        _ => return None,
    })
}

/// What the pure core must not depend on.
const IMPURE: [&str; 8] =
    ["tokio", "sqlx", "tonic", "hyper", "axum", "fastrand", "tracing", "rand"];

fn check_layers(root: &Path, findings: &mut Vec<String>) -> Result<(), String> {
    let mut folders = vec!["proto".to_owned(), "gwctl".to_owned()];
    for group in ["crates", "control-plane", "data-plane"] {
        let entries = fs::read_dir(root.join(group)).map_err(|error| error.to_string())?;
        folders.extend(
            entries.flatten().map(|entry| format!("{group}/{}", entry.file_name().display())),
        );
    }
    let mut packages = BTreeMap::new();
    for folder in folders {
        let path = root.join(&folder).join("Cargo.toml");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let manifest: toml::Table =
            text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
        let name = manifest["package"]["name"].as_str().unwrap_or_default().to_owned();
        let uses: Vec<String> = manifest
            .get("dependencies")
            .and_then(toml::Value::as_table)
            .map(|table| table.keys().cloned().collect())
            .unwrap_or_default();
        packages.insert(name, (folder, uses));
    }
    for (name, (folder, uses)) in &packages {
        let Some((layer, plane)) = layer_of(folder) else { continue };
        for used in uses {
            if layer == 0 && IMPURE.contains(&used.as_str()) {
                findings.push(format!("{folder}: the pure core must not use {used}"));
            }
            let Some((other, _)) = packages.get(used) else { continue };
            let Some((other_layer, other_plane)) = layer_of(other) else { continue };
            if other_layer > layer {
                let (from, to) = (LAYERS[layer], LAYERS[other_layer]);
                findings.push(format!("{name} ({from}) must not use {used} ({to})"));
            }
            if !plane.is_empty() && !other_plane.is_empty() && plane != other_plane {
                findings.push(format!("{name} must not use {used}: the planes never meet"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn sources_open_with_a_word_on_their_purpose() {
        let mut findings = Vec::new();
        super::check_source("a.rs", "fn main() {}\n", &mut findings);
        super::check_source("b.rs", "//! fine\n", &mut findings);
        assert_eq!(findings.len(), 1);
    }
}
