//! An API built call by call, and every part of it read back.

use aws_sdk_apigateway::types::IntegrationType;

use crate::client::{Result, Story, replace};

/// Where the story's method is: `GET /pets`.
pub(crate) struct Place {
    pub(crate) api: String,
    pub(crate) resource: String,
}

/// An API with a MOCK at `GET /pets` that says "one".
pub(crate) async fn build(story: &Story) -> Result<Place> {
    let sdk = &story.sdk;
    let made = sdk.create_rest_api().name("rust-story").tags("team", "a").send().await?;
    let api = made.id().unwrap();
    let root = made.root_resource_id().unwrap();
    let told = replace("/description", "told");
    sdk.update_rest_api().rest_api_id(api).patch_operations(told).send().await?;
    let shown = sdk.get_rest_api().rest_api_id(api).send().await?;
    assert_eq!(shown.description(), Some("told"));
    let mut pages = sdk.get_rest_apis().into_paginator().page_size(1).items().send();
    let mut found = false;
    while let Some(one) = pages.next().await {
        found |= one?.id() == Some(api);
    }
    assert!(found, "the list has the API");

    let arn = story.arn(&format!("/restapis/{api}"));
    sdk.tag_resource().resource_arn(&arn).tags("stage", "x").send().await?;
    sdk.untag_resource().resource_arn(&arn).tag_keys("team").send().await?;
    let tags = sdk.get_tags().resource_arn(&arn).send().await?;
    assert_eq!(tags.tags().unwrap(), &[("stage".to_owned(), "x".to_owned())].into());

    let add = |part: &str| sdk.create_resource().rest_api_id(api).parent_id(root).path_part(part);
    let resource = add("pets").send().await?.id().unwrap().to_owned();
    let other = add("other").send().await?;
    let other = other.id().unwrap();
    let moved = sdk.update_resource().rest_api_id(api).resource_id(other);
    moved.patch_operations(replace("/pathPart", "cats")).send().await?;
    let cats = sdk.get_resource().rest_api_id(api).resource_id(other).send().await?;
    assert_eq!(cats.path(), Some("/cats"));
    let twice = add("pets").send().await.unwrap_err().into_service_error();
    assert!(twice.is_conflict_exception(), "{twice:?}");
    sdk.delete_resource().rest_api_id(api).resource_id(other).send().await?;
    let listed = sdk.get_resources().rest_api_id(api).send().await?;
    assert_eq!(listed.items().len(), 2);
    let place = Place { api: api.to_owned(), resource };
    mock(story, &place, "one").await?;
    Ok(place)
}

/// What the gateway answers by itself.
async fn mock(story: &Story, place: &Place, text: &str) -> Result<()> {
    let (sdk, api, resource) = (&story.sdk, &place.api, &place.resource);
    let method = sdk.put_method().rest_api_id(api).resource_id(resource).http_method("GET");
    method.authorization_type("NONE").send().await?;
    let answer = sdk.put_method_response().rest_api_id(api).resource_id(resource);
    answer.http_method("GET").status_code("200").send().await?;
    let integration = sdk.put_integration().rest_api_id(api).resource_id(resource);
    let integration = integration
        .http_method("GET")
        .r#type(IntegrationType::Mock)
        .request_templates("application/json", r#"{"statusCode": 200}"#)
        .send()
        .await?;
    assert_eq!(integration.timeout_in_millis(), 29000);
    let answer = sdk.put_integration_response().rest_api_id(api).resource_id(resource);
    let answer = answer.http_method("GET").status_code("200");
    answer.response_templates("application/json", text).send().await?;
    Ok(())
}

/// Each part of a second method alone, and the removal of each.
pub(crate) async fn read_back(story: &Story, place: &Place) -> Result<()> {
    let (sdk, api, resource) = (&story.sdk, &place.api, &place.resource);
    /// A call about `POST /pets`.
    macro_rules! post {
        ($operation:ident) => {
            sdk.$operation().rest_api_id(api).resource_id(resource).http_method("POST")
        };
    }
    post!(put_method).authorization_type("NONE").send().await?;
    post!(update_method).patch_operations(replace("/operationName", "add")).send().await?;
    assert_eq!(post!(get_method).send().await?.operation_name(), Some("add"));
    post!(put_integration)
        .r#type(IntegrationType::HttpProxy)
        .integration_http_method("POST")
        .uri("http://127.0.0.1:9/pets")
        .send()
        .await?;
    post!(update_integration).patch_operations(replace("/timeoutInMillis", "900")).send().await?;
    assert_eq!(post!(get_integration).send().await?.timeout_in_millis(), 900);
    post!(put_method_response).status_code("201").send().await?;
    let shown = post!(get_method_response).status_code("201").send().await?;
    assert_eq!(shown.status_code(), Some("201"));
    post!(put_integration_response).status_code("201").send().await?;
    let pattern = replace("/selectionPattern", "2..");
    let update = post!(update_integration_response).status_code("201");
    update.patch_operations(pattern).send().await?;
    let shown = post!(get_integration_response).status_code("201").send().await?;
    assert_eq!(shown.selection_pattern(), Some("2.."));
    post!(delete_integration_response).status_code("201").send().await?;
    post!(delete_method_response).status_code("201").send().await?;
    post!(delete_integration).send().await?;
    post!(delete_method).send().await?;
    let gone = post!(get_method).send().await.unwrap_err().into_service_error();
    assert!(gone.is_not_found_exception(), "{gone:?}");
    Ok(())
}

/// A model from its making to its end.
pub(crate) async fn models(story: &Story, api: &str) -> Result<()> {
    let sdk = &story.sdk;
    let schema = r#"{"type":"object","properties":{"name":{"type":"string"}}}"#;
    let model = sdk.create_model().rest_api_id(api).name("Pet").content_type("application/json");
    model.schema(schema).send().await?;
    let update = sdk.update_model().rest_api_id(api).model_name("Pet");
    update.patch_operations(replace("/description", "pet")).send().await?;
    let pet = sdk.get_model().rest_api_id(api).model_name("Pet").send().await?;
    assert_eq!(pet.description(), Some("pet"));
    let template = sdk.get_model_template().rest_api_id(api).model_name("Pet").send().await?;
    assert!(template.value().is_some_and(|text| text.contains("name")));
    assert_eq!(sdk.get_models().rest_api_id(api).send().await?.items().len(), 3);
    sdk.delete_model().rest_api_id(api).model_name("Pet").send().await?;
    Ok(())
}
