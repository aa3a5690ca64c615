//! Where AWS's client of the Runtime API is installed for a Node function.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The script that is started and the native part that it needs, in the
/// package's versions up to 3 and from 4 on.
const LAYOUTS: [(&str, &str); 2] =
    [("bin/index.mjs", "dist/rapid-client.node"), ("index.mjs", "rapid-client.node")];

/// `aws-lambda-ric` as it is installed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ric {
    pub(super) script: PathBuf,
    /// Whether its native part was built: it is not where there was no
    /// compiler, nor on macOS.
    pub(super) built: bool,
}

/// AWS's client, where Node looks for packages: in the folder's `node_modules`,
/// in those above it, in the folders of `NODE_PATH`.
pub(super) fn ric(folder: &Path, node_path: Option<&OsStr>) -> Option<Ric> {
    let near = folder.ancestors().map(|above| above.join("node_modules"));
    let named = std::env::split_paths(node_path.unwrap_or_default());
    let mut packages = near.chain(named).map(|at| at.join("aws-lambda-ric"));
    packages.find_map(|package| {
        let of = |(script, native): &(&str, &str)| {
            let script = package.join(script);
            let built = package.join(native).is_file();
            script.is_file().then_some(Ric { script, built })
        };
        LAYOUTS.iter().find_map(of)
    })
}

/// The script of AWS's client, or why there is none.
pub(super) fn official(found: Option<Ric>, folder: &Path) -> Result<PathBuf, String> {
    match found {
        Some(Ric { script, built: true }) => Ok(script),
        Some(Ric { script, built: false }) => Err(format!(
            "{} has no native part: install aws-lambda-ric again where it can be built, or run \
             with --runtime-client own",
            script.display()
        )),
        None => Err(format!(
            "aws-lambda-ric is not installed for {}: `npm install aws-lambda-ric` there (it \
             builds native code), or run with --runtime-client own",
            folder.display()
        )),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::fs;

    use super::*;

    fn install(modules: &Path, files: &[&str]) {
        for file in files {
            let file = modules.join("aws-lambda-ric").join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
    }

    #[test]
    fn both_layouts_are_found_near_above_and_by_variable() {
        let dir = tempfile::tempdir().unwrap();
        let (function, elsewhere) = (dir.path().join("all/f"), dir.path().join("elsewhere"));
        fs::create_dir_all(&function).unwrap();
        assert_eq!(ric(&function, None), None);
        let missing = official(None, &function).unwrap_err();
        assert!(missing.contains("npm install aws-lambda-ric"), "{missing}");

        install(&elsewhere, &["index.mjs", "rapid-client.node"]);
        let by_variable = ric(&function, Some(elsewhere.as_os_str())).unwrap();
        assert_eq!(by_variable.script, elsewhere.join("aws-lambda-ric/index.mjs"));
        assert!(by_variable.built);

        let above = dir.path().join("all/node_modules");
        install(&above, &["bin/index.mjs"]);
        let unbuilt = ric(&function, Some(elsewhere.as_os_str()));
        assert_eq!(unbuilt.as_ref().map(|ric| ric.built), Some(false), "nearer");
        let error = official(unbuilt, &function).unwrap_err();
        assert!(error.contains("has no native part"), "{error}");
        install(&above, &["dist/rapid-client.node"]);
        let built = official(ric(&function, None), &function).unwrap();
        assert_eq!(built, above.join("aws-lambda-ric/bin/index.mjs"));
    }
}
