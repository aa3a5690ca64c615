//! The node key, under which the node's disk state is sealed.

use std::{fmt, path::Path};

use ring::{
    hkdf,
    rand::{SecureRandom as _, SystemRandom},
};

use crate::{Error, files};

/// 32 secret bytes; every use derives its own key from them.
#[derive(Clone)]
pub(crate) struct NodeKey([u8; 32]);

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeKey(…)")
    }
}

struct Out32;

impl hkdf::KeyType for Out32 {
    fn len(&self) -> usize {
        32
    }
}

impl NodeKey {
    /// Takes the key from `given` (hex), or else from the file at `path`,
    /// which is made with a random key if there is none.
    pub(crate) fn load(given: Option<&str>, path: &Path) -> Result<Self, Error> {
        if let Some(text) = given {
            return Self::from_hex(text).ok_or_else(|| invalid("has to be 64 hex digits"));
        }
        let unreadable = |error| invalid(&format!("file {}: {error}", path.display()));
        if let Some(bytes) = files::read_within(path, 1024).map_err(unreadable)? {
            return String::from_utf8(bytes)
                .ok()
                .and_then(|text| Self::from_hex(&text))
                .ok_or_else(|| invalid(&format!("file {} is damaged", path.display())));
        }
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).map_err(|_| invalid("cannot be made: no randomness"))?;
        files::write_atomically(path, hex::encode(key).as_bytes()).map_err(unreadable)?;
        Ok(Self(key))
    }

    fn from_hex(text: &str) -> Option<Self> {
        let mut key = [0; 32];
        hex::decode_to_slice(text.trim(), &mut key).ok()?;
        Some(Self(key))
    }

    #[cfg(test)]
    pub(crate) const fn for_tests(byte: u8) -> Self {
        Self([byte; 32])
    }

    /// A key for one purpose, told apart by `purpose` and `salt`.
    pub(crate) fn derive(&self, purpose: &str, salt: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
            .extract(&self.0)
            .expand(&[purpose.as_bytes()], Out32)
            .and_then(|okm| okm.fill(&mut out))
            .expect("32 bytes are a valid length for HKDF-SHA256");
        out
    }
}

fn invalid(reason: &str) -> Error {
    Error::NodeKey(reason.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn made_once_then_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("node.key");
        let made = NodeKey::load(None, &path).unwrap();
        assert_eq!(NodeKey::load(None, &path).unwrap().0, made.0);
        let other = NodeKey::load(Some(&"ab".repeat(32)), &path).unwrap();
        assert_ne!(other.derive("a", b""), made.derive("a", b""));
        assert_ne!(made.derive("a", b""), made.derive("b", b""));
        assert!(NodeKey::load(Some("abc"), &path).is_err());
        std::fs::write(&path, b"\xff\xfe").unwrap();
        assert!(NodeKey::load(None, &path).is_err());
    }
}
