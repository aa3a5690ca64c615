//! The certificate store.

use serde::{Deserialize, Serialize};

/// A certificate to import.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportCertificate {
    /// The certificate, PEM; what leads to its root may follow it.
    pub certificate: String,
    /// Its private key, PEM.
    pub private_key: String,
    /// What leads to its root, PEM, if that stands apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_chain: Option<String>,
    /// The ARN to import it under: one of the store, whose content it
    /// replaces, or one of Certificate Manager that custom domains name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_arn: Option<String>,
}

impl std::fmt::Debug for ImportCertificate {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportCertificate")
            .field("certificate_arn", &self.certificate_arn)
            .finish_non_exhaustive()
    }
}

/// A certificate of the store; its key stays there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// Its ARN, as custom domains name it.
    pub certificate_arn: String,
    /// The host names that it holds.
    pub names: Vec<String>,
    /// When it begins.
    pub not_before: String,
    /// When it ends.
    pub not_after: String,
    /// When it was first imported.
    pub created_at: String,
    /// The custom domains that show it.
    #[serde(default)]
    pub in_use_by: Vec<String>,
    /// The leaf and what leads to its root, PEM; not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// The certificates of an account, by ARN.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificates {
    /// The page.
    pub certificates: Vec<Certificate>,
    /// Where the next page starts; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
}
