//! What all certificates have in common that this control plane makes, and
//! how they are written.

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

/// Clocks of those who read a certificate may be behind by this much.
pub(crate) const SKEW: Duration = Duration::hours(1);

/// A certificate for signatures that is valid for `life`, and a little before
/// `now`.
pub fn certificate_params(
    common_name: &str,
    now: OffsetDateTime,
    life: Duration,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = now - SKEW;
    params.not_after = now + life;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

/// DER as PEM.
pub fn pem(label: &str, der: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let text = Zeroizing::new(STANDARD.encode(der));
    let lines = text.len().div_ceil(64);
    // At its full length from the start: nothing of a key is left behind by growing.
    let mut pem = String::with_capacity(text.len() + lines + 2 * label.len() + 32);
    pem.push_str("-----BEGIN ");
    pem.push_str(label);
    pem.push_str("-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem.push_str("-----END ");
    pem.push_str(label);
    pem.push_str("-----\n");
    pem
}
