//! Deployment contents, one sealed file each, named by their SHA-256.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use gw_model::Digest;

use super::{
    Error,
    seal::{NONCE_BYTES, Seal, TAG_BYTES, random},
};
use crate::{files, identity::NodeKey};

const MAGIC: &[u8; 4] = b"GWD1";
const HEADER_BYTES: usize = MAGIC.len() + NONCE_BYTES;
const OVERHEAD_BYTES: u64 = (HEADER_BYTES + TAG_BYTES) as u64;

/// Above this many files, one `syncfs` is cheaper than an `fsync` each.
const SYNC_EACH_BELOW: usize = 64;

/// The folder of contents, with an index in memory. Shared between the thread
/// that writes and the one that compiles.
pub(crate) struct Contents {
    dir: PathBuf,
    seal: Seal,
    index: Mutex<Index>,
}

#[derive(Default)]
struct Index {
    files: HashMap<Digest, File>,
    total_bytes: u64,
    /// Ages files: a larger one was used later.
    clock: u64,
    unsynced: Vec<PathBuf>,
}

#[derive(Clone, Copy)]
struct File {
    content_bytes: u64,
    used: u64,
}

impl Contents {
    /// Opens the folder, making it if need be. Files that are no contents
    /// (left-overs of a crash) are removed.
    pub(super) fn open(dir: &Path, key: &NodeKey) -> Result<Self, Error> {
        files::make_dir(dir).map_err(Error::io("make the contents folder"))?;
        let mut found = Vec::new();
        let entries = fs::read_dir(dir).map_err(Error::io("read the contents folder"))?;
        for entry in entries.flatten() {
            let digest = entry.file_name().to_str().and_then(|name| name.parse::<Digest>().ok());
            match (digest, entry.metadata()) {
                (Some(digest), Ok(meta)) if meta.is_file() => {
                    let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    found.push((modified, digest, meta.len().saturating_sub(OVERHEAD_BYTES)));
                }
                (None, Ok(meta)) if meta.is_file() => {
                    let _ = fs::remove_file(entry.path());
                }
                _ => {}
            }
        }
        found.sort_unstable();
        let mut index = Index::default();
        for (_, digest, content_bytes) in found {
            index.insert(digest, content_bytes);
        }
        let seal = Seal::new(&key.derive("deployment contents", b""));
        Ok(Self { dir: dir.to_owned(), seal, index: Mutex::new(index) })
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.dir.join(digest.to_string())
    }

    /// The length of a content, if there is a file of its name.
    pub(crate) fn size(&self, digest: Digest) -> Option<u64> {
        self.index().files.get(&digest).map(|file| file.content_bytes)
    }

    /// The sum of all contents' lengths.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.index().total_bytes
    }

    /// Stores a content under its digest.
    pub(super) fn put(&self, digest: Digest, content: &[u8]) -> Result<(), Error> {
        if self.size(digest).is_some() {
            return Ok(());
        }
        let nonce = random::<NONCE_BYTES>().map_err(Error::io("draw a nonce"))?;
        let mut sealed = content.to_vec();
        self.seal.seal(nonce, digest.as_bytes(), &mut sealed);
        let path = self.path(digest);
        let temporary = path.with_extension("tmp");
        let write = || {
            let mut file = files::create(&temporary)?;
            file.write_all(MAGIC)?;
            file.write_all(&nonce)?;
            file.write_all(&sealed)?;
            drop(file);
            fs::rename(&temporary, &path)
        };
        write().map_err(Error::io("write a deployment's content"))?;
        let mut index = self.index();
        index.insert(digest, content.len() as u64);
        index.unsynced.push(path);
        Ok(())
    }

    /// Reads a content and checks it against its name. A file that fails is
    /// removed, so that the content is fetched again.
    pub(crate) fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, Error> {
        let Some(content_bytes) = self.size(digest) else { return Ok(None) };
        let path = self.path(digest);
        let read = files::read_within(&path, content_bytes + OVERHEAD_BYTES);
        let opened = match read {
            Ok(None) => Ok(None),
            Ok(Some(bytes)) => self.unseal(digest, bytes).map(Some),
            Err(source) => Err(Error::Io { action: "read a deployment's content", source }),
        };
        match opened {
            Ok(Some(content)) => {
                self.index().touch(digest);
                Ok(Some(content))
            }
            other => {
                self.index().remove(digest);
                let _ = fs::remove_file(&path);
                other
            }
        }
    }

    fn unseal(&self, digest: Digest, mut bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
        const WHAT: &str = "a deployment's content";
        let Some((header, sealed)) = bytes.split_at_mut_checked(HEADER_BYTES) else {
            return Err(Error::Malformed(WHAT));
        };
        let Some(nonce) = header.strip_prefix(MAGIC).and_then(|nonce| nonce.try_into().ok()) else {
            return Err(Error::Malformed(WHAT));
        };
        let Some(content) = self.seal.open(nonce, digest.as_bytes(), sealed) else {
            return Err(Error::NotAuthentic(WHAT));
        };
        if Digest::of(content) != digest {
            return Err(Error::NotAuthentic(WHAT));
        }
        Ok(content.to_vec())
    }

    /// Makes durable what was put since the last call.
    pub(super) fn sync(&self) -> Result<(), Error> {
        let unsynced = std::mem::take(&mut self.index().unsynced);
        if unsynced.is_empty() {
            return Ok(());
        }
        let dir = fs::File::open(&self.dir).map_err(Error::io("open the contents folder"))?;
        let flush = || {
            if unsynced.len() < SYNC_EACH_BELOW {
                // A file may have been collected since; that needs no sync.
                for file in unsynced.iter().filter_map(|path| fs::File::open(path).ok()) {
                    file.sync_data()?;
                }
            } else {
                rustix::fs::syncfs(&dir)?;
            }
            dir.sync_all()
        };
        flush().map_err(Error::io("sync deployments' contents"))
    }

    /// Removes contents that are not `wanted`, longest unused first, until the
    /// unwanted ones take at most `budget_bytes`. Returns what the wanted ones
    /// take.
    pub(super) fn collect(&self, wanted: &BTreeSet<Digest>, budget_bytes: u64) -> u64 {
        let mut index = self.index();
        let mut unwanted: Vec<(u64, Digest, u64)> = index
            .files
            .iter()
            .filter(|(digest, _)| !wanted.contains(digest))
            .map(|(digest, file)| (file.used, *digest, file.content_bytes))
            .collect();
        unwanted.sort_unstable();
        let mut unwanted_bytes: u64 = unwanted.iter().map(|(_, _, bytes)| bytes).sum();
        let wanted_bytes = index.total_bytes.saturating_sub(unwanted_bytes);
        for (_, digest, bytes) in unwanted {
            if unwanted_bytes <= budget_bytes {
                break;
            }
            unwanted_bytes -= bytes;
            index.remove(digest);
            let _ = fs::remove_file(self.path(digest));
        }
        wanted_bytes
    }
}

impl Index {
    fn insert(&mut self, digest: Digest, content_bytes: u64) {
        self.clock += 1;
        let file = File { content_bytes, used: self.clock };
        self.total_bytes += content_bytes;
        if let Some(before) = self.files.insert(digest, file) {
            self.total_bytes -= before.content_bytes;
        }
    }

    fn remove(&mut self, digest: Digest) {
        if let Some(file) = self.files.remove(&digest) {
            self.total_bytes -= file.content_bytes;
        }
    }

    fn touch(&mut self, digest: Digest) {
        self.clock += 1;
        if let Some(file) = self.files.get_mut(&digest) {
            file.used = self.clock;
        }
    }
}
