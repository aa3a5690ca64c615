//! CORS: what AWS's console does with several calls, in one transaction.

use std::collections::BTreeMap;

use gw_model::{
    ApiId, Cors, GatewayResponseType, HttpMethod, ResourceId, RestApi, check,
    cors::{self, Answers},
};

use crate::{
    App, Caller, Error, Result,
    error::Kind,
    rest_api::{lock, place, told_as},
    transact::{Found as _, transact},
};

/// Which resources a call is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsScope {
    /// Every resource that has methods beside OPTIONS.
    All,
    /// This one.
    Resource(ResourceId),
}

/// How an API stands with CORS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsView {
    /// The resources that the call was about, by path.
    pub resources: Vec<ResourceCors>,
    /// The gateway responses that carry the headers.
    pub gateway_responses: Vec<GatewayResponseType>,
}

/// How a resource stands with CORS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceCors {
    /// The resource.
    pub id: ResourceId,
    /// Its path.
    pub path: String,
    /// The settings, where there are any.
    pub cors: Option<Cors>,
    /// Where the header comes from, for each method but OPTIONS.
    pub answers: BTreeMap<HttpMethod, Answers>,
}

impl CorsScope {
    fn place(&self, api: &ApiId) -> String {
        match self {
            Self::All => format!("{}/cors", place(api)),
            Self::Resource(id) => format!("{}/resources/{id}/cors", place(api)),
        }
    }

    /// The resources of the call; an unknown one is told.
    fn ids(&self, api: &RestApi) -> Result<Vec<ResourceId>> {
        match self {
            Self::All => {
                let has_methods = |methods: &BTreeMap<HttpMethod, _>| {
                    methods.keys().any(|verb| *verb != HttpMethod::Options)
                };
                let all = api.resources.iter();
                let chosen = all.filter(|(_, resource)| {
                    has_methods(&resource.methods) || cors::read(resource).is_some()
                });
                Ok(chosen.map(|(id, _)| id.clone()).collect())
            }
            Self::Resource(id) => {
                api.resources.get(id).found(Kind::Resource, id)?;
                Ok(vec![id.clone()])
            }
        }
    }

    /// An unknown API is told as what stands below it, as AWS does.
    fn told(&self, error: Error) -> Error {
        match self {
            Self::All => error,
            Self::Resource(id) => told_as(Kind::Resource, id.as_str())(error),
        }
    }
}

fn view(api: &RestApi, ids: Vec<ResourceId>) -> CorsView {
    let told = |id: ResourceId| {
        let resource = api.resources.get(&id)?;
        let (path, answers) = (resource.path.clone(), cors::answers(resource));
        Some(ResourceCors { id, path, cors: cors::read(resource), answers })
    };
    let mut resources: Vec<_> = ids.into_iter().filter_map(told).collect();
    resources.sort_by(|a, b| a.path.cmp(&b.path));
    CorsView { resources, gateway_responses: cors::gateway_responses(api) }
}

impl App {
    /// Lets resources be called from pages of other origins: replaces their
    /// OPTIONS method and sets headers on the others. Calls from a stage meet
    /// it once it is deployed. With `gateway_responses` the answers that the
    /// gateway gives on its own behalf carry the headers too.
    ///
    /// # Errors
    /// When API or resource are unknown, the settings contradict themselves,
    /// or a resource answers OPTIONS by a backend.
    pub async fn cors_put(
        &self,
        caller: &Caller,
        api: &ApiId,
        scope: &CorsScope,
        settings: &Cors,
        gateway_responses: bool,
    ) -> Result<CorsView> {
        settings.check().map_err(Error::BadRequest)?;
        self.cors_edit(caller, api, scope, "PutCors", |api, ids| {
            let has_binary = !api.binary_media_types.is_empty();
            for id in ids {
                let resource = api.resources.get_mut(id).found(Kind::Resource, id)?;
                cors::set(resource, settings, has_binary).map_err(Error::Conflict)?;
                for method in resource.methods.values() {
                    check::method(method).map_err(Error::BadRequest)?;
                }
            }
            if gateway_responses {
                cors::set_gateway(api, settings).map_err(Error::BadRequest)?;
            }
            Ok(())
        })
        .await
    }

    /// How an API's resources stand with CORS.
    ///
    /// # Errors
    /// When API or resource are unknown.
    pub async fn cors_fetch(
        &self,
        caller: &Caller,
        api: &ApiId,
        scope: &CorsScope,
    ) -> Result<CorsView> {
        let found = self.working_copy_fetch(caller, api).await;
        let working_copy = found.map_err(|error| scope.told(error))?;
        let ids = scope.ids(&working_copy)?;
        Ok(view(&working_copy, ids))
    }

    /// Takes away what [`App::cors_put`] set. Where there is nothing, nothing
    /// happens.
    ///
    /// # Errors
    /// When API or resource are unknown.
    pub async fn cors_delete(
        &self,
        caller: &Caller,
        api: &ApiId,
        scope: &CorsScope,
        gateway_responses: bool,
    ) -> Result<CorsView> {
        self.cors_edit(caller, api, scope, "DeleteCors", |api, ids| {
            for id in ids {
                cors::remove(api.resources.get_mut(id).found(Kind::Resource, id)?);
            }
            if gateway_responses {
                cors::remove_gateway(api);
            }
            Ok(())
        })
        .await
    }

    async fn cors_edit(
        &self,
        caller: &Caller,
        api: &ApiId,
        scope: &CorsScope,
        operation: &'static str,
        mut edit: impl FnMut(&mut RestApi, &[ResourceId]) -> Result<()> + Send,
    ) -> Result<CorsView> {
        let (answer, _) = transact!(self, |txn| {
            let row = lock(&mut txn, &caller.scope, api).await.map_err(|e| scope.told(e))?;
            let before = txn.working_copy_load(&row).await?;
            let mut after = before.clone();
            let ids = scope.ids(&before)?;
            edit(&mut after, &ids)?;
            if after != before {
                txn.working_copy_save(&before, &after).await?;
                txn.api_touch(api).await?;
            }
            (view(&after, ids), Some(caller.audit(operation, scope.place(api))))
        })?;
        Ok(answer)
    }
}
