//! Database errors, told apart by SQLSTATE and constraint name: one function
//! for all queries.

use sqlx::error::ErrorKind;

/// What a query ran into.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection, or none free in time, or the server is going down.
    #[error("the database cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// A deadlock or serialization failure: the same transaction may pass if
    /// it is tried again.
    #[error("the transaction ran into another one")]
    Retry(#[source] sqlx::Error),
    /// Some row already has the key.
    #[error("{constraint} is taken")]
    Taken {
        /// The unique constraint.
        constraint: String,
    },
    /// A text holds U+0000, which Postgres cannot store.
    #[error("a text holds U+0000")]
    InvalidText,
    /// A stored value is not what this build reads.
    #[error("stored {what} cannot be read")]
    Corrupt {
        /// Which value.
        what: &'static str,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The schema could not be brought up to date.
    #[error("migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Anything else.
    #[error("database error")]
    Database(#[source] sqlx::Error),
}

impl Error {
    pub(crate) fn corrupt(
        what: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Corrupt { what, source: source.into() }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return match error {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
                other => Self::Database(other),
            };
        };
        if database.kind() == ErrorKind::UniqueViolation {
            let constraint = database.constraint().unwrap_or_default().to_owned();
            return Self::Taken { constraint };
        }
        match database.code().as_deref().unwrap_or_default() {
            // serialization_failure, deadlock_detected
            "40001" | "40P01" => Self::Retry(error),
            // untranslatable_character, character_not_in_repertoire
            "22P05" | "22021" => Self::InvalidText,
            // too_many_connections, read_only_sql_transaction (a standby)
            "53300" | "25006" => Self::Unavailable(error),
            // connection exceptions; the server shuts down, crashed or starts
            code if code.starts_with("08") || code.starts_with("57P") => Self::Unavailable(error),
            _ => Self::Database(error),
        }
    }
}
