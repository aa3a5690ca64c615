//! A server of a test's own, to be killed, stopped and started again.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Child;
use std::time::Duration;

use gw_local_postgres::{Cluster, Settings};
use gw_ports::Lease;
use tempfile::TempDir;

use super::{log_to, password, url};
use crate::{loopback_port, watcher::Watcher};

/// Ends the server of the folder `$1`.
const KILL: &str = r#"
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) &&
  grep -qsF "$1" "/proc/$pid/cmdline" && kill -QUIT "$pid" 2>/dev/null
"#;

/// A private Postgres on a fixed port.
#[derive(Debug)]
pub struct PrivatePostgres {
    cluster: Cluster,
    settings: Settings,
    password: String,
    child: Option<Child>,
    _watcher: Watcher,
    /// The port is ours while the server is down, too.
    _lease: Lease,
    folder: TempDir,
}

impl PrivatePostgres {
    /// Starts a server. With `durable`, commits wait for the disk, as in earnest.
    ///
    /// # Panics
    /// When Postgres cannot be found or started.
    pub fn start(durable: bool) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("gatewright-pg-")
            .permissions(fs::Permissions::from_mode(0o711))
            .tempdir()
            .expect("a temporary folder");
        let cluster = Cluster::new(folder.path().join("data"))
            .unwrap_or_else(|error| panic!("this test needs Postgres: {error}"));
        // Before there is anything to leave behind.
        let watcher = Watcher::over(folder.path(), KILL);
        let password = password();
        cluster.init(&password, durable).expect("initdb");
        let lease = loopback_port();
        let settings = Settings { port: lease.port(), durable, max_connections: 200 };
        let mut server = Self {
            cluster,
            settings,
            password,
            child: None,
            _watcher: watcher,
            _lease: lease,
            folder,
        };
        server.resume();
        server
    }

    /// The URL of its database `postgres`.
    pub fn url(&self) -> String {
        url(self.settings.port, &self.password, "postgres")
    }

    /// The port, the same after each [`resume`](Self::resume).
    pub fn port(&self) -> u16 {
        self.settings.port
    }

    /// Shuts it down cleanly, cutting its clients off. Returns once it has ended.
    pub fn stop(&mut self) {
        self.cluster.stop_fast();
        self.reap();
    }

    /// Ends it as a crash would. Returns once it has ended.
    pub fn kill(&mut self) {
        self.cluster.kill();
        self.reap();
    }

    fn reap(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.wait().expect("our own child");
        }
    }

    /// Starts it again on the same port and data. Does nothing while it runs.
    ///
    /// # Panics
    /// When it does not start.
    pub fn resume(&mut self) {
        if self.child.is_some() {
            return;
        }
        let log = self.folder.path().join("log");
        let mut command = self.cluster.serve(&self.settings);
        log_to(&mut command, &log);
        let mut child = command.process_group(0).spawn().expect("postgres");
        if let Err(error) = self.cluster.wait_ready(&mut child, Duration::from_secs(60)) {
            panic!("{error}: {}", fs::read_to_string(&log).unwrap_or_default());
        }
        self.child = Some(child);
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn stops_resumes_and_dies() {
        let mut server = PrivatePostgres::start(false);
        let address = ("127.0.0.1", server.port());
        TcpStream::connect(address).expect("it runs");
        server.stop();
        TcpStream::connect(address).expect_err("it was stopped");
        server.resume();
        TcpStream::connect(address).expect("it runs again");
        server.kill();
        TcpStream::connect(address).expect_err("it was killed");
        server.resume();
        TcpStream::connect(address).expect("it recovered");
        let data = server.cluster.data().to_owned();
        drop(server);
        assert!(!data.exists());
    }
}
