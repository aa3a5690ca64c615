//! CORS settings: one transaction, one audit row, the stage as it was.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use gw_app::{CorsScope, Error, NewRestApi};
use gw_model::{Cors, GatewayResponseType, HttpMethod, Integration, IntegrationType, Method};
use support::{bench, get};

fn open() -> Cors {
    Cors { origins: vec!["*".to_owned()], ..Cors::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_change_the_working_copy_and_nothing_else() {
    let bench = bench().await;
    let (api, root) = bench.api("a").await;
    let before = bench.app.working_copy_fetch(&bench.caller, &api).await.unwrap();
    let deployed = bench.deploy(&api, "prod").await;
    let audits = bench.audit().await.len();
    let scope = CorsScope::Resource(root.clone());
    let put =
        async || bench.app.cors_put(&bench.caller, &api, &scope, &open(), true).await.unwrap();
    let view = put().await;
    assert_eq!(view.resources[0].cors.as_ref().unwrap().methods, ["GET", "OPTIONS"]);
    let kinds = [GatewayResponseType::Default4xx, GatewayResponseType::Default5xx];
    assert_eq!(view.gateway_responses, kinds);
    let rows = bench.audit().await;
    assert_eq!((rows.len(), rows[0].operation.as_str()), (audits + 1, "PutCors"));
    assert!(rows[0].resource.ends_with(&format!("/resources/{root}/cors")));

    // The stage serves what it served; the next deployment has the method.
    let (stage, page) = ("prod".into(), gw_app::PageRequest { limit: 5, position: None });
    let history = bench.app.release_history(&bench.caller, &api, &stage, &page).await.unwrap();
    assert_eq!(history.releases.items.len(), 1);
    let again = bench.deploy(&api, "prod").await;
    assert_ne!(again.deployment.id, deployed.deployment.id);
    let copy = bench.app.working_copy_fetch(&bench.caller, &api).await.unwrap();
    assert!(copy.resources[&root].methods.contains_key(&HttpMethod::Options));

    // The same again changes nothing, and what is taken away leaves nothing.
    assert_eq!(put().await, view);
    assert_eq!(bench.app.working_copy_fetch(&bench.caller, &api).await.unwrap(), copy);
    let gone = bench.app.cors_delete(&bench.caller, &api, &scope, true).await.unwrap();
    assert_eq!((gone.resources[0].cors.as_ref(), gone.gateway_responses.len()), (None, 0));
    assert_eq!(bench.app.working_copy_fetch(&bench.caller, &api).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_means_all_or_none() {
    let bench = bench().await;
    let (api, root) = bench.api("a").await;
    let add = async |part: &str| {
        bench.app.resource_create(&bench.caller, &api, &root, part).await.unwrap()
    };
    let bare = add("bare").await;
    let own = add("own").await;
    let mut method = Method::default();
    let mut proxy = Integration::of_kind(IntegrationType::HttpProxy);
    proxy.uri = Some("http://h.example/".to_owned());
    proxy.http_method = Some("ANY".to_owned());
    method.integration = Some(proxy.clone());
    let own_key = gw_app::MethodKey { verb: HttpMethod::Options, ..get(&api, &own.id) };
    bench.app.method_put(&bench.caller, &own_key, method.clone()).await.unwrap();
    bench.app.method_put(&bench.caller, &get(&api, &own.id), method).await.unwrap();
    let before = bench.app.working_copy_fetch(&bench.caller, &api).await.unwrap();
    let put = async |cors: &Cors| {
        bench.app.cors_put(&bench.caller, &api, &CorsScope::All, cors, false).await
    };
    let refused = put(&open()).await.unwrap_err();
    assert!(matches!(&refused, Error::Conflict(text) if text.contains("Resource /own")));
    assert_eq!(bench.app.working_copy_fetch(&bench.caller, &api).await.unwrap(), before);

    bench.app.method_delete(&bench.caller, &own_key).await.unwrap();
    let view = put(&open()).await.unwrap();
    let paths: Vec<_> = view.resources.iter().map(|r| r.path.as_str()).collect();
    assert_eq!(paths, ["/", "/own"], "a resource without methods has nobody to call");
    assert!(bare.resource.methods.is_empty());
    let gone = bench.app.cors_delete(&bench.caller, &api, &CorsScope::All, false).await.unwrap();
    assert!(gone.resources.iter().all(|r| r.cors.is_none()) && gone.resources.len() == 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_cannot_be_is_refused() {
    let bench = bench().await;
    let (api, root) = bench.api("a").await;
    let other = bench.app.rest_api_create(&bench.caller, NewRestApi::named("b")).await.unwrap();
    let put = async |api: &str, scope: CorsScope, cors: &Cors, gateway| {
        let refused = bench.app.cors_put(&bench.caller, &api.into(), &scope, cors, gateway).await;
        refused.unwrap_err().to_string()
    };
    let at = |id: &str| CorsScope::Resource(id.into());
    let text = put(api.as_str(), at("none"), &open(), false).await;
    assert_eq!(text, "resource none does not exist");
    let strange = other.root_resource_id.as_str();
    assert!(put(api.as_str(), at(strange), &open(), false).await.contains("does not exist"));
    assert_eq!(put("no", at("r"), &open(), false).await, "resource r does not exist");
    assert_eq!(put("no", CorsScope::All, &open(), false).await, "REST API no does not exist");
    let bad = Cors { credentials: true, ..open() };
    let root = at(root.as_str());
    assert!(put(api.as_str(), root.clone(), &bad, false).await.starts_with("allowCredentials"));
    let origins = ["https://a.example", "https://b.example"].map(str::to_owned).to_vec();
    let several = Cors { origins, ..Cors::default() };
    let before = bench.app.working_copy_fetch(&bench.caller, &api).await.unwrap();
    assert!(put(api.as_str(), root, &several, true).await.starts_with("gatewayResponses"));
    assert_eq!(bench.app.working_copy_fetch(&bench.caller, &api).await.unwrap(), before);
}
