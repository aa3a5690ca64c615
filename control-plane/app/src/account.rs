//! The settings of an account in a region.

use gw_model::AccountSettings;

use crate::{App, Caller, Result, transact::transact};

impl App {
    /// The settings of the caller's account and region.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn account_fetch(&self, caller: &Caller) -> Result<AccountSettings> {
        let mut txn = self.store().read().await?;
        Ok(txn.account_fetch(&caller.scope).await?.unwrap_or_default())
    }

    /// Changes them. The edit may run more than once.
    ///
    /// # Errors
    /// When the edit refuses.
    pub async fn account_update(
        &self,
        caller: &Caller,
        mut edit: impl FnMut(&mut AccountSettings) -> Result<()> + Send,
    ) -> Result<AccountSettings> {
        let (answer, _) = transact!(self, |txn| {
            let default = AccountSettings::default();
            let mut settings = txn.account_lock(&caller.scope, &default).await?;
            edit(&mut settings)?;
            txn.account_update(&caller.scope, &settings).await?;
            (settings, Some(caller.audit("UpdateAccount", "account".to_owned())))
        })?;
        Ok(answer)
    }
}
