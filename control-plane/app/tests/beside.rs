//! Certificates, links and tags when several act at once, and across scopes.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{collections::BTreeMap, sync::Arc};

use gw_app::{Caller, Error, LinkStatus, NewVpcLink, PageRequest, RollbackInput};
use gw_model::{
    ApiId, FactName, Scope, StageName, Taggable,
    fact::{ClientCertificateFact, VpcLinkFact},
};
use support::{Bench, bench};

const ARN: &str =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/inner/50dc6c495c0c9188";

async fn certificate(bench: &Bench) -> String {
    let none = BTreeMap::new();
    bench.app.client_certificate_generate(&bench.caller, None, &none).await.unwrap().id
}

async fn name(bench: &Bench, api: &ApiId, id: Option<&str>) -> gw_app::Result<()> {
    let stage = StageName::from("prod");
    let edit = |draft: &mut gw_app::StageDraft| {
        draft.settings.client_certificate_id = id.map(str::to_owned);
        Ok(())
    };
    bench.app.stage_update(&bench.caller, api, &stage, edit).await.map(drop)
}

fn link(name: &str) -> NewVpcLink {
    NewVpcLink {
        name: name.to_owned(),
        description: None,
        target_arn: ARN.to_owned(),
        tags: BTreeMap::new(),
    }
}

async fn addresses(bench: &Bench, id: &str) -> Vec<String> {
    let mut txn = bench.app.store().read().await.unwrap();
    let name = FactName::VpcLink(bench.caller.scope.clone(), id.to_owned());
    let fact = txn.fact_fetch(&name).await.unwrap().unwrap();
    let fact: VpcLinkFact = serde_json::from_slice(&fact.content).unwrap();
    fact.addresses.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_named_or_deleted_never_both() {
    let bench = bench().await;
    let (api, _) = bench.api("a").await;
    bench.deploy(&api, "prod").await;
    let (mut named, mut deleted) = (0, 0);
    for round in 0..12 {
        let id = certificate(&bench).await;
        let naming = name(&bench, &api, Some(&id));
        let deleting = async {
            // Both come first now and then.
            tokio::time::sleep(std::time::Duration::from_millis(round)).await;
            bench.app.client_certificate_delete(&bench.caller, &id).await
        };
        let (naming, deleting) = tokio::join!(naming, deleting);
        let there = bench.app.client_certificate_fetch(&bench.caller, &id).await.is_ok();
        match (naming, deleting) {
            (Ok(()), Err(Error::BadRequest(_))) => {
                assert!(there);
                named += 1;
                name(&bench, &api, None).await.unwrap();
            }
            (Err(Error::NotFound { .. }), Ok(())) => {
                assert!(!there);
                deleted += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(named + deleted, 12);
}

#[tokio::test]
async fn a_rollback_does_not_bring_a_deleted_certificate_back() {
    let bench = bench().await;
    let (api, _) = bench.api("a").await;
    bench.deploy(&api, "prod").await;
    let id = certificate(&bench).await;
    name(&bench, &api, Some(&id)).await.unwrap();
    name(&bench, &api, None).await.unwrap();
    bench.app.client_certificate_delete(&bench.caller, &id).await.unwrap();
    let back =
        RollbackInput { to: Some(gw_model::ReleaseNumber(2)), all: true, ..Default::default() };
    let stage = StageName::from("prod");
    let refused = bench.app.rollback(&bench.caller, &api, &stage, back).await.unwrap_err();
    assert!(matches!(refused, Error::NotFound { .. }), "{refused:?}");
    // Without its settings the release is as good as any.
    let back = RollbackInput { all: false, ..back };
    bench.app.rollback(&bench.caller, &api, &stage, back).await.unwrap();
}

#[tokio::test]
async fn nodes_get_the_key_of_the_certificate_that_is_shown() {
    let bench = bench().await;
    let id = certificate(&bench).await;
    let name = FactName::ClientCertificate(bench.caller.scope.clone(), id.clone());
    let mut txn = bench.app.store().read().await.unwrap();
    let row = txn.fact_fetch(&name).await.unwrap().unwrap();
    drop(txn);
    let opened = bench.app.fact_content(&row).unwrap();
    assert_ne!(*opened, row.content);
    let fact: ClientCertificateFact = serde_json::from_slice(&opened).unwrap();
    let shown = bench.app.client_certificate_fetch(&bench.caller, &id).await.unwrap();
    let base64: String =
        shown.certificate_pem.lines().filter(|line| !line.starts_with('-')).collect();
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    assert_eq!(STANDARD.decode(base64).unwrap(), fact.certificate);
    let key = rcgen::KeyPair::try_from(fact.key).unwrap();
    assert!(
        fact.certificate.windows(key.public_key_raw().len()).any(|w| w == key.public_key_raw())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_targets_agree_whoever_comes_first() {
    let bench = Arc::new(bench().await);
    let making: Vec<_> = (0..12)
        .map(|n| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move {
                bench.app.vpc_link_create(&bench.caller, &link(&format!("l{n}"))).await.unwrap()
            })
        })
        .collect();
    for port in 1..=6 {
        let address = format!("10.0.0.1:{port}").parse().unwrap();
        bench.app.vpc_target_put(&bench.caller, "inner", &[address]).await.unwrap();
    }
    for made in making {
        let made = made.await.unwrap();
        assert_eq!(made.status, LinkStatus::Pending);
        assert_eq!(addresses(&bench, &made.link.id).await, ["10.0.0.1:6"]);
        let now = bench.app.vpc_link_fetch(&bench.caller, &made.link.id).await.unwrap();
        assert_eq!(now.status, LinkStatus::Available);
    }
}

#[tokio::test]
async fn scopes_do_not_meet() {
    let bench = bench().await;
    let other = Caller { scope: Scope::new("000000000000", "eu-west-1"), ..bench.caller.clone() };
    let id = certificate(&bench).await;
    let made = bench.app.vpc_link_create(&bench.caller, &link("l")).await.unwrap().link.id;
    let address = "10.0.0.1:1".parse().unwrap();
    bench.app.vpc_target_put(&other, "inner", &[address]).await.unwrap();
    assert!(addresses(&bench, &made).await.is_empty(), "a target is for its own scope");
    assert!(bench.app.client_certificate_fetch(&other, &id).await.is_err());
    assert!(bench.app.client_certificate_delete(&other, &id).await.is_err());
    assert!(bench.app.vpc_link_fetch(&other, &made).await.is_err());
    let first = PageRequest::first(10);
    assert!(bench.app.vpc_link_list(&other, &first).await.unwrap().items.is_empty());
    assert!(bench.app.client_certificate_list(&other, &first).await.unwrap().items.is_empty());
    for resource in [Taggable::VpcLink(made.clone()), Taggable::ClientCertificate(id.clone())] {
        let tags = [("a".to_owned(), "b".to_owned())].into();
        assert!(bench.app.tags_add(&other, &resource, &tags).await.is_err());
        bench.app.tags_add(&bench.caller, &resource, &tags).await.unwrap();
        assert_eq!(bench.app.tags_fetch(&bench.caller, &resource).await.unwrap(), tags);
    }
    let operations: Vec<_> = bench.audit().await.into_iter().map(|row| row.operation).collect();
    assert_eq!(
        operations,
        [
            "TagResource",
            "TagResource",
            "PutVpcTarget",
            "CreateVpcLink",
            "GenerateClientCertificate"
        ]
    );
}
