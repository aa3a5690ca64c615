//! REST APIs.

use axum::extract::Path;
use bytes::Bytes;
use gw_app::{NewRestApi, RestApiView};
use gw_wire::{
    FromBody as _,
    aws::{CreateRestApi, RestApi, RestApiExtras},
    patch::patch_rest_api,
};

use super::{import, paths::InApi};
use crate::extract::{Answer, Call, Params, accepted, created, edited, keep, list, ok, patches};

/// The answer for an API. A creation without tags leaves them out, and so do
/// lists.
pub(crate) fn answer(view: &RestApiView, created: bool) -> RestApi {
    let tags = Some(view.tags.clone()).filter(|tags| !(created && tags.is_empty()));
    let extras = RestApiExtras {
        created_date: view.created_at.unix_timestamp(),
        root_resource_id: view.root_resource_id.to_string(),
        tags,
        warnings: view.warnings.clone(),
    };
    RestApi::new(&view.api, extras)
}

/// `CreateRestApi`, and `ImportRestApi` where the query asks for it.
pub(crate) async fn create(call: Call, params: Params, body: Bytes) -> Answer {
    if params.get("mode") == Some("import") {
        return import::import(&call, &params, &body).await;
    }
    let input = CreateRestApi::parse(&body)?;
    let new = NewRestApi {
        settings: input.to_model("".into())?,
        tags: input.tags.clone(),
        clone_from: input.clone_from.map(Into::into),
    };
    created(answer(&call.rest_api_create(&call.caller, new).await?, true))
}

/// `GetRestApi`.
pub(crate) async fn get(call: Call, Path(path): InApi) -> Answer {
    ok(answer(&call.rest_api_fetch(&call.caller, &path.rest_api).await?, false))
}

/// `GetRestApis`.
pub(crate) async fn get_all(call: Call, params: Params) -> Answer {
    let page = call.rest_api_list(&call.caller, &params.page_request()?).await?;
    list(&page, |view| answer(view, true))
}

/// `UpdateRestApi`.
pub(crate) async fn update(call: Call, Path(path): InApi, body: Bytes) -> Answer {
    let operations = patches("updateRestApiInput", &body)?;
    let mut fault = None;
    let edit = |api: &mut gw_model::RestApi| keep(&mut fault, patch_rest_api(api, &operations));
    let result = call.rest_api_update(&call.caller, &path.rest_api, edit).await;
    ok(answer(&edited(fault, result)?, false))
}

/// `DeleteRestApi`.
pub(crate) async fn delete(call: Call, Path(path): InApi) -> Answer {
    call.rest_api_delete(&call.caller, &path.rest_api).await?;
    accepted()
}
