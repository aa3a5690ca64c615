//! The calls that several commands make.

use gw_wire::aws::{Resource, RestApi, Stage};
use gw_wire::page::List;
use http::Method;
use serde::{Deserialize, de::DeserializeOwned};

use crate::client::{Body, Client, Path};
use crate::error::{Error, Result};

/// All REST APIs.
pub(crate) async fn apis(client: &Client) -> Result<Vec<RestApi>> {
    pages(client, &["restapis"]).await
}

/// All resources of an API.
pub(crate) async fn resources(client: &Client, api: &str) -> Result<Vec<Resource>> {
    pages(client, &["restapis", api, "resources"]).await
}

/// A whole list, page by page.
async fn pages<T: DeserializeOwned>(client: &Client, segments: &[&str]) -> Result<Vec<T>> {
    let mut all = Vec::new();
    let mut position: Option<String> = None;
    loop {
        let path =
            Path::of(segments).with("limit", "500").with_some("position", position.as_deref());
        let page: List<T> = client.get(path).await?;
        all.extend(page.item);
        match page.position {
            Some(next) if position.as_ref() != Some(&next) => position = Some(next),
            _ => return Ok(all),
        }
    }
}

/// The API that `wanted` names: by id, else by its whole name.
pub(crate) fn pick<'a>(all: &'a [RestApi], wanted: &str) -> Result<Option<&'a RestApi>> {
    if let Some(api) = all.iter().find(|api| api.id == wanted) {
        return Ok(Some(api));
    }
    let named: Vec<_> = all.iter().filter(|api| api.name == wanted).collect();
    match named.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        many => {
            let ids: Vec<_> = many.iter().map(|api| api.id.as_str()).collect();
            Err(Error::usage(format!("{} APIs are named `{wanted}`", many.len()))
                .hint(format!("say which by its id: {}", ids.join(", "))))
        }
    }
}

/// The API that must exist.
pub(crate) async fn api(client: &Client, wanted: &str) -> Result<RestApi> {
    let all = apis(client).await?;
    pick(&all, wanted)?.cloned().ok_or_else(|| {
        Error::refused(format!("there is no API with the id or name `{wanted}`"))
            .hint("`gwctl apis` lists them")
    })
}

/// A stage of an API; `None` when there is none of that name.
pub(crate) async fn stage(client: &Client, api: &str, name: &str) -> Result<Option<Stage>> {
    Ok(stages(client, api).await?.into_iter().find(|stage| stage.stage_name == name))
}

/// The stages of an API.
pub(crate) async fn stages(client: &Client, api: &str) -> Result<Vec<Stage>> {
    #[derive(Deserialize)]
    struct Stages {
        #[serde(default)]
        item: Vec<Stage>,
    }
    let stages: Stages = client.get(Path::of(&["restapis", api, "stages"])).await?;
    Ok(stages.item)
}

/// The path of a stage below `/gatewright/v1`.
pub(crate) fn stage_path(api: &str, stage: &str, rest: &[&str]) -> Path {
    let mut segments = vec!["restapis", api, "stages", stage];
    segments.extend(rest);
    Path::own(&segments)
}

/// Replaces or creates an API from a document; answers the API.
pub(crate) async fn put_document(
    client: &Client,
    existing: Option<&str>,
    backend: Option<&str>,
    document: Body,
) -> Result<RestApi> {
    let (method, path) = match existing {
        Some(id) => (Method::PUT, Path::of(&["restapis", id]).with("mode", "overwrite")),
        None => (Method::POST, Path::of(&["restapis"]).with("mode", "import")),
    };
    let path = path.with("gatewright", "adapt").with_some("backend", backend);
    let answer = client.call(method, path, document).await?;
    serde_json::from_slice(&answer.body)
        .map_err(|e| Error::failed(format!("the import's answer is odd: {e}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn api(id: &str, name: &str) -> RestApi {
        let value = serde_json::json!({
            "id": id, "name": name, "createdDate": 1_700_000_000, "rootResourceId": "r00troot00"
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn an_id_wins_over_a_name_and_two_names_are_an_error() {
        let all = [api("aaaaaaaaaa", "pets"), api("bbbbbbbbbb", "aaaaaaaaaa"), api("c", "twice")];
        let id = |wanted: &str| pick(&all, wanted).unwrap().map(|api| api.id.clone());
        assert_eq!(id("pets").as_deref(), Some("aaaaaaaaaa"));
        assert_eq!(id("aaaaaaaaaa").as_deref(), Some("aaaaaaaaaa"));
        assert_eq!(id("PETS"), None);
        let twice = [api("c", "twice"), api("d", "twice")];
        let error = pick(&twice, "twice").unwrap_err().to_string();
        assert!(error.contains("c, d"), "{error}");
    }
}
