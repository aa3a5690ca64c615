//! The binary as a process, with no control plane in reach.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use gw_ports::Lease;

fn command(state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-data-plane"));
    command.arg("--state-dir").arg(state).env_clear().stderr(Stdio::piped());
    command
}

/// A port where nobody listens but who is told of it.
fn free() -> Lease {
    Lease::any(Ipv4Addr::LOCALHOST.into()).unwrap()
}

const LONG: Duration = Duration::from_secs(60);

fn wait<T>(what: &str, mut state: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + LONG;
    loop {
        if let Some(found) = state() {
            return found;
        }
        assert!(Instant::now() < until, "never saw {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(LONG)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// A process, killed when dropped: a test that fails leaves none behind.
struct Running(Option<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn terminate(mut running: Running) -> Output {
    let child = running.0.as_mut().unwrap();
    let id = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    wait("its end", || child.try_wait().unwrap());
    running.0.take().unwrap().wait_with_output().unwrap()
}

#[test]
fn a_node_without_a_world_waits_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let leases = [free(), free()];
    let [metrics, nobody] = leases.each_ref().map(Lease::address);
    let ready_file = folder.path().join("ready.json");
    let token = format!("gwj1.{}.secret", "0".repeat(64));
    let child = command(&folder.path().join("state"))
        .args(["--listen", "127.0.0.1:0", "--cores", "1", "--join-token", &token])
        .args(["--metrics-listen", &metrics.to_string()])
        .args(["--control-plane", &nobody.to_string()])
        .arg("--ready-file")
        .arg(&ready_file)
        .spawn()
        .unwrap();
    let child = Running(Some(child));
    let live = wait("the metrics address", || get(metrics, "/live"));
    assert!(live.starts_with("HTTP/1.1 200"), "{live}");
    let ready = get(metrics, "/ready").unwrap();
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("no world yet"), "{ready}");
    let page = get(metrics, "/metrics").unwrap();
    assert!(page.contains("gatewright_control_plane_connected 0\n"), "{page}");
    assert!(get(metrics, "/else").unwrap().starts_with("HTTP/1.1 404"));
    assert!(!ready_file.exists(), "it does not serve yet");
    let output = terminate(child);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn faults_at_the_start_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (args, said) in [
        (vec!["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"], "no control plane"),
        (vec!["--listen", "127.0.0.1:0", "--metrics-listen", &taken], "cannot serve metrics"),
        (vec!["--join-token-file", "/nonexistent"], "cannot read the join token"),
        (vec!["--deny-upstream", "10.0.0.0/99"], "invalid network"),
        (vec!["--tls-cert", "/nonexistent"], "--tls-key"),
    ] {
        let mut args = args;
        if !args.contains(&"--metrics-listen") {
            args.extend(["--metrics-listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"]);
        }
        let output = command(&folder.path().join("state")).args(&args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{args:?}");
        assert!(text.contains(said), "{args:?}: {text}");
    }
}
