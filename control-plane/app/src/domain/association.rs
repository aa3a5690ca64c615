//! Associations of VPC endpoints with private domains.

use std::collections::BTreeMap;

use gw_model::Scope;
use gw_store::{AssociationRow, DomainRow, Txn};

use super::{DomainKey, DomainView, own, view};
use crate::{
    App, Caller, Error, Page, PageRequest, Result,
    error::Kind,
    page::page,
    tags,
    transact::{Found as _, transact},
};

/// An association to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAssociation {
    /// The account of the domain.
    pub account: String,
    /// The private domain.
    pub domain: DomainKey,
    /// `VPCE`.
    pub source_type: String,
    /// The VPC endpoint.
    pub source: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// An association with its domain.
#[derive(Debug, Clone, PartialEq)]
pub struct AssociationView {
    /// Its ARN.
    pub arn: String,
    /// The private domain.
    pub domain: DomainView,
    /// `VPCE`.
    pub source_type: String,
    /// The VPC endpoint.
    pub source: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

fn arn(scope: &Scope, domain: &str, source: &str) -> String {
    format!(
        "arn:aws:apigateway:{}:{}:/domainnameaccessassociations/domainname/{domain}/vpcesource/{source}",
        scope.region, scope.account
    )
}

fn with_domain(row: AssociationRow, domain: DomainRow) -> AssociationView {
    AssociationView {
        arn: row.arn,
        domain: view(domain),
        source_type: row.source_type,
        source: row.source,
        tags: row.tags,
    }
}

async fn complete(txn: &mut Txn, row: AssociationRow) -> Result<AssociationView> {
    let domain = txn.domain_fetch(&row.domain).await?.found(Kind::DomainName, &row.domain)?;
    Ok(with_domain(row, domain))
}

impl App {
    /// Associates a VPC endpoint with a private domain.
    ///
    /// # Errors
    /// When the domain is unknown, not private, or of another account; or the
    /// endpoint is associated with it already.
    pub async fn association_create(
        &self,
        caller: &Caller,
        new: &NewAssociation,
    ) -> Result<AssociationView> {
        tags::check(&new.tags)?;
        let (answer, _) = transact!(self, |txn| {
            let unknown = || Error::bad_request("Invalid domain name ARN specified");
            let domain = txn.domain_lock(&new.domain.name).await?.ok_or_else(unknown)?;
            let meant = domain.definition.id == new.domain.id
                && domain.definition.is_private()
                && domain.scope.region == caller.scope.region
                && domain.scope.account.as_str() == new.account;
            if !meant {
                Err(unknown())?;
            }
            if domain.scope.account != caller.scope.account {
                // Whether its managementPolicy allows it, nobody here can tell.
                Err(Error::bad_request(
                    "The domain name's managementPolicy does not allow this account to create an \
                     access association.",
                ))?;
            }
            let row = AssociationRow {
                arn: arn(&caller.scope, &new.domain.name, &new.source),
                scope: caller.scope.clone(),
                domain: new.domain.name.clone(),
                source_type: new.source_type.clone(),
                source: new.source.clone(),
                tags: new.tags.clone(),
            };
            txn.association_insert(&row).await?;
            let audit = caller.audit("CreateDomainNameAccessAssociation", row.arn.clone());
            (with_domain(row, domain), Some(audit))
        })?;
        Ok(answer)
    }

    /// Lists associations by ARN: the caller's, or those of other accounts
    /// with the caller's domains.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn association_list(
        &self,
        caller: &Caller,
        of_others: bool,
        request: &PageRequest,
    ) -> Result<Page<AssociationView>> {
        let limit = self.page_limit(request);
        let mut txn = self.store().read().await?;
        let rows = txn.association_list(&caller.scope, of_others, request.after(), limit).await?;
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            views.push(complete(&mut txn, row).await?);
        }
        Ok(page(views, limit, |view: &AssociationView| view.arn.clone()))
    }

    /// Deletes an association of the caller's.
    ///
    /// # Errors
    /// When there is none of that ARN.
    pub async fn association_delete(&self, caller: &Caller, arn: &str) -> Result<()> {
        transact!(self, |txn| {
            let row = txn.association_fetch(arn).await?;
            row.filter(|row| row.scope == caller.scope).found(Kind::AccessAssociation, arn)?;
            txn.association_delete(arn).await?;
            let audit = caller.audit("DeleteDomainNameAccessAssociation", arn.to_owned());
            ((), Some(audit))
        })?;
        Ok(())
    }

    /// Ends an association, whoever made it, with a domain of the caller's.
    ///
    /// # Errors
    /// When the domain is not the caller's, or has no such association.
    pub async fn association_reject(
        &self,
        caller: &Caller,
        domain: &DomainKey,
        arn: &str,
    ) -> Result<()> {
        transact!(self, |txn| {
            own(txn.domain_fetch(&domain.name).await?, &caller.scope, domain)?;
            let row = txn.association_fetch(arn).await?;
            row.filter(|row| row.domain == domain.name).found(Kind::AccessAssociation, arn)?;
            txn.association_delete(arn).await?;
            let audit = caller.audit("RejectDomainNameAccessAssociation", arn.to_owned());
            ((), Some(audit))
        })?;
        Ok(())
    }
}
