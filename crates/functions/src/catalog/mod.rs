//! What is declared: functions, their versions and aliases.

mod detect;
mod file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;

/// The version that is always there.
pub const LATEST: &str = "$LATEST";

/// The file that declares functions.
pub(crate) const FILE: &str = "functions.toml";

/// What a function is written in, so far as it matters to start it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A module with a handler, run by a Python of this machine.
    Python,
    /// A module with a handler, run by a Node of this machine.
    Node,
    /// A program that speaks the Runtime API itself.
    Provided,
    /// The same, built from its folder by cargo when functions start.
    Rust,
}

/// The code of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Where it is: the working directory of its environments.
    pub folder: PathBuf,
    /// How it is started.
    pub language: Language,
    /// The runtime as it was declared, such as `python3.12`, if it was.
    pub runtime: Option<String>,
    /// `module.function`; for programs, whatever they make of it.
    pub handler: String,
    /// Program and arguments. For Python and Node at most the interpreter,
    /// which is looked for where this is empty.
    pub command: Vec<String>,
}

/// Where an alias leads.
#[derive(Debug, Clone, PartialEq)]
pub struct AliasTarget {
    /// The version that takes what the others leave.
    pub version: String,
    /// Further versions with their shares, each from 0 to 1, together at most 1.
    pub weights: BTreeMap<String, f64>,
}

/// A function as its folder declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it is for, in the words of who declared it.
    pub description: String,
    /// By version; `$LATEST` is among them.
    pub versions: BTreeMap<String, Arc<Code>>,
    /// By name; `*` stands for every other name.
    pub aliases: BTreeMap<String, AliasTarget>,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// MB that the function is told of; nothing holds it to them.
    pub memory: u32,
    /// How many invocations at once; `None` shares in what all may have.
    pub reserved_concurrency: Option<u32>,
    /// Variables of its environments.
    pub environment: BTreeMap<String, String>,
    /// Names of our own variables that its environments get too.
    pub inherit: Vec<String>,
    /// How often an asynchronous invocation is tried again.
    pub retries: usize,
}

impl Function {
    /// A function with AWS's defaults: 3 seconds, 128 MB, two retries.
    pub fn new(name: &str, code: Code) -> Self {
        Self {
            name: name.to_owned(),
            description: String::new(),
            versions: BTreeMap::from([(LATEST.to_owned(), Arc::new(code))]),
            aliases: BTreeMap::new(),
            timeout: Duration::from_secs(3),
            memory: 128,
            reserved_concurrency: None,
            environment: BTreeMap::new(),
            inherit: Vec::new(),
            retries: 2,
        }
    }

    /// A program that speaks the Runtime API itself.
    pub fn provided(name: &str, folder: &Path, command: &[&str]) -> Self {
        let code = Code {
            folder: folder.to_owned(),
            language: Language::Provided,
            runtime: None,
            handler: "handler".to_owned(),
            command: command.iter().map(|&word| word.to_owned()).collect(),
        };
        Self::new(name, code)
    }

    /// Which version and code a qualifier means; `draw`, from 0 to 1, decides
    /// between the versions of an alias.
    pub fn resolve(&self, qualifier: Option<&str>, draw: f64) -> Option<(String, Arc<Code>)> {
        let wanted = qualifier.unwrap_or(LATEST);
        let version = match self.versions.contains_key(wanted) {
            true => wanted,
            false => self.alias(wanted)?.draw(draw),
        };
        self.versions.get(version).map(|code| (version.to_owned(), code.clone()))
    }

    /// The alias of a name.
    pub(crate) fn alias(&self, name: &str) -> Option<&AliasTarget> {
        let numeric = name.bytes().all(|b| b.is_ascii_digit());
        let any = || self.aliases.get("*").filter(|_| !numeric && !name.starts_with('$'));
        self.aliases.get(name).or_else(any)
    }
}

impl AliasTarget {
    fn draw(&self, draw: f64) -> &str {
        let mut left = draw;
        for (version, share) in &self.weights {
            if left < *share {
                return version;
            }
            left -= share;
        }
        &self.version
    }
}

/// All functions that are served.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// By name.
    pub functions: BTreeMap<String, Arc<Function>>,
    /// How many invocations at once, all functions together. AWS's default for
    /// an account is 1,000; a machine of processes has fewer.
    pub concurrency: u32,
    /// How long an asynchronous invocation waits before each retry; the last
    /// one stands for all further.
    pub retry_waits: Vec<Duration>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self {
            functions: BTreeMap::new(),
            concurrency: 100,
            retry_waits: vec![Duration::from_secs(1), Duration::from_secs(2)],
        }
    }
}

impl Catalog {
    /// These functions, with the defaults of everything else.
    pub fn of(functions: impl IntoIterator<Item = Function>) -> Self {
        let by_name = functions.into_iter().map(|f| (f.name.clone(), Arc::new(f)));
        Self { functions: by_name.collect(), ..Self::default() }
    }

    /// Reads a folder: its `functions.toml`; without one, itself or the
    /// folders in it that look like functions.
    ///
    /// # Errors
    /// When nothing is found, or what is declared cannot be.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let folder = std::path::absolute(folder).map_err(Error::file(folder))?;
        let declared = folder.join(FILE);
        let catalog = match std::fs::read_to_string(&declared) {
            Ok(text) => file::parse(&declared, &text)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Self::of(detect::functions(&folder)?)
            }
            Err(error) => return Err(Error::file(declared)(error)),
        };
        if catalog.functions.is_empty() { Err(Error::Empty { path: folder }) } else { Ok(catalog) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn with_versions() -> Function {
        let mut function = Function::provided("f", Path::new("/f"), &["./run"]);
        let code = function.versions[LATEST].clone();
        function.versions.insert("1".into(), code.clone());
        function.versions.insert("2".into(), code);
        let live = AliasTarget { version: "1".into(), weights: [("2".into(), 0.25)].into() };
        function.aliases.insert("live".into(), live);
        function
    }

    #[test]
    fn qualifiers_lead_to_versions() {
        let mut function = with_versions();
        let version = |f: &Function, q, draw| f.resolve(q, draw).map(|(version, _)| version);
        assert_eq!(version(&function, None, 0.0).as_deref(), Some(LATEST));
        assert_eq!(version(&function, Some("2"), 0.0).as_deref(), Some("2"));
        assert_eq!(version(&function, Some("live"), 0.2).as_deref(), Some("2"));
        assert_eq!(version(&function, Some("live"), 0.3).as_deref(), Some("1"));
        assert_eq!(version(&function, Some("test"), 0.0), None);
        let any = AliasTarget { version: LATEST.into(), weights: BTreeMap::new() };
        function.aliases.insert("*".into(), any);
        assert_eq!(version(&function, Some("test"), 0.0).as_deref(), Some(LATEST));
        assert_eq!(version(&function, Some("9"), 0.0), None, "a number is a version");
    }
}
