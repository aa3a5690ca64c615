//! Where a request goes: scheme, host, port and how TLS is done there.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use http::{HeaderValue, Uri};
use rustls::pki_types::ServerName;

use crate::{identity::Identity, via::Via};

/// How the origin is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// HTTP/1.1 in clear.
    Http,
    /// HTTP/1.1 inside TLS.
    Https,
}

impl Scheme {
    /// The port that applies when none is written.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// What an integration's `tlsConfig` may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TlsOptions {
    /// Accept any issuer; names and dates must hold (AWS's
    /// `insecureSkipVerification`).
    pub insecure_skip_verification: bool,
}

/// An origin that cannot be called at all; known before any request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTarget {
    /// Neither `http` nor `https`.
    #[error("scheme of {0:?} is neither http nor https")]
    Scheme(String),
    /// No host, or one that is no name and no address.
    #[error("invalid host {0:?}")]
    Host(String),
    /// A port outside 1..=65535.
    #[error("invalid port in {0:?}")]
    Port(String),
}

/// An origin. Cheap to clone, compare and hash: build it when a route is
/// compiled, not per request.
#[derive(Clone)]
pub struct Target(Arc<Inner>);

struct Inner {
    key: u64,
    scheme: Scheme,
    host: Box<str>,
    port: u16,
    tls: TlsOptions,
    authority: HeaderValue,
    address: Option<IpAddr>,
    server_name: Option<ServerName<'static>>,
    identity: Option<Identity>,
    via: Option<Via>,
}

impl Target {
    /// Checks the host and computes what a connection needs. An IPv6 address
    /// may come with or without brackets.
    ///
    /// # Errors
    /// The host is neither a DNS name nor an address.
    pub fn new(
        scheme: Scheme,
        host: &str,
        port: Option<u16>,
        tls: TlsOptions,
    ) -> Result<Self, InvalidTarget> {
        let invalid = || InvalidTarget::Host(host.to_owned());
        let (bare, address) = host_of(host)?;
        let port = port.unwrap_or(scheme.default_port());
        if port == 0 {
            return Err(InvalidTarget::Port(bare.into()));
        }
        let host = bare;
        let authority = authority(&host, address, port, scheme);
        let server_name = match scheme {
            Scheme::Http => None,
            // An underscore is fine in DNS but not in a certificate; such a
            // host fails at the handshake, not here.
            Scheme::Https => ServerName::try_from(host.to_string()).ok(),
        };
        if scheme == Scheme::Https && server_name.is_none() {
            return Err(invalid());
        }
        let mut hasher = DefaultHasher::new();
        (scheme, &host, port, tls).hash(&mut hasher);
        Ok(Self(Arc::new(Inner {
            key: hasher.finish(),
            scheme,
            host,
            port,
            tls,
            authority: HeaderValue::from_str(&authority).map_err(|_| invalid())?,
            address,
            server_name,
            identity: None,
            via: None,
        })))
    }

    /// The same origin, shown a certificate (which counts for HTTPS only) or
    /// reached another way. What differs in either shares no connection.
    #[must_use]
    pub fn reached(&self, identity: Option<&Identity>, via: Option<&Via>) -> Self {
        let of = &*self.0;
        let identity = identity.filter(|_| of.scheme == Scheme::Https).cloned();
        let via = via.cloned();
        if identity.is_none() && via.is_none() && of.identity.is_none() && of.via.is_none() {
            return self.clone();
        }
        let mut hasher = DefaultHasher::new();
        let numbers = (identity.as_ref().map(Identity::number), via.as_ref().map(Via::number));
        (of.scheme, &of.host, of.port, of.tls, numbers).hash(&mut hasher);
        Self(Arc::new(Inner {
            key: hasher.finish(),
            scheme: of.scheme,
            host: of.host.clone(),
            port: of.port,
            tls: of.tls,
            authority: of.authority.clone(),
            address: of.address,
            server_name: of.server_name.clone(),
            identity,
            via,
        }))
    }

    /// The origin of an absolute URI; path and query are ignored.
    ///
    /// # Errors
    /// The URI has no host, another scheme or an impossible port.
    pub fn from_uri(uri: &Uri, tls: TlsOptions) -> Result<Self, InvalidTarget> {
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            _ => return Err(InvalidTarget::Scheme(uri.to_string())),
        };
        let authority = uri.authority().ok_or_else(|| InvalidTarget::Host(uri.to_string()))?;
        // `http` keeps a port that does not parse as text and reports none.
        let written = authority.as_str().rsplit('@').next().unwrap_or_default();
        let after_host = written.strip_prefix(authority.host()).unwrap_or_default();
        if !after_host.is_empty() && authority.port_u16().is_none() {
            return Err(InvalidTarget::Port(uri.to_string()));
        }
        Self::new(scheme, authority.host(), authority.port_u16(), tls)
    }

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.0.scheme
    }

    /// The host in lower case, an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// What a `Host` header says for this origin; the port only when it is
    /// not the scheme's own.
    #[must_use]
    pub fn authority(&self) -> &HeaderValue {
        &self.0.authority
    }

    pub(crate) fn tls(&self) -> TlsOptions {
        self.0.tls
    }

    /// The address, where the host is one; otherwise it is a name.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.0.address
    }

    pub(crate) fn server_name(&self) -> Option<&ServerName<'static>> {
        self.0.server_name.as_ref()
    }

    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.0.identity.as_ref()
    }

    pub(crate) fn via(&self) -> Option<&Via> {
        self.0.via.as_ref()
    }

    #[cfg(test)]
    fn key(&self) -> u64 {
        self.0.key
    }
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.key == other.0.key
                && self.0.port == other.0.port
                && self.0.scheme == other.0.scheme
                && self.0.tls == other.0.tls
                && self.0.host == other.0.host
                && self.identity().map(Identity::number) == other.identity().map(Identity::number)
                && self.via().map(Via::number) == other.via().map(Via::number))
    }
}

impl Eq for Target {}

impl Hash for Target {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.key);
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.0.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}", self.0.authority.to_str().unwrap_or_default())
    }
}

fn authority(host: &str, address: Option<IpAddr>, port: u16, scheme: Scheme) -> String {
    let host = match address {
        Some(IpAddr::V6(_)) => format!("[{host}]"),
        _ => host.to_owned(),
    };
    if port == scheme.default_port() { host } else { format!("{host}:{port}") }
}

/// A host without brackets, in lower case, and the address that it is.
///
/// # Errors
/// It is neither a DNS name nor an address.
pub(crate) fn host_of(host: &str) -> Result<(Box<str>, Option<IpAddr>), InvalidTarget> {
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    let address = bare.parse::<IpAddr>().ok();
    if address.is_none() && !is_dns_name(bare) {
        return Err(InvalidTarget::Host(host.to_owned()));
    }
    Ok((bare.to_ascii_lowercase().into_boxed_str(), address))
}

/// Letters, digits, hyphens and underscores in labels of 1 to 63, at most
/// 253 in all; a trailing dot is allowed.
fn is_dns_name(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    // "1.2.3" and "0x7f.1" mean an address to some resolvers: a last label of
    // digits only must have parsed as an address before we get here.
    let last_is_number =
        name.rsplit('.').next().is_some_and(|l| l.bytes().all(|b| b.is_ascii_digit()));
    name.len() <= 253
        && !last_is_number
        && name.split('.').all(label)
        && name.parse::<Ipv6Addr>().is_err()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn check(uri: &str, expected: Result<&str, ()>) {
        let parsed = uri.parse::<Uri>().map_err(|_| ());
        let got = parsed
            .and_then(|uri| Target::from_uri(&uri, TlsOptions::default()).map_err(|_| ()))
            .map(|target| target.to_string());
        assert_eq!(got.as_ref().map(String::as_str).map_err(|&()| ()), expected, "{uri}");
    }

    #[test]
    fn origins_of_uris() {
        check("http://example.com/a?b", Ok("http://example.com"));
        check("http://EXAMPLE.com:80/", Ok("http://example.com"));
        check("https://example.com:8443/", Ok("https://example.com:8443"));
        check("http://127.0.0.1:1", Ok("http://127.0.0.1:1"));
        check("https://[::1]:9/", Ok("https://[::1]:9"));
        check("http://user@host/", Ok("http://host"));
        check("http://a_b.internal/", Ok("http://a_b.internal"));
        check("ftp://example.com/", Err(()));
        check("/only/path", Err(()));
        check("http://example.com:0/", Err(()));
        check("http://example.com:99999/", Err(()));
        check("http://1.2.3/", Err(()));
        check("http://a..b/", Err(()));
    }

    #[test]
    fn equal_targets_share_a_key() {
        let a = Target::new(Scheme::Http, "Example.com", None, TlsOptions::default()).unwrap();
        let b = Target::new(Scheme::Http, "example.com", Some(80), TlsOptions::default()).unwrap();
        assert_eq!(a, b);
        assert_eq!(a.key(), b.key());
        let c = Target::new(Scheme::Http, "example.com", Some(81), TlsOptions::default()).unwrap();
        assert_ne!(a, c);
        let via = |port| Via::new([("10.0.0.1", Some(port)), ("Some.Host", None)]).unwrap();
        let (one, two) = (via(1), via(1));
        assert_eq!(a.reached(None, Some(&one)), b.reached(None, Some(&one)));
        assert_eq!(a.reached(None, None), a);
        assert_ne!(a.reached(None, Some(&one)), a);
        assert_ne!(a.reached(None, Some(&one)), a.reached(None, Some(&two)));
        assert_eq!(&*one.hops()[1].host, "some.host");
        assert!(Via::new([]).is_err() && Via::new([("a b", None)]).is_err());
    }
}
