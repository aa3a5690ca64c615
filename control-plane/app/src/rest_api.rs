//! REST APIs.

use std::collections::BTreeMap;

use gw_model::{ApiId, Resource, ResourceId, RestApi, Scope, policy};
use gw_store::{ApiRow, NewApi, Txn};

use crate::{
    App, Caller, Error, NewIds, Page, PageRequest, RestApiView, Result,
    domain::mapping::check_api_unmapped,
    error::Kind,
    input::NewRestApi,
    model::default_models,
    page::page,
    tags,
    transact::{Found as _, transact},
};

/// An API's place in the audit log.
pub(crate) fn place(api: &ApiId) -> String {
    format!("restapis/{api}")
}

pub(crate) fn view(row: ApiRow) -> RestApiView {
    RestApiView {
        api: row.definition,
        root_resource_id: row.root_resource_id,
        tags: row.tags,
        created_at: row.created_at,
        version: row.version as u64,
        warnings: row.warnings,
    }
}

/// Locks the working copy of an API that must be there.
pub(crate) async fn lock(txn: &mut Txn, scope: &Scope, api: &ApiId) -> Result<ApiRow> {
    txn.api_lock(scope, api).await?.found(Kind::RestApi, api)
}

/// Reads an API that must be there.
pub(crate) async fn fetch(txn: &mut Txn, scope: &Scope, api: &ApiId) -> Result<ApiRow> {
    txn.api_fetch(scope, api).await?.found(Kind::RestApi, api)
}

/// An unknown API, told as something below it: so AWS does in calls that look
/// for that at once.
pub(crate) fn told_as(kind: Kind, id: &str) -> impl Fn(Error) -> Error + '_ {
    move |error| match error {
        Error::NotFound { kind: Kind::RestApi, .. } => Error::not_found(kind, id),
        other => other,
    }
}

/// Makes resources `execute-api:/...` of the API's policy whole ARNs, as AWS
/// keeps them.
fn settle_policy(api: &mut RestApi, scope: &Scope) {
    if let Some(policy) = &mut api.policy {
        let Scope { account, region } = scope;
        let id = &api.id;
        *policy = policy::with_whole_resources(policy, |rest| {
            format!("arn:aws:execute-api:{region}:{account}:{id}/{rest}")
        });
    }
}

/// The resource `/` of a new API.
fn root() -> Resource {
    Resource {
        parent_id: None,
        path_part: String::new(),
        path: "/".to_owned(),
        methods: BTreeMap::new(),
    }
}

impl App {
    /// Refuses one API too many.
    pub(crate) async fn rest_api_room(&self, txn: &mut Txn, scope: &Scope) -> Result<()> {
        if txn.api_count(scope).await? >= self.limits().rest_apis {
            return Err(Error::LimitExceeded("Maximum number of REST APIs reached".to_owned()));
        }
        Ok(())
    }

    /// Inserts a whole new API and reads it back.
    pub(crate) async fn rest_api_insert(
        &self,
        txn: &mut Txn,
        scope: &Scope,
        api: &RestApi,
        tags: &BTreeMap<String, String>,
        warnings: &[String],
    ) -> Result<RestApiView> {
        let mut roots = api.resources.iter().filter(|(_, resource)| resource.parent_id.is_none());
        let Some((root_resource_id, _)) = roots.next() else {
            return Err(Error::internal("a new API has no root resource"));
        };
        let new = NewApi { scope, definition: api, root_resource_id, tags, warnings };
        txn.api_insert(new).await?;
        let mut empty = api.clone();
        empty.resources.clear();
        empty.models.clear();
        empty.gateway_responses.clear();
        empty.request_validators.clear();
        empty.authorizers.clear();
        txn.working_copy_save(&empty, api).await?;
        Ok(view(fetch(txn, scope, &api.id).await?))
    }

    /// Creates an API with the resource `/` and the two default models, or a
    /// copy of another API.
    ///
    /// # Errors
    /// When the API to copy is unknown, or a limit is reached.
    pub async fn rest_api_create(&self, caller: &Caller, new: NewRestApi) -> Result<RestApiView> {
        tags::check(&new.tags)?;
        let (answer, _) = transact!(self, |txn| {
            self.rest_api_room(&mut txn, &caller.scope).await?;
            let mut api = new.settings.clone();
            api.id = ApiId::new(self.new_id(10));
            settle_policy(&mut api, &caller.scope);
            match &new.clone_from {
                Some(origin) => {
                    let origin =
                        txn.working_copy_fetch(&caller.scope, origin).await?.ok_or_else(|| {
                            Error::bad_request("Invalid REST API identifier specified")
                        })?;
                    // Ids below an API are its own, so a copy may keep them.
                    api.resources = origin.resources;
                    api.models = origin.models;
                    api.gateway_responses = origin.gateway_responses;
                    api.request_validators = origin.request_validators;
                    api.authorizers = origin.authorizers;
                }
                None => {
                    api.resources = [(ResourceId::new(self.new_id(10)), root())].into();
                    api.models = default_models(&mut NewIds::new(self, &api));
                }
            }
            let answer =
                self.rest_api_insert(&mut txn, &caller.scope, &api, &new.tags, &[]).await?;
            if let Some(origin) = &new.clone_from {
                let parts = txn.documentation_parts_all(origin).await?;
                txn.documentation_parts_save(&api.id, &Default::default(), &parts).await?;
            }
            (answer, Some(caller.audit("CreateRestApi", place(&api.id))))
        })?;
        Ok(answer)
    }

    /// Reads an API.
    ///
    /// # Errors
    /// When there is none in the caller's scope.
    pub async fn rest_api_fetch(&self, caller: &Caller, id: &ApiId) -> Result<RestApiView> {
        let mut txn = self.store().read().await?;
        Ok(view(fetch(&mut txn, &caller.scope, id).await?))
    }

    /// Lists the caller's APIs by id.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn rest_api_list(
        &self,
        caller: &Caller,
        request: &PageRequest,
    ) -> Result<Page<RestApiView>> {
        let limit = self.page_limit(request);
        let mut txn = self.store().read().await?;
        let rows = txn.api_list(&caller.scope, request.after(), limit).await?;
        let views = rows.into_iter().map(view).collect();
        Ok(page(views, limit, |api: &RestApiView| api.api.id.to_string()))
    }

    /// Changes an API's settings. The edit sees the API without what is below
    /// it and may run more than once.
    ///
    /// # Errors
    /// When there is no such API, or the edit refuses.
    pub async fn rest_api_update(
        &self,
        caller: &Caller,
        id: &ApiId,
        mut edit: impl FnMut(&mut RestApi) -> Result<()> + Send,
    ) -> Result<RestApiView> {
        let (answer, _) = transact!(self, |txn| {
            let row = lock(&mut txn, &caller.scope, id).await?;
            let mut api = row.definition;
            edit(&mut api)?;
            api.id = id.clone();
            settle_policy(&mut api, &caller.scope);
            txn.api_update(&api).await?;
            txn.api_touch(id).await?;
            let row = fetch(&mut txn, &caller.scope, id).await?;
            (view(row), Some(caller.audit("UpdateRestApi", place(id))))
        })?;
        Ok(answer)
    }

    /// Deletes an API with everything below it; its stages end on every node.
    ///
    /// # Errors
    /// When there is no such API.
    pub async fn rest_api_delete(&self, caller: &Caller, id: &ApiId) -> Result<()> {
        let ((), revision) = transact!(self, |txn| {
            self.plans_lock_of(&mut txn, &caller.scope, id, None).await?;
            lock(&mut txn, &caller.scope, id).await?;
            check_api_unmapped(&mut txn, id).await?;
            self.plans_without(&mut txn, &caller.scope, id, None).await?;
            txn.api_delete(&caller.scope, id).await?;
            ((), Some(caller.audit("DeleteRestApi", place(id))))
        })?;
        self.facts_settled(revision).await;
        Ok(())
    }

    /// Reads the whole working copy of an API.
    ///
    /// # Errors
    /// When there is no such API.
    pub async fn working_copy_fetch(&self, caller: &Caller, id: &ApiId) -> Result<RestApi> {
        let mut txn = self.store().read().await?;
        txn.working_copy_fetch(&caller.scope, id).await?.found(Kind::RestApi, id)
    }
}
