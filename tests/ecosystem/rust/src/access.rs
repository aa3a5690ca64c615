//! API keys and usage plans, as nodes ask for them.

use aws_sdk_apigateway::types::{ApiStage, Op};

use crate::{
    client::{FORBIDDEN, Result, Story, patch, replace},
    working_copy::Place,
};

const VALUE: &str = "a-key-of-the-rust-story-01234";

/// Whether the story's method asks for a key, from the next deployment on.
async fn ask_for_a_key(story: &Story, place: &Place, asks: &str) -> Result<()> {
    let sdk = &story.sdk;
    let method = sdk.update_method().rest_api_id(&place.api).resource_id(&place.resource);
    let asks = replace("/apiKeyRequired", asks);
    method.http_method("GET").patch_operations(asks).send().await?;
    sdk.create_deployment().rest_api_id(&place.api).stage_name("prod").send().await?;
    Ok(())
}

pub(crate) async fn tell(story: &Story, place: &Place) -> Result<()> {
    let (sdk, api) = (&story.sdk, &place.api);
    let with_key = ("x-api-key", VALUE);
    ask_for_a_key(story, place, "true").await?;
    story.met(api, "prod/pets", FORBIDDEN).await?;
    let key = sdk.create_api_key().name("rust-key").value(VALUE).enabled(true).send().await?;
    let key = key.id().unwrap();
    let stage = ApiStage::builder().api_id(api).stage("prod").build();
    let plan = sdk.create_usage_plan().name("rust-plan").api_stages(stage).send().await?;
    let plan = plan.id().unwrap();
    let join = sdk.create_usage_plan_key().usage_plan_id(plan).key_id(key);
    join.key_type("API_KEY").send().await?;
    story.met_with(api, "prod/pets", with_key, (200, "two")).await?;
    let shown = sdk.get_usage_plan_key().usage_plan_id(plan).key_id(key).send().await?;
    assert_eq!(shown.name(), Some("rust-key"));
    let listed = sdk.get_usage_plan_keys().usage_plan_id(plan).send().await?;
    assert_eq!(listed.items().len(), 1);
    let plans = sdk.get_usage_plans().key_id(key).send().await?;
    assert_eq!(plans.items()[0].id(), Some(plan));

    let disabled = replace("/enabled", "false");
    sdk.update_api_key().api_key(key).patch_operations(disabled).send().await?;
    story.met_with(api, "prod/pets", with_key, FORBIDDEN).await?;
    let shown = sdk.get_api_key().api_key(key).include_value(true).send().await?;
    assert_eq!((shown.value(), shown.enabled()), (Some(VALUE), false));
    let listed = sdk.get_api_keys().name_query("rust-k").send().await?;
    assert_eq!(listed.items().len(), 1);

    sdk.delete_usage_plan_key().usage_plan_id(plan).key_id(key).send().await?;
    let detach = patch(Op::Remove, "/apiStages", &format!("{api}:prod"));
    sdk.update_usage_plan().usage_plan_id(plan).patch_operations(detach).send().await?;
    let shown = sdk.get_usage_plan().usage_plan_id(plan).send().await?;
    assert!(shown.api_stages().is_empty());
    sdk.delete_usage_plan().usage_plan_id(plan).send().await?;
    sdk.delete_api_key().api_key(key).send().await?;
    ask_for_a_key(story, place, "false").await?;
    story.met(api, "prod/pets", (200, "two")).await
}
