//! What nodes know of API keys: never a value, only its keyed hash.

use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::Scope;

/// An API key as nodes know it. Those that open nothing, because they are
/// switched off or in no usage plan, are none of theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyFact {
    /// Recognises the value.
    pub hash: KeyHash,
    /// Ids of the usage plans that it is in.
    pub plans: Vec<String>,
}

/// The hash of an API key's value with its scope, under the fleet's hash key.
/// Two scopes may give out the same value and never meet each other's key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyHash(#[serde(with = "hex32")] pub [u8; 32]);

impl std::fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyHash({})", hex::encode(self.0))
    }
}

/// The fleet's hash key of API keys: HMAC-SHA256, so that who reads the hashes
/// alone cannot try values. Stored sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashKeyFact {
    /// The key.
    #[serde(with = "hex32")]
    pub key: [u8; 32],
}

impl std::fmt::Debug for HashKeyFact {
    /// Gives nothing away.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashKeyFact")
    }
}

/// Hashes values of API keys; both planes do it with this.
#[derive(Clone)]
pub struct KeyHasher(Hmac<Sha256>);

impl std::fmt::Debug for KeyHasher {
    /// Gives nothing away.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyHasher")
    }
}

impl KeyHasher {
    /// A hasher under the fleet's key.
    pub fn new(key: &HashKeyFact) -> Self {
        Self(Hmac::new_from_slice(&key.key).expect("HMAC takes keys of any length"))
    }

    /// The hash of a value in a scope.
    pub fn hash(&self, scope: &Scope, value: &[u8]) -> KeyHash {
        let mut mac = self.0.clone();
        for part in [scope.account.as_str(), scope.region.as_str()] {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        mac.update(value);
        KeyHash(mac.finalize().into_bytes().into())
    }
}

/// 32 bytes as hexadecimal text.
mod hex32 {
    use std::borrow::Cow;

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        let text = Cow::<str>::deserialize(from)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.as_bytes(), &mut bytes).map_err(D::Error::custom)?;
        Ok(bytes)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn hashes_differ_by_key_scope_and_value() {
        let here = Scope::new("000000000000", "us-east-1");
        let there = Scope::new("000000000000", "eu-west-1");
        let hasher = KeyHasher::new(&HashKeyFact { key: [7; 32] });
        let hash = hasher.hash(&here, b"value");
        assert_eq!(hash, hasher.hash(&here, b"value"));
        assert_ne!(hash, hasher.hash(&there, b"value"));
        assert_ne!(hash, hasher.hash(&here, b"other"));
        assert_ne!(hash, KeyHasher::new(&HashKeyFact { key: [8; 32] }).hash(&here, b"value"));
    }

    #[test]
    fn contents_round_trip() {
        let fact = ApiKeyFact { hash: KeyHash([9; 32]), plans: vec!["a".into()] };
        let text = serde_json::to_string(&fact).unwrap();
        assert_eq!(serde_json::from_str::<ApiKeyFact>(&text).unwrap(), fact);
        for bad in [r#"{"hash":"00","plans":[]}"#, r#"{"plans":[]}"#, "[]"] {
            assert!(serde_json::from_str::<ApiKeyFact>(bad).is_err(), "{bad}");
        }
        let key = HashKeyFact { key: [1; 32] };
        let text = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<HashKeyFact>(&text).unwrap(), key);
    }
}
