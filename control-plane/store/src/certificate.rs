//! Rows of the certificate store, and of the authority of domains. Private
//! keys come and go sealed; this crate cannot open them.

use gw_model::Scope;
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::{CaRow, Error, Txn};

/// A certificate of the store.
#[derive(Debug, Clone)]
pub struct CertificateRow {
    /// Its ARN.
    pub arn: String,
    /// The owner.
    pub scope: Scope,
    /// The leaf and what leads to its root, PEM.
    pub chain_pem: String,
    /// The private key, sealed.
    pub sealed_key: Vec<u8>,
    /// The host names that it holds.
    pub names: Vec<String>,
    /// When it begins.
    pub not_before: OffsetDateTime,
    /// When it ends.
    pub not_after: OffsetDateTime,
    /// When it was first imported.
    pub created_at: OffsetDateTime,
}

macro_rules! certificate {
    ($row:expr) => {{
        let row = $row;
        CertificateRow {
            arn: row.arn,
            scope: Scope::new(row.account, row.region),
            chain_pem: row.chain_pem,
            sealed_key: row.sealed_key,
            names: row.names.0,
            not_before: row.not_before,
            not_after: row.not_after,
            created_at: row.created_at,
        }
    }};
}

impl Txn {
    /// Inserts a certificate, or replaces the one with its ARN.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn certificate_put(&mut self, row: &CertificateRow) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO certificates
                (arn, account, region, chain_pem, sealed_key, names, not_before, not_after)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT ON CONSTRAINT certificates_pkey DO UPDATE
                SET chain_pem = excluded.chain_pem, sealed_key = excluded.sealed_key,
                    names = excluded.names, not_before = excluded.not_before,
                    not_after = excluded.not_after, updated_at = now()",
            row.arn,
            row.scope.account.as_str(),
            row.scope.region.as_str(),
            row.chain_pem,
            row.sealed_key,
            Json(&row.names) as _,
            row.not_before,
            row.not_after,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Reads a certificate, whoever owns it.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn certificate_fetch(&mut self, arn: &str) -> Result<Option<CertificateRow>, Error> {
        let row = sqlx::query!(
            r#"SELECT arn, account, region, chain_pem, sealed_key,
                      names AS "names: Json<Vec<String>>", not_before, not_after, created_at
                 FROM certificates WHERE arn = $1"#,
            arn,
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|row| certificate!(row)))
    }

    /// Makes writers of one certificate and of the domains that name it take
    /// turns, also where there is no row yet.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn certificate_turn(&mut self, arn: &str) -> Result<(), Error> {
        sqlx::query!(
            "SELECT pg_advisory_xact_lock(hashtextextended('gw-certificate/' || $1, 0))",
            arn
        )
        .fetch_one(self.conn())
        .await?;
        Ok(())
    }

    /// Lists an account's certificates by ARN, after `after`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn certificate_list(
        &mut self,
        scope: &Scope,
        after: &str,
        limit: i64,
    ) -> Result<Vec<CertificateRow>, Error> {
        let rows = sqlx::query!(
            r#"SELECT arn, account, region, chain_pem, sealed_key,
                      names AS "names: Json<Vec<String>>", not_before, not_after, created_at
                 FROM certificates WHERE account = $1 AND arn > $2 ORDER BY arn LIMIT $3"#,
            scope.account.as_str(),
            after,
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(|row| certificate!(row)).collect())
    }

    /// Deletes a certificate.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn certificate_delete(&mut self, arn: &str) -> Result<(), Error> {
        sqlx::query!("DELETE FROM certificates WHERE arn = $1", arn).execute(self.conn()).await?;
        Ok(())
    }

    /// Reads the authority of domains.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_ca_fetch(&mut self) -> Result<Option<CaRow>, Error> {
        Ok(sqlx::query_as!(CaRow, "SELECT certificate_der, sealed_key FROM domain_ca")
            .fetch_optional(self.conn())
            .await?)
    }

    /// Stores the authority of domains unless there is one.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_ca_insert(&mut self, ca: &CaRow) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO domain_ca (certificate_der, sealed_key) VALUES ($1, $2)
             ON CONFLICT ON CONSTRAINT domain_ca_pkey DO NOTHING",
            ca.certificate_der,
            ca.sealed_key,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }
}
