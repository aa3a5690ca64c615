//! The authority that issues certificates for custom domains whose ARN nobody
//! here knows. It is not the fleet's CA: nodes trust that one for control
//! planes, and a domain may have any name.

use gw_store::{CaRow, Txn};
use rcgen::{
    BasicConstraints, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

use super::{
    form::{certificate_params, pem},
    material::Material,
};
use crate::{App, Error, Result, transact::transact};

/// What the authority's key is sealed for.
const PURPOSE: &str = "domain-ca";

/// How long the authority lives.
const CA_LIFE: Duration = Duration::days(20 * 365);

/// How long what it issues lives.
const LEAF_LIFE: Duration = Duration::days(365);

/// The authority, ready to sign.
pub(crate) struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl App {
    /// The authority of domains; whoever asks first makes it.
    pub(crate) async fn domain_authority(&self, txn: &mut Txn) -> Result<Authority> {
        let row = match txn.domain_ca_fetch().await? {
            Some(row) => row,
            None => {
                let (certificate_der, key) = make(self.now())?;
                let sealed_key = self.master_key().seal(self.entropy(), PURPOSE, &key);
                // Another caller may have been first: then its authority counts.
                txn.domain_ca_insert(&CaRow { certificate_der, sealed_key }).await?;
                let row = txn.domain_ca_fetch().await?;
                row.ok_or_else(|| Error::internal("the domain CA vanished"))?
            }
        };
        let key = self.master_key().open(PURPOSE, &row.sealed_key)?;
        let key = PrivatePkcs8KeyDer::from(key.as_slice());
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&key, &PKCS_ECDSA_P256_SHA256);
        let certificate = CertificateDer::from(row.certificate_der);
        let issuer = Issuer::from_ca_cert_der(&certificate, key.map_err(Error::internal)?);
        Ok(Authority { issuer: issuer.map_err(Error::internal)?, certificate })
    }

    /// The certificate of the authority of domains, PEM: what clients have to
    /// trust of domains whose certificate was issued here.
    ///
    /// # Errors
    /// When the master key is another one, or the database is gone.
    pub async fn domain_ca_pem(&self) -> Result<String> {
        if let Some(row) = self.store().read().await?.domain_ca_fetch().await? {
            return Ok(pem("CERTIFICATE", &row.certificate_der));
        }
        let (authority, _) = transact!(self, |txn| {
            let authority = self.domain_authority(&mut txn).await?;
            (authority.certificate, None::<gw_store::Audit>)
        })?;
        Ok(pem("CERTIFICATE", &authority))
    }
}

/// A new authority: certificate and PKCS#8 key, DER.
fn make(now: OffsetDateTime) -> Result<(Vec<u8>, zeroize::Zeroizing<Vec<u8>>)> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(Error::internal)?;
    let mut params = certificate_params("Gatewright domain CA", now, CA_LIFE);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key).map_err(Error::internal)?;
    Ok((certificate.der().to_vec(), zeroize::Zeroizing::new(key.serialize_der())))
}

impl Authority {
    /// A new key with a certificate for one domain, which may be a wildcard.
    pub(crate) fn issue(&self, domain: &str, now: OffsetDateTime) -> Result<Material> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(Error::internal)?;
        // A common name ends at 64 characters; nobody reads it any more.
        let mut params = certificate_params("gatewright-domain", now, LEAF_LIFE);
        let name = domain.try_into().map_err(Error::internal)?;
        params.subject_alt_names = vec![rcgen::SanType::DnsName(name)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = params.signed_by(&key, &self.issuer).map_err(Error::internal)?;
        let chain = [leaf.der().clone(), self.certificate.clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Material::of(&chain, &key, now)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn issues_for_any_domain() {
        let now = OffsetDateTime::now_utc();
        let (certificate, key) = make(now).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.as_slice());
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&key, &PKCS_ECDSA_P256_SHA256).unwrap();
        let certificate = CertificateDer::from(certificate);
        let issuer = Issuer::from_ca_cert_der(&certificate, key).unwrap();
        let authority = Authority { certificate, issuer };
        let long = format!("{}.example.com", "a-".repeat(31).trim_end_matches('-'));
        for name in ["api.example.com", "*.example.com", &long] {
            let material = authority.issue(name, now).unwrap();
            assert_eq!(material.names, [name]);
            assert_eq!(material.chain_pem.matches("BEGIN CERTIFICATE").count(), 2);
            assert!(material.not_after > now + Duration::days(300));
        }
    }
}
