//! Resources.

use axum::extract::Path;
use bytes::Bytes;
use gw_app::{ResourceEdit, ResourceView};
use gw_wire::{
    aws::{CreateResource, Resource},
    patch::resource_patch,
};

use super::paths::{InApi, Within};
use crate::extract::{Answer, Call, Input, Params, accepted, created, list, ok, patches};

fn answer(view: &ResourceView, embed_methods: bool) -> Resource {
    Resource::new(view.id.as_str(), &view.resource, embed_methods)
}

/// `CreateResource`; the path names the parent.
pub(crate) async fn create(
    call: Call,
    Path(path): Within,
    Input(input): Input<CreateResource>,
) -> Answer {
    let parent = path.id.into();
    let made =
        call.resource_create(&call.caller, &path.rest_api, &parent, &input.path_part).await?;
    created(answer(&made, false))
}

/// `GetResource`.
pub(crate) async fn get(call: Call, Path(path): Within, params: Params) -> Answer {
    let view = call.resource_fetch(&call.caller, &path.rest_api, &path.id.into()).await?;
    ok(answer(&view, params.has("embed", "methods")))
}

/// `GetResources`.
pub(crate) async fn get_all(call: Call, Path(path): InApi, params: Params) -> Answer {
    let request = params.page_request()?;
    let page = call.resource_list(&call.caller, &path.rest_api, &request).await?;
    list(&page, |view| answer(view, params.has("embed", "methods")))
}

/// `UpdateResource`.
pub(crate) async fn update(call: Call, Path(path): Within, body: Bytes) -> Answer {
    let patch = resource_patch(&patches("updateResourceInput", &body)?)?;
    let edit = |resource: &mut ResourceEdit| {
        if let Some(parent) = &patch.parent_id {
            resource.parent_id = Some(parent.clone());
        }
        if let Some(part) = &patch.path_part {
            resource.path_part.clone_from(part);
        }
        Ok(())
    };
    let id = path.id.into();
    ok(answer(&call.resource_update(&call.caller, &path.rest_api, &id, edit).await?, false))
}

/// `DeleteResource`.
pub(crate) async fn delete(call: Call, Path(path): Within) -> Answer {
    call.resource_delete(&call.caller, &path.rest_api, &path.id.into()).await?;
    accepted()
}
