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
use x509_parser::{extensions::GeneralName, parse_x509_certificate, time::ASN1Time};

use super::{CertificateMaterial, Error, NodeKey};
use crate::{
    disk::seal::{self, NONCE_BYTES, Seal},
    files,
};

/// The format that this build writes. It reads the former one too, which has
/// bare keys and no traffic certificate.
const FORMAT: u32 = 2;
const BARE_FORMAT: u32 = 1;
const MAX_BYTES: u64 = 1 << 20;

/// Whose key is sealed; a key in another's place does not open.
const IDENTITY: &str = "identity key";
const TRAFFIC: &str = "traffic key";

#[derive(Serialize, Deserialize)]
struct OnDisk {
    format: u32,
    node_id: String,
    #[serde(flatten)]
    identity: KeyOnDisk,
    /// Base64 of DER.
    ca: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traffic: Option<KeyOnDisk>,
}

#[derive(Serialize, Deserialize)]
struct KeyOnDisk {
    /// PKCS#8: sealed under the node key (nonce in front), then base64.
    key: String,
    /// Leaf first, base64 of DER.
    chain: Vec<String>,
}

/// A node's identity in memory.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The node's id in the fleet.
    pub(crate) node_id: String,
    /// The fleet's CA.
    pub(crate) ca: CertificateDer<'static>,
    /// What the node shows to the control plane.
    pub(crate) material: Arc<CertificateMaterial>,
    /// What it shows to clients, if the control plane gave it something.
    pub(crate) traffic: Option<Arc<CertificateMaterial>>,
}

impl Identity {
    /// Reads the file; `None` when there is none.
    pub(crate) fn load(path: &Path, node_key: &NodeKey) -> Result<Option<Self>, Error> {
        let Some(bytes) = files::read_within(path, MAX_BYTES)? else { return Ok(None) };
        let stored: OnDisk = serde_json::from_slice(&bytes).map_err(|e| malformed(&e))?;
        let seal = match stored.format {
            FORMAT => Some(seal(node_key)),
            BARE_FORMAT => None,
            unknown => return Err(malformed(&format!("unknown format {unknown}"))),
        };
        let seal = seal.as_ref();
        let material = stored.identity.open(seal, IDENTITY)?;
        let traffic = stored.traffic.map(|traffic| traffic.open(seal, TRAFFIC)).transpose();
        let traffic = traffic.unwrap_or_else(|error| {
            // It can be had again; the identity cannot.
            tracing::warn!(%error, "the stored traffic certificate is not usable");
            None
        });
        Ok(Some(Self {
            node_id: stored.node_id,
            ca: CertificateDer::from(decode(&stored.ca)?),
            material: Arc::new(material),
            traffic: traffic.map(Arc::new),
        }))
    }

    /// Writes the file in one step.
    pub(crate) fn save(&self, path: &Path, node_key: &NodeKey) -> Result<(), Error> {
        let seal = seal(node_key);
        let traffic = self.traffic.as_ref().map(|traffic| KeyOnDisk::of(traffic, &seal, TRAFFIC));
        let stored = OnDisk {
            format: FORMAT,
            node_id: self.node_id.clone(),
            identity: KeyOnDisk::of(&self.material, &seal, IDENTITY)?,
            ca: BASE64.encode(&self.ca),
            traffic: traffic.transpose()?,
        };
        let bytes = serde_json::to_vec_pretty(&stored).map_err(|e| malformed(&e))?;
        Ok(files::write_atomically(path, &bytes)?)
    }

    /// The hash of the CA, as join tokens carry it.
    pub(crate) fn ca_digest(&self) -> Digest {
        Digest::of(&self.ca)
    }

    /// When a renewal is due, if clients should find a traffic certificate
    /// for at least these names; one that lacks any is due at once.
    pub(crate) fn renewal_due(&self, names: &[String]) -> SystemTime {
        let own = self.material.renewal_due();
        match &self.traffic {
            Some(traffic) if names.iter().all(|name| traffic.names.contains(name)) => {
                own.min(traffic.renewal_due())
            }
            None if names.is_empty() => own,
            _ => SystemTime::UNIX_EPOCH,
        }
    }
}

impl KeyOnDisk {
    fn of(material: &CertificateMaterial, seal: &Seal, whose: &str) -> Result<Self, Error> {
        let nonce = seal::random::<NONCE_BYTES>()?;
        let mut key = material.key.secret_pkcs8_der().to_vec();
        seal.seal(nonce, whose.as_bytes(), &mut key);
        Ok(Self {
            key: BASE64.encode([&nonce[..], &key].concat()),
            chain: material.chain.iter().map(|der| BASE64.encode(der)).collect(),
        })
    }

    fn open(self, seal: Option<&Seal>, whose: &str) -> Result<CertificateMaterial, Error> {
        let mut key = decode(&self.key)?;
        if let Some(seal) = seal {
            let foreign = || malformed(&"its key is sealed under another node key, or damaged");
            let (nonce, sealed) = key.split_first_chunk_mut::<NONCE_BYTES>().ok_or_else(foreign)?;
            key = seal.open(*nonce, whose.as_bytes(), sealed).ok_or_else(foreign)?.to_vec();
        }
        let chain = self.chain.iter().map(|text| decode(text)).collect::<Result<_, _>>()?;
        CertificateMaterial::new(chain, key)
    }
}

impl CertificateMaterial {
    /// A chain, leaf first, and its key, PKCS#8; all DER.
    pub(crate) fn new(chain: Vec<Vec<u8>>, key: Vec<u8>) -> Result<Self, Error> {
        let leaf = chain.first().ok_or(Error::Answer("holds no certificate"))?;
        let unreadable = || Error::Answer("holds a certificate that cannot be read");
        let (_, leaf) = parse_x509_certificate(leaf).map_err(|_| unreadable())?;
        let names = leaf.subject_alternative_name().map_err(|_| unreadable())?;
        let names = names.iter().flat_map(|names| &names.value.general_names);
        let names = names.filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        });
        let (names, validity) = (names.collect(), leaf.validity());
        let (not_before, not_after) = (at(validity.not_before), at(validity.not_after));
        Ok(Self {
            chain: chain.into_iter().map(CertificateDer::from).collect(),
            key: PrivatePkcs8KeyDer::from(key),
            names,
            not_before,
            not_after,
        })
    }
}

fn seal(node_key: &NodeKey) -> Seal {
    Seal::new(&node_key.derive("identity file", b""))
}

fn malformed(error: &dyn std::fmt::Display) -> Error {
    Error::Malformed(error.to_string())
}

fn decode(text: &str) -> Result<Vec<u8>, Error> {
    BASE64.decode(text).map_err(|error| malformed(&error))
}

fn at(time: ASN1Time) -> SystemTime {
    let seconds = u64::try_from(time.timestamp()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn material(names: &[&str]) -> CertificateMaterial {
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.not_before = time::OffsetDateTime::now_utc();
        params.not_after = params.not_before + Duration::from_secs(3600);
        let certificate = params.self_signed(&key).unwrap().der().to_vec();
        CertificateMaterial::new(vec![certificate], key.serialize_der()).unwrap()
    }

    fn made() -> Identity {
        let material = material(&["n1"]);
        let ca = material.chain[0].clone();
        Identity { node_id: "n1".into(), ca, material: Arc::new(material), traffic: None }
    }

    #[test]
    fn saved_and_found_for_the_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.json");
        let key = NodeKey::for_tests(1);
        assert!(Identity::load(&path, &key).unwrap().is_none());
        let mut identity = made();
        identity.traffic = Some(Arc::new(material(&["a.test", "*.a.test"])));
        identity.save(&path, &key).unwrap();
        let found = Identity::load(&path, &key).unwrap().unwrap();
        assert_eq!(found.material.chain, identity.material.chain);
        assert_eq!(found.material.key, identity.material.key);
        assert_eq!(found.ca_digest(), identity.ca_digest());
        let (traffic, before) = (found.traffic.unwrap(), identity.traffic.unwrap());
        assert_eq!((&traffic.key, &traffic.names), (&before.key, &before.names));
        assert_eq!(traffic.names, ["a.test", "*.a.test"]);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(Identity::load(&path, &NodeKey::for_tests(2)).is_err(), "another node key");
        let text = std::fs::read_to_string(&path).unwrap();
        for key in [&found.material.key, &before.key] {
            let bare = BASE64.encode(key.secret_pkcs8_der());
            assert!(!text.contains(&bare[8..40]), "keys are sealed");
        }
    }

    #[test]
    fn a_file_of_the_former_format_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.json");
        let identity = made();
        let bare = serde_json::json!({
            "format": 1,
            "node_id": "n1",
            "key": BASE64.encode(identity.material.key.secret_pkcs8_der()),
            "chain": [BASE64.encode(&identity.material.chain[0])],
            "ca": BASE64.encode(&identity.ca),
        });
        std::fs::write(&path, bare.to_string()).unwrap();
        let found = Identity::load(&path, &NodeKey::for_tests(1)).unwrap().unwrap();
        assert_eq!(found.material.key, identity.material.key);
        assert!(found.traffic.is_none());
    }

    #[test]
    fn a_damaged_traffic_key_costs_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.json");
        let key = NodeKey::for_tests(1);
        let mut identity = made();
        identity.traffic = Some(Arc::new(material(&["a.test"])));
        identity.save(&path, &key).unwrap();
        let text = std::fs::read(&path).unwrap();
        let mut stored: serde_json::Value = serde_json::from_slice(&text).unwrap();
        // The identity's key in the place of the other does not open.
        stored["traffic"]["key"] = stored["key"].clone();
        std::fs::write(&path, stored.to_string()).unwrap();
        let found = Identity::load(&path, &key).unwrap().unwrap();
        assert_eq!(found.material.key, identity.material.key);
        assert!(found.traffic.is_none());
    }

    #[test]
    fn damage_is_an_error_not_a_panic() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.json");
        let short = r#"{"format":2,"node_id":"n","key":"AA==","chain":[],"ca":""}"#;
        for bad in ["", "{}", "{\"format\":9}", "\u{0}", short] {
            std::fs::write(&path, bad).unwrap();
            assert!(Identity::load(&path, &NodeKey::for_tests(1)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn renewal_is_due_after_two_thirds_or_for_a_name() {
        let mut identity = made();
        let begin = identity.material.not_before;
        let third = Duration::from_secs(1200);
        assert_eq!(identity.renewal_due(&[]), begin + 2 * third);
        assert!(identity.material.expired(begin + 4 * third));
        let wanted = ["a.test".to_owned()];
        assert_eq!(identity.renewal_due(&wanted), SystemTime::UNIX_EPOCH, "there is none");
        identity.traffic = Some(Arc::new(material(&["b.test", "a.test"])));
        let due = identity.renewal_due(&wanted);
        assert!(due >= begin + 2 * third && due <= identity.traffic.clone().unwrap().renewal_due());
        assert!(identity.renewal_due(&[]) > begin);
        let more = ["a.test".to_owned(), "c.test".to_owned()];
        assert_eq!(identity.renewal_due(&more), SystemTime::UNIX_EPOCH, "a name is missing");
    }
}
