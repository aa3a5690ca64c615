//! The whole story of an API by the AWS SDK for Rust, unmodified.
//!
//! Address and credentials come from the environment, as AWS's own names.

mod access;
mod client;
mod domain;
mod releases;
mod surroundings;
mod working_copy;

use client::{Result, Story};

/// The issue asks for as many.
const AT_LEAST: usize = 60;

#[tokio::main]
async fn main() -> Result<()> {
    let story = Story::from_environment()?;
    let place = working_copy::build(&story).await?;
    working_copy::read_back(&story, &place).await?;
    working_copy::models(&story, &place.api).await?;
    releases::tell(&story, &place).await?;
    access::tell(&story, &place).await?;
    domain::tell(&story, &place).await?;
    surroundings::checks(&story, &place.api).await?;
    surroundings::documentation(&story, &place.api).await?;
    surroundings::certificates_links_account(&story).await?;
    surroundings::documents(&story, &place.api).await?;
    story.sdk.delete_rest_api().rest_api_id(&place.api).send().await?;
    let gone = story.sdk.get_rest_api().rest_api_id(&place.api).send().await;
    assert!(gone.unwrap_err().into_service_error().is_not_found_exception());

    let used = story.used();
    assert!(used.len() >= AT_LEAST, "{} operations: {used:?}", used.len());
    println!("rust story: {} operations", used.len());
    Ok(())
}
