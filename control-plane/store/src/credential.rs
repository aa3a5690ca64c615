//! Rows of the fleet's CA, access keys and bearer tokens. Secrets come and go
//! sealed; this crate cannot open them.

use crate::{Error, Txn};

/// The fleet's certificate authority.
#[derive(Debug, Clone)]
pub struct CaRow {
    /// The certificate, DER.
    pub certificate_der: Vec<u8>,
    /// The private key, sealed.
    pub sealed_key: Vec<u8>,
}

/// An access key.
#[derive(Debug, Clone)]
pub struct AccessKeyRow {
    /// The account that it belongs to.
    pub account: String,
    /// The principal's ARN.
    pub arn: String,
    /// The secret, sealed.
    pub sealed_secret: Vec<u8>,
    /// False for a key that was switched off.
    pub enabled: bool,
}

/// A bearer token.
#[derive(Debug, Clone)]
pub struct BearerTokenRow {
    /// The account that it belongs to.
    pub account: String,
    /// The principal's ARN.
    pub arn: String,
    /// The keyed hash of the secret.
    pub hash: Vec<u8>,
    /// False for a token that was switched off.
    pub enabled: bool,
}

impl Txn {
    /// Reads the CA.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn ca_fetch(&mut self) -> Result<Option<CaRow>, Error> {
        let row = sqlx::query!("SELECT certificate_der, sealed_key FROM ca")
            .fetch_optional(self.conn())
            .await?;
        Ok(row
            .map(|row| CaRow { certificate_der: row.certificate_der, sealed_key: row.sealed_key }))
    }

    /// Stores the CA unless there is one; false if there was.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn ca_insert(&mut self, ca: &CaRow) -> Result<bool, Error> {
        let done = sqlx::query!(
            "INSERT INTO ca (certificate_der, sealed_key) VALUES ($1, $2)
             ON CONFLICT ON CONSTRAINT ca_pkey DO NOTHING",
            ca.certificate_der,
            ca.sealed_key,
        )
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Stores an access key.
    ///
    /// # Errors
    /// When the id is taken or the database is gone.
    pub async fn access_key_insert(&mut self, id: &str, key: &AccessKeyRow) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO access_keys (id, account, arn, sealed_secret, enabled)
             VALUES ($1, $2, $3, $4, $5)",
            id,
            key.account,
            key.arn,
            key.sealed_secret,
            key.enabled,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Reads an access key.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn access_key_fetch(&mut self, id: &str) -> Result<Option<AccessKeyRow>, Error> {
        let row = sqlx::query!(
            "SELECT account, arn, sealed_secret, enabled FROM access_keys WHERE id = $1",
            id
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|row| AccessKeyRow {
            account: row.account,
            arn: row.arn,
            sealed_secret: row.sealed_secret,
            enabled: row.enabled,
        }))
    }

    /// Whether anybody can sign in; takes a lock that makes first starts of
    /// several replicas take turns.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn credentials_exist(&mut self) -> Result<bool, Error> {
        sqlx::query!("LOCK TABLE access_keys IN SHARE ROW EXCLUSIVE MODE")
            .execute(self.conn())
            .await?;
        Ok(sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM access_keys) AS "exist!""#)
            .fetch_one(self.conn())
            .await?)
    }

    /// Stores a bearer token.
    ///
    /// # Errors
    /// When the id is taken or the database is gone.
    pub async fn bearer_token_insert(
        &mut self,
        id: &str,
        token: &BearerTokenRow,
    ) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO bearer_tokens (id, account, arn, hash, enabled)
             VALUES ($1, $2, $3, $4, $5)",
            id,
            token.account,
            token.arn,
            token.hash,
            token.enabled,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Reads a bearer token.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn bearer_token_fetch(&mut self, id: &str) -> Result<Option<BearerTokenRow>, Error> {
        let row =
            sqlx::query!("SELECT account, arn, hash, enabled FROM bearer_tokens WHERE id = $1", id)
                .fetch_optional(self.conn())
                .await?;
        Ok(row.map(|row| BearerTokenRow {
            account: row.account,
            arn: row.arn,
            hash: row.hash,
            enabled: row.enabled,
        }))
    }
}
