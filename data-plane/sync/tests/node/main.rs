//! A node against a control plane that speaks the real protocol over real TLS.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod facts;
mod identity;
mod test_calls;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gw_fleet_testkit::{
    plane::{Ca, Fleet, LONG, Session},
    world::{Declared, api, prepare, release, stage},
};
use gw_proto::{self as pb, answer, control_message::Body, node_message, receipt::State, request};
use gw_snapshot::CompiledStage;
use gw_sync::{Config, Handle, Hooks, Load, Node};

/// A folder that goes with the test, though a node may write into it for a
/// moment more.
struct Folder(PathBuf);

fn folder() -> Folder {
    Folder(tempfile::tempdir().unwrap().keep())
}

impl Folder {
    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let until = Instant::now() + LONG;
        while std::fs::remove_dir_all(&self.0).is_err() && self.0.exists() && Instant::now() < until
        {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[derive(Default)]
struct Told {
    drains: AtomicU64,
    /// The releases that were compiled.
    prepared: Mutex<Vec<u64>>,
    certificates: AtomicU64,
}

impl Hooks for Told {
    fn load(&self) -> Load {
        Load { requests_total: 42, ..Load::default() }
    }

    fn drain(&self, delay: Duration) {
        self.drains.fetch_add(u64::try_from(delay.as_millis()).unwrap(), Ordering::SeqCst);
    }

    fn prepared(&self, stage: &CompiledStage) {
        self.prepared.lock().unwrap().push(stage.release().0);
    }

    fn certificate_changed(&self) {
        self.certificates.fetch_add(1, Ordering::SeqCst);
    }
}

fn config(dir: &Path, fleet: &Fleet) -> Config {
    let mut config = Config::new(dir);
    config.control_planes = vec![fleet.address.to_string()];
    config.join_token = Some(fleet.ca.token());
    config.node_name = Some("wanted".to_owned());
    config.traffic_address = "127.0.0.1:8080".to_owned();
    config.backoff_min = Duration::from_millis(20);
    config.backoff_max = Duration::from_millis(200);
    config
}

fn start(config: Config) -> Handle {
    Node::start(config, Arc::new(Told::default())).unwrap()
}

/// The release that requests of an API meet.
fn served(node: &Handle, api: &str) -> Option<u64> {
    node.world().load().stage(api, "prod").map(|stage| stage.release().0)
}

async fn wait(what: &str, mut until: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !until() {
        assert!(begun.elapsed() < LONG, "waited too long: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A node that serves release 1 of `aaa`.
async fn serving(fleet: &mut Fleet, config: Config) -> (Handle, Session, Declared) {
    serving_with(fleet, config, Arc::default()).await
}

async fn serving_with(
    fleet: &mut Fleet,
    config: Config,
    told: Arc<Told>,
) -> (Handle, Session, Declared) {
    let node = Node::start(config, told).unwrap();
    let mut session = fleet.accept().await;
    session.hello().await;
    let mut world = Declared::default();
    world.deploy(fleet, "aaa", 1, &api("aaa", "one"));
    session.send(world.whole());
    assert!(session.ack().await.accepted);
    session.expect(&stage("aaa"), 1, State::Serving).await;
    (node, session, world)
}

async fn joined(fleet: &mut Fleet, dir: &Path) -> (Handle, Session, Declared) {
    let config = config(dir, fleet);
    serving(fleet, config).await
}

#[tokio::test(flavor = "multi_thread")]
async fn joins_then_syncs() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let told = Arc::new(Told::default());
    let node = Node::start(config(dir.path(), &fleet), Arc::clone(&told) as _).unwrap();
    let mut session = fleet.accept().await;
    assert!(session.has_certificate);
    let hello = session.hello().await;
    assert_eq!((hello.node_id.as_str(), hello.revision), ("node-1", None));
    assert_eq!(hello.traffic_address, "127.0.0.1:8080");
    assert!(!node.status().ready);

    let mut world = Declared::default();
    world.deploy(&fleet, "aaa", 1, &api("aaa", "one"));
    world.set("key/of/an/unknown/kind", b"kept unread".to_vec());
    session.send(world.whole());
    let ack = session.ack().await;
    assert!(ack.accepted);
    assert_eq!(ack.root_digest, world.root());
    let receipt = session.expect(&stage("aaa"), 1, State::Serving).await;
    assert_eq!(receipt.held.len(), 1);
    assert_eq!(served(&node, "aaa"), Some(1));
    assert!(node.wait_ready(LONG));

    let heartbeat = session.until(|body| match body {
        node_message::Body::Heartbeat(heartbeat) => Some(heartbeat),
        _ => None,
    });
    assert_eq!(heartbeat.await.requests_total, 42);
    let status = node.status();
    assert!(status.connected && status.offline_since.is_none());
    assert_eq!((status.slot, status.stages), (Some(7), 1));
    assert_eq!(told.certificates.load(Ordering::SeqCst), 1);
    assert_eq!(status.node_id.as_deref(), Some("node-1"));
    assert!(node.certificate().is_none(), "this control plane makes none");
    let joins = &fleet.state.lock().unwrap().joins;
    assert_eq!((joins.len(), joins[0].node_name.as_str()), (1, "wanted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let told = Arc::new(Told::default());
    let _node = Node::start(config(dir.path(), &fleet), Arc::clone(&told) as _).unwrap();
    let mut session = fleet.accept().await;
    session.hello().await;
    let mut world = Declared::default();
    world.deploy(&fleet, "aaa", 3, &api("aaa", "one"));
    session.send(world.whole());
    session.expect(&stage("aaa"), 3, State::Serving).await;
    let bodies = [
        Some(request::Body::Describe(pb::DescribeNode {})),
        Some(request::Body::Drain(pb::Drain { delay_ms: 1500 })),
        None,
    ];
    for (id, body) in bodies.into_iter().enumerate() {
        session.send(Body::Request(pb::Request { id: id as u64, deadline_ms: 60_000, body }));
        let answer = session.until(|body| match body {
            node_message::Body::Answer(answer) => Some(answer),
            _ => None,
        });
        let answer = answer.await;
        assert_eq!(answer.id, id as u64);
        match answer.body.unwrap() {
            answer::Body::State(state) => {
                assert_eq!(state.serving.get(&stage("aaa")), Some(&3));
                assert_eq!((state.revision, state.stages), (Some(world.revision()), 1));
                assert_eq!(state.root_digest, world.root());
            }
            answer::Body::Done(pb::Done {}) => assert_eq!(id, 1),
            answer::Body::Tested(_) => panic!("nothing was tested"),
            answer::Body::Error(error) => assert!(id == 2 && error.contains("does not know")),
        }
    }
    assert_eq!(told.drains.load(Ordering::SeqCst), 1500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_release_serves_once_it_is_declared() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let told = Arc::new(Told::default());
    let config = config(dir.path(), &fleet);
    let (node, mut session, mut world) = serving_with(&mut fleet, config, Arc::clone(&told)).await;
    let digest = fleet.put(&api("aaa", "two"));
    session.send(prepare("aaa", 2, digest));
    let receipt = session.expect(&stage("aaa"), 2, State::Prepared).await;
    assert!(receipt.compile_us > 0);
    assert_eq!(*told.prepared.lock().unwrap(), [1, 2], "names are looked up before it serves");
    assert_eq!(served(&node, "aaa"), Some(1));
    session.send(world.set(&stage("aaa"), release(2, digest)));
    session.expect(&stage("aaa"), 2, State::Serving).await;
    assert_eq!(served(&node, "aaa"), Some(2));

    // Back to the first deployment: nothing to fetch, nothing to compile.
    wait("both are counted", || node.status().compiled_total == 2).await;
    let first = fleet.put(&api("aaa", "one"));
    session.send(world.set(&stage("aaa"), release(3, first)));
    session.expect(&stage("aaa"), 3, State::Serving).await;
    assert_eq!(served(&node, "aaa"), Some(3));
    assert_eq!(node.status().compiled_total, 2);
    let fetches = fleet.state.lock().unwrap().fetches.clone();
    assert_eq!(fetches.len(), 2, "each digest once");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_a_release_is_rejected_and_the_rest_applies() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let mut config = config(dir.path(), &fleet);
    config.max_deployment_bytes = 2000;
    let (node, mut session, mut world) = serving(&mut fleet, config).await;
    let large = api("aaa", &"x".repeat(4000));
    let digest = fleet.put(&large);
    session.send(prepare("aaa", 2, digest));
    let receipt = session.expect(&stage("aaa"), 2, State::Rejected).await;
    let size = large.len().to_string();
    assert!(receipt.reason.contains(&size) && receipt.reason.contains("2000"), "{receipt:?}");

    // Declared all the same (a forced release): the former one stays, all else moves.
    session.send(world.set(&stage("aaa"), release(2, digest)));
    session.expect(&stage("aaa"), 2, State::Rejected).await;
    session.send(world.deploy(&fleet, "bbb", 1, &api("bbb", "small")));
    session.expect(&stage("bbb"), 1, State::Serving).await;
    assert_eq!((served(&node, "aaa"), served(&node, "bbb")), (Some(1), Some(1)));

    // And so it is after a restart with nothing else alive.
    drop(session);
    fleet.kill().await;
    node.shutdown();
    let mut config = Config::new(dir.path());
    config.max_deployment_bytes = 2000;
    let node = start(config);
    assert_eq!((served(&node, "aaa"), served(&node, "bbb")), (Some(1), Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_content_is_rejected_with_its_reason() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let (node, mut session, _) = joined(&mut fleet, dir.path()).await;
    let contents: [&[u8]; 3] = [b"{\"format\":99}", b"not json", b"{\"format\":1,\"api\":{}}"];
    for (number, content) in (2..).zip(contents) {
        let digest = fleet.put(content);
        session.send(prepare("aaa", number, digest));
        let receipt = session.expect(&stage("aaa"), number, State::Rejected).await;
        assert!(receipt.reason.contains("deployment"), "{}", receipt.reason);
    }
    assert_eq!(served(&node, "aaa"), Some(1));
    wait("each is counted", || node.status().compile_faults == 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_to_another_root_is_discarded_and_the_world_comes_whole() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let (node, mut session, mut world) = joined(&mut fleet, dir.path()).await;
    let Body::Delta(mut delta) = world.deploy(&fleet, "aaa", 2, &api("aaa", "two")) else {
        unreachable!("a delta")
    };
    delta.root_digest = vec![9; 32].into();
    session.send(Body::Delta(delta));
    let ack = session.ack().await;
    assert!(!ack.accepted);
    assert_eq!(served(&node, "aaa"), Some(1));
    session.send(world.whole());
    assert!(session.ack().await.accepted);
    session.expect(&stage("aaa"), 2, State::Serving).await;
    assert_eq!(node.status().resyncs, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn serves_from_disk_with_nothing_else_alive() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let settings = config(dir.path(), &fleet);
    let (node, mut session, mut world) = serving(&mut fleet, settings.clone()).await;
    for n in 0..50 {
        let id = format!("api{n}");
        session.send(world.deploy(&fleet, &id, 1, &api(&id, "small")));
        session.expect(&stage(&id), 1, State::Serving).await;
    }
    drop(session);
    let dead = fleet.kill().await;
    node.shutdown();
    assert_eq!(served(&node, "api49"), Some(1), "what was published stays");

    let begun = Instant::now();
    let mut offline = settings.clone();
    offline.join_token = None;
    let node = start(offline);
    println!("51 stages from disk in {:?}", begun.elapsed());
    assert_eq!((served(&node, "aaa"), served(&node, "api49")), (Some(1), Some(1)));
    let status = node.status();
    assert!(status.ready && status.from_disk && !status.connected);
    assert!(status.offline_since.is_some());
    assert_eq!(status.stages, 51);

    // The line comes back: the node goes on from where it stands, without joining.
    let mut fleet = dead.revive().await;
    let mut session = fleet.accept().await;
    let hello = session.hello().await;
    assert_eq!(hello.revision, Some(world.revision()));
    assert_eq!(hello.root_digest, world.root());
    session.send(world.deploy(&fleet, "aaa", 2, &api("aaa", "two")));
    session.expect(&stage("aaa"), 2, State::Serving).await;
    wait("confirmed", || !node.status().from_disk).await;
    assert_eq!(fleet.state.lock().unwrap().joins.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_content_is_fetched_again() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let settings = config(dir.path(), &fleet);
    let (node, mut session, mut world) = serving(&mut fleet, settings.clone()).await;
    session.send(world.deploy(&fleet, "bbb", 1, &api("bbb", "b")));
    session.expect(&stage("bbb"), 1, State::Serving).await;
    drop(session);
    node.shutdown();
    let digest = gw_model::Digest::of(&api("bbb", "b")).to_string();
    let path = dir.path().join("world/contents").join(digest);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[30] ^= 1;
    std::fs::write(&path, bytes).unwrap();

    let node = start(settings);
    assert_eq!((served(&node, "aaa"), served(&node, "bbb")), (Some(1), None));
    let mut session = fleet.accept().await;
    session.hello().await;
    wait("fetched again", || served(&node, "bbb") == Some(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_world_starts_the_node_empty() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let settings = config(dir.path(), &fleet);
    let (node, session, world) = serving(&mut fleet, settings.clone()).await;
    drop(session);
    node.shutdown();
    let mut other_key = settings.clone();
    other_key.node_key = Some("5a".repeat(32));
    let node = start(other_key.clone());
    assert_eq!(served(&node, "aaa"), None);
    let mut session = fleet.accept().await;
    assert_eq!(session.hello().await.revision, None);
    session.send(world.whole());
    // The content on disk does not open either; it is fetched again.
    session.expect(&stage("aaa"), 1, State::Lagging).await;
    session.expect(&stage("aaa"), 1, State::Serving).await;
    drop(session);
    fleet.kill().await;
    node.shutdown();
    let node = start(other_key);
    assert_eq!(served(&node, "aaa"), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn reconnects_after_every_kind_of_loss() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let mut settings = config(dir.path(), &fleet);
    // An address where nobody listens is passed over.
    settings.control_planes.insert(0, "127.0.0.1:1".to_owned());
    let (node, session, world) = serving(&mut fleet, settings).await;
    drop(session);
    let mut session = fleet.accept().await;
    assert_eq!(session.hello().await.revision, Some(world.revision()));
    drop(session);
    let dead = fleet.kill().await;
    wait("offline", || !node.status().connected).await;
    assert!(node.status().last_error.is_some());
    assert_eq!(served(&node, "aaa"), Some(1));
    let mut fleet = dead.revive().await;
    let mut session = fleet.accept().await;
    assert_eq!(session.hello().await.revision, Some(world.revision()));
    wait("online", || node.status().connected).await;
    assert!(node.status().offline_since.is_none());
    // A message that breaks the protocol ends the stream, not the node.
    session.send(Body::Delta(pb::Delta::default()));
    let mut session = fleet.accept().await;
    session.hello().await;
    wait("the fourth welcome", || node.status().connections == 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_transfer_goes_on_where_it_was() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    fleet.state.lock().unwrap().break_after = Some(300);
    let (_node, mut session, mut world) = joined(&mut fleet, dir.path()).await;
    let large = api("bbb", &"large ".repeat(500_000));
    fleet.state.lock().unwrap().break_after = Some(1_000_000);
    session.send(world.deploy(&fleet, "bbb", 1, &large));
    session.expect(&stage("bbb"), 1, State::Serving).await;
    let fetches = fleet.state.lock().unwrap().fetches.clone();
    let offsets: Vec<u64> = fetches.iter().map(|(_, offset)| *offset).collect();
    assert_eq!(offsets, [0, 300, 0, 1_000_000]);
}
