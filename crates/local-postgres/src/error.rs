//! What can go wrong, each with what to do about it.

use std::io;
use std::path::PathBuf;

/// Why Postgres could not be found, initialised or started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No `initdb` and `postgres` anywhere.
    #[error(
        "no Postgres found on PATH or under /usr/lib/postgresql: install it \
         (Debian: `apt-get install postgresql`) or set DATABASE_URL"
    )]
    NoBinaries,
    /// Root needs an unprivileged user to run Postgres as.
    #[error("Postgres refuses to run as root, and there is neither a user `postgres` nor `nobody`")]
    NoAccount,
    /// The user that runs Postgres cannot enter a parent of its data.
    #[error(
        "user `{user}`, as whom Postgres runs, cannot enter {}: choose a directory elsewhere",
        path.display()
    )]
    Unreachable {
        /// Who runs Postgres.
        user: String,
        /// The first directory that is closed to that user.
        path: PathBuf,
    },
    /// The data directory belongs to another major version.
    #[error(
        "{} was made by Postgres {found}, and the binaries here are {have}: \
         install Postgres {found} or start with a new directory",
        path.display()
    )]
    OtherVersion {
        /// The data directory.
        path: PathBuf,
        /// Its major version.
        found: String,
        /// The major version of the binaries.
        have: String,
    },
    /// A file or process operation failed.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// `initdb` ran and failed.
    #[error("initdb failed: {0}")]
    Init(String),
    /// The server ended or stayed silent while it should start.
    #[error("Postgres did not start: {0}")]
    Start(String),
}

impl Error {
    /// Wraps an I/O error with what was tried on which path.
    pub(crate) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { what, path, source }
    }
}
