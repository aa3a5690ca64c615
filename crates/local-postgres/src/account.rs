//! The user that Postgres runs as when the caller is root.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::Error;

/// An unprivileged user of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its user id.
    pub uid: u32,
    /// Its first group.
    pub gid: u32,
}

impl Account {
    /// Whom to become: nobody else unless this process is root, then `postgres`,
    /// or `nobody` where the package that creates `postgres` is not installed.
    pub fn to_become() -> Result<Option<Self>, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        Self::from_passwd(&passwd).map(Some).ok_or(Error::NoAccount)
    }

    fn from_passwd(passwd: &str) -> Option<Self> {
        let find = |wanted: &str| {
            passwd.lines().find_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next().filter(|name| *name == wanted)?;
                let uid = fields.nth(1)?.parse().ok()?;
                let gid = fields.next()?.parse().ok()?;
                (uid != 0).then(|| Self { name: name.to_owned(), uid, gid })
            })
        };
        find("postgres").or_else(|| find("nobody"))
    }

    /// Makes `command` run as this user. The standard library drops root's
    /// supplementary groups when it changes the user.
    pub fn apply(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid).env("USER", &self.name).env("LOGNAME", &self.name);
    }

    /// Hands `path` to this user.
    pub fn own(&self, path: &Path) -> Result<(), Error> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(Error::io("hand over", path))
    }

    /// Whether this user can enter every directory above `path`.
    pub fn check_reach(&self, path: &Path) -> Result<(), Error> {
        for ancestor in path.ancestors().skip(1).filter(|p| !p.as_os_str().is_empty()) {
            let Ok(meta) = fs::metadata(ancestor) else { continue };
            let shift = match (meta.uid() == self.uid, meta.gid() == self.gid) {
                (true, _) => 6,
                (false, true) => 3,
                (false, false) => 0,
            };
            if meta.mode() >> shift & 0o1 == 0 {
                return Err(Error::Unreachable {
                    user: self.name.clone(),
                    path: ancestor.to_owned(),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn prefers_postgres_over_nobody_and_never_root() {
        let account = Account::from_passwd(
            "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\npostgres:x:101:104::/:/bin/sh\n",
        )
        .unwrap();
        assert_eq!(account, Account { name: "postgres".into(), uid: 101, gid: 104 });
        let account = Account::from_passwd("nobody:x:65534:65533::/:/bin/false").unwrap();
        assert_eq!((account.uid, account.gid), (65534, 65533));
        assert_eq!(Account::from_passwd("postgres:x:0:0::/:/bin/sh"), None);
        assert_eq!(Account::from_passwd("garbage\npostgres\npostgres:x:a:b"), None);
    }

    #[test]
    fn a_closed_parent_is_found() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let account = Account { name: "stranger".into(), uid: 4_000_000, gid: 4_000_000 };
        let inner = dir.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(account.check_reach(&inner).is_ok());
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let error = account.check_reach(&inner).unwrap_err();
        assert!(matches!(error, Error::Unreachable { path, .. } if path == dir.path()));
    }
}
