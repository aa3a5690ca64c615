//! Certificate requests: joining with a token, renewing with a certificate.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use gw_model::Digest;
use gw_proto::{JoinRequest, JoinResponse, RenewRequest, fleet_client::FleetClient};
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tonic::transport::Channel;
use x509_parser::parse_x509_certificate;

use super::{CertificateMaterial, Error, Identity, JoinToken, verify::PinnedCa};

/// A key pair and the request for its certificate. The key stays here.
pub(crate) struct Request {
    key: KeyPair,
    der: Vec<u8>,
}

impl Request {
    /// With a new key pair.
    pub(crate) fn with_new_key(name: &str) -> Result<Self, Error> {
        Self::with(KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?, name)
    }

    /// With the key pair that the node already has: its identity.
    pub(crate) fn with_key_of(identity: &Identity) -> Result<Self, Error> {
        let key = KeyPair::from_pkcs8_der_and_sign_algo(
            &identity.material.key,
            &rcgen::PKCS_ECDSA_P256_SHA256,
        )?;
        Self::with(key, &identity.node_id)
    }

    fn with(key: KeyPair, name: &str) -> Result<Self, Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        let der = params.serialize_request(&key)?.der().to_vec();
        Ok(Self { key, der })
    }

    /// Checks that a chain is for this request.
    fn certified(self, chain: Vec<Bytes>) -> Result<CertificateMaterial, Error> {
        let leaf = chain.first().ok_or(Error::Answer("holds no certificate"))?;
        let (_, parsed) = parse_x509_certificate(leaf)
            .map_err(|_| Error::Answer("holds a certificate that cannot be read"))?;
        if parsed.public_key().subject_public_key.data.as_ref() != self.key.public_key_raw() {
            return Err(Error::Answer("certifies another key"));
        }
        let chain = chain.into_iter().map(Into::into).collect();
        CertificateMaterial::new(chain, self.key.serialize_der())
    }
}

/// The two requests that travel together.
struct Requests {
    identity: Request,
    traffic: Request,
}

impl Requests {
    /// The traffic certificate gets a new key pair each time: nothing outlives
    /// a certificate by its key, and no two certificates share a serial
    /// number, which comes from the key.
    fn new(identity: Request, name: &str) -> Result<Self, Error> {
        Ok(Self { identity, traffic: Request::with_new_key(name)? })
    }

    /// Checks that the answer is for these requests and from that CA.
    fn accept(self, answer: JoinResponse, ca: Digest) -> Result<Identity, Error> {
        if answer.node_id.is_empty() {
            return Err(Error::Answer("names no node id"));
        }
        if Digest::of(&answer.ca_certificate) != ca {
            return Err(Error::Answer("names another CA"));
        }
        let material = self.identity.certified(answer.certificate_chain)?;
        let traffic = match answer.traffic_certificate_chain {
            // A control plane that makes none.
            chain if chain.is_empty() => None,
            chain => Some(Arc::new(self.traffic.certified(chain)?)),
        };
        Ok(Identity {
            node_id: answer.node_id,
            ca: CertificateDer::from(Vec::from(answer.ca_certificate)),
            material: Arc::new(material),
            traffic,
        })
    }
}

/// First contact, over a channel made with [`client_config`] for the token.
pub(crate) async fn join(
    channel: Channel,
    token: &JoinToken,
    node_name: &str,
    labels: &BTreeMap<String, String>,
) -> Result<Identity, Error> {
    let requests = Requests::new(Request::with_new_key(node_name)?, node_name)?;
    let message = JoinRequest {
        token_secret: token.secret.clone(),
        node_name: node_name.to_owned(),
        certificate_request: requests.identity.der.clone().into(),
        labels: labels.clone().into_iter().collect(),
        traffic_certificate_request: requests.traffic.der.clone().into(),
    };
    let answer =
        FleetClient::new(channel).join(message).await.map_err(|status| refused(&status))?;
    requests.accept(answer.into_inner(), token.ca)
}

/// A new certificate for the key that the node has, and a new traffic
/// certificate.
pub(crate) async fn renew(channel: Channel, identity: &Identity) -> Result<Identity, Error> {
    let requests = Requests::new(Request::with_key_of(identity)?, &identity.node_id)?;
    let message = RenewRequest {
        certificate_request: requests.identity.der.clone().into(),
        traffic_certificate_request: requests.traffic.der.clone().into(),
    };
    let answer =
        FleetClient::new(channel).renew(message).await.map_err(|status| refused(&status))?;
    requests.accept(answer.into_inner(), identity.ca_digest())
}

fn refused(status: &tonic::Status) -> Error {
    Error::Call(format!("{}: {}", status.code(), status.message()))
}

/// Whom to trust, and as whom to show up.
pub(crate) enum As<'a> {
    /// Nobody yet; trust is in the token's CA hash.
    Joining(&'a JoinToken),
    /// A node of the fleet.
    Node(&'a Identity),
}

/// The TLS settings of a channel to the control plane.
pub(crate) fn client_config(who: &As<'_>) -> Result<Arc<ClientConfig>, Error> {
    let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let mut config = match who {
        As::Joining(token) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(PinnedCa::new(token.ca, provider)))
            .with_no_client_auth(),
        As::Node(identity) => {
            let material = &identity.material;
            let mut roots = RootCertStore::empty();
            roots.add(identity.ca.clone())?;
            let key = PrivateKeyDer::Pkcs8(material.key.clone_key());
            builder
                .with_root_certificates(roots)
                .with_client_auth_cert(material.chain.clone(), key)?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}
