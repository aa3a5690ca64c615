//! What stands around methods: validators, words of refusals, documentation,
//! certificates, links, and documents in and out.

use aws_sdk_apigateway::types::{
    DocumentationPartLocation, DocumentationPartType, GatewayResponseType, PutMode,
};
use aws_smithy_types::Blob;

use crate::client::{Result, Story, replace};

pub(crate) async fn checks(story: &Story, api: &str) -> Result<()> {
    let sdk = &story.sdk;
    let made = sdk.create_request_validator().rest_api_id(api).name("v").send().await?;
    let id = made.id().unwrap();
    let update = sdk.update_request_validator().rest_api_id(api).request_validator_id(id);
    update.patch_operations(replace("/validateRequestBody", "true")).send().await?;
    let shown = sdk.get_request_validator().rest_api_id(api).request_validator_id(id);
    assert!(shown.send().await?.validate_request_body());
    let listed = sdk.get_request_validators().rest_api_id(api).send().await?;
    assert_eq!(listed.items().len(), 1);
    sdk.delete_request_validator().rest_api_id(api).request_validator_id(id).send().await?;

    let kind = GatewayResponseType::Default4Xx;
    let own = sdk.put_gateway_response().rest_api_id(api).response_type(kind.clone());
    own.response_templates("application/json", "$context.error.responseType").send().await?;
    sdk.create_deployment().rest_api_id(api).stage_name("prod").send().await?;
    story.met(api, "prod/nowhere", (403, "MISSING_AUTHENTICATION_TOKEN")).await?;
    let shown = sdk.get_gateway_response().rest_api_id(api).response_type(kind.clone());
    assert!(!shown.send().await?.default_response());
    let all = sdk.get_gateway_responses().rest_api_id(api).limit(500).send().await?;
    assert_eq!(all.items().len(), 21);
    sdk.delete_gateway_response().rest_api_id(api).response_type(kind).send().await?;
    Ok(())
}

pub(crate) async fn documentation(story: &Story, api: &str) -> Result<()> {
    let sdk = &story.sdk;
    let location =
        DocumentationPartLocation::builder().r#type(DocumentationPartType::Api).build()?;
    let part = sdk.create_documentation_part().rest_api_id(api).location(location);
    let part = part.properties(r#"{"description":"by Rust"}"#).send().await?;
    let id = part.id().unwrap();
    let shown = sdk.get_documentation_part().rest_api_id(api).documentation_part_id(id);
    assert!(shown.send().await?.properties().unwrap().contains("by Rust"));
    let version = sdk.create_documentation_version().rest_api_id(api);
    version.documentation_version("v1").send().await?;
    let versions = sdk.get_documentation_versions().rest_api_id(api).send().await?;
    assert_eq!(versions.items()[0].version(), Some("v1"));
    let version = sdk.delete_documentation_version().rest_api_id(api);
    version.documentation_version("v1").send().await?;
    sdk.delete_documentation_part().rest_api_id(api).documentation_part_id(id).send().await?;
    let parts = sdk.get_documentation_parts().rest_api_id(api).send().await?;
    assert!(parts.items().is_empty());
    Ok(())
}

pub(crate) async fn certificates_links_account(story: &Story) -> Result<()> {
    let sdk = &story.sdk;
    let made = sdk.generate_client_certificate().description("rust").send().await?;
    let id = made.client_certificate_id().unwrap();
    assert!(made.expiration_date().unwrap().secs() > made.created_date().unwrap().secs());
    let shown = sdk.get_client_certificate().client_certificate_id(id).send().await?;
    assert!(shown.pem_encoded_certificate().unwrap().contains("BEGIN CERTIFICATE"));
    sdk.delete_client_certificate().client_certificate_id(id).send().await?;

    let target = format!(
        "arn:aws:elasticloadbalancing:{}:000000000000:loadbalancer/net/in/0123456789",
        story.region
    );
    let made = sdk.create_vpc_link().name("rust-link").target_arns(&target).send().await?;
    let id = made.id().unwrap();
    let shown = sdk.get_vpc_link().vpc_link_id(id).send().await?;
    assert_eq!(shown.target_arns(), [target]);
    sdk.delete_vpc_link().vpc_link_id(id).send().await?;

    let account = sdk.get_account().send().await?;
    assert!(account.throttle_settings().unwrap().burst_limit() > 0);
    Ok(())
}

/// What was exported makes an API that answers the same.
pub(crate) async fn documents(story: &Story, api: &str) -> Result<()> {
    let sdk = &story.sdk;
    let export = sdk.get_export().rest_api_id(api).stage_name("prod").export_type("oas30");
    let export = export.parameters("extensions", "integrations").accepts("application/json");
    let body = export.send().await?.body().unwrap().as_ref().to_vec();
    let document: serde_json::Value = serde_json::from_slice(&body)?;
    assert!(document["paths"]["/pets"]["get"].is_object(), "{document}");
    let copy = sdk.import_rest_api().body(Blob::new(body.clone())).send().await?;
    let copy = copy.id().unwrap();
    let put = sdk.put_rest_api().rest_api_id(copy).mode(PutMode::Merge);
    put.body(Blob::new(body)).send().await?;
    sdk.create_deployment().rest_api_id(copy).stage_name("again").send().await?;
    story.met(copy, "again/pets", (200, "two")).await?;
    sdk.delete_rest_api().rest_api_id(copy).send().await?;
    Ok(())
}
