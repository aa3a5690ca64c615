//! Deployments.

use axum::extract::Path;
use bytes::Bytes;
use gw_app::{CanaryInput, DeploymentInput, DeploymentView, DiffRef};
use gw_wire::{
    aws::{CreateDeployment, Deployment, api_summary},
    gatewright::{RELEASE_HEADER, WARNINGS_HEADER},
    patch::patch_description,
};

use super::paths::{InApi, Within};
use crate::extract::{
    Answer, Call, Input, Params, accepted, created, edited, keep, list, ok, patches, with_header,
};

fn answer(view: &DeploymentView) -> Deployment {
    Deployment {
        id: view.id.to_string(),
        description: view.description.clone(),
        created_date: view.created_at.unix_timestamp(),
        api_summary: None,
        gatewright_warnings: view.warnings.clone(),
    }
}

/// `CreateDeployment`. With `gatewright=strict`, faults that AWS would deploy
/// and answer at run time refuse it.
pub(crate) async fn create(
    call: Call,
    Path(path): InApi,
    params: Params,
    Input(input): Input<CreateDeployment>,
) -> Answer {
    input.check()?;
    let input = DeploymentInput {
        description: input.description.filter(|text| !text.is_empty()),
        stage_name: input.stage_name.filter(|name| !name.is_empty()).map(Into::into),
        stage_description: input.stage_description.filter(|text| !text.is_empty()),
        variables: input.variables,
        cache_cluster_enabled: input.cache_cluster_enabled,
        cache_cluster_size: input.cache_cluster_size,
        tracing_enabled: input.tracing_enabled,
        canary: input.canary_settings.map(|canary| CanaryInput {
            percent_traffic: canary.percent_traffic,
            stage_variable_overrides: canary.stage_variable_overrides,
            use_stage_cache: canary.use_stage_cache,
        }),
        strict: params.has("gatewright", "strict"),
    };
    let made = call.deployment_create(&call.caller, &path.rest_api, &input).await?;
    let mut response = created(answer(&made.deployment));
    if let Some(stage) = &made.stage {
        response = with_header(response, RELEASE_HEADER, &stage.desired.number.to_string());
    }
    warned(response, &made.deployment.warnings)
}

/// Tells in a header how many warnings the body holds.
fn warned(response: Answer, warnings: &[String]) -> Answer {
    let Some(first) = warnings.first() else { return response };
    let short: String =
        first.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(120).collect();
    let text = format!("{}: {short}", warnings.len());
    with_header(response, WARNINGS_HEADER, &text)
}

/// `GetDeployment`; `embed=apisummary` tells its methods.
pub(crate) async fn get(call: Call, Path(path): Within, params: Params) -> Answer {
    let id = path.id.into();
    let view = call.deployment_fetch(&call.caller, &path.rest_api, &id).await?;
    let mut body = answer(&view);
    if params.has("embed", "apisummary") {
        let reference = DiffRef::Deployment(id);
        let api = call.declared_form(&call.caller, &path.rest_api, &reference).await?;
        body.api_summary = Some(api_summary(&api));
    }
    ok(body)
}

/// `GetDeployments`.
pub(crate) async fn get_all(call: Call, Path(path): InApi, params: Params) -> Answer {
    let request = params.page_request()?;
    list(&call.deployment_list(&call.caller, &path.rest_api, &request).await?, answer)
}

/// `UpdateDeployment`.
pub(crate) async fn update(call: Call, Path(path): Within, body: Bytes) -> Answer {
    let operations = patches("updateDeploymentInput", &body)?;
    let id = path.id.into();
    let mut fault = None;
    let edit = |description: &mut Option<String>| {
        keep(&mut fault, patch_description(description, &operations))
    };
    let result = call.deployment_update(&call.caller, &path.rest_api, &id, edit).await;
    ok(answer(&edited(fault, result)?))
}

/// `DeleteDeployment`.
pub(crate) async fn delete(call: Call, Path(path): Within) -> Answer {
    call.deployment_delete(&call.caller, &path.rest_api, &path.id.into()).await?;
    accepted()
}
