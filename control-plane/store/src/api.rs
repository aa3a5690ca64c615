//! Rows of REST APIs.

use std::collections::BTreeMap;

use gw_model::{ApiId, ResourceId, ResourceName, RestApi, Scope, StageKey, StageName};
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::{Error, Txn, scoped::scope_count};

/// A REST API without what is below it.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiRow {
    /// The settings; every map below the API is empty.
    pub definition: RestApi,
    /// The resource `/`.
    pub root_resource_id: ResourceId,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// What the last import had to say.
    pub warnings: Vec<String>,
    /// Grows with every change of the working copy.
    pub version: i64,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

/// A REST API to insert; what is below it is inserted separately.
#[derive(Debug, Clone)]
pub struct NewApi<'a> {
    /// The owner.
    pub scope: &'a Scope,
    /// The settings.
    pub definition: &'a RestApi,
    /// The resource `/`.
    pub root_resource_id: &'a ResourceId,
    /// Tags.
    pub tags: &'a BTreeMap<String, String>,
    /// What the import had to say.
    pub warnings: &'a [String],
}

macro_rules! api_row {
    ($row:expr) => {{
        let row = $row;
        ApiRow {
            definition: row.definition.0,
            root_resource_id: row.root_resource_id.into(),
            tags: row.tags.0,
            warnings: row.warnings.0,
            version: row.version,
            created_at: row.created_at,
        }
    }};
}

impl Txn {
    /// Inserts an API.
    ///
    /// # Errors
    /// When the id is taken or the database is gone.
    pub async fn api_insert(&mut self, new: NewApi<'_>) -> Result<OffsetDateTime, Error> {
        let created_at = sqlx::query_scalar!(
            "INSERT INTO rest_apis
                (id, account, region, root_resource_id, definition, tags, warnings)
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING created_at",
            new.definition.id.as_str(),
            new.scope.account.as_str(),
            new.scope.region.as_str(),
            new.root_resource_id.as_str(),
            Json(new.definition.bare()) as _,
            Json(new.tags) as _,
            Json(new.warnings) as _,
        )
        .fetch_one(self.conn())
        .await?;
        Ok(created_at)
    }

    /// Reads an API.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn api_fetch(&mut self, scope: &Scope, id: &ApiId) -> Result<Option<ApiRow>, Error> {
        let row = sqlx::query!(
            r#"SELECT definition AS "definition: Json<RestApi>", root_resource_id,
                      tags AS "tags: Json<BTreeMap<String, String>>",
                      warnings AS "warnings: Json<Vec<String>>", version, created_at
                 FROM rest_apis WHERE id = $1 AND account = $2 AND region = $3"#,
            id.as_str(),
            scope.account.as_str(),
            scope.region.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|row| api_row!(row)))
    }

    /// Reads an API and keeps every other writer of its working copy out
    /// until the transaction ends.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn api_lock(&mut self, scope: &Scope, id: &ApiId) -> Result<Option<ApiRow>, Error> {
        // Not FOR UPDATE: rows that refer to the API may be inserted meanwhile.
        let row = sqlx::query!(
            r#"SELECT definition AS "definition: Json<RestApi>", root_resource_id,
                      tags AS "tags: Json<BTreeMap<String, String>>",
                      warnings AS "warnings: Json<Vec<String>>", version, created_at
                 FROM rest_apis WHERE id = $1 AND account = $2 AND region = $3
                  FOR NO KEY UPDATE"#,
            id.as_str(),
            scope.account.as_str(),
            scope.region.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|row| api_row!(row)))
    }

    /// Lists a scope's APIs by id, after `after`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn api_list(
        &mut self,
        scope: &Scope,
        after: &str,
        limit: i64,
    ) -> Result<Vec<ApiRow>, Error> {
        let rows = sqlx::query!(
            r#"SELECT definition AS "definition: Json<RestApi>", root_resource_id,
                      tags AS "tags: Json<BTreeMap<String, String>>",
                      warnings AS "warnings: Json<Vec<String>>", version, created_at
                 FROM rest_apis WHERE account = $1 AND region = $2 AND id > $3
                ORDER BY id LIMIT $4"#,
            scope.account.as_str(),
            scope.region.as_str(),
            after,
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(|row| api_row!(row)).collect())
    }

    scope_count!(api_count, "rest_apis", "APIs");

    /// Writes an API's settings.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn api_update(&mut self, definition: &RestApi) -> Result<(), Error> {
        sqlx::query!(
            "UPDATE rest_apis SET definition = $2 WHERE id = $1",
            definition.id.as_str(),
            Json(definition.bare()) as _,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Marks the working copy as changed.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn api_touch(&mut self, id: &ApiId) -> Result<i64, Error> {
        Ok(sqlx::query_scalar!(
            "UPDATE rest_apis SET version = version + 1, updated_at = now()
              WHERE id = $1 RETURNING version",
            id.as_str(),
        )
        .fetch_one(self.conn())
        .await?)
    }

    /// Replaces what the last import had to say.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn api_warnings_set(&mut self, id: &ApiId, warnings: &[String]) -> Result<(), Error> {
        sqlx::query!(
            "UPDATE rest_apis SET warnings = $2 WHERE id = $1",
            id.as_str(),
            Json(warnings) as _,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Deletes an API with everything below it; nodes notice each of its stages.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn api_delete(&mut self, scope: &Scope, id: &ApiId) -> Result<(), Error> {
        let stages = sqlx::query_scalar!("SELECT name FROM stages WHERE api_id = $1", id.as_str())
            .fetch_all(self.conn())
            .await?;
        for stage in stages {
            let stage = StageName::new(stage);
            let key = StageKey { scope: scope.clone(), api: id.clone(), stage };
            self.notices.names.insert(ResourceName::Stage(key).to_string());
        }
        sqlx::query!("DELETE FROM rest_apis WHERE id = $1", id.as_str())
            .execute(self.conn())
            .await?;
        Ok(())
    }
}
