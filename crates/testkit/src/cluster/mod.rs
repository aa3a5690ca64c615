//! A whole system of real processes, each of which a test can kill and start.

mod admin;
mod process;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde::Deserialize;
use tempfile::TempDir;

pub use admin::{Admin, Answer};
use process::Process;

use crate::postgres::PrivatePostgres;

/// How a cluster is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many nodes.
    pub nodes: usize,
    /// Whether Postgres waits for the disk, as in earnest.
    pub durable: bool,
    /// More flags of the control plane.
    pub control_args: Vec<String>,
    /// More flags of every node.
    pub node_args: Vec<String>,
    /// More flags of single nodes, by index.
    pub one_node_args: Vec<(usize, Vec<String>)>,
    /// Where the nodes' streams arrive; any free port unless given.
    pub fleet_address: Option<SocketAddr>,
    /// Addresses that single nodes use in place of the control plane's.
    pub detours: Vec<(usize, SocketAddr)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 2,
            durable: false,
            control_args: Vec::new(),
            node_args: vec!["--expose-release".into(), "--cores".into(), "1".into()],
            one_node_args: Vec::new(),
            fleet_address: None,
            detours: Vec::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct ControlReady {
    admin_address: SocketAddr,
    fleet_address: SocketAddr,
}

#[derive(Debug, Deserialize)]
struct NodeReady {
    node_id: String,
    traffic_addresses: Vec<SocketAddr>,
    metrics_address: SocketAddr,
}

/// What the first start of a control plane writes for its administrator.
#[derive(Debug, Clone, Deserialize)]
pub struct Bootstrap {
    /// For SigV4.
    pub access_key_id: String,
    /// For SigV4.
    pub secret_access_key: String,
    /// For `Authorization: Bearer`.
    pub bearer_token: String,
    /// For nodes.
    pub join_token: String,
}

/// One node of the cluster.
#[derive(Debug)]
pub struct Node {
    /// Its id in the fleet.
    pub id: String,
    /// Its own traffic URL, the same after restarts.
    pub url: String,
    /// Its metrics URL.
    pub metrics_url: String,
    process: Process,
}

/// Postgres, one control plane and some nodes.
#[derive(Debug)]
pub struct Cluster {
    /// The database server.
    pub postgres: PrivatePostgres,
    /// The nodes by index.
    pub nodes: Vec<Node>,
    /// Credentials.
    pub bootstrap: Bootstrap,
    control: Process,
    admin_address: SocketAddr,
    fleet_address: SocketAddr,
    folder: TempDir,
}

/// Where the binaries are: `GATEWRIGHT_BIN_DIR`, or beside the test's own folder.
pub fn binary(name: &str) -> PathBuf {
    let folder = std::env::var_os("GATEWRIGHT_BIN_DIR").map_or_else(
        || {
            let test = std::env::current_exe().expect("a test has a path");
            // target/debug/deps/test-0123 -> target/debug
            test.ancestors().nth(2).expect("tests run below a target folder").to_owned()
        },
        PathBuf::from,
    );
    let path = folder.join(name);
    assert!(path.exists(), "{} is missing: run `cargo build --workspace --bins`", path.display());
    path
}

impl Cluster {
    /// Starts everything and waits until every node is ready.
    ///
    /// # Panics
    /// When a part does not start; the message holds the end of its log.
    pub async fn start(options: &Options) -> Self {
        let durable = options.durable;
        let postgres = tokio::task::spawn_blocking(move || PrivatePostgres::start(durable))
            .await
            .expect("starting Postgres does not panic");
        let folder = tempfile::Builder::new().prefix("gatewright-").tempdir().expect("a folder");
        let fleet_listen =
            options.fleet_address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let mut control = Process::new("control-plane", "gw-control-plane", folder.path());
        control
            .arg("--database-url", postgres.url())
            .arg("--admin-listen", "127.0.0.1:0")
            .arg("--fleet-listen", fleet_listen)
            .arg("--master-key-file", folder.path().join("master.key").display())
            .arg("--bootstrap-file", folder.path().join("bootstrap.json").display())
            .args(&options.control_args);
        let ready: ControlReady = control.start().await;
        // Later starts take the same ports.
        control
            .arg("--admin-listen", ready.admin_address)
            .arg("--fleet-listen", ready.fleet_address);
        let text = std::fs::read(folder.path().join("bootstrap.json")).expect("a bootstrap file");
        let bootstrap = serde_json::from_slice(&text).expect("a bootstrap file of the known form");
        let mut cluster = Self {
            postgres,
            nodes: Vec::new(),
            bootstrap,
            control,
            admin_address: ready.admin_address,
            fleet_address: ready.fleet_address,
            folder,
        };
        for index in 0..options.nodes {
            cluster.add_node(index, options).await;
        }
        cluster
    }

    async fn add_node(&mut self, index: usize, options: &Options) {
        let name = format!("n{}", index + 1);
        let mut process = Process::new(&name, "gw-data-plane", self.folder.path());
        let detour = options.detours.iter().find(|(at, _)| *at == index);
        let join = match self.admin().post("/gatewright/v1/jointokens", "{}").await {
            answer if answer.status < 300 => {
                answer.json["token"].as_str().expect("a token").to_owned()
            }
            answer => panic!("no join token: {answer:?}"),
        };
        process
            .arg("--node-name", &name)
            .arg("--state-dir", self.folder.path().join(&name).display())
            .arg("--control-plane", detour.map_or(self.fleet_address, |(_, address)| *address))
            .arg("--listen", "127.0.0.1:0")
            .arg("--metrics-listen", "127.0.0.1:0")
            .args(&options.node_args)
            .env("GATEWRIGHT_JOIN_TOKEN", &join);
        for (_, args) in options.one_node_args.iter().filter(|(at, _)| *at == index) {
            process.args(args);
        }
        let ready: NodeReady = process.start().await;
        process.arg("--listen", ready.traffic_addresses[0]);
        process.arg("--metrics-listen", ready.metrics_address);
        let node = Node {
            id: ready.node_id,
            url: format!("http://{}", ready.traffic_addresses[0]),
            metrics_url: format!("http://{}", ready.metrics_address),
            process,
        };
        wait_until("a node is ready", Duration::from_secs(30), async || {
            admin::get(&node.metrics_url, "/ready").await.is_ok_and(|answer| answer.status == 200)
        })
        .await;
        self.nodes.push(node);
    }

    /// A client of the admin API, with the bearer token.
    pub fn admin(&self) -> Admin {
        Admin::new(self.admin_address, &self.bootstrap.bearer_token)
    }

    /// The admin API's base URL.
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin_address)
    }

    /// Where nodes connect.
    pub fn fleet_address(&self) -> SocketAddr {
        self.fleet_address
    }

    /// The traffic URLs of all nodes.
    pub fn node_urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.url.clone()).collect()
    }

    /// Ends the control plane by SIGKILL.
    pub fn kill_control_plane(&mut self) {
        self.control.kill();
    }

    /// Starts the control plane again and waits until it takes calls.
    pub async fn start_control_plane(&mut self) {
        let _ready: ControlReady = self.control.start().await;
    }

    /// Ends a node by SIGKILL.
    pub fn kill_node(&mut self, index: usize) {
        self.nodes[index].process.kill();
    }

    /// Asks a node to end (SIGTERM) and waits until it has.
    pub async fn stop_node(&mut self, index: usize) {
        self.nodes[index].process.terminate().await;
    }

    /// Starts a node again. Returns when its sockets are bound.
    pub async fn start_node(&mut self, index: usize) {
        let _ready: NodeReady = self.nodes[index].process.start().await;
    }

    /// Waits until every node acknowledged the newest revision.
    pub async fn wait_current(&self) {
        let admin = self.admin();
        wait_until("every node is current", Duration::from_secs(30), async || {
            let fleet = admin.get("/gatewright/v1/fleet").await;
            fleet.json["nodes"].as_array().is_some_and(|nodes| {
                nodes.len() == self.nodes.len() && nodes.iter().all(|n| n["health"] == "current")
            })
        })
        .await;
    }

    /// Runs `gwctl` against this cluster.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn gwctl(&self, args: &[&str]) -> std::process::Output {
        let credentials = self.folder.path().join("bootstrap.json");
        tokio::process::Command::new(binary("gwctl"))
            .args(args)
            .env("GATEWRIGHT_ENDPOINT", self.admin_url())
            .env("GATEWRIGHT_CREDENTIALS_FILE", credentials)
            .env("HOME", self.folder.path())
            .env_remove("XDG_CONFIG_HOME")
            .output()
            .await
            .expect("gwctl can be started")
    }
}

/// Waits until `check` says yes, looking every 20 ms.
///
/// # Panics
/// When it has not by the deadline.
pub async fn wait_until(what: &str, deadline: Duration, mut check: impl AsyncFnMut() -> bool) {
    let end = std::time::Instant::now() + deadline;
    while !check().await {
        assert!(std::time::Instant::now() < end, "gave up waiting: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
