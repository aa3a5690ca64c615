//! What each part is: its command, its log, and how to tell that it is ready.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::error::{Error, Result};
use crate::files::{read_json, write_private};
use crate::up::database::PrivateDatabase;
use crate::up::settings::{FUNCTIONS_HOST, Settings, node_name};
use crate::up::state::StateDir;

/// How a part tells that it is ready.
#[derive(Debug, Clone)]
pub(crate) enum Readiness {
    /// Postgres' own pid file says so.
    Postgres(gw_local_postgres::Cluster),
    /// It writes its pid into a file when it serves.
    File(PathBuf),
    /// The same, and then answers `GET /ready` here.
    FileAndProbe(PathBuf, SocketAddr),
}

/// A part that is kept running.
pub(crate) struct Part {
    pub(crate) name: String,
    /// Makes the command anew for each start.
    pub(crate) command: Box<dyn Fn() -> Command + Send + Sync>,
    pub(crate) readiness: Readiness,
    /// The signal that asks it to end.
    pub(crate) stop: Signal,
    /// How long it may take to end before it is killed.
    pub(crate) patience: Duration,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Debug, Deserialize)]
struct ReadyFile {
    pid: u32,
}

impl Readiness {
    /// Forgets what a former run wrote.
    pub(crate) fn reset(&self) {
        if let Self::File(file) | Self::FileAndProbe(file, _) = self {
            fs::remove_file(file).ok();
        }
    }

    /// Whether the process `pid` of the part is ready.
    pub(crate) async fn is_ready(&self, pid: u32) -> bool {
        let wrote = |file: &Path| {
            read_json::<ReadyFile>(file).is_ok_and(|ready| ready.is_some_and(|r| r.pid == pid))
        };
        match self {
            Self::Postgres(cluster) => cluster.ready_pid() == Some(pid),
            Self::File(file) => wrote(file),
            Self::FileAndProbe(file, address) => wrote(file) && probe(*address).await,
        }
    }
}

/// Whether `GET /ready` answers 200 within a second.
async fn probe(address: SocketAddr) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        let request =
            format!("GET /ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut start = [0_u8; 12];
        stream.read_exact(&mut start).await?;
        Ok::<_, std::io::Error>(start.ends_with(b" 200"))
    };
    matches!(tokio::time::timeout(Duration::from_secs(1), asked).await, Ok(Ok(true)))
}

/// One of our binaries, beside this one.
pub(crate) fn binary(name: &str) -> Result<PathBuf> {
    let own = env::current_exe().map_err(Error::io("where is this program"))?;
    let path = own.with_file_name(name);
    if path.is_file() {
        return Ok(path);
    }
    Err(Error::failed(format!("{} is missing", path.display()))
        .hint(format!("build it (`cargo build -p {name}`) or install it beside gwctl")))
}

/// The private Postgres.
pub(crate) fn postgres(database: &PrivateDatabase, port: u16) -> Part {
    let (serving, cluster) = (database.clone(), database.cluster.clone());
    Part {
        name: "postgres".to_owned(),
        command: Box::new(move || serving.serve(port)),
        readiness: Readiness::Postgres(cluster),
        // Fast shutdown: clients are cut, data is flushed.
        stop: Signal::INT,
        patience: Duration::from_secs(20),
    }
}

/// The control plane. The database's URL travels in the environment, since
/// every user of the machine can read a command line.
pub(crate) fn control_plane(
    state: &StateDir,
    settings: &Settings,
    database_url: Option<String>,
) -> Result<Part> {
    let program = binary("gw-control-plane")?;
    let ready = state.join("control-plane/ready.json");
    let mut args: Vec<std::ffi::OsString> = Vec::new();
    let mut flag = |name: &str, value: std::ffi::OsString| args.extend([name.into(), value]);
    flag("--admin-listen", settings.listen(settings.admin).to_string().into());
    flag("--fleet-listen", settings.listen(settings.fleet).to_string().into());
    flag("--account-id", settings.account_id.clone().into());
    flag("--region", settings.region.clone().into());
    flag("--master-key-file", state.join("control-plane/master.key").into());
    flag("--bootstrap-file", state.credentials().into());
    flag("--ready-file", ready.clone().into());
    if !settings.control_plane_args.iter().any(|arg| arg.starts_with("--traffic-url")) {
        let url = format!("http://localhost:{}", settings.traffic.number);
        flag("--traffic-url", url.into());
    }
    args.extend(settings.control_plane_args.iter().map(Into::into));
    Ok(Part {
        name: "control-plane".to_owned(),
        command: Box::new(move || {
            let mut command = Command::new(&program);
            command.args(&args);
            if let Some(url) = &database_url {
                command.env("DATABASE_URL", url);
            }
            command
        }),
        readiness: Readiness::File(ready),
        stop: Signal::TERM,
        patience: Duration::from_secs(10),
    })
}

/// The functions of a folder, on the loopback address whatever the rest listens
/// on: their calls are not authenticated, and the nodes are here. They change
/// with their files.
pub(crate) fn functions(state: &StateDir, settings: &Settings) -> Result<Option<Part>> {
    let Some(functions) = settings.functions.as_ref() else { return Ok(None) };
    let program = env::current_exe().map_err(Error::io("where is this program"))?;
    let ready = state.join("functions.ready.json");
    let mut args: Vec<std::ffi::OsString> = vec!["functions".into(), "run".into()];
    args.push(functions.folder.clone().into());
    let mut flag = |name: &str, value: std::ffi::OsString| args.extend([name.into(), value]);
    flag("--host", FUNCTIONS_HOST.to_string().into());
    flag("--port", functions.port.number.to_string().into());
    flag("--account-id", settings.account_id.clone().into());
    flag("--region", settings.region.clone().into());
    flag("--ready-file", ready.clone().into());
    args.push("--watch".into());
    Ok(Some(Part {
        name: FUNCTIONS.to_owned(),
        command: Box::new(move || {
            let mut command = Command::new(&program);
            command.args(&args).env_remove("DATABASE_URL").env_remove("GATEWRIGHT_MASTER_KEY");
            command
        }),
        readiness: Readiness::File(ready),
        stop: Signal::TERM,
        patience: Duration::from_secs(10),
    }))
}

/// The name of the part that runs functions.
pub(crate) const FUNCTIONS: &str = "functions";

/// Whether nodes need this part, so that they end before it.
pub(crate) fn is_base(name: &str) -> bool {
    matches!(name, "postgres" | "control-plane" | FUNCTIONS)
}

/// A node, by its place from 0.
pub(crate) fn node(state: &StateDir, settings: &Settings, at: usize) -> Result<Part> {
    let program = binary("gw-data-plane")?;
    let name = node_name(at);
    let ports = settings.nodes.get(at).copied().ok_or_else(|| Error::failed("no such node"))?;
    let ready = state.join(&format!("nodes/{name}.ready.json"));
    let mut args: Vec<std::ffi::OsString> = Vec::new();
    let mut flag = |name: &str, value: std::ffi::OsString| args.extend([name.into(), value]);
    flag("--node-name", name.clone().into());
    flag("--state-dir", state.join(&format!("nodes/{name}")).into());
    flag("--control-plane", settings.reach(settings.fleet).to_string().into());
    flag("--join-token-file", join_token_file(state).into());
    // Its own port first: that is the one which the fleet shows for it.
    flag("--listen", settings.listen(ports.traffic).to_string().into());
    flag("--listen", settings.listen(settings.traffic).to_string().into());
    flag("--tls-listen", settings.listen(settings.tls).to_string().into());
    flag("--metrics-listen", settings.listen(ports.metrics).to_string().into());
    flag("--ready-file", ready.clone().into());
    if settings.expose_release {
        args.push("--expose-release".into());
    }
    // Nothing here watches readiness before it sends traffic, so a long pause
    // before draining would only make `down` slow.
    if !settings.node_args.iter().any(|arg| arg.starts_with("--drain-delay-ms")) {
        args.extend(["--drain-delay-ms".into(), "250".into()]);
    }
    args.extend(settings.node_args.iter().map(Into::into));
    let functions_url = settings.functions_url();
    Ok(Part {
        name,
        command: Box::new(move || {
            let mut command = Command::new(&program);
            command.args(&args).env_remove("DATABASE_URL").env_remove("GATEWRIGHT_MASTER_KEY");
            if let Some(url) = &functions_url {
                command.env("AWS_ENDPOINT_URL_LAMBDA", url);
            }
            command
        }),
        readiness: Readiness::FileAndProbe(ready, settings.reach(ports.metrics)),
        stop: Signal::TERM,
        // Longer than a node's own deadline for requests in flight.
        patience: Duration::from_secs(35),
    })
}

fn join_token_file(state: &StateDir) -> PathBuf {
    state.join("nodes/join-token")
}

/// Hands the token that the control plane has just written to the nodes.
pub(crate) fn pass_join_token(state: &StateDir) -> Result<()> {
    #[derive(Deserialize)]
    struct Bootstrap {
        join_token: String,
    }
    let file = state.credentials();
    let bootstrap: Bootstrap = read_json(&file)?
        .ok_or_else(|| Error::failed(format!("the control plane wrote no {}", file.display())))?;
    write_private(&join_token_file(state), bootstrap.join_token.as_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn readiness_needs_the_right_process_and_the_probe() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ready.json");
        let ready = Readiness::File(file.clone());
        assert!(!ready.is_ready(7).await);
        fs::write(&file, r#"{"pid":7,"admin_address":"x"}"#).unwrap();
        assert!(ready.is_ready(7).await);
        assert!(!ready.is_ready(8).await);

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for status in ["503 Not Yet", "200 OK"] {
                let (mut stream, _) = listener.accept().await.unwrap();
                assert!(stream.read(&mut [0; 512]).await.unwrap() > 0);
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let probed = Readiness::FileAndProbe(file.clone(), address);
        assert!(!probed.is_ready(7).await);
        assert!(probed.is_ready(7).await);
        probed.reset();
        assert!(!file.exists());
    }

    #[test]
    fn the_token_is_handed_on_privately() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::new(dir.path()).unwrap();
        state.create().unwrap();
        assert!(pass_join_token(&state).is_err());
        fs::write(state.credentials(), r#"{"join_token":"gwj1.a.b","bearer_token":"t"}"#).unwrap();
        pass_join_token(&state).unwrap();
        assert_eq!(fs::read_to_string(join_token_file(&state)).unwrap(), "gwj1.a.b");
    }
}
