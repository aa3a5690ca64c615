//! What nodes know of client certificates.

use serde::{Deserialize, Serialize};

/// A certificate that nodes show to HTTPS backends, with its key. Stored
/// sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientCertificateFact {
    /// The certificate, DER.
    #[serde(with = "hex_bytes")]
    pub certificate: Vec<u8>,
    /// The private key, PKCS#8 DER.
    #[serde(with = "hex_bytes")]
    pub key: Vec<u8>,
}

impl std::fmt::Debug for ClientCertificateFact {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCertificateFact").finish_non_exhaustive()
    }
}

/// Bytes as hexadecimal text.
mod hex_bytes {
    use std::borrow::Cow;

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = Cow::<str>::deserialize(from)?;
        hex::decode(text.as_bytes()).map_err(D::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn contents_round_trip_and_keys_are_not_printed() {
        let fact = ClientCertificateFact { certificate: vec![1, 2], key: vec![0xfe, 3] };
        let text = serde_json::to_string(&fact).unwrap();
        assert_eq!(serde_json::from_str::<ClientCertificateFact>(&text).unwrap(), fact);
        assert!(!format!("{fact:?}").contains("fe"));
        for bad in [r#"{"certificate":"0"}"#, r#"{"certificate":"00","key":"x"}"#, "[]"] {
            assert!(serde_json::from_str::<ClientCertificateFact>(bad).is_err(), "{bad}");
        }
    }
}
