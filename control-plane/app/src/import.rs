//! Whole working copies: what an imported document makes or replaces. The
//! reading of documents is `gw-openapi`'s part; it comes in as a function.

use std::collections::{BTreeMap, HashSet};

use gw_model::{ApiId, RestApi};

use crate::{
    App, Caller, Error, RestApiView, Result,
    rest_api::{fetch, lock, place, view},
    transact::transact,
};

/// Makes ids that an API does not use yet.
pub struct NewIds<'a> {
    app: &'a App,
    used: HashSet<String>,
}

impl std::fmt::Debug for NewIds<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewIds").field("used", &self.used.len()).finish_non_exhaustive()
    }
}

impl<'a> NewIds<'a> {
    pub(crate) fn new(app: &'a App, api: &RestApi) -> Self {
        let resources = api.resources.keys().map(|id| id.to_string());
        let models = api.models.values().map(|model| model.id.clone());
        let validators = api.request_validators.keys().map(|id| id.to_string());
        let authorizers = api.authorizers.keys().map(|id| id.to_string());
        let used = resources.chain(models).chain(validators).chain(authorizers).collect();
        Self { app, used }
    }

    /// A new id of `length` characters: ten for a root resource, six for all else.
    pub fn next(&mut self, length: usize) -> String {
        loop {
            let id = self.app.new_id(length);
            if self.used.insert(id.clone()) {
                return id;
            }
        }
    }
}

impl App {
    /// Creates an API from what `build` makes of a new id; beside the API it
    /// answers warnings that are kept with it. It may run more than once.
    ///
    /// # Errors
    /// When `build` refuses or a limit is reached.
    pub async fn rest_api_import(
        &self,
        caller: &Caller,
        tags: &BTreeMap<String, String>,
        mut build: impl FnMut(ApiId, &mut NewIds<'_>) -> Result<(RestApi, Vec<String>)> + Send,
    ) -> Result<RestApiView> {
        let (answer, _) = transact!(self, |txn| {
            self.rest_api_room(&mut txn, &caller.scope).await?;
            let id = ApiId::new(self.new_id(10));
            let mut ids = NewIds { app: self, used: HashSet::new() };
            let (mut api, warnings) = build(id.clone(), &mut ids)?;
            api.id = id;
            self.check_size(&api)?;
            let answer =
                self.rest_api_insert(&mut txn, &caller.scope, &api, tags, &warnings).await?;
            (answer, Some(caller.audit("ImportRestApi", place(&api.id))))
        })?;
        Ok(answer)
    }

    /// Replaces an API's working copy by what `build` makes of it, in one
    /// transaction that writes only the rows in which the two differ.
    ///
    /// # Errors
    /// When there is no such API, or `build` refuses.
    pub async fn rest_api_replace(
        &self,
        caller: &Caller,
        id: &ApiId,
        mut build: impl FnMut(RestApi, &mut NewIds<'_>) -> Result<(RestApi, Vec<String>)> + Send,
    ) -> Result<RestApiView> {
        let (answer, _) = transact!(self, |txn| {
            let row = lock(&mut txn, &caller.scope, id).await?;
            let before = txn.working_copy_load(&row).await?;
            let mut ids = NewIds::new(self, &before);
            let (mut after, warnings) = build(before.clone(), &mut ids)?;
            after.id = id.clone();
            if !after.resources.contains_key(&row.root_resource_id) {
                Err(Error::internal("a replaced API lost its root resource"))?;
            }
            self.check_size(&after)?;
            txn.working_copy_save(&before, &after).await?;
            txn.api_warnings_set(id, &warnings).await?;
            txn.api_touch(id).await?;
            let row = fetch(&mut txn, &caller.scope, id).await?;
            (view(row), Some(caller.audit("PutRestApi", place(id))))
        })?;
        Ok(answer)
    }

    fn check_size(&self, api: &RestApi) -> Result<()> {
        let limits = self.limits();
        if i64::try_from(api.resources.len()).unwrap_or(i64::MAX) > limits.resources_per_api {
            return Err(Error::LimitExceeded(
                "Maximum number of resources for this API has been reached.".to_owned(),
            ));
        }
        if api.models.len() > limits.models_per_api {
            return Err(Error::LimitExceeded(
                "Maximum number of models for this API has been reached.".to_owned(),
            ));
        }
        Ok(())
    }
}
