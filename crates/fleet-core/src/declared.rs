//! A map of resources that knows its root digest and its size.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{ResourceName, RootDigest};

use crate::message::Resource;

/// One resource's present state.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The revision number at which it last changed.
    pub version: u64,
    /// Its content.
    pub content: Arc<[u8]>,
}

/// Named resources with the digest of all of them.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    entries: BTreeMap<ResourceName, Entry>,
    root: RootDigest,
    size_bytes: u64,
}

impl Declared {
    /// The digest of all entries.
    pub fn root(&self) -> RootDigest {
        self.root
    }

    /// The sum of all contents and names, in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// One entry.
    pub fn get(&self, name: &ResourceName) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// All entries, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&ResourceName, &Entry)> {
        self.entries.iter()
    }

    /// All entries behind `name`, by name; all of them for `None`.
    pub fn iter_after<'a>(
        &'a self,
        name: Option<&ResourceName>,
    ) -> impl Iterator<Item = (&'a ResourceName, &'a Entry)> + use<'a> {
        use std::ops::Bound;
        let start = name.map_or(Bound::Unbounded, Bound::Excluded);
        self.entries.range::<ResourceName, _>((start, Bound::Unbounded))
    }

    /// Sets an entry; returns the one before it.
    pub fn insert(&mut self, name: ResourceName, entry: Entry) -> Option<Entry> {
        let text = name.to_string();
        self.root.add(&text, entry.version, &entry.content);
        self.size_bytes += size(&text, &entry.content);
        let before = self.entries.insert(name, entry);
        if let Some(before) = &before {
            self.root.remove(&text, before.version, &before.content);
            self.size_bytes -= size(&text, &before.content);
        }
        before
    }

    /// Takes an entry out.
    pub fn remove(&mut self, name: &ResourceName) -> Option<Entry> {
        let before = self.entries.remove(name)?;
        let text = name.to_string();
        self.root.remove(&text, before.version, &before.content);
        self.size_bytes -= size(&text, &before.content);
        Some(before)
    }

    /// An entry in the form in which it travels.
    pub fn resource(&self, name: &ResourceName) -> Option<Resource> {
        self.get(name).map(|entry| to_resource(name, entry))
    }
}

impl FromIterator<Resource> for Declared {
    fn from_iter<I: IntoIterator<Item = Resource>>(resources: I) -> Self {
        let mut declared = Self::default();
        for resource in resources {
            let entry = Entry { version: resource.version, content: resource.content };
            declared.insert(resource.name, entry);
        }
        declared
    }
}

/// The travelling form of an entry.
pub(crate) fn to_resource(name: &ResourceName, entry: &Entry) -> Resource {
    Resource { name: name.clone(), version: entry.version, content: entry.content.clone() }
}

fn size(name: &str, content: &[u8]) -> u64 {
    (name.len() + content.len()) as u64
}
