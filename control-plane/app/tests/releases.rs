//! Deployments, stages, canaries, rollbacks, and what rejection leaves.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::atomic::Ordering;

use gw_app::{
    CanaryInput, Committed, DeploymentInput, DiffRef, Error, NewRestApi, NewStage, PageRequest,
    Rejected, ReleaseDetailView, ReleaseState, RollbackInput, StageDraft,
};
use gw_model::{ReleaseNumber, StageName};
use support::{bench, get};

fn says<T: std::fmt::Debug>(outcome: Result<T, Error>, text: &str) {
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains(text), "{error}");
}

fn canary_input(stage: &str, percent: f64) -> DeploymentInput {
    DeploymentInput {
        stage_name: Some(stage.into()),
        canary: Some(CanaryInput {
            percent_traffic: percent,
            stage_variable_overrides: [("v".to_owned(), "canary".to_owned())].into(),
            use_stage_cache: false,
        }),
        ..Default::default()
    }
}

#[tokio::test]
async fn deployments_freeze_the_working_copy() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, root) = bench.api("d").await;
    let first = app.deployment_create(caller, &api, &DeploymentInput::default()).await.unwrap();
    assert!(first.stage.is_none());
    let second = app.deployment_create(caller, &api, &DeploymentInput::default()).await.unwrap();
    assert_eq!(first.deployment.digest, second.deployment.digest, "equal content has one digest");
    app.method_update(caller, &get(&api, &root), |method| {
        method.operation_name = Some("renamed".to_owned());
        Ok(())
    })
    .await
    .unwrap();
    let third = app.deployment_create(caller, &api, &DeploymentInput::default()).await.unwrap();
    assert_ne!(first.deployment.digest, third.deployment.digest);
    let (from, to) = (first.deployment.id.clone(), third.deployment.id.clone());
    let entries =
        app.diff(caller, &api, &DiffRef::Deployment(from), &DiffRef::Working).await.unwrap();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].what, "GET /");
    let equal = app.diff(caller, &api, &DiffRef::Deployment(to), &DiffRef::Working).await.unwrap();
    assert!(equal.is_empty());
    let chunk = app.content_chunk(first.deployment.digest, 3, 5).await.unwrap().unwrap();
    assert_eq!((chunk.total, chunk.bytes.len()), (first.deployment.size_bytes, 5));

    let empty = app.rest_api_create(caller, NewRestApi::named("empty")).await.unwrap().api.id;
    let refused = app.deployment_create(caller, &empty, &DeploymentInput::default()).await;
    says(refused, "The REST API doesn't contain any methods");
}

#[tokio::test]
async fn poisoned_routes_warn_or_refuse() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, root) = bench.api("p").await;
    app.method_update(caller, &get(&api, &root), |method| {
        method.authorization_type = "AWS_IAM".to_owned();
        Ok(())
    })
    .await
    .unwrap();
    let lenient = app.deployment_create(caller, &api, &DeploymentInput::default()).await.unwrap();
    assert!(!lenient.deployment.warnings.is_empty());
    let strict = DeploymentInput { strict: true, ..Default::default() };
    assert!(matches!(
        app.deployment_create(caller, &api, &strict).await,
        Err(Error::BadRequest(_))
    ));
    assert_eq!(
        app.deployment_list(caller, &api, &PageRequest::first(9)).await.unwrap().items.len(),
        1
    );
}

#[tokio::test]
async fn stages_keep_a_history() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, _) = bench.api("s").await;
    let made = bench.deploy(&api, "prod").await;
    let stage = made.stage.unwrap();
    assert_eq!(stage.desired.number, ReleaseNumber(1));
    assert_eq!(
        (stage.desired_state, stage.serving),
        (ReleaseState::Serving, Some(ReleaseNumber(1)))
    );
    let prod = StageName::from("prod");

    let stage = app
        .stage_update(caller, &api, &prod, |draft| {
            draft.variables.insert("v".to_owned(), "1".to_owned());
            draft.settings.tracing_enabled = true;
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(stage.desired.number, ReleaseNumber(2), "one release for all patches of a call");
    let stage = app.stage_update(caller, &api, &prod, |_| Ok(())).await.unwrap();
    assert_eq!(stage.desired.number, ReleaseNumber(2), "no change, no release");
    let missing = app.stage_update(caller, &api, &prod, |draft| {
        draft.deployment_id = "nope".into();
        Ok(())
    });
    says(missing.await, "Deployment id does not exist");
    let wild = app.stage_update(caller, &api, &prod, |draft| {
        draft.canary_mut().percent_traffic = f64::NAN;
        Ok(())
    });
    says(wild.await, "percentTraffic");

    let history = app.release_history(caller, &api, &prod, &PageRequest::first(10)).await.unwrap();
    assert_eq!((history.desired, history.serving), (ReleaseNumber(2), Some(ReleaseNumber(2))));
    let states: Vec<_> = history.releases.items.iter().map(|release| release.state).collect();
    assert_eq!(states, [ReleaseState::Serving, ReleaseState::Former]);
    assert!(history.releases.items[0].revision > history.releases.items[1].revision);

    let in_use = app.deployment_delete(caller, &api, &made.deployment.id).await;
    says(in_use, "Active stages pointing to this deployment must be moved or deleted");
    let other = app.deployment_create(caller, &api, &DeploymentInput::default()).await.unwrap();
    app.stage_update(caller, &api, &prod, |draft| {
        draft.deployment_id = other.deployment.id.clone();
        Ok(())
    })
    .await
    .unwrap();
    app.deployment_delete(caller, &api, &made.deployment.id).await.unwrap();
    assert!(app.deployment_fetch(caller, &api, &made.deployment.id).await.is_err());
    let pointed = app.stage_update(caller, &api, &prod, |draft| {
        draft.deployment_id = made.deployment.id.clone();
        Ok(())
    });
    says(pointed.await, "Deployment id does not exist");
    // History still knows it: going back works.
    let input = RollbackInput { to: Some(ReleaseNumber(1)), ..Default::default() };
    let back = app.rollback(caller, &api, &prod, input).await.unwrap();
    assert_eq!(back.release.release.deployment_id, made.deployment.id);

    app.stage_delete(caller, &api, &prod).await.unwrap();
    let again = app
        .stage_create(
            caller,
            &api,
            &NewStage {
                name: prod.clone(),
                draft: StageDraft::new(other.deployment.id.clone()),
                tags: Default::default(),
            },
        )
        .await
        .unwrap();
    assert!(again.desired.number > ReleaseNumber(4), "numbers of a name never come twice");
}

#[tokio::test]
async fn canaries_are_promoted_and_stopped() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, _) = bench.api("c").await;
    let prod = StageName::from("prod");
    let nameless = DeploymentInput { stage_name: None, ..canary_input("prod", 10.0) };
    let none = app.deployment_create(caller, &api, &nameless).await;
    says(none, "Provided value is null");
    let early = app.deployment_create(caller, &api, &canary_input("prod", 10.0)).await;
    says(early, "Stage prod must already be created before making a canary release deployment");
    bench.deploy(&api, "prod").await;
    app.stage_update(caller, &api, &prod, |draft| {
        draft.variables =
            [("v", "main"), ("w", "kept")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        Ok(())
    })
    .await
    .unwrap();

    let made = app.deployment_create(caller, &api, &canary_input("prod", 10.0)).await.unwrap();
    let desired = made.stage.unwrap().desired;
    let canary = desired.canary.as_ref().unwrap();
    assert_eq!((canary.percent_traffic, &canary.deployment_id), (10.0, &made.deployment.id));
    assert_ne!(desired.deployment_id, made.deployment.id, "the stage keeps its deployment");
    let input = DeploymentInput { stage_name: Some(prod.clone()), ..Default::default() };
    let plain = app.deployment_create(caller, &api, &input).await;
    says(plain, "Non canary deployment not supported on stage prod because Canary is enabled.");

    let stale = app.promote_canary(caller, &api, &prod, Some(ReleaseNumber(1))).await;
    assert!(matches!(stale, Err(Error::Stale { actual: ReleaseNumber(3), .. })), "{stale:?}");
    let promoted = app.promote_canary(caller, &api, &prod, Some(ReleaseNumber(3))).await.unwrap();
    let release = &promoted.release.release;
    assert_eq!(release.deployment_id, made.deployment.id);
    assert_eq!(
        (release.variables["v"].as_str(), release.variables["w"].as_str()),
        ("canary", "kept")
    );
    assert!(release.canary.is_none());
    says(app.promote_canary(caller, &api, &prod, None).await, "has no canary to promote");

    app.deployment_create(caller, &api, &canary_input("prod", 50.0)).await.unwrap();
    let stopped = app.stop_canary(caller, &api, &prod, None).await.unwrap();
    assert!(stopped.release.release.canary.is_none());
    assert_eq!(stopped.release.release.deployment_id, made.deployment.id);
    says(app.stop_canary(caller, &api, &prod, None).await, "has no canary to stop");
}

#[tokio::test]
async fn rollbacks_append_and_leave_settings() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, root) = bench.api("r").await;
    let prod = StageName::from("prod");
    let first = bench.deploy(&api, "prod").await.deployment.id;
    let nothing = app.rollback(caller, &api, &prod, RollbackInput::default()).await;
    says(nothing, "Nothing to roll back to");
    app.method_update(caller, &get(&api, &root), |method| {
        method.operation_name = Some("x".to_owned());
        Ok(())
    })
    .await
    .unwrap();
    let second = bench.deploy(&api, "prod").await.deployment.id;
    app.stage_update(caller, &api, &prod, |draft| {
        let setting = gw_model::MethodSetting { throttling_rate_limit: 1.0, ..Default::default() };
        draft.settings.method_settings.insert("*/*".to_owned(), setting);
        Ok(())
    })
    .await
    .unwrap();

    let stale = RollbackInput { expected_release: Some(ReleaseNumber(2)), ..Default::default() };
    let outcome = app.rollback(caller, &api, &prod, stale).await;
    assert!(matches!(outcome, Err(Error::Stale { actual: ReleaseNumber(3), .. })), "{outcome:?}");

    let to_first = RollbackInput { to: Some(ReleaseNumber(1)), ..Default::default() };
    let back = app.rollback(caller, &api, &prod, to_first).await.unwrap();
    assert_eq!(back.release.release.number, ReleaseNumber(4));
    assert_eq!(back.release.release.deployment_id, first);
    assert_eq!(back.release.state, ReleaseState::Serving);
    assert_eq!(back.release.cause, "rollback");
    assert_eq!(
        back.release.release.settings.method_settings.len(),
        1,
        "an emergency throttle is not lifted"
    );
    // Without a number: what served before the present.
    let forth = app.rollback(caller, &api, &prod, RollbackInput::default()).await.unwrap();
    assert_eq!(forth.release.release.deployment_id, second);
    let all = RollbackInput { to: Some(ReleaseNumber(1)), all: true, ..Default::default() };
    let all = app.rollback(caller, &api, &prod, all).await.unwrap();
    assert!(all.release.release.settings.method_settings.is_empty());

    // A pending release is undone by what serves.
    bench.fleet.passive.store(true, Ordering::Relaxed);
    bench.deploy(&api, "prod").await;
    let undone = app.rollback(caller, &api, &prod, RollbackInput::default()).await.unwrap();
    assert_eq!(undone.release.release.deployment_id, first);
    assert_eq!(undone.release.state, ReleaseState::Pending);
}

#[tokio::test]
async fn a_rollback_undoes_the_last_change_that_it_can_undo() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, _) = bench.api("u").await;
    let prod = StageName::from("prod");
    let first = bench.deploy(&api, "prod").await.deployment.id;
    let throttle = |rate: f64| {
        let prod = &prod;
        let api = &api;
        async move {
            let stage = app.stage_update(caller, api, prod, |draft| {
                let setting =
                    gw_model::MethodSetting { throttling_rate_limit: rate, ..Default::default() };
                draft.settings.method_settings.insert("*/*".to_owned(), setting);
                Ok(())
            });
            stage.await.unwrap();
        }
    };
    let back = |all: bool| {
        let input = RollbackInput { all, ..Default::default() };
        app.rollback(caller, &api, &prod, input)
    };
    throttle(9.0).await;
    says(back(false).await, "Nothing to roll back to");
    let second = bench.deploy(&api, "prod").await.deployment.id;
    // An emergency throttle is a release of its own, and so is each change of it.
    throttle(1.0).await;
    throttle(2.0).await;
    let undone = back(false).await.unwrap();
    assert_eq!(undone.release.release.deployment_id, first);
    let rate = |view: &ReleaseDetailView| {
        view.release.release.settings.method_settings["*/*"].throttling_rate_limit
    };
    assert_eq!(rate(&undone), 2.0);
    let redone = back(false).await.unwrap();
    assert_eq!(redone.release.release.deployment_id, second);
    // With every setting, the change of a setting is something to undo.
    throttle(3.0).await;
    let undone = back(true).await.unwrap();
    assert_eq!((&undone.release.release.deployment_id, rate(&undone)), (&second, 2.0));
}

#[tokio::test]
async fn prepared_releases_commit_as_they_are_appended() {
    let bench = bench().await;
    let (api, _) = bench.api("i").await;
    bench.deploy(&api, "prod").await;
    bench.deploy(&api, "prod").await;
    bench.fleet.passive.store(true, Ordering::Relaxed);
    bench.fleet.holds.store(true, Ordering::Relaxed);
    let before = bench.app.revision().await.unwrap();
    let (caller, prod) = (&bench.caller, StageName::from("prod"));
    let back = bench.app.rollback(caller, &api, &prod, RollbackInput::default()).await.unwrap();
    assert_eq!(back.release.state, ReleaseState::Serving);
    let after = bench.app.revision().await.unwrap();
    assert_eq!(after.number, before.number + 1, "append and commit are one transaction");
    let announced = bench.fleet.announced.lock().unwrap().last().cloned().unwrap();
    assert_eq!((announced.1, announced.2), (ReleaseNumber(3), Some(after)));
}

#[tokio::test]
async fn rejection_keeps_what_was_acknowledged() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, root) = bench.api("j").await;
    let (prod, key) = (StageName::from("prod"), bench.key(&api, "prod"));
    let good = bench.deploy(&api, "prod").await.deployment.id;
    bench.fleet.passive.store(true, Ordering::Relaxed);
    app.method_update(caller, &get(&api, &root), |method| {
        method.operation_name = Some("bad".to_owned());
        Ok(())
    })
    .await
    .unwrap();
    bench.deploy(&api, "prod").await;
    app.stage_update(caller, &api, &prod, |draft| {
        draft.variables.insert("kept".to_owned(), "yes".to_owned());
        Ok(())
    })
    .await
    .unwrap();
    // Release 2 was overtaken by 3, which still names the bad deployment.
    let late = app.rollout_reject(&key, ReleaseNumber(2), &"n1".into(), "too large").await;
    assert_eq!(late.unwrap(), Rejected::NotPending);
    assert_eq!(app.rollout_commit(&key, ReleaseNumber(2)).await.unwrap(), Committed::NotPending);
    let entries = bench.audit().await.len();
    let rejected = app.rollout_reject(&key, ReleaseNumber(3), &"n1".into(), "too large").await;
    let Rejected::Done { repair: Some(repair), .. } = rejected.unwrap() else { panic!() };
    assert_eq!(bench.audit().await.len(), entries + 1);
    assert_eq!((repair.number, &repair.deployment_id), (ReleaseNumber(4), &good));
    assert_eq!(repair.variables["kept"], "yes");
    let world = app.world_load().await.unwrap();
    assert_eq!(world.stages[0].number, ReleaseNumber(1), "rejected means committed nowhere");
    assert_eq!(world.pending.len(), 1);
    let detail = app.release_detail(caller, &api, &prod, ReleaseNumber(3)).await.unwrap();
    assert_eq!(detail.release.state, ReleaseState::Rejected);
    assert_eq!(detail.release.reason.as_deref(), Some("n1: too large"));
    let to_bad = RollbackInput { to: Some(ReleaseNumber(3)), ..Default::default() };
    says(app.rollback(caller, &api, &prod, to_bad).await, "was rejected: n1: too large");
    assert!(matches!(
        app.rollout_commit(&key, ReleaseNumber(4)).await.unwrap(),
        Committed::Done { former: Some(ReleaseNumber(1)), .. }
    ));
    let stage = app.stage_fetch(caller, &api, &prod).await.unwrap();
    assert_eq!(stage.serving, Some(ReleaseNumber(4)));
}

#[tokio::test]
async fn undeployed_changes_are_told() {
    let bench = bench().await;
    let (app, caller) = (&bench.app, &bench.caller);
    let (api, root) = bench.api("u").await;
    bench.deploy(&api, "prod").await;
    assert!(app.undeployed(caller, &api).await.unwrap()[&StageName::from("prod")].is_empty());
    app.resource_create(caller, &api, &root, "new").await.unwrap();
    assert!(!app.undeployed(caller, &api).await.unwrap()[&StageName::from("prod")].is_empty());
    let stage = DiffRef::Stage("prod".into());
    assert!(!app.diff(caller, &api, &stage, &DiffRef::Working).await.unwrap().is_empty());
    let canary = app.diff(caller, &api, &DiffRef::Canary("prod".into()), &stage).await;
    says(canary, "has no canary");
}

#[tokio::test]
async fn releases_hold_no_unreadable_text() {
    let bench = bench().await;
    let (api, _) = bench.api("z").await;
    bench.deploy(&api, "prod").await;
    let prod = StageName::from("prod");
    let odd = |text: &'static str| {
        bench.app.stage_update(&bench.caller, &api, &prod, move |draft| {
            draft.settings.description = Some(text.to_owned());
            Ok(())
        })
    };
    says(odd("a\0b").await, "U+0000");
    odd(r"a\u0000b").await.unwrap();
}

#[tokio::test]
async fn content_outlives_its_api_for_a_while() {
    let bench = bench().await;
    let app = &bench.app;
    let (api, _) = bench.api("o").await;
    let digest = bench.deploy(&api, "prod").await.deployment.digest;
    assert_eq!(app.contents_prune(0).await.unwrap(), 0, "named content stays");
    app.rest_api_delete(&bench.caller, &api).await.unwrap();
    assert_eq!(app.contents_prune(3600).await.unwrap(), 0, "young content stays");
    assert_eq!(app.contents_prune(0).await.unwrap(), 1);
    assert_eq!(app.content_chunk(digest, 0, 9).await.unwrap(), None);
}

/// Times the database's part of a rollback, with fsync on. The number is
/// printed; what it may be is asked by the benchmark, where nothing else runs.
#[tokio::test]
async fn rollbacks_on_a_disk_that_syncs() {
    let postgres =
        tokio::task::spawn_blocking(|| gw_testkit::postgres::PrivatePostgres::start(true));
    let postgres = postgres.await.unwrap();
    let bench = support::bench_over(&postgres.url()).await;
    let (api, _) = bench.api("t").await;
    bench.deploy(&api, "prod").await;
    bench.deploy(&api, "prod").await;
    bench.fleet.passive.store(true, Ordering::Relaxed);
    bench.fleet.holds.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for _ in 0..60 {
        let start = std::time::Instant::now();
        let (caller, prod) = (&bench.caller, StageName::from("prod"));
        bench.app.rollback(caller, &api, &prod, RollbackInput::default()).await.unwrap();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let median = times[times.len() / 2];
    eprintln!("rollback: median {median:?}, slowest {:?}", times[times.len() - 1]);
}
