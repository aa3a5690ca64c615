//! Custom domains. Their names are global: all scopes share the listeners of
//! the nodes.

mod association;
mod keys;
pub(crate) mod mapping;

use std::collections::BTreeMap;

use gw_model::{DomainName, EndpointType, Scope, policy};
use gw_store::{DomainRow, Txn};
use zeroize::Zeroizing;

pub use association::{AssociationView, NewAssociation};
pub use keys::UnknownCertificates;

use crate::{
    App, Caller, Error, Page, PageRequest, Result,
    certificate::{Material, fact_name},
    error::Kind,
    page::page,
    tags,
    transact::{Found as _, transact},
};

/// How custom domains are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainOptions {
    /// The domain under which the hosts are that DNS records of custom
    /// domains name.
    pub suffix: String,
    /// What happens to ARNs that the certificate store does not know.
    pub unknown_certificates: UnknownCertificates,
}

impl Default for DomainOptions {
    fn default() -> Self {
        Self {
            suffix: "localhost".to_owned(),
            unknown_certificates: UnknownCertificates::default(),
        }
    }
}

/// A certificate that comes with a domain, PEM.
#[derive(Clone)]
pub struct InlineCertificate {
    /// The certificate.
    pub body: String,
    /// Its private key.
    pub private_key: Zeroizing<String>,
    /// What leads to its root.
    pub chain: Option<String>,
}

impl std::fmt::Debug for InlineCertificate {
    /// Gives nothing away.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InlineCertificate")
    }
}

/// A domain to create.
#[derive(Debug, Clone)]
pub struct NewDomain {
    /// What is declared; ids, labels and dates are ignored.
    pub domain: DomainName,
    /// The certificate of its edge or private endpoint.
    pub certificate: Option<InlineCertificate>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// A custom domain as callers see it.
#[derive(Debug, Clone, PartialEq)]
pub struct DomainView {
    /// What is declared.
    pub domain: DomainName,
    /// The owner.
    pub scope: Scope,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// Which domain a call is about. Private domains are told by name and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainKey {
    /// The name.
    pub name: String,
    /// The id, for private domains.
    pub id: Option<String>,
}

/// A domain's place in the audit log.
fn place(name: &str) -> String {
    format!("domainnames/{name}")
}

fn view(row: DomainRow) -> DomainView {
    DomainView { domain: row.definition, scope: row.scope, tags: row.tags }
}

/// The domain that a caller means, if it is the caller's.
fn own(row: Option<DomainRow>, scope: &Scope, key: &DomainKey) -> Result<DomainRow> {
    row.filter(|row| row.scope == *scope && row.definition.id == key.id)
        .found(Kind::DomainName, &key.name)
}

/// Locks a domain that must be there.
async fn lock(txn: &mut Txn, scope: &Scope, key: &DomainKey) -> Result<DomainRow> {
    own(txn.domain_lock(&key.name).await?, scope, key)
}

/// Reads a domain that must be there.
async fn fetch(txn: &mut Txn, scope: &Scope, key: &DomainKey) -> Result<DomainRow> {
    own(txn.domain_fetch(&key.name).await?, scope, key)
}

/// Makes resources `execute-api:/...` of a private domain's policies whole
/// ARNs, as AWS keeps them. All of the domain is the domain's own ARN.
fn settle_policies(domain: &mut DomainName, scope: &Scope) {
    let Some(id) = &domain.id else { return };
    let (Scope { account, region }, name) = (scope, &domain.name);
    let arn = format!("arn:aws:execute-api:{region}:{account}:/domainnames/{name}+{id}");
    for policy in [&mut domain.policy, &mut domain.management_policy].into_iter().flatten() {
        *policy = policy::with_whole_resources(policy, |rest| match rest {
            "*" => arn.clone(),
            rest => format!("{arn}/{rest}"),
        });
    }
}

impl App {
    /// Creates a domain; nodes show its certificate at once.
    ///
    /// # Errors
    /// When the name is taken in any scope, a certificate is missing, unknown
    /// or of another name, or a limit is reached.
    pub async fn domain_create(&self, caller: &Caller, new: &NewDomain) -> Result<DomainView> {
        let inline = new.certificate.as_ref().map(|inline| {
            let chain = inline.chain.as_deref();
            Material::read(&inline.body, &inline.private_key, chain, self.now())
        });
        let inline = inline.transpose()?;
        tags::check(&new.tags)?;
        let mut domain = new.domain.clone();
        domain.certificate_upload_date = Some(self.now().unix_timestamp());
        domain.id = domain.is_private().then(|| self.new_id(10));
        self.label(&mut domain);
        settle_policies(&mut domain, &caller.scope);
        let (answer, revision) = transact!(self, |txn| {
            // AWS's exception for it is no ConflictException.
            let taken = || Error::bad_request("The domain name you provided already exists.");
            if txn.domain_fetch(&domain.name).await?.is_some() {
                Err(taken())?;
            }
            if txn.domain_overlaps(caller.scope.account.as_str(), &domain.name).await? {
                Err(taken())?;
            }
            if txn.domain_count(&caller.scope).await? >= self.limits().domain_names {
                let message = "Maximum number of domain names has been reached.".to_owned();
                Err(Error::LimitExceeded(message))?;
            }
            let row = DomainRow {
                scope: caller.scope.clone(),
                definition: domain.clone(),
                tags: new.tags.clone(),
            };
            txn.domain_insert(&row).await?;
            self.domain_keys_settle(&mut txn, &caller.scope, None, &domain, inline.as_ref())
                .await?;
            self.domain_fact_write(&mut txn, &domain).await?;
            (view(row), Some(caller.audit("CreateDomainName", place(&domain.name))))
        })?;
        self.facts_settled(revision).await;
        Ok(answer)
    }

    /// The hosts that DNS records name, one for each type that has one.
    fn label(&self, domain: &mut DomainName) {
        if domain.has(EndpointType::Edge) && domain.distribution_label.is_none() {
            domain.distribution_label = Some(format!("d{}", self.new_id(13)));
        }
        if domain.has(EndpointType::Regional) && domain.regional_label.is_none() {
            domain.regional_label = Some(format!("d-{}", self.new_id(10)));
        }
    }

    /// Reads a domain.
    ///
    /// # Errors
    /// When the caller's scope has none of that name and id.
    pub async fn domain_fetch(&self, caller: &Caller, key: &DomainKey) -> Result<DomainView> {
        let mut txn = self.store().read().await?;
        Ok(view(fetch(&mut txn, &caller.scope, key).await?))
    }

    /// Lists domains by name: the caller's, or those of other accounts that
    /// the caller's account is associated with.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_list(
        &self,
        caller: &Caller,
        of_others: bool,
        request: &PageRequest,
    ) -> Result<Page<DomainView>> {
        let limit = self.page_limit(request);
        let mut txn = self.store().read().await?;
        let rows = if of_others {
            txn.domain_list_shared(&caller.scope, request.after(), limit).await?
        } else {
            txn.domain_list(&caller.scope, request.after(), limit).await?
        };
        let views = rows.into_iter().map(view).collect();
        Ok(page(views, limit, |view: &DomainView| view.domain.name.clone()))
    }

    /// Changes a domain. The edit may run more than once.
    ///
    /// # Errors
    /// When there is no such domain, the edit refuses, or a certificate is
    /// missing, unknown or of another name.
    pub async fn domain_update(
        &self,
        caller: &Caller,
        key: &DomainKey,
        mut edit: impl FnMut(&mut DomainName) -> Result<()> + Send,
    ) -> Result<DomainView> {
        let (answer, revision) = transact!(self, |txn| {
            let mut row = lock(&mut txn, &caller.scope, key).await?;
            let before = row.definition.clone();
            let domain = &mut row.definition;
            edit(domain)?;
            (domain.name, domain.id) = (before.name.clone(), before.id.clone());
            self.label(domain);
            let scope = &caller.scope;
            settle_policies(domain, scope);
            let anew =
                self.domain_keys_settle(&mut txn, scope, Some(&before), domain, None).await?;
            if anew {
                domain.certificate_upload_date = Some(self.now().unix_timestamp());
            }
            txn.domain_update(domain).await?;
            self.domain_fact_write(&mut txn, domain).await?;
            (view(row), Some(caller.audit("UpdateDomainName", place(&key.name))))
        })?;
        self.facts_settled(revision).await;
        Ok(answer)
    }

    /// Deletes a domain with its mappings and associations; nodes refuse its
    /// requests at once.
    ///
    /// # Errors
    /// When there is no such domain.
    pub async fn domain_delete(&self, caller: &Caller, key: &DomainKey) -> Result<()> {
        let ((), revision) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, key).await?;
            txn.domain_delete(&key.name).await?;
            txn.fact_delete(&fact_name(&key.name)).await?;
            ((), Some(caller.audit("DeleteDomainName", place(&key.name))))
        })?;
        self.facts_settled(revision).await;
        Ok(())
    }
}
