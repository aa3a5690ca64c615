//! REST APIs.

use axum::extract::Path;
use bytes::Bytes;
use gw_app::{NewRestApi, RestApiView};
use gw_model::{ApiId, StageName};
use gw_wire::{
    FromBody as _,
    aws::{CreateRestApi, RestApi, RestApiExtras, Tags, Texts},
    patch::patch_rest_api,
};

use super::{import, paths::InApi};
use crate::{
    error::ApiError,
    extract::{
        Answer, Call, Params, accepted, created, edited, keep, list, no_content, ok, patches,
    },
};

/// The answer for an API. A creation without tags leaves them out.
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
    list(&page, |view| answer(view, false))
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

/// What an ARN names: an API, or a stage of one.
struct Tagged {
    api: ApiId,
    stage: Option<StageName>,
}

/// Reads `arn:{partition}:apigateway:{region}::/restapis/{id}[/stages/{name}]`.
fn tagged(arn: &str) -> Result<Tagged, ApiError> {
    let path = arn.split_once("/restapis/").map(|(_, path)| path).unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        [api] if !api.is_empty() => Ok(Tagged { api: (*api).into(), stage: None }),
        [api, "stages", stage] => Ok(Tagged { api: (*api).into(), stage: Some((*stage).into()) }),
        _ => {
            let message = format!("Invalid ARN specified in the request: {arn}");
            Err(gw_wire::Fault::bad_request(message).into())
        }
    }
}

/// `GetTags`.
pub(crate) async fn tags(call: Call, Path(arn): Path<String>) -> Answer {
    let Tagged { api, stage } = tagged(&arn)?;
    let tags = match stage {
        None => call.rest_api_fetch(&call.caller, &api).await?.tags,
        Some(stage) => call.stage_fetch(&call.caller, &api, &stage).await?.tags,
    };
    ok(Tags { tags })
}

/// `TagResource`.
pub(crate) async fn tag(call: Call, Path(arn): Path<String>, body: Bytes) -> Answer {
    let added = Tags::parse(&body)?.tags;
    edit_tags(&call, &arn, |tags| tags.extend(added.clone())).await
}

/// `UntagResource`.
pub(crate) async fn untag(call: Call, Path(arn): Path<String>, params: Params) -> Answer {
    edit_tags(&call, &arn, |tags| tags.retain(|key, _| !params.has("tagKeys", key))).await
}

async fn edit_tags(call: &Call, arn: &str, change: impl Fn(&mut Texts) + Send + Sync) -> Answer {
    let edit = |tags: &mut Texts| {
        change(tags);
        Ok(())
    };
    let Tagged { api, stage } = tagged(arn)?;
    match stage {
        None => call.rest_api_tags_update(&call.caller, &api, edit).await?,
        Some(stage) => call.stage_tags_update(&call.caller, &api, &stage, edit).await?,
    }
    no_content()
}
