//! The identity file.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use gw_model::Digest;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};
use x509_parser::parse_x509_certificate;

use super::{CertificateMaterial, Error};
use crate::files;

/// The format that this build writes and reads.
const FORMAT: u32 = 1;
const MAX_BYTES: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
struct OnDisk {
    format: u32,
    node_id: String,
    /// PKCS#8, base64.
    key: String,
    /// Leaf first, base64 of DER.
    chain: Vec<String>,
    /// Base64 of DER.
    ca: String,
}

/// A node's identity in memory.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// What TLS needs.
    pub(crate) material: Arc<CertificateMaterial>,
}

impl Identity {
    /// Puts together what a certificate request led to.
    pub(crate) fn new(
        node_id: String,
        key: Vec<u8>,
        chain: Vec<Vec<u8>>,
        ca: Vec<u8>,
    ) -> Result<Self, Error> {
        let leaf = chain.first().ok_or(Error::Answer("holds no certificate"))?;
        let (not_before, not_after) = validity(leaf)?;
        let material = CertificateMaterial {
            node_id,
            chain: chain.into_iter().map(CertificateDer::from).collect(),
            key: PrivatePkcs8KeyDer::from(key),
            ca: CertificateDer::from(ca),
            not_before,
            not_after,
        };
        Ok(Self { material: Arc::new(material) })
    }

    /// Reads the file; `None` when there is none.
    pub(crate) fn load(path: &Path) -> Result<Option<Self>, Error> {
        let Some(bytes) = files::read_within(path, MAX_BYTES)? else { return Ok(None) };
        let malformed = |error: &dyn std::fmt::Display| Error::Malformed(error.to_string());
        let stored: OnDisk = serde_json::from_slice(&bytes).map_err(|error| malformed(&error))?;
        if stored.format != FORMAT {
            return Err(malformed(&format!("unknown format {}", stored.format)));
        }
        let decode = |text: &String| BASE64.decode(text).map_err(|error| malformed(&error));
        let chain = stored.chain.iter().map(decode).collect::<Result<_, _>>()?;
        let ca = decode(&stored.ca)?;
        Self::new(stored.node_id, decode(&stored.key)?, chain, ca).map(Some)
    }

    /// Writes the file in one step.
    pub(crate) fn save(&self, path: &Path) -> Result<(), Error> {
        let material = &self.material;
        let stored = OnDisk {
            format: FORMAT,
            node_id: material.node_id.clone(),
            key: BASE64.encode(material.key.secret_pkcs8_der()),
            chain: material.chain.iter().map(|der| BASE64.encode(der)).collect(),
            ca: BASE64.encode(&material.ca),
        };
        let bytes = serde_json::to_vec_pretty(&stored)
            .map_err(|error| Error::Malformed(error.to_string()))?;
        Ok(files::write_atomically(path, &bytes)?)
    }

    /// The hash of the CA, as join tokens carry it.
    pub(crate) fn ca_digest(&self) -> Digest {
        Digest::of(&self.material.ca)
    }
}

fn validity(leaf: &[u8]) -> Result<(SystemTime, SystemTime), Error> {
    let unreadable = || Error::Answer("holds a certificate that cannot be read");
    let (_, leaf) = parse_x509_certificate(leaf).map_err(|_| unreadable())?;
    let at = |seconds: i64| {
        let since_epoch = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        SystemTime::UNIX_EPOCH + since_epoch
    };
    let validity = leaf.validity();
    Ok((at(validity.not_before.timestamp()), at(validity.not_after.timestamp())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn made() -> Identity {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["n1".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap().der().to_vec();
        let ca = certificate.clone();
        Identity::new("n1".into(), key.serialize_der(), vec![certificate], ca).unwrap()
    }

    #[test]
    fn saved_and_found_for_the_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.json");
        assert!(Identity::load(&path).unwrap().is_none());
        let identity = made();
        identity.save(&path).unwrap();
        let found = Identity::load(&path).unwrap().unwrap();
        assert_eq!(found.material.chain, identity.material.chain);
        assert_eq!(found.ca_digest(), identity.ca_digest());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn damage_is_an_error_not_a_panic() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.json");
        for bad in ["", "{}", "{\"format\":9}", "\u{0}"] {
            std::fs::write(&path, bad).unwrap();
            assert!(Identity::load(&path).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn renewal_is_due_after_two_thirds() {
        let material = &made().material;
        let life = material.not_after.duration_since(material.not_before).unwrap();
        assert!(!material.wants_renewal(material.not_before + life / 2));
        assert!(material.wants_renewal(material.not_before + life * 3 / 4));
        assert!(material.expired(material.not_after + Duration::from_secs(1)));
    }
}
