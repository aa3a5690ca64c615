//! A custom domain as nodes know it: its certificate, and where its paths lead.

use serde::{Deserialize, Serialize};

use crate::BasePathMapping;

/// What nodes know of a custom domain. Stored sealed, for it holds a private
/// key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainFact {
    /// The host name in lower case; `*.` in front for a wildcard.
    pub name: String,
    /// What to show to clients that ask for the name; without one they meet
    /// the listener's own certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<DomainCertificate>,
    /// Base paths, in no order.
    #[serde(default)]
    pub mappings: Vec<BasePathMapping>,
    /// Whether every request is refused: what the domain demands of its
    /// clients is more than nodes can check.
    #[serde(default)]
    pub refused: bool,
    /// Whether clients have to speak TLS 1.3.
    #[serde(default)]
    pub tls13_only: bool,
}

impl std::fmt::Debug for DomainFact {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DomainFact")
            .field("name", &self.name)
            .field("mappings", &self.mappings)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

/// A certificate with its key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainCertificate {
    /// The leaf and what leads to its root, PEM.
    pub chain_pem: String,
    /// The private key, PEM.
    pub key_pem: String,
}

impl std::fmt::Debug for DomainCertificate {
    /// Gives nothing away.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DomainCertificate")
    }
}
