//! The service over real TLS on loopback, with nodes that follow a script and
//! a database in memory.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, dead_code, reason = "tests")]

mod memory;
mod scripted;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use gw_fleet::{Progress, RequestError};
use gw_fleet_core::rollout::Outcome;
use gw_fleet_testkit::node::until;
use gw_model::{Digest, NodeId, ReleaseNumber, ResourceName, Scope, StageKey};
use gw_proto::{self as pb, control_message::Body, node_message, receipt::State};
use scripted::{Fleet, Node, hello};
use tonic::Code;

/// In these tests every release has a deployment of its own, unless it is
/// said otherwise.
pub fn digest_of(release: u64) -> Digest {
    Digest::of(&release.to_be_bytes())
}

fn stage() -> StageKey {
    StageKey {
        scope: Scope::new("000000000000", "us-east-1"),
        api: "a123456789".into(),
        stage: "prod".into(),
    }
}

fn name() -> String {
    ResourceName::Stage(stage()).to_string()
}

impl Fleet {
    /// Appends a release whose deployment is that of `digest_of(of)`.
    fn append(&self, of: u64) -> ReleaseNumber {
        let commit = self.hub.all_hold(&[digest_of(of)]);
        let pending = self.memory.db(|db| db.append(&stage(), digest_of(of), commit));
        let release = pending.release;
        if commit {
            let revision = self.memory.db(|db| db.revision);
            self.hub.committed(pending, revision);
        } else {
            self.hub.appended(pending);
        }
        release
    }

    async fn outcome(&self, release: ReleaseNumber) -> Outcome {
        let mut progress = self.hub.follow_release(&stage(), release);
        let settled = progress.wait_for(|progress: &Progress| progress.outcome.is_some());
        let settled = tokio::time::timeout(Duration::from_secs(60), settled).await;
        settled.expect("every rollout ends").unwrap().outcome.clone().unwrap()
    }

    async fn deployed(&self, of: u64, nodes: &mut [&mut Node]) {
        let release = self.append(of);
        for node in nodes.iter_mut() {
            let prepare = node.prepare().await;
            assert_eq!((prepare.stage, prepare.release), (name(), release.0));
            node.receipt(&name(), release.0, State::Prepared);
        }
        for node in nodes {
            assert_eq!(node.take_release().await.number, release);
            node.receipt(&name(), release.0, State::Serving);
        }
        assert_eq!(self.outcome(release).await, Outcome::Serving { missing: vec![] });
    }
}

#[tokio::test]
async fn after_an_outage_the_database_hears_again_who_is_here() {
    let fleet = Fleet::start().await;
    let _node = fleet.node("a").await;
    let holds = || fleet.memory.db(|db| db.holders.contains_key(&NodeId::new("a")));
    assert!(holds());
    let told = fleet.memory.told.load(Ordering::Relaxed);
    fleet.memory.db(|db| db.down = true);
    // It lasts until this replica's lease may have ended, and it says so;
    // another replica then thinks that this one is gone.
    let again = || fleet.memory.told.load(Ordering::Relaxed) > told;
    until("it registers its nodes again", again).await;
    fleet.memory.db(|db| {
        db.holders.clear();
        db.down = false;
    });
    until("the node is not shown as disconnected for good", holds).await;
}

#[tokio::test]
async fn only_nodes_of_the_fleet_renew() {
    let fleet = Fleet::start().await;
    let node = fleet.node("a").await;
    let request = || {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.serialize_request(&key).unwrap().der().to_vec()
    };
    let plain = || pb::RenewRequest {
        certificate_request: request().into(),
        traffic_certificate_request: Default::default(),
    };
    let both = || pb::RenewRequest { traffic_certificate_request: request().into(), ..plain() };
    let mut client = node.client.clone();
    // An older build asks for its identity only.
    let renewed = client.renew(plain()).await.unwrap().into_inner();
    assert_eq!((renewed.certificate_chain.len(), renewed.traffic_certificate_chain.len()), (2, 0));
    let renewed = client.renew(both()).await.unwrap().into_inner();
    assert_eq!((renewed.certificate_chain.len(), renewed.traffic_certificate_chain.len()), (2, 1));
    assert_eq!(gw_fleet::node_of(&renewed.certificate_chain[0]).as_deref(), Some("a"));
    assert_eq!(gw_fleet::node_of(&renewed.traffic_certificate_chain[0]), None);
    let odd = pb::RenewRequest { traffic_certificate_request: "?".into(), ..plain() };
    assert_eq!(client.renew(odd).await.unwrap_err().code(), Code::InvalidArgument);
    // What it shows to clients is not who it is.
    assert_eq!(
        fleet.client(None).await.renew(both()).await.unwrap_err().code(),
        Code::Unauthenticated
    );

    fleet.memory.db(|db| db.down = true);
    assert_eq!(client.renew(both()).await.unwrap_err().code(), Code::Unavailable);
    fleet.memory.db(|db| db.down = false);
    fleet.memory.nodes.lock().unwrap().clear();
    assert_eq!(client.renew(both()).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn only_nodes_of_the_fleet_get_in() {
    let fleet = Fleet::start().await;
    let refused = fleet.join("a", "guess").await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(fleet.join("a/b", "secret").await.unwrap_err().code(), Code::InvalidArgument);

    let identity = fleet.join("a", "secret").await.unwrap();
    let other = fleet.connect("b", &identity, hello("b")).await.err().unwrap();
    assert_eq!(other.code(), Code::PermissionDenied, "the certificate says a");
    let future = pb::Hello { protocol_version: 9, ..hello("a") };
    let future = fleet.connect("a", &identity, future).await.err().unwrap();
    assert!(future.message().contains("protocol 9"), "{future}");

    let nobody = fleet.client(None).await.fetch(pb::FetchRequest::default()).await;
    assert_eq!(nobody.unwrap_err().code(), Code::Unauthenticated);
    fleet.memory.nodes.lock().unwrap().clear();
    let gone = fleet.connect("a", &identity, hello("a")).await.err().unwrap();
    assert_eq!(gone.code(), Code::PermissionDenied, "taken out of the fleet");
}

#[tokio::test]
async fn a_release_reaches_all_and_a_rollback_needs_no_vote() {
    let fleet = Fleet::start().await;
    let (mut a, mut b) = (fleet.node("a").await, fleet.node("b").await);
    a.take_delta().await;
    b.take_delta().await;
    fleet.deployed(1, &mut [&mut a, &mut b]).await;
    fleet.deployed(2, &mut [&mut a, &mut b]).await;

    // Both still hold what release 1 named: no prepare, the delta at once.
    let release = fleet.append(1);
    assert_eq!(a.take_release().await.number, release);
    assert_eq!(b.take_release().await.number, release);
    a.receipt(&name(), release.0, State::Serving);
    b.receipt(&name(), release.0, State::Serving);
    assert_eq!(fleet.outcome(release).await, Outcome::Serving { missing: vec![] });
    let live = fleet.hub.live_nodes();
    assert!(live.iter().all(|(node, _)| node.lag_ms == 0), "{live:?}");
    assert_eq!(fleet.hub.revision(), Some(live[0].0.acked));

    // Receipts are written, off the critical path.
    let written = || fleet.memory.notes.lock().unwrap().len() >= 6;
    until("receipts are written", written).await;
}

#[tokio::test]
async fn a_rejected_release_is_committed_nowhere() {
    let fleet = Fleet::start().await;
    let (mut a, mut b) = (fleet.node("a").await, fleet.node("b").await);
    a.take_delta().await;
    b.take_delta().await;
    let release = fleet.append(1);
    a.prepare().await;
    b.prepare().await;
    a.receipt(&name(), release.0, State::Prepared);
    b.receipt(&name(), release.0, State::Rejected);
    let outcome = Outcome::Rejected { node: NodeId::new("b"), reason: "too large".to_owned() };
    assert_eq!(fleet.outcome(release).await, outcome);
    let mut abandoned = false;
    while !abandoned {
        match a.hear().await.unwrap() {
            Body::Abandon(abandon) => abandoned = abandon.release == release.0,
            Body::Delta(delta) => {
                assert!(delta.upserts.is_empty(), "nothing was committed");
                a.ack(&delta, true);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn who_lags_or_leaves_does_not_block() {
    let fleet = Fleet::with_patience(4000).await;
    let (mut a, mut b) = (fleet.node("a").await, fleet.node("b").await);
    a.take_delta().await;
    b.take_delta().await;
    let release = fleet.append(1);
    a.prepare().await;
    b.prepare().await;
    a.receipt(&name(), release.0, State::Prepared);
    // b says nothing: left out after the deadline.
    assert_eq!(a.take_release().await.number, release);
    a.receipt(&name(), release.0, State::Serving);
    let missing = vec![NodeId::new("b")];
    assert_eq!(fleet.outcome(release).await, Outcome::Serving { missing });

    let fleet = Fleet::start().await;
    let (mut a, mut b) = (fleet.node("a").await, fleet.node("b").await);
    a.take_delta().await;
    b.take_delta().await;
    let release = fleet.append(2);
    a.prepare().await;
    b.prepare().await;
    a.receipt(&name(), release.0, State::Prepared);
    drop(b);
    assert_eq!(a.take_release().await.number, release);
    a.receipt(&name(), release.0, State::Serving);
    assert_eq!(fleet.outcome(release).await, Outcome::Serving { missing: vec![] });
}

#[tokio::test]
async fn reconnects_get_what_they_lack_and_refusals_the_whole_world() {
    let fleet = Fleet::start().await;
    let mut a = fleet.node("a").await;
    let first = a.take_delta().await;
    assert_eq!(first.from, None);
    fleet.deployed(1, &mut [&mut a]).await;
    let identity = a.identity.clone();
    let world = fleet.hub.revision();
    drop(a);
    until("it is gone", || fleet.hub.live_nodes().is_empty()).await;

    let held = pb::Hello { revision: first.to, root_digest: first.root_digest, ..hello("a") };
    let mut a = fleet.connect("a", &identity, held).await.unwrap();
    let delta = a.delta().await;
    assert_eq!((delta.from, delta.upserts.len()), (first.to, 1));
    assert_eq!(delta.to.map(Into::into), world);
    a.ack(&delta, false);
    let whole = a.take_delta().await;
    assert_eq!((whole.from, whole.upserts.len()), (None, 1));

    // Another start of the node takes its place; an earlier one is refused.
    let newer = pb::Hello { boot_epoch: 6, ..hello("a") };
    let mut newer = fleet.connect("a", &identity, newer).await.unwrap();
    newer.take_delta().await;
    while a.hear().await.is_ok() {}
    let mut older = fleet.connect("a", &identity, hello("a")).await.unwrap();
    assert_eq!(older.hear().await.unwrap_err().code(), Code::Aborted);
    assert_eq!(fleet.hub.live_nodes().len(), 1);
    newer
        .say(node_message::Body::Heartbeat(pb::Heartbeat { draining: true, ..Default::default() }));
    until("it drains", || fleet.hub.live_nodes()[0].1).await;
}

#[tokio::test]
async fn content_comes_in_chunks_and_is_read_once() {
    let fleet = Fleet::start().await;
    let mut a = fleet.node("a").await;
    let content: Vec<u8> = (0..2_500_000_u32).map(|n| n as u8).collect();
    let digest = Digest::of(&content);
    fleet.memory.contents.lock().unwrap().insert(digest, content.as_slice().into());
    for offset in [0, 1_000_000, 2_500_000] {
        let digest = digest.as_bytes().to_vec().into();
        let request = pb::FetchRequest { digest, offset };
        let mut chunks = a.client.fetch(request).await.unwrap().into_inner();
        let mut got = Vec::new();
        while let Some(chunk) = chunks.message().await.unwrap() {
            assert!(chunk.data.len() <= gw_proto::CHUNK_BYTES && chunk.total == 2_500_000);
            got.extend(chunk.data);
        }
        assert!(got == content[offset as usize..]);
    }
    assert_eq!(fleet.memory.content_reads.load(Ordering::Relaxed), 1);
    let digest = Digest::of(b"other").as_bytes().to_vec().into();
    let unknown = a.client.fetch(pb::FetchRequest { digest, offset: 0 }).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn nodes_answer_requests() {
    let fleet = Fleet::start().await;
    let mut a = fleet.node("a").await;
    a.take_delta().await;
    let ask = |node: &'static str, wait_ms| {
        let hub = fleet.hub.clone();
        let body = pb::request::Body::Drain(pb::Drain { delay_ms: 7 });
        let wait = Duration::from_millis(wait_ms);
        tokio::spawn(async move { hub.request(&NodeId::new(node), body, wait).await })
    };
    assert_eq!(ask("b", 100).await.unwrap(), Err(RequestError::NotConnected));
    assert_eq!(ask("a", 20).await.unwrap(), Err(RequestError::Timeout));
    let asked = ask("a", 60_000);
    for _ in 0..2 {
        let Body::Request(request) = a.hear().await.unwrap() else { panic!("not a request") };
        let body = Some(pb::answer::Body::Done(pb::Done {}));
        a.say(node_message::Body::Answer(pb::Answer { id: request.id, body }));
    }
    assert_eq!(asked.await.unwrap(), Ok(pb::answer::Body::Done(pb::Done {})));
}

#[tokio::test]
async fn offered_content_is_within_reach_while_it_is_offered() {
    let fleet = Fleet::start().await;
    let mut a = fleet.node("a").await;
    let content: Arc<[u8]> = b"in no database".to_vec().into();
    let digest = Digest::of(&content);
    let request = || pb::FetchRequest { digest: digest.as_bytes().to_vec().into(), offset: 0 };
    let first = fleet.hub.offer(digest, Arc::clone(&content));
    let second = fleet.hub.offer(digest, Arc::clone(&content));
    drop(first);
    let mut chunks = a.client.fetch(request()).await.unwrap().into_inner();
    assert_eq!(chunks.message().await.unwrap().unwrap().data, content[..]);
    drop(second);
    assert_eq!(a.client.fetch(request()).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn test_calls_reach_a_node_and_come_back() {
    let fleet = Fleet::start().await;
    let mut a = fleet.node("a").await;
    a.take_delta().await;
    let app = gw_fleet::AppFleet::new(fleet.hub.clone());
    let content: Arc<[u8]> = b"an API".to_vec().into();
    let StageKey { scope, api, .. } = stage();
    let call = gw_app::TestCall {
        digest: Digest::of(&content),
        content,
        method: gw_app::MethodKey {
            api: api.clone(),
            resource: "r".into(),
            verb: gw_model::HttpMethod::Post,
        },
        stage: StageKey { scope, api, stage: "test".into() },
        input: gw_app::TestInvokeInput {
            path_with_query: "/x".to_owned(),
            headers: vec![("a".to_owned(), "b".to_owned())],
            body: "hi".to_owned(),
            ..Default::default()
        },
    };
    let digest = call.digest;
    let asked = tokio::spawn(async move {
        let request = gw_app::NodeRequest::TestInvoke(Box::new(call));
        gw_app::Fleet::request(&app, &NodeId::new("a"), request, Duration::from_secs(60)).await
    });
    let Body::Request(request) = a.hear().await.unwrap() else { panic!("not a request") };
    let Some(pb::request::Body::TestInvoke(wanted)) = request.body else { panic!("not a test") };
    assert_eq!(
        (&*wanted.resource_id, &*wanted.method, &*wanted.path_with_query),
        ("r", "POST", "/x")
    );
    assert_eq!((&wanted.body[..], wanted.headers[0].name.as_str()), (&b"hi"[..], "a"));
    assert_eq!(wanted.digest, digest.as_bytes()[..]);
    // The content is there for as long as the call is under way.
    let fetch = || pb::FetchRequest { digest: wanted.digest.clone(), offset: 0 };
    let mut chunks = a.client.fetch(fetch()).await.unwrap().into_inner();
    assert_eq!(chunks.message().await.unwrap().unwrap().data, b"an API"[..]);
    let line = pb::LogLine { at_ms: 5, text: "done".into(), step: false };
    let result = pb::TestResult {
        request_id: "id".into(),
        status: 201,
        headers: wanted.headers.clone(),
        body: "there".into(),
        log: vec![line],
        latency_us: 1500,
    };
    let body = Some(pb::answer::Body::Tested(result));
    a.say(node_message::Body::Answer(pb::Answer { id: request.id, body }));
    let gw_app::NodeAnswer::Tested(result) = asked.await.unwrap().unwrap() else {
        panic!("not a result")
    };
    assert_eq!((result.status, &*result.body, &*result.request_id), (201, &b"there"[..], "id"));
    assert_eq!((result.log[0].at_ms, result.latency), (5, Duration::from_micros(1500)));
    assert_eq!(a.client.fetch(fetch()).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn nodes_sync_from_memory_while_the_database_is_gone() {
    let fleet = Fleet::start().await;
    let mut a = fleet.node("a").await;
    a.take_delta().await;
    fleet.deployed(1, &mut [&mut a]).await;
    let identity = fleet.join("b", "secret").await.unwrap();
    fleet.memory.db(|db| db.down = true);
    let mut b = fleet.connect("b", &identity, hello("b")).await.unwrap();
    assert_eq!(b.take_release().await.number, ReleaseNumber(1));
    assert_eq!(fleet.join("c", "secret").await.unwrap_err().code(), Code::Unavailable);

    // What was appended just before is finished once the database is back.
    let pending = fleet.memory.db(|db| db.append(&stage(), digest_of(2), false));
    let release = pending.release;
    fleet.hub.appended(pending);
    for node in [&mut a, &mut b] {
        node.prepare().await;
        node.receipt(&name(), release.0, State::Prepared);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    fleet.memory.db(|db| db.down = false);
    for node in [&mut a, &mut b] {
        assert_eq!(node.take_release().await.number, release);
        node.receipt(&name(), release.0, State::Serving);
    }
    assert_eq!(fleet.outcome(release).await, Outcome::Serving { missing: vec![] });
    let knows = || fleet.memory.db(|db| db.holders.contains_key(&NodeId::new("b")));
    until("the database knows who came", knows).await;
}

#[tokio::test]
async fn who_waits_for_a_revision_waits_for_every_node() {
    let fleet = Fleet::start().await;
    let reached = |number: u64, ms: u64| {
        let revision = gw_model::Revision::new(1, number);
        let hub = fleet.hub.clone();
        async move { hub.await_revision(revision, Duration::from_millis(ms)).await }
    };
    assert!(reached(1_000_000, 50).await, "there is nobody to wait for");
    let (mut a, mut b) = (fleet.node("a").await, fleet.node("b").await);
    for node in [&mut a, &mut b] {
        node.take_delta().await;
    }
    assert!(!fleet.hub.has_nodes_elsewhere());
    fleet.append(1);
    for node in [&mut a, &mut b] {
        node.prepare().await;
        node.receipt(&name(), 1, State::Prepared);
    }
    let (first, second) = (a.delta().await, b.delta().await);
    let number = first.to.as_ref().unwrap().number;
    assert!(!reached(number, 100).await, "nobody has it");
    a.ack(&first, true);
    assert!(!reached(number, 100).await, "one lacks it");
    let waiting = tokio::spawn(reached(number, 60_000));
    b.ack(&second, true);
    assert!(waiting.await.unwrap());
    assert!(!reached(number + 5, 100).await, "no such revision yet");
    // A node that goes away is waited for no more.
    drop((a, b));
    assert!(reached(number + 5, 60_000).await);
}
