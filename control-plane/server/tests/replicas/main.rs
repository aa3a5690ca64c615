//! Two replicas as processes over one Postgres, with nodes at either: what one
//! of them starts the other knows, refuses, and finishes.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, dead_code, reason = "tests")]

mod plane;

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use gw_fleet_testkit::node::{Running, until};
use gw_testkit::{
    chaos_proxy::{ChaosProxy, Line},
    eventually,
    postgres::TestDatabase,
};
use plane::{Replica, join};

fn both_serve(nodes: [&Running; 2], release: u64) -> bool {
    nodes.iter().all(|node| node.shared.serves() == Some(release))
}

/// Waits until both replicas know of both nodes.
async fn settled(replicas: [&Replica; 2]) {
    eventually("one view of the fleet", || async {
        for node in ["n1", "n2"] {
            let seen = replicas[0].node(node).await;
            if seen["health"] != "current" {
                return None;
            }
        }
        let (one, two) = (replicas[0].revision().await, replicas[1].revision().await);
        (one == two).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_are_one_control_plane() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    // Calls wait for as long as a machine may stall, rollouts longer than calls.
    let patience = ["--release-wait-ms", "10000", "--rollout-deadline-ms", "60000"];
    let mut r1 = Replica::start(folder.path(), "r1", database.url(), &patience).await;
    let r2 = Replica::start(folder.path(), "r2", database.url(), &patience).await;
    let n1 = join("n1", &r1, &[r1.fleet.clone(), r2.fleet.clone()]).await;
    let n2 = join("n2", &r2, &[r2.fleet.clone(), r1.fleet.clone()]).await;
    let at = |node: &Running| node.shared.replica.lock().unwrap().clone();
    until("each node has its replica", || {
        (at(&n1).as_deref(), at(&n2).as_deref()) == (Some("r1"), Some("r2"))
    })
    .await;
    settled([&r1, &r2]).await;

    // A release reaches the nodes of both before the answer.
    let api = r1.api().await;
    let (status, text) = r1.deploy(&api).await.unwrap();
    assert_eq!(status, 201, "{text}");
    assert!(both_serve([&n1, &n2], 1), "{:?} {:?}", n1.shared.serves(), n2.shared.serves());

    // A node of the other replica vetoes, and whoever waits here hears who.
    r1.change(&api, "second").await;
    *n2.shared.refuses_release.lock().unwrap() = Some(2);
    let (status, text) = r1.deploy(&api).await.unwrap();
    assert_eq!(status, 400, "{text}");
    assert!(text.contains("n2") && text.contains("larger than this node allows"), "{text}");
    until("the repair", || both_serve([&n1, &n2], 3)).await;

    // Half done: n2 has prepared, n1 has not, and its replica dies.
    n1.shared.holding.store(true, Ordering::SeqCst);
    r1.change(&api, "third").await;
    let (answer, ()) = tokio::join!(r1.deploy(&api), async {
        until("n2 prepares", || n2.shared.prepared.lock().unwrap().contains(&4)).await;
    });
    // It waits for a node that does not answer, and says so in time.
    assert_eq!(answer.unwrap().0, 201);
    assert!(both_serve([&n1, &n2], 3), "nobody goes ahead");
    r1.kill();
    until("n1 moves", || at(&n1).as_deref() == Some("r2")).await;
    assert_eq!(n1.shared.serves(), Some(3));
    n1.shared.release();
    until("the survivor finishes it", || both_serve([&n1, &n2], 4)).await;

    // And goes on alone.
    r2.change(&api, "fourth").await;
    let (status, text) = r2.deploy(&api).await.unwrap();
    assert_eq!(status, 201, "{text}");
    until("the next release", || both_serve([&n1, &n2], 5)).await;
    for (name, node) in [("n1", &n1), ("n2", &n2)] {
        let known = async || (r2.node(name).await["replica"] == "r2").then_some(());
        eventually("the node is known to be here", known).await;
        let revisions = node.shared.revisions.lock().unwrap().clone();
        assert!(revisions.is_sorted(), "{name} went back: {revisions:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_line_is_noticed_and_left_out() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    // Before the line is taken for dead, which takes up to ten seconds.
    let deadline = ["--rollout-deadline-ms", "5000", "--release-wait-ms", "500"];
    let plane = Replica::start(folder.path(), "r1", database.url(), &deadline).await;
    let line = ChaosProxy::start(plane.fleet.parse().unwrap());
    let n1 = join("n1", &plane, std::slice::from_ref(&plane.fleet)).await;
    let n2 = join("n2", &plane, &[line.address().to_string()]).await;
    settled([&plane, &plane]).await;
    let api = plane.api().await;
    assert_eq!(plane.deploy(&api).await.unwrap().0, 201);
    until("release 1", || both_serve([&n1, &n2], 1)).await;

    line.set(Line::Blackhole);
    let silent = Instant::now();
    plane.change(&api, "second").await;
    let (status, text) = plane.deploy(&api).await.unwrap();
    assert_eq!(status, 201, "{text}");
    assert_eq!(n1.shared.serves(), Some(1), "a voter that is connected is waited for");
    until("the deadline passes", || n1.shared.serves() == Some(2)).await;
    let waited = silent.elapsed();
    assert!(waited > Duration::from_millis(4500), "before the deadline: {waited:?}");
    eventually("n2 is not current", || async {
        let health = plane.node("n2").await["health"].clone();
        (health == "lagging" || health == "disconnected").then_some(())
    })
    .await;
    let current = async || (plane.node("n1").await["health"] == "current").then_some(());
    eventually("n1 is current", current).await;

    line.set(Line::Open);
    until("n2 is back", || n2.shared.serves() == Some(2)).await;
}
