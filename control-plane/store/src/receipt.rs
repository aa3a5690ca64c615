//! Rows of receipts: what nodes said of releases.

use std::{fmt, str::FromStr};

use gw_model::{NodeId, ReleaseNumber, StageKey};
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
}
