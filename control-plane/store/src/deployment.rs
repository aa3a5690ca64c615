//! Rows of deployments and their content.

use gw_model::{ApiId, DeploymentId, Digest, encode::Encoded};
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::{Error, Txn};

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRow {
    /// Its id.
    pub id: DeploymentId,
    /// Free text.
    pub description: Option<String>,
    /// The address of its content.
    pub digest: Digest,
    /// The content's size.
    pub size_bytes: i64,
    /// Faults that are served as run-time errors.
    pub warnings: Vec<String>,
    /// Deleted by its owner.
    pub hidden: bool,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

/// A piece of a deployment's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentChunk {
    /// Size of the whole content in bytes.
    pub total: u64,
    /// The piece.
    pub bytes: Vec<u8>,
}

pub(crate) fn digest(bytes: &[u8]) -> Result<Digest, Error> {
    Digest::from_slice(bytes).ok_or_else(|| Error::corrupt("digest", "not 32 bytes long"))
}

macro_rules! deployment_row {
    ($row:expr) => {{
        let row = $row;
        DeploymentRow {
            id: row.id.into(),
            description: row.description,
            digest: digest(&row.digest)?,
            size_bytes: row.size_bytes,
            warnings: row.warnings.0,
            hidden: row.hidden,
            created_at: row.created_at,
        }
    }};
}

impl Txn {
    /// Stores content unless it is there already; then it counts as new.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn content_put(&mut self, content: &Encoded) -> Result<(), Error> {
        // The bytes of what is there already need not travel.
        let there = sqlx::query!(
            "UPDATE deployment_contents SET created_at = now() WHERE digest = $1",
            content.digest.as_bytes().as_slice(),
        )
        .execute(self.conn())
        .await?;
        if there.rows_affected() > 0 {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO deployment_contents (digest, format, size_bytes, bytes)
             VALUES ($1, $2, $3, $4) ON CONFLICT ON CONSTRAINT deployment_contents_pkey DO UPDATE SET created_at = now()",
            content.digest.as_bytes().as_slice(),
            gw_model::encode::FORMAT as i32,
            content.bytes.len() as i64,
            content.bytes,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Reads `length` bytes of content from `offset`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn content_chunk(
        &mut self,
        digest: Digest,
        offset: u64,
        length: u32,
    ) -> Result<Option<ContentChunk>, Error> {
        let row = sqlx::query!(
            r#"SELECT size_bytes, substring(bytes FROM $2 FOR $3) AS "bytes!"
                 FROM deployment_contents WHERE digest = $1"#,
            digest.as_bytes().as_slice(),
            i32::try_from(offset).unwrap_or(i32::MAX - 1) + 1,
            length as i32,
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|row| ContentChunk { total: row.size_bytes as u64, bytes: row.bytes }))
    }

    /// Reads content whole.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn content_fetch(&mut self, digest: Digest) -> Result<Option<Vec<u8>>, Error> {
        Ok(sqlx::query_scalar!(
            "SELECT bytes FROM deployment_contents WHERE digest = $1",
            digest.as_bytes().as_slice(),
        )
        .fetch_optional(self.conn())
        .await?)
    }

    /// Removes content that no deployment of any API names and that was last
    /// stored `age_s` seconds ago or more.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn contents_prune(&mut self, age_s: u32) -> Result<u64, Error> {
        let gone = sqlx::query!(
            "DELETE FROM deployment_contents c
              WHERE created_at <= now() - $1 * interval '1 second'
                AND NOT EXISTS (SELECT 1 FROM deployments d WHERE d.digest = c.digest)",
            f64::from(age_s),
        )
        .execute(self.conn())
        .await?;
        Ok(gone.rows_affected())
    }

    /// Inserts a deployment whose content is stored.
    ///
    /// # Errors
    /// When the id is taken or the database is gone.
    pub async fn deployment_insert(
        &mut self,
        api: &ApiId,
        id: &DeploymentId,
        description: Option<&str>,
        digest: Digest,
        warnings: &[String],
    ) -> Result<OffsetDateTime, Error> {
        Ok(sqlx::query_scalar!(
            "INSERT INTO deployments (api_id, id, description, digest, warnings)
             VALUES ($1, $2, $3, $4, $5) RETURNING created_at",
            api.as_str(),
            id.as_str(),
            description,
            digest.as_bytes().as_slice(),
            Json(warnings) as _,
        )
        .fetch_one(self.conn())
        .await?)
    }

    /// Reads a deployment, hidden or not.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn deployment_fetch(
        &mut self,
        api: &ApiId,
        id: &DeploymentId,
    ) -> Result<Option<DeploymentRow>, Error> {
        let row = sqlx::query!(
            r#"SELECT d.id, d.description, d.digest, c.size_bytes, d.hidden, d.created_at,
                      d.warnings AS "warnings: Json<Vec<String>>"
                 FROM deployments d JOIN deployment_contents c ON c.digest = d.digest
                WHERE d.api_id = $1 AND d.id = $2"#,
            api.as_str(),
            id.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        row.map(|row| Ok(deployment_row!(row))).transpose()
    }

    /// The content of a deployment that a stage is about to name; it cannot be
    /// hidden before the transaction ends. `None` if it is hidden or absent.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn deployment_share(
        &mut self,
        api: &ApiId,
        id: &DeploymentId,
    ) -> Result<Option<Digest>, Error> {
        let found = sqlx::query_scalar!(
            "SELECT digest FROM deployments WHERE api_id = $1 AND id = $2 AND NOT hidden FOR SHARE",
            api.as_str(),
            id.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        found.map(|bytes| digest(&bytes)).transpose()
    }

    /// Lists an API's deployments by id, after `after`, without hidden ones.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn deployment_list(
        &mut self,
        api: &ApiId,
        after: &str,
        limit: i64,
    ) -> Result<Vec<DeploymentRow>, Error> {
        let rows = sqlx::query!(
            r#"SELECT d.id, d.description, d.digest, c.size_bytes, d.hidden, d.created_at,
                      d.warnings AS "warnings: Json<Vec<String>>"
                 FROM deployments d JOIN deployment_contents c ON c.digest = d.digest
                WHERE d.api_id = $1 AND d.id > $2 AND NOT d.hidden
                ORDER BY d.id LIMIT $3"#,
            api.as_str(),
            after,
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        rows.into_iter().map(|row| Ok(deployment_row!(row))).collect()
    }

    /// Changes a deployment's description; false if it is hidden or absent.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn deployment_describe(
        &mut self,
        api: &ApiId,
        id: &DeploymentId,
        description: Option<&str>,
    ) -> Result<bool, Error> {
        let done = sqlx::query!(
            "UPDATE deployments SET description = $3
              WHERE api_id = $1 AND id = $2 AND NOT hidden",
            api.as_str(),
            id.as_str(),
            description,
        )
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Hides a deployment; false if it is hidden already or absent. Stages
    /// that are about to name it are waited for.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn deployment_hide(&mut self, api: &ApiId, id: &DeploymentId) -> Result<bool, Error> {
        let done = sqlx::query!(
            "UPDATE deployments SET hidden = true WHERE api_id = $1 AND id = $2 AND NOT hidden",
            api.as_str(),
            id.as_str(),
        )
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Whether a stage's desired or serving release names the deployment.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn deployment_in_use(
        &mut self,
        api: &ApiId,
        id: &DeploymentId,
    ) -> Result<bool, Error> {
        Ok(sqlx::query_scalar!(
            r#"SELECT EXISTS (
                 SELECT 1 FROM stages s JOIN releases r ON r.stage_id = s.id
                        AND r.number IN (s.desired_release, s.serving_release)
                  WHERE s.api_id = $1
                    AND (r.release ->> 'deploymentId' = $2
                         OR r.release -> 'canary' ->> 'deploymentId' = $2)
               ) AS "used!""#,
            api.as_str(),
            id.as_str(),
        )
        .fetch_one(self.conn())
        .await?)
    }
}
