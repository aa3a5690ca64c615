//! The revision log, the world, and many writers at once.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{collections::BTreeSet, sync::Arc};

use gw_app::{PageRequest, world::WorldChanges};
use gw_model::{ResourceName, Revision};
use support::{bench, get};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_writers_lose_nothing() {
    const WRITERS: usize = 32;
    const EACH: usize = 4;
    let bench = Arc::new(bench().await);
    let (api, root) = bench.api("busy").await;
    let entries = bench.audit().await.len();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (bench, api, root) = (Arc::clone(&bench), api.clone(), root.clone());
        writers.spawn(async move {
            for n in 0..EACH {
                // All edit one JSON document: a lost update would show.
                let name = format!("method.request.header.w{writer}n{n}");
                bench
                    .app
                    .method_update(&bench.caller, &get(&api, &root), |method| {
                        method.request_parameters.insert(name.clone(), false);
                        Ok(())
                    })
                    .await
                    .unwrap();
                let part = format!("w{writer}n{n}");
                bench.app.resource_create(&bench.caller, &api, &root, &part).await.unwrap();
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let copy = bench.app.working_copy_fetch(&bench.caller, &api).await.unwrap();
    let method = &copy.resources[&root].methods[&gw_model::HttpMethod::Get];
    assert_eq!(method.request_parameters.len(), WRITERS * EACH);
    assert_eq!(copy.resources.len(), WRITERS * EACH + 1);
    assert_eq!(bench.audit().await.len() - entries, WRITERS * EACH * 2, "one entry per change");
    let version = bench.app.rest_api_fetch(&bench.caller, &api).await.unwrap().version;
    assert_eq!(version as usize, WRITERS * EACH * 2 + 2);
    assert_eq!(bench.app.revision().await.unwrap().number, 0, "no node could notice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revisions_are_in_commit_order() {
    let bench = Arc::new(bench().await);
    let mut apis = Vec::new();
    for n in 0..4 {
        let (api, _) = bench.api(&format!("a{n}")).await;
        bench.deploy(&api, "prod").await;
        apis.push(api);
    }
    let start = bench.app.revision().await.unwrap();
    let mut writers = JoinSet::new();
    for api in apis.clone() {
        let bench = Arc::clone(&bench);
        writers.spawn(async move {
            for n in 0..10 {
                bench
                    .app
                    .stage_update(&bench.caller, &api, &"prod".into(), |draft| {
                        draft.variables.insert("n".to_owned(), n.to_string());
                        Ok(())
                    })
                    .await
                    .unwrap();
            }
        });
    }
    // A reader that follows the log by its own positions misses nothing.
    let (mut at, mut seen) = (start, BTreeSet::new());
    let mut last = Vec::new();
    loop {
        let done = writers.is_empty();
        let WorldChanges::Delta { to, stages, .. } = bench.app.changes_since(at).await.unwrap()
        else {
            panic!("the log is whole");
        };
        assert!(to >= at, "positions never go back");
        for stage in stages {
            assert!(stage.version <= to.number);
            seen.insert((stage.key.clone(), stage.number));
            last.retain(|(key, _)| *key != stage.key);
            last.push((stage.key, stage.content));
        }
        at = to;
        if done {
            break;
        }
        while writers.try_join_next().is_some() {}
        tokio::task::yield_now().await;
    }
    // Each update is an append and a commit.
    assert_eq!(at.number, start.number + 4 * 10 * 2);
    for api in &apis {
        let content = &last.iter().find(|(key, _)| key.api == *api).unwrap().1;
        let release: gw_model::Release = serde_json::from_slice(content).unwrap();
        assert_eq!(release.variables["n"], "9");
    }
    assert!(seen.len() >= 4);
}

#[tokio::test]
async fn the_world_follows() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    assert_eq!(app.world_load().await.unwrap().revision, Revision::new(1, 0));
    let (api, _) = bench.api("w").await;
    bench.deploy(&api, "prod").await;
    bench.deploy(&api, "test").await;
    let world = app.world_load().await.unwrap();
    assert_eq!((world.stages.len(), world.pending.len()), (2, 0));
    assert_eq!(world.revision, Revision::new(1, 4));
    let versions: BTreeSet<u64> = world.stages.iter().map(|stage| stage.version).collect();
    assert_eq!(versions, [2, 4].into());

    app.stage_delete(caller, &api, &"test".into()).await.unwrap();
    let changes = app.changes_since(world.revision).await.unwrap();
    let WorldChanges::Delta { to, stages, removed, .. } = changes else { panic!() };
    assert_eq!((to, stages.len()), (Revision::new(1, 5), 0));
    assert_eq!(removed, [ResourceName::Stage(bench.key(&api, "test"))]);
    app.rest_api_delete(caller, &api).await.unwrap();
    let WorldChanges::Delta { removed, .. } = app.changes_since(to).await.unwrap() else {
        panic!()
    };
    assert_eq!(removed, [ResourceName::Stage(bench.key(&api, "prod"))]);

    app.changes_prune(1).await.unwrap();
    assert_eq!(app.changes_since(to).await.unwrap(), {
        WorldChanges::Delta {
            to: Revision::new(1, 6),
            stages: vec![],
            nodes: vec![],
            facts: vec![],
            removed,
            pending: vec![],
        }
    });
    let behind = Revision::new(1, 2);
    assert_eq!(app.changes_since(behind).await.unwrap(), WorldChanges::Resync);
}

#[tokio::test]
async fn a_database_behind_opens_an_epoch() {
    let bench = bench().await;
    let app = &bench.app;
    assert_eq!(app.revision_observed(Revision::new(1, 0)).await.unwrap(), None);
    assert_eq!(app.revision_observed(Revision::new(0, 99)).await.unwrap(), None);
    let ahead = Revision::new(1, 7);
    let opened = app.revision_observed(ahead).await.unwrap().unwrap();
    assert!(opened.epoch > ahead.epoch);
    assert_eq!(app.changes_since(ahead).await.unwrap(), WorldChanges::Resync);
    assert_eq!(app.revision_observed(ahead).await.unwrap(), None, "once is enough");
    let further = app.revision_observed(Revision::new(9, 1)).await.unwrap().unwrap();
    assert!(further.epoch.0 > 9);
    assert_eq!(app.epoch_check().await.unwrap(), further);
}

#[tokio::test]
async fn the_audit_log_has_pages_and_details() {
    let bench = bench().await;
    let (api, _) = bench.api("a").await;
    bench.deploy(&api, "prod").await;
    let page = bench.app.audit_list(&bench.caller, &PageRequest::first(2)).await.unwrap();
    let newest = &page.items[0];
    assert_eq!(newest.operation, "CreateDeployment");
    assert_eq!(newest.actor, bench.caller.arn);
    assert_eq!(newest.request_id, "r-1");
    assert_eq!(newest.detail.as_ref().unwrap()["stage"], "prod");
    let next = PageRequest { limit: 2, position: page.position };
    let older = bench.app.audit_list(&bench.caller, &next).await.unwrap();
    assert_eq!(older.items.len(), 1);
    assert!(older.items[0].id < page.items[1].id);
    let bad = PageRequest { limit: 2, position: Some("x".to_owned()) };
    assert!(bench.app.audit_list(&bench.caller, &bad).await.is_err());
}
