//! Rows of base path mappings and of associations with private domains.

use std::collections::BTreeMap;

use gw_model::{ApiId, BasePathMapping, Scope};
use sqlx::types::Json;

use crate::{Error, Txn};

/// How a domain itself is written as a base path.
pub const NO_BASE_PATH: &str = "(none)";

/// A base path as its column holds it.
fn column(base_path: &str) -> &str {
    if base_path.is_empty() { NO_BASE_PATH } else { base_path }
}

macro_rules! mapping {
    ($row:expr) => {{
        let row = $row;
        BasePathMapping {
            base_path: if row.base_path == NO_BASE_PATH { String::new() } else { row.base_path },
            api: row.api_id.into(),
            stage: row.stage.map(Into::into),
        }
    }};
}

/// Who may call a private domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssociationRow {
    /// Its ARN.
    pub arn: String,
    /// The owner.
    pub scope: Scope,
    /// The domain.
    pub domain: String,
    /// `VPCE`.
    pub source_type: String,
    /// The VPC endpoint.
    pub source: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

macro_rules! association {
    ($row:expr) => {{
        let row = $row;
        AssociationRow {
            arn: row.arn,
            scope: Scope::new(row.account, row.region),
            domain: row.domain,
            source_type: row.source_type,
            source: row.source,
            tags: row.tags.0,
        }
    }};
}

impl Txn {
    /// Inserts a mapping.
    ///
    /// # Errors
    /// When the base path is taken or the database is gone.
    pub async fn mapping_insert(
        &mut self,
        domain: &str,
        mapping: &BasePathMapping,
    ) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO base_path_mappings (domain, base_path, api_id, stage)
             VALUES ($1, $2, $3, $4)",
            domain,
            column(&mapping.base_path),
            mapping.api.as_str(),
            mapping.stage.as_ref().map(|stage| stage.as_str()),
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Reads a mapping.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn mapping_fetch(
        &mut self,
        domain: &str,
        base_path: &str,
    ) -> Result<Option<BasePathMapping>, Error> {
        let row = sqlx::query!(
            "SELECT base_path, api_id, stage FROM base_path_mappings
              WHERE domain = $1 AND base_path = $2",
            domain,
            column(base_path),
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|row| mapping!(row)))
    }

    /// Lists a domain's mappings by base path as it is written, after `after`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn mapping_list(
        &mut self,
        domain: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<BasePathMapping>, Error> {
        let rows = sqlx::query!(
            "SELECT base_path, api_id, stage FROM base_path_mappings
              WHERE domain = $1 AND base_path > $2 ORDER BY base_path LIMIT $3",
            domain,
            after,
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(|row| mapping!(row)).collect())
    }

    /// Replaces a mapping, its base path included.
    ///
    /// # Errors
    /// When the new base path is taken or the database is gone.
    pub async fn mapping_update(
        &mut self,
        domain: &str,
        base_path: &str,
        mapping: &BasePathMapping,
    ) -> Result<(), Error> {
        sqlx::query!(
            "UPDATE base_path_mappings SET base_path = $3, api_id = $4, stage = $5
              WHERE domain = $1 AND base_path = $2",
            domain,
            column(base_path),
            column(&mapping.base_path),
            mapping.api.as_str(),
            mapping.stage.as_ref().map(|stage| stage.as_str()),
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Deletes a mapping; false if there was none.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn mapping_delete(&mut self, domain: &str, base_path: &str) -> Result<bool, Error> {
        let gone = sqlx::query!(
            "DELETE FROM base_path_mappings WHERE domain = $1 AND base_path = $2",
            domain,
            column(base_path),
        )
        .execute(self.conn())
        .await?;
        Ok(gone.rows_affected() > 0)
    }

    /// The domains with a mapping to an API, or to one stage of it, sorted.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn mapping_domains(
        &mut self,
        api: &ApiId,
        stage: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        Ok(sqlx::query_scalar!(
            "SELECT DISTINCT domain FROM base_path_mappings
              WHERE api_id = $1 AND ($2::text IS NULL OR stage = $2) ORDER BY domain",
            api.as_str(),
            stage,
        )
        .fetch_all(self.conn())
        .await?)
    }

    /// Inserts an association.
    ///
    /// # Errors
    /// When the ARN is taken or the database is gone.
    pub async fn association_insert(&mut self, row: &AssociationRow) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO domain_access_associations
                (arn, account, region, domain, source_type, source, tags)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            row.arn,
            row.scope.account.as_str(),
            row.scope.region.as_str(),
            row.domain,
            row.source_type,
            row.source,
            Json(&row.tags) as _,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Reads an association, whoever owns it.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn association_fetch(&mut self, arn: &str) -> Result<Option<AssociationRow>, Error> {
        let row = sqlx::query!(
            r#"SELECT arn, account, region, domain, source_type, source,
                      tags AS "tags: Json<BTreeMap<String, String>>"
                 FROM domain_access_associations WHERE arn = $1"#,
            arn,
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|row| association!(row)))
    }

    /// Lists associations by ARN, after `after`: those of the scope, or those
    /// of other accounts with the scope's domains.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn association_list(
        &mut self,
        scope: &Scope,
        of_others: bool,
        after: &str,
        limit: i64,
    ) -> Result<Vec<AssociationRow>, Error> {
        let rows = sqlx::query!(
            r#"SELECT a.arn, a.account, a.region, a.domain, a.source_type, a.source,
                      a.tags AS "tags: Json<BTreeMap<String, String>>"
                 FROM domain_access_associations a JOIN domain_names d ON d.name = a.domain
                WHERE a.region = $2 AND a.arn > $3
                  AND CASE WHEN $4 THEN a.account <> $1 AND d.account = $1
                           ELSE a.account = $1 END
                ORDER BY a.arn LIMIT $5"#,
            scope.account.as_str(),
            scope.region.as_str(),
            after,
            of_others,
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(|row| association!(row)).collect())
    }

    /// Deletes an association.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn association_delete(&mut self, arn: &str) -> Result<(), Error> {
        sqlx::query!("DELETE FROM domain_access_associations WHERE arn = $1", arn)
            .execute(self.conn())
            .await?;
        Ok(())
    }
}
