//! Connections and transactions.

use std::{collections::BTreeSet, time::Duration};

use gw_model::Revision;
use sqlx::{
    PgConnection, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{Audit, Error};

/// How a [`Store`] connects.
#[derive(Debug, Clone)]
pub struct Options {
    /// Upper bound of open connections.
    pub max_connections: u32,
    /// How long a use case waits for a connection before it answers
    /// [`Error::Unavailable`].
    pub acquire_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_connections: 16, acquire_timeout: Duration::from_secs(2) }
    }
}

/// A pool of connections to one database. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) pool: PgPool,
    pub(crate) connect: PgConnectOptions,
}

impl Store {
    /// Prepares a pool; it connects when it is first used.
    ///
    /// # Errors
    /// When the URL is not a Postgres URL.
    pub fn open(url: &str, options: &Options) -> Result<Self, Error> {
        let connect: PgConnectOptions = url.parse().map_err(Error::Database)?;
        let connect = connect.application_name("gatewright");
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            .connect_lazy_with(connect.clone());
        Ok(Self { pool, connect })
    }

    /// Brings the schema up to date. Replicas that start together take turns.
    ///
    /// # Errors
    /// When the database is gone or a migration fails.
    pub async fn migrate(&self) -> Result<(), Error> {
        use sqlx::migrate::MigrateError;
        sqlx::migrate!("../../migrations").run(&self.pool).await.map_err(|error| match error {
            MigrateError::Execute(error) => error.into(),
            other => Error::Migration(other),
        })
    }

    /// Starts a transaction that writes.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn begin(&self) -> Result<Txn, Error> {
        Ok(Txn { inner: self.pool.begin().await?, notices: Notices::default() })
    }

    /// Starts a transaction that reads one point in time, whatever commits meanwhile.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn read(&self) -> Result<Txn, Error> {
        let inner = self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        Ok(Txn { inner, notices: Notices::default() })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        sqlx::query!("SELECT 1 AS one").fetch_one(&self.pool).await?;
        Ok(())
    }

    /// Cuts every other connection to the database: for tests of what then
    /// happens, and for an operator who takes a database out of service.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn disconnect_others(&self) -> Result<(), Error> {
        sqlx::query!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// What a node could notice of a transaction.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// Names of resources that change.
    pub(crate) names: BTreeSet<String>,
    /// Releases appended: their revision is stamped.
    pub(crate) releases: Vec<(i64, i64)>,
    /// Stages whose assignments changed: their version is stamped.
    pub(crate) assigned: Vec<i64>,
    /// Nodes whose facts changed: their version is stamped.
    pub(crate) nodes: Vec<String>,
    /// Facts written: their version is stamped.
    pub(crate) facts: BTreeSet<String>,
}

/// An open transaction; dropped without commit, it leaves no trace.
#[derive(Debug)]
pub struct Txn {
    inner: Transaction<'static, Postgres>,
    pub(crate) notices: Notices,
}

impl Txn {
    pub(crate) fn conn(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// Commits. Where a node can notice the change, the transaction's last
    /// statement takes the next revision, appends the changes under it and
    /// wakes every replica.
    ///
    /// # Errors
    /// When the database refuses or is gone; then nothing has happened, unless
    /// the connection broke at the commit itself.
    pub async fn commit(mut self, audit: Option<&Audit>) -> Result<Option<Revision>, Error> {
        if let Some(audit) = audit {
            self.audit_append(audit).await?;
        }
        let revision = self.revision_advance().await?;
        self.inner.commit().await?;
        Ok(revision)
    }
}
