//! The private Postgres of a data directory.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use gw_local_postgres::{Account, Cluster, SUPERUSER, Settings as Serving};

use crate::error::{Error, Result};
use crate::files::write_private;
use crate::up::state::StateDir;

/// Where Postgres' data goes when its user cannot enter the data directory,
/// such as one below `/root`.
const ELSEWHERE: &str = "/var/lib/gatewright";

/// A database that can be served.
#[derive(Debug, Clone)]
pub(crate) struct PrivateDatabase {
    pub(crate) cluster: Cluster,
    password: String,
}

impl PrivateDatabase {
    /// Finds or makes the data; says where it is if that is not obvious.
    pub(crate) fn prepare(state: &StateDir) -> Result<(Self, Option<String>)> {
        let (data, note) = place(state)?;
        let cluster = Cluster::new(data)?;
        let file = state.join("postgres.password");
        let password = match fs::read_to_string(&file) {
            Ok(text) => text.trim().to_owned(),
            Err(_) if cluster.is_initialised() => {
                return Err(Error::failed(format!("{} is gone", file.display()))
                    .hint("restore it, or start with another --state-dir"));
            }
            Err(_) => {
                let made = random_password()?;
                write_private(&file, made.as_bytes())?;
                made
            }
        };
        cluster.init(&password, true)?;
        Ok((Self { cluster, password }, note))
    }

    /// The URL for the control plane, handed over in its environment.
    pub(crate) fn url(&self, port: u16) -> String {
        format!("postgres://{SUPERUSER}:{}@127.0.0.1:{port}/postgres", self.password)
    }

    /// The command that serves the data.
    pub(crate) fn serve(&self, port: u16) -> std::process::Command {
        self.cluster.serve(&Serving { port, durable: true, max_connections: 100 })
    }
}

/// 32 characters from the system's source of randomness.
fn random_password() -> Result<String> {
    use std::io::Read as _;
    let mut bytes = [0_u8; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(Error::io("/dev/urandom"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// `DIR/postgres`, or what it links to. Where the user that runs Postgres
/// cannot get there, the data goes elsewhere and the link is made.
fn place(state: &StateDir) -> Result<(PathBuf, Option<String>)> {
    let wanted = state.join("postgres");
    if let Ok(target) = fs::read_link(&wanted) {
        return Ok((target, None));
    }
    let closed = Account::to_become()?.filter(|account| account.check_reach(&wanted).is_err());
    if wanted.exists() || closed.is_none() {
        return Ok((wanted, None));
    }
    let target = elsewhere(Path::new(ELSEWHERE))?.join("data");
    symlink(&target, &wanted).map_err(Error::io(wanted.display()))?;
    let note = format!(
        "the user that runs Postgres cannot enter {}; its data is in {}",
        state.root().display(),
        target.display()
    );
    Ok((target, Some(note)))
}

/// A new folder below `root`, through which others may pass.
fn elsewhere(root: &Path) -> Result<PathBuf> {
    match DirBuilder::new().recursive(true).mode(0o711).create(root) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Error::io(root.display())(error));
        }
        _ => {}
    }
    let folder = tempfile::Builder::new()
        .prefix("postgres-")
        .permissions(Permissions::from_mode(0o711))
        .tempdir_in(root)
        .map_err(Error::io(root.display()))?;
    Ok(folder.keep())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn passwords_differ() {
        let (one, two) = (random_password().unwrap(), random_password().unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, two);
    }

    #[test]
    fn a_link_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::new(dir.path()).unwrap();
        symlink("/somewhere/data", state.join("postgres")).unwrap();
        assert_eq!(place(&state).unwrap(), (PathBuf::from("/somewhere/data"), None));
    }

    #[test]
    fn data_elsewhere_can_be_reached() {
        let dir = tempfile::tempdir().unwrap();
        let folder = elsewhere(&dir.path().join("lib")).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o711);
    }
}
