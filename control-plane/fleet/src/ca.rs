//! The fleet's certificate authority: one key that signs the replicas' and
//! the nodes' certificates.
//!
//! Server certificates may only serve and node certificates may only connect,
//! so that no node can pose as a control plane. What nodes show to clients is
//! a third kind, which serves too; names keep it apart (`traffic.rs`).

mod traffic;

pub use traffic::TrafficNames;

use gw_app::certificate_params;
use rcgen::{
    BasicConstraints, CertificateSigningRequestParams, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

/// How long a CA lives.
const CA_LIFE: Duration = Duration::days(20 * 365);

/// How long a node's and a server's certificate lives. Longer than any outage
/// that should go unnoticed; nodes renew long before.
const LEAF_LIFE: Duration = Duration::days(365);

/// Why a certificate was not made.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// A name that such a certificate must not hold.
    #[error("{0:?} cannot be a name of this certificate: {1}")]
    Name(String, &'static str),
    /// The request cannot be read, or is not signed by its own key.
    #[error("the certificate request is not valid: {0}")]
    Request(String),
    /// The CA's own material cannot be used.
    #[error("the CA cannot be used: {0}")]
    Material(String),
}

/// The CA as it is stored: the certificate in the open, the key sealed.
#[derive(Clone)]
pub struct CaMaterial {
    /// The certificate, DER.
    pub certificate_der: Vec<u8>,
    /// The private key, PKCS#8 DER.
    pub key_der: Vec<u8>,
}

impl CaMaterial {
    /// Makes a new CA (ECDSA P-256).
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate(now: OffsetDateTime) -> Result<Self, CaError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(material)?;
        let mut params = certificate_params("Gatewright fleet CA", now, CA_LIFE);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).map_err(material)?;
        Ok(Self { certificate_der: certificate.der().to_vec(), key_der: key.serialize_der() })
    }
}

/// A certificate with its key, PEM.
#[derive(Clone)]
pub struct ServerIdentity {
    /// The certificate and its issuer.
    pub certificate_pem: String,
    /// The private key.
    pub key_pem: String,
}

/// A CA ready to sign.
pub struct Ca {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    /// Opens stored material.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(stored: &CaMaterial) -> Result<Self, CaError> {
        let key = PrivatePkcs8KeyDer::from(stored.key_der.as_slice());
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&key, &PKCS_ECDSA_P256_SHA256);
        let certificate = CertificateDer::from(stored.certificate_der.clone());
        let issuer = Issuer::from_ca_cert_der(&certificate, key.map_err(material)?);
        Ok(Self { issuer: issuer.map_err(material)?, certificate })
    }

    /// The CA's certificate, DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// The CA's certificate, PEM.
    pub fn certificate_pem(&self) -> String {
        gw_app::pem("CERTIFICATE", &self.certificate)
    }

    /// A fresh key and certificate for a replica, valid for `localhost`, the
    /// loopback addresses and `names` (host names or addresses).
    ///
    /// # Errors
    /// When a name is neither, or is of the kind that traffic certificates
    /// hold: every node could then pose as this replica.
    pub fn server(&self, names: &[String], now: OffsetDateTime) -> Result<ServerIdentity, CaError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(material)?;
        let mut params = certificate_params("gatewright-control-plane", now, LEAF_LIFE);
        let own = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        for name in own.iter().chain(names) {
            if traffic::is_traffic_name(name) {
                return Err(CaError::Name(name.clone(), "nodes serve such names"));
            }
            let san = match name.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(name.as_str().try_into().map_err(material)?),
            };
            params.subject_alt_names.push(san);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer).map_err(material)?;
        Ok(ServerIdentity {
            certificate_pem: certificate.pem() + &self.certificate_pem(),
            key_pem: key.serialize_pem(),
        })
    }

    /// Signs a node's request as its identity, with which it may only connect.
    ///
    /// # Errors
    /// When the request is malformed or not signed by its own key.
    pub fn sign_node(
        &self,
        request_der: &[u8],
        node: &str,
        now: OffsetDateTime,
    ) -> Result<Vec<Vec<u8>>, CaError> {
        let name = node.try_into().map_err(|_| CaError::Request("not a name".to_owned()))?;
        let names = vec![SanType::DnsName(name)];
        let leaf = self.sign(request_der, node, names, ExtendedKeyUsagePurpose::ClientAuth, now)?;
        Ok(vec![leaf, self.certificate.to_vec()])
    }

    /// Signs a key pair's request as a certificate that clients of a node see.
    ///
    /// It has the CA's signature and may serve, as a replica's certificate
    /// has, so a node could try to pose as a control plane with it. What
    /// prevents that are the names: this one is valid below the label
    /// `execute-api` only, [`Ca::server`] refuses to put such names on a
    /// replica's certificate, and nodes check the name under which they call
    /// a control plane. It cannot be shown as a node's identity either, as it
    /// must not be used to connect.
    ///
    /// # Errors
    /// When the request is malformed or not signed by its own key.
    pub fn sign_traffic(
        &self,
        request_der: &[u8],
        names: &TrafficNames,
        now: OffsetDateTime,
    ) -> Result<Vec<Vec<u8>>, CaError> {
        let usage = ExtendedKeyUsagePurpose::ServerAuth;
        let leaf = self.sign(request_der, "gatewright-traffic", names.sans()?, usage, now)?;
        Ok(vec![leaf])
    }

    /// Of a request only the key counts: name, uses and life are the CA's to
    /// say.
    fn sign(
        &self,
        request_der: &[u8],
        common_name: &str,
        names: Vec<SanType>,
        usage: ExtendedKeyUsagePurpose,
        now: OffsetDateTime,
    ) -> Result<Vec<u8>, CaError> {
        let der = CertificateSigningRequestDer::from(request_der);
        let request = CertificateSigningRequestParams::from_der(&der);
        let mut request = request.map_err(|error| CaError::Request(error.to_string()))?;
        request.params = certificate_params(common_name, now, LEAF_LIFE);
        request.params.subject_alt_names = names;
        request.params.extended_key_usages = vec![usage];
        let certificate = request.signed_by(&self.issuer).map_err(material)?;
        Ok(certificate.der().to_vec())
    }
}

/// The node that a verified certificate names.
pub fn node_of(certificate_der: &[u8]) -> Option<String> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate_der).ok()?;
    let usage = certificate.extended_key_usage().ok()??;
    let name = certificate.subject().iter_common_name().next()?.as_str().ok()?;
    usage.value.client_auth.then(|| name.to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function of map_err")]
fn material(error: rcgen::Error) -> CaError {
    CaError::Material(error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use rustls::client::danger::ServerCertVerifier as _;

    use super::*;

    fn request(name: &str) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.serialize_request(&key).unwrap().der().to_vec()
    }

    #[test]
    fn a_node_gets_the_name_that_the_ca_chooses() {
        let now = OffsetDateTime::now_utc();
        let stored = CaMaterial::generate(now).unwrap();
        let ca = Ca::open(&stored).unwrap();
        let chain = ca.sign_node(&request("localhost"), "n1", now).unwrap();
        assert_eq!(node_of(&chain[0]).as_deref(), Some("n1"));
        assert_eq!(chain[1], stored.certificate_der);
        assert!(ca.server(&["gw.example.org".to_owned(), "10.0.0.1".to_owned()], now).is_ok());
        assert!(ca.server(&["bad name\u{e9}".to_owned()], now).is_err());
    }

    /// As curl and a node check a server's certificate.
    fn is_valid_for(ca: &Ca, leaf: &[u8], name: &str) -> bool {
        use rustls::{RootCertStore, client::WebPkiServerVerifier, pki_types::UnixTime};
        let mut roots = RootCertStore::empty();
        roots.add(ca.certificate_der().to_vec().into()).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let roots = std::sync::Arc::new(roots);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider);
        let name = name.to_owned().try_into().unwrap();
        let verified = verifier.build().unwrap().verify_server_cert(
            &leaf.into(),
            &[],
            &name,
            &[],
            UnixTime::now(),
        );
        verified.is_ok()
    }

    #[test]
    fn traffic_certificates_serve_their_names_only() {
        let now = OffsetDateTime::now_utc();
        let ca = Ca::open(&CaMaterial::generate(now).unwrap()).unwrap();
        let names = TrafficNames::new(&["example.org".to_owned()]).unwrap();
        let chain = ca.sign_traffic(&request("localhost"), &names, now).unwrap();
        assert_eq!((chain.len(), node_of(&chain[0])), (1, None), "no identity");
        let (_, leaf) = x509_parser::parse_x509_certificate(&chain[0]).unwrap();
        let usage = leaf.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.server_auth && !usage.client_auth && !usage.any);
        let sans = &leaf.subject_alternative_name().unwrap().unwrap().value.general_names;
        let sans: Vec<_> = sans.iter().map(ToString::to_string).collect();
        let expected: Vec<_> = names.iter().map(|name| format!("DNSName({name})")).collect();
        assert_eq!(sans, expected, "nothing that the request asks for");
        // What clients check: it is good for APIs, and for no control plane.
        for (name, good) in [
            ("execute-api.localhost", true),
            ("a123456789.execute-api.localhost", true),
            ("a.execute-api.example.org", true),
            ("a.b.execute-api.localhost", false),
            ("localhost", false),
            ("127.0.0.1", false),
            ("cp.example.org", false),
        ] {
            assert_eq!(is_valid_for(&ca, &chain[0], name), good, "{name}");
        }
        // So no replica may have such a name.
        for name in ["execute-api.localhost", "a.Execute-API.example.org", "execute-api"] {
            assert!(matches!(ca.server(&[name.to_owned()], now), Err(CaError::Name(..))), "{name}");
        }
        assert!(ca.server(&["execute-apis.example.org".to_owned()], now).is_ok());
    }

    #[test]
    fn other_certificates_and_requests_are_refused() {
        let now = OffsetDateTime::now_utc();
        let ca = Ca::open(&CaMaterial::generate(now).unwrap()).unwrap();
        assert_eq!(node_of(ca.certificate_der()), None);
        assert!(matches!(ca.sign_node(b"nonsense", "n1", now), Err(CaError::Request(_))));
        let mut forged = request("n1");
        let last = forged.len() - 1;
        forged[last] ^= 1;
        assert!(matches!(ca.sign_node(&forged, "n1", now), Err(CaError::Request(_))));
    }
}
