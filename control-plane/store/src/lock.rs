//! Connections of their own, outside the pool: one that holds advisory locks
//! as long as it lives, and one that listens.

use sqlx::{Connection as _, PgConnection, postgres::PgListener};

use crate::{Error, Store};

/// A connection whose advisory locks last as long as it does.
#[derive(Debug)]
pub struct Session {
    conn: PgConnection,
}

impl Session {
    /// Opens a connection.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn open(store: &Store) -> Result<Self, Error> {
        Ok(Self { conn: PgConnection::connect_with(&store.connect).await? })
    }

    /// Takes the lock if nobody holds it.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn try_lock(&mut self, key: i64) -> Result<bool, Error> {
        Ok(sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "locked!""#, key)
            .fetch_one(&mut self.conn)
            .await?)
    }

    /// Gives the lock back.
    ///
    /// # Errors
    /// When the database is gone; the lock is then gone as well.
    pub async fn unlock(&mut self, key: i64) -> Result<(), Error> {
        sqlx::query_scalar!("SELECT pg_advisory_unlock($1)", key).fetch_one(&mut self.conn).await?;
        Ok(())
    }

    /// Whether the connection, and so every lock, is still there.
    ///
    /// # Errors
    /// When it is not.
    pub async fn check(&mut self) -> Result<(), Error> {
        Ok(self.conn.ping().await?)
    }

    /// Closes the connection; its locks end.
    ///
    /// # Errors
    /// When the database is gone; the locks end all the same.
    pub async fn close(self) -> Result<(), Error> {
        Ok(self.conn.close().await?)
    }
}

/// A connection that hears what transactions tell as they commit.
#[derive(Debug)]
pub struct Listener {
    inner: PgListener,
}

impl Listener {
    /// Listens to revisions.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn open(store: &Store) -> Result<Self, Error> {
        let mut inner = PgListener::connect_with(&store.pool).await?;
        inner.ignore_pool_close_event(false);
        inner.listen("gw_revision").await?;
        Ok(Self { inner })
    }

    /// Waits for the next word; `None` means that the connection was lost and
    /// made again, so that words may have been missed.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn next(&mut self) -> Result<Option<String>, Error> {
        let word = self.inner.try_recv().await?;
        Ok(word.map(|word| word.payload().to_owned()))
    }
}
