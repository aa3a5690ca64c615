//! How a pending release becomes the serving one, or a rejected one: each a
//! compare-and-set that one replica wins.

use gw_model::{AccountId, ApiId, Region, ReleaseNumber, ResourceName, Scope, StageKey, StageName};
use time::OffsetDateTime;

use crate::{Error, StageRow, Txn};

/// What became of an attempt to commit a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// It serves now.
    Done {
        /// What served before.
        former: Option<ReleaseNumber>,
    },
    /// It was not pending any more: another replica was first, a newer release
    /// overtook it, or it was rejected.
    NotPending,
}

/// What became of an attempt to reject a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// It is rejected now.
    Done,
    /// It was not pending any more.
    NotPending,
}

/// A rollout found half done.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingRow {
    /// The stage.
    pub key: StageKey,
    /// The pending release's number.
    pub number: ReleaseNumber,
    /// The release's exact bytes, for nodes.
    pub content: Vec<u8>,
    /// When it was appended.
    pub created_at: OffsetDateTime,
}

impl Txn {
    /// Makes a pending release the serving one, for the whole fleet.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn release_commit(
        &mut self,
        key: &StageKey,
        number: ReleaseNumber,
    ) -> Result<Commit, Error> {
        let number = number.0 as i64;
        let won = sqlx::query!(
            "WITH stage AS (
               SELECT s.id, s.serving_release FROM stages s JOIN rest_apis a ON a.id = s.api_id
                WHERE s.api_id = $1 AND s.name = $2 AND a.account = $3 AND a.region = $4
                  FOR NO KEY UPDATE OF s
             )
             UPDATE releases r SET state = 'serving' FROM stage
              WHERE r.stage_id = stage.id AND r.number = $5 AND r.state = 'pending'
             RETURNING stage.id, stage.serving_release",
            key.api.as_str(),
            key.stage.as_str(),
            key.scope.account.as_str(),
            key.scope.region.as_str(),
            number,
        )
        .fetch_optional(self.conn())
        .await?;
        let Some(won) = won else { return Ok(Commit::NotPending) };
        sqlx::query!(
            "WITH pointed AS (
               UPDATE stages SET serving_release = $2 WHERE id = $1
             ), former AS (
               UPDATE releases SET state = 'former' WHERE stage_id = $1 AND number = $3
             ), waves AS (
               DELETE FROM assignments WHERE stage_id = $1 AND node_id IS NOT NULL
             )
             INSERT INTO assignments (stage_id, node_id, release) VALUES ($1, NULL, $2)
             ON CONFLICT ON CONSTRAINT assignments_key DO UPDATE SET release = excluded.release",
            won.id,
            number,
            won.serving_release,
        )
        .execute(self.conn())
        .await?;
        self.notices.assigned.push(won.id);
        self.notices.names.insert(ResourceName::Stage(key.clone()).to_string());
        let former = won.serving_release.map(|number| ReleaseNumber(number as u64));
        Ok(Commit::Done { former })
    }

    /// Marks a pending release as rejected. The stage must be locked.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn release_reject(
        &mut self,
        stage: &StageRow,
        number: ReleaseNumber,
        reason: &str,
    ) -> Result<Rejection, Error> {
        let done = sqlx::query!(
            "UPDATE releases SET state = 'rejected', reason = $3
              WHERE stage_id = $1 AND number = $2 AND state = 'pending'",
            stage.id,
            number.0 as i64,
            reason,
        )
        .execute(self.conn())
        .await?;
        if done.rows_affected() == 0 {
            return Ok(Rejection::NotPending);
        }
        self.notices.names.insert(ResourceName::Stage(stage.key.clone()).to_string());
        Ok(Rejection::Done)
    }

    /// Every rollout under way, oldest first.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn pending_list(&mut self) -> Result<Vec<PendingRow>, Error> {
        let rows = sqlx::query!(
            r#"SELECT a.account, a.region, s.api_id, s.name, r.number,
                      r.release::text AS "release!", r.created_at
                 FROM releases r JOIN stages s ON s.id = r.stage_id
                 JOIN rest_apis a ON a.id = s.api_id
                WHERE r.state = 'pending' ORDER BY r.created_at"#,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| PendingRow {
                key: StageKey {
                    scope: Scope {
                        account: AccountId::new(row.account),
                        region: Region::new(row.region),
                    },
                    api: ApiId::new(row.api_id),
                    stage: StageName::new(row.name),
                },
                number: ReleaseNumber(row.number as u64),
                content: row.release.into_bytes(),
                created_at: row.created_at,
            })
            .collect())
    }
}
