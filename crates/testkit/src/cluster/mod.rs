//! The real binaries on free ports, each part of which can be killed, stopped
//! and started again.
//!
//! Binaries are looked for in `GATEWRIGHT_BIN_DIR`, else in the folder above
//! the test executable's (`target/debug`); build them first:
//! `cargo build --workspace --bins`.

mod process;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gw_ports::Lease;
use serde_json::Value;
use tempfile::TempDir;

use crate::chaos_proxy::ChaosProxy;
use crate::http::{Admin, Call, Credentials};
use crate::loopback_port;
use crate::postgres::PrivatePostgres;
use process::{Guard, Process};

pub use process::binary;

/// How long calls and rollouts of a test cluster wait for nodes: what a test
/// asserts of an answer holds on a machine that stalls, too. Calls answer
/// before the clients of tests give up.
pub const PATIENCE: [(&str, &str); 2] =
    [("--release-wait-ms", "40000"), ("--rollout-deadline-ms", "60000")];

/// What to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many nodes.
    pub nodes: usize,
    /// Flags for every node.
    pub node_args: Vec<String>,
    /// Flags for one node more, by its place from 0.
    pub one_node_args: Vec<(usize, Vec<String>)>,
    /// Variables of every node's environment.
    pub node_environment: Vec<(String, String)>,
    /// Flags for the control plane, beside or in place of [`PATIENCE`].
    pub control_plane_args: Vec<String>,
    /// Commits wait for the disk, as in earnest.
    pub durable: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 2,
            node_args: vec!["--cores".into(), "1".into(), "--expose-release".into()],
            one_node_args: Vec::new(),
            node_environment: Vec::new(),
            control_plane_args: Vec::new(),
            durable: false,
        }
    }
}

/// A running installation, ended when dropped.
#[derive(Debug)]
pub struct Cluster {
    /// The admin API, as the first administrator.
    pub admin: Admin,
    /// The database; `stop`, `kill` and `resume` it at will.
    pub postgres: PrivatePostgres,
    /// The line between the control plane and Postgres.
    pub database_line: ChaosProxy,
    /// The nodes, by their place.
    pub nodes: Vec<Node>,
    control_plane: Process,
    credentials: Value,
    guard: Guard,
    /// The ports of all parts, kept from others while a part is down.
    ports: Vec<Lease>,
    folder: TempDir,
}

/// One node.
#[derive(Debug)]
pub struct Node {
    /// `n1`, `n2`, ...
    pub name: String,
    /// Where it serves plain HTTP.
    pub traffic: SocketAddr,
    /// Where it serves TLS.
    pub tls: SocketAddr,
    /// Where its metrics and readiness are.
    pub metrics: SocketAddr,
    /// The line between it and the control plane.
    pub line: ChaosProxy,
    process: Process,
}

impl Node {
    /// `http://127.0.0.1:PORT` of its traffic.
    pub fn url(&self) -> String {
        format!("http://{}", self.traffic)
    }

    /// The address of a path of an API's stage that needs no host name.
    pub fn api_url(&self, api: &str, stage: &str, path: &str) -> String {
        format!("http://{}/_aws/execute-api/{api}/{stage}{path}", self.traffic)
    }

    /// Its process id; `None` while it is down.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Lets it drain; returns when it has ended.
    pub async fn stop(&mut self) {
        self.process.stop().await;
    }

    /// Waits until all that it serves is on its disk, which is a moment after
    /// it serves it: what a node that is killed now will know.
    ///
    /// # Panics
    /// When that takes more than a minute.
    pub async fn on_disk(&self) {
        let url = format!("http://{}/metrics", self.metrics);
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let answer = Call::get(&url).timeout(Duration::from_secs(2)).send().await;
            let is_done = |page: &str| page.lines().any(|line| line == "gatewright_disk_backlog 0");
            if answer.is_ok_and(|answer| is_done(&answer.text())) {
                return;
            }
            assert!(Instant::now() < until, "{} does not write its world", self.name);
            self.process.tick().await;
        }
    }

    /// Starts it again and waits until it serves; needs no control plane if it
    /// has a world.
    pub async fn start(&mut self) {
        self.process.start();
        self.ready().await;
    }

    /// Starts it again and returns at once.
    pub fn start_only(&mut self) {
        self.process.start();
    }

    /// Waits until it says that it is ready.
    ///
    /// # Panics
    /// When it ends instead, or is not ready within a minute, with its log.
    pub async fn ready(&mut self) {
        let url = format!("http://{}/ready", self.metrics);
        self.process.answers(&url).await;
    }
}

impl Cluster {
    /// Starts Postgres, the control plane and the nodes, and waits for all.
    ///
    /// # Panics
    /// When a part does not start, with its log.
    pub async fn start(options: Options) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("gatewright-cluster-")
            .permissions(fs::Permissions::from_mode(0o711))
            .tempdir()
            .expect("a temporary folder");
        let guard = Guard::over(folder.path());
        let durable = options.durable;
        let postgres = tokio::task::spawn_blocking(move || PrivatePostgres::start(durable))
            .await
            .expect("Postgres starts");
        let database_line = ChaosProxy::start(loopback(postgres.port()));
        let direct = format!("127.0.0.1:{}", postgres.port());
        let url = postgres.url().replace(&direct, &database_line.address().to_string());

        let mut ports = Vec::new();
        let (admin, fleet) = (port(&mut ports), port(&mut ports));
        let mut control_plane = control_plane(&folder, &guard, &options, [admin, fleet], &url);
        control_plane.start();
        let credentials =
            bootstrap(&mut control_plane, folder.path().join("credentials.json")).await;
        let bearer = credentials["bearer_token"].as_str().expect("a bearer token").to_owned();
        let admin =
            Admin { url: format!("http://{admin}"), credentials: Credentials::Bearer(bearer) };
        let mut cluster = Self {
            admin,
            postgres,
            database_line,
            nodes: Vec::new(),
            control_plane,
            credentials,
            guard,
            ports,
            folder,
        };
        cluster.control_plane_ready().await;
        for at in 0..options.nodes {
            cluster.add_node(&options, at, fleet);
        }
        for node in &mut cluster.nodes {
            node.ready().await;
        }
        cluster
    }

    fn add_node(&mut self, options: &Options, at: usize, fleet: SocketAddr) {
        let name = format!("n{}", at + 1);
        let line = ChaosProxy::start(fleet);
        let [traffic, tls, metrics] = std::array::from_fn(|_| port(&mut self.ports));
        let token = self.credentials["join_token"].as_str().expect("a join token");
        let token_file = self.folder.path().join("join-token");
        fs::write(&token_file, token).expect("the token can be written");
        let mut args: Vec<String> = Vec::new();
        let mut flag = |name: &str, value: String| args.extend([name.to_owned(), value]);
        flag("--node-name", name.clone());
        flag("--state-dir", self.path(&name));
        flag("--control-plane", line.address().to_string());
        flag("--join-token-file", token_file.display().to_string());
        flag("--listen", traffic.to_string());
        flag("--tls-listen", tls.to_string());
        flag("--metrics-listen", metrics.to_string());
        args.extend(options.node_args.iter().cloned());
        let own = options.one_node_args.iter().filter(|(place, _)| *place == at);
        args.extend(own.flat_map(|(_, args)| args.clone()));
        let environment = options.node_environment.clone();
        let mut process = self.guard.process(&name, "gw-data-plane", args, environment);
        process.start();
        self.nodes.push(Node { name, traffic, tls, metrics, line, process });
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The first administrator's access key, for signed calls.
    pub fn keys(&self, region: &str) -> Credentials {
        let text = |name: &str| self.credentials[name].as_str().unwrap_or_default().to_owned();
        Credentials::Keys {
            id: text("access_key_id"),
            secret: text("secret_access_key"),
            region: region.to_owned(),
        }
    }

    /// Waits until every node has on its disk what it serves.
    pub async fn on_disk(&self) {
        for node in &self.nodes {
            node.on_disk().await;
        }
    }

    /// Ends the control plane as a power cut would.
    pub fn kill_control_plane(&mut self) {
        self.control_plane.kill();
    }

    /// Stops the control plane; returns when it has ended.
    pub async fn stop_control_plane(&mut self) {
        self.control_plane.stop().await;
    }

    /// Starts the control plane again and waits until it takes calls.
    pub async fn start_control_plane(&mut self) {
        self.control_plane.start();
        self.control_plane_ready().await;
    }

    /// Waits until the control plane says that it is ready.
    ///
    /// # Panics
    /// When it ends instead, or is not ready within a minute, with its log.
    pub async fn control_plane_ready(&mut self) {
        let url = format!("{}/gatewright/v1/ready", self.admin.url);
        self.control_plane.answers(&url).await;
    }

    /// The state of the fleet as the control plane tells it.
    pub async fn fleet(&self) -> Value {
        self.admin.get("/gatewright/v1/fleet").await
    }

    /// What a part has logged: `control-plane`, `n1`, ...
    pub fn log(&self, part: &str) -> String {
        fs::read_to_string(self.path(&format!("{part}.log"))).unwrap_or_default()
    }
}

fn control_plane(
    folder: &TempDir,
    guard: &Guard,
    options: &Options,
    [admin, fleet]: [SocketAddr; 2],
    database_url: &str,
) -> Process {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut args: Vec<String> = Vec::new();
    let mut flag = |name: &str, value: String| args.extend([name.to_owned(), value]);
    flag("--admin-listen", admin.to_string());
    flag("--fleet-listen", fleet.to_string());
    flag("--master-key-file", path("master.key"));
    flag("--bootstrap-file", path("credentials.json"));
    for (name, value) in PATIENCE {
        if !options.control_plane_args.iter().any(|arg| arg == name) {
            flag(name, value.to_owned());
        }
    }
    args.extend(options.control_plane_args.iter().cloned());
    let environment = vec![("DATABASE_URL".to_owned(), database_url.to_owned())];
    guard.process("control-plane", "gw-control-plane", args, environment)
}

/// Waits for the file that the first start writes.
async fn bootstrap(control_plane: &mut Process, file: PathBuf) -> Value {
    loop {
        if let Some(status) = control_plane.ended() {
            let said = fs::read_to_string(control_plane.log()).unwrap_or_default();
            panic!("the control plane ended with {status}: {said}");
        }
        let bytes = fs::read(&file).unwrap_or_default();
        if let Ok(value) = serde_json::from_slice::<Value>(&bytes) {
            return value;
        }
        control_plane.tick().await;
    }
}

fn port(ports: &mut Vec<Lease>) -> SocketAddr {
    let lease = loopback_port();
    let address = lease.address();
    ports.push(lease);
    address
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}
