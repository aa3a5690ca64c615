//! Where the admin API is, and a connection to it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http::uri::Scheme;
use http_body_util::Full;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::error::{Error, Kind, Result};

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The address of an admin API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    tls: bool,
    host: String,
    port: u16,
    /// What stands before each path; empty or `/prefix`.
    pub(crate) base: String,
    /// A PEM file of a CA to trust beside the system's.
    pub(crate) ca_file: Option<PathBuf>,
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::usage(format!("`{text}` is no endpoint"))
                .hint("write it as http://HOST:PORT or https://HOST[:PORT]")
        };
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(wrong()),
        };
        if uri.query().is_some() || uri.authority().is_some_and(|a| a.as_str().contains('@')) {
            return Err(wrong());
        }
        let host = uri.host().filter(|h| !h.is_empty()).ok_or_else(wrong)?.to_owned();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let base = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { tls, host, port, base, ca_file: None })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.base)
    }
}

impl Endpoint {
    /// `host:port`, without the port that the scheme implies.
    pub(crate) fn authority(&self) -> String {
        match (self.tls, self.port) {
            (false, 80) | (true, 443) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    /// Opens a connection.
    pub(crate) async fn open(&self) -> Result<SendRequest<Full<Bytes>>> {
        match tokio::time::timeout(CONNECT_TIMEOUT, self.connect()).await {
            Ok(result) => result,
            Err(_) => Err(self.unreachable(&format!("no answer within {CONNECT_TIMEOUT:?}"))),
        }
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, self.port))
            .await
            .map_err(|e| self.unreachable(&e.to_string()))?;
        stream.set_nodelay(true).ok();
        if !self.tls {
            return self.shake(TokioIo::new(stream)).await;
        }
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Error::usage(format!("`{host}` is no host name")))?;
        let stream = TlsConnector::from(Arc::new(self.tls_config()?))
            .connect(name, stream)
            .await
            .map_err(|e| self.unreachable(&format!("TLS: {e}")))?;
        self.shake(TokioIo::new(stream)).await
    }

    async fn shake<T>(&self, io: T) -> Result<SendRequest<Full<Bytes>>>
    where
        T: Read + Write + Unpin + Send + 'static,
    {
        let (sender, connection) =
            handshake(io).await.map_err(|e| self.unreachable(&e.to_string()))?;
        // Its errors reach us through the sender.
        tokio::spawn(connection);
        Ok(sender)
    }

    fn tls_config(&self) -> Result<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(file) = &self.ca_file {
            let unfit = |e: &dyn fmt::Display| Error::usage(format!("{}: {e}", file.display()));
            for certificate in CertificateDer::pem_file_iter(file).map_err(|e| unfit(&e))? {
                let certificate = certificate.map_err(|e| unfit(&e))?;
                roots.add(certificate).map_err(|e| unfit(&e))?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| Error::failed(format!("TLS: {e}")))?
            .with_root_certificates(roots)
            .with_no_client_auth())
    }

    fn unreachable(&self, reason: &str) -> Error {
        Error::new(Kind::Unavailable, format!("cannot reach {self}: {reason}")).hint(
            "is it running? `gwctl up` starts one here, `gwctl profile list` shows the known ones",
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_and_shown_alike() {
        let cases = [
            ("http://127.0.0.1:9080", "http://127.0.0.1:9080"),
            ("http://h/", "http://h"),
            ("http://h:80", "http://h"),
            ("https://h:9080/api/", "https://h:9080/api"),
            ("https://[::1]:443", "https://[::1]"),
        ];
        for (text, shown) in cases {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), shown, "{text}");
        }
        for text in ["", "h:1", "ftp://h", "http://", "http://u:p@h", "http://h/?x=1", "/x"] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }
}
