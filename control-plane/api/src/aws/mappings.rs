//! Base path mappings of custom domains.

use axum::extract::Path;
use bytes::Bytes;
use gw_wire::{
    aws::{BasePathMapping, CreateBasePathMapping, base_path_of},
    patch::patch_base_path_mapping,
};
use serde::Deserialize;

use super::domains::key;
use crate::extract::{
    Answer, Call, Input, Params, accepted, created, edited, keep, list, ok, patches,
};

/// `/domainnames/{id}/basepathmappings/{path}`.
#[derive(Debug, Deserialize)]
pub(crate) struct MappingPath {
    id: String,
    path: String,
}

fn answer(mapping: &gw_model::BasePathMapping) -> BasePathMapping {
    mapping.into()
}

/// `CreateBasePathMapping`.
pub(crate) async fn create(
    call: Call,
    Path(domain): Path<String>,
    params: Params,
    Input(input): Input<CreateBasePathMapping>,
) -> Answer {
    let mapping = input.to_model()?;
    let key = key(domain, &params);
    created(answer(&call.mapping_create(&call.caller, &key, &mapping).await?))
}

/// `GetBasePathMapping`.
pub(crate) async fn get(call: Call, Path(path): Path<MappingPath>, params: Params) -> Answer {
    let key = key(path.id, &params);
    ok(answer(&call.mapping_fetch(&call.caller, &key, base_path_of(&path.path)).await?))
}

/// `GetBasePathMappings`.
pub(crate) async fn get_all(call: Call, Path(domain): Path<String>, params: Params) -> Answer {
    let request = params.page_request()?;
    let page = call.mapping_list(&call.caller, &key(domain, &params), &request).await?;
    list(&page, answer)
}

/// `UpdateBasePathMapping`.
pub(crate) async fn update(
    call: Call,
    Path(path): Path<MappingPath>,
    params: Params,
    body: Bytes,
) -> Answer {
    let operations = patches("updateBasePathMappingInput", &body)?;
    let key = key(path.id, &params);
    let mut fault = None;
    let edit = |mapping: &mut gw_model::BasePathMapping| {
        keep(&mut fault, patch_base_path_mapping(mapping, &operations))
    };
    let base_path = base_path_of(&path.path);
    let result = call.mapping_update(&call.caller, &key, base_path, edit).await;
    ok(answer(&edited(fault, result)?))
}

/// `DeleteBasePathMapping`.
pub(crate) async fn delete(call: Call, Path(path): Path<MappingPath>, params: Params) -> Answer {
    let key = key(path.id, &params);
    call.mapping_delete(&call.caller, &key, base_path_of(&path.path)).await?;
    accepted()
}
