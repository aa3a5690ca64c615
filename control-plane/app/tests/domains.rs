//! What nodes are told of custom domains, and that issued certificates are
//! renewed in time.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use gw_app::{
    App, Clock, DomainKey, Error, MasterKey, NewDomain, NewRestApi, Parts, SystemEntropy,
};
use gw_model::{
    BasePathMapping, DomainName, EndpointType, FactName, RoutingMode, fact::DomainFact,
};
use gw_store::Store;
use gw_testkit::postgres::TestDatabase;
use support::{app_over, bench, caller};
use time::{Duration, OffsetDateTime};

/// A loaded machine is no broken database.
fn patient(url: &str) -> Store {
    app_over(url, std::time::Duration::from_secs(60)).store().clone()
}

/// A clock that the test moves.
#[derive(Default)]
struct Later(AtomicI64);

impl Clock for Later {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + Duration::days(self.0.load(Ordering::Relaxed))
    }
}

fn domain(name: &str) -> NewDomain {
    NewDomain {
        domain: DomainName {
            name: name.to_owned(),
            endpoint_types: vec![EndpointType::Regional],
            regional_certificate_arn: Some("arn:aws:acm:eu-west-1:1:certificate/x".to_owned()),
            security_policy: "TLS_1_2".to_owned(),
            ..DomainName::default()
        },
        certificate: None,
        tags: [("a".to_owned(), "b".to_owned())].into(),
    }
}

fn key(name: &str) -> DomainKey {
    DomainKey { name: name.to_owned(), id: None }
}

/// The domain as nodes get it, with the revision number of its last change.
async fn fact(app: &App, name: &str) -> Option<(DomainFact, u64)> {
    let mut txn = app.store().read().await.unwrap();
    let row = txn.fact_fetch(&FactName::Domain(name.to_owned())).await.unwrap()?;
    assert!(row.sealed, "it holds a private key");
    let content = app.fact_content(&row).unwrap();
    Some((serde_json::from_slice(&content).unwrap(), row.version))
}

#[tokio::test]
async fn nodes_learn_what_changes_and_nothing_else() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, _) = bench.api("a").await;
    bench.deploy(&api, "prod").await;
    app.domain_create(caller, &domain("a.example.com")).await.unwrap();
    let (made, first) = fact(app, "a.example.com").await.unwrap();
    assert_eq!(
        (made.name.as_str(), made.mappings.len(), made.refused),
        ("a.example.com", 0, false)
    );
    let certificate = made.certificate.clone().unwrap();
    assert!(certificate.chain_pem.contains("BEGIN CERTIFICATE"));
    assert!(certificate.key_pem.contains("BEGIN PRIVATE KEY"));

    let mapping = BasePathMapping {
        base_path: "v1".to_owned(),
        api: api.clone(),
        stage: Some("prod".into()),
    };
    app.mapping_create(caller, &key("a.example.com"), &mapping).await.unwrap();
    let (mapped, second) = fact(app, "a.example.com").await.unwrap();
    assert_eq!(mapped.mappings, [mapping]);
    assert_eq!(mapped.certificate, made.certificate);
    assert!(second > first);

    // A name for people is nothing to nodes.
    let edit = |domain: &mut DomainName| {
        domain.regional_certificate_name = Some("n".to_owned());
        Ok(())
    };
    app.domain_update(caller, &key("a.example.com"), edit).await.unwrap();
    assert_eq!(fact(app, "a.example.com").await.unwrap().1, second);
    let edit = |domain: &mut DomainName| {
        domain.routing_mode = RoutingMode::RoutingRuleOnly;
        Ok(())
    };
    app.domain_update(caller, &key("a.example.com"), edit).await.unwrap();
    let (unmapped, _) = fact(app, "a.example.com").await.unwrap();
    assert!(unmapped.mappings.is_empty() && !unmapped.tls13_only);
    let edit = |domain: &mut DomainName| {
        domain.security_policy = "SecurityPolicy_TLS13_1_3_2025_09".to_owned();
        Ok(())
    };
    app.domain_update(caller, &key("a.example.com"), edit).await.unwrap();
    assert!(fact(app, "a.example.com").await.unwrap().0.tls13_only);
    app.domain_delete(caller, &key("a.example.com")).await.unwrap();
    assert!(fact(app, "a.example.com").await.is_none());
}

#[tokio::test]
async fn one_of_many_gets_a_name() {
    let bench = bench().await;
    let attempts: Vec<_> = (0..8)
        .map(|at| {
            let (app, mut caller) = (bench.app.clone(), bench.caller.clone());
            caller.scope.region = format!("region-{at}").as_str().into();
            tokio::spawn(async move { app.domain_create(&caller, &domain("a.b")).await })
        })
        .collect();
    let mut made = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            Ok(_) => made += 1,
            // Whether it was there before or came meanwhile: nobody can tell.
            Err(Error::BadRequest(text)) => {
                assert_eq!(text, "The domain name you provided already exists.");
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn other_accounts_do_not_share_a_parent_with_a_wildcard() {
    let bench = bench().await;
    let app = &bench.app;
    let mut other = caller();
    other.scope.account = "111111111111".into();
    app.domain_create(&other, &domain("a.example.com")).await.unwrap();
    for (name, allowed) in
        [("*.example.com", false), ("b.example.com", true), ("*.example.org", true)]
    {
        let outcome = app.domain_create(&bench.caller, &domain(name)).await;
        assert_eq!(outcome.is_ok(), allowed, "{name}");
    }
    assert!(app.domain_create(&other, &domain("x.example.org")).await.is_err());
    assert!(app.domain_create(&other, &domain("*.example.com")).await.is_err(), "b is in the way");
    let mine = app.domain_fetch(&bench.caller, &key("a.example.com")).await;
    assert!(mine.is_err(), "another account's domain is not there");
}

#[tokio::test]
async fn issued_certificates_are_renewed_before_they_end() {
    let database = TestDatabase::create().await;
    let store = patient(database.url());
    store.migrate().await.unwrap();
    let clock = Arc::new(Later::default());
    let mut parts = Parts::new(store, MasterKey::generate(&SystemEntropy::default()));
    parts.clock = clock.clone();
    let app = App::new(parts);
    app.domain_create(&caller(), &domain("a.example.com")).await.unwrap();
    let first = fact(&app, "a.example.com").await.unwrap();
    assert_eq!(app.domain_certificates_renew().await.unwrap(), 0);
    clock.0.store(320, Ordering::Relaxed);
    assert_eq!(app.domain_certificates_renew().await.unwrap(), 1);
    let second = fact(&app, "a.example.com").await.unwrap();
    assert_ne!(first.0.certificate, second.0.certificate);
    assert!(second.1 > first.1, "nodes are told");
    assert_eq!(app.domain_certificates_renew().await.unwrap(), 0);
}

#[tokio::test]
async fn quotas_are_kept() {
    let database = TestDatabase::create().await;
    let store = patient(database.url());
    store.migrate().await.unwrap();
    let mut parts = Parts::new(store, MasterKey::generate(&SystemEntropy::default()));
    parts.limits.domain_names = 1;
    parts.limits.mappings_per_domain = 1;
    let app = App::new(parts);
    let caller = caller();
    app.domain_create(&caller, &domain("a.example.com")).await.unwrap();
    let error = app.domain_create(&caller, &domain("b.example.com")).await.unwrap_err();
    assert!(matches!(error, Error::LimitExceeded(_)), "{error}");
    let api = app.rest_api_create(&caller, NewRestApi::named("a")).await.unwrap().api.id;
    let mut mapping = BasePathMapping { base_path: "v1".to_owned(), api, stage: None };
    app.mapping_create(&caller, &key("a.example.com"), &mapping).await.unwrap();
    mapping.base_path = "v2".to_owned();
    let error = app.mapping_create(&caller, &key("a.example.com"), &mapping).await.unwrap_err();
    assert!(matches!(error, Error::LimitExceeded(_)), "{error}");
}
