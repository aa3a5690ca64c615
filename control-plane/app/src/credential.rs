//! Who may sign in, and the fleet's certificate authority.

use gw_store::{Audit, CaRow};
use zeroize::Zeroizing;

use crate::{AccessKey, App, Error, Principal, Result, transact::transact};

/// The purpose of bearer tokens' keyed hashes.
pub(crate) const BEARER: &str = "bearer-token";

/// The fleet's certificate authority, opened.
pub struct Ca {
    /// The certificate, DER.
    pub certificate_der: Vec<u8>,
    /// The private key, PKCS#8 DER, wiped when dropped.
    pub key_der: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Ca {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ca").finish_non_exhaustive()
    }
}

pub(crate) fn access_key_purpose(id: &str) -> String {
    format!("access-key/{id}")
}

impl App {
    /// The secret behind an access key id, to verify a signature with.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the key is unknown or switched off.
    pub async fn access_key_lookup(&self, id: &str) -> Result<AccessKey> {
        let mut txn = self.store().read().await?;
        let row = txn.access_key_fetch(id).await?.filter(|row| row.enabled);
        let row = row.ok_or(Error::Unauthenticated)?;
        let secret = self.master_key().open(&access_key_purpose(id), &row.sealed_secret)?;
        let secret = String::from_utf8(secret.to_vec()).map_err(Error::internal)?;
        Ok(AccessKey {
            principal: Principal { account: row.account.into(), arn: row.arn },
            secret: Zeroizing::new(secret),
        })
    }

    /// Whose a bearer token (`gwt1.{id}.{secret}`) is.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is malformed, unknown or switched off.
    pub async fn bearer_verify(&self, token: &str) -> Result<Principal> {
        let (id, secret) = token
            .strip_prefix("gwt1.")
            .and_then(|rest| rest.split_once('.'))
            .ok_or(Error::Unauthenticated)?;
        let mut txn = self.store().read().await?;
        let row = txn.bearer_token_fetch(id).await.map_err(|error| match error {
            // An id that cannot be stored is an id that was never issued.
            gw_store::Error::InvalidText => Error::Unauthenticated,
            other => other.into(),
        })?;
        let row = row.filter(|row| row.enabled).ok_or(Error::Unauthenticated)?;
        if !self.master_key().mac_fits(BEARER, secret.as_bytes(), &row.hash) {
            return Err(Error::Unauthenticated);
        }
        Ok(Principal { account: row.account.into(), arn: row.arn })
    }

    /// The fleet's CA; the first replica to ask makes it. `make` answers
    /// certificate and PKCS#8 key, both DER, and may be called in vain.
    ///
    /// # Errors
    /// When `make` fails, the master key is another one, or the database is gone.
    pub async fn ca_load_or_create(
        &self,
        make: impl Fn() -> Result<Ca> + Send + Sync,
    ) -> Result<Ca> {
        let (row, _) = transact!(self, |txn| {
            match txn.ca_fetch().await? {
                Some(row) => (row, None::<Audit>),
                None => {
                    let ca = make()?;
                    let sealed_key = self.master_key().seal(self.entropy(), "ca-key", &ca.key_der);
                    let row = CaRow { certificate_der: ca.certificate_der, sealed_key };
                    // Another replica may have been first: then its CA counts.
                    txn.ca_insert(&row).await?;
                    let row = txn.ca_fetch().await?;
                    (row.ok_or_else(|| Error::internal("the CA vanished"))?, None)
                }
            }
        })?;
        let key_der = self.master_key().open("ca-key", &row.sealed_key)?;
        Ok(Ca { certificate_der: row.certificate_der, key_der })
    }
}
