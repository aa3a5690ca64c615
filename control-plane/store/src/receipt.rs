//! Rows of receipts: what nodes said of releases.

use std::{fmt, str::FromStr};

use gw_model::{ApiId, NodeId, ReleaseNumber, StageKey, StageName};
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::{Error, Txn};

/// What a node said of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptState {
    /// Asked, no answer yet.
    Waiting,
    /// Compiled and checked.
    Prepared,
    /// New requests meet it.
    Serving,
    /// Its content is at fault.
    Rejected,
    /// Could not say in time.
    Lagging,
}

impl ReceiptState {
    /// The state as the database has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Prepared => "prepared",
            Self::Serving => "serving",
            Self::Rejected => "rejected",
            Self::Lagging => "lagging",
        }
    }
}

impl fmt::Display for ReceiptState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ReceiptState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        [Self::Waiting, Self::Prepared, Self::Serving, Self::Rejected, Self::Lagging]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::corrupt("receipt state", text))
    }
}

/// One node's answer for one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptRow {
    /// Who answered.
    pub node: NodeId,
    /// What it said.
    pub state: ReceiptState,
    /// Why, when rejected or lagging.
    pub reason: Option<String>,
    /// Poisoned routes and other notes.
    pub warnings: Vec<String>,
    /// Time to compile, in microseconds.
    pub compile_us: u64,
    /// When it was received.
    pub at: OffsetDateTime,
}

/// A stage whose committed release a node does not serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnservedRow {
    /// Who does not.
    pub node: NodeId,
    /// The stage's API.
    pub api: ApiId,
    /// The stage.
    pub stage: StageName,
    /// The committed release.
    pub release: ReleaseNumber,
    /// The node's last word on it: rejected or lagging.
    pub state: ReceiptState,
    /// Why.
    pub reason: Option<String>,
    /// Of how many stages this holds for the node; not all may be listed.
    pub of: u64,
}

impl Txn {
    /// Writes receipts, each replacing what its node said before; those of
    /// stages or releases that are gone are dropped.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn receipts_put(
        &mut self,
        receipts: &[(StageKey, ReleaseNumber, ReceiptRow)],
    ) -> Result<(), Error> {
        // In one order everywhere, so that two replicas never wait for each other.
        for (key, release, receipt) in receipts {
            sqlx::query!(
                "INSERT INTO receipts
                    (stage_id, release, node_id, state, reason, warnings, compile_us, at)
                 SELECT r.stage_id, r.number, $4, $5, $6, $7, $8, $9
                   FROM releases r JOIN stages s ON s.id = r.stage_id
                  WHERE s.api_id = $1 AND s.name = $2 AND r.number = $3
                    FOR KEY SHARE OF r
                 ON CONFLICT ON CONSTRAINT receipts_pkey DO UPDATE
                    SET state = excluded.state, reason = excluded.reason,
                        warnings = excluded.warnings, compile_us = excluded.compile_us,
                        at = excluded.at",
                key.api.as_str(),
                key.stage.as_str(),
                release.0 as i64,
                receipt.node.as_str(),
                receipt.state.as_str(),
                receipt.reason,
                Json(&receipt.warnings) as _,
                receipt.compile_us as i64,
                receipt.at,
            )
            .execute(self.conn())
            .await?;
        }
        Ok(())
    }

    /// The receipts of a release by node.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn receipt_list(
        &mut self,
        key: &StageKey,
        release: ReleaseNumber,
    ) -> Result<Vec<ReceiptRow>, Error> {
        let rows = sqlx::query!(
            r#"SELECT p.node_id, p.state, p.reason, p.compile_us, p.at,
                      p.warnings AS "warnings: Json<Vec<String>>"
                 FROM receipts p JOIN stages s ON s.id = p.stage_id
                WHERE s.api_id = $1 AND s.name = $2 AND p.release = $3 ORDER BY p.node_id"#,
            key.api.as_str(),
            key.stage.as_str(),
            release.0 as i64,
        )
        .fetch_all(self.conn())
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(ReceiptRow {
                    node: row.node_id.into(),
                    state: row.state.parse()?,
                    reason: row.reason,
                    warnings: row.warnings.0,
                    compile_us: row.compile_us as u64,
                    at: row.at,
                })
            })
            .collect()
    }

    /// What nodes said they cannot serve of what is committed, by node and
    /// stage; of each node the first `most` stages.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn receipts_unserved(&mut self, most: u32) -> Result<Vec<UnservedRow>, Error> {
        let rows = sqlx::query!(
            r#"SELECT node_id AS "node_id!", api_id AS "api_id!", name AS "name!",
                      release AS "release!", state AS "state!", reason, amount AS "amount!"
                 FROM (SELECT p.node_id, s.api_id, s.name, p.release, p.state, p.reason,
                              count(*) OVER (PARTITION BY p.node_id) AS amount,
                              row_number() OVER (PARTITION BY p.node_id
                                                 ORDER BY s.api_id, s.name) AS place
                         FROM stages s JOIN receipts p
                           ON p.stage_id = s.id AND p.release = s.serving_release
                        WHERE p.state IN ('rejected', 'lagging')) unserved
                WHERE place <= $1 ORDER BY node_id, place"#,
            i64::from(most),
        )
        .fetch_all(self.conn())
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(UnservedRow {
                    node: row.node_id.into(),
                    api: row.api_id.into(),
                    stage: row.name.into(),
                    release: ReleaseNumber(row.release as u64),
                    state: row.state.parse()?,
                    reason: row.reason,
                    of: row.amount as u64,
                })
            })
            .collect()
    }
}
