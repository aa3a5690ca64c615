//! The audit log.

use gw_model::Scope;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{Error, Txn};

/// One accepted change, before it has a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// Where it acted.
    pub scope: Scope,
    /// The principal's ARN.
    pub actor: String,
    /// The operation: `CreateResource`, `rollback`, ...
    pub operation: &'static str,
    /// What it acted on: `restapis/{id}/resources/{id}`.
    pub resource: String,
    /// The request's id.
    pub request_id: String,
    /// More, by operation.
    pub detail: Option<Value>,
}

/// One accepted change.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    /// Grows with each entry.
    pub id: i64,
    /// When.
    pub at: OffsetDateTime,
    /// The principal's ARN.
    pub actor: String,
    /// The operation.
    pub operation: String,
    /// What it acted on.
    pub resource: String,
    /// Account and region.
    pub scope: Scope,
    /// The request's id.
    pub request_id: String,
    /// More, by operation.
    pub detail: Option<Value>,
}

impl Txn {
    pub(crate) async fn audit_append(&mut self, audit: &Audit) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO audit_log (actor, operation, resource, account, region, request_id, detail)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            audit.actor,
            audit.operation,
            audit.resource,
            audit.scope.account.as_str(),
            audit.scope.region.as_str(),
            audit.request_id,
            audit.detail,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// At most `limit` entries of an account's log before entry `before`,
    /// newest first, in all its regions.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn audit_page(
        &mut self,
        account: &str,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditRow>, Error> {
        let rows = sqlx::query!(
            "SELECT id, at, actor, operation, resource, account, region, request_id, detail
               FROM audit_log
              WHERE account = $1 AND id < $2
              ORDER BY id DESC LIMIT $3",
            account,
            before.unwrap_or(i64::MAX),
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| AuditRow {
                id: row.id,
                at: row.at,
                actor: row.actor,
                operation: row.operation,
                resource: row.resource,
                scope: Scope::new(row.account, row.region),
                request_id: row.request_id,
                detail: row.detail,
            })
            .collect())
    }
}
