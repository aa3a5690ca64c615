//! Usage plans and their keys.

use axum::extract::Path;
use bytes::Bytes;
use gw_app::{UsagePlanKeyView, UsagePlanView};
use gw_wire::{
    aws::{API_KEY, CreateUsagePlan, CreateUsagePlanKey, UsagePlan, UsagePlanKey},
    patch::patch_usage_plan,
};

use crate::extract::{
    Answer, Call, Input, Params, accepted, created, edited, given, keep, list, ok, patches,
};

fn answer(view: &UsagePlanView) -> UsagePlan {
    UsagePlan::new(&view.id, &view.definition, given(&view.tags))
}

/// As AWS answers one plan: with its tags, also where there are none.
fn alone(view: &UsagePlanView) -> UsagePlan {
    UsagePlan::new(&view.id, &view.definition, Some(view.tags.clone()))
}

fn key_answer(view: &UsagePlanKeyView) -> UsagePlanKey {
    UsagePlanKey {
        id: view.id.clone(),
        kind: API_KEY.to_owned(),
        value: Some(view.value.clone()),
        name: view.name.clone(),
    }
}

/// `CreateUsagePlan`.
pub(crate) async fn create(call: Call, Input(input): Input<CreateUsagePlan>) -> Answer {
    created(answer(&call.usage_plan_create(&call.caller, input.plan, &input.tags).await?))
}

/// `GetUsagePlan`.
pub(crate) async fn get(call: Call, Path(id): Path<String>) -> Answer {
    ok(alone(&call.usage_plan_fetch(&call.caller, &id).await?))
}

/// `GetUsagePlans`.
pub(crate) async fn get_all(call: Call, params: Params) -> Answer {
    let key = params.get("keyId").filter(|key| !key.is_empty());
    let page = call.usage_plan_list(&call.caller, key, &params.page_request()?).await?;
    list(&page, answer)
}

/// `UpdateUsagePlan`.
pub(crate) async fn update(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let operations = patches("updateUsagePlanInput", &body)?;
    let mut fault = None;
    let edit =
        |plan: &mut gw_model::UsagePlan| keep(&mut fault, patch_usage_plan(plan, &operations));
    let result = call.usage_plan_update(&call.caller, &id, edit).await;
    ok(alone(&edited(fault, result)?))
}

/// `DeleteUsagePlan`.
pub(crate) async fn delete(call: Call, Path(id): Path<String>) -> Answer {
    call.usage_plan_delete(&call.caller, &id).await?;
    accepted()
}

/// `CreateUsagePlanKey`.
pub(crate) async fn create_key(
    call: Call,
    Path(id): Path<String>,
    Input(input): Input<CreateUsagePlanKey>,
) -> Answer {
    input.check()?;
    let view = call.usage_plan_key_create(&call.caller, &id, &input.key_id).await?;
    created(key_answer(&view))
}

/// `GetUsagePlanKey`.
pub(crate) async fn get_key(call: Call, Path((id, key)): Path<(String, String)>) -> Answer {
    ok(key_answer(&call.usage_plan_key_fetch(&call.caller, &id, &key).await?))
}

/// `GetUsagePlanKeys`.
pub(crate) async fn get_keys(call: Call, Path(id): Path<String>, params: Params) -> Answer {
    let name = params.get("name").filter(|name| !name.is_empty());
    let request = params.page_request()?;
    let page = call.usage_plan_key_list(&call.caller, &id, name, &request).await?;
    list(&page, key_answer)
}

/// `DeleteUsagePlanKey`.
pub(crate) async fn delete_key(call: Call, Path((id, key)): Path<(String, String)>) -> Answer {
    call.usage_plan_key_delete(&call.caller, &id, &key).await?;
    accepted()
}
