//! Base path mappings: which API and stage answer below a path of a domain.

use gw_model::{ApiId, BasePathMapping, DomainName, EndpointType, Scope, StageKey, StageName};
use gw_store::{NO_BASE_PATH, Txn};

use super::{DomainKey, fetch, lock};
use crate::{
    App, Caller, Error, Page, PageRequest, Result,
    error::Kind,
    page::page,
    transact::{Found as _, transact},
};

fn place(domain: &str, base_path: &str) -> String {
    let path = if base_path.is_empty() { NO_BASE_PATH } else { base_path };
    format!("domainnames/{domain}/basepathmappings/{path}")
}

/// Refuses a mapping to what is not there, or may not be reached this way.
async fn check_target(
    txn: &mut Txn,
    scope: &Scope,
    domain: &DomainName,
    mapping: &BasePathMapping,
) -> Result<()> {
    // Deleting the API waits for this transaction, and sees the mapping.
    let Some(api) = txn.api_lock(scope, &mapping.api).await? else {
        return Err(Error::bad_request("Invalid REST API identifier specified"));
    };
    let private = api.definition.endpoint_configuration.endpoint_type == EndpointType::Private;
    if private != domain.is_private() {
        return Err(Error::bad_request(
            "A private custom domain name can be mapped to private APIs only, and a public one to \
             public APIs only.",
        ));
    }
    if let Some(stage) = &mapping.stage {
        let key = StageKey { scope: scope.clone(), api: mapping.api.clone(), stage: stage.clone() };
        if txn.stage_fetch(&key).await?.is_none() {
            return Err(Error::bad_request("Invalid stage identifier specified"));
        }
    }
    Ok(())
}

/// Refuses to delete an API that domains lead to.
pub(crate) async fn check_api_unmapped(txn: &mut Txn, api: &ApiId) -> Result<()> {
    let domains = txn.mapping_domains(api, None).await?;
    if domains.is_empty() {
        return Ok(());
    }
    Err(Error::BadRequest(format!(
        "Deleting RestApi {api} failed. Please remove all base path mappings related to the \
         RestApi in your domains: {}",
        domains.join(", ")
    )))
}

/// Refuses to delete a stage that domains lead to.
pub(crate) async fn check_stage_unmapped(
    txn: &mut Txn,
    api: &ApiId,
    stage: &StageName,
) -> Result<()> {
    let domains = txn.mapping_domains(api, Some(stage.as_str())).await?;
    if domains.is_empty() {
        return Ok(());
    }
    Err(Error::BadRequest(format!(
        "Deleting stage {stage} failed. Please remove all base path mappings related to the stage \
         in your domains: {}",
        domains.join(", ")
    )))
}

impl App {
    /// Creates a mapping; nodes route by it at once.
    ///
    /// # Errors
    /// When domain, API or stage are unknown, or the base path is taken.
    pub async fn mapping_create(
        &self,
        caller: &Caller,
        key: &DomainKey,
        mapping: &BasePathMapping,
    ) -> Result<BasePathMapping> {
        let (answer, revision) = transact!(self, |txn| {
            let row = lock(&mut txn, &caller.scope, key).await?;
            check_target(&mut txn, &caller.scope, &row.definition, mapping).await?;
            let most = self.limits().mappings_per_domain;
            let bound = i64::try_from(most).unwrap_or(i64::MAX);
            if txn.mapping_list(&key.name, "", bound).await?.len() >= most {
                Err(Error::LimitExceeded(
                    "Maximum number of base path mappings for this domain name has been reached."
                        .to_owned(),
                ))?;
            }
            txn.mapping_insert(&key.name, mapping).await?;
            self.domain_fact_write(&mut txn, &row.definition).await?;
            let place = place(&key.name, &mapping.base_path);
            (mapping.clone(), Some(caller.audit("CreateBasePathMapping", place)))
        })?;
        self.facts_settled(revision).await;
        Ok(answer)
    }

    /// Reads a mapping; the empty base path is the domain itself.
    ///
    /// # Errors
    /// When domain or mapping are unknown.
    pub async fn mapping_fetch(
        &self,
        caller: &Caller,
        key: &DomainKey,
        base_path: &str,
    ) -> Result<BasePathMapping> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, key).await?;
        txn.mapping_fetch(&key.name, base_path).await?.found(Kind::BasePathMapping, base_path)
    }

    /// Lists a domain's mappings by base path.
    ///
    /// # Errors
    /// When the domain is unknown.
    pub async fn mapping_list(
        &self,
        caller: &Caller,
        key: &DomainKey,
        request: &PageRequest,
    ) -> Result<Page<BasePathMapping>> {
        let limit = self.page_limit(request);
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, key).await?;
        let mappings = txn.mapping_list(&key.name, request.after(), limit).await?;
        Ok(page(mappings, limit, |mapping: &BasePathMapping| {
            if mapping.base_path.is_empty() {
                NO_BASE_PATH.to_owned()
            } else {
                mapping.base_path.clone()
            }
        }))
    }

    /// Changes a mapping. The edit may run more than once.
    ///
    /// # Errors
    /// When domain, mapping, API or stage are unknown, the edit refuses, or
    /// the new base path is taken.
    pub async fn mapping_update(
        &self,
        caller: &Caller,
        key: &DomainKey,
        base_path: &str,
        mut edit: impl FnMut(&mut BasePathMapping) -> Result<()> + Send,
    ) -> Result<BasePathMapping> {
        let (answer, revision) = transact!(self, |txn| {
            let row = lock(&mut txn, &caller.scope, key).await?;
            let found = txn.mapping_fetch(&key.name, base_path).await?;
            let mut mapping = found.found(Kind::BasePathMapping, base_path)?;
            edit(&mut mapping)?;
            check_target(&mut txn, &caller.scope, &row.definition, &mapping).await?;
            txn.mapping_update(&key.name, base_path, &mapping).await?;
            self.domain_fact_write(&mut txn, &row.definition).await?;
            let audit = caller.audit("UpdateBasePathMapping", place(&key.name, base_path));
            (mapping, Some(audit))
        })?;
        self.facts_settled(revision).await;
        Ok(answer)
    }

    /// Deletes a mapping; nodes refuse its requests at once.
    ///
    /// # Errors
    /// When domain or mapping are unknown.
    pub async fn mapping_delete(
        &self,
        caller: &Caller,
        key: &DomainKey,
        base_path: &str,
    ) -> Result<()> {
        let ((), revision) = transact!(self, |txn| {
            let row = lock(&mut txn, &caller.scope, key).await?;
            if !txn.mapping_delete(&key.name, base_path).await? {
                Err(Error::not_found(Kind::BasePathMapping, base_path))?;
            }
            self.domain_fact_write(&mut txn, &row.definition).await?;
            ((), Some(caller.audit("DeleteBasePathMapping", place(&key.name, base_path))))
        })?;
        self.facts_settled(revision).await;
        Ok(())
    }
}
