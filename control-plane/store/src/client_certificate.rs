//! Rows of client certificates.

use std::collections::BTreeMap;

use gw_model::{ApiId, Scope, StageName};
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::{Error, Txn, scoped::scope_count};

/// A client certificate, without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificateRow {
    /// Its id.
    pub id: String,
    /// Free text.
    pub description: Option<String>,
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}

/// A query of certificates: all their columns, and what the caller says of the rows.
macro_rules! certificates {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Raw,
            r#"SELECT id, description, certificate_pem,
                      tags AS "tags: Json<BTreeMap<String, String>>", created_at, expires_at
                 FROM client_certificates "# + $rest,
            $($argument),*
        )
    };
}

impl Txn {
    /// Inserts a certificate.
    ///
    /// # Errors
    /// When the id is taken or the database is gone.
    pub async fn client_certificate_insert(
        &mut self,
        scope: &Scope,
        row: &ClientCertificateRow,
    ) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO client_certificates
                (account, region, id, description, certificate_pem, tags, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            scope.account.as_str(),
            scope.region.as_str(),
            row.id,
            row.description,
            row.certificate_pem,
            Json(&row.tags) as _,
            row.created_at,
            row.expires_at,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Reads a certificate.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn client_certificate_fetch(
        &mut self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<ClientCertificateRow>, Error> {
        let row = certificates!(
            "WHERE account = $1 AND region = $2 AND id = $3",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(Into::into))
    }

    /// Lists a scope's certificates by id, after `after`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn client_certificate_list(
        &mut self,
        scope: &Scope,
        after: &str,
        limit: i64,
    ) -> Result<Vec<ClientCertificateRow>, Error> {
        let rows = certificates!(
            "WHERE account = $1 AND region = $2 AND id > $3
                ORDER BY id LIMIT $4",
            scope.account.as_str(),
            scope.region.as_str(),
            after,
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    scope_count!(client_certificate_count, "client_certificates", "certificates");

    /// Whether there is such a certificate; it cannot be deleted until the
    /// transaction ends.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn client_certificate_share(
        &mut self,
        scope: &Scope,
        id: &str,
    ) -> Result<bool, Error> {
        let found = sqlx::query_scalar!(
            "SELECT id FROM client_certificates WHERE account = $1 AND region = $2 AND id = $3
                FOR KEY SHARE",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(found.is_some())
    }

    /// Writes a certificate's description; false if there is no such one.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn client_certificate_describe(
        &mut self,
        scope: &Scope,
        id: &str,
        description: Option<&str>,
    ) -> Result<bool, Error> {
        let done = sqlx::query!(
            "UPDATE client_certificates SET description = $4
              WHERE account = $1 AND region = $2 AND id = $3",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
            description,
        )
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Deletes a certificate; false if there is no such one. Whoever is about
    /// to use it is waited for.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn client_certificate_delete(
        &mut self,
        scope: &Scope,
        id: &str,
    ) -> Result<bool, Error> {
        let done = sqlx::query!(
            "DELETE FROM client_certificates WHERE account = $1 AND region = $2 AND id = $3",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
        )
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// The stages whose desired or serving release names a certificate.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn client_certificate_stages(
        &mut self,
        scope: &Scope,
        id: &str,
    ) -> Result<Vec<(ApiId, StageName)>, Error> {
        let rows = sqlx::query!(
            "SELECT DISTINCT s.api_id, s.name
               FROM stages s JOIN rest_apis a ON a.id = s.api_id
               JOIN releases r ON r.stage_id = s.id
                AND r.number IN (s.desired_release, s.serving_release)
              WHERE a.account = $1 AND a.region = $2
                AND r.release->'settings'->>'clientCertificateId' = $3
              ORDER BY s.api_id, s.name",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(|row| (row.api_id.into(), row.name.into())).collect())
    }
}

struct Raw {
    id: String,
    description: Option<String>,
    certificate_pem: String,
    tags: Json<BTreeMap<String, String>>,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

impl From<Raw> for ClientCertificateRow {
    fn from(raw: Raw) -> Self {
        Self {
            id: raw.id,
            description: raw.description,
            certificate_pem: raw.certificate_pem,
            tags: raw.tags.0,
            created_at: raw.created_at,
            expires_at: raw.expires_at,
        }
    }
}
