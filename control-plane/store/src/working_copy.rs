//! The whole working copy of an API, read and written at once.

use std::collections::BTreeMap;

use gw_model::{ApiId, RestApi, Scope};

use crate::{ApiRow, Error, Txn};

impl Txn {
    /// Reads everything below an API's row into it. In a transaction that
    /// holds the row's lock (or reads one point in time) the answer is of one
    /// piece.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn working_copy_load(&mut self, row: &ApiRow) -> Result<RestApi, Error> {
        let mut api = row.definition.clone();
        let id = api.id.clone();
        api.resources = self.resource_tree(&id).await?;
        for (resource, verb, method) in self.methods_unplaced(&id).await? {
            if let Some(resource) = api.resources.get_mut(&resource) {
                resource.methods.insert(verb, method);
            }
        }
        api.models = self.models_all(&id).await?;
        api.request_validators = self.validators_all(&id).await?;
        api.authorizers = self.authorizers_all(&id).await?;
        api.gateway_responses = self.gateway_responses_all(&id).await?;
        Ok(api)
    }

    /// Reads an API with everything below it.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn working_copy_fetch(
        &mut self,
        scope: &Scope,
        id: &ApiId,
    ) -> Result<Option<RestApi>, Error> {
        match self.api_fetch(scope, id).await? {
            Some(row) => Ok(Some(self.working_copy_load(&row).await?)),
            None => Ok(None),
        }
    }

    /// Writes the rows in which `after` differs from `before`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn working_copy_save(
        &mut self,
        before: &RestApi,
        after: &RestApi,
    ) -> Result<(), Error> {
        let id = &after.id;
        if before.bare() != after.bare() {
            self.api_update(after).await?;
        }
        self.tree_save(before, after).await?;
        for change in changes(&before.models, &after.models) {
            match change {
                (name, Some(model)) => self.model_put(id, name, model).await?,
                (name, None) => drop(self.model_delete(id, name).await?),
            }
        }
        for change in changes(&before.request_validators, &after.request_validators) {
            match change {
                (key, Some(validator)) => self.validator_put(id, key, validator).await?,
                (key, None) => drop(self.validator_delete(id, key).await?),
            }
        }
        for change in changes(&before.authorizers, &after.authorizers) {
            match change {
                (key, Some(authorizer)) => self.authorizer_put(id, key, authorizer).await?,
                (key, None) => drop(self.authorizer_delete(id, key).await?),
            }
        }
        for change in changes(&before.gateway_responses, &after.gateway_responses) {
            match change {
                (kind, Some(response)) => self.gateway_response_put(id, kind, response).await?,
                (kind, None) => drop(self.gateway_response_delete(id, kind).await?),
            }
        }
        Ok(())
    }

    /// Deletes first, so that a new resource may take a former one's place.
    async fn tree_save(&mut self, before: &RestApi, after: &RestApi) -> Result<(), Error> {
        let id = &after.id;
        let gone: Vec<String> = before
            .resources
            .keys()
            .filter(|key| !after.resources.contains_key(*key))
            .map(|key| key.as_str().to_owned())
            .collect();
        self.resources_delete(id, &gone).await?;
        let placed = after.resources.iter().filter(|(key, resource)| {
            before.resources.get(*key).is_none_or(|former| {
                (&former.parent_id, &former.path_part, &former.path)
                    != (&resource.parent_id, &resource.path_part, &resource.path)
            })
        });
        self.resources_put(id, placed).await?;
        let empty = BTreeMap::new();
        let (mut put, mut removed) = (vec![], vec![]);
        for (key, resource) in &after.resources {
            let former = before.resources.get(key).map_or(&empty, |former| &former.methods);
            for (verb, change) in changes(former, &resource.methods) {
                match change {
                    Some(method) => put.push((key, *verb, method)),
                    None => removed.push((key, *verb)),
                }
            }
        }
        self.methods_delete(id, removed).await?;
        self.methods_put(id, put).await
    }
}

/// What leads from one map to another: a new value, or `None` for a key to remove.
fn changes<'a, K: Ord, V: PartialEq>(
    before: &'a BTreeMap<K, V>,
    after: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, Option<&'a V>)> {
    let removed = before.keys().filter(|key| !after.contains_key(key)).map(|key| (key, None));
    let put = after
        .iter()
        .filter(|(key, value)| before.get(key) != Some(value))
        .map(|(key, value)| (key, Some(value)));
    removed.chain(put)
}
