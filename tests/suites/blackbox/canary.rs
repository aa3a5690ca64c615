//! A canary's share, its variables, and how it ends.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use gw_testkit::{
    cluster::{Cluster, Options},
    echo::Echo,
};
use gw_tests::{
    document,
    load::{Check, Load, Target},
    story,
    system::{PATIENCE, System as _, wait_until},
};
use serde_json::{Value, json};

/// Half a percent is further off than the share is once in 10^9 runs.
const REQUESTS: u64 = 150_000;

#[tokio::test(flavor = "multi_thread")]
async fn ten_percent_of_a_hundred_and_fifty_thousand() {
    let cluster = Cluster::start(Options::default()).await;
    let admin = cluster.client();
    let api = story::import(&admin, &document::mock("canary", "stage")).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    story::overwrite(&admin, &api, &document::mock("canary", "canary")).await;
    let canary = json!({"canarySettings": {"percentTraffic": 10.0}});
    story::deploy(&admin, &api, "prod", canary).await.ok();

    let (total, canaries) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let check: Check = {
        let (total, canaries) = (total.clone(), canaries.clone());
        Arc::new(move |answer| {
            let is_canary = answer.headers().contains_key("x-gatewright-canary");
            let expected: &[u8] = if is_canary { b"canary" } else { b"stage" };
            if answer.body() != expected {
                return Err(format!("canary {is_canary} with body {:?}", answer.body()));
            }
            total.fetch_add(1, Ordering::Relaxed);
            canaries.fetch_add(u64::from(is_canary), Ordering::Relaxed);
            Ok(())
        })
    };
    let path = story::path(&api, "prod", "/");
    let targets: Vec<_> = cluster.node_urls().iter().map(|url| Target::new(url, &path)).collect();
    let load = Load::start(&targets, 4, &check);
    wait_until("all answers", 10 * PATIENCE, async || load.good_so_far() >= REQUESTS).await;
    let outcome = load.stop().await;
    assert_eq!(outcome.bad, 0, "{:?}", outcome.failures);
    let share =
        canaries.load(Ordering::Relaxed) as f64 / total.load(Ordering::Relaxed) as f64 * 100.0;
    assert!((share - 10.0).abs() <= 0.5, "{share} percent met the canary");
}

/// The backend that answers a request, by the variable in the integration's URI.
async fn backends(cluster: &Cluster, path: &str, requests: usize) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    for _ in 0..requests {
        let answer: Value =
            serde_json::from_str(&story::body(&cluster.nodes[0].url(), path).await).unwrap();
        *seen.entry(answer["backend"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn overrides_reach_the_canary_only_and_survive_a_promotion() {
    let (blue, green) = (Echo::start("blue"), Echo::start("green"));
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let uri = "http://${stageVariables.backend}/x";
    let api = story::import(&admin, &document::proxy("variables", uri, "m")).await;
    let host = |echo: &Echo| echo.url().trim_start_matches("http://").to_owned();
    let variables = json!({"variables": {"backend": host(&blue), "kept": "yes"}});
    story::deploy(&admin, &api, "prod", variables).await.ok();
    let path = story::path(&api, "prod", "/proxy");
    assert_eq!(backends(&cluster, &path, 5).await.keys().collect::<Vec<_>>(), ["blue"]);

    let canary = json!({"canarySettings": {
        "percentTraffic": 50.0, "stageVariableOverrides": {"backend": host(&green)},
    }});
    story::deploy(&admin, &api, "prod", canary).await.ok();
    let seen = backends(&cluster, &path, 100).await;
    assert!(seen["blue"] > 10 && seen["green"] > 10, "{seen:?}");

    let stage = format!("/restapis/{api}/stages/prod");
    let patches = json!({"patchOperations": [
        {"op": "replace", "path": "/canarySettings/percentTraffic", "value": "0.0"},
        {"op": "copy", "path": "/variables", "from": "/canarySettings/stageVariableOverrides"},
        {"op": "copy", "path": "/deploymentId", "from": "/canarySettings/deploymentId"},
    ]});
    let promoted = admin.call(http::Method::PATCH, &stage, patches.to_string()).await.ok();
    assert_eq!(promoted.json["variables"]["backend"], host(&green));
    assert_eq!(promoted.json["variables"]["kept"], "yes", "other variables stay");
    assert!(promoted.json["canarySettings"].is_object(), "the canary stays until it is removed");
    assert_eq!(backends(&cluster, &path, 5).await.keys().collect::<Vec<_>>(), ["green"]);

    let removal = json!({"patchOperations": [{"op": "remove", "path": "/canarySettings"}]});
    let without = admin.call(http::Method::PATCH, &stage, removal.to_string()).await.ok();
    assert!(without.json.get("canarySettings").is_none(), "{}", without.json);
}
