//! Conversions at the edge: one named error for all of them.

use gw_model::{Digest, Epoch, RootDigest};

/// A message whose fields break the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid fleet message: {field} {reason}")]
pub struct InvalidMessage {
    /// The field at fault.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl InvalidMessage {
    /// A message without a field that it needs.
    pub const fn missing(field: &'static str) -> Self {
        Self { field, reason: "is missing" }
    }
}

impl From<gw_model::Revision> for crate::Revision {
    fn from(revision: gw_model::Revision) -> Self {
        Self { epoch: revision.epoch.0, number: revision.number }
    }
}

impl From<crate::Revision> for gw_model::Revision {
    fn from(revision: crate::Revision) -> Self {
        Self { epoch: Epoch(revision.epoch), number: revision.number }
    }
}

/// Reads a digest out of a message.
///
/// # Errors
/// When the field has not 32 bytes.
pub fn digest(field: &'static str, bytes: &[u8]) -> Result<Digest, InvalidMessage> {
    Digest::from_slice(bytes).ok_or(InvalidMessage { field, reason: "is not 32 bytes long" })
}

/// Reads a root digest out of a message.
///
/// # Errors
/// When the field has not 32 bytes.
pub fn root_digest(field: &'static str, bytes: &[u8]) -> Result<RootDigest, InvalidMessage> {
    RootDigest::from_slice(bytes).ok_or(InvalidMessage { field, reason: "is not 32 bytes long" })
}
