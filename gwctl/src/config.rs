//! The config file with its profiles.
//!
//! Secrets stay in credentials files, so that the config file can be shown and
//! kept in version control.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The config file: `~/.config/gatewright/config.toml`.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The profile used where nothing else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default_profile: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// One known admin API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credentials_file: Option<PathBuf>,
    /// A data directory of `gwctl up`, instead of the two above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state_dir: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
}

impl Config {
    /// Where the file is: `GATEWRIGHT_CONFIG`, else below the user's config folder.
    pub(crate) fn path() -> Result<PathBuf> {
        if let Some(path) = var("GATEWRIGHT_CONFIG") {
            return Ok(path);
        }
        let folder = var("XDG_CONFIG_HOME").or_else(|| Some(var("HOME")?.join(".config")));
        folder.map(|f| f.join("gatewright/config.toml")).ok_or_else(|| {
            Error::usage("there is no HOME to find the config file in")
                .hint("set GATEWRIGHT_CONFIG to its path")
        })
    }

    /// Reads the file; an absent one is empty.
    pub(crate) fn load() -> Result<Self> {
        match Self::path() {
            Ok(path) => Self::read(&path),
            // Who has no HOME has no profiles either.
            Err(_) => Ok(Self::default()),
        }
    }

    fn read(path: &Path) -> Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(Error::io(path.display())(error)),
        };
        toml::from_str(&text).map_err(|e| Error::usage(format!("{}: {e}", path.display())))
    }

    /// Writes the file whole, so that a reader meets the old or the new one.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let text = toml::to_string(self)
            .map_err(|e| Error::failed(format!("cannot write the config file: {e}")))?;
        crate::files::write_private(path, text.as_bytes())
    }

    /// A profile by name.
    pub(crate) fn profile(&self, name: &str) -> Result<&Profile> {
        self.profiles.get(name).ok_or_else(|| {
            let known: Vec<_> = self.profiles.keys().map(String::as_str).collect();
            let hint = if known.is_empty() {
                "add it with `gwctl profile set`".to_owned()
            } else {
                format!("known are: {}", known.join(", "))
            };
            Error::usage(format!("there is no profile `{name}`")).hint(hint)
        })
    }
}

/// An environment variable that is set to something.
pub(crate) fn var(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_absent_file_is_empty_and_a_written_one_returns() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/config.toml");
        let mut config = Config::read(&path).unwrap();
        assert_eq!(config, Config::default());
        config.default_profile = Some("prod".into());
        let profile = Profile { endpoint: Some("https://gw.example".into()), ..Profile::default() };
        config.profiles.insert("prod".into(), profile);
        config.save(&path).unwrap();
        assert_eq!(Config::read(&path).unwrap(), config);
    }

    #[test]
    fn mistakes_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, "[profiles.p]\nendpont = \"http://h\"\n").unwrap();
        let text = Config::read(&path).unwrap_err().to_string();
        assert!(text.contains("endpont") && text.contains("config.toml"), "{text}");
        let text = Config::default().profile("x").unwrap_err().to_string();
        assert!(text.contains("no profile `x`") && text.contains("profile set"), "{text}");
    }

    #[test]
    fn a_secret_in_the_config_file_is_refused() {
        let text = "[profiles.p]\nbearer_token = \"gwt1.x.y\"\n";
        assert!(toml::from_str::<Config>(text).is_err());
    }
}
