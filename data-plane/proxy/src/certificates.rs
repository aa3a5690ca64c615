//! Which certificates the TLS listeners show: a custom domain's own; for other
//! names those of the flags, else the one that the fleet's CA gave the node for
//! the names of its APIs.

use std::{path::PathBuf, sync::Arc};

use gw_listen::{
    CertificateError, CertificateStore, Certificates, NamedCertificates, certified_key,
    certified_key_der, certified_key_files,
};
use gw_snapshot::Domain;
use rustls::{pki_types::PrivateKeyDer, sign::CertifiedKey};

/// Where certificates come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Files of the operator.
    Files { chain: PathBuf, key: PathBuf },
    /// The fleet's CA.
    Node,
}

impl Source {
    pub(crate) fn new(chain: Option<&PathBuf>, key: Option<&PathBuf>) -> Self {
        match (chain, key) {
            (Some(chain), Some(key)) => Self::Files { chain: chain.clone(), key: key.clone() },
            _ => Self::Node,
        }
    }

    /// Reads the certificates again. Without one yet, the store stays as it is.
    pub(crate) fn load(
        &self,
        store: &CertificateStore,
        node: &gw_sync::Handle,
    ) -> Result<(), CertificateError> {
        let key = match self {
            Self::Files { chain, key } => certified_key_files(chain, key)?,
            Self::Node => match node.certificate() {
                Some(own) => {
                    let key = PrivateKeyDer::Pkcs8(own.key.clone_key());
                    certified_key_der(own.chain.clone(), key)?
                }
                None => return Ok(()),
            },
        };
        let certificates = Certificates::new().with_default(key.clone());
        store.replace(certificates.with_own_names(&key)?);
        Ok(())
    }
}

/// The certificates of the custom domains in the node's world. What they are
/// made to for handshakes stays with the domain until that changes.
pub(crate) struct OfDomains(gw_sync::WorldHandle);

impl OfDomains {
    pub(crate) fn new(world: gw_sync::WorldHandle) -> Self {
        Self(world)
    }
}

impl NamedCertificates for OfDomains {
    fn find(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let world = self.0.load();
        let domain = world.facts().domain(name)?;
        let made = domain.certificate()?.prepared(|certificate| {
            let (chain, key) = (certificate.chain_pem(), certificate.key_pem());
            certified_key(chain.as_bytes(), key.as_bytes())
                .inspect_err(|error| {
                    tracing::error!(domain = domain.name(), %error, "certificate left out");
                })
                .ok()
        });
        made.cloned()
    }

    fn is_tls13_only(&self, name: &str) -> bool {
        self.0.load().facts().domain(name).is_some_and(Domain::is_tls13_only)
    }
}
