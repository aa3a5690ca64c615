//! Secrets at rest: AES-256-GCM under the master key, with the key's id and
//! what the secret is for bound to it; keyed hashes for what only needs to be
//! recognised.

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest, hmac,
};
use zeroize::Zeroizing;

use crate::{Entropy, Error, Result};

const VERSION: u8 = 1;
const KEY_ID_LEN: usize = 8;
const HEAD_LEN: usize = 1 + KEY_ID_LEN + NONCE_LEN;

/// The envelope key of an installation.
#[derive(Clone)]
pub struct MasterKey {
    bytes: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for MasterKey {
    /// The id only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKey({})", hex::encode(self.id()))
    }
}

/// A text that is not 64 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a master key is 64 hex digits")]
pub struct InvalidMasterKey;

/// A secret that cannot be opened.
#[derive(Debug, thiserror::Error)]
enum Unopened {
    #[error("a sealed secret is malformed")]
    Malformed,
    #[error("a secret was sealed with master key {0}, this one is {1}")]
    OtherKey(String, String),
    #[error("a sealed secret was changed or is for something else")]
    Changed,
}

impl MasterKey {
    /// A new key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(&mut *bytes);
        Self { bytes }
    }

    /// Reads 64 hex digits; white space around them does not count.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn from_hex(text: &str) -> std::result::Result<Self, InvalidMasterKey> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), &mut *bytes).map_err(|_| InvalidMasterKey)?;
        Ok(Self { bytes })
    }

    /// The key as 64 hex digits, for its file.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(*self.bytes))
    }

    /// Tells keys apart without giving any away.
    fn id(&self) -> [u8; KEY_ID_LEN] {
        let mut id = [0; KEY_ID_LEN];
        let tag = self.mac("key-id", b"");
        id.copy_from_slice(&tag.as_ref()[..KEY_ID_LEN]);
        id
    }

    /// A keyed hash, different for each purpose.
    pub(crate) fn mac(&self, purpose: &str, data: &[u8]) -> hmac::Tag {
        hmac::sign(&self.mac_key(purpose), data)
    }

    /// Whether a keyed hash fits, in constant time.
    pub(crate) fn mac_fits(&self, purpose: &str, data: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.mac_key(purpose), data, tag).is_ok()
    }

    fn mac_key(&self, purpose: &str) -> hmac::Key {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &*self.bytes);
        let derived = hmac::sign(&root, format!("gatewright/mac/{purpose}").as_bytes());
        hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
    }

    fn cipher(&self) -> LessSafeKey {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &*self.bytes);
        let derived = hmac::sign(&root, b"gatewright/seal");
        let key = UnboundKey::new(&AES_256_GCM, &derived.as_ref()[..digest::SHA256_OUTPUT_LEN])
            .expect("HMAC-SHA256 gives the 32 bytes that AES-256 takes");
        LessSafeKey::new(key)
    }

    /// Seals a secret for one purpose, such as `access-key/AKIA...`.
    pub(crate) fn seal(&self, entropy: &dyn Entropy, purpose: &str, secret: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut text = secret.to_vec();
        self.cipher()
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(purpose.as_bytes()),
                &mut text,
            )
            .expect("secrets are far below AES-GCM's length limit");
        let mut sealed = Vec::with_capacity(HEAD_LEN + text.len());
        sealed.push(VERSION);
        sealed.extend(self.id());
        sealed.extend(nonce);
        sealed.extend(text);
        sealed
    }

    /// Opens what [`seal`](Self::seal) made for the same purpose.
    pub(crate) fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let malformed = || Error::internal(Unopened::Malformed);
        let (head, text) = sealed.split_at_checked(HEAD_LEN).ok_or_else(malformed)?;
        let (id, nonce) = head[1..].split_at(KEY_ID_LEN);
        if head[0] != VERSION {
            return Err(malformed());
        }
        if id != self.id() {
            let error = Unopened::OtherKey(hex::encode(id), hex::encode(self.id()));
            return Err(Error::internal(error));
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| malformed())?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self
            .cipher()
            .open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut text)
            .map_err(|_| Error::internal(Unopened::Changed))?
            .len();
        text.truncate(length);
        Ok(text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    #[test]
    fn seals_and_opens() {
        let entropy = SystemEntropy::default();
        let key = MasterKey::generate(&entropy);
        let sealed = key.seal(&entropy, "p", b"secret");
        assert_eq!(*key.open("p", &sealed).unwrap(), b"secret");
        assert!(key.open("other", &sealed).is_err());
        assert!(MasterKey::generate(&entropy).open("p", &sealed).is_err());
        for end in 0..sealed.len() {
            assert!(key.open("p", &sealed[..end]).is_err(), "{end}");
        }
        let again = MasterKey::from_hex(&key.to_hex()).unwrap();
        assert_eq!(*again.open("p", &sealed).unwrap(), b"secret");
    }

    #[test]
    fn keyed_hashes_differ_by_purpose() {
        let key = MasterKey::generate(&SystemEntropy::default());
        let tag = key.mac("a", b"x");
        assert!(key.mac_fits("a", b"x", tag.as_ref()));
        assert!(!key.mac_fits("b", b"x", tag.as_ref()));
        assert!(!key.mac_fits("a", b"y", tag.as_ref()));
    }
}
