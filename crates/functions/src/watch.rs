//! Whether the files of a function have changed.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::catalog::{Catalog, Function};
use crate::invoke::Service;
use crate::options::Source;

/// How often files are looked at.
const EVERY: Duration = Duration::from_millis(500);

/// What is made by tools, not by people.
const SKIPPED: [&str; 4] = ["node_modules", "__pycache__", "target", "venv"];

/// How many files of a function are looked at.
const MOST: usize = 20_000;

/// A number that changes with the files of a function.
pub(crate) fn fingerprint(function: &Function) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut left = MOST;
    for code in function.versions.values() {
        add(&code.folder, &mut hasher, &mut left);
    }
    hasher.finish()
}

fn add(folder: &Path, hasher: &mut DefaultHasher, left: &mut usize) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let shown = name.to_string_lossy();
        if *left == 0 || shown.starts_with('.') || SKIPPED.contains(&&*shown) {
            continue;
        }
        *left -= 1;
        // Links are followed for files, and never into folders.
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            add(&entry.path(), hasher, left);
        } else if let Ok(meta) = fs::metadata(entry.path()) {
            let modified = meta.modified().ok();
            let since = modified.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
            (name, meta.len(), since).hash(hasher);
        }
    }
}

/// Looks for changes until everything ends, and serves what has changed anew.
pub(crate) async fn watch(service: Arc<Service>, source: Source) {
    let Source::Folder(folder) = source else { return };
    let mut last = None;
    loop {
        tokio::time::sleep(EVERY).await;
        let (service, folder) = (service.clone(), folder.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let seen = look(&folder);
            // A fault that stays is told once, and a crate that does not build
            // is built again when it changes.
            if last.as_ref() != Some(&seen) {
                serve(&service, &folder);
            }
            seen
        });
        last = looked.await.ok();
    }
}

/// A number that changes with whatever a folder declares and holds.
fn look(folder: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    match Catalog::read(folder) {
        Ok(catalog) => {
            // What is printed of a declaration is all of it.
            format!("{catalog:?}").hash(&mut hasher);
            catalog.functions.values().for_each(|f| fingerprint(f).hash(&mut hasher));
        }
        Err(error) => error.to_string().hash(&mut hasher),
    }
    hasher.finish()
}

fn serve(service: &Service, folder: &Path) {
    let log = &service.home.log;
    match Catalog::read(folder).and_then(|catalog| service.replace(catalog)) {
        Ok(changed) => changed.iter().for_each(|name| log.line(name, "has changed")),
        Err(error) => log.line("functions", &format!("kept as they were: {error}")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_changes_the_fingerprint() {
        let dir = tempfile::tempdir().unwrap();
        let function = Function::provided("f", dir.path(), &["./run"]);
        let empty = fingerprint(&function);
        fs::create_dir(dir.path().join("lib")).unwrap();
        assert_eq!(fingerprint(&function), empty);
        fs::write(dir.path().join("lib/a.py"), "1").unwrap();
        let one = fingerprint(&function);
        assert_ne!(one, empty);
        fs::write(dir.path().join("lib/a.py"), "12").unwrap();
        assert_ne!(fingerprint(&function), one);
        let before = fingerprint(&function);
        fs::create_dir(dir.path().join("__pycache__")).unwrap();
        fs::write(dir.path().join("__pycache__/a.pyc"), "x").unwrap();
        fs::write(dir.path().join(".hidden"), "x").unwrap();
        assert_eq!(fingerprint(&function), before);
        // A whole folder: what is declared, what is there, what is wrong.
        let seen = || look(dir.path());
        let nothing = seen();
        fs::write(dir.path().join("functions.toml"), "[functions.lib]\nruntime=\"rust\"").unwrap();
        let declared = seen();
        assert!(declared != nothing && declared == seen());
        fs::write(dir.path().join("lib/a.py"), "123").unwrap();
        assert_ne!(seen(), declared);
    }
}
