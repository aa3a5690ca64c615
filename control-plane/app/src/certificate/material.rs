//! Certificates with their keys, as users hand them over: read, checked, and
//! written down in one form.

use gw_model::domain::covers;
use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};
use time::OffsetDateTime;
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _};
use zeroize::Zeroizing;

use super::form::pem;
use crate::{Error, Result};

/// Chains are shorter than this.
const MAX_CHAIN: usize = 16;

/// A certificate that can be served.
pub(crate) struct Material {
    /// The leaf and what leads to its root, PEM.
    pub(crate) chain_pem: String,
    /// The private key, PEM.
    pub(crate) key_pem: Zeroizing<String>,
    /// The host names that it holds, in lower case.
    pub(crate) names: Vec<String>,
    /// When it begins.
    pub(crate) not_before: OffsetDateTime,
    /// When it ends.
    pub(crate) not_after: OffsetDateTime,
}

impl std::fmt::Debug for Material {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Material").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Material {
    /// Reads PEM texts; what leads to the root may stand behind the
    /// certificate or apart.
    ///
    /// # Errors
    /// When a text cannot be read, certificates and key do not belong
    /// together, or the certificate has ended.
    pub(crate) fn read(
        body: &str,
        key: &str,
        chain: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Self> {
        let mut certificates = certificates(body, "certificate")?;
        if certificates.is_empty() {
            return Err(refused("The certificate body holds no certificate in PEM format."));
        }
        certificates.extend(self::certificates(chain.unwrap_or_default(), "certificate chain")?);
        if certificates.len() > MAX_CHAIN {
            return Err(refused("The certificate chain is too long."));
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| refused("The private key is not a private key in PEM format."))?;
        Self::of(&certificates, &key, now)
    }

    /// The same of what has been parsed.
    pub(crate) fn of(
        chain: &[CertificateDer<'static>],
        key: &PrivateKeyDer<'static>,
        now: OffsetDateTime,
    ) -> Result<Self> {
        let (names, not_before, not_after) = {
            let parsed = chain.iter().map(|der| parse(der)).collect::<Result<Vec<_>>>()?;
            if parsed.windows(2).any(|pair| pair[0].issuer().as_raw() != pair[1].subject().as_raw())
            {
                return Err(refused(
                    "Unable to validate certificate chain. The certificate chain must start with \
                     the immediate signing certificate, followed by any intermediaries in order.",
                ));
            }
            let leaf = parsed.first().ok_or_else(|| refused("There is no certificate."))?;
            let validity = leaf.validity();
            (names(leaf), validity.not_before.to_datetime(), validity.not_after.to_datetime())
        };
        if not_after <= now {
            return Err(refused("The certificate has expired."));
        }
        CertifiedKey::from_der(chain.to_vec(), key.clone_key(), &ring::default_provider())
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    refused("The private key does not match the certificate.")
                }
                other => Error::BadRequest(format!(
                    "The certificate and its private key cannot be used: {other}."
                )),
            })?;
        let chain_pem = chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
        Ok(Self { chain_pem, key_pem: key_pem(key), names, not_before, not_after })
    }

    /// Refuses a certificate that no client of the domain would accept.
    ///
    /// # Errors
    /// When none of its names covers the domain.
    pub(crate) fn check_covers(&self, domain: &str) -> Result<()> {
        check_covers(&self.names, domain)
    }
}

/// Refuses a certificate with these names for a domain.
///
/// # Errors
/// When none of them covers it.
pub(crate) fn check_covers(names: &[String], domain: &str) -> Result<()> {
    if names.iter().any(|name| covers(name, domain)) {
        return Ok(());
    }
    Err(Error::BadRequest(format!(
        "The certificate does not cover the domain name {domain}: its names are [{}].",
        names.join(", ")
    )))
}

fn refused(message: &str) -> Error {
    Error::bad_request(message)
}

fn certificates(text: &str, what: &str) -> Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| Error::BadRequest(format!("The {what} is not in PEM format: {error:?}.")))
}

fn parse<'c>(der: &'c CertificateDer<'_>) -> Result<X509Certificate<'c>> {
    let (_, parsed) = X509Certificate::from_der(der)
        .map_err(|_| refused("The certificate is not an X.509 certificate."))?;
    Ok(parsed)
}

/// The host names of a leaf; its common name counts where there are no others.
fn names(leaf: &X509Certificate<'_>) -> Vec<String> {
    let alternative = leaf.subject_alternative_name().ok().flatten();
    let mut names: Vec<String> = alternative
        .iter()
        .flat_map(|names| &names.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        })
        .collect();
    if alternative.is_none() {
        let common = leaf.subject().iter_common_name().filter_map(|name| name.as_str().ok());
        names.extend(common.map(str::to_ascii_lowercase));
    }
    names
}

fn key_pem(key: &PrivateKeyDer<'_>) -> Zeroizing<String> {
    let label = match key {
        PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    Zeroizing::new(pem(label, key.secret_der()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn made(names: &[&str]) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names.clone()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, names[0].as_str());
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    #[track_caller]
    fn refusal(body: &str, key: &str, chain: Option<&str>, part: &str) {
        let error = Material::read(body, key, chain, OffsetDateTime::now_utc()).unwrap_err();
        assert!(matches!(&error, Error::BadRequest(text) if text.contains(part)), "{error}");
    }

    #[test]
    fn what_belongs_together_is_read_and_written_again() {
        let (body, key) = made(&["api.example.com", "*.Example.org"]);
        let now = OffsetDateTime::now_utc();
        let material = Material::read(&body, &key, None, now).unwrap();
        assert_eq!(material.names, ["api.example.com", "*.example.org"]);
        material.check_covers("api.example.com").unwrap();
        material.check_covers("a.example.org").unwrap();
        assert!(material.check_covers("www.example.com").is_err());
        let again = Material::read(&material.chain_pem, &material.key_pem, None, now).unwrap();
        assert_eq!(again.chain_pem, material.chain_pem);
        assert_eq!(again.key_pem, material.key_pem);
    }

    #[test]
    fn what_does_not_is_refused() {
        let (body, key) = made(&["a.example.com"]);
        let (other, other_key) = made(&["b.example.com"]);
        refusal("", &key, None, "holds no certificate");
        refusal("nonsense", &key, None, "holds no certificate");
        refusal(&body, "nonsense", None, "private key");
        refusal(&body, &body, None, "private key");
        refusal(&body, &other_key, None, "does not match");
        refusal(&body, &key, Some(&other), "certificate chain");
        let broken = pem("CERTIFICATE", b"no certificate");
        refusal(&broken, &key, None, "X.509");
        let cut = body.replace("-----END CERTIFICATE-----", "");
        refusal(&cut, &key, None, "PEM");
    }

    #[test]
    fn ended_ones_are_refused() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["a.example.com".to_owned()]).unwrap();
        let now = OffsetDateTime::now_utc();
        params.not_before = now - time::Duration::days(2);
        params.not_after = now - time::Duration::days(1);
        let body = params.self_signed(&key).unwrap().pem();
        refusal(&body, &key.serialize_pem(), None, "expired");
    }
}
