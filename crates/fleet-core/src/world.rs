//! The declared world in a replica's memory: what all nodes should hold, and
//! what changed at which revision.

use std::collections::{BTreeSet, VecDeque};

use gw_model::{ResourceName, Revision, RootDigest};

use crate::{
    declared::{Declared, Entry, to_resource},
    message::{Delta, Resource},
};

/// How many revisions the change index remembers unless told otherwise.
const KEPT_REVISIONS: usize = 4096;

/// Where a whole world is cut, in bytes of contents.
const PART_BYTES: usize = 1024 * 1024;

/// A delta larger than this goes out as a whole world instead, in parts of
/// [`PART_BYTES`], so that no message reaches the limit of the protocol. That
/// much changes at once in imports and after long absences; the node compares
/// with what it holds, so that only what differs is compiled again.
const DELTA_BYTES: usize = 4 * 1024 * 1024;

/// What a resource takes in a message beside its content, roughly: its name.
const NAME_BYTES: usize = 64;

/// One resource's new state: its content, or `None` when it is gone.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The resource.
    pub name: ResourceName,
    /// The version and the content that it now has.
    pub entry: Option<Entry>,
}

impl Change {
    /// A new or changed resource.
    pub fn upsert(resource: Resource) -> Self {
        let entry = Entry { version: resource.version, content: resource.content };
        Self { name: resource.name, entry: Some(entry) }
    }

    /// A resource that is gone.
    pub fn removal(name: ResourceName) -> Self {
        Self { name, entry: None }
    }
}

#[derive(Debug)]
struct Step {
    from: Revision,
    root_before: RootDigest,
    names: Vec<ResourceName>,
}

/// The world at one revision, with a bounded memory of how it got there.
#[derive(Debug)]
pub struct World {
    declared: Declared,
    revision: Revision,
    steps: VecDeque<Step>,
    kept: usize,
}

impl World {
    /// A world as it was read whole.
    pub fn new(revision: Revision, resources: impl IntoIterator<Item = Resource>) -> Self {
        Self {
            declared: resources.into_iter().collect(),
            revision,
            steps: VecDeque::new(),
            kept: KEPT_REVISIONS,
        }
    }

    /// The same with another length of memory.
    pub fn remembering(mut self, revisions: usize) -> Self {
        self.kept = revisions;
        self
    }

    /// Where the world stands.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The digest of all of it.
    pub fn root(&self) -> RootDigest {
        self.declared.root()
    }

    /// What it holds.
    pub fn declared(&self) -> &Declared {
        &self.declared
    }

    /// Takes in what changed up to `to`. Returns false, and changes nothing,
    /// unless `to` lies ahead in the same epoch.
    pub fn advance(&mut self, to: Revision, changes: Vec<Change>) -> bool {
        if to.epoch != self.revision.epoch || to.number <= self.revision.number {
            return false;
        }
        let (from, root_before) = (self.revision, self.declared.root());
        let mut names = Vec::with_capacity(changes.len());
        for Change { name, entry } in changes {
            if self.declared.get(&name) == entry.as_ref() {
                continue;
            }
            match entry {
                Some(entry) => self.declared.insert(name.clone(), entry),
                None => self.declared.remove(&name),
            };
            names.push(name);
        }
        self.steps.push_back(Step { from, root_before, names });
        while self.steps.len() > self.kept {
            self.steps.pop_front();
        }
        self.revision = to;
        true
    }

    /// What a node that holds `from` lacks, and perhaps more; `None` if that
    /// is not known, or if the node's root is not the one that the world had
    /// there.
    pub fn since(&self, from: Revision, root: RootDigest) -> Option<BTreeSet<&ResourceName>> {
        if from == self.revision {
            return (root == self.root()).then(BTreeSet::new);
        }
        if from.epoch != self.revision.epoch || from > self.revision {
            return None;
        }
        // A node that comes from another replica may stand between two steps;
        // it then gets the whole step, and its root decides.
        let start = self.steps.partition_point(|step| step.from <= from).checked_sub(1)?;
        let step = self.steps.get(start)?;
        if step.from == from && step.root_before != root {
            return None;
        }
        Some(self.steps.range(start..).flat_map(|step| &step.names).collect())
    }

    /// The delta from a node's world to this one; `None` if only a whole world
    /// will do. It is always one part: the roots of parts would need what the
    /// node held before, which is not known here.
    pub fn delta(&self, from: Revision, root: RootDigest) -> Option<Delta> {
        let names = self.since(from, root)?;
        let mut parts = Parts::new(Some(from), self.revision);
        for name in names {
            match self.declared.get(name) {
                Some(entry) => parts.push(to_resource(name, entry)),
                None => parts.remove(name.clone()),
            }
        }
        parts.delta.root = self.root();
        (parts.size_bytes <= DELTA_BYTES).then_some(parts.delta)
    }

    /// The whole world, in parts.
    pub fn whole(&self) -> Vec<Delta> {
        let mut done = Vec::new();
        let mut parts = Parts::new(None, self.revision);
        for (name, entry) in self.declared.iter() {
            parts.push(to_resource(name, entry));
            parts.root.add(&name.to_string(), entry.version, &entry.content);
            if parts.size_bytes >= PART_BYTES {
                done.push(parts.cut());
            }
        }
        parts.delta.root = parts.root;
        done.push(parts.delta);
        done
    }
}

/// Cuts a long delta into parts.
struct Parts {
    delta: Delta,
    root: RootDigest,
    size_bytes: usize,
}

impl Parts {
    fn new(from: Option<Revision>, to: Revision) -> Self {
        let root = RootDigest::default();
        let delta =
            Delta { from, to, upserts: Vec::new(), removals: Vec::new(), root, more: false };
        Self { delta, root, size_bytes: 0 }
    }

    fn push(&mut self, resource: Resource) {
        self.size_bytes += resource.content.len() + NAME_BYTES;
        self.delta.upserts.push(resource);
    }

    fn remove(&mut self, name: ResourceName) {
        self.size_bytes += NAME_BYTES;
        self.delta.removals.push(name);
    }

    fn cut(&mut self) -> Delta {
        let (to, root) = (self.delta.to, self.root);
        let next = Self { root, ..Self::new(Some(to), to) };
        Delta { more: true, root, ..std::mem::replace(self, next).delta }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn name(n: u32) -> ResourceName {
        format!("key/{n}").parse().unwrap()
    }

    fn resource(n: u32, version: u64, size: usize) -> Resource {
        Resource { name: name(n), version, content: vec![b'x'; size].into() }
    }

    #[test]
    fn deltas_reach_back_as_far_as_the_index() {
        let mut world = World::new(Revision::new(1, 10), [resource(1, 5, 1)]).remembering(2);
        let mut seen = vec![(world.revision(), world.root())];
        for number in 11..14 {
            let change = Change::upsert(resource(number as u32, number, 1));
            assert!(world.advance(Revision::new(1, number), vec![change]));
            seen.push((world.revision(), world.root()));
        }
        assert!(!world.advance(Revision::new(1, 13), vec![]), "not backwards");
        assert!(!world.advance(Revision::new(2, 20), vec![]), "not into another epoch");
        assert_eq!(world.delta(seen[0].0, seen[0].1), None, "forgotten");
        let delta = world.delta(seen[1].0, seen[1].1).unwrap();
        assert_eq!((delta.upserts.len(), delta.root), (2, world.root()));
        assert_eq!(world.delta(seen[1].0, RootDigest::default()), None, "another root");
        assert!(world.delta(seen[3].0, seen[3].1).unwrap().upserts.is_empty());
    }

    #[test]
    fn a_large_delta_gives_way_to_a_whole_world() {
        let at = |number| Revision::new(1, number);
        let mut world = World::new(at(1), []);
        let empty = world.root();
        let large = (0..5).map(|n| Change::upsert(resource(n, 2, 1_000_000))).collect();
        world.advance(at(2), large);
        assert_eq!(world.delta(at(1), empty), None);
        assert!(world.whole().len() > 2);
        let before = world.root();
        world.advance(at(3), vec![Change::upsert(resource(9, 3, 1))]);
        assert_eq!(world.delta(at(2), before).unwrap().upserts.len(), 1);
        // Names alone can be too much as well.
        let mut world = World::new(at(1), (0..70_000).map(|n| resource(n, 1, 1)));
        let full = world.root();
        world.advance(at(2), (0..70_000).map(|n| Change::removal(name(n))).collect());
        assert_eq!(world.delta(at(1), full), None);
        assert_eq!(world.whole().len(), 1);
    }

    #[test]
    fn whole_worlds_come_in_parts() {
        let resources = (0..10).map(|n| resource(n, 1, 300_000));
        let world = World::new(Revision::new(1, 1), resources);
        let parts = world.whole();
        assert!(parts.len() > 2, "{}", parts.len());
        assert!(parts.iter().rev().skip(1).all(|part| part.more));
        let last = parts.last().unwrap();
        assert!(!last.more && last.root == world.root());
        assert_eq!(parts[0].from, None);
        assert_eq!(parts[1].from, Some(world.revision()));
    }
}
