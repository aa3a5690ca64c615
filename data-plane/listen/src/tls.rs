//! Certificates by server name, replaced as a whole while connections go on.

use std::{
    fmt, io,
    path::Path,
    sync::{Arc, OnceLock},
};

use arc_swap::ArcSwap;
use hashbrown::HashMap;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

/// A certificate that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No certificate or key in the PEM text.
    #[error("invalid pem: {0}")]
    Pem(String),
    /// The key is unknown, or does not belong to the certificate.
    #[error("certificate and key cannot be used")]
    Key(#[from] rustls::Error),
    /// The certificate is not X.509.
    #[error("invalid certificate")]
    Parse,
}

/// The certificates of a node's TLS listeners, by the names that clients ask
/// for (SNI).
#[derive(Debug, Clone, Default)]
pub struct Certificates {
    default: Option<Arc<CertifiedKey>>,
    /// Lower case names; `*.example.com` for wildcards.
    by_name: HashMap<String, Arc<CertifiedKey>>,
}

impl Certificates {
    /// No certificate: every handshake fails.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what is shown to clients that ask for no known name.
    #[must_use]
    pub fn with_default(mut self, key: Arc<CertifiedKey>) -> Self {
        self.default = Some(key);
        self
    }

    /// Adds a certificate under every DNS name that it holds.
    ///
    /// # Errors
    /// The certificate cannot be parsed.
    pub fn with_own_names(mut self, key: &Arc<CertifiedKey>) -> Result<Self, CertificateError> {
        for name in dns_names(key)? {
            self.by_name.insert(name, Arc::clone(key));
        }
        Ok(self)
    }

    /// Adds a certificate under one name, `*.` in front for a wildcard.
    #[must_use]
    pub fn with_name(mut self, name: &str, key: Arc<CertifiedKey>) -> Self {
        self.by_name.insert(name.to_ascii_lowercase(), key);
        self
    }

    fn find(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let known = name.and_then(|name| {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            self.by_name.get(&name).or_else(|| {
                let parent = name.split_once('.')?.1;
                self.by_name.get(&format!("*.{parent}"))
            })
        });
        known.or(self.default.as_ref()).cloned()
    }
}

/// Certificates that come and go by name, such as those of custom domains.
pub trait NamedCertificates: Send + Sync + 'static {
    /// The certificate for a name that a client asks for, in any case. Called
    /// on serving cores, once for each full handshake.
    fn find(&self, name: &str) -> Option<Arc<CertifiedKey>>;

    /// Whether clients that ask for a name have to speak TLS 1.3.
    fn is_tls13_only(&self, name: &str) -> bool;
}

/// The certificates in use; share it and replace its content at any time.
#[derive(Default)]
pub struct CertificateStore {
    own: ArcSwap<Certificates>,
    named: OnceLock<Box<dyn NamedCertificates>>,
}

impl fmt::Debug for CertificateStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateStore").field("own", &self.own).finish_non_exhaustive()
    }
}

impl CertificateStore {
    /// Starts with these.
    #[must_use]
    pub fn new(certificates: Certificates) -> Self {
        Self { own: ArcSwap::from_pointee(certificates), named: OnceLock::new() }
    }

    /// Asks `named` first from now on. The first one stays.
    pub fn set_named(&self, named: Box<dyn NamedCertificates>) {
        // Whoever comes second is not asked, as said.
        let _ = self.named.set(named);
    }

    fn is_tls13_only(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| self.named.get().is_some_and(|named| named.is_tls13_only(name)))
    }

    /// Handshakes from now on use these; open connections stay.
    pub fn replace(&self, certificates: Certificates) {
        self.own.store(Arc::new(certificates));
    }
}

impl ResolvesServerCert for CertificateStore {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name();
        let named = name.and_then(|name| self.named.get()?.find(name));
        named.or_else(|| self.own.load().find(name))
    }
}

/// Reads a chain (leaf first) and its key from PEM text.
///
/// # Errors
/// The text holds neither, or they do not belong together.
pub fn certified_key(chain: &[u8], key: &[u8]) -> Result<Arc<CertifiedKey>, CertificateError> {
    let pem = |error: rustls::pki_types::pem::Error| CertificateError::Pem(error.to_string());
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(pem)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(pem)?;
    certified_key_der(chain, key)
}

/// Takes a chain (leaf first) and its key in DER.
///
/// # Errors
/// The chain is empty, or the key does not belong to its leaf.
pub fn certified_key_der(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, CertificateError> {
    if chain.is_empty() {
        return Err(CertificateError::Pem("no certificate".to_owned()));
    }
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &ring::default_provider())?))
}

/// Reads a chain and its key from two PEM files.
///
/// # Errors
/// A file cannot be read or used.
pub fn certified_key_files(
    chain: &Path,
    key: &Path,
) -> Result<Arc<CertifiedKey>, CertificateError> {
    let read = |path: &Path| {
        std::fs::read(path)
            .map_err(|source| CertificateError::Read { path: path.display().to_string(), source })
    };
    certified_key(&read(chain)?, &read(key)?)
}

fn dns_names(key: &CertifiedKey) -> Result<Vec<String>, CertificateError> {
    use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};
    let leaf = key.cert.first().ok_or(CertificateError::Parse)?;
    let (_, parsed) = X509Certificate::from_der(leaf).map_err(|_| CertificateError::Parse)?;
    let names = parsed.subject_alternative_name().map_err(|_| CertificateError::Parse)?;
    let names = names.iter().flat_map(|names| &names.value.general_names);
    Ok(names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        })
        .collect())
}

/// The server's side of TLS, by the name that a client asks for.
#[derive(Debug)]
pub(crate) struct ServerConfigs {
    store: Arc<CertificateStore>,
    /// 1.2 and 1.3.
    usual: Arc<ServerConfig>,
    /// 1.3 alone.
    tls13: Arc<ServerConfig>,
}

impl ServerConfigs {
    pub(crate) fn new(store: Arc<CertificateStore>) -> Result<Self, rustls::Error> {
        Ok(Self {
            usual: server_config(Arc::clone(&store), rustls::DEFAULT_VERSIONS)?,
            tls13: server_config(Arc::clone(&store), &[&rustls::version::TLS13])?,
            store,
        })
    }

    /// What to shake hands by.
    pub(crate) fn choose(&self, hello: &ClientHello<'_>) -> Arc<ServerConfig> {
        let strict = self.store.is_tls13_only(hello.server_name());
        Arc::clone(if strict { &self.tls13 } else { &self.usual })
    }
}

/// HTTP/2 before HTTP/1.1, resumption by tickets, which need no memory per
/// client.
fn server_config(
    store: Arc<CertificateStore>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_cert_resolver(store);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = ring::Ticketer::new()?;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Ok(Arc::new(config))
}
