//! The first start: one administrator, so that somebody can sign in.

use gw_model::AccountId;
use gw_store::{AccessKeyRow, BearerTokenRow};
use zeroize::Zeroizing;

use crate::{
    App, Caller, Result,
    clock::{ID_ALPHABET, text},
    credential::{BEARER, access_key_purpose},
    transact::transact,
};

/// Credentials of an administrator, shown once.
#[derive(Clone)]
pub struct AdminCredentials {
    /// The principal's ARN.
    pub arn: String,
    /// `AKIA...`.
    pub access_key_id: String,
    /// Forty characters.
    pub secret_access_key: Zeroizing<String>,
    /// `gwt1.{id}.{secret}`.
    pub bearer_token: Zeroizing<String>,
}

impl std::fmt::Debug for AdminCredentials {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdminCredentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl App {
    /// Makes the first administrator; `None` if somebody can sign in already.
    /// Of several replicas that start together one makes it.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn bootstrap(&self, account: &AccountId) -> Result<Option<AdminCredentials>> {
        self.admin_make(account, true).await
    }

    /// Makes another set of administrator credentials, for an operator who
    /// holds the database and the master key but lost the first ones.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn admin_credentials_issue(&self, account: &AccountId) -> Result<AdminCredentials> {
        let made = self.admin_make(account, false).await?;
        made.ok_or_else(|| crate::Error::internal("no credentials were made"))
    }

    async fn admin_make(
        &self,
        account: &AccountId,
        first_only: bool,
    ) -> Result<Option<AdminCredentials>> {
        let arn = format!("arn:aws:iam::{account}:user/admin");
        let secret = || {
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
            Zeroizing::new(text(self.entropy(), alphabet, 40))
        };
        let key_id = text(self.entropy(), b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
        let access_key_id = format!("AKIA{key_id}");
        let (key_secret, token_secret) = (secret(), secret());
        let token_id = text(self.entropy(), ID_ALPHABET, 12);
        let (made, _) = transact!(self, |txn| {
            if txn.credentials_exist().await? && first_only {
                (false, None)
            } else {
                let purpose = access_key_purpose(&access_key_id);
                let secret = key_secret.as_bytes();
                let key = AccessKeyRow {
                    account: account.to_string(),
                    arn: arn.clone(),
                    sealed_secret: self.master_key().seal(self.entropy(), &purpose, secret),
                    enabled: true,
                };
                txn.access_key_insert(&access_key_id, &key).await?;
                let hash = self.master_key().mac(BEARER, token_secret.as_bytes());
                let token = BearerTokenRow {
                    account: account.to_string(),
                    arn: arn.clone(),
                    hash: hash.as_ref().to_vec(),
                    enabled: true,
                };
                txn.bearer_token_insert(&token_id, &token).await?;
                let caller = Caller::system(gw_model::Scope::new(account.clone(), "-"));
                (true, Some(caller.audit("CreateAdministrator", arn.clone())))
            }
        })?;
        Ok(made.then(|| AdminCredentials {
            bearer_token: Zeroizing::new(format!("gwt1.{token_id}.{}", *token_secret)),
            arn,
            access_key_id,
            secret_access_key: key_secret,
        }))
    }
}
