//! The revision counter and the log of changes.

use gw_model::Revision;

use crate::{Error, Txn};

/// Where the log of revisions begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPosition {
    /// The newest revision.
    pub revision: Revision,
    /// Changes up to this number are no longer in the log.
    pub pruned: u64,
}

impl Txn {
    /// The newest committed revision.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn log_position(&mut self) -> Result<LogPosition, Error> {
        let row = sqlx::query!("SELECT epoch, number, pruned FROM revision_counter")
            .fetch_one(self.conn())
            .await?;
        Ok(LogPosition { revision: revision(row.epoch, row.number), pruned: row.pruned as u64 })
    }

    /// Opens a new epoch if `seen`, a revision that somebody was handed, lies
    /// ahead of this database. Every node then resyncs in full.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn epoch_guard(&mut self, seen: Revision) -> Result<Option<Revision>, Error> {
        let row = sqlx::query!(
            "UPDATE revision_counter
                SET epoch = greatest(epoch, $1) + 1, number = number + 1
              WHERE (epoch = $1 AND number < $2) OR epoch < $1
             RETURNING epoch, number, pg_notify('gw_revision', epoch || '.' || number) IS NULL AS told",
            seen.epoch.0 as i64,
            seen.number as i64,
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|row| revision(row.epoch, row.number)))
    }

    /// Forgets all but the newest `keep` numbers.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn changes_prune(&mut self, keep: u64) -> Result<u64, Error> {
        let pruned = sqlx::query_scalar!(
            "UPDATE revision_counter SET pruned = greatest(pruned, number - $1) RETURNING pruned",
            keep as i64
        )
        .fetch_one(self.conn())
        .await?;
        let gone = sqlx::query!(
            "DELETE FROM changes c USING revision_counter r WHERE c.number <= $1 OR c.epoch < r.epoch",
            pruned
        )
        .execute(self.conn())
        .await?;
        Ok(gone.rows_affected())
    }

    /// Takes the next revision for what this transaction changed; `None` if
    /// no node can notice it. Must be the last statement: the counter's row
    /// stays locked until the commit.
    pub(crate) async fn revision_advance(&mut self) -> Result<Option<Revision>, Error> {
        let notices = std::mem::take(&mut self.notices);
        if notices.names.is_empty() {
            return Ok(None);
        }
        let names: Vec<String> = notices.names.into_iter().collect();
        let facts: Vec<String> = notices.facts.into_iter().collect();
        let (stages, numbers): (Vec<i64>, Vec<i64>) = notices.releases.into_iter().unzip();
        let row = sqlx::query!(
            r#"WITH bumped AS (
                 UPDATE revision_counter SET number = number + 1 RETURNING epoch, number
               ), noted AS (
                 INSERT INTO changes (epoch, number, resource_name)
                 SELECT b.epoch, b.number, name FROM bumped b, unnest($1::text[]) AS name
               ), stamped AS (
                 UPDATE releases r SET epoch = b.epoch, revision = b.number
                   FROM bumped b, unnest($2::bigint[], $3::bigint[]) AS k (stage_id, number)
                  WHERE r.stage_id = k.stage_id AND r.number = k.number
               ), assigned AS (
                 UPDATE assignments a SET version = b.number FROM bumped b
                  WHERE a.stage_id = ANY ($4::bigint[])
               ), described AS (
                 UPDATE nodes n SET version = b.number FROM bumped b WHERE n.id = ANY ($5::text[])
               ), stated AS (
                 UPDATE facts f SET version = b.number FROM bumped b WHERE f.name = ANY ($6::text[])
               )
               SELECT epoch, number,
                      pg_notify('gw_revision', epoch || '.' || number) IS NULL AS told
                 FROM bumped"#,
            &names,
            &stages,
            &numbers,
            &notices.assigned,
            &notices.nodes,
            &facts,
        )
        .fetch_one(self.conn())
        .await?;
        Ok(Some(revision(row.epoch, row.number)))
    }
}

pub(crate) fn revision(epoch: i64, number: i64) -> Revision {
    Revision::new(epoch as u64, number as u64)
}
