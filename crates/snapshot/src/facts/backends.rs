//! How backends are reached: client certificates and VPC links.

use std::any::Any;

use gw_model::{
    TargetAddress,
    fact::{ClientCertificateFact, VpcLinkFact},
};

use crate::prepared::Prepared;

/// A certificate that is shown to HTTPS backends.
pub struct ClientCertificate {
    fact: ClientCertificateFact,
    prepared: Prepared,
}

impl std::fmt::Debug for ClientCertificate {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

impl ClientCertificate {
    pub(super) fn read(content: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(Self { fact: serde_json::from_slice(content)?, prepared: Prepared::default() })
    }

    /// The certificate, DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.fact.certificate
    }

    /// The private key, PKCS#8 DER.
    pub fn key_der(&self) -> &[u8] {
        &self.fact.key
    }

    /// What the data plane made of it; the first call makes it. `None` if
    /// that failed.
    pub fn prepared<T: Any + Send + Sync>(
        &self,
        make: impl FnOnce(&Self) -> Option<T>,
    ) -> Option<&T> {
        self.prepared.get(|| make(self))
    }
}

/// The way to backends behind a load balancer.
#[derive(Debug)]
pub struct VpcLink {
    addresses: Box<[TargetAddress]>,
    prepared: Prepared,
}

impl VpcLink {
    pub(super) fn read(content: &[u8]) -> Result<Self, serde_json::Error> {
        let fact: VpcLinkFact = serde_json::from_slice(content)?;
        Ok(Self { addresses: fact.addresses.into(), prepared: Prepared::default() })
    }

    /// Where to connect to, in turn; empty while nobody knows.
    pub fn addresses(&self) -> &[TargetAddress] {
        &self.addresses
    }

    /// What the data plane made of it; the first call makes it. `None` if
    /// that failed.
    pub fn prepared<T: Any + Send + Sync>(
        &self,
        make: impl FnOnce(&Self) -> Option<T>,
    ) -> Option<&T> {
        self.prepared.get(|| make(self))
    }
}
