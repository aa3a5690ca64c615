//! The operator's file of roles, read again when it changes.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use gw_pipeline::{AwsSettings, InvalidRoles, Roles};

/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// A file of roles that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnusableRoles {
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    #[error("{} holds no roles", .0.display())]
    Form(PathBuf, #[source] InvalidRoles),
}

/// The file, and what it was when it was last read.
#[derive(Debug)]
pub(crate) struct RolesFile {
    path: PathBuf,
    /// None while the file is not there.
    seen: Option<Stamp>,
}

/// Tells one content of a file from the next, also where another file takes
/// its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    inode: u64,
}

impl Stamp {
    fn of(file: &fs::Metadata) -> io::Result<Self> {
        Ok(Self { modified: file.modified()?, length: file.len(), inode: file.ino() })
    }
}

impl RolesFile {
    /// Opens the file: itself, and the roles in it.
    pub(crate) fn open(path: PathBuf) -> Result<(Self, Roles), UnusableRoles> {
        let mut file = Self { path, seen: None };
        // Looked at before it is read: a change in between is another one.
        file.seen = file.stamp().ok();
        let roles = file.read()?;
        Ok((file, roles))
    }

    /// Hands every new content of the file to `aws`. What cannot be used is
    /// logged, once, and the former roles stay.
    pub(crate) async fn follow(mut self, aws: Arc<AwsSettings>) {
        loop {
            tokio::time::sleep(EVERY).await;
            // A file may be on a disk that does not answer.
            let looked = tokio::task::spawn_blocking(move || {
                let changed = self.changed();
                (self, changed)
            });
            let Ok((file, changed)) = looked.await else { return };
            self = file;
            match changed {
                None => {}
                Some(Ok(roles)) => {
                    aws.set_roles(&roles);
                    tracing::info!(file = %self.path.display(), "roles read again");
                }
                Some(Err(error)) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    let cause = cause.unwrap_or_default();
                    tracing::error!(%error, cause, "the former roles stay");
                }
            }
        }
    }

    /// The roles, if the file is not the one that was seen last.
    fn changed(&mut self) -> Option<Result<Roles, UnusableRoles>> {
        let now = self.stamp().ok();
        if std::mem::replace(&mut self.seen, now) == now {
            return None;
        }
        Some(self.read())
    }

    fn stamp(&self) -> io::Result<Stamp> {
        Stamp::of(&fs::metadata(&self.path)?)
    }

    fn read(&self) -> Result<Roles, UnusableRoles> {
        let text = fs::read_to_string(&self.path)
            .map_err(|error| UnusableRoles::Read(self.path.clone(), error))?;
        Roles::parse(&text).map_err(|error| UnusableRoles::Form(self.path.clone(), error))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roles.toml");
        let error = RolesFile::open(path.clone()).unwrap_err();
        assert!(matches!(error, UnusableRoles::Read(..)), "{error}");
        fs::write(&path, "unnamed = \"refuse\"").unwrap();
        let (mut file, _) = RolesFile::open(path.clone()).unwrap();
        assert!(file.changed().is_none(), "as it was opened");

        let other = folder.path().join("other");
        fs::write(&other, "unnamed = \"node\"").unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(file.changed().unwrap().is_ok() && file.changed().is_none());
        fs::write(&path, "unnamed =").unwrap();
        let error = file.changed().unwrap().unwrap_err();
        assert!(matches!(error, UnusableRoles::Form(..)) && file.changed().is_none(), "{error}");
        fs::remove_file(&path).unwrap();
        assert!(file.changed().unwrap().is_err() && file.changed().is_none());
        fs::write(&path, "").unwrap();
        assert!(file.changed().unwrap().is_ok() && file.changed().is_none());
    }
}
