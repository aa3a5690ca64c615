//! Who a node is: joining, certificates, and what cannot start.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn another_ca_gets_no_token() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let mut settings = config(dir.path(), &fleet);
    settings.join_token = Some(Ca::new().token());
    let node = start(settings);
    wait("an attempt", || node.status().last_error.is_some()).await;
    let error = node.status().last_error.unwrap();
    assert!(error.contains("UnknownIssuer"), "{error}");
    assert!(fleet.accept_within(Duration::from_millis(300)).await.is_none());
    assert!(fleet.state.lock().unwrap().joins.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_renewed_in_time() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    fleet.state.lock().unwrap().life = Duration::from_secs(6);
    fleet.state.lock().unwrap().traffic_names = names(&["a.test"]);
    let (node, session, _) = joined(&mut fleet, dir.path()).await;
    let first = node.certificate().unwrap();
    let first_end = node.status().certificate_not_after.unwrap();
    fleet.state.lock().unwrap().life = Duration::from_secs(3600);
    wait("renewal", || fleet.state.lock().unwrap().renewals > 0).await;
    wait("installation", || node.certificate().unwrap().not_after > first.not_after).await;
    assert!(node.status().certificate_not_after.unwrap() > first_end);
    assert_ne!(node.certificate().unwrap().key, first.key, "each has a key of its own");
    assert!(node.status().connected, "the stream goes on");
    drop(session);
    let mut session = fleet.accept().await;
    session.hello().await;
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_traffic_certificate_follows_the_names() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    // A control plane of an older build, then a newer one.
    let settings = config(dir.path(), &fleet);
    let (node, session, _) = serving(&mut fleet, settings.clone()).await;
    assert!(node.certificate().is_none());
    node.shutdown();
    drop((node, session));
    fleet.state.lock().unwrap().traffic_names = names(&["a.test"]);
    let told = Arc::new(Told::default());
    let node = Node::start(settings.clone(), Arc::clone(&told) as _).unwrap();
    let mut session = fleet.accept().await;
    assert!(node.certificate().is_none(), "not before it is welcome");
    session.hello().await;
    wait("a certificate", || node.certificate().is_some()).await;
    assert_eq!(node.certificate().unwrap().names, ["a.test"]);
    wait("the hook", || told.certificates.load(Ordering::SeqCst) == 1).await;
    // The operator adds a domain; the control plane restarts.
    fleet.state.lock().unwrap().traffic_names = names(&["a.test", "b.test"]);
    drop(session);
    let mut session = fleet.accept().await;
    session.hello().await;
    wait("the new name", || node.certificate().unwrap().names.len() == 2).await;
    let held = node.certificate().unwrap();
    node.shutdown();
    drop((node, session));
    assert_eq!(fleet.state.lock().unwrap().renewals, 2);

    // A restart finds it on disk, with nobody else alive.
    let dead = fleet.kill().await;
    let node = start(settings);
    assert_eq!(node.certificate().unwrap().key, held.key);
    assert_eq!(node.certificate().unwrap().chain, held.chain);

    // And a node with such a certificate cannot pose as the control plane.
    let mut impostor = dead.impersonate().await;
    let refused = |error: &String| error.contains("not valid for name");
    wait("the refusal", || node.status().last_error.as_ref().is_some_and(refused)).await;
    assert!(impostor.accept_within(Duration::from_millis(300)).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_first_contact_too_a_traffic_certificate_is_no_control_plane() {
    let dir = folder();
    let fleet = Fleet::start().await.kill().await;
    let mut fleet = fleet.impersonate().await;
    let node = start(config(dir.path(), &fleet));
    let refused = |error: &String| error.contains("not valid for name");
    wait("the refusal", || node.status().last_error.as_ref().is_some_and(refused)).await;
    assert!(fleet.state.lock().unwrap().joins.is_empty(), "the token was not shown");
    assert!(fleet.accept_within(Duration::from_millis(100)).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_stops_sync_and_not_traffic() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    fleet.state.lock().unwrap().life = Duration::from_secs(3);
    let settings = config(dir.path(), &fleet);
    let (node, session, _) = serving(&mut fleet, settings.clone()).await;
    drop(session);
    let dead = fleet.kill().await;
    node.shutdown();
    tokio::time::sleep(Duration::from_millis(4100)).await;
    let mut fleet = dead.revive().await;
    let joins = fleet.state.lock().unwrap().joins.len();
    let mut without_token = settings.clone();
    without_token.join_token = None;
    let node = start(without_token);
    assert_eq!(served(&node, "aaa"), Some(1));
    wait("the reason", || node.status().last_error.is_some_and(|error| error.contains("expired")))
        .await;
    node.shutdown();
    // With a token it joins again.
    fleet.state.lock().unwrap().life = Duration::from_secs(3600);
    let node = start(settings);
    assert_eq!(served(&node, "aaa"), Some(1));
    fleet.accept().await.hello().await;
    assert_eq!(fleet.state.lock().unwrap().joins.len(), joins + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_fleet_leaves_the_former_world_behind() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let (node, session, _) = joined(&mut fleet, dir.path()).await;
    drop(session);
    node.shutdown();
    let mut other = Fleet::start().await;
    let node = start(config(dir.path(), &other));
    assert_eq!(served(&node, "aaa"), None);
    let mut session = other.accept().await;
    assert_eq!(session.hello().await.revision, None);
}

#[test]
fn what_cannot_start_says_why() {
    let dir = folder();
    let fails = |config: Config| match Node::start(config, Arc::new(Told::default())) {
        Ok(_) => panic!("must not start"),
        Err(error) => error.to_string(),
    };
    let mut config = Config::new(dir.path());
    assert!(fails(config.clone()).contains("no control plane address"));
    config.control_planes = vec!["127.0.0.1:1".to_owned()];
    assert!(fails(config.clone()).contains("no join token"));
    config.join_token = Some("gwj1.nonsense".to_owned());
    assert!(fails(config.clone()).contains("join token has the form"));
    config.join_token = Some(Ca::new().token());
    config.node_key = Some("short".to_owned());
    assert!(fails(config.clone()).contains("64 hex digits"));
    config.node_key = None;
    let node = start(config.clone());
    assert!(fails(config.clone()).contains("in use"));
    node.shutdown();
    start(config);
}
