//! Rows of custom domains.

use std::collections::BTreeMap;

use gw_model::{Scope, domain::DomainName};
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::{Error, Txn, scoped::scope_count};

/// A custom domain.
#[derive(Debug, Clone, PartialEq)]
pub struct DomainRow {
    /// The owner.
    pub scope: Scope,
    /// What was declared.
    pub definition: DomainName,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// A certificate that belongs to one domain.
#[derive(Debug, Clone)]
pub struct DomainCertificateRow {
    /// The leaf and what leads to its root, PEM.
    pub chain_pem: String,
    /// The private key, sealed.
    pub sealed_key: Vec<u8>,
    /// Whether this installation issued it.
    pub issued: bool,
    /// When it ends.
    pub not_after: OffsetDateTime,
}

macro_rules! domain_row {
    ($row:expr) => {{
        let row = $row;
        DomainRow {
            scope: Scope::new(row.account, row.region),
            definition: row.definition.0,
            tags: row.tags.0,
        }
    }};
}

/// A query of domains: all their columns, and what the caller says of the rows.
macro_rules! domains {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query!(
            r#"SELECT account, region, definition AS "definition: Json<DomainName>",
                      tags AS "tags: Json<BTreeMap<String, String>>"
                 FROM domain_names "# + $rest,
            $($argument),*
        )
    };
}

impl Txn {
    /// Inserts a domain.
    ///
    /// # Errors
    /// When the name is taken or the database is gone.
    pub async fn domain_insert(&mut self, row: &DomainRow) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO domain_names (name, account, region, definition, tags)
             VALUES ($1, $2, $3, $4, $5)",
            row.definition.name,
            row.scope.account.as_str(),
            row.scope.region.as_str(),
            Json(&row.definition) as _,
            Json(&row.tags) as _,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Reads a domain, whoever owns it.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_fetch(&mut self, name: &str) -> Result<Option<DomainRow>, Error> {
        let row = domains!("WHERE name = $1", name,).fetch_optional(self.conn()).await?;
        Ok(row.map(|row| domain_row!(row)))
    }

    /// Reads a domain and keeps every other writer of it and its mappings out
    /// until the transaction ends.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_lock(&mut self, name: &str) -> Result<Option<DomainRow>, Error> {
        let row = domains!("WHERE name = $1 FOR NO KEY UPDATE", name,)
            .fetch_optional(self.conn())
            .await?;
        Ok(row.map(|row| domain_row!(row)))
    }

    /// Lists a scope's domains by name, after `after`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_list(
        &mut self,
        scope: &Scope,
        after: &str,
        limit: i64,
    ) -> Result<Vec<DomainRow>, Error> {
        let rows = domains!(
            "WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4",
            scope.account.as_str(),
            scope.region.as_str(),
            after,
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(|row| domain_row!(row)).collect())
    }

    /// Lists the domains of other accounts with which this scope is
    /// associated, by name, after `after`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_list_shared(
        &mut self,
        scope: &Scope,
        after: &str,
        limit: i64,
    ) -> Result<Vec<DomainRow>, Error> {
        let rows = sqlx::query!(
            r#"SELECT d.account, d.region, d.definition AS "definition: Json<DomainName>",
                      d.tags AS "tags: Json<BTreeMap<String, String>>"
                 FROM domain_names d
                WHERE d.account <> $1 AND d.region = $2 AND d.name > $3
                  AND EXISTS (SELECT 1 FROM domain_access_associations a
                               WHERE a.domain = d.name AND a.account = $1 AND a.region = $2)
                ORDER BY d.name LIMIT $4"#,
            scope.account.as_str(),
            scope.region.as_str(),
            after,
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(|row| domain_row!(row)).collect())
    }

    scope_count!(domain_count, "domain_names", "domains");

    /// Whether another account has a domain that the wildcard `name` stands
    /// for, or the wildcard that stands for `name`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_overlaps(&mut self, account: &str, name: &str) -> Result<bool, Error> {
        let parent = name.split_once('.').map(|(_, parent)| parent).unwrap_or_default();
        Ok(sqlx::query_scalar!(
            r#"SELECT EXISTS (
                 SELECT 1 FROM domain_names
                  WHERE account <> $1 AND substr(name, strpos(name, '.') + 1) = $2
                    AND (name LIKE '*.%' OR $3)
               ) AS "exists!""#,
            account,
            parent,
            name.starts_with("*."),
        )
        .fetch_one(self.conn())
        .await?)
    }

    /// Stores what a domain now declares.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_update(&mut self, definition: &DomainName) -> Result<(), Error> {
        sqlx::query!(
            "UPDATE domain_names SET definition = $2, updated_at = now() WHERE name = $1",
            definition.name,
            Json(definition) as _,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Deletes a domain with its mappings, associations and own certificates.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_delete(&mut self, name: &str) -> Result<(), Error> {
        sqlx::query!("DELETE FROM domain_names WHERE name = $1", name).execute(self.conn()).await?;
        Ok(())
    }

    /// The names of all domains that name a certificate, sorted.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domains_with_certificate(&mut self, arn: &str) -> Result<Vec<String>, Error> {
        Ok(sqlx::query_scalar!(
            "SELECT name FROM domain_names
              WHERE certificate_arn = $1 OR regional_certificate_arn = $1 ORDER BY name",
            arn,
        )
        .fetch_all(self.conn())
        .await?)
    }

    /// The certificate that belongs to a domain in a role.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_certificate_fetch(
        &mut self,
        domain: &str,
        role: &str,
    ) -> Result<Option<DomainCertificateRow>, Error> {
        Ok(sqlx::query_as!(
            DomainCertificateRow,
            "SELECT chain_pem, sealed_key, issued, not_after
               FROM domain_certificates WHERE domain = $1 AND role = $2",
            domain,
            role,
        )
        .fetch_optional(self.conn())
        .await?)
    }

    /// Inserts or replaces the certificate of a domain in a role.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_certificate_put(
        &mut self,
        domain: &str,
        role: &str,
        row: &DomainCertificateRow,
    ) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO domain_certificates (domain, role, chain_pem, sealed_key, issued, not_after)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT ON CONSTRAINT domain_certificates_pkey DO UPDATE
                SET chain_pem = excluded.chain_pem, sealed_key = excluded.sealed_key,
                    issued = excluded.issued, not_after = excluded.not_after",
            domain,
            role,
            row.chain_pem,
            row.sealed_key,
            row.issued,
            row.not_after,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Deletes the certificate of a domain in a role.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_certificate_delete(
        &mut self,
        domain: &str,
        role: &str,
    ) -> Result<(), Error> {
        sqlx::query!(
            "DELETE FROM domain_certificates WHERE domain = $1 AND role = $2",
            domain,
            role
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Issued certificates that end before a time: domain and role.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_certificates_ending(
        &mut self,
        before: OffsetDateTime,
        limit: i64,
    ) -> Result<Vec<(String, String)>, Error> {
        let rows = sqlx::query!(
            "SELECT domain, role FROM domain_certificates
              WHERE issued AND not_after < $1 ORDER BY not_after LIMIT $2",
            before,
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(|row| (row.domain, row.role)).collect())
    }
}
