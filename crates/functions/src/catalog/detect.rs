//! Which functions a folder looks like without being told.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::catalog::{Code, Function, Language};
use crate::error::Error;
use crate::name::is_name;

/// The functions of a folder: each folder in it that looks like one; itself,
/// if it looks like one.
pub(super) fn functions(folder: &Path) -> Result<Vec<Function>, Error> {
    if let Some(code) = code(folder, None) {
        return Ok(named(folder).map(|name| Function::new(&name, code)).into_iter().collect());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::file(folder))? {
        let path = entry.map_err(Error::file(folder))?.path();
        if path.is_dir()
            && let Some(name) = named(&path)
            && let Some(code) = code(&path, None)
        {
            found.push(Function::new(&name, code));
        }
    }
    Ok(found)
}

/// The name that a folder gives; what is hidden or no function's name gives none.
fn named(folder: &Path) -> Option<String> {
    let name = folder.file_name()?.to_str()?;
    (is_name(name) && !name.starts_with('.')).then(|| name.to_owned())
}

/// The code of a folder, if it looks like any, or like the given language's.
pub(super) fn code(folder: &Path, language: Option<Language>) -> Option<Code> {
    let code = |language, handler: String| {
        Some(Code {
            folder: folder.to_owned(),
            language,
            runtime: None,
            handler,
            command: Vec::new(),
        })
    };
    let may = |wanted| language.is_none_or(|language| language == wanted);
    if may(Language::Python) {
        for module in ["lambda_function", "app", "main", "handler"] {
            if let Some(function) = python_handler(&folder.join(format!("{module}.py"))) {
                return code(Language::Python, format!("{module}.{function}"));
            }
        }
    }
    if may(Language::Node)
        && let Some(handler) = node_handler(folder)
    {
        return code(Language::Node, handler);
    }
    if may(Language::Rust) && folder.join("Cargo.toml").is_file() {
        return code(Language::Rust, "bootstrap".to_owned());
    }
    if may(Language::Provided) && is_program(&folder.join("bootstrap")) {
        return code(Language::Provided, "bootstrap".to_owned());
    }
    None
}

/// Which of the usual names a module defines at its top.
fn python_handler(module: &Path) -> Option<&'static str> {
    let text = fs::read_to_string(module).ok()?;
    let defines = |name: &&str| {
        text.lines().any(|line| {
            let line = line.strip_prefix("async ").unwrap_or(line);
            let rest = line.strip_prefix("def ").unwrap_or(line).strip_prefix(*name);
            rest.is_some_and(|rest| rest.trim_start().starts_with(['(', '=']))
        })
    };
    ["lambda_handler", "handler"].into_iter().find(defines)
}

/// The handler of a folder with a Node module: `index` as it is, `app` where it
/// seems to export one.
fn node_handler(folder: &Path) -> Option<String> {
    let files =
        |module: &str| ["mjs", "js", "cjs"].map(|end| folder.join(format!("{module}.{end}")));
    if files("index").iter().any(|file| file.is_file()) {
        return Some("index.handler".to_owned());
    }
    let text = files("app").iter().find_map(|file| fs::read_to_string(file).ok())?;
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let exports = |name: &&str| {
        let mut lines = text.lines().filter(|line| line.contains("export"));
        lines.any(|line| line.split(|c| !part_of_name(c)).any(|word| word == *name))
    };
    ["lambdaHandler", "handler"].into_iter().find(exports).map(|name| format!("app.{name}"))
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn put(folder: &Path, file: &str, text: &str) {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn folders_that_look_like_functions() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        put(at, "sam/app.py", "import json\n\ndef lambda_handler(event, context):\n  pass\n");
        put(at, "plain/lambda_function.py", "handler = lambda event, context: event\n");
        put(at, "web/index.mjs", "export const handler = async () => ({})\n");
        put(at, "sam-node/app.mjs", "export const lambdaHandler = async (event) => ({});\n");
        put(at, "common/app.js", "const handler = 1;\nmodule.exports = { handler };\n");
        put(at, "express/app.js", "module.exports = require('express')(); // handlers\n");
        put(at, "crate/Cargo.toml", "[package]\n");
        put(at, "own/bootstrap", "#!/bin/sh\n");
        fs::set_permissions(at.join("own/bootstrap"), fs::Permissions::from_mode(0o755)).unwrap();
        put(at, "unfit/bootstrap", "not a program\n");
        put(at, "helpers/app.py", "def helper(): pass\n# def handler(\n");
        put(at, ".hidden/index.js", "");
        let mut found = functions(at).unwrap();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        let all: Vec<_> = found
            .iter()
            .map(|f| (f.name.as_str(), f.versions["$LATEST"].handler.as_str()))
            .collect();
        let expected = [
            ("common", "app.handler"),
            ("crate", "bootstrap"),
            ("own", "bootstrap"),
            ("plain", "lambda_function.handler"),
            ("sam", "app.lambda_handler"),
            ("sam-node", "app.lambdaHandler"),
            ("web", "index.handler"),
        ];
        assert_eq!(all, expected);
        assert_eq!(functions(&at.join("web")).unwrap()[0].name, "web");
    }
}
