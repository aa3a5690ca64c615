//! The contract, kept by Postgres.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, time::Duration};

use gw_coord::{Coordinator, Postgres, Timing, contract};
use gw_model::NodeId;
use gw_store::{NewNode, Options, Store};
use gw_testkit::postgres::TestDatabase;
use serde_json::json;

struct Harness {
    store: Store,
}

impl contract::Harness for Harness {
    type Coordinator = Postgres;

    async fn start(&self, name: &str) -> Postgres {
        let timing = Timing {
            lease: Duration::from_secs(1),
            renew: Duration::from_millis(200),
            retry: Duration::from_millis(50),
        };
        Postgres::start(self.store.clone(), name, json!({}), timing).await.unwrap()
    }

    async fn commit(&self) {
        let mut txn = self.store.begin().await.unwrap();
        let (id, labels) = (NodeId::new("contract"), BTreeMap::new());
        txn.node_put(NewNode { id: &id, labels: &labels }).await.unwrap();
        txn.commit(None).await.unwrap().expect("a change takes a revision");
    }
}

#[tokio::test]
async fn postgres_keeps_the_contract() {
    let database = TestDatabase::create().await;
    let store = Store::open(database.url(), &Options::default()).unwrap();
    store.migrate().await.unwrap();
    contract::check(&Harness { store: store.clone() }).await;

    let replica = Postgres::start(store.clone(), "leaver", json!({}), Timing::default());
    replica.await.unwrap().stop().await.unwrap();
    let other = Postgres::start(store, "stayer", json!({}), Timing::default()).await.unwrap();
    let names: Vec<_> = other.replicas().await.unwrap().into_iter().map(|r| r.name).collect();
    assert!(names.contains(&"stayer".to_owned()), "{names:?}");
    assert!(!names.contains(&"leaver".to_owned()), "a stopped replica leaves at once: {names:?}");
}
