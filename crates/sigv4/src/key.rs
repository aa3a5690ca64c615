//! Signing keys, derived from a secret for one day, region and service.

use std::fmt;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::Credential;

/// A key that signs for one day, region and service.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey([u8; 32]);

impl SigningKey {
    /// Derives the key of a secret access key.
    pub fn derive(secret: &str, date: &str, region: &str, service: &str) -> Self {
        let mut seed = Vec::with_capacity(4 + secret.len());
        seed.extend_from_slice(b"AWS4");
        seed.extend_from_slice(secret.as_bytes());
        let day = hmac(&seed, date.as_bytes());
        let place = hmac(&day, region.as_bytes());
        let name = hmac(&place, service.as_bytes());
        Self(hmac(&name, Credential::TERMINATOR.as_bytes()))
    }

    /// Derives the key for a credential's scope.
    pub fn for_credential(secret: &str, credential: &Credential) -> Self {
        Self::derive(secret, &credential.date, &credential.region, &credential.service)
    }

    /// Wraps a key that was derived elsewhere.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw key.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The signature of `text`.
    pub(crate) fn sign(&self, text: &str) -> [u8; 32] {
        hmac(&self.0, text.as_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).expect("HMAC-SHA256 takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}
