//! Who a node is: a key pair made on the node, a certificate from the fleet's
//! CA, and the CA itself; and a second key pair and certificate, which the
//! node shows to clients of its TLS listeners. All live in one file of the
//! state directory, so that they are replaced together.

mod client;
mod key;
mod store;
mod token;
mod verify;

pub(crate) use client::{As, client_config, join, renew};
pub(crate) use key::NodeKey;
pub(crate) use store::Identity;
pub use token::JoinToken;

use std::{io, time::SystemTime};

use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

/// Why a node has no usable identity.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The join token is not `gwj1.{64 hex digits}.{secret}`.
    #[error("a join token has the form gwj1.{{64 hex digits}}.{{secret}}")]
    InvalidToken,
    /// The identity file cannot be read or written.
    #[error("identity file")]
    Io(#[from] io::Error),
    /// The identity file is damaged.
    #[error("identity file is malformed: {0}")]
    Malformed(String),
    /// A key or a certificate request could not be made.
    #[error("cannot make a key or certificate request")]
    Key(#[from] rcgen::Error),
    /// The certificate, key or CA does not suit TLS.
    #[error("unusable certificate")]
    Tls(#[from] rustls::Error),
    /// The control plane's answer does not fit the request.
    #[error("the control plane's answer to a certificate request {0}")]
    Answer(&'static str),
    /// No connection, or the call was refused.
    #[error("{0}")]
    Call(String),
}

/// A certificate with its key.
#[derive(Debug)]
pub struct CertificateMaterial {
    /// Leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// ECDSA P-256, PKCS#8.
    pub key: PrivatePkcs8KeyDer<'static>,
    /// The DNS names of the leaf.
    pub names: Vec<String>,
    /// When the leaf begins to be valid.
    pub not_before: SystemTime,
    /// When the leaf ends to be valid.
    pub not_after: SystemTime,
}

impl CertificateMaterial {
    /// When two thirds of the leaf's life are over.
    pub fn renewal_due(&self) -> SystemTime {
        let life = self.not_after.duration_since(self.not_before).unwrap_or_default();
        self.not_before + life * 2 / 3
    }

    /// Whether the leaf's life is over.
    pub fn expired(&self, now: SystemTime) -> bool {
        now > self.not_after
    }
}
