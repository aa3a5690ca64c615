//! Nodes, tokens, receipts, credentials, and a database that goes away.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{collections::BTreeMap, time::Duration};

use gw_app::{
    Ca, Error, JoinRequest, NewRestApi,
    world::{NodeAck, NodeHello, ReceiptRow, ReceiptState, WorldChanges},
};
use gw_model::{NodeId, ReleaseNumber, Revision};
use gw_testkit::postgres::PrivatePostgres;
use support::{app_over, bench, caller};
use time::OffsetDateTime;
use zeroize::Zeroizing;

fn request(secret: &str, name: Option<&str>) -> JoinRequest {
    JoinRequest {
        token_secret: secret.to_owned(),
        name: name.map(NodeId::from),
        labels: BTreeMap::new(),
    }
}

fn hello(id: &str, replica: &str, boot_epoch: u64) -> NodeHello {
    NodeHello {
        id: id.into(),
        replica: replica.to_owned(),
        build: "0.1.0".to_owned(),
        traffic_address: "127.0.0.1:8080".to_owned(),
        metrics_address: "127.0.0.1:9090".to_owned(),
        boot_epoch,
    }
}

#[tokio::test]
async fn nodes_join_once_per_use() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let hour = Duration::from_secs(3600);
    let zone = [("zone".to_owned(), "a".to_owned())].into();
    let token = app.join_token_create(caller, 3, hour, &zone).await.unwrap().secret;
    assert!(app.join_token_usable(&token).await.unwrap());
    assert_eq!(app.node_join(&request(&token, Some("n1"))).await.unwrap().slot, 0);
    app.node_connect(&hello("n1", "one", 1)).await.unwrap();
    let held = app.node_join(&request(&token, Some("n1"))).await;
    assert!(matches!(held, Err(Error::Conflict(_))), "a living node keeps its name: {held:?}");
    let bad = app.node_join(&request(&token, Some("../x"))).await;
    assert!(matches!(bad, Err(Error::BadRequest(_))));
    let named = app.node_join(&request(&token, None)).await.unwrap();
    assert_eq!(named.slot, 1);
    app.node_disconnect(&"n1".into(), "one").await.unwrap();
    let back = app.node_join(&request(&token, Some("n1"))).await.unwrap();
    assert_eq!(back.slot, 0, "a node that lost its disk gets its slot back");
    let used_up = app.node_join(&request(&token, Some("n3"))).await;
    assert!(matches!(used_up, Err(Error::Unauthenticated)), "{used_up:?}");
    let forged = app.node_join(&request("guess", Some("n3"))).await;
    assert!(matches!(forged, Err(Error::Unauthenticated)));
    assert_eq!(app.node_view(&"n1".into()).await.unwrap().labels["zone"], "a");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_join_at_once() {
    let bench = bench().await;
    let hour = Duration::from_secs(3600);
    let token =
        bench.app.join_token_create(&bench.caller, 16, hour, &BTreeMap::new()).await.unwrap();
    let joins = (0..16).map(|_| {
        let (app, request) = (bench.app.clone(), request(&token.secret, None));
        tokio::spawn(async move { app.node_join(&request).await.unwrap().slot })
    });
    let joins: Vec<_> = joins.collect();
    let mut slots = Vec::new();
    for join in joins {
        slots.push(join.await.unwrap());
    }
    slots.sort_unstable();
    assert_eq!(slots, (0..16).collect::<Vec<u32>>());
}

#[tokio::test]
async fn nodes_are_seen() {
    let bench = bench().await;
    let app = &bench.app;
    let hour = Duration::from_secs(3600);
    let token = app.join_token_create(&bench.caller, 1, hour, &BTreeMap::new()).await.unwrap();
    app.node_join(&request(&token.secret, Some("n1"))).await.unwrap();
    let id = NodeId::from("n1");
    assert_eq!(app.node_connect(&hello("nope", "one", 1)).await.unwrap(), None);
    assert_eq!(app.node_connect(&hello("n1", "one", 1)).await.unwrap(), Some(0));
    let at = app.revision().await.unwrap();
    app.node_connect(&hello("n1", "two", 1)).await.unwrap();
    assert_eq!(app.revision().await.unwrap(), at, "a move between replicas is no news to nodes");
    app.node_connect(&hello("n1", "two", 2)).await.unwrap();
    let WorldChanges::Delta { nodes, .. } = app.changes_since(at).await.unwrap() else { panic!() };
    assert_eq!((nodes.len(), nodes[0].boot_epoch), (1, 2), "a restart is");

    let ack = |replica: &str, number: u64| NodeAck {
        id: id.clone(),
        replica: replica.to_owned(),
        acked: Revision::new(1, number),
        at: OffsetDateTime::now_utc(),
        draining: false,
    };
    app.nodes_seen(&[ack("two", 5)]).await.unwrap();
    app.nodes_seen(&[ack("two", 3)]).await.unwrap();
    app.nodes_seen(&[ack("one", 9)]).await.unwrap();
    let node = app.node_view(&id).await.unwrap();
    assert_eq!(node.acked, Revision::new(1, 5), "never back, never from a replica that lost it");
    app.node_disconnect(&id, "one").await.unwrap();
    assert!(app.node_view(&id).await.unwrap().connected);
    app.nodes_orphaned(&["one".to_owned()]).await.unwrap();
    assert!(!app.node_view(&id).await.unwrap().connected);
    assert!(app.node_cordon(&bench.caller, &id, true).await.unwrap().cordoned);
    assert!(app.node_cordon(&bench.caller, &"nope".into(), true).await.is_err());
    // This node acknowledged revision 5, which the log has not reached.
    let opened = app.epoch_check().await.unwrap();
    assert_eq!(opened.epoch.0, 2);
}

#[tokio::test]
async fn receipts_replace_and_outlive() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, _) = bench.api("r").await;
    let made = bench.deploy(&api, "prod").await;
    let key = bench.key(&api, "prod");
    let receipt = |state| ReceiptRow {
        node: "n1".into(),
        state,
        reason: None,
        warnings: vec!["w".to_owned()],
        compile_us: 7,
        at: OffsetDateTime::now_utc(),
    };
    let one = ReleaseNumber(1);
    app.receipts_put(&[
        (key.clone(), one, receipt(ReceiptState::Prepared)),
        (bench.key(&api, "gone"), one, receipt(ReceiptState::Prepared)),
        (key.clone(), ReleaseNumber(9), receipt(ReceiptState::Prepared)),
    ])
    .await
    .unwrap();
    let detail = app.release_detail(caller, &api, &"prod".into(), one).await.unwrap();
    assert!(!detail.settled, "prepared is not the last word");
    app.receipts_put(&[(key.clone(), one, receipt(ReceiptState::Serving))]).await.unwrap();
    let detail = app.release_detail(caller, &api, &"prod".into(), one).await.unwrap();
    assert_eq!(detail.receipts.len(), 1);
    assert_eq!(detail.receipts[0].state, ReceiptState::Serving);
    assert!(detail.settled && detail.settled_ms.is_some());
    let all = app.deployment_receipts(caller, &api, &made.deployment.id).await.unwrap();
    assert_eq!(all.releases.len(), 1);
}

#[tokio::test]
async fn the_fleet_tells_what_nodes_do_not_serve() {
    let bench = bench().await;
    let app = &bench.app;
    let hour = Duration::from_secs(3600);
    let token = app.join_token_create(&bench.caller, 2, hour, &BTreeMap::new()).await.unwrap();
    for node in ["n1", "n2"] {
        app.node_join(&request(&token.secret, Some(node))).await.unwrap();
    }
    let (api, _) = bench.api("a").await;
    let stages: Vec<String> = (0..25).map(|n| format!("s{n:02}")).collect();
    for stage in &stages {
        bench.deploy(&api, stage).await;
    }
    let said = async |node: &str, stages: &[String], number: u64, state, reason: Option<&str>| {
        let row = ReceiptRow {
            node: node.into(),
            state,
            reason: reason.map(str::to_owned),
            warnings: Vec::new(),
            compile_us: 0,
            at: OffsetDateTime::now_utc(),
        };
        let release = ReleaseNumber(number);
        let rows: Vec<_> =
            stages.iter().map(|stage| (bench.key(&api, stage), release, row.clone())).collect();
        app.receipts_put(&rows).await.unwrap();
    };
    let unserved = async |node: &str| {
        let rows = app.node_view(&node.into()).await.unwrap().unserved;
        let count = rows.first().map_or(0, |row| row.of);
        (rows, count)
    };
    said("n1", &stages, 1, ReceiptState::Serving, None).await;
    said("n2", &stages, 1, ReceiptState::Rejected, Some("too large")).await;
    assert_eq!(unserved("n1").await, (Vec::new(), 0));
    let (rows, count) = unserved("n2").await;
    assert_eq!((rows.len(), count), (20, 25), "the first ones, and how many there are");
    let first = &rows[0];
    assert_eq!((first.api.clone(), first.stage.as_str(), first.release.0), (api.clone(), "s00", 1));
    assert_eq!((first.state, first.reason.as_deref()), (ReceiptState::Rejected, Some("too large")));

    said("n2", &stages[..24], 1, ReceiptState::Serving, None).await;
    said("n2", &stages[24..], 1, ReceiptState::Lagging, Some("disk full")).await;
    let (rows, count) = unserved("n2").await;
    assert_eq!((rows[0].stage.as_str(), rows[0].state, count), ("s24", ReceiptState::Lagging, 1));
    // A word on a release that is not committed (any more) is no news of today.
    bench.deploy(&api, "s24").await;
    assert_eq!(unserved("n2").await, (Vec::new(), 0));

    // Nor has a node that was forgotten any say in whether a release settled.
    app.node_forget(&bench.caller, &"n2".into()).await.unwrap();
    let (stage, one) = ("s24".into(), ReleaseNumber(1));
    let detail = app.release_detail(&bench.caller, &api, &stage, one).await.unwrap();
    assert_eq!(detail.receipts.iter().map(|row| row.node.as_str()).collect::<Vec<_>>(), ["n1"]);
}

#[tokio::test]
async fn the_first_start_makes_one_administrator() {
    let bench = bench().await;
    let app = &bench.app;
    let account = bench.caller.scope.account.clone();
    let (one, two) = tokio::join!(app.bootstrap(&account), app.bootstrap(&account));
    let made: Vec<_> = [one.unwrap(), two.unwrap()].into_iter().flatten().collect();
    let [admin] = made.as_slice() else { panic!("exactly one: {made:?}") };
    let key = app.access_key_lookup(&admin.access_key_id).await.unwrap();
    assert_eq!(*key.secret, *admin.secret_access_key);
    assert_eq!(key.principal.arn, "arn:aws:iam::000000000000:user/admin");
    assert_eq!(app.bearer_verify(&admin.bearer_token).await.unwrap(), key.principal);
    for bad in ["", "gwt1.x.y", "gwt1.a\0b.c", &admin.bearer_token[..admin.bearer_token.len() - 1]]
    {
        let outcome = app.bearer_verify(bad).await;
        assert!(matches!(outcome, Err(Error::Unauthenticated)), "{bad}: {outcome:?}");
    }
    let unknown = app.access_key_lookup("AKIANOBODY").await;
    assert!(matches!(unknown, Err(Error::Unauthenticated)));
    let more = app.admin_credentials_issue(&account).await.unwrap();
    assert_ne!(more.access_key_id, admin.access_key_id);
    assert!(!format!("{more:?}").contains(more.secret_access_key.as_str()));
}

#[tokio::test]
async fn the_ca_is_made_once_and_sealed() {
    let bench = bench().await;
    let make = |byte: u8| {
        move || Ok(Ca { certificate_der: vec![byte; 8], key_der: Zeroizing::new(vec![byte; 32]) })
    };
    let first = bench.app.ca_load_or_create(make(1)).await.unwrap();
    let second = bench.app.ca_load_or_create(make(2)).await.unwrap();
    assert_eq!(
        (first.certificate_der, &*first.key_der),
        (second.certificate_der, &*second.key_der)
    );
    let mut txn = bench.app.store().read().await.unwrap();
    let row = txn.ca_fetch().await.unwrap().unwrap();
    assert!(!row.sealed_key.windows(8).any(|window| window == [1; 8]));
    let other = app_over(bench.database.as_ref().unwrap().url(), Duration::from_secs(60));
    assert!(matches!(other.ca_load_or_create(make(3)).await, Err(Error::Internal(_))));
}

#[tokio::test]
async fn without_postgres_everything_is_unavailable() {
    let mut postgres = tokio::task::spawn_blocking(|| PrivatePostgres::start(false)).await.unwrap();
    let patient = app_over(&postgres.url(), Duration::from_secs(60));
    patient.store().migrate().await.unwrap();
    let app = app_over(&postgres.url(), Duration::from_secs(2));
    let api = patient.rest_api_create(&caller(), NewRestApi::named("a")).await.unwrap();
    postgres.stop();
    for _ in 0..3 {
        let read = app.rest_api_fetch(&caller(), &api.api.id).await;
        assert!(matches!(read, Err(Error::Unavailable(_))), "{read:?}");
        let write = app.rest_api_create(&caller(), NewRestApi::named("b")).await;
        assert!(matches!(write, Err(Error::Unavailable(_))), "{write:?}");
    }
    let mut postgres = tokio::task::spawn_blocking(move || {
        postgres.resume();
        postgres
    })
    .await
    .unwrap();
    let back = patient.rest_api_fetch(&caller(), &api.api.id).await.unwrap();
    assert_eq!(back.api.name, "a", "what was acknowledged is there");
    postgres.kill();
    let read = app.rest_api_fetch(&caller(), &api.api.id).await;
    assert!(matches!(read, Err(Error::Unavailable(_))), "{read:?}");
}
