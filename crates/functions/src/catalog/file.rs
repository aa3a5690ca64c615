//! `functions.toml`: what it may say, and what is wrong with it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::catalog::{AliasTarget, Catalog, Code, Function, LATEST, Language, detect};
use crate::error::Error;
use crate::name::{is_name, is_qualifier};
use crate::runtime::RESERVED;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    concurrency: Option<u32>,
    retry_waits: Option<Vec<f64>>,
    #[serde(default)]
    functions: BTreeMap<String, Declared>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    path: Option<String>,
    runtime: Option<String>,
    handler: Option<String>,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    description: String,
    timeout: Option<f64>,
    memory: Option<u32>,
    reserved_concurrency: Option<u32>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    inherit: Vec<String>,
    retries: Option<usize>,
    #[serde(default)]
    versions: BTreeMap<String, String>,
    #[serde(default)]
    aliases: BTreeMap<String, Alias>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Alias {
    Version(String),
    Weighted { version: String, weights: BTreeMap<String, f64> },
}

/// Reads the text of `file`.
pub(super) fn parse(file: &Path, text: &str) -> Result<Catalog, Error> {
    let wrong = |reason: String| Error::Declaration { path: file.to_owned(), reason };
    let read: File = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let beside = file.parent().unwrap_or(Path::new("."));
    let mut catalog = Catalog::default();
    if let Some(concurrency) = read.concurrency {
        catalog.concurrency = concurrency;
    }
    if let Some(waits) = &read.retry_waits {
        catalog.retry_waits = waits
            .iter()
            .map(|wait| seconds(*wait, 86_400.0))
            .collect::<Option<_>>()
            .ok_or_else(|| wrong("retry_waits: each is 0 to 86400 seconds".to_owned()))?;
    }
    for (name, declared) in &read.functions {
        let function = function(name, declared, beside)
            .map_err(|reason| wrong(format!("functions.{name}: {reason}")))?;
        catalog.functions.insert(name.clone(), Arc::new(function));
    }
    Ok(catalog)
}

fn seconds(number: f64, most: f64) -> Option<Duration> {
    (0.0..=most).contains(&number).then(|| Duration::from_secs_f64(number))
}

fn function(name: &str, declared: &Declared, beside: &Path) -> Result<Function, String> {
    if !is_name(name) || name.len() > 140 {
        return Err("a name has 1 to 140 characters of a-z, A-Z, 0-9, `-`, `_` and `.`".into());
    }
    let latest = code(declared, &beside.join(declared.path.as_deref().unwrap_or(name)))?;
    let mut function = Function::new(name, latest);
    for (version, folder) in &declared.versions {
        if version.is_empty() || !version.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("versions.{version}: a version is a number"));
        }
        let code = code(declared, &beside.join(folder));
        let code = code.map_err(|reason| format!("versions.{version}: {reason}"))?;
        function.versions.insert(version.clone(), Arc::new(code));
    }
    for (alias, target) in &declared.aliases {
        let target = target.read(&function);
        let target = target.map_err(|reason| format!("aliases.{alias}: {reason}"))?;
        let numeric = alias.bytes().all(|b| b.is_ascii_digit());
        if alias != "*" && (numeric || alias.starts_with('$') || !is_qualifier(alias)) {
            return Err(format!("aliases.{alias}: no name of an alias"));
        }
        function.aliases.insert(alias.clone(), target);
    }
    if let Some(timeout) = declared.timeout {
        let timeout = seconds(timeout, 900.0).filter(|timeout| !timeout.is_zero());
        function.timeout = timeout.ok_or("timeout: more than 0 and at most 900 seconds")?;
    }
    if let Some(memory) = declared.memory {
        let fits = (128..=10_240).contains(&memory);
        function.memory = fits.then_some(memory).ok_or("memory: 128 to 10240 MB")?;
    }
    check_environment(&declared.environment)?;
    function.retries = declared.retries.unwrap_or(2);
    if function.retries > 2 {
        return Err("retries: 0, 1 or 2".into());
    }
    function.description.clone_from(&declared.description);
    function.reserved_concurrency = declared.reserved_concurrency;
    function.environment.clone_from(&declared.environment);
    function.inherit.clone_from(&declared.inherit);
    Ok(function)
}

/// Whether variables are such as AWS takes: what is none would only show when
/// a process cannot be started.
fn check_environment(variables: &BTreeMap<String, String>) -> Result<(), String> {
    for (name, value) in variables {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let lettered = name.starts_with(|c: char| c.is_ascii_alphabetic());
        if RESERVED.contains(&name.as_str()) {
            return Err(format!("environment: {name} is reserved, as at AWS"));
        }
        if name.len() < 2 || !lettered || !name.bytes().all(word) {
            return Err(format!(
                "environment: `{name}`: at AWS a name is two or more of a-z, A-Z, 0-9 and _, a \
                 letter first"
            ));
        }
        if value.contains('\0') {
            return Err(format!("environment: {name} holds a zero byte"));
        }
    }
    Ok(())
}

/// The code of one folder as it was declared, completed by what is found there.
fn code(declared: &Declared, folder: &Path) -> Result<Code, String> {
    if !folder.is_dir() {
        return Err(format!("{} is no folder", folder.display()));
    }
    let language = match declared.runtime.as_deref() {
        Some(text) => Some(language(text).ok_or_else(|| format!("runtime: unknown `{text}`"))?),
        None if !declared.command.is_empty() => Some(Language::Provided),
        None => None,
    };
    let found = detect::code(folder, language);
    let language = language.or(found.as_ref().map(|code| code.language)).ok_or_else(|| {
        format!("runtime: {} looks like no function, so it must be named", folder.display())
    })?;
    let handler = declared.handler.clone().or_else(|| found.map(|code| code.handler));
    let handler = match (handler, language) {
        (Some(handler), _) => handler,
        (None, Language::Provided | Language::Rust) => "bootstrap".to_owned(),
        (None, Language::Python | Language::Node) => {
            return Err(format!("handler: {} has none of the usual names", folder.display()));
        }
    };
    Ok(Code {
        folder: folder.to_owned(),
        language,
        runtime: declared.runtime.clone(),
        handler,
        command: declared.command.clone(),
    })
}

/// `python`, `python3.12`, `nodejs22.x`, `provided.al2023`, ...
fn language(text: &str) -> Option<Language> {
    let known = [
        ("python", Language::Python),
        ("node", Language::Node),
        ("provided", Language::Provided),
        ("rust", Language::Rust),
    ];
    known.into_iter().find(|(start, _)| text.starts_with(start)).map(|(_, language)| language)
}

impl Alias {
    fn read(&self, function: &Function) -> Result<AliasTarget, String> {
        let target = match self {
            Self::Version(version) => {
                AliasTarget { version: version.clone(), weights: BTreeMap::new() }
            }
            Self::Weighted { version, weights } => {
                AliasTarget { version: version.clone(), weights: weights.clone() }
            }
        };
        let named = std::iter::once(&target.version).chain(target.weights.keys());
        if let Some(unknown) = named.into_iter().find(|v| !function.versions.contains_key(*v)) {
            let known: Vec<_> = function.versions.keys().map(String::as_str).collect();
            return Err(format!("there is no version {unknown}; there are {}", known.join(", ")));
        }
        let weights = target.weights.values();
        let share = |weight: &f64| (0.0..=1.0).contains(weight);
        if !weights.clone().all(share) || weights.sum::<f64>() > 1.0 {
            return Err("weights are shares from 0 to 1, together at most 1".into());
        }
        if !target.weights.is_empty() && target.version == LATEST {
            return Err("an alias with weights names numbered versions, as at AWS".into());
        }
        Ok(target)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::fs;

    use super::*;

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in ["hello", "hello-v1"] {
            fs::create_dir(dir.path().join(name)).unwrap();
            fs::write(dir.path().join(name).join("app.py"), "def handler(e, c): pass\n").unwrap();
        }
        dir
    }

    #[test]
    fn a_whole_declaration() {
        let dir = folder();
        let text = r#"
            concurrency = 7
            retry_waits = [0.5, 60]
            [functions.hello]
            runtime = "python3.11"
            timeout = 0.5
            memory = 256
            reserved_concurrency = 0
            environment = { TABLE = "t" }
            inherit = ["DATABASE_URL"]
            retries = 1
            versions = { "1" = "hello-v1" }
            aliases = { live = "$LATEST", split = { version = "1", weights = {} }, "*" = "1" }
            [functions.program]
            path = "hello"
            command = ["./run", "-x"]
        "#;
        let catalog = parse(&dir.path().join("functions.toml"), text).unwrap();
        assert_eq!(catalog.concurrency, 7);
        assert_eq!(catalog.retry_waits, [Duration::from_millis(500), Duration::from_mins(1)]);
        let hello = &catalog.functions["hello"];
        assert_eq!(hello.timeout, Duration::from_millis(500));
        assert_eq!(hello.versions["1"].folder, dir.path().join("hello-v1"));
        assert_eq!(hello.versions[LATEST].handler, "app.handler");
        assert_eq!(hello.alias("anything").unwrap().version, "1");
        let program = &catalog.functions["program"].versions[LATEST];
        assert_eq!(program.language, Language::Provided);
        assert_eq!(program.handler, "bootstrap");
    }

    #[test]
    fn each_fault_names_its_place() {
        let dir = folder();
        let cases = [
            ("x", "expected"),
            ("[functions.none]", "no folder"),
            ("[functions.hello]\nhandel = 1", "handel"),
            ("[functions.hello]\nruntime = \"cobol\"", "runtime: unknown `cobol`"),
            ("[functions.hello]\nruntime = \"node\"", "handler: "),
            ("[functions.hello]\ntimeout = 0", "timeout: "),
            ("[functions.hello]\ntimeout = 901", "timeout: "),
            ("[functions.hello]\nmemory = 64", "memory: "),
            ("[functions.hello]\nretries = 3", "retries: "),
            ("[functions.hello]\nenvironment = { AWS_REGION = \"x\" }", "AWS_REGION is reserved"),
            ("[functions.hello]\nenvironment = { \"A=B\" = \"x\" }", "environment: `A=B`: at AWS"),
            ("[functions.hello]\nenvironment = { A = \"x\" }", "environment: `A`: at AWS"),
            ("[functions.hello]\nenvironment = { _A = \"x\" }", "environment: `_A`: at AWS"),
            ("[functions.hello]\nenvironment = { AB = \"\\u0000\" }", "AB holds a zero byte"),
            ("[functions.hello]\naliases = { live = \"2\" }", "no version 2; there are $LATEST"),
            ("[functions.hello]\naliases = { \"7\" = \"$LATEST\" }", "no name of an alias"),
            ("[functions.hello]\nversions = { a = \"hello-v1\" }", "a version is a number"),
            ("[functions.\"a b\"]\npath = \"hello\"", "a name has"),
            ("retry_waits = [-1]", "retry_waits"),
        ];
        for (text, part) in cases {
            let error = parse(&dir.path().join("functions.toml"), text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(error.contains("functions.toml"), "{error}");
        }
    }
}
