//! A domain of one's own: a certificate, base paths, and requests by its host.

use std::{env, fs};

use crate::{
    client::{FORBIDDEN, Result, Story, replace},
    working_copy::Place,
};

const NAME: &str = "rust.stories.test";

async fn by_host(story: &Story, path: &str, expected: (u16, &str)) -> Result<()> {
    let (status, text) = story.get(path, ("host", NAME)).await?;
    assert_eq!((status, text.as_str()), expected, "{NAME}{path}");
    Ok(())
}

pub(crate) async fn tell(story: &Story, place: &Place) -> Result<()> {
    let sdk = &story.sdk;
    let folder = env::var("STORY_CERTIFICATES")?;
    let read = |name: &str| fs::read_to_string(format!("{folder}/{name}.pem"));
    sdk.create_domain_name()
        .domain_name(NAME)
        .certificate_body(read("certificate")?)
        .certificate_private_key(read("key")?)
        .send()
        .await?;
    let mapping = sdk.create_base_path_mapping().domain_name(NAME).base_path("v1");
    mapping.rest_api_id(&place.api).stage("prod").send().await?;
    by_host(story, "/v1/pets", (200, "two")).await?;
    let renamed = replace("/basePath", "v2");
    let mapping = sdk.update_base_path_mapping().domain_name(NAME).base_path("v1");
    mapping.patch_operations(renamed).send().await?;
    by_host(story, "/v2/pets", (200, "two")).await?;
    by_host(story, "/v1/pets", FORBIDDEN).await?;
    let one = sdk.get_base_path_mapping().domain_name(NAME).base_path("v2").send().await?;
    assert_eq!(one.rest_api_id(), Some(place.api.as_str()));
    let all = sdk.get_base_path_mappings().domain_name(NAME).send().await?;
    assert_eq!(all.items().len(), 1);
    let shown = sdk.get_domain_name().domain_name(NAME).send().await?;
    assert_eq!(shown.domain_name(), Some(NAME));
    let names = sdk.get_domain_names().limit(500).send().await?;
    assert!(names.items().iter().any(|item| item.domain_name() == Some(NAME)));
    sdk.delete_base_path_mapping().domain_name(NAME).base_path("v2").send().await?;
    sdk.delete_domain_name().domain_name(NAME).send().await?;
    let gone = sdk.get_domain_name().domain_name(NAME).send().await;
    assert!(gone.unwrap_err().into_service_error().is_not_found_exception());
    Ok(())
}
