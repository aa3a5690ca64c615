//! The certificate store: what Certificate Manager is at AWS. Domains name
//! its certificates by ARN; private keys are sealed at rest.

mod authority;
mod form;
mod material;

use gw_model::FactName;
use gw_store::{CertificateRow, Txn};
use time::OffsetDateTime;
use zeroize::Zeroizing;

pub(crate) use form::SKEW;
pub use form::{certificate_params, pem};
pub(crate) use material::{Material, check_covers};

use crate::{
    App, Caller, Error, Page, PageRequest, Result,
    error::Kind,
    page::page,
    transact::{Found as _, transact},
};

/// A certificate to import, PEM.
#[derive(Clone)]
pub struct NewCertificate {
    /// The certificate; what leads to its root may follow it.
    pub body: String,
    /// Its private key.
    pub private_key: Zeroizing<String>,
    /// What leads to its root, if that stands apart.
    pub chain: Option<String>,
    /// The ARN to import it under, whether or not that is known already.
    pub arn: Option<String>,
}

impl std::fmt::Debug for NewCertificate {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCertificate").field("arn", &self.arn).finish_non_exhaustive()
    }
}

/// A certificate of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateView {
    /// Its ARN.
    pub arn: String,
    /// The host names that it holds.
    pub names: Vec<String>,
    /// When it begins.
    pub not_before: OffsetDateTime,
    /// When it ends.
    pub not_after: OffsetDateTime,
    /// When it was first imported.
    pub created_at: OffsetDateTime,
    /// The leaf and what leads to its root, PEM.
    pub chain_pem: String,
    /// The domains that show it.
    pub in_use_by: Vec<String>,
}

/// What a certificate's key is sealed for.
pub(crate) fn purpose(arn: &str) -> String {
    format!("certificate/{arn}")
}

/// Whether a text can be the ARN of a certificate: of Certificate Manager, or
/// of IAM's older kind.
pub(crate) fn check_arn(arn: &str) -> Result<()> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let id = match parts.as_slice() {
        ["arn", _, "acm", _, _, rest] => rest.strip_prefix("certificate/"),
        ["arn", _, "iam", _, _, rest] => rest.strip_prefix("server-certificate/"),
        _ => None,
    };
    let fine = |id: &str| {
        !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/+=,.@".contains(&b))
    };
    if arn.len() <= 2048 && id.is_some_and(fine) {
        return Ok(());
    }
    Err(Error::BadRequest(format!("Invalid certificate ARN specified: {arn}")))
}

async fn view(txn: &mut Txn, row: CertificateRow) -> Result<CertificateView> {
    let in_use_by = txn.domains_with_certificate(&row.arn).await?;
    Ok(CertificateView {
        arn: row.arn,
        names: row.names,
        not_before: row.not_before,
        not_after: row.not_after,
        created_at: row.created_at,
        chain_pem: row.chain_pem,
        in_use_by,
    })
}

/// Reads a certificate of the caller's account that must be there.
async fn fetch(txn: &mut Txn, caller: &Caller, arn: &str) -> Result<CertificateRow> {
    let row = txn.certificate_fetch(arn).await?;
    row.filter(|row| row.scope.account == caller.scope.account).found(Kind::Certificate, arn)
}

impl App {
    /// Imports a certificate: a new one, a new content under an ARN of the
    /// store, or the content of an ARN that domains name already. They show
    /// it at once.
    ///
    /// # Errors
    /// When the texts do not hold a certificate with its key, or a domain that
    /// names the ARN is not covered by it.
    pub async fn certificate_import(
        &self,
        caller: &Caller,
        new: &NewCertificate,
    ) -> Result<CertificateView> {
        let now = self.now();
        let material = Material::read(&new.body, &new.private_key, new.chain.as_deref(), now)?;
        let arn = match &new.arn {
            Some(arn) => arn.clone(),
            None => format!(
                "arn:aws:acm:{}:{}:certificate/{}",
                caller.scope.region,
                caller.scope.account,
                uuid::Uuid::new_v4()
            ),
        };
        check_arn(&arn)?;
        let (answer, revision) = transact!(self, |txn| {
            txn.certificate_turn(&arn).await?;
            if let Some(known) = txn.certificate_fetch(&arn).await?
                && known.scope.account != caller.scope.account
            {
                Err(Error::Conflict("The certificate belongs to another account.".to_owned()))?;
            }
            let domains = txn.domains_with_certificate(&arn).await?;
            domains.iter().try_for_each(|domain| material.check_covers(domain))?;
            let row = CertificateRow {
                arn: arn.clone(),
                scope: caller.scope.clone(),
                chain_pem: material.chain_pem.clone(),
                sealed_key: self.master_key().seal(
                    self.entropy(),
                    &purpose(&arn),
                    material.key_pem.as_bytes(),
                ),
                names: material.names.clone(),
                not_before: material.not_before,
                not_after: material.not_after,
                created_at: now,
            };
            txn.certificate_put(&row).await?;
            for name in &domains {
                if let Some(domain) = txn.domain_lock(name).await? {
                    self.domain_certificates_replaced(&mut txn, &domain.definition, &arn).await?;
                }
            }
            let row = txn.certificate_fetch(&arn).await?.found(Kind::Certificate, &arn)?;
            let answer = view(&mut txn, row).await?;
            (answer, Some(caller.audit("ImportCertificate", format!("certificates/{arn}"))))
        })?;
        self.facts_settled(revision).await;
        Ok(answer)
    }

    /// Reads a certificate.
    ///
    /// # Errors
    /// When the caller's account has none of that ARN.
    pub async fn certificate_fetch(&self, caller: &Caller, arn: &str) -> Result<CertificateView> {
        let mut txn = self.store().read().await?;
        let row = fetch(&mut txn, caller, arn).await?;
        view(&mut txn, row).await
    }

    /// Lists the certificates of the caller's account, of all regions.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn certificate_list(
        &self,
        caller: &Caller,
        request: &PageRequest,
    ) -> Result<Page<CertificateView>> {
        let limit = self.page_limit(request);
        let mut txn = self.store().read().await?;
        let rows = txn.certificate_list(&caller.scope, request.after(), limit).await?;
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            views.push(view(&mut txn, row).await?);
        }
        Ok(page(views, limit, |view: &CertificateView| view.arn.clone()))
    }

    /// Deletes a certificate that no domain names.
    ///
    /// # Errors
    /// When there is none of that ARN, or a domain names it.
    pub async fn certificate_delete(&self, caller: &Caller, arn: &str) -> Result<()> {
        transact!(self, |txn| {
            txn.certificate_turn(arn).await?;
            fetch(&mut txn, caller, arn).await?;
            let domains = txn.domains_with_certificate(arn).await?;
            if !domains.is_empty() {
                let message = format!("The certificate is in use by: {}", domains.join(", "));
                Err(Error::Conflict(message))?;
            }
            txn.certificate_delete(arn).await?;
            ((), Some(caller.audit("DeleteCertificate", format!("certificates/{arn}"))))
        })?;
        Ok(())
    }
}

/// The name of a domain's fact.
pub(crate) fn fact_name(domain: &str) -> FactName {
    FactName::Domain(domain.to_owned())
}
