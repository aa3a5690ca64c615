//! `profile`: the endpoints that this gwctl knows.

use std::path::Path;

use crate::cli::{Global, ProfileCommand};
use crate::config::{Config, Profile};
use crate::error::{Error, Result};
use crate::output::{Output, render, table};

/// Lists, changes or removes profiles.
pub(crate) fn profile(command: &ProfileCommand, global: &Global, out: Output) -> Result<()> {
    let path = Config::path()?;
    let mut config = Config::load()?;
    match command {
        ProfileCommand::Path => out.data(&path.display().to_string(), Clone::clone),
        ProfileCommand::List => out.data(&config, list_text),
        ProfileCommand::Set { name, ca_file, default } => {
            let profile = config.profiles.entry(name.clone()).or_default();
            update(profile, global, ca_file.as_deref())?;
            if *default || config.profiles.len() == 1 {
                config.default_profile = Some(name.clone());
            }
            config.save(&path)?;
            out.note(&format!("wrote {}", path.display()));
            Ok(())
        }
        ProfileCommand::Remove { name } => {
            config.profile(name)?;
            config.profiles.remove(name);
            if config.default_profile.as_ref() == Some(name) {
                config.default_profile = None;
            }
            config.save(&path)
        }
    }
}

fn update(profile: &mut Profile, global: &Global, ca_file: Option<&Path>) -> Result<()> {
    let absolute = |path: &Path| std::path::absolute(path).map_err(Error::io(path.display()));
    if let Some(endpoint) = &global.endpoint {
        // Told now rather than at the first use.
        endpoint.parse::<crate::client::Endpoint>()?;
        profile.endpoint = Some(endpoint.clone());
    }
    if let Some(dir) = &global.state_dir {
        profile.state_dir = Some(absolute(dir)?);
    }
    if let Some(file) = &global.credentials_file {
        profile.credentials_file = Some(absolute(file)?);
    }
    if global.region.is_some() {
        profile.region.clone_from(&global.region);
    }
    if let Some(file) = ca_file {
        profile.ca_file = Some(absolute(file)?);
    }
    if profile.endpoint.is_none() && profile.state_dir.is_none() {
        return Err(Error::usage("a profile needs --endpoint or --state-dir"));
    }
    Ok(())
}

fn list_text(config: &Config) -> String {
    let mut table = table(&["profile", "endpoint or data directory", "credentials", "region"]);
    for (name, profile) in &config.profiles {
        let mark = if config.default_profile.as_ref() == Some(name) { " *" } else { "" };
        let show =
            |path: &Option<std::path::PathBuf>| path.as_ref().map(|p| p.display().to_string());
        let place = profile.endpoint.clone().or_else(|| show(&profile.state_dir));
        table.add_row([
            format!("{name}{mark}"),
            place.unwrap_or_default(),
            show(&profile.credentials_file).unwrap_or_else(|| "-".to_owned()),
            profile.region.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    render(&table)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_checked_when_it_is_set() {
        let mut profile = Profile::default();
        let global = Global::default();
        assert!(update(&mut profile, &global, None).is_err());
        let odd = Global { endpoint: Some("h:1".into()), ..Global::default() };
        assert!(update(&mut profile, &odd, None).is_err());
        let good = Global { state_dir: Some("rel".into()), ..Global::default() };
        update(&mut profile, &good, None).unwrap();
        assert!(profile.state_dir.as_ref().unwrap().is_absolute());
    }
}
