//! From flags, environment and config file to one client.
//!
//! What is said more closely wins: flags before the environment (the parser
//! does that), then a data directory, a profile, an endpoint, the default
//! profile, the default data directory.

use std::env;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cli::Global;
use crate::client::{Auth, Client, Endpoint};
use crate::config::{Config, Profile};
use crate::error::{Error, Result};
use crate::files::read_json;
use crate::up::StateDir;

/// The region of signed calls where nobody names one.
const DEFAULT_REGION: &str = "us-east-1";

/// A credentials file: what the control plane writes at its first start.
#[derive(Debug, Deserialize)]
struct Credentials {
    bearer_token: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    region: Option<String>,
}

/// The environment's part, apart so that tests can set it.
#[derive(Debug, Default)]
struct Environment {
    access_key: Option<String>,
    secret: Option<String>,
    session_token: Option<String>,
    region: Option<String>,
}

impl Environment {
    fn read() -> Self {
        let var = |name| env::var(name).ok().filter(|v| !v.is_empty());
        Self {
            access_key: var("AWS_ACCESS_KEY_ID"),
            secret: var("AWS_SECRET_ACCESS_KEY"),
            session_token: var("AWS_SESSION_TOKEN"),
            region: var("AWS_REGION").or_else(|| var("AWS_DEFAULT_REGION")),
        }
    }
}

/// The client that the global flags mean.
pub(crate) fn client(global: &Global) -> Result<Client> {
    let config = Config::load()?;
    let profile = choose(global, &config, &StateDir::default_path())?;
    resolve(&profile, &Environment::read())
}

/// The client of what runs in a data directory.
pub(crate) fn of_state_dir(state: &StateDir) -> Result<Client> {
    let profile = Profile { state_dir: Some(state.root().to_owned()), ..Profile::default() };
    resolve(&profile, &Environment::default())
}

/// The profile that the flags mean, or one made of them.
fn choose(global: &Global, config: &Config, default_dir: &Path) -> Result<Profile> {
    let of_dir = |dir: &Path| Profile { state_dir: Some(dir.to_owned()), ..Profile::default() };
    let named = match (&global.profile, &config.default_profile) {
        (Some(name), _) => Some(config.profile(name)?.clone()),
        (None, Some(name)) if global.endpoint.is_none() => Some(config.profile(name)?.clone()),
        _ => None,
    };
    let mut profile = match (&global.state_dir, named) {
        (Some(dir), _) => of_dir(dir),
        (None, Some(profile)) => profile,
        (None, None) if global.endpoint.is_some() => Profile::default(),
        (None, None) if default_dir.is_dir() => of_dir(default_dir),
        (None, None) => {
            return Err(Error::usage("which Gatewright?").hint(
                "start one here with `gwctl up`, or name one with --state-dir, --profile \
                 or --endpoint",
            ));
        }
    };
    let over = |slot: &mut Option<PathBuf>, value: &Option<PathBuf>| {
        if value.is_some() {
            slot.clone_from(value);
        }
    };
    over(&mut profile.credentials_file, &global.credentials_file);
    if global.endpoint.is_some() {
        profile.endpoint.clone_from(&global.endpoint);
    }
    if global.region.is_some() {
        profile.region.clone_from(&global.region);
    }
    Ok(profile)
}

fn resolve(profile: &Profile, environment: &Environment) -> Result<Client> {
    let state = profile.state_dir.as_deref().map(StateDir::new).transpose()?;
    let endpoint = match (&profile.endpoint, &state) {
        (Some(endpoint), _) => endpoint.clone(),
        (None, Some(state)) => state.admin_url()?,
        (None, None) => {
            return Err(Error::usage("the profile names neither an endpoint nor a state_dir"));
        }
    };
    let mut endpoint: Endpoint = endpoint.parse()?;
    endpoint.ca_file.clone_from(&profile.ca_file);
    let file = profile.credentials_file.clone().or_else(|| state.map(|s| s.credentials()));
    // Keys in the environment are for whoever named no file.
    let auth = match file {
        Some(file) => from_file(&file, profile)?,
        None => from_environment(environment, profile)?,
    };
    Ok(Client::new(endpoint, auth))
}

fn from_file(file: &Path, profile: &Profile) -> Result<Auth> {
    // Whoever named the file can mend it, as any other on the command line.
    let read = read_json(file).map_err(|error| Error::usage(error.message()));
    let credentials: Credentials = read?.ok_or_else(|| {
        Error::usage(format!("there is no credentials file {}", file.display()))
            .hint("`gwctl up` writes one into its data directory at the first start")
    })?;
    if let Some(token) = credentials.bearer_token {
        return Ok(Auth::Bearer(token));
    }
    match (credentials.access_key_id, credentials.secret_access_key) {
        (Some(id), Some(secret)) => {
            let region = region_of(profile, credentials.region);
            Ok(Auth::Keys { id, secret, session_token: None, region })
        }
        _ => Err(Error::usage(format!(
            "{} holds neither bearer_token nor access_key_id and secret_access_key",
            file.display()
        ))),
    }
}

fn from_environment(environment: &Environment, profile: &Profile) -> Result<Auth> {
    match (&environment.access_key, &environment.secret) {
        (Some(id), Some(secret)) => Ok(Auth::Keys {
            id: id.clone(),
            secret: secret.clone(),
            session_token: environment.session_token.clone(),
            region: region_of(profile, environment.region.clone()),
        }),
        _ => Err(Error::usage("there are no credentials for this endpoint").hint(
            "name a file with --credentials-file, or set AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY",
        )),
    }
}

fn region_of(profile: &Profile, other: Option<String>) -> String {
    let region = profile.region.clone().or(other);
    // The control plane's word for "whatever the signature says".
    region.filter(|r| r != "per-signature").unwrap_or_else(|| DEFAULT_REGION.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn config() -> Config {
        toml::from_str(
            "default_profile = \"a\"\n[profiles.a]\nendpoint = \"http://a\"\n\
             [profiles.b]\nendpoint = \"http://b\"\nregion = \"eu-west-1\"\n",
        )
        .unwrap()
    }

    fn endpoint(global: &Global, config: &Config) -> Option<String> {
        choose(global, config, Path::new("/nonexistent")).unwrap().endpoint
    }

    #[test]
    fn what_is_said_more_closely_wins() {
        let none = Global::default();
        let b = Global { profile: Some("b".into()), ..Global::default() };
        let url = Global { endpoint: Some("http://c".into()), ..Global::default() };
        let dir = Global { state_dir: Some("/s".into()), ..Global::default() };
        assert_eq!(endpoint(&none, &config()).as_deref(), Some("http://a"));
        assert_eq!(endpoint(&b, &config()).as_deref(), Some("http://b"));
        assert_eq!(endpoint(&url, &config()).as_deref(), Some("http://c"));
        assert_eq!(endpoint(&dir, &config()), None);
        let error = choose(&none, &Config::default(), Path::new("/nonexistent")).unwrap_err();
        assert!(error.to_string().contains("gwctl up"), "{error}");
    }

    #[test]
    fn the_default_data_directory_is_the_last_resort() {
        let dir = tempfile::tempdir().unwrap();
        let chosen = choose(&Global::default(), &Config::default(), dir.path()).unwrap();
        assert_eq!(chosen.state_dir.as_deref(), Some(dir.path()));
    }

    #[test]
    fn files_give_tokens_or_keys() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("credentials.json");
        let profile = Profile::default();
        assert!(from_file(&file, &profile).unwrap_err().to_string().contains("no credentials"));
        std::fs::write(&file, r#"{"bearer_token":"t","access_key_id":"i"}"#).unwrap();
        assert_eq!(from_file(&file, &profile).unwrap(), Auth::Bearer("t".into()));
        std::fs::write(
            &file,
            r#"{"access_key_id":"i","secret_access_key":"s","region":"per-signature"}"#,
        )
        .unwrap();
        let keys = Auth::Keys {
            id: "i".into(),
            secret: "s".into(),
            session_token: None,
            region: DEFAULT_REGION.into(),
        };
        assert_eq!(from_file(&file, &profile).unwrap(), keys);
        for text in ["{}", "{", "7"] {
            std::fs::write(&file, text).unwrap();
            let error = from_file(&file, &profile).unwrap_err();
            assert_eq!(error.kind.exit_code(), 2, "{error}");
        }
    }

    #[test]
    fn the_environment_serves_an_endpoint_without_a_file() {
        let profile = Profile { endpoint: Some("http://h".into()), ..Profile::default() };
        let environment = Environment {
            access_key: Some("i".into()),
            secret: Some("s".into()),
            ..Environment::default()
        };
        assert!(resolve(&profile, &environment).is_ok());
        assert!(resolve(&profile, &Environment::default()).is_err());
    }
}
