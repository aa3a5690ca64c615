//! The audit log.

use crate::{App, AuditRow, Caller, Page, PageRequest, Result, page::page};

impl App {
    /// A page of the log of the caller's account, newest first, in all its
    /// regions.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn audit_list(
        &self,
        caller: &Caller,
        request: &PageRequest,
    ) -> Result<Page<AuditRow>> {
        let limit = self.page_limit(request);
        let before = request.before::<i64>()?;
        let mut txn = self.store().read().await?;
        let account = caller.scope.account.as_str();
        let rows = txn.audit_page(account, before, limit).await?;
        Ok(page(rows, limit, |row: &AuditRow| row.id.to_string()))
    }
}
