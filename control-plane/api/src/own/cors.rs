//! CORS of REST APIs, below an API and below one of its resources.

use axum::extract::Path;
use gw_app::{CorsScope, CorsView};
use gw_model::{ApiId, Cors, ResourceId, cors};
use gw_wire::gatewright::{ApiCors, CorsAnswers, CorsSettings, PutCors, ResourceCors};
use serde::Deserialize;

use crate::extract::{Answer, Call, OwnInput, Params, ok};

/// An API, or a resource of one.
#[derive(Debug, Deserialize)]
pub(crate) struct CorsPath {
    rest_api: ApiId,
    resource: Option<ResourceId>,
}

impl CorsPath {
    fn scope(&self) -> CorsScope {
        self.resource.clone().map_or(CorsScope::All, CorsScope::Resource)
    }
}

fn answer(view: &CorsView) -> ApiCors {
    let resources = view.resources.iter().map(|resource| ResourceCors {
        resource_id: resource.id.to_string(),
        path: resource.path.clone(),
        cors: resource.cors.as_ref().map(settings),
        methods: resource
            .answers
            .iter()
            .map(|(verb, answers)| (verb.to_string(), word(*answers)))
            .collect(),
    });
    ApiCors {
        resources: resources.collect(),
        gateway_responses: view.gateway_responses.iter().map(ToString::to_string).collect(),
    }
}

fn word(answers: cors::Answers) -> CorsAnswers {
    match answers {
        cors::Answers::Gateway => CorsAnswers::Gateway,
        cors::Answers::Backend => CorsAnswers::Backend,
        cors::Answers::NoResponse => CorsAnswers::NoResponse,
        cors::Answers::FirstOriginOnly => CorsAnswers::FirstOriginOnly,
        cors::Answers::Nobody => CorsAnswers::Nobody,
    }
}

fn settings(cors: &Cors) -> CorsSettings {
    CorsSettings {
        allow_origins: cors.origins.clone(),
        allow_methods: cors.methods.clone(),
        allow_headers: cors.headers.clone(),
        expose_headers: cors.expose_headers.clone(),
        max_age_seconds: cors.max_age_s,
        allow_credentials: cors.credentials,
    }
}

/// `GET restapis/{api}/cors` and `GET restapis/{api}/resources/{resource}/cors`.
pub(crate) async fn get(call: Call, Path(path): Path<CorsPath>) -> Answer {
    ok(answer(&call.cors_fetch(&call.caller, &path.rest_api, &path.scope()).await?))
}

/// `PUT` of the same.
pub(crate) async fn put(
    call: Call,
    Path(path): Path<CorsPath>,
    OwnInput(input): OwnInput<PutCors>,
) -> Answer {
    let wanted = Cors {
        origins: input.allow_origins,
        methods: input.allow_methods.unwrap_or_default(),
        headers: input
            .allow_headers
            .unwrap_or_else(|| cors::DEFAULT_HEADERS.map(str::to_owned).to_vec()),
        expose_headers: input.expose_headers,
        max_age_s: input.max_age_seconds,
        credentials: input.allow_credentials,
    };
    let (scope, everywhere) = (path.scope(), input.gateway_responses);
    ok(answer(&call.cors_put(&call.caller, &path.rest_api, &scope, &wanted, everywhere).await?))
}

/// `DELETE` of the same.
pub(crate) async fn delete(call: Call, Path(path): Path<CorsPath>, params: Params) -> Answer {
    let (scope, everywhere) = (path.scope(), params.is_true("gatewayResponses"));
    ok(answer(&call.cors_delete(&call.caller, &path.rest_api, &scope, everywhere).await?))
}
