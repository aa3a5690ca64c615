//! The one server that all test processes of a user share.
//!
//! Under a lock file, the first process starts it and writes its address down;
//! the others read that. Every process holds a shared lock on `users` for its
//! whole life, which the kernel releases however the process ends. A small
//! shell loop beside the server tries for that lock exclusively: once nobody
//! has used the server for a while, it stops the server and removes its files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use gw_local_postgres::{Cluster, Error, Settings};
use serde::{Deserialize, Serialize};

use super::{log_to, password, url};
use crate::loopback_port;

/// How long the server waits for the next test process.
const IDLE_SECONDS: u32 = 20;

/// `$1` folder of locks, `$2` folder of the server, `$3` its pid, `$4` idle seconds.
const REAPER: &str = r#"
idle=0
while kill -0 "$3" 2>/dev/null; do
  sleep 1
  if flock --nonblock "$1/users" true; then idle=$((idle+1)); else idle=0; fi
  [ "$idle" -lt "$4" ] && continue
  flock "$1/lock" flock --nonblock "$1/users" \
    sh -c 'rm -f "$1/server.json"; kill -INT "$2"' sh "$1" "$3" || idle=0
done
rm -rf "$2"
"#;

/// What the other processes need to know.
#[derive(Debug, Serialize, Deserialize)]
struct Server {
    port: u16,
    password: String,
    folder: PathBuf,
}

/// Held for the life of this process, so that the server stays.
static IN_USE: OnceLock<(File, String)> = OnceLock::new();

/// A URL of the shared server, which is started where needed.
///
/// # Panics
/// When Postgres cannot be found or started.
pub(super) fn server_url() -> String {
    let (_, url) = IN_USE.get_or_init(|| match enter() {
        Ok(entered) => entered,
        Err(error) => panic!("tests need Postgres: {error}"),
    });
    url.clone()
}

fn enter() -> Result<(File, String), Error> {
    let root = root().map_err(|e| Error::Start(format!("temporary folder: {e}")))?;
    let io = |e: io::Error| Error::Start(format!("{}: {e}", root.display()));
    let lock = open(&root.join("lock")).map_err(io)?;
    lock.lock().map_err(io)?;
    let users = open(&root.join("users")).map_err(io)?;
    // The reaper's probe holds it for an instant at a time, so this waits briefly.
    users.lock_shared().map_err(io)?;
    let server = match alive(&root) {
        Some(server) => server,
        None => start(&root)?,
    };
    Ok((users, url(server.port, &server.password, "postgres")))
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// A folder of this user's in the temporary folder. Under root, the account
/// that runs Postgres must be able to pass through it.
fn root() -> io::Result<PathBuf> {
    let uid = rustix::process::geteuid().as_raw();
    let root = std::env::temp_dir().join(format!("gatewright-testkit-{uid}"));
    match fs::DirBuilder::new().mode(0o711).create(&root) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let meta = fs::symlink_metadata(&root)?;
    if !meta.is_dir() || meta.uid() != uid {
        return Err(io::Error::other(format!("{} belongs to somebody else", root.display())));
    }
    Ok(root)
}

fn alive(root: &Path) -> Option<Server> {
    let server: Server = serde_json::from_slice(&fs::read(root.join("server.json")).ok()?).ok()?;
    let address = ([127, 0, 0, 1], server.port).into();
    let connected = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(2));
    // The folder goes when the server does; a stranger on its port stays out.
    (connected.is_ok() && server.folder.join("data/postmaster.pid").exists()).then_some(server)
}

fn start(root: &Path) -> Result<Server, Error> {
    let folder = tempfile::Builder::new()
        .prefix("pg-")
        .permissions(fs::Permissions::from_mode(0o711))
        .tempdir_in(root)
        .map_err(|e| Error::Start(e.to_string()))?;
    let cluster = Cluster::new(folder.path().join("data"))?;
    let password = password();
    cluster.init(&password, false)?;
    let (port, pid) = serve(&cluster, folder.path())?;
    let server = Server { port, password, folder: folder.keep() };
    reap(root, &server.folder, pid).map_err(|e| Error::Start(format!("its reaper: {e}")))?;
    write(root, &server).map_err(|e| Error::Start(e.to_string()))?;
    Ok(server)
}

fn serve(cluster: &Cluster, folder: &Path) -> Result<(u16, u32), Error> {
    let log = folder.join("log");
    // Kept until the server listens; the server keeps it from then on.
    let lease = loopback_port();
    let settings = Settings { port: lease.port(), durable: false, max_connections: 400 };
    let mut command = cluster.serve(&settings);
    log_to(&mut command, &log);
    // A group of its own: the runner's signals to a test end no other's server.
    let mut child = command.process_group(0).spawn().map_err(|e| Error::Start(e.to_string()))?;
    match cluster.wait_ready(&mut child, Duration::from_secs(60)) {
        Ok(()) => Ok((lease.port(), child.id())),
        Err(error) => {
            child.kill().and_then(|()| child.wait()).ok();
            let said = fs::read_to_string(&log).unwrap_or_default();
            Err(Error::Start(format!("{error}; it said: {}", said.trim())))
        }
    }
}

fn reap(root: &Path, folder: &Path, pid: u32) -> io::Result<()> {
    Command::new("sh")
        .args(["-c", REAPER, "gatewright-testkit-reaper"])
        .arg(root)
        .arg(folder)
        .arg(pid.to_string())
        .arg(IDLE_SECONDS.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/")
        .process_group(0)
        .spawn()
        .map(drop)
}

fn write(root: &Path, server: &Server) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(root)?;
    file.write_all(&serde_json::to_vec(server)?)?;
    file.persist(root.join("server.json"))?;
    Ok(())
}
