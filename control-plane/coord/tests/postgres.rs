//! The Postgres implementation against the contract, and what only it can do.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use gw_coord::{Coordinator as _, PostgresCoordinator, Role, contract};
use gw_store::{Options, Store};
use gw_testkit::postgres::TestDatabase;

/// A loaded machine is no broken database.
fn patient() -> Options {
    Options { acquire_timeout: Duration::from_secs(60), ..Options::default() }
}

#[tokio::test]
async fn keeps_the_contract() {
    let database = TestDatabase::create().await;
    let store = Store::open(database.url(), &patient()).unwrap();
    store.migrate().await.unwrap();
    let make = || async { PostgresCoordinator::new(store.clone()) };
    let commit = || async {
        let mut txn = store.begin().await.unwrap();
        let node = gw_model::NodeId::new("n");
        txn.node_put(gw_store::NewNode { id: &node, labels: &Default::default() }).await.unwrap();
        assert!(txn.commit(None).await.unwrap().is_some());
    };
    contract::check(make, commit).await;
}

#[tokio::test]
async fn a_cut_connection_ends_leadership() {
    let database = TestDatabase::create().await;
    let store = Store::open(database.url(), &patient()).unwrap();
    store.migrate().await.unwrap();
    let coordinator = PostgresCoordinator::new(store.clone());
    let leadership = coordinator.campaign(Role::Rollouts, "one").await.unwrap().unwrap();
    assert!(leadership.held());
    store.disconnect_others().await.unwrap();
    tokio::time::timeout(Duration::from_secs(60), leadership.lost()).await.unwrap();
    assert!(!leadership.held());
    let mut again = None;
    while again.is_none() {
        again = coordinator.campaign(Role::Rollouts, "two").await.unwrap_or_default();
    }
    assert!(again.unwrap().token() > leadership.token());
}
