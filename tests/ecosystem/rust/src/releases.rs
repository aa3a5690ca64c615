//! Deployments, stages, a canary and its promotion, met at the nodes.

use aws_sdk_apigateway::types::{DeploymentCanarySettings, Op, PatchOperation};

use crate::{
    client::{FORBIDDEN, Result, Story, replace},
    working_copy::Place,
};

/// A copy of one value to another place.
fn copy(from: &str, path: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::Copy).from(from).path(path).build()
}

pub(crate) async fn tell(story: &Story, place: &Place) -> Result<()> {
    let (sdk, api) = (&story.sdk, &place.api);
    let deploy = || sdk.create_deployment().rest_api_id(api).stage_name("prod");
    let first = deploy().send().await?.id().unwrap().to_owned();
    story.met(api, "prod/pets", (200, "one")).await?;
    let response = sdk.update_integration_response().rest_api_id(api).resource_id(&place.resource);
    let two = replace("/responseTemplates/application~1json", "two");
    response.http_method("GET").status_code("200").patch_operations(two).send().await?;
    let canary = DeploymentCanarySettings::builder()
        .percent_traffic(100.0)
        .stage_variable_overrides("color", "blue")
        .build();
    let second = deploy().canary_settings(canary).send().await?.id().unwrap().to_owned();
    story.met(api, "prod/pets", (200, "two")).await?;
    let stage = sdk.get_stage().rest_api_id(api).stage_name("prod").send().await?;
    assert_eq!(stage.deployment_id(), Some(first.as_str()));
    let promoted = sdk
        .update_stage()
        .rest_api_id(api)
        .stage_name("prod")
        .patch_operations(replace("/canarySettings/percentTraffic", "0.0"))
        .patch_operations(copy("/canarySettings/stageVariableOverrides", "/variables"))
        .patch_operations(copy("/canarySettings/deploymentId", "/deploymentId"))
        .send()
        .await?;
    assert_eq!(promoted.deployment_id(), Some(second.as_str()));
    assert_eq!(promoted.variables().unwrap()["color"], "blue");
    let stop = PatchOperation::builder().op(Op::Remove).path("/canarySettings").build();
    let stage = sdk.update_stage().rest_api_id(api).stage_name("prod");
    assert!(stage.patch_operations(stop).send().await?.canary_settings().is_none());

    let beta = sdk.create_stage().rest_api_id(api).stage_name("beta");
    beta.deployment_id(&first).send().await?;
    story.met(api, "beta/pets", (200, "one")).await?;
    assert_eq!(sdk.get_stages().rest_api_id(api).send().await?.item().len(), 2);
    sdk.delete_stage().rest_api_id(api).stage_name("beta").send().await?;
    story.met(api, "beta/pets", FORBIDDEN).await?;
    let update = sdk.update_deployment().rest_api_id(api).deployment_id(&first);
    update.patch_operations(replace("/description", "ONE")).send().await?;
    let shown = sdk.get_deployment().rest_api_id(api).deployment_id(&first).send().await?;
    assert_eq!(shown.description(), Some("ONE"));
    sdk.delete_deployment().rest_api_id(api).deployment_id(&first).send().await?;
    assert_eq!(sdk.get_deployments().rest_api_id(api).send().await?.items().len(), 1);
    Ok(())
}
