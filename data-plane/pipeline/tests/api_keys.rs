//! Methods that need an API key.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use gw_model::{
    ApiKeySource, FactName,
    HttpMethod::Get,
    PlanStage, Scope,
    fact::{ApiKeyFact, HashKeyFact, KeyHasher, UsagePlanFact},
};
use http_body_util::Full;
use support::*;

const KEY: &str = "a-key-of-twenty-letters";
const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;

/// Facts for a key in a plan with one stage.
fn facts(value: &str, stage: &str) -> Vec<(FactName, Vec<u8>)> {
    let scope = Scope::new("000000000000", "us-east-1");
    let hash_key = HashKeyFact { key: [7; 32] };
    let hash = KeyHasher::new(&hash_key).hash(&scope, value.as_bytes());
    let key = ApiKeyFact { hash, plans: vec!["plan".to_owned()] };
    let stages =
        vec![PlanStage { api: "abc".into(), stage: stage.into(), throttle: Default::default() }];
    let plan = UsagePlanFact { stages, ..UsagePlanFact::default() };
    vec![
        (FactName::api_key_hash(), serde_json::to_vec(&hash_key).unwrap()),
        (FactName::ApiKey(scope.clone(), "k1".to_owned()), serde_json::to_vec(&key).unwrap()),
        (FactName::UsagePlan(scope, "plan".to_owned()), serde_json::to_vec(&plan).unwrap()),
    ]
}

/// Publishes a world with these facts.
fn publish(gateway: &Gateway, facts: &[(FactName, Vec<u8>)]) {
    let upserts = facts.iter().map(|(name, content)| (name, &**content));
    let (next, unreadable) = gateway.world.load().with_facts(upserts, []);
    assert_eq!(unreadable, []);
    gateway.world.publish(Arc::new(next));
}

async fn with_key(gateway: &Gateway, path: &str, keys: &[&str]) -> Answer {
    let mut request = request("GET", path);
    for key in keys {
        request = request.header("X-API-Key", *key);
    }
    gateway.send(request.body(Full::<Bytes>::default()).unwrap()).await
}

fn keyed(template: &str) -> gw_model::Method {
    gw_model::Method { api_key_required: true, ..mock("200", template) }
}

#[test]
fn keys_open_stages_of_their_plans() {
    on_core(async {
        let template = r#"{"id":"$context.identity.apiKeyId","key":"$context.identity.apiKey"}"#;
        let api =
            api(vec![("/keyed", Get, keyed(template)), ("/free", Get, mock("200", template))]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        let refused = |answer: &Answer| {
            let error = answer.header("x-amzn-errortype").map(str::to_owned);
            assert_eq!((answer.status.as_u16(), answer.text()), (403, FORBIDDEN));
            assert_eq!(error.as_deref(), Some("ForbiddenException"));
        };
        refused(&with_key(&gateway, "/keyed", &[KEY]).await);
        publish(&gateway, &facts(KEY, "test"));
        refused(&with_key(&gateway, "/keyed", &[KEY]).await);
        publish(&gateway, &facts(KEY, "prod"));

        let answer = with_key(&gateway, "/keyed", &[KEY]).await;
        let expected = format!(r#"{{"id":"k1","key":"{KEY}"}}"#);
        assert_eq!((answer.status.as_u16(), answer.text()), (200, expected.as_str()));
        for keys in [&[][..], &[""], &["a-key-of-twenty-Letters"], &[" "], &[KEY, "other"]] {
            refused(&with_key(&gateway, "/keyed", keys).await);
        }
        // A method that needs none looks at none.
        for keys in [&[KEY][..], &["other"], &[]] {
            let answer = with_key(&gateway, "/free", keys).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (200, r#"{"id":"","key":""}"#));
        }

        publish(&gateway, &facts("another-key-of-twenty", "prod"));
        refused(&with_key(&gateway, "/keyed", &[KEY]).await);
    });
}

#[test]
fn keys_of_authorizers_do_not_come_from_clients() {
    on_core(async {
        let mut api = api(vec![("/keyed", Get, keyed("x"))]);
        api.api_key_source = ApiKeySource::Authorizer;
        let gateway = Gateway::start(vec![stage(&api)]).await;
        publish(&gateway, &facts(KEY, "prod"));
        assert_eq!(with_key(&gateway, "/keyed", &[KEY]).await.text(), FORBIDDEN);
    });
}

#[test]
fn backends_are_told_which_key() {
    on_core(async {
        let (backend, seen) = echo().await;
        let map = [("integration.request.header.x-key-id", "context.identity.apiKeyId")];
        let mut method = http_proxy(format!("http://{backend}/"), &map);
        method.api_key_required = true;
        let api = api(vec![("/keyed", Get, method)]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        publish(&gateway, &facts(KEY, "prod"));
        assert_eq!(with_key(&gateway, "/keyed", &[KEY]).await.text(), "ok");
        assert_eq!(seen.borrow()[0].header("x-key-id"), Some("k1"));
    });
}
