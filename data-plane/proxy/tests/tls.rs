//! TLS as clients of a node meet it: curl's checks against the fleet's CA, a
//! certificate that changes while the node runs, and the operator's own files.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use gw_fleet_testkit::{
    plane::{Ca, Fleet, LONG, Session},
    world::{Declared, api, stage},
};
use gw_proto::receipt::State;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, pki_types::ServerName};

/// A node's process, killed when dropped.
struct Node {
    child: Child,
    tls: SocketAddr,
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

async fn wait<T>(what: &str, mut state: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = state() {
            return found;
        }
        assert!(begun.elapsed() < LONG, "never saw {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A node that serves API `aaa`, with its stream and its world.
async fn node(fleet: &mut Fleet, folder: &Path, more: &[&str]) -> (Node, Session, Declared) {
    let ready = folder.join("ready.json");
    let child = Command::new(env!("CARGO_BIN_EXE_gw-data-plane"))
        .env_clear()
        .arg("--state-dir")
        .arg(folder.join("state"))
        .args(["--tls-listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--cores", "1"])
        .args(["--control-plane", &fleet.address.to_string()])
        .args(["--join-token", &fleet.ca.token()])
        .arg("--ready-file")
        .arg(&ready)
        .args(more)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut node = Node { child, tls: SocketAddr::from(([127, 0, 0, 1], 0)) };
    let mut session = fleet.accept().await;
    session.hello().await;
    let mut world = Declared::default();
    world.deploy(fleet, "aaa", 1, &api("aaa", "one"));
    session.send(world.whole());
    session.expect(&stage("aaa"), 1, State::Serving).await;
    let ready = wait("the ready file", || std::fs::read(&ready).ok()).await;
    let ready: serde_json::Value = serde_json::from_slice(&ready).unwrap();
    node.tls = ready["tls_addresses"][0].as_str().unwrap().parse().unwrap();
    (node, session, world)
}

/// `GET /prod` as a client that trusts only this CA; the answer's first line.
fn get(tls: SocketAddr, ca: &[u8], name: &str) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.to_vec().into()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let server = ServerName::try_from(name.to_owned()).unwrap();
    let session = ClientConnection::new(Arc::new(config), server).unwrap();
    let stream = TcpStream::connect(tls)?;
    stream.set_read_timeout(Some(LONG))?;
    let mut stream = StreamOwned::new(session, stream);
    write!(stream, "GET /prod HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_is_content_with_the_fleets_ca() {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::start().await;
    let own = ["execute-api.localhost", "*.execute-api.localhost"];
    fleet.state.lock().unwrap().traffic_names = names(&own);
    let (node, session, _world) = node(&mut fleet, folder.path(), &[]).await;
    let ca = fleet.ca.der.clone();
    let ok = |name: &str| get(node.tls, &ca, name).map(|line| line == "HTTP/1.1 200 OK");
    assert!(ok("aaa.execute-api.localhost").unwrap());
    for other in ["localhost", "aaa.execute-api.example.org"] {
        let refused = ok(other).unwrap_err().to_string();
        assert!(refused.contains("not valid for name"), "{other}: {refused}");
    }
    let stranger = Ca::new();
    let refused = get(node.tls, &stranger.der, "aaa.execute-api.localhost").unwrap_err();
    assert!(refused.to_string().contains("invalid peer certificate"), "{refused}");

    // A new domain: the listener shows it with no restart.
    let more = [&own[..], &["execute-api.example.org", "*.execute-api.example.org"]].concat();
    fleet.state.lock().unwrap().traffic_names = names(&more);
    drop(session);
    let mut session = fleet.accept().await;
    session.hello().await;
    wait("the new name", || ok("aaa.execute-api.example.org").ok().filter(|ok| *ok)).await;
    assert!(ok("aaa.execute-api.localhost").unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operators_files_come_first_and_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    let write = |name: &str| {
        let made = rcgen::generate_simple_self_signed(names(&[name])).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        std::fs::write(&chain, made.cert.pem()).unwrap();
        made.cert.der().to_vec()
    };
    let first = write("aaa.execute-api.test");
    let mut fleet = Fleet::start().await;
    fleet.state.lock().unwrap().traffic_names = names(&["*.execute-api.localhost"]);
    let files = ["--tls-cert", chain.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let (node, _session, _world) = node(&mut fleet, folder.path(), &files).await;
    assert_eq!(get(node.tls, &first, "aaa.execute-api.test").unwrap(), "HTTP/1.1 200 OK");
    assert!(get(node.tls, &fleet.ca.der, "aaa.execute-api.localhost").is_err());

    let second = write("aaa.execute-api.test");
    let pid = rustix::process::Pid::from_raw(i32::try_from(node.child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    wait("the second certificate", || get(node.tls, &second, "aaa.execute-api.test").ok()).await;
    assert!(get(node.tls, &first, "aaa.execute-api.test").is_err());
}
