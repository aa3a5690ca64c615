//! How the code of a function becomes a process: interpreter, client of the
//! Runtime API, build, and the variables that it finds.

mod node;
mod python;
mod rust;
mod variables;

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::catalog::{Code, Language};
use crate::error::Error;
use crate::options::RuntimeClient;

pub(crate) use variables::{Place, RESERVED, variables};

/// Our clients of the Runtime API, for who has none.
const BOOTSTRAP_PYTHON: &str = include_str!("bootstrap.py");
const BOOTSTRAP_NODE: &str = include_str!("bootstrap.mjs");

/// How the environments of one version are started.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) folder: PathBuf,
    /// What runs, for people.
    pub(crate) label: String,
    /// AWS's name of the runtime, or the one nearest to it.
    pub(crate) runtime: String,
}

/// Makes plans. Blocking: it asks interpreters and builds crates.
#[derive(Debug)]
pub(crate) struct Planner {
    client: RuntimeClient,
    /// Where our clients are written down, as long as functions run.
    own: tempfile::TempDir,
}

impl Planner {
    pub(crate) fn new(client: RuntimeClient) -> Result<Self, Error> {
        let own = tempfile::Builder::new()
            .prefix("gatewright-runtime-")
            .tempdir()
            .map_err(Error::file(std::env::temp_dir()))?;
        for (name, text) in [("bootstrap.py", BOOTSTRAP_PYTHON), ("bootstrap.mjs", BOOTSTRAP_NODE)]
        {
            let file = own.path().join(name);
            std::fs::write(&file, text).map_err(Error::file(file))?;
        }
        Ok(Self { client, own })
    }

    /// The plan for the code of a function.
    pub(crate) fn plan(&self, function: &str, code: &Code) -> Result<Plan, Error> {
        let planned = match code.language {
            Language::Python => self.python(code),
            Language::Node => self.node(code),
            Language::Rust => rust::plan(code),
            Language::Provided => Ok(provided(code)),
        };
        planned.map_err(|reason| Error::function(function, reason))
    }

    fn python(&self, code: &Code) -> Result<Plan, String> {
        let interpreter = match code.command.first() {
            Some(program) => place(&code.folder, program),
            None => python::find(&code.folder),
        };
        let found = python::ask(&interpreter, &code.folder)?;
        let official = match self.client {
            RuntimeClient::Auto => found.has_awslambdaric,
            RuntimeClient::Own => false,
            RuntimeClient::Official if found.has_awslambdaric => true,
            RuntimeClient::Official => {
                return Err(format!(
                    "awslambdaric is not installed for {}: `{} -m pip install awslambdaric`, \
                     or run with --runtime-client own",
                    interpreter.display(),
                    interpreter.display(),
                ));
            }
        };
        let mut args: Vec<OsString> = code.command.iter().skip(1).map(Into::into).collect();
        if official {
            args.extend(["-m".into(), "awslambdaric".into()]);
        } else {
            args.push(self.own.path().join("bootstrap.py").into());
        }
        args.push(code.handler.clone().into());
        let client = match (official, found.has_awslambdaric) {
            (true, _) => "awslambdaric",
            (false, true) => "Gatewright's runtime client",
            (false, false) => "Gatewright's runtime client (awslambdaric is not installed)",
        };
        Ok(Plan {
            program: interpreter.into(),
            args,
            folder: code.folder.clone(),
            label: format!("Python {} with {client}", found.version),
            runtime: code.runtime.clone().unwrap_or(format!("python{}", found.version)),
        })
    }

    fn node(&self, code: &Code) -> Result<Plan, String> {
        let interpreter = match code.command.first() {
            Some(program) => place(&code.folder, program),
            None => place(&code.folder, "node"),
        };
        let version = said_by(Command::new(&interpreter).arg("--version"))
            .map_err(|e| format!("{}: {e}: install Node 18 or later", interpreter.display()))?;
        let version = version.trim_start_matches('v').to_owned();
        let own = self.own.path().join("bootstrap.mjs");
        let found = node::ric(&code.folder, std::env::var_os("NODE_PATH").as_deref());
        let (script, client) = match (self.client, found) {
            (RuntimeClient::Official, found) => {
                (node::official(found, &interpreter, &code.folder)?, "aws-lambda-ric")
            }
            (_, None) => (own, "Gatewright's runtime client (aws-lambda-ric is not installed)"),
            (RuntimeClient::Own, Some(_)) => (own, "Gatewright's runtime client"),
            (RuntimeClient::Auto, Some(ric)) if ric.loads(&interpreter) => {
                (ric.script, "aws-lambda-ric")
            }
            (RuntimeClient::Auto, Some(_)) => {
                (own, "Gatewright's runtime client (aws-lambda-ric cannot be loaded)")
            }
        };
        let mut args: Vec<OsString> = code.command.iter().skip(1).map(Into::into).collect();
        args.extend([script.into(), code.handler.clone().into()]);
        let major = version.split('.').next().unwrap_or_default();
        Ok(Plan {
            program: interpreter.into(),
            args,
            folder: code.folder.clone(),
            runtime: code.runtime.clone().unwrap_or(format!("nodejs{major}.x")),
            label: format!("Node {version} with {client}"),
        })
    }
}

fn provided(code: &Code) -> Plan {
    let mut words = code.command.iter();
    let program = words.next().map_or("./bootstrap", String::as_str);
    Plan {
        program: place(&code.folder, program).into(),
        args: words.map(Into::into).collect(),
        folder: code.folder.clone(),
        label: format!(
            "`{}`",
            [program, &code.command[1.min(code.command.len())..].join(" ")].join(" ").trim_end()
        ),
        runtime: code.runtime.clone().unwrap_or("provided.al2023".to_owned()),
    }
}

/// A program as it is named: by a path from the function's folder, or looked
/// for on `PATH`. On ours: a function may declare another one, and what was
/// asked for its version is what runs.
fn place(folder: &Path, program: &str) -> PathBuf {
    if program.contains('/') {
        return folder.join(program);
    }
    on_path(program).unwrap_or_else(|| PathBuf::from(program))
}

/// Where a program is on `PATH`.
fn on_path(program: impl AsRef<Path>) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&folders).map(|folder| folder.join(&program));
    let runs = |place: &PathBuf| {
        let meta = std::fs::metadata(place);
        meta.is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    std::path::absolute(places.find(runs)?).ok()
}

/// Whether a program is there to be started.
pub(crate) fn exists(program: &OsStr) -> bool {
    let path = Path::new(program);
    if path.components().count() > 1 {
        return path.is_file();
    }
    on_path(path).is_some()
}

/// What a command prints, trimmed; an error with what it says otherwise.
fn said_by(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::catalog::Function;

    #[test]
    fn programs_are_placed() {
        let function = Function::provided("f", Path::new("/code"), &["./run", "a"]);
        let code = function.versions["$LATEST"].clone();
        let planner = Planner::new(RuntimeClient::Auto).unwrap();
        let plan = planner.plan("f", &code).unwrap();
        assert_eq!(plan.program, OsString::from("/code/./run"));
        assert_eq!(plan.args, [OsString::from("a")]);
        assert_eq!(plan.label, "`./run a`");
        assert_eq!(plan.runtime, "provided.al2023");
        let function = Function::provided("f", Path::new("/code"), &["sh"]);
        let plan = planner.plan("f", &function.versions["$LATEST"]).unwrap();
        assert!(exists(&plan.program) && Path::new(&plan.program).is_absolute());
        assert!(!exists(OsStr::new("no-such-program-anywhere")));
        assert!(!exists(OsStr::new("/code/./run")));
    }

    #[test]
    fn a_missing_package_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let code = Code {
            folder: dir.path().to_owned(),
            language: Language::Node,
            runtime: None,
            handler: "index.handler".into(),
            command: vec!["no-such-node".into()],
        };
        let planner = Planner::new(RuntimeClient::Auto).unwrap();
        let error = planner.plan("f", &code).unwrap_err().to_string();
        assert!(error.contains("function f: no-such-node"), "{error}");
        let code = Code { language: Language::Python, ..code };
        let error = planner.plan("f", &code).unwrap_err().to_string();
        assert!(error.contains("no-such-node"), "{error}");
    }
}
