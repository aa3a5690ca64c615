//! Facts in the revision log and in the world that nodes are sent.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use gw_app::world::WorldChanges;
use gw_model::{FactName, ResourceName, Revision, Scope};
use support::bench;

fn name(id: &str) -> FactName {
    FactName::VpcLink(Scope::new("000000000000", "us-east-1"), id.to_owned())
}

#[tokio::test]
async fn facts_are_versioned_and_in_log_order() {
    let bench = bench().await;
    let app = &bench.app;
    let (one, two) = (name("one"), name("two"));

    let mut txn = app.store().begin().await.unwrap();
    assert!(txn.fact_put(&one, b"1", false).await.unwrap());
    assert!(txn.fact_put(&two, b"2", true).await.unwrap());
    let first = txn.commit(None).await.unwrap().unwrap();
    let world = app.world_load().await.unwrap();
    let mut facts: Vec<_> = world.facts.iter().map(|f| (&f.name, &*f.content, f.sealed)).collect();
    facts.sort();
    assert_eq!(facts, [(&one, &b"1"[..], false), (&two, &b"2"[..], true)]);
    assert!(world.facts.iter().all(|fact| fact.version == first.number));

    // What is as it was is no change.
    let mut txn = app.store().begin().await.unwrap();
    assert!(!txn.fact_put(&one, b"1", false).await.unwrap());
    assert!(!txn.fact_delete(&name("none")).await.unwrap());
    assert_eq!(txn.commit(None).await.unwrap(), None);

    let mut txn = app.store().begin().await.unwrap();
    assert!(txn.fact_put(&one, b"3", false).await.unwrap());
    assert!(txn.fact_delete(&two).await.unwrap());
    // Nobody ever saw this one.
    assert!(txn.fact_put(&name("three"), b"x", false).await.unwrap());
    assert!(txn.fact_delete(&name("three")).await.unwrap());
    let second = txn.commit(None).await.unwrap().unwrap();
    let WorldChanges::Delta { to, facts, removed, .. } = app.changes_since(first).await.unwrap()
    else {
        panic!()
    };
    assert_eq!((to, facts.len()), (second, 1));
    assert_eq!((&facts[0].name, facts[0].version), (&one, second.number));
    assert_eq!(removed, [ResourceName::Fact(name("three")), ResourceName::Fact(two)]);

    // A transaction that is given up leaves nothing.
    let mut txn = app.store().begin().await.unwrap();
    txn.fact_put(&one, b"4", false).await.unwrap();
    drop(txn);
    assert_eq!(app.revision().await.unwrap(), second);
    assert_eq!(app.world_load().await.unwrap().facts[0].content, b"3");
}

#[tokio::test]
async fn nodes_of_other_replicas_are_waited_for() {
    let bench = bench().await;
    let mut txn = bench.app.store().begin().await.unwrap();
    let node = "n".into();
    let labels = Default::default();
    txn.node_put(gw_store::NewNode { id: &node, labels: &labels }).await.unwrap();
    txn.commit(None).await.unwrap();
    let hello = gw_store::NodeHello {
        id: node.clone(),
        replica: "other".to_owned(),
        build: String::new(),
        traffic_address: String::new(),
        metrics_address: String::new(),
        boot_epoch: 1,
    };
    bench.app.node_connect(&hello).await.unwrap();
    let at = Revision::new(1, 5);
    let mut txn = bench.app.store().read().await.unwrap();
    assert!(txn.nodes_behind(at, &[]).await.unwrap());
    assert!(!txn.nodes_behind(at, std::slice::from_ref(&node)).await.unwrap());
    drop(txn);
    let ack = gw_store::NodeAck {
        id: node,
        replica: "other".to_owned(),
        acked: at,
        at: bench.app.now(),
        draining: false,
    };
    bench.app.nodes_seen(&[ack]).await.unwrap();
    let mut txn = bench.app.store().read().await.unwrap();
    assert!(!txn.nodes_behind(at, &[]).await.unwrap());
    assert!(txn.nodes_behind(Revision::new(2, 0), &[]).await.unwrap());
}
