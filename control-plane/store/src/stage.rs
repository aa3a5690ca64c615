//! Rows of stages.

use std::collections::BTreeMap;

use gw_model::{
    AccountId, ApiId, Region, Release, ReleaseNumber, ResourceName, Scope, StageKey, StageName,
};
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::{Error, ReleaseState, Txn, release::parse};

/// A stage with its desired release.
#[derive(Debug, Clone, PartialEq)]
pub struct StageRow {
    /// The row's key; never shown.
    pub(crate) id: i64,
    /// Scope, API and name.
    pub key: StageKey,
    /// The newest release.
    pub desired: Release,
    /// Where that stands.
    pub desired_state: ReleaseState,
    /// What the fleet serves.
    pub serving: Option<ReleaseNumber>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When the stage was created.
    pub created_at: OffsetDateTime,
    /// When its newest release was appended.
    pub updated_at: OffsetDateTime,
}

macro_rules! stage_row {
    ($row:expr) => {{
        let row = $row;
        StageRow {
            id: row.id,
            key: StageKey {
                scope: Scope {
                    account: AccountId::new(row.account),
                    region: Region::new(row.region),
                },
                api: ApiId::new(row.api_id),
                stage: StageName::new(row.name),
            },
            desired: parse(&row.release)?,
            desired_state: row.state.parse()?,
            serving: row.serving_release.map(|number| ReleaseNumber(number as u64)),
            tags: row.tags.0,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }};
}

impl Txn {
    /// Reads a stage.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn stage_fetch(&mut self, key: &StageKey) -> Result<Option<StageRow>, Error> {
        let row = sqlx::query!(
            r#"SELECT s.id, a.account, a.region, s.api_id, s.name, s.serving_release,
                      s.tags AS "tags: Json<BTreeMap<String, String>>", s.created_at, s.updated_at,
                      r.release::text AS "release!", r.state
                 FROM stages s JOIN rest_apis a ON a.id = s.api_id
                 JOIN releases r ON r.stage_id = s.id AND r.number = s.desired_release
                WHERE s.api_id = $1 AND s.name = $2 AND a.account = $3 AND a.region = $4"#,
            key.api.as_str(),
            key.stage.as_str(),
            key.scope.account.as_str(),
            key.scope.region.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        row.map(|row| Ok(stage_row!(row))).transpose()
    }

    /// Reads a stage and keeps every other writer of it out until the
    /// transaction ends.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn stage_lock(&mut self, key: &StageKey) -> Result<Option<StageRow>, Error> {
        // Locked first and read after: a joined release read in the locking
        // statement would be the one from before a writer that we waited for.
        let locked = sqlx::query_scalar!(
            "SELECT s.id FROM stages s JOIN rest_apis a ON a.id = s.api_id
              WHERE s.api_id = $1 AND s.name = $2 AND a.account = $3 AND a.region = $4
                FOR NO KEY UPDATE OF s",
            key.api.as_str(),
            key.stage.as_str(),
            key.scope.account.as_str(),
            key.scope.region.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        match locked {
            Some(_) => self.stage_fetch(key).await,
            None => Ok(None),
        }
    }

    /// Every stage of an API by name.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn stage_list(&mut self, scope: &Scope, api: &ApiId) -> Result<Vec<StageRow>, Error> {
        let rows = sqlx::query!(
            r#"SELECT s.id, a.account, a.region, s.api_id, s.name, s.serving_release,
                      s.tags AS "tags: Json<BTreeMap<String, String>>", s.created_at, s.updated_at,
                      r.release::text AS "release!", r.state
                 FROM stages s JOIN rest_apis a ON a.id = s.api_id
                 JOIN releases r ON r.stage_id = s.id AND r.number = s.desired_release
                WHERE s.api_id = $1 AND a.account = $2 AND a.region = $3 ORDER BY s.name"#,
            api.as_str(),
            scope.account.as_str(),
            scope.region.as_str(),
        )
        .fetch_all(self.conn())
        .await?;
        rows.into_iter().map(|row| Ok(stage_row!(row))).collect()
    }

    /// The number that a new stage's first release gets: 1, or what follows
    /// the history of a deleted stage of that name.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn stage_first_number(&mut self, key: &StageKey) -> Result<ReleaseNumber, Error> {
        let last = sqlx::query_scalar!(
            "SELECT last_release FROM former_stages WHERE api_id = $1 AND name = $2",
            key.api.as_str(),
            key.stage.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(ReleaseNumber(last.unwrap_or(0) as u64 + 1))
    }

    /// Inserts a stage whose first release is appended next.
    ///
    /// # Errors
    /// When the name is taken or the database is gone.
    pub async fn stage_insert(
        &mut self,
        key: &StageKey,
        first: &Release,
        tags: &BTreeMap<String, String>,
        at: OffsetDateTime,
    ) -> Result<StageRow, Error> {
        let id = sqlx::query_scalar!(
            "INSERT INTO stages (api_id, name, desired_release, tags, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $5) RETURNING id",
            key.api.as_str(),
            key.stage.as_str(),
            first.number.0 as i64,
            Json(tags) as _,
            at,
        )
        .fetch_one(self.conn())
        .await?;
        Ok(StageRow {
            id,
            key: key.clone(),
            desired: first.clone(),
            desired_state: ReleaseState::Pending,
            serving: None,
            tags: tags.clone(),
            created_at: at,
            updated_at: at,
        })
    }

    /// Deletes a stage with its history.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn stage_delete(&mut self, stage: &StageRow) -> Result<(), Error> {
        sqlx::query!(
            "WITH gone AS (DELETE FROM stages WHERE id = $1 RETURNING api_id, name, desired_release)
             INSERT INTO former_stages (api_id, name, last_release) SELECT * FROM gone
             ON CONFLICT ON CONSTRAINT former_stages_pkey
             DO UPDATE SET last_release = excluded.last_release",
            stage.id,
        )
        .execute(self.conn())
        .await?;
        self.notices.names.insert(ResourceName::Stage(stage.key.clone()).to_string());
        Ok(())
    }
}
