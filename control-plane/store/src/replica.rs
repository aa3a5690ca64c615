//! Rows of control-plane replicas and of who leads what.

use crate::{Error, Txn};

impl Txn {
    /// Registers a replica, or renews its lease, for `ttl_ms` from now.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn replica_renew(
        &mut self,
        name: &str,
        address: &str,
        ttl_ms: i64,
    ) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO replicas (name, address, expires_at)
             VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
             ON CONFLICT ON CONSTRAINT replicas_pkey DO UPDATE
                SET address = excluded.address, expires_at = excluded.expires_at",
            name,
            address,
            ttl_ms as f64,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Ends a replica's lease.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn replica_remove(&mut self, name: &str) -> Result<(), Error> {
        sqlx::query!("DELETE FROM replicas WHERE name = $1", name).execute(self.conn()).await?;
        Ok(())
    }

    /// Replicas whose lease runs, by name.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn replica_list(&mut self) -> Result<Vec<(String, String)>, Error> {
        let rows = sqlx::query!(
            "SELECT name, address FROM replicas WHERE expires_at > clock_timestamp() ORDER BY name"
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(|row| (row.name, row.address)).collect())
    }

    /// Notes who leads a role and gives out the next fencing token.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn leader_put(&mut self, role: &str, replica: &str) -> Result<u64, Error> {
        let token = sqlx::query_scalar!(
            "INSERT INTO leaders (role, replica, token) VALUES ($1, $2, 1)
             ON CONFLICT ON CONSTRAINT leaders_pkey DO UPDATE
                SET replica = excluded.replica, token = leaders.token + 1
             RETURNING token",
            role,
            replica,
        )
        .fetch_one(self.conn())
        .await?;
        Ok(token as u64)
    }

    /// Keeps the role's leader the same until the transaction ends; false if
    /// the token is not the newest one.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn leader_fence(&mut self, role: &str, token: u64) -> Result<bool, Error> {
        let newest =
            sqlx::query_scalar!("SELECT token FROM leaders WHERE role = $1 FOR SHARE", role)
                .fetch_optional(self.conn())
                .await?;
        Ok(newest == Some(token as i64))
    }
}
