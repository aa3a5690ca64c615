//! Keys in usage plans, and keys in bulk.

use std::collections::BTreeSet;

use gw_model::{ApiKey, Scope};
use gw_store::{ApiKeyFilter, ApiKeyRow, Txn};

use crate::{
    App, Caller, Error, NewApiKey, Page, PageRequest, Result,
    error::Kind,
    page::page,
    transact::{Found as _, transact},
    usage_plan::{check_no_conflict, place},
};

/// A key in a plan as callers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsagePlanKeyView {
    /// The key's id.
    pub id: String,
    /// The key's name.
    pub name: Option<String>,
    /// The key's value.
    pub value: String,
}

/// One key of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportedApiKey {
    /// The line that it came from, for warnings.
    pub line: usize,
    /// Its value: a key that has it already is changed.
    pub value: String,
    /// What is declared of it.
    pub definition: ApiKey,
    /// The usage plans that it shall be in; `None` leaves them as they are.
    pub plans: Option<Vec<String>>,
}

/// What came of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportedApiKeys {
    /// The ids of the keys, in the order of the import.
    pub ids: Vec<String>,
    /// What was left out, and why.
    pub warnings: Vec<String>,
}

/// Puts a locked key into a plan, if it may be there. Every plan of the key is
/// locked, so that none of them takes a stage in meanwhile.
async fn put_into(app: &App, txn: &mut Txn, scope: &Scope, plan: &str, key: &str) -> Result<()> {
    let mut plans = txn.plans_of_key(scope, key).await?;
    if plans.iter().any(|has| has == plan) {
        return Err(Error::Conflict(format!("Usage Plan {plan} already has API Key {key}")));
    }
    if plans.len() >= app.limits().plans_per_api_key {
        return Err(Error::LimitExceeded(
            "Maximum number of usage plans for this API Key has been reached.".to_owned(),
        ));
    }
    plans.push(plan.to_owned());
    let locked = txn.usage_plans_lock(scope, &plans).await?;
    if !locked.iter().any(|row| row.id == plan) {
        return Err(Error::not_found(Kind::UsagePlan, plan));
    }
    txn.usage_plan_key_insert(scope, plan, key).await?;
    check_no_conflict(txn, scope, plan, Some(key)).await
}

impl App {
    fn plan_key_view(&self, scope: &Scope, row: ApiKeyRow) -> Result<UsagePlanKeyView> {
        let value = self.key_value(scope, &row)?;
        Ok(UsagePlanKeyView { id: row.id, name: row.definition.name, value })
    }

    /// Puts a key into a plan: it opens the plan's stages.
    ///
    /// # Errors
    /// When plan or key are unknown, the key is in the plan already, or in
    /// another plan with one of its stages.
    pub async fn usage_plan_key_create(
        &self,
        caller: &Caller,
        plan: &str,
        key: &str,
    ) -> Result<UsagePlanKeyView> {
        let scope = &caller.scope;
        let (view, revision) = transact!(self, |txn| {
            txn.usage_plan_fetch(scope, plan).await?.found(Kind::UsagePlan, plan)?;
            let row = txn.api_key_lock(scope, key).await?.found(Kind::ApiKey, key)?;
            put_into(self, &mut txn, scope, plan, key).await?;
            self.key_facts(&mut txn, scope, &[key.to_owned()]).await?;
            let place = format!("{}/keys/{key}", place(plan));
            (self.plan_key_view(scope, row)?, Some(caller.audit("CreateUsagePlanKey", place)))
        })?;
        self.facts_settled(revision).await;
        Ok(view)
    }

    /// Reads a key of a plan.
    ///
    /// # Errors
    /// When there is no such plan, or no such key in it.
    pub async fn usage_plan_key_fetch(
        &self,
        caller: &Caller,
        plan: &str,
        key: &str,
    ) -> Result<UsagePlanKeyView> {
        let scope = &caller.scope;
        let mut txn = self.store().read().await?;
        txn.usage_plan_fetch(scope, plan).await?.found(Kind::UsagePlan, plan)?;
        let row = txn.api_key_fetch(scope, key).await?.found(Kind::ApiKey, key)?;
        if !txn.plans_of_key(scope, key).await?.iter().any(|has| has == plan) {
            return Err(Error::not_found(Kind::ApiKey, key));
        }
        self.plan_key_view(scope, row)
    }

    /// Lists a plan's keys by id; those whose name starts so, or all. A plan
    /// that there is not has none, as AWS has it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn usage_plan_key_list(
        &self,
        caller: &Caller,
        plan: &str,
        name: Option<&str>,
        request: &PageRequest,
    ) -> Result<Page<UsagePlanKeyView>> {
        let scope = &caller.scope;
        let limit = self.page_limit(request);
        let mut txn = self.store().read().await?;
        let filter = ApiKeyFilter { name, plan: Some(plan), ..ApiKeyFilter::default() };
        let rows = txn.api_key_list(scope, filter, request.after(), limit).await?;
        let cut = page(rows, limit, |row: &ApiKeyRow| row.id.clone());
        let view = |row| self.plan_key_view(scope, row);
        let items = cut.items.into_iter().map(view).collect::<Result<_>>()?;
        Ok(Page { items, position: cut.position })
    }

    /// Takes a key out of a plan.
    ///
    /// # Errors
    /// When there is no such plan, or no such key in it.
    pub async fn usage_plan_key_delete(
        &self,
        caller: &Caller,
        plan: &str,
        key: &str,
    ) -> Result<()> {
        let scope = &caller.scope;
        let ((), revision) = transact!(self, |txn| {
            txn.usage_plan_fetch(scope, plan).await?.found(Kind::UsagePlan, plan)?;
            // The lock keeps the key's fact and its rows in step.
            txn.api_key_lock(scope, key).await?.found(Kind::ApiKey, key)?;
            if !txn.usage_plan_key_delete(scope, plan, key).await? {
                Err(Error::not_found(Kind::ApiKey, key))?;
            }
            self.key_facts(&mut txn, scope, &[key.to_owned()]).await?;
            let place = format!("{}/keys/{key}", place(plan));
            ((), Some(caller.audit("DeleteUsagePlanKey", place)))
        })?;
        self.facts_settled(revision).await;
        Ok(())
    }

    /// Creates keys, or changes those that have these values, all or none.
    ///
    /// # Errors
    /// When there is a warning and `strict` says that there must be none.
    pub async fn api_keys_import(
        &self,
        caller: &Caller,
        keys: &[ImportedApiKey],
        warnings: &[String],
        strict: bool,
    ) -> Result<ImportedApiKeys> {
        let scope = &caller.scope;
        let (done, revision) = transact!(self, |txn| {
            let mut done = ImportedApiKeys { ids: Vec::new(), warnings: warnings.to_vec() };
            for key in keys {
                match self.import_key(&mut txn, scope, key, &mut done.warnings).await {
                    Ok(id) if done.ids.contains(&id) => {}
                    Ok(id) => done.ids.push(id),
                    Err(Error::BadRequest(reason)) => {
                        done.warnings.push(format!("Line {}: {reason}", key.line));
                    }
                    Err(error) => Err(error)?,
                }
            }
            if strict && !done.warnings.is_empty() {
                Err(Error::BadRequest(format!(
                    "Warnings found during import: {}",
                    done.warnings.join("; ")
                )))?;
            }
            self.key_facts(&mut txn, scope, &done.ids).await?;
            let detail = serde_json::json!({ "keys": done.ids.len() });
            (done, Some(caller.audit_with("ImportApiKeys", "apikeys".to_owned(), detail)))
        })?;
        self.facts_settled(revision).await;
        Ok(done)
    }

    /// One key of an import; what it cannot have is noted.
    async fn import_key(
        &self,
        txn: &mut Txn,
        scope: &Scope,
        key: &ImportedApiKey,
        warnings: &mut Vec<String>,
    ) -> Result<String> {
        key.definition.check().map_err(Error::BadRequest)?;
        ApiKey::check_value(&key.value).map_err(Error::BadRequest)?;
        let hash = self.key_hash(scope, &key.value);
        let id = match txn.api_key_of_value(scope, &hash).await? {
            Some(id) => {
                let row = txn.api_key_lock(scope, &id).await?.found(Kind::ApiKey, &id)?;
                // What a file has no column for stays.
                let definition = ApiKey {
                    name: key.definition.name.clone(),
                    description: key.definition.description.clone(),
                    enabled: key.definition.enabled,
                    ..row.definition
                };
                txn.api_key_update(scope, &id, &definition, self.now()).await?;
                id
            }
            None => {
                let definition = key.definition.clone();
                let new = NewApiKey { definition, ..NewApiKey::default() };
                let row = self.new_key_row(txn, scope, &new, &key.value).await?;
                txn.api_key_insert(scope, &row).await?;
                row.id
            }
        };
        let Some(wanted) = &key.plans else { return Ok(id) };
        let has: BTreeSet<String> = txn.plans_of_key(scope, &id).await?.into_iter().collect();
        let wanted: BTreeSet<String> = wanted.iter().cloned().collect();
        for plan in has.difference(&wanted) {
            txn.usage_plan_key_delete(scope, plan, &id).await?;
        }
        for plan in wanted.difference(&has) {
            match put_into(self, txn, scope, plan, &id).await {
                Ok(()) => {}
                Err(error @ (Error::NotFound { .. } | Error::Conflict(_))) => {
                    txn.usage_plan_key_delete(scope, plan, &id).await?;
                    let reason = match error {
                        Error::NotFound { .. } => {
                            format!("Invalid Usage Plan ID specified: {plan}")
                        }
                        other => other.to_string(),
                    };
                    warnings.push(format!("Line {}: {reason}", key.line));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(id)
    }
}
