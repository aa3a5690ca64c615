//! Settings of an account in a region.

use gw_model::{AccountSettings, Scope};
use sqlx::types::Json;

use crate::{Error, Txn};

impl Txn {
    /// Reads a scope's settings; `None` if they were never changed.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn account_fetch(&mut self, scope: &Scope) -> Result<Option<AccountSettings>, Error> {
        let row = sqlx::query!(
            r#"SELECT cloudwatch_role_arn, features AS "features: Json<Vec<String>>"
                 FROM accounts WHERE account = $1 AND region = $2"#,
            scope.account.as_str(),
            scope.region.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|row| AccountSettings {
            cloudwatch_role_arn: row.cloudwatch_role_arn,
            features: row.features.0,
        }))
    }

    /// Reads a scope's settings, making the row of `default` where there is
    /// none, and keeps other writers out until the transaction ends.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn account_lock(
        &mut self,
        scope: &Scope,
        default: &AccountSettings,
    ) -> Result<AccountSettings, Error> {
        sqlx::query!(
            "INSERT INTO accounts (account, region, cloudwatch_role_arn, features)
             VALUES ($1, $2, $3, $4) ON CONFLICT ON CONSTRAINT accounts_pkey DO NOTHING",
            scope.account.as_str(),
            scope.region.as_str(),
            default.cloudwatch_role_arn,
            Json(&default.features) as _,
        )
        .execute(self.conn())
        .await?;
        let row = sqlx::query!(
            r#"SELECT cloudwatch_role_arn, features AS "features: Json<Vec<String>>"
                 FROM accounts WHERE account = $1 AND region = $2 FOR NO KEY UPDATE"#,
            scope.account.as_str(),
            scope.region.as_str(),
        )
        .fetch_one(self.conn())
        .await?;
        Ok(AccountSettings {
            cloudwatch_role_arn: row.cloudwatch_role_arn,
            features: row.features.0,
        })
    }

    /// Writes a scope's settings.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn account_update(
        &mut self,
        scope: &Scope,
        row: &AccountSettings,
    ) -> Result<(), Error> {
        sqlx::query!(
            "UPDATE accounts SET cloudwatch_role_arn = $3, features = $4
              WHERE account = $1 AND region = $2",
            scope.account.as_str(),
            scope.region.as_str(),
            row.cloudwatch_role_arn,
            Json(&row.features) as _,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }
}
