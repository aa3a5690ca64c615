//! Parts of a running system are killed, cut and stopped under load.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use gw_testkit::cluster::{Cluster, Options};
use gw_tests::{
    document,
    load::{Check, Load, Target},
    story,
    system::{PATIENCE, System as _, wait_until},
};
use serde_json::{Value, json};

fn answers_200() -> Check {
    Arc::new(|answer| match answer.status().as_u16() {
        200 => Ok(()),
        status => Err(format!("{status} {:?}", answer.body())),
    })
}

async fn serving_cluster(options: Options) -> (Cluster, String, String) {
    let cluster = Cluster::start(options).await;
    let admin = cluster.client();
    let api = story::import(&admin, &document::mock("chaos", "one")).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    let path = story::path(&api, "prod", "/");
    story::every_node_answers(&cluster, &path, "one").await;
    (cluster, api, path)
}

fn targets(cluster: &Cluster, path: &str) -> Vec<Target> {
    cluster.node_urls().iter().map(|url| Target::new(url, path)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_plane_is_killed_under_load() {
    let (mut cluster, api, path) = serving_cluster(Options::default()).await;
    let load = Load::start(&targets(&cluster, &path), 4, &answers_200());
    for round in 0..3 {
        cluster.kill_control_plane();
        tokio::time::sleep(Duration::from_secs(1)).await;
        cluster.start_control_plane().await;
        cluster.wait_current().await;
        let mark = format!("after kill {round}");
        let admin = cluster.client();
        story::overwrite(&admin, &api, &document::mock("chaos", &mark)).await;
        story::deploy(&admin, &api, "prod", Value::Null).await.ok();
        story::every_node_answers(&cluster, &path, &mark).await;
    }
    let outcome = load.stop().await;
    assert_eq!(outcome.bad, 0, "of {}: {:?}", outcome.good, outcome.failures);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_restarts_from_disk_with_nothing_else_alive() {
    let (mut cluster, _, path) = serving_cluster(Options::default()).await;
    cluster.nodes[0].on_disk().await;
    cluster.kill_control_plane();
    cluster.postgres.kill();
    let url = cluster.nodes[0].url();
    let mut fastest = PATIENCE;
    // A machine that stalls takes its time from any one start, not from all.
    for _ in 0..20 {
        cluster.nodes[0].kill();
        let start = Instant::now();
        cluster.nodes[0].start_only();
        story::node_comes_to_answer(&url, &path, "one", PATIENCE).await;
        fastest = fastest.min(start.elapsed());
        if fastest < Duration::from_secs(1) {
            break;
        }
    }
    println!("a node alone serves its last world {fastest:?} after its start");
    assert!(fastest < Duration::from_secs(1), "{fastest:?}");

    cluster.postgres.resume();
    cluster.start_control_plane().await;
    cluster.wait_current().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_stops_and_returns() {
    let (mut cluster, api, path) = serving_cluster(Options::default()).await;
    let admin = cluster.client();
    let load = Load::start(&targets(&cluster, &path), 2, &answers_200());
    cluster.postgres.stop();
    let at_once = admin.takes_503();
    let refused = at_once.get("/restapis").await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    assert_eq!(at_once.get("/gatewright/v1/ready").await.status, 503);
    assert_eq!(at_once.get("/gatewright/v1/health").await.status, 200);
    let refused = story::rollback(&at_once, &api, "prod").await;
    assert_eq!(refused.status, 503, "{refused:?}");

    cluster.postgres.resume();
    wait_until("the admin API answers again", PATIENCE, async || {
        admin.get("/restapis").await.status == 200
    })
    .await;
    story::overwrite(&admin, &api, &document::mock("chaos", "two")).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    story::every_node_answers(&cluster, &path, "two").await;
    let outcome = load.stop().await;
    assert_eq!(outcome.bad, 0, "of {}: {:?}", outcome.good, outcome.failures);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_postgres_crashes() {
    let options = Options { durable: true, nodes: 1, ..Options::default() };
    let (mut cluster, api, _) = serving_cluster(options).await;
    let admin = cluster.client();
    let stage = format!("/restapis/{api}/stages/prod");
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let written = Arc::new(Mutex::new(Vec::new()));
        let writer = {
            let (admin, stage, written) = (admin.clone(), stage.clone(), Arc::clone(&written));
            tokio::spawn(async move {
                for number in 0..1000 {
                    let name = format!("v_{round}_{number}");
                    let patch = json!({"patchOperations": [{"op": "replace",
                        "path": format!("/variables/{name}"), "value": "set"}]});
                    let answer =
                        admin.try_call(http::Method::PATCH, &stage, patch.to_string()).await;
                    match answer {
                        Ok(answer) if answer.status == 200 => written.lock().unwrap().push(name),
                        _ => break,
                    }
                }
            })
        };
        wait_until("the writer writes", PATIENCE, async || written.lock().unwrap().len() > 5).await;
        cluster.postgres.kill();
        // What it writes now is acknowledged or not; nobody waits for that.
        writer.abort();
        writer.await.ok();
        acknowledged.append(&mut written.lock().unwrap());
        cluster.postgres.resume();
        wait_until("the admin API answers again", PATIENCE, async || {
            admin.get("/restapis").await.status == 200
        })
        .await;
    }
    assert!(!acknowledged.is_empty(), "the writers wrote");
    let variables = admin.get(&stage).await.ok().json["variables"].clone();
    for name in &acknowledged {
        assert_eq!(variables[name], "set", "{name} was acknowledged");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drained_node_loses_no_request() {
    let (mut cluster, _, path) = serving_cluster(Options::default()).await;
    // A client that honours `Connection: close` and goes to a node that is ready.
    let load = Load::start(&targets(&cluster, &path)[..1], 4, &answers_200());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let metrics = format!("http://{}", cluster.nodes[0].metrics);
    let url = cluster.nodes[0].url();
    let watcher = tokio::spawn(async move {
        // As a load balancer does: stop sending once readiness fails.
        loop {
            match gw_tests::load::get(&metrics, "/ready").await {
                Ok(answer) if answer.status() == 200 => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                _ => return load.stop().await,
            }
        }
    });
    cluster.nodes[0].stop().await;
    let outcome = watcher.await.unwrap();
    assert_eq!(outcome.bad, 0, "of {}: {:?}", outcome.good, outcome.failures);
    assert!(outcome.good > 0);
    assert!(gw_tests::load::get(&url, &path).await.is_err(), "it is gone");
}
