//! TLS towards origins: the system's roots, HTTP/1.1 only, sessions resumed
//! per core.

use std::{
    cell::RefCell,
    io,
    sync::{Arc, OnceLock},
};

use hashbrown::HashMap;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
    sign::SingleCertAndKey,
};
use tokio_rustls::TlsConnector;

use crate::{error::Error, identity::Identity, target::TlsOptions};

/// Identities whose configurations are kept; beyond it all are made anew.
const MAX_IDENTITIES: usize = 1024;

/// The two ways to shake hands, for each identity. Each holds its own session
/// store, so a session of an unverified origin is never resumed as a verified
/// one, nor one identity's by another.
pub(crate) struct Connectors {
    provider: Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
    verifying: TlsConnector,
    trusting: TlsConnector,
    by_identity: RefCell<HashMap<(u64, TlsOptions), TlsConnector>>,
}

impl Connectors {
    pub(crate) fn new(extra_roots: &[CertificateDer<'static>]) -> Result<Self, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let mut roots = system_roots().clone();
        for root in extra_roots {
            roots.add(root.clone())?;
        }
        let roots = Arc::new(roots);
        let anonymous = |insecure_skip_verification| {
            let options = TlsOptions { insecure_skip_verification };
            connector(&provider, &roots, options, None)
        };
        Ok(Self {
            verifying: anonymous(false)?,
            trusting: anonymous(true)?,
            by_identity: RefCell::default(),
            provider,
            roots,
        })
    }

    pub(crate) fn of(
        &self,
        options: TlsOptions,
        identity: Option<&Identity>,
    ) -> Result<TlsConnector, Error> {
        let Some(identity) = identity else {
            let known =
                if options.insecure_skip_verification { &self.trusting } else { &self.verifying };
            return Ok(known.clone());
        };
        let key = (identity.number(), options);
        if let Some(known) = self.by_identity.borrow().get(&key) {
            return Ok(known.clone());
        }
        let made = connector(&self.provider, &self.roots, options, Some(identity))
            .map_err(|error| Error::Tls(io::Error::other(error)))?;
        let mut by_identity = self.by_identity.borrow_mut();
        if by_identity.len() >= MAX_IDENTITIES {
            by_identity.clear();
        }
        by_identity.insert(key, made.clone());
        Ok(made)
    }
}

fn connector(
    provider: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    options: TlsOptions,
    identity: Option<&Identity>,
) -> Result<TlsConnector, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()?;
    let builder = if options.insecure_skip_verification {
        let any = AnyIssuer(Arc::clone(provider));
        builder.dangerous().with_custom_certificate_verifier(Arc::new(any))
    } else {
        builder.with_root_certificates(Arc::clone(roots))
    };
    let mut config = match identity {
        // Shown whatever issuers the origin says that it likes: it may trust
        // this very certificate.
        Some(identity) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.key())))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Reading the system's roots takes milliseconds: once per process.
fn system_roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "cannot read a system root certificate");
        }
        let mut roots = RootCertStore::empty();
        let (added, ignored) = roots.add_parsable_certificates(found.certs);
        tracing::debug!(added, ignored, "system root certificates");
        roots
    })
}

/// AWS's `insecureSkipVerification`: whoever issued the certificate will do,
/// but its names and its dates must hold, and its key must sign the handshake.
#[derive(Debug)]
struct AnyIssuer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyIssuer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        let bad = |error| rustls::Error::InvalidCertificate(error);
        let (_, certificate) = x509_parser::parse_x509_certificate(end_entity)
            .map_err(|_| bad(CertificateError::BadEncoding))?;
        let validity = certificate.validity();
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now < validity.not_before.timestamp() {
            return Err(bad(CertificateError::NotValidYet));
        }
        if now > validity.not_after.timestamp() {
            return Err(bad(CertificateError::Expired));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
