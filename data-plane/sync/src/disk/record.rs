//! One change of the world, as the log holds it.
//!
//! The encoding is protobuf, so that members can be added. A change too large
//! for one record is split; only the last part counts it as happened.

use gw_fleet_core::{
    message::Resource,
    node::{Persist, SavedWorld},
};
use gw_model::{ResourceName, RootDigest, StageKey};
use prost::Message;

use super::Error;

/// Where a change is split.
const PART_BYTES: usize = 1 << 20;

#[derive(Clone, PartialEq, Message)]
pub(super) struct Record {
    #[prost(uint64, tag = "1")]
    pub(super) epoch: u64,
    #[prost(uint64, tag = "2")]
    pub(super) number: u64,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) root: Vec<u8>,
    /// Forget all resources first; only on the first part of a change.
    #[prost(bool, tag = "4")]
    pub(super) whole: bool,
    /// Further parts of the same change follow.
    #[prost(bool, tag = "5")]
    pub(super) more: bool,
    #[prost(message, repeated, tag = "6")]
    pub(super) upserts: Vec<Upsert>,
    #[prost(string, repeated, tag = "7")]
    pub(super) removals: Vec<String>,
    #[prost(message, repeated, tag = "8")]
    pub(super) former: Vec<Former>,
    /// Forget all former releases first; only on the first part of a rewrite.
    #[prost(bool, tag = "9")]
    pub(super) fresh: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Upsert {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(uint64, tag = "2")]
    pub(super) version: u64,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) content: Vec<u8>,
}

/// What a stage serves while it is not what it declares.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Former {
    /// The stage's resource name.
    #[prost(string, tag = "1")]
    pub(super) stage: String,
    /// Absent: it serves what it declares.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(super) content: Option<Vec<u8>>,
}

impl Record {
    pub(super) fn root_digest(&self) -> Result<RootDigest, Error> {
        RootDigest::from_slice(&self.root).ok_or(Error::Malformed("a record of the log"))
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        Self::decode(bytes).map_err(|_| Error::Malformed("a record of the log"))
    }
}

/// Splits a change into records.
pub(super) fn of_change(change: &Persist) -> Vec<Record> {
    let mut parts = Parts::new(change.revision, change.root);
    parts.current().whole = change.whole;
    for resource in &change.upserts {
        parts.upsert(resource);
    }
    for name in &change.removals {
        let name = name.to_string();
        parts.room_for(name.len());
        parts.current().removals.push(name);
    }
    for (stage, content) in &change.former {
        parts.former(stage, content.as_deref());
    }
    parts.finish()
}

/// Splits a whole world into the records that begin a segment.
pub(super) fn of_world(world: &SavedWorld, root: RootDigest) -> Vec<Record> {
    let mut parts = Parts::new(world.revision, root);
    parts.current().whole = true;
    parts.current().fresh = true;
    for resource in &world.resources {
        parts.upsert(resource);
    }
    for (stage, content) in &world.former {
        parts.former(stage, Some(content));
    }
    parts.finish()
}

struct Parts {
    done: Vec<Record>,
    last: Record,
    last_bytes: usize,
}

impl Parts {
    fn new(revision: gw_model::Revision, root: RootDigest) -> Self {
        let last = Record {
            epoch: revision.epoch.0,
            number: revision.number,
            root: root.to_bytes().to_vec(),
            ..Record::default()
        };
        Self { done: Vec::new(), last, last_bytes: 0 }
    }

    fn current(&mut self) -> &mut Record {
        &mut self.last
    }

    fn room_for(&mut self, bytes: usize) {
        if self.last_bytes > 0 && self.last_bytes + bytes > PART_BYTES {
            let next = Record {
                epoch: self.last.epoch,
                number: self.last.number,
                root: self.last.root.clone(),
                ..Record::default()
            };
            let mut full = std::mem::replace(&mut self.last, next);
            full.more = true;
            self.done.push(full);
            self.last_bytes = 0;
        }
        self.last_bytes += bytes + 16;
    }

    fn upsert(&mut self, resource: &Resource) {
        let name = resource.name.to_string();
        self.room_for(name.len() + resource.content.len());
        let content = resource.content.to_vec();
        self.last.upserts.push(Upsert { name, version: resource.version, content });
    }

    fn former(&mut self, stage: &StageKey, content: Option<&[u8]>) {
        self.room_for(content.map_or(0, <[u8]>::len) + 64);
        let stage = ResourceName::Stage(stage.clone()).to_string();
        self.last.former.push(Former { stage, content: content.map(<[u8]>::to_vec) });
    }

    fn finish(mut self) -> Vec<Record> {
        self.done.push(self.last);
        self.done
    }
}
