//! A node: the state machine with a disk, a compiler and a request path that
//! are only pretended.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gw_fleet_core::{
    message::{Fault, NodeMessage, Resource},
    node::{Apply, Compilation, CompileId, Effect, Event, Limits, NodeSync, Persist, SavedWorld},
};
use gw_model::{Digest, FactName, Release, ResourceName, Revision, StageKey};

/// Work that ends some time later.
#[derive(Debug, Clone)]
pub enum Job {
    Fetch(Digest),
    Compile(CompileId, Arc<Release>),
}

#[derive(Debug, Default, Clone)]
struct Disk {
    revision: Option<Revision>,
    resources: BTreeMap<ResourceName, Resource>,
    former: BTreeMap<StageKey, Arc<[u8]>>,
}

pub struct Node {
    pub index: usize,
    pub sync: Option<NodeSync>,
    pub boot: u64,
    pub jobs: Vec<Job>,
    /// What requests meet.
    pub served: BTreeMap<StageKey, Arc<Release>>,
    /// The facts that they meet.
    pub facts: BTreeMap<FactName, Arc<[u8]>>,
    compiled: BTreeMap<CompileId, (StageKey, Arc<Release>)>,
    disk: Disk,
    highest: Option<Revision>,
}

/// What the world must know of a node's step.
pub enum Did {
    Say(NodeMessage),
    Served(StageKey, Arc<Release>),
}

impl Node {
    pub fn new(index: usize) -> Self {
        Self {
            index,
            sync: None,
            boot: 0,
            jobs: Vec::new(),
            served: BTreeMap::new(),
            facts: BTreeMap::new(),
            compiled: BTreeMap::new(),
            disk: Disk::default(),
            highest: None,
        }
    }

    /// The newest revision that this node ever held.
    pub fn highest(&self) -> Option<Revision> {
        self.highest
    }

    /// Whether this node finds a deployment's content at fault.
    pub fn refuses(&self, digest: Digest) -> bool {
        refuses(self.index, digest)
    }

    pub fn kill(&mut self) {
        self.sync = None;
        self.jobs.clear();
        self.served.clear();
        self.facts.clear();
        self.compiled.clear();
    }

    pub fn start(&mut self, now: u64) -> Vec<Did> {
        self.sync = Some(NodeSync::new(Limits::default()));
        self.boot += 1;
        match self.disk.revision {
            None => Vec::new(),
            Some(revision) => {
                let saved = SavedWorld {
                    revision,
                    resources: self.disk.resources.values().cloned().collect(),
                    former: self.disk.former.clone().into_iter().collect(),
                };
                self.handle(Event::Restored(saved), now)
            }
        }
    }

    pub fn handle(&mut self, event: Event, now: u64) -> Vec<Did> {
        let Some(sync) = &mut self.sync else { return Vec::new() };
        let effects = sync.handle(event, now);
        let revision = sync.revision();
        assert!(revision >= self.highest, "revision went back: {revision:?} {:?}", self.highest);
        self.highest = revision;
        let mut did = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send(message) => did.push(Did::Say(message)),
                Effect::Fetch(digest) => {
                    let again =
                        self.jobs.iter().any(|job| matches!(job, Job::Fetch(d) if *d == digest));
                    assert!(!again, "fetched twice at a time");
                    self.jobs.push(Job::Fetch(digest));
                }
                Effect::Compile { id, stage, release } => {
                    self.compiled.insert(id, (stage, release.clone()));
                    self.jobs.push(Job::Compile(id, release));
                }
                Effect::Apply(apply) => self.apply(apply, &mut did),
                Effect::Discard(id) => {
                    self.compiled.remove(&id);
                }
                Effect::Persist(persist) => self.persist(persist),
            }
        }
        self.check_facts();
        did
    }

    fn apply(&mut self, apply: Apply, did: &mut Vec<Did>) {
        for (stage, id) in apply.stages {
            let (of, release) =
                self.compiled.remove(&id).expect("only compiled stages are applied");
            assert_eq!(of, stage);
            let compiling =
                self.jobs.iter().any(|job| matches!(job, Job::Compile(j, _) if *j == id));
            assert!(!compiling, "applied before it was compiled");
            self.served.insert(stage.clone(), release.clone());
            did.push(Did::Served(stage, release));
        }
        for stage in apply.removed_stages {
            assert!(self.served.remove(&stage).is_some(), "removed what was not served");
        }
        for resource in apply.resources {
            if let ResourceName::Fact(name) = resource.name {
                self.facts.insert(name, resource.content);
            }
        }
        for name in apply.removed_resources {
            // One that came and went between two deltas was never there.
            if let ResourceName::Fact(name) = name {
                self.facts.remove(&name);
            }
        }
    }

    fn persist(&mut self, persist: Persist) {
        if persist.whole {
            self.disk.resources.clear();
        }
        self.disk.revision = Some(persist.revision);
        for resource in persist.upserts {
            self.disk.resources.insert(resource.name.clone(), resource);
        }
        for name in persist.removals {
            self.disk.resources.remove(&name);
        }
        for (stage, former) in persist.former {
            match former {
                Some(content) => self.disk.former.insert(stage, content),
                None => self.disk.former.remove(&stage),
            };
        }
        self.check_disk(persist.root);
    }

    /// Facts wait for nothing: what is declared is what requests meet.
    fn check_facts(&self) {
        let saved = self.sync.as_ref().and_then(NodeSync::saved);
        let resources = saved.into_iter().flat_map(|saved| saved.resources);
        let declared = resources.filter_map(|resource| match resource.name {
            ResourceName::Fact(name) => Some((name, resource.content)),
            _ => None,
        });
        assert_eq!(self.facts, declared.collect(), "facts differ from the declared ones");
    }

    fn check_disk(&self, root: gw_model::RootDigest) {
        let mut sum = gw_model::RootDigest::default();
        for resource in self.disk.resources.values() {
            sum.add(&resource.name.to_string(), resource.version, &resource.content);
        }
        assert_eq!(sum, root, "the disk holds another world than was declared");
        let saved = self.sync.as_ref().and_then(NodeSync::saved).unwrap();
        let former: BTreeMap<_, _> = saved.former.into_iter().collect();
        let names: BTreeSet<_> = former.keys().collect();
        assert_eq!(names, self.disk.former.keys().collect(), "former releases on disk");
    }

    /// Ends a job, well or for want of means.
    pub fn finish(&mut self, index: usize, lucky: bool, now: u64) -> Vec<Did> {
        let job = self.jobs.remove(index);
        let event = match job {
            Job::Fetch(digest) => Event::Fetched {
                digest,
                result: if lucky { Ok(()) } else { Err(Fault::resource("the line broke")) },
            },
            Job::Compile(id, release) => {
                let bad = release.digests().any(|digest| self.refuses(digest));
                let result = match (bad, lucky) {
                    (true, _) => Err(Fault::content("cannot be compiled")),
                    (_, false) => Err(Fault::resource("no memory")),
                    (false, true) => Ok(Compilation::default()),
                };
                if result.is_err() {
                    self.compiled.remove(&id);
                }
                Event::Compiled { id, result }
            }
        };
        self.handle(event, now)
    }
}

/// A third of all deployments is bad for somebody.
pub fn refuses(node: usize, digest: Digest) -> bool {
    let kind = digest.as_bytes()[0] % 9;
    kind == 0 || (kind == 1 && node == 0) || (kind == 2 && node == 1)
}
