//! Stages.

use axum::extract::Path;
use bytes::Bytes;
use gw_app::{NewStage, StageView};
use gw_wire::{
    aws::{CreateStage, Stage, StageExtras},
    gatewright::RELEASE_HEADER,
    page::List,
    patch::{self, patch_stage},
};

use super::paths::{InApi, Within};
use crate::{
    extract::{
        Answer, Call, Input, Params, accepted, created, edited, keep, ok, patches, with_header,
    },
    own::convert::state_text,
};

fn answer(view: &StageView) -> Stage {
    let extras = StageExtras {
        created_date: view.created_at.unix_timestamp(),
        last_updated_date: view.updated_at.unix_timestamp(),
        tags: view.tags.clone(),
        release_state: Some(state_text(view.desired_state)),
    };
    Stage::new(view.key.stage.as_str(), &view.desired, extras)
}

/// The draft as use cases take it.
fn draft_of(wire: patch::StageDraft) -> gw_app::StageDraft {
    gw_app::StageDraft {
        deployment_id: wire.deployment_id,
        variables: wire.variables,
        canary: wire.canary.map(|canary| gw_app::CanaryDraft {
            percent_traffic: canary.percent_traffic,
            deployment_id: canary.deployment_id,
            stage_variable_overrides: canary.stage_variable_overrides,
            use_stage_cache: canary.use_stage_cache,
        }),
        settings: wire.settings,
    }
}

/// The draft as patches take it.
fn wire_of(draft: &gw_app::StageDraft) -> patch::StageDraft {
    patch::StageDraft {
        deployment_id: draft.deployment_id.clone(),
        variables: draft.variables.clone(),
        canary: draft.canary.as_ref().map(|canary| patch::CanaryDraft {
            percent_traffic: canary.percent_traffic,
            deployment_id: canary.deployment_id.clone(),
            stage_variable_overrides: canary.stage_variable_overrides.clone(),
            use_stage_cache: canary.use_stage_cache,
        }),
        settings: draft.settings.clone(),
    }
}

fn with_release(response: Answer, view: &StageView) -> Answer {
    with_header(response, RELEASE_HEADER, &view.desired.number.to_string())
}

/// `CreateStage`.
pub(crate) async fn create(
    call: Call,
    Path(path): InApi,
    Input(input): Input<CreateStage>,
) -> Answer {
    let new = NewStage {
        draft: draft_of(input.to_draft()?),
        name: input.stage_name.into(),
        tags: input.tags,
    };
    let view = call.stage_create(&call.caller, &path.rest_api, &new).await?;
    with_release(created(answer(&view)), &view)
}

/// `GetStage`.
pub(crate) async fn get(call: Call, Path(path): Within) -> Answer {
    ok(answer(&call.stage_fetch(&call.caller, &path.rest_api, &path.id.into()).await?))
}

/// `GetStages`: all on one page; `deploymentId` narrows them down.
pub(crate) async fn get_all(call: Call, Path(path): InApi, params: Params) -> Answer {
    let deployment = params.get("deploymentId").filter(|id| !id.is_empty()).map(Into::into);
    let all = call.stage_list(&call.caller, &path.rest_api, deployment.as_ref()).await?;
    ok(List { item: all.iter().map(answer).collect(), position: None })
}

/// `UpdateStage`.
pub(crate) async fn update(call: Call, Path(path): Within, body: Bytes) -> Answer {
    let operations = patches("updateStageInput", &body)?;
    let name = path.id.into();
    let mut fault = None;
    let edit = |draft: &mut gw_app::StageDraft| {
        let mut wire = wire_of(draft);
        keep(&mut fault, patch_stage(&mut wire, &operations))?;
        *draft = draft_of(wire);
        Ok(())
    };
    let result = call.stage_update(&call.caller, &path.rest_api, &name, edit).await;
    let view = edited(fault, result)?;
    with_release(ok(answer(&view)), &view)
}

/// `DeleteStage`.
pub(crate) async fn delete(call: Call, Path(path): Within) -> Answer {
    call.stage_delete(&call.caller, &path.rest_api, &path.id.into()).await?;
    accepted()
}
