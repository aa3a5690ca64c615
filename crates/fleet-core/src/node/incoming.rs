//! Deltas on their way in: checked part by part, taken whole or not at all.

use std::collections::BTreeMap;

use gw_model::{ResourceName, Revision, RootDigest};

use super::Limits;
use crate::{
    declared::{Declared, Entry},
    message::Delta,
};

/// A delta of which some parts have come.
#[derive(Debug)]
pub(super) struct Incoming {
    /// Whether it replaces the world rather than changes it.
    pub(super) whole: bool,
    /// Where it leads.
    pub(super) to: Revision,
    /// Name -> new entry, or `None` for a removal.
    pub(super) changes: BTreeMap<ResourceName, Option<Entry>>,
    root: RootDigest,
    size_bytes: u64,
}

/// Why a delta was discarded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It led to another root digest than it said.
    Root,
    /// The world would be larger than this node's limits.
    TooLarge,
}

impl Incoming {
    /// A delta that replaces the world, or one that changes `world`.
    pub(super) fn new(whole: bool, to: Revision, world: &Declared) -> Self {
        let (root, size_bytes) =
            if whole { Default::default() } else { (world.root(), world.size_bytes()) };
        Self { whole, to, changes: BTreeMap::new(), root, size_bytes }
    }

    /// Whether `delta` is the next part of this one.
    pub(super) fn continues_with(&self, delta: &Delta) -> bool {
        delta.to == self.to && delta.from == Some(self.to)
    }

    /// Takes in a part.
    pub(super) fn part(
        &mut self,
        delta: Delta,
        world: &Declared,
        limits: &Limits,
    ) -> Result<(), Refused> {
        for name in delta.removals {
            self.change(name, None, world);
        }
        for resource in delta.upserts {
            let entry = Entry { version: resource.version, content: resource.content };
            self.change(resource.name, Some(entry), world);
        }
        let base = if self.whole { 0 } else { world.len() };
        if self.size_bytes > limits.max_world_bytes
            || base + self.changes.len() > limits.max_resources
        {
            return Err(Refused::TooLarge);
        }
        if self.root == delta.root { Ok(()) } else { Err(Refused::Root) }
    }

    fn change(&mut self, name: ResourceName, entry: Option<Entry>, world: &Declared) {
        let text = name.to_string();
        let size = |entry: &Entry| (text.len() + entry.content.len()) as u64;
        if let Some(new) = &entry {
            self.root.add(&text, new.version, &new.content);
            self.size_bytes += size(new);
        }
        let before = match self.changes.get(&name) {
            Some(change) => change.as_ref(),
            None if self.whole => None,
            None => world.get(&name),
        };
        if let Some(before) = before {
            self.root.remove(&text, before.version, &before.content);
            self.size_bytes -= size(before);
        }
        self.changes.insert(name, entry);
    }
}
