//! API keys: who calls. Their values are sealed at rest; nodes, and the rule
//! that no two keys of a scope share one, know keyed hashes.

use std::collections::BTreeMap;

use gw_model::{
    ApiKey, FactName, Scope, StageKey,
    fact::{ApiKeyFact, HashKeyFact, KeyHash, KeyHasher},
};
use gw_store::{ApiKeyFilter, ApiKeyRow, Txn};
use time::OffsetDateTime;

use crate::{
    App, Caller, Error, Page, PageRequest, Result,
    clock::text,
    error::Kind,
    page::page,
    stage::stage_in,
    tags::{self, Tags},
    transact::{Found as _, transact},
};

/// What generated values are made of.
const VALUE_ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// How long they are: 238 bits of chance.
const VALUE_LENGTH: usize = 40;

/// A key to create.
#[derive(Debug, Clone, Default)]
pub struct NewApiKey {
    /// What is declared of it.
    pub definition: ApiKey,
    /// Its value; one is made if there is none.
    pub value: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// A key as callers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyView {
    /// Its id.
    pub id: String,
    /// What is declared of it.
    pub definition: ApiKey,
    /// Its value, for who asked for it.
    pub value: Option<String>,
    /// Tags.
    pub tags: Tags,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// Which keys a list shall have.
#[derive(Debug, Clone, Default)]
pub struct ApiKeyQuery {
    /// The start of their name.
    pub name: Option<String>,
    /// Their customer.
    pub customer_id: Option<String>,
    /// Whether their values are asked for.
    pub with_values: bool,
}

pub(crate) fn place(id: &str) -> String {
    format!("apikeys/{id}")
}

fn purpose(scope: &Scope, id: &str) -> String {
    format!("api-key/{scope}/{id}")
}

/// Refuses stages named on a key that there are not.
async fn check_stages(txn: &mut Txn, scope: &Scope, keys: &[String]) -> Result<()> {
    for key in keys {
        let Some((api, stage)) = key.split_once('/') else {
            return Err(Error::bad_request("Invalid stage identifier specified"));
        };
        let key = StageKey { scope: scope.clone(), api: api.into(), stage: stage.into() };
        stage_in(txn, &key).await?;
    }
    Ok(())
}

impl App {
    fn hash_key(&self) -> HashKeyFact {
        let mut key = [0; 32];
        key.copy_from_slice(self.master_key().mac("api-key-hash", b"").as_ref());
        HashKeyFact { key }
    }

    pub(crate) fn key_hash(&self, scope: &Scope, value: &str) -> KeyHash {
        KeyHasher::new(&self.hash_key()).hash(scope, value.as_bytes())
    }

    /// Tells nodes of keys as they are now. Those that open nothing are not
    /// told of, and those that are gone are forgotten.
    pub(crate) async fn key_facts(
        &self,
        txn: &mut Txn,
        scope: &Scope,
        ids: &[String],
    ) -> Result<()> {
        let name = |id: &str| FactName::ApiKey(scope.clone(), id.to_owned());
        let (mut puts, mut gone) = (Vec::new(), BTreeMap::new());
        gone.extend(ids.iter().map(|id| (id.as_str(), name(id))));
        for key in txn.planned_keys(scope, ids).await? {
            if key.enabled && !key.plans.is_empty() {
                gone.remove(key.id.as_str());
                let fact = ApiKeyFact { hash: key.hash, plans: key.plans };
                puts.push((name(&key.id), serde_json::to_vec(&fact).map_err(Error::internal)?));
            }
        }
        if !puts.is_empty() {
            // Derived from the master key: the first key brings it to the nodes.
            let hash_key = self.hash_key();
            self.fact_put_sealed(txn, &FactName::api_key_hash(), &hash_key).await?;
        }
        let gone: Vec<FactName> = gone.into_values().collect();
        Ok(txn.facts_change(&puts, &gone).await?)
    }

    /// A row for a key that is new; its id is not taken.
    pub(crate) async fn new_key_row(
        &self,
        txn: &mut Txn,
        scope: &Scope,
        new: &NewApiKey,
        value: &str,
    ) -> Result<ApiKeyRow> {
        let mut id = self.new_id(10);
        while txn.api_key_fetch(scope, &id).await?.is_some() {
            id = self.new_id(10);
        }
        let purpose = purpose(scope, &id);
        let at = self.now();
        Ok(ApiKeyRow {
            definition: new.definition.clone(),
            sealed_value: self.master_key().seal(self.entropy(), &purpose, value.as_bytes()),
            hash: self.key_hash(scope, value),
            tags: new.tags.clone(),
            created_at: at,
            updated_at: at,
            id,
        })
    }

    /// A key's value.
    pub(crate) fn key_value(&self, scope: &Scope, row: &ApiKeyRow) -> Result<String> {
        let opened = self.master_key().open(&purpose(scope, &row.id), &row.sealed_value)?;
        String::from_utf8(opened.to_vec()).map_err(Error::internal)
    }

    fn key_view(&self, scope: &Scope, row: ApiKeyRow, with_value: bool) -> Result<ApiKeyView> {
        let value = if with_value { Some(self.key_value(scope, &row)?) } else { None };
        Ok(ApiKeyView {
            id: row.id,
            definition: row.definition,
            value,
            tags: row.tags,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }

    /// Creates a key. It opens nothing before it is in a usage plan.
    ///
    /// # Errors
    /// When a rule of its parts is broken, another key has its value, or it
    /// names a stage that there is not.
    pub async fn api_key_create(&self, caller: &Caller, new: NewApiKey) -> Result<ApiKeyView> {
        tags::check(&new.tags)?;
        new.definition.check().map_err(Error::BadRequest)?;
        new.value.iter().try_for_each(|v| ApiKey::check_value(v)).map_err(Error::BadRequest)?;
        let scope = &caller.scope;
        let (view, _) = transact!(self, |txn| {
            check_stages(&mut txn, scope, &new.definition.stage_keys).await?;
            let made = || text(self.entropy(), VALUE_ALPHABET, VALUE_LENGTH);
            let value = new.value.clone().unwrap_or_else(made);
            let row = self.new_key_row(&mut txn, scope, &new, &value).await?;
            txn.api_key_insert(scope, &row).await?;
            let audit = caller.audit("CreateApiKey", place(&row.id));
            (self.key_view(scope, row, true)?, Some(audit))
        })?;
        Ok(view)
    }

    /// Reads a key.
    ///
    /// # Errors
    /// When there is no such key.
    pub async fn api_key_fetch(
        &self,
        caller: &Caller,
        id: &str,
        with_value: bool,
    ) -> Result<ApiKeyView> {
        let mut txn = self.store().read().await?;
        let row = txn.api_key_fetch(&caller.scope, id).await?.found(Kind::ApiKey, id)?;
        self.key_view(&caller.scope, row, with_value)
    }

    /// Lists the caller's keys by id.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn api_key_list(
        &self,
        caller: &Caller,
        query: &ApiKeyQuery,
        request: &PageRequest,
    ) -> Result<Page<ApiKeyView>> {
        let limit = self.page_limit(request);
        let filter = ApiKeyFilter {
            name: query.name.as_deref(),
            customer_id: query.customer_id.as_deref(),
            plan: None,
        };
        let mut txn = self.store().read().await?;
        let rows = txn.api_key_list(&caller.scope, filter, request.after(), limit).await?;
        let cut = page(rows, limit, |row: &ApiKeyRow| row.id.clone());
        let view = |row| self.key_view(&caller.scope, row, query.with_values);
        let items = cut.items.into_iter().map(view).collect::<Result<_>>()?;
        Ok(Page { items, position: cut.position })
    }

    /// Changes a key. The edit may run more than once.
    ///
    /// # Errors
    /// When there is no such key, the edit refuses, or a rule is broken.
    pub async fn api_key_update(
        &self,
        caller: &Caller,
        id: &str,
        mut edit: impl FnMut(&mut ApiKey) -> Result<()> + Send,
    ) -> Result<ApiKeyView> {
        let scope = &caller.scope;
        let (view, revision) = transact!(self, |txn| {
            let mut row = txn.api_key_lock(scope, id).await?.found(Kind::ApiKey, id)?;
            let before = row.definition.clone();
            edit(&mut row.definition)?;
            row.definition.check().map_err(Error::BadRequest)?;
            let stages = row.definition.stage_keys.iter();
            let added: Vec<String> =
                stages.filter(|stage| !before.stage_keys.contains(stage)).cloned().collect();
            check_stages(&mut txn, scope, &added).await?;
            row.updated_at = self.now();
            txn.api_key_update(scope, id, &row.definition, row.updated_at).await?;
            if row.definition.enabled != before.enabled {
                self.key_facts(&mut txn, scope, std::slice::from_ref(&row.id)).await?;
            }
            let view = self.key_view(scope, row, false)?;
            (view, Some(caller.audit("UpdateApiKey", place(id))))
        })?;
        self.facts_settled(revision).await;
        Ok(view)
    }

    /// Deletes a key; it is in no usage plan then.
    ///
    /// # Errors
    /// When there is no such key.
    pub async fn api_key_delete(&self, caller: &Caller, id: &str) -> Result<()> {
        let ((), revision) = transact!(self, |txn| {
            if !txn.api_key_delete(&caller.scope, id).await? {
                Err(Error::not_found(Kind::ApiKey, id))?;
            }
            self.key_facts(&mut txn, &caller.scope, &[id.to_owned()]).await?;
            ((), Some(caller.audit("DeleteApiKey", place(id))))
        })?;
        self.facts_settled(revision).await;
        Ok(())
    }
}
