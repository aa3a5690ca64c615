//! One data directory: made, served, stopped.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Account, Binaries, Error, SUPERUSER};

/// How a server runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The loopback port.
    pub port: u16,
    /// Whether a commit waits for the disk. Off only where losing data in a
    /// power cut does not matter: tests.
    pub durable: bool,
    /// How many clients at once.
    pub max_connections: u32,
}

/// A Postgres data directory and the means to run it.
#[derive(Debug, Clone)]
pub struct Cluster {
    binaries: Binaries,
    account: Option<Account>,
    data: PathBuf,
}

impl Cluster {
    /// Describes the data directory `data` (absolute); touches nothing yet.
    pub fn new(data: impl Into<PathBuf>) -> Result<Self, Error> {
        Ok(Self { binaries: Binaries::find()?, account: Account::to_become()?, data: data.into() })
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Whether the directory was initialised already.
    pub fn is_initialised(&self) -> bool {
        self.data.join("PG_VERSION").is_file()
    }

    /// Makes the directory with one superuser, [`SUPERUSER`], whose password is
    /// asked on every connection. Does nothing when it was made before. Without
    /// `durable` the new files are not flushed to the disk, which saves tests time.
    pub fn init(&self, password: &str, durable: bool) -> Result<(), Error> {
        if let Some(account) = &self.account {
            account.check_reach(&self.data)?;
        }
        if self.is_initialised() {
            return self.check_version();
        }
        // Made aside and renamed, so that an interrupted start leaves no half
        // of a directory behind that looks whole.
        let aside = self.aside();
        if aside.exists() {
            fs::remove_dir_all(&aside).map_err(Error::io("remove", &aside))?;
        }
        self.make_folder(&aside)?;
        // Beside the data, where the account can certainly read it.
        let beside = self.data.parent().unwrap_or(&self.data);
        let mut pwfile =
            tempfile::NamedTempFile::new_in(beside).map_err(Error::io("write in", beside))?;
        writeln!(pwfile, "{password}").map_err(Error::io("write", pwfile.path()))?;
        if let Some(account) = &self.account {
            account.own(pwfile.path())?;
        }
        let mut command = self.command(&self.binaries.initdb(), &aside);
        command
            .arg("-D")
            .arg(&aside)
            .args(["-U", SUPERUSER, "-E", "UTF8", "--locale=C", "-A", "scram-sha-256"])
            .arg(format!("--pwfile={}", pwfile.path().display()))
            .stdin(Stdio::null());
        if !durable {
            command.arg("--no-sync");
        }
        let output = command.output().map_err(Error::io("run", self.binaries.initdb()))?;
        if output.status.success() {
            return fs::rename(&aside, &self.data).map_err(Error::io("rename", aside));
        }
        Err(Error::Init(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
    }

    fn aside(&self) -> PathBuf {
        let mut name = self.data.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        self.data.with_file_name(name)
    }

    fn make_folder(&self, folder: &Path) -> Result<(), Error> {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .map_err(Error::io("protect", folder))?;
        self.account.as_ref().map_or(Ok(()), |account| account.own(folder))
    }

    fn check_version(&self) -> Result<(), Error> {
        let file = self.data.join("PG_VERSION");
        let found = fs::read_to_string(&file).map_err(Error::io("read", &file))?.trim().to_owned();
        let have = self.binaries.major_version()?;
        if found == have {
            return Ok(());
        }
        Err(Error::OtherVersion { path: self.data.clone(), found, have })
    }

    /// The command that serves the directory in the foreground. Standard
    /// output and error are the caller's to set.
    pub fn serve(&self, settings: &Settings) -> Command {
        let mut command = self.command(&self.binaries.postgres(), &self.data);
        command.arg("-D").arg(&self.data).stdin(Stdio::null());
        let mut set = |name: &str, value: String| {
            command.arg("-c").arg(format!("{name}={value}"));
        };
        set("listen_addresses", "127.0.0.1".into());
        set("port", settings.port.to_string());
        // No socket file: its path would be limited to 107 bytes, and a
        // loopback port with a password is all that we need.
        set("unix_socket_directories", String::new());
        set("max_connections", settings.max_connections.to_string());
        set("logging_collector", "off".into());
        if !settings.durable {
            set("fsync", "off".into());
            set("synchronous_commit", "off".into());
            set("full_page_writes", "off".into());
        }
        command
    }

    /// A command that runs as the right user in a folder which that user may enter.
    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("HOME", folder).env("TZ", "UTC").current_dir(folder);
        // A stray setting of the caller's shell must not redirect the server.
        for name in ["PGDATA", "PGPORT", "PGHOST", "PGUSER", "PGOPTIONS"] {
            command.env_remove(name);
        }
        if let Some(account) = &self.account {
            account.apply(&mut command);
        }
        command
    }

    /// Waits until the server that `child` runs takes connections.
    pub fn wait_ready(&self, child: &mut Child, deadline: Duration) -> Result<(), Error> {
        let until = Instant::now() + deadline;
        loop {
            if self.ready_pid() == Some(child.id()) {
                return Ok(());
            }
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => return Err(Error::Start(format!("it ended with {status}"))),
                Err(error) => return Err(Error::Start(error.to_string())),
            }
            if Instant::now() > until {
                return Err(Error::Start(format!("not ready after {deadline:?}")));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The process that serves the directory and is ready, by its own pid file.
    pub fn ready_pid(&self) -> Option<u32> {
        // Line 1 is the pid; line 8 the status, written when it changes.
        let text = fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        (lines.nth(6)?.trim() == "ready").then_some(pid)
    }

    /// The process that holds the directory, alive or not.
    pub fn pid(&self) -> Option<u32> {
        let text = fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }

    /// Asks the server for a fast shutdown: clients are cut, data is flushed.
    /// Says whether there was a process to ask.
    pub fn stop_fast(&self) -> bool {
        self.signal(Signal::INT)
    }

    /// Kills the server as a crash would.
    pub fn kill(&self) -> bool {
        // SIGQUIT makes the postmaster take its children with it at once and
        // leave recovery to the next start; SIGKILL would orphan them.
        self.signal(Signal::QUIT)
    }

    fn signal(&self, signal: Signal) -> bool {
        let pid = self.pid().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        // A pid file that outlived its server may name a stranger by now.
        pid.filter(|pid| self.is_ours(*pid)).is_some_and(|pid| kill_process(pid, signal).is_ok())
    }

    fn is_ours(&self, pid: Pid) -> bool {
        let path = format!("/proc/{}/cmdline", pid.as_raw_nonzero());
        let Ok(line) = fs::read(path) else { return false };
        let data = self.data.as_os_str().as_encoded_bytes();
        line.split(|b| *b == 0).any(|word| word == data)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::net::Ipv4Addr;

    use gw_ports::Lease;

    use super::*;

    #[test]
    fn initialises_serves_and_stops() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let cluster = Cluster::new(dir.path().join("data")).unwrap();
        cluster.init("secret", false).unwrap();
        assert!(cluster.is_initialised());
        cluster.init("ignored the second time", false).unwrap();
        let hba = fs::read_to_string(cluster.data().join("pg_hba.conf")).unwrap();
        assert!(!hba.lines().any(|l| !l.starts_with('#') && l.contains("trust")), "{hba}");

        let lease = Lease::any(Ipv4Addr::LOCALHOST.into()).unwrap();
        let settings = Settings { port: lease.port(), durable: false, max_connections: 20 };
        let mut child =
            cluster.serve(&settings).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        cluster.wait_ready(&mut child, Duration::from_secs(60)).unwrap();
        std::net::TcpStream::connect(("127.0.0.1", settings.port)).unwrap();
        assert!(cluster.stop_fast());
        assert!(child.wait().unwrap().success());
        assert!(!cluster.stop_fast());
    }

    #[test]
    fn another_version_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let data = dir.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::write(data.join("PG_VERSION"), "9\n").unwrap();
        let error = Cluster::new(&data).unwrap().init("x", false).unwrap_err();
        assert!(matches!(error, Error::OtherVersion { found, .. } if found == "9"));
    }
}
