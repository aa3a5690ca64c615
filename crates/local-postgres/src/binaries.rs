//! Where `initdb` and `postgres` are.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// Where Debian keeps one folder per major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A folder that holds `initdb` and `postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Looks on `PATH` first, then takes the newest version under Debian's folder.
    pub fn find() -> Result<Self, Error> {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path)
            .find_map(|folder| Self::in_folder(&folder))
            .or_else(|| newest_under(Path::new(DEBIAN)))
            .ok_or(Error::NoBinaries)
    }

    /// The binaries of one folder, if both are there. A link on `PATH` is
    /// followed, because `initdb` looks for `postgres` beside its real self.
    fn in_folder(folder: &Path) -> Option<Self> {
        let initdb = fs::canonicalize(folder.join("initdb")).ok()?;
        let folder = initdb.parent()?.to_owned();
        folder.join("postgres").is_file().then_some(Self { folder })
    }

    /// The path of `initdb`.
    pub fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    /// The path of `postgres`.
    pub fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// The major version, as `PG_VERSION` in a data directory has it.
    pub fn major_version(&self) -> Result<String, Error> {
        let output = Command::new(self.postgres())
            .arg("--version")
            .output()
            .map_err(Error::io("run", self.postgres()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        // "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"
        let major = text
            .split_whitespace()
            .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
            .map(|word| word.chars().take_while(char::is_ascii_digit).collect::<String>());
        major.ok_or_else(|| Error::Start(format!("odd answer to --version: {}", text.trim())))
    }
}

fn newest_under(root: &Path) -> Option<Binaries> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(root)
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    versions.iter().rev().find_map(|(_, folder)| Binaries::in_folder(folder))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn install(root: &Path, version: &str) -> PathBuf {
        let bin = root.join(version).join("bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join("initdb"), "").unwrap();
        fs::write(bin.join("postgres"), "").unwrap();
        fs::canonicalize(bin).unwrap()
    }

    #[test]
    fn the_newest_version_by_number_wins() {
        let root = tempfile::tempdir().unwrap();
        install(root.path(), "9");
        let newest = install(root.path(), "15");
        fs::create_dir_all(root.path().join("16/bin")).unwrap();
        fs::create_dir_all(root.path().join("common")).unwrap();
        assert_eq!(newest_under(root.path()), Some(Binaries { folder: newest }));
    }

    #[test]
    fn a_link_is_followed_to_the_folder_that_has_both() {
        let root = tempfile::tempdir().unwrap();
        let real = install(root.path(), "15");
        let links = root.path().join("links");
        fs::create_dir(&links).unwrap();
        std::os::unix::fs::symlink(real.join("initdb"), links.join("initdb")).unwrap();
        assert_eq!(Binaries::in_folder(&links), Some(Binaries { folder: real }));
    }
}
