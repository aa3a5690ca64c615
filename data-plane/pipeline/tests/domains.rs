//! Requests by custom domains.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use gw_model::{BasePathMapping, FactName, HttpMethod::Get, fact::DomainFact};
use http::Request;
use http_body_util::Full;
use support::*;

const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;

/// Publishes a world in which `name` is a domain with these mappings to the
/// API `abc`.
fn publish(gateway: &Gateway, name: &str, mappings: &[(&str, Option<&str>)], refused: bool) {
    let mappings = mappings
        .iter()
        .map(|(base_path, stage)| BasePathMapping {
            base_path: (*base_path).to_owned(),
            api: "abc".into(),
            stage: stage.map(Into::into),
        })
        .collect();
    let fact = DomainFact {
        name: name.to_owned(),
        certificate: None,
        mappings,
        refused,
        tls13_only: false,
    };
    let content = serde_json::to_vec(&fact).unwrap();
    let name = FactName::Domain(name.to_owned());
    let (next, unreadable) = gateway.world.load().with_facts([(&name, &*content)], []);
    assert_eq!(unreadable, []);
    gateway.world.publish(Arc::new(next));
}

async fn get(gateway: &Gateway, host: &str, path: &str) -> (u16, String) {
    let request = Request::get(path).header("host", host);
    let answer = gateway.send(request.body(Full::<Bytes>::default()).unwrap()).await;
    (answer.status.as_u16(), answer.text().to_owned())
}

fn ok(text: &str) -> (u16, String) {
    (200, text.to_owned())
}

fn forbidden() -> (u16, String) {
    (403, FORBIDDEN.to_owned())
}

#[test]
fn base_paths_are_cut_off_and_told() {
    on_core(async {
        let told = "$context.domainName $context.domainPrefix $context.path $context.stage";
        let api = api(vec![("/pets", Get, mock("200", told)), ("/", Get, mock("200", "root"))]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        assert_eq!(get(&gateway, "api.shop.test", "/v1/pets").await, forbidden());
        let mappings = [("v1", Some("prod")), ("free", None), ("gone", Some("none"))];
        publish(&gateway, "api.shop.test", &mappings, false);
        for (host, path, expected) in [
            ("api.shop.test", "/v1/pets", ok("api.shop.test api /v1/pets prod")),
            ("api.shop.test:8443", "/v1/pets", ok("api.shop.test api /v1/pets prod")),
            ("api.shop.test", "/free/prod/pets", ok("api.shop.test api /free/prod/pets prod")),
            ("api.shop.test", "/v1", ok("root")),
            ("api.shop.test", "/v1/", ok("root")),
            ("api.shop.test", "/pets", forbidden()),
            ("api.shop.test", "/free/none/pets", forbidden()),
            ("api.shop.test", "/gone/pets", forbidden()),
            ("www.shop.test", "/v1/pets", forbidden()),
            ("shop.test", "/v1/pets", forbidden()),
            // The default endpoint goes on beside it.
            ("abc.execute-api.localhost", "/prod/", ok("root")),
        ] {
            assert_eq!(get(&gateway, host, path).await, expected, "{host}{path}");
        }
        // A wildcard takes what has no name of its own.
        publish(&gateway, "*.shop.test", &[("", Some("prod"))], false);
        assert_eq!(get(&gateway, "WWW.shop.test", "/").await, ok("root"));
        assert_eq!(get(&gateway, "api.shop.test", "/").await, forbidden());
    });
}

#[test]
fn the_default_endpoint_can_be_closed() {
    on_core(async {
        let mut api = api(vec![("/", Get, mock("200", "root"))]);
        api.disable_execute_api_endpoint = true;
        let gateway = Gateway::start(vec![stage(&api)]).await;
        publish(&gateway, "api.shop.test", &[("", Some("prod"))], false);
        assert_eq!(get(&gateway, "api.shop.test", "/").await, ok("root"));
        assert_eq!(get(&gateway, "abc.execute-api.localhost", "/prod/").await, forbidden());
        let own = get(&gateway, "api.shop.test", "/_aws/execute-api/abc/prod/").await;
        assert_eq!(own, forbidden());
    });
}

#[test]
fn what_cannot_be_checked_is_refused() {
    on_core(async {
        let gateway = Gateway::start(vec![stage(&api(vec![("/", Get, mock("200", "x"))]))]).await;
        publish(&gateway, "api.shop.test", &[("", Some("prod"))], true);
        assert_eq!(get(&gateway, "api.shop.test", "/").await, forbidden());
        // Nor does a wildcard that serves stand in for it.
        publish(&gateway, "*.shop.test", &[("", Some("prod"))], false);
        assert_eq!(get(&gateway, "api.shop.test", "/").await, forbidden());
        assert_eq!(get(&gateway, "www.shop.test", "/").await, ok("x"));
    });
}
