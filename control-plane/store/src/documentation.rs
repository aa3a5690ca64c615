//! Rows of documentation: parts, and snapshots of them.

use gw_model::{
    ApiId, Documentation, DocumentationPart, DocumentationPartId, DocumentationVersionName,
};
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::{Error, Txn};

/// A snapshot of an API's documentation, without the parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentationVersionRow {
    /// Its name.
    pub name: DocumentationVersionName,
    /// Free text.
    pub description: Option<String>,
    /// When it was taken.
    pub created_at: OffsetDateTime,
}

impl Txn {
    /// Every part of an API's documentation.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn documentation_parts_all(&mut self, api: &ApiId) -> Result<Documentation, Error> {
        let rows = sqlx::query!(
            r#"SELECT id, definition AS "definition: Json<DocumentationPart>"
                 FROM documentation_parts WHERE api_id = $1"#,
            api.as_str(),
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(|row| (row.id.into(), row.definition.0)).collect())
    }

    /// Reads a part.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn documentation_part_fetch(
        &mut self,
        api: &ApiId,
        id: &DocumentationPartId,
    ) -> Result<Option<DocumentationPart>, Error> {
        let row = sqlx::query_scalar!(
            r#"SELECT definition AS "definition: Json<DocumentationPart>"
                 FROM documentation_parts WHERE api_id = $1 AND id = $2"#,
            api.as_str(),
            id.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|definition| definition.0))
    }

    /// Inserts or replaces a part.
    ///
    /// # Errors
    /// When another part has its location, or the database is gone.
    pub async fn documentation_part_put(
        &mut self,
        api: &ApiId,
        id: &DocumentationPartId,
        part: &DocumentationPart,
    ) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO documentation_parts (api_id, id, location, definition)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT ON CONSTRAINT documentation_parts_pkey
             DO UPDATE SET location = excluded.location, definition = excluded.definition",
            api.as_str(),
            id.as_str(),
            part.location.key(),
            Json(part) as _,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Deletes a part; false if there was none.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn documentation_part_delete(
        &mut self,
        api: &ApiId,
        id: &DocumentationPartId,
    ) -> Result<bool, Error> {
        let gone = sqlx::query!(
            "DELETE FROM documentation_parts WHERE api_id = $1 AND id = $2",
            api.as_str(),
            id.as_str(),
        )
        .execute(self.conn())
        .await?;
        Ok(gone.rows_affected() > 0)
    }

    /// Writes the parts in which `after` differs from `before`.
    ///
    /// # Errors
    /// When two parts have one location, or the database is gone.
    pub async fn documentation_parts_save(
        &mut self,
        api: &ApiId,
        before: &Documentation,
        after: &Documentation,
    ) -> Result<(), Error> {
        // Deletes first, so that a new part may take a former one's place.
        for id in before.keys().filter(|id| !after.contains_key(*id)) {
            self.documentation_part_delete(api, id).await?;
        }
        for (id, part) in after.iter().filter(|(id, part)| before.get(*id) != Some(part)) {
            self.documentation_part_put(api, id, part).await?;
        }
        Ok(())
    }

    /// Keeps a snapshot of the documentation.
    ///
    /// # Errors
    /// When the name is taken, or the database is gone.
    pub async fn documentation_version_insert(
        &mut self,
        api: &ApiId,
        version: &DocumentationVersionRow,
        parts: &Documentation,
    ) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO documentation_versions (api_id, name, description, parts, created_at)
             VALUES ($1, $2, $3, $4, $5)",
            api.as_str(),
            version.name.as_str(),
            version.description.as_deref(),
            Json(parts) as _,
            version.created_at,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Reads a snapshot, without the parts.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn documentation_version_fetch(
        &mut self,
        api: &ApiId,
        name: &DocumentationVersionName,
    ) -> Result<Option<DocumentationVersionRow>, Error> {
        let row = sqlx::query!(
            "SELECT description, created_at FROM documentation_versions
              WHERE api_id = $1 AND name = $2",
            api.as_str(),
            name.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|row| DocumentationVersionRow {
            name: name.clone(),
            description: row.description,
            created_at: row.created_at,
        }))
    }

    /// Whether there is such a snapshot, and if so keeps it until the
    /// transaction ends.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn documentation_version_share(
        &mut self,
        api: &ApiId,
        name: &DocumentationVersionName,
    ) -> Result<bool, Error> {
        let row = sqlx::query_scalar!(
            "SELECT 1 AS one FROM documentation_versions
              WHERE api_id = $1 AND name = $2 FOR KEY SHARE",
            api.as_str(),
            name.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.is_some())
    }

    /// Reads the parts of a snapshot.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn documentation_version_parts(
        &mut self,
        api: &ApiId,
        name: &DocumentationVersionName,
    ) -> Result<Option<Documentation>, Error> {
        let row = sqlx::query_scalar!(
            r#"SELECT parts AS "parts: Json<Documentation>" FROM documentation_versions
                WHERE api_id = $1 AND name = $2"#,
            api.as_str(),
            name.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|parts| parts.0))
    }

    /// Lists an API's snapshots by name, after `after`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn documentation_version_list(
        &mut self,
        api: &ApiId,
        after: &str,
        limit: i64,
    ) -> Result<Vec<DocumentationVersionRow>, Error> {
        let rows = sqlx::query!(
            r#"SELECT name, description, created_at FROM documentation_versions
                WHERE api_id = $1 AND name COLLATE "C" > $2
                ORDER BY name COLLATE "C" LIMIT $3"#,
            api.as_str(),
            after,
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| DocumentationVersionRow {
                name: row.name.into(),
                description: row.description,
                created_at: row.created_at,
            })
            .collect())
    }

    /// Changes a snapshot's description.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn documentation_version_describe(
        &mut self,
        api: &ApiId,
        name: &DocumentationVersionName,
        description: Option<&str>,
    ) -> Result<(), Error> {
        sqlx::query!(
            "UPDATE documentation_versions SET description = $3 WHERE api_id = $1 AND name = $2",
            api.as_str(),
            name.as_str(),
            description,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Deletes a snapshot; false if there was none.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn documentation_version_delete(
        &mut self,
        api: &ApiId,
        name: &DocumentationVersionName,
    ) -> Result<bool, Error> {
        let gone = sqlx::query!(
            "DELETE FROM documentation_versions WHERE api_id = $1 AND name = $2",
            api.as_str(),
            name.as_str(),
        )
        .execute(self.conn())
        .await?;
        Ok(gone.rows_affected() > 0)
    }
}
