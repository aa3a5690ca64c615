//! Custom domain names, and associations with private ones.

use axum::extract::Path;
use bytes::Bytes;
use gw_app::{
    AssociationView, DomainKey, DomainView, InlineCertificate, NewAssociation, NewDomain,
};
use gw_model::Taggable;
use gw_wire::{
    Fault,
    aws::{
        CreateDomainName, CreateDomainNameAccessAssociation, DomainName,
        DomainNameAccessAssociation, domain_arn,
    },
    patch::patch_domain,
};
use zeroize::Zeroizing;

use crate::extract::{
    Answer, Call, Input, Params, accepted, created, edited, keep, list, ok, patches,
};

fn answer(call: &Call, view: &DomainView) -> DomainName {
    DomainName::new(&view.domain, &view.scope, &call.domains().suffix, &view.tags)
}

/// The domain of a path; the query has the id of a private one.
pub(super) fn key(name: String, params: &Params) -> DomainKey {
    let id = params.get("domainNameId").filter(|id| !id.is_empty()).map(str::to_owned);
    DomainKey { name, id }
}

/// `resourceOwner`: whether other accounts' resources are asked for.
fn of_others(params: &Params) -> Result<bool, Fault> {
    match params.get("resourceOwner") {
        None | Some("" | "SELF") => Ok(false),
        Some("OTHER_ACCOUNTS") => Ok(true),
        Some(other) => Err(Fault::validation(&[format!(
            "Value '{other}' at 'resourceOwner' failed to satisfy constraint: Member must satisfy \
             enum value set: [SELF, OTHER_ACCOUNTS]"
        )])),
    }
}

/// The certificate that a body holds, if it holds one.
fn inline(input: &CreateDomainName) -> Result<Option<InlineCertificate>, Fault> {
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let key = filled(&input.certificate_private_key);
    match (filled(&input.certificate_body), key) {
        (Some(body), Some(key)) => Ok(Some(InlineCertificate {
            body,
            private_key: Zeroizing::new(key),
            chain: filled(&input.certificate_chain),
        })),
        (Some(_), None) => Err(Fault::bad_request("A certificate body needs its private key.")),
        (None, Some(_)) => Err(Fault::bad_request("A private key needs its certificate body.")),
        (None, None) => Ok(None),
    }
}

/// `CreateDomainName`.
pub(crate) async fn create(call: Call, Input(input): Input<CreateDomainName>) -> Answer {
    let new = NewDomain {
        domain: input.to_model()?,
        certificate: inline(&input)?,
        tags: input.tags.clone(),
    };
    let view = call.domain_create(&call.caller, &new).await?;
    created(answer(&call, &view))
}

/// `GetDomainName`.
pub(crate) async fn get(call: Call, Path(name): Path<String>, params: Params) -> Answer {
    let view = call.domain_fetch(&call.caller, &key(name, &params)).await?;
    ok(answer(&call, &view))
}

/// `GetDomainNames`.
pub(crate) async fn get_all(call: Call, params: Params) -> Answer {
    let request = params.page_request()?;
    let page = call.domain_list(&call.caller, of_others(&params)?, &request).await?;
    list(&page, |view| answer(&call, view))
}

/// `UpdateDomainName`.
pub(crate) async fn update(
    call: Call,
    Path(name): Path<String>,
    params: Params,
    body: Bytes,
) -> Answer {
    let operations = patches("updateDomainNameInput", &body)?;
    let mut fault = None;
    let edit =
        |domain: &mut gw_model::DomainName| keep(&mut fault, patch_domain(domain, &operations));
    let result = call.domain_update(&call.caller, &key(name, &params), edit).await;
    ok(answer(&call, &edited(fault, result)?))
}

/// `DeleteDomainName`.
pub(crate) async fn delete(call: Call, Path(name): Path<String>, params: Params) -> Answer {
    call.domain_delete(&call.caller, &key(name, &params)).await?;
    accepted()
}

/// The account and key of a domain's ARN.
fn domain_of(call: &Call, arn: &str) -> Result<(String, DomainKey), Fault> {
    let account = arn.split(':').nth(4).unwrap_or_default();
    let region = call.caller.scope.region.as_str();
    match Taggable::parse(arn, region, account) {
        Ok(Taggable::DomainName { name, id }) => Ok((account.to_owned(), DomainKey { name, id })),
        _ => Err(Fault::bad_request(format!("Invalid domain name ARN specified: {arn}"))),
    }
}

fn association(view: &AssociationView) -> DomainNameAccessAssociation {
    DomainNameAccessAssociation {
        domain_name_access_association_arn: view.arn.clone(),
        domain_name_arn: domain_arn(&view.domain.domain, &view.domain.scope),
        access_association_source_type: view.source_type.clone(),
        access_association_source: view.source.clone(),
        tags: view.tags.clone(),
    }
}

/// `CreateDomainNameAccessAssociation`.
pub(crate) async fn associate(
    call: Call,
    Input(input): Input<CreateDomainNameAccessAssociation>,
) -> Answer {
    input.check()?;
    let (account, domain) = domain_of(&call, &input.domain_name_arn)?;
    let new = NewAssociation {
        account,
        domain,
        source_type: input.access_association_source_type,
        source: input.access_association_source,
        tags: input.tags,
    };
    created(association(&call.association_create(&call.caller, &new).await?))
}

/// `GetDomainNameAccessAssociations`.
pub(crate) async fn associations(call: Call, params: Params) -> Answer {
    let request = params.page_request()?;
    let page = call.association_list(&call.caller, of_others(&params)?, &request).await?;
    list(&page, association)
}

/// `DeleteDomainNameAccessAssociation`.
pub(crate) async fn dissociate(call: Call, Path(arn): Path<String>) -> Answer {
    call.association_delete(&call.caller, &arn).await?;
    accepted()
}

/// `RejectDomainNameAccessAssociation`.
pub(crate) async fn reject(call: Call, params: Params) -> Answer {
    let wanted = |name: &str| params.get(name).filter(|text| !text.is_empty());
    let missing: Vec<String> = ["domainNameAccessAssociationArn", "domainNameArn"]
        .into_iter()
        .filter(|name| wanted(name).is_none())
        .map(|name| {
            format!("Value null at '{name}' failed to satisfy constraint: Member must not be null")
        })
        .collect();
    let (Some(arn), Some(domain)) =
        (wanted("domainNameAccessAssociationArn"), wanted("domainNameArn"))
    else {
        return Err(Fault::validation(&missing).into());
    };
    let (_, key) = domain_of(&call, domain)?;
    call.association_reject(&call.caller, &key, arn).await?;
    accepted()
}
