//! The folder of a world: finding it, appending to it, beginning it afresh.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use gw_fleet_core::{
    message::Resource,
    node::{Persist, SavedWorld},
};
use gw_model::{ResourceName, Revision, RootDigest, StageKey};

use super::{
    Contents, Error, log,
    manifest::{FORMAT, Manifest},
    record::{self, Record},
};
use crate::{files, identity::NodeKey};

/// Below this a log is never compacted.
const COMPACT_ABOVE_BYTES: u64 = 1 << 20;

/// A world that was found on disk; its root digest is checked.
#[derive(Debug)]
pub(crate) struct Found {
    /// The world.
    pub(crate) world: SavedWorld,
    /// Its root digest.
    pub(crate) root: RootDigest,
}

/// The folder of a world, for one writer.
pub(crate) struct Store {
    dir: PathBuf,
    key: NodeKey,
    contents: Arc<Contents>,
    /// `None` until a segment is begun by this process. A segment of an
    /// earlier process is never appended to: its last record may be torn.
    log: Option<log::Writer>,
    /// The segment's length when it held nothing but the world.
    compact_bytes: u64,
}

impl Store {
    /// Opens the folder and looks for a world. A world that cannot be used is
    /// an inner error; the folder is usable all the same.
    pub(crate) fn open(
        dir: &Path,
        key: &NodeKey,
    ) -> Result<(Self, Result<Option<Found>, Error>), Error> {
        files::make_dir(dir).map_err(Error::io("make the world folder"))?;
        let contents = Arc::new(Contents::open(&dir.join("contents"), key)?);
        let found = find(dir, key);
        let store =
            Self { dir: dir.to_owned(), key: key.clone(), contents, log: None, compact_bytes: 0 };
        Ok((store, found))
    }

    /// Forgets the world in the folder, as one that belongs to another fleet.
    pub(crate) fn forget(dir: &Path) -> Result<(), Error> {
        match fs::remove_file(dir.join("manifest")) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::Io { action: "remove the manifest", source })
            }
            _ => Ok(()),
        }
    }

    /// The deployments' contents.
    pub(crate) fn contents(&self) -> &Arc<Contents> {
        &self.contents
    }

    /// Whether a segment is open; without one only [`Store::rewrite`] helps.
    pub(crate) fn is_open(&self) -> bool {
        self.log.is_some()
    }

    /// Whether most of the log is out of date.
    pub(crate) fn wants_rewrite(&self) -> bool {
        let stale = |log: &log::Writer| {
            log.bytes() > COMPACT_ABOVE_BYTES && log.bytes() > 3 * self.compact_bytes
        };
        self.log.as_ref().is_none_or(stale)
    }

    /// Appends changes and makes them durable. After an error the world on
    /// disk stays at an earlier state until a rewrite.
    pub(crate) fn append(&mut self, changes: &[Persist]) -> Result<(), Error> {
        let (Some(mut log), Some(last)) = (self.log.take(), changes.last()) else { return Ok(()) };
        self.contents.sync()?;
        for change in changes {
            log.append(&record::of_change(change))?;
        }
        log.sync()?;
        self.commit(&log, last.revision, last.root)?;
        self.log = Some(log);
        Ok(())
    }

    /// Writes the whole world into a new segment and drops the others.
    pub(crate) fn rewrite(&mut self, world: &SavedWorld, root: RootDigest) -> Result<(), Error> {
        self.log = None;
        self.contents.sync()?;
        let generation = self.segments().last_key_value().map_or(1, |(newest, _)| newest + 1);
        let mut log = log::Writer::create(&self.segment_path(generation), generation, &self.key)?;
        log.append(&record::of_world(world, root))?;
        log.sync()?;
        self.commit(&log, world.revision, root)?;
        self.compact_bytes = log.bytes();
        self.log = Some(log);
        for (old, path) in self.segments() {
            if old != generation {
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }

    fn commit(&self, log: &log::Writer, at: Revision, root: RootDigest) -> Result<(), Error> {
        let manifest = Manifest {
            format: FORMAT,
            epoch: at.epoch.0,
            number: at.number,
            root: hex::encode(root.to_bytes()),
            generation: log.generation(),
            records: log.records(),
        };
        manifest.write(&self.dir.join("manifest"), &self.key)
    }

    fn segment_path(&self, generation: u64) -> PathBuf {
        segment_path(&self.dir, generation)
    }

    /// The segments in the folder, oldest first.
    fn segments(&self) -> BTreeMap<u64, PathBuf> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let generation = entry.file_name().to_str()?.strip_prefix("log.")?.parse().ok()?;
                Some((generation, entry.path()))
            })
            .collect()
    }
}

fn segment_path(dir: &Path, generation: u64) -> PathBuf {
    dir.join(format!("log.{generation}"))
}

fn find(dir: &Path, key: &NodeKey) -> Result<Option<Found>, Error> {
    let Some(manifest) = Manifest::read(&dir.join("manifest"), key)? else { return Ok(None) };
    let path = segment_path(dir, manifest.generation);
    let mut reader = log::Reader::open(&path, manifest.generation, key)?;
    let mut replay = Replay::default();
    let mut records = 0;
    let mut parts = Vec::new();
    while let Some(record) = reader.next() {
        records += 1;
        let more = record.more;
        parts.push(record);
        if !more {
            replay.change(std::mem::take(&mut parts))?;
        }
        if records == manifest.records {
            let at = Revision::new(manifest.epoch, manifest.number);
            let root = hex::encode(replay.root.to_bytes());
            if !parts.is_empty() || replay.revision != Some(at) || root != manifest.root {
                return Err(Error::RootMismatch);
            }
        }
    }
    if records < manifest.records {
        return Err(Error::Truncated);
    }
    replay.finish().map(Some)
}

/// The world that the plain bytes of records lead to, as [`Store::open`] does
/// it once they are authentic.
pub(crate) fn replay<'a>(records: impl Iterator<Item = &'a [u8]>) -> Result<Found, Error> {
    let mut replay = Replay::default();
    let mut parts = Vec::new();
    for bytes in records {
        let record = Record::read(bytes)?;
        let more = record.more;
        parts.push(record);
        if !more {
            replay.change(std::mem::take(&mut parts))?;
        }
    }
    replay.finish()
}

/// The world as far as the log was read.
#[derive(Default)]
struct Replay {
    revision: Option<Revision>,
    root: RootDigest,
    resources: HashMap<String, (u64, Vec<u8>)>,
    former: BTreeMap<String, Vec<u8>>,
}

impl Replay {
    /// Takes in all parts of one change, which has to lead to the root digest
    /// that it names.
    fn change(&mut self, parts: Vec<Record>) -> Result<(), Error> {
        for record in parts {
            if record.whole {
                self.resources.clear();
                self.root = RootDigest::default();
            }
            if record.fresh {
                self.former.clear();
            }
            let named = record.root_digest()?;
            for name in record.removals {
                self.set(&name, None);
            }
            for upsert in record.upserts {
                self.set(&upsert.name, Some((upsert.version, upsert.content)));
            }
            for former in record.former {
                match former.content {
                    Some(content) => self.former.insert(former.stage, content),
                    None => self.former.remove(&former.stage),
                };
            }
            self.revision = Some(Revision::new(record.epoch, record.number));
            if !record.more && self.root != named {
                return Err(Error::RootMismatch);
            }
        }
        Ok(())
    }

    fn set(&mut self, name: &str, entry: Option<(u64, Vec<u8>)>) {
        if let Some((version, content)) = &entry {
            self.root.add(name, *version, content);
        }
        let before = match entry {
            Some(entry) => self.resources.insert(name.to_owned(), entry),
            None => self.resources.remove(name),
        };
        if let Some((version, content)) = before {
            self.root.remove(name, version, &content);
        }
    }

    fn finish(self) -> Result<Found, Error> {
        const WHAT: &str = "the world on disk";
        let revision = self.revision.ok_or(Error::Truncated)?;
        let resource = |(name, (version, content)): (String, (u64, Vec<u8>))| {
            let name = name.parse().map_err(|_| Error::Malformed(WHAT))?;
            Ok(Resource { name, version, content: content.into() })
        };
        let former = |(stage, content): (String, Vec<u8>)| match stage.parse() {
            Ok(ResourceName::Stage(key)) => Ok::<(StageKey, Arc<[u8]>), _>((key, content.into())),
            _ => Err(Error::Malformed(WHAT)),
        };
        let resources = self.resources.into_iter().map(resource).collect::<Result<_, _>>()?;
        let former = self.former.into_iter().map(former).collect::<Result<_, _>>()?;
        Ok(Found { world: SavedWorld { revision, resources, former }, root: self.root })
    }
}
