//! Test calls: content that no world names, run beside it.

use gw_snapshot::{LogLine, TestCall, Tested};
use http::{HeaderName, HeaderValue};
use tokio::sync::oneshot;

use super::*;

/// A proxy that answers as it is told.
struct Proxy {
    calls: Mutex<Vec<TestCall>>,
    /// Whether calls are answered, or kept until they are given up.
    answers: bool,
    kept: Mutex<Vec<oneshot::Sender<Tested>>>,
}

impl Proxy {
    fn new(answers: bool) -> Arc<Self> {
        Arc::new(Self { calls: Mutex::default(), answers, kept: Mutex::default() })
    }
}

impl Hooks for Proxy {
    fn test_call(&self, call: TestCall, answer: oneshot::Sender<Tested>) {
        let body = call.body.clone();
        self.calls.lock().unwrap().push(call);
        if !self.answers {
            return self.kept.lock().unwrap().push(answer);
        }
        let line = LogLine {
            at: std::time::SystemTime::UNIX_EPOCH + Duration::from_millis(1234),
            text: "a line".to_owned(),
            is_step: true,
        };
        let told = Tested {
            request_id: "r".to_owned(),
            status: 418,
            headers: [(HeaderName::from_static("a"), HeaderValue::from_static("b"))]
                .into_iter()
                .collect(),
            body,
            log: vec![line],
            latency: Duration::from_micros(7),
        };
        answer.send(told).unwrap();
    }
}

async fn start(fleet: &mut Fleet, dir: &Path, proxy: &Arc<Proxy>) -> (Handle, Session, Declared) {
    let node = Node::start(config(dir, fleet), Arc::clone(proxy) as _).unwrap();
    let mut session = fleet.accept().await;
    session.hello().await;
    let mut world = Declared::default();
    world.deploy(fleet, "aaa", 1, &api("aaa", "one"));
    session.send(world.whole());
    session.expect(&stage("aaa"), 1, State::Serving).await;
    (node, session, world)
}

fn call(digest: &[u8]) -> pb::TestInvoke {
    pb::TestInvoke {
        stage: stage("aaa"),
        digest: digest.to_vec().into(),
        resource_id: "r1".into(),
        method: "GET".into(),
        path_with_query: "/a?b=c".into(),
        headers: vec![pb::Header { name: "x".into(), value: "y".into() }],
        body: "hello".into(),
        stage_variables: [("v".to_owned(), "w".to_owned())].into(),
        client_certificate_id: "cert".into(),
    }
}

fn ask(session: &Session, id: u64, deadline_ms: u32, call: pb::TestInvoke) {
    let body = Some(request::Body::TestInvoke(call));
    session.send(Body::Request(pb::Request { id, deadline_ms, body }));
}

async fn answer(session: &mut Session) -> (u64, answer::Body) {
    let answer = session.until(|body| match body {
        node_message::Body::Answer(answer) => Some(answer),
        _ => None,
    });
    let answer = answer.await;
    (answer.id, answer.body.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn content_is_fetched_bound_and_run() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let proxy = Proxy::new(true);
    let (node, mut session, _) = start(&mut fleet, dir.path(), &proxy).await;
    let digest = fleet.put(&api("aaa", "not deployed"));
    for id in [1, 2] {
        ask(&session, id, 60_000, call(digest.as_bytes()));
        let (answered, body) = answer(&mut session).await;
        assert_eq!(answered, id);
        let answer::Body::Tested(result) = body else { panic!("{body:?}") };
        assert_eq!((result.status, &*result.request_id, result.latency_us), (418, "r", 7));
        assert_eq!((&result.body[..], &result.headers[0].value[..]), (&b"hello"[..], &b"b"[..]));
        let line = pb::LogLine { at_ms: 1234, text: "a line".into(), step: true };
        assert_eq!(result.log, [line]);
    }
    let calls = std::mem::take(&mut *proxy.calls.lock().unwrap());
    let bound = calls[0].stage.main();
    assert_eq!(bound.variables["v"], "w");
    assert_eq!(calls[0].stage.client_certificate(), Some("cert"));
    assert_eq!((&*calls[0].resource_id, &*calls[0].path_with_query), ("r1", "/a?b=c"));
    assert_eq!(calls[0].headers, [("x".to_owned(), "y".into())]);
    // Compiled once, fetched once; the world is what it was.
    let fetches = fleet.state.lock().unwrap().fetches.clone();
    assert_eq!(fetches.len(), 2, "the deployment and the content of the test");
    wait("the count", || node.status().compiled_total == 2).await;
    assert_eq!(served(&node, "aaa"), Some(1));
    assert_eq!(node.status().stages, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_run_is_told() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let proxy = Proxy::new(false);
    let (node, mut session, mut world) = start(&mut fleet, dir.path(), &proxy).await;
    let digest = fleet.put(&api("aaa", "one"));
    let garbage = fleet.put(b"no API at all");
    let unknown = gw_model::Digest::of(b"unknown");
    let mut no_stage = call(digest.as_bytes());
    no_stage.stage = "node/x".into();
    for (id, wanted, reason) in [
        (1, call(unknown.as_bytes()), "cannot fetch deployment"),
        (2, call(garbage.as_bytes()), "deployment"),
        (3, call(b"short"), "test_invoke.digest is not 32 bytes long"),
        (4, no_stage, "test_invoke.stage is not the name of a stage"),
        // The proxy does not answer.
        (5, call(digest.as_bytes()), "the test call took too long"),
    ] {
        ask(&session, id, if id == 5 { 50 } else { 60_000 }, wanted);
        let (answered, body) = answer(&mut session).await;
        let answer::Body::Error(told) = body else { panic!("{id}: {body:?}") };
        assert!(answered == id && told.contains(reason), "{id}: {told}");
    }
    // Whoever runs the fifth is told that nobody waits.
    let mut kept = std::mem::take(&mut *proxy.kept.lock().unwrap());
    tokio::time::timeout(LONG, kept.pop().unwrap().closed()).await.unwrap();
    assert!(kept.is_empty());
    // A proxy that drops the call is told of as one that does not serve.
    ask(&session, 6, 60_000, call(digest.as_bytes()));
    wait("the call", || !proxy.kept.lock().unwrap().is_empty()).await;
    // Meanwhile releases go on.
    session.send(world.deploy(&fleet, "aaa", 2, &api("aaa", "two")));
    session.expect(&stage("aaa"), 2, State::Serving).await;
    proxy.kept.lock().unwrap().clear();
    let (answered, body) = answer(&mut session).await;
    assert_eq!(answered, 6);
    assert_eq!(body, answer::Body::Error("the node does not serve".to_owned()));
    assert_eq!(served(&node, "aaa"), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_at_a_time_are_refused() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let proxy = Proxy::new(false);
    let (_node, mut session, _) = start(&mut fleet, dir.path(), &proxy).await;
    let digest = fleet.put(&api("aaa", "one"));
    for id in 0..33 {
        ask(&session, id, 60_000, call(digest.as_bytes()));
    }
    let (answered, body) = answer(&mut session).await;
    assert_eq!(answered, 32);
    let refused = answer::Body::Error("too many test calls at a time".to_owned());
    assert_eq!(body, refused);
    wait("the calls", || proxy.kept.lock().unwrap().len() == 32).await;
    proxy.kept.lock().unwrap().clear();
    for _ in 0..32 {
        answer(&mut session).await;
    }
}
