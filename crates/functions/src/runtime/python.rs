//! Which Python runs a function, and what is installed for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{place, said_by};

/// Prints the version, and whether AWS's client can be imported.
const QUESTION: &str = "import sys, importlib.util as u; \
    print('%d.%d' % sys.version_info[:2], u.find_spec('awslambdaric') is not None)";

/// What an interpreter says of itself.
#[derive(Debug)]
pub(super) struct Found {
    /// Such as `3.12`.
    pub(super) version: String,
    pub(super) has_awslambdaric: bool,
}

/// The interpreter for a folder: of a virtual environment in it or beside it,
/// else the one on `PATH`.
pub(super) fn find(folder: &Path) -> PathBuf {
    let near = folder.ancestors().take(2).map(|at| at.join(".venv/bin/python"));
    near.into_iter().find(|path| path.is_file()).unwrap_or_else(|| place(folder, "python3"))
}

/// Asks an interpreter, as it will run: in the function's folder, where
/// packages may lie beside the code.
pub(super) fn ask(interpreter: &Path, folder: &Path) -> Result<Found, String> {
    let shown = interpreter.display();
    let mut command = Command::new(interpreter);
    command.args(["-c", QUESTION]).current_dir(folder).env("PYTHONDONTWRITEBYTECODE", "1");
    let said = said_by(&mut command)
        .map_err(|error| format!("{shown}: {error}: install Python 3.9 or later"))?;
    match said.split_once(' ') {
        Some((version, has)) => {
            Ok(Found { version: version.to_owned(), has_awslambdaric: has == "True" })
        }
        None => Err(format!("{shown} answers `{said}` when asked for its version")),
    }
}
