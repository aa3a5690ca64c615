//! Where AWS's client of the Runtime API is installed for a Node function.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::said_by;

/// The script that is started and the native part that it needs, in the
/// package's versions up to 3 and from 4 on.
const LAYOUTS: [(&str, &str); 2] =
    [("bin/index.mjs", "dist/rapid-client.node"), ("index.mjs", "rapid-client.node")];

/// `aws-lambda-ric` as it is installed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ric {
    pub(super) script: PathBuf,
    /// Its native part, if that was built: on macOS it never is.
    native: Option<PathBuf>,
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
            let native = Some(package.join(native)).filter(|file| file.is_file());
            script.is_file().then_some(Ric { script, native })
        };
        LAYOUTS.iter().find_map(of)
    })
}

impl Ric {
    /// Whether this Node can load the native part: one that was built in a
    /// container or on another machine is of no use here.
    pub(super) fn loads(&self, node: &Path) -> bool {
        let Some(native) = self.native.as_ref() else { return false };
        let mut command = Command::new(node);
        command.args(["-e", "require(process.argv[1])"]).arg(native);
        // It reads the address when it is loaded, and calls nobody.
        command.env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9");
        said_by(&mut command).is_ok()
    }
}

/// The script of AWS's client, or why there is none.
pub(super) fn official(found: Option<Ric>, node: &Path, folder: &Path) -> Result<PathBuf, String> {
    match found {
        Some(ric) if ric.loads(node) => Ok(ric.script),
        Some(ric) => Err(format!(
            "{} has no native part that {} can load: install aws-lambda-ric again on this \
             machine, or run with --runtime-client own",
            ric.script.display(),
            node.display(),
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
        let node = Path::new("no-such-node");
        let missing = official(None, node, &function).unwrap_err();
        assert!(missing.contains("npm install aws-lambda-ric"), "{missing}");

        install(&elsewhere, &["index.mjs", "rapid-client.node"]);
        let by_variable = ric(&function, Some(elsewhere.as_os_str())).unwrap();
        assert_eq!(by_variable.script, elsewhere.join("aws-lambda-ric/index.mjs"));
        assert!(by_variable.native.is_some());
        assert!(!by_variable.loads(node));

        let above = dir.path().join("all/node_modules");
        install(&above, &["bin/index.mjs"]);
        let unbuilt = ric(&function, Some(elsewhere.as_os_str()));
        assert_eq!(unbuilt.as_ref().unwrap().native, None, "nearer");
        let error = official(unbuilt, node, &function).unwrap_err();
        assert!(error.contains("has no native part"), "{error}");
        install(&above, &["dist/rapid-client.node"]);
        let built = ric(&function, None).unwrap();
        assert_eq!(built.script, above.join("aws-lambda-ric/bin/index.mjs"));
        // Whatever ends well has loaded it.
        assert!(official(Some(built), Path::new("true"), &function).is_ok());
    }
}
