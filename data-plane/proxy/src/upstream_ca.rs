//! The certificate authorities that an operator adds for HTTPS backends.

use std::path::PathBuf;

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

/// A file that holds no certificate authority.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the upstream CA {}: {reason}", .file.display())]
pub(crate) struct UnusableCa {
    file: PathBuf,
    reason: String,
}

/// Reads all certificates of these PEM files.
///
/// # Errors
/// When a file cannot be read, holds none, or one that cannot be trusted as an
/// authority.
pub(crate) fn read(files: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, UnusableCa> {
    let mut roots = Vec::new();
    for file in files {
        let fault = |reason: String| UnusableCa { file: file.clone(), reason };
        let before = roots.len();
        for found in
            CertificateDer::pem_file_iter(file).map_err(|error| fault(error.to_string()))?
        {
            let found = found.map_err(|error| fault(error.to_string()))?;
            RootCertStore::empty().add(found.clone()).map_err(|error| fault(error.to_string()))?;
            roots.push(found);
        }
        if roots.len() == before {
            return Err(fault("it holds no certificate".to_owned()));
        }
    }
    Ok(roots)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn files_of_certificates() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let pem =
            || rcgen::generate_simple_self_signed(vec!["ca.test".to_owned()]).unwrap().cert.pem();
        let two = file("two.pem", &format!("{}{}", pem(), pem()));
        let one = file("one.pem", &pem());
        assert_eq!(read(&[two, one]).unwrap().len(), 3);
        let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for unusable in
            [file("empty.pem", ""), file("bad.pem", bad), folder.path().join("nothing.pem")]
        {
            assert!(read(std::slice::from_ref(&unusable)).is_err(), "{}", unusable.display());
        }
        assert!(read(&[]).unwrap().is_empty());
    }
}
