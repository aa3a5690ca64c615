//! Backends through VPC links, and client certificates that are not there.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use gw_model::{
    ConnectionType, FactName, HttpMethod::Get, IntegrationResponse, IntegrationType, Method, Scope,
};
use support::*;

const REFUSED: &str = r#"{"message": "Internal server error"}"#;

fn link(id: &str) -> FactName {
    FactName::VpcLink(Scope::new("000000000000", "us-east-1"), id.to_owned())
}

fn publish(gateway: &Gateway, facts: &[(FactName, String)], gone: &[FactName]) {
    let upserts = facts.iter().map(|(name, content)| (name, content.as_bytes()));
    let (next, unreadable) = gateway.world.load().with_facts(upserts, gone);
    assert_eq!(unreadable, []);
    gateway.world.publish(Arc::new(next));
}

fn linked(uri: &str, link: &str) -> Method {
    let mut method = http_proxy(uri, &[]);
    let integration = method.integration.as_mut().unwrap();
    integration.connection_type = ConnectionType::VpcLink;
    integration.connection_id = Some(link.to_owned());
    method
}

/// The same as a mapped integration.
fn mapped(mut method: Method) -> Method {
    let integration = method.integration.as_mut().unwrap();
    integration.kind = IntegrationType::Http;
    integration.responses.insert("200".to_owned(), IntegrationResponse::default());
    method
}

#[test]
fn a_link_gives_the_address_and_the_uri_everything_else() {
    on_core(async {
        let (first, first_log) = echo().await;
        let (second, second_log) = echo().await;
        let api = api(vec![
            ("/fixed", Get, linked("http://inner.test:8088/base?a=1", "l1")),
            ("/variable", Get, linked("http://inner.test/", "${stageVariables.link}")),
            ("/mapped", Get, mapped(linked("http://inner.test/x", "${stageVariables.link}"))),
        ]);
        let mut release = release(&api);
        release.variables = [("link".to_owned(), "l1".to_owned())].into();
        let gateway = Gateway::start(vec![bind(&[&api], &release)]).await;
        let to = |addresses: &[String]| {
            (link("l1"), serde_json::json!({ "addresses": addresses }).to_string())
        };
        // Nobody knows the link; then nobody knows where it leads to.
        for facts in [vec![], vec![to(&[])]] {
            publish(&gateway, &facts, &[]);
            for path in ["/fixed", "/mapped"] {
                let answer = gateway.get(path).await;
                assert_eq!((answer.status.as_u16(), answer.text()), (500, REFUSED), "{path}");
            }
        }
        publish(&gateway, &[to(&[first.to_string()])], &[]);
        assert_eq!(gateway.get("/fixed?b=2").await.text(), "ok");
        assert_eq!(gateway.get("/variable").await.text(), "ok");
        assert_eq!(gateway.get("/mapped?b=2").await.text(), "ok");
        {
            let seen = first_log.borrow();
            assert_eq!(seen[0].uri, "/base?a=1&b=2");
            assert_eq!(seen[0].header("host"), Some("inner.test:8088"));
            assert_eq!(seen[1].header("host"), Some("inner.test"));
            assert_eq!((&*seen[2].uri, seen[2].header("host")), ("/x", Some("inner.test")));
        }
        // A kept connection to where the link led before is not used again.
        publish(&gateway, &[to(&[second.to_string()])], &[]);
        for _ in 0..3 {
            assert_eq!(gateway.get("/fixed").await.text(), "ok");
        }
        assert_eq!((first_log.borrow().len(), second_log.borrow().len()), (3, 3));
        publish(&gateway, &[], &[link("l1")]);
        assert_eq!(gateway.get("/fixed").await.status, 500);
    });
}

#[test]
fn without_its_certificate_a_stage_reaches_no_https_backend() {
    on_core(async {
        let (address, log) = echo().await;
        let api = api(vec![
            ("/plain", Get, http_proxy(format!("http://{address}/"), &[])),
            ("/tls", Get, http_proxy(format!("https://{address}/"), &[])),
            ("/mapped", Get, mapped(http_proxy(format!("https://{address}/"), &[]))),
        ]);
        let mut release = release(&api);
        release.settings.client_certificate_id = Some("c1".to_owned());
        let gateway = Gateway::start(vec![bind(&[&api], &release)]).await;
        assert_eq!(gateway.get("/plain").await.text(), "ok", "it is for TLS alone");
        let refused =
            |answer: Answer| assert_eq!((answer.status.as_u16(), answer.text()), (500, REFUSED));
        refused(gateway.get("/tls").await);
        refused(gateway.get("/mapped").await);
        // Nor with one that is none.
        let scope = Scope::new("000000000000", "us-east-1");
        let name = FactName::ClientCertificate(scope, "c1".to_owned());
        publish(&gateway, &[(name, r#"{"certificate":"00","key":"00"}"#.to_owned())], &[]);
        refused(gateway.get("/tls").await);
        assert_eq!(log.borrow().len(), 1);
    });
}
