//! Whole working copies: what an imported document makes or replaces. The
//! reading of documents is `gw-openapi`'s part; it comes in as a function.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{ApiId, DocumentationPart, RestApi, documentation::DocumentationMode};

use crate::{
    App, Caller, Error, NewIds, RestApiView, Result, check,
    rest_api::{fetch, lock, place, view},
    transact::transact,
};

/// What an import made of an API.
#[derive(Debug, Clone)]
pub struct Built {
    /// The API.
    pub api: RestApi,
    /// Kept with the API and shown with it.
    pub warnings: Vec<String>,
    /// Imported parts; `None` leaves the documentation as it is.
    pub documentation: Option<(Vec<DocumentationPart>, DocumentationMode)>,
}

impl App {
    /// Creates an API from what `build` makes of a new id. `build` runs on a
    /// thread that serves nobody else: a large document takes it a while.
    ///
    /// # Errors
    /// When `build` refuses or a limit is reached.
    pub async fn rest_api_import(
        &self,
        caller: &Caller,
        tags: &BTreeMap<String, String>,
        build: impl FnOnce(ApiId, &mut NewIds) -> Result<Built> + Send + 'static,
    ) -> Result<RestApiView> {
        let id = ApiId::new(self.new_id(10));
        let (own, app) = (id.clone(), self.clone());
        let built = tokio::task::spawn_blocking(move || build(own, &mut NewIds::of_none(&app)));
        let Built { mut api, warnings, documentation } = built.await.map_err(Error::internal)??;
        api.id = id;
        self.check_size(&api)?;
        let (answer, _) = transact!(self, |txn| {
            self.rest_api_room(&mut txn, &caller.scope).await?;
            let answer =
                self.rest_api_insert(&mut txn, &caller.scope, &api, tags, &warnings).await?;
            if let Some((parts, mode)) = &documentation {
                self.documentation_import_in(&mut txn, &api.id, parts, *mode).await?;
            }
            (answer, Some(caller.audit("ImportRestApi", place(&api.id))))
        })?;
        Ok(answer)
    }

    /// Replaces an API's working copy by what `build` makes of it, in one
    /// transaction that writes only the rows in which the two differ. `build`
    /// may run more than once, on a thread that serves nobody else.
    ///
    /// # Errors
    /// When there is no such API, or `build` refuses.
    pub async fn rest_api_replace(
        &self,
        caller: &Caller,
        id: &ApiId,
        build: impl Fn(RestApi, &mut NewIds) -> Result<Built> + Send + Sync + 'static,
    ) -> Result<RestApiView> {
        let build = Arc::new(build);
        let (answer, _) = transact!(self, |txn| {
            let row = lock(&mut txn, &caller.scope, id).await?;
            let before = txn.working_copy_load(&row).await?;
            let (build, mut ids) = (Arc::clone(&build), NewIds::new(self, &before));
            let built = tokio::task::spawn_blocking(move || {
                let built = build(before.clone(), &mut ids)?;
                Result::Ok((before, built))
            });
            let (before, built) = built.await.map_err(Error::internal)??;
            let Built { api: mut after, warnings, documentation } = built;
            after.id = id.clone();
            if !after.resources.contains_key(&row.root_resource_id) {
                Err(Error::internal("a replaced API lost its root resource"))?;
            }
            self.check_size(&after)?;
            txn.working_copy_save(&before, &after).await?;
            if let Some((parts, mode)) = &documentation {
                self.documentation_import_in(&mut txn, id, parts, *mode).await?;
            }
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
        for resource in api.resources.values() {
            for (verb, method) in &resource.methods {
                let Some(integration) = &method.integration else { continue };
                check::timeout(integration, limits).map_err(|error| match error {
                    Error::BadRequest(reason) => Error::BadRequest(format!(
                        "Unable to put integration on '{verb}' for resource at path '{}': {reason}",
                        resource.path
                    )),
                    other => other,
                })?;
            }
        }
        Ok(())
    }
}
