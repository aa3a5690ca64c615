//! A certificate shown to origins.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rustls::{
    crypto::ring::sign::any_supported_type,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    sign::CertifiedKey,
};

/// Counts identities and links, so that no two are ever taken for one another,
/// also when one has gone and another stands in its place in memory.
static NEXT: AtomicU64 = AtomicU64::new(1);

pub(crate) fn next_number() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A certificate with its key. Connections are pooled for each identity apart,
/// and TLS sessions resumed by it alone; clones are the same identity.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    number: u64,
    key: Arc<CertifiedKey>,
}

/// A certificate or key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the client certificate cannot be used: {0}")]
pub struct InvalidIdentity(String);

impl Identity {
    /// Reads a certificate and its PKCS#8 key, both DER.
    ///
    /// # Errors
    /// When the key is of an unknown kind, or is not the certificate's.
    pub fn new(certificate_der: &[u8], key_der: &[u8]) -> Result<Self, InvalidIdentity> {
        let invalid = |error: rustls::Error| InvalidIdentity(error.to_string());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key_der.to_vec()));
        let chain = vec![CertificateDer::from(certificate_der.to_vec())];
        let key = CertifiedKey::new(chain, any_supported_type(&key).map_err(invalid)?);
        key.keys_match().map_err(invalid)?;
        Ok(Self(Arc::new(Inner { number: next_number(), key: Arc::new(key) })))
    }

    /// Tells identities apart.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.number
    }

    pub(crate) fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.key)
    }
}

impl fmt::Debug for Identity {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.0.number)
    }
}
