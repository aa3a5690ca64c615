//! Client certificates: what nodes show to HTTPS backends.

use gw_model::{FactName, Scope, StageSettings, fact::ClientCertificateFact};
use gw_store::Txn;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use time::{Duration, OffsetDateTime};

use crate::{
    App, Caller, ClientCertificateView, Error, Page, PageRequest, Result,
    error::Kind,
    page::page,
    tags::{self, Tags},
    transact::{Found as _, transact},
};

/// As long as AWS's.
const LIFE: Duration = Duration::days(365);

fn place(id: &str) -> String {
    format!("clientcertificates/{id}")
}

fn fact_name(scope: &Scope, id: &str) -> FactName {
    FactName::ClientCertificate(scope.clone(), id.to_owned())
}

/// A new certificate, signed by its own key: a backend trusts exactly it.
struct Made {
    pem: String,
    fact: ClientCertificateFact,
}

fn make(now: OffsetDateTime) -> Result<Made> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(Error::internal)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "ApiGateway");
    params.not_before = now - crate::certificate::SKEW;
    params.not_after = now + LIFE;
    // No extension says what it may be used for: some TLS stacks would then
    // not take it as its own issuer.
    let certificate = params.self_signed(&key).map_err(Error::internal)?;
    Ok(Made {
        // As AWS writes it.
        pem: certificate.pem().trim_end().replace("\r\n", "\n").replace('\n', "\r\n"),
        fact: ClientCertificateFact {
            certificate: certificate.der().to_vec(),
            key: key.serialize_der(),
        },
    })
}

/// Refuses settings that name a certificate which there is not; the one that
/// the stage `has` may stay.
pub(crate) async fn check_named(
    txn: &mut Txn,
    scope: &Scope,
    has: Option<&StageSettings>,
    wanted: &StageSettings,
) -> Result<()> {
    let Some(wanted) = wanted.client_certificate_id.as_deref() else { return Ok(()) };
    let has = has.and_then(|has| has.client_certificate_id.as_deref());
    if has == Some(wanted) || txn.client_certificate_share(scope, wanted).await? {
        return Ok(());
    }
    Err(Error::not_found(Kind::ClientCertificate, wanted))
}

impl App {
    /// Makes a certificate; its key leaves the control plane only towards
    /// nodes.
    ///
    /// # Errors
    /// When a limit is reached, or AWS would refuse the tags.
    pub async fn client_certificate_generate(
        &self,
        caller: &Caller,
        description: Option<&str>,
        tags: &Tags,
    ) -> Result<ClientCertificateView> {
        tags::check(tags)?;
        let now = self.now();
        // The wire has whole seconds; what it says shall be so.
        let created_at = now.replace_nanosecond(0).unwrap_or(now);
        let made = make(created_at)?;
        let (view, revision) = transact!(self, |txn| {
            let scope = &caller.scope;
            if txn.client_certificate_count(scope).await? >= self.limits().client_certificates {
                Err(Error::LimitExceeded(
                    "Maximum number of client certificates for this account has been reached."
                        .to_owned(),
                ))?;
            }
            let mut id = self.new_id(6);
            while txn.client_certificate_fetch(scope, &id).await?.is_some() {
                id = self.new_id(6);
            }
            let view = ClientCertificateView {
                id,
                description: description.map(str::to_owned),
                certificate_pem: made.pem.clone(),
                tags: tags.clone(),
                created_at,
                expires_at: created_at + LIFE,
            };
            txn.client_certificate_insert(scope, &view).await?;
            self.fact_put_sealed(&mut txn, &fact_name(scope, &view.id), &made.fact).await?;
            let audit = caller.audit("GenerateClientCertificate", place(&view.id));
            (view, Some(audit))
        })?;
        self.facts_settled(revision).await;
        Ok(view)
    }

    /// Reads a certificate.
    ///
    /// # Errors
    /// When there is no such one.
    pub async fn client_certificate_fetch(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<ClientCertificateView> {
        let mut txn = self.store().read().await?;
        txn.client_certificate_fetch(&caller.scope, id).await?.found(Kind::ClientCertificate, id)
    }

    /// Lists the certificates of the caller's scope by id.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn client_certificate_list(
        &self,
        caller: &Caller,
        request: &PageRequest,
    ) -> Result<Page<ClientCertificateView>> {
        let limit = self.page_limit(request);
        let mut txn = self.store().read().await?;
        let rows = txn.client_certificate_list(&caller.scope, request.after(), limit).await?;
        Ok(page(rows, limit, |row: &ClientCertificateView| row.id.clone()))
    }

    /// Changes a certificate's description. The edit may run more than once.
    ///
    /// # Errors
    /// When there is no such one, or the edit refuses.
    pub async fn client_certificate_update(
        &self,
        caller: &Caller,
        id: &str,
        mut edit: impl FnMut(&mut Option<String>) -> Result<()> + Send,
    ) -> Result<ClientCertificateView> {
        let (view, _) = transact!(self, |txn| {
            let scope = &caller.scope;
            let found = txn.client_certificate_fetch(scope, id).await?;
            let mut view = found.found(Kind::ClientCertificate, id)?;
            edit(&mut view.description)?;
            let description = view.description.as_deref();
            txn.client_certificate_describe(scope, id, description)
                .await?
                .then_some(())
                .found(Kind::ClientCertificate, id)?;
            (view, Some(caller.audit("UpdateClientCertificate", place(id))))
        })?;
        Ok(view)
    }

    /// Deletes a certificate that no stage names.
    ///
    /// # Errors
    /// When there is no such one, or a stage names it.
    pub async fn client_certificate_delete(&self, caller: &Caller, id: &str) -> Result<()> {
        let ((), revision) = transact!(self, |txn| {
            let scope = &caller.scope;
            if !txn.client_certificate_delete(scope, id).await? {
                Err(Error::not_found(Kind::ClientCertificate, id))?;
            }
            let stages = txn.client_certificate_stages(scope, id).await?;
            if !stages.is_empty() {
                let names: Vec<_> =
                    stages.iter().map(|(api, stage)| format!("{api}:{stage}")).collect();
                Err(Error::BadRequest(format!(
                    "Cannot delete client certificate '{id}', is referenced in [{}] in format of \
                     [RESTApiId:Stage].",
                    names.join(", ")
                )))?;
            }
            txn.fact_delete(&fact_name(scope, id)).await?;
            ((), Some(caller.audit("DeleteClientCertificate", place(id))))
        })?;
        self.facts_settled(revision).await;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn certificates_differ_and_look_as_aws_writes_them() {
        let now = OffsetDateTime::now_utc();
        let (a, b) = (make(now).unwrap(), make(now).unwrap());
        assert_ne!(a.fact, b.fact);
        assert!(a.pem.starts_with("-----BEGIN CERTIFICATE-----\r\nMII"), "{}", a.pem);
        assert!(a.pem.ends_with("=\r\n-----END CERTIFICATE-----") || a.pem.ends_with("-----"));
        assert_eq!(a.pem.matches('\n').count(), a.pem.matches("\r\n").count());
    }
}
