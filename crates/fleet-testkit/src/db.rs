//! The database, reduced to what replicas do with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gw_fleet_core::{
    message::Resource,
    replica::{Fresh, FreshWorld, Pending, Recorded, Registered},
    rollout::Written,
    world::Change,
};
use gw_model::{
    Digest, FactName, NodeId, Release, ReleaseNumber, ResourceName, Revision, StageKey,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    /// Committed at some time.
    Committed,
    Superseded,
    Rejected,
}

#[derive(Debug, Clone)]
pub struct StageRow {
    pub serving: Option<u64>,
    pub version: u64,
    pub releases: BTreeMap<u64, (Release, State)>,
}

#[derive(Debug, Clone, Default)]
pub struct Db {
    pub down: bool,
    /// Restored to before something that was seen. Writes wait until a replica
    /// has noticed: positions that were handed out twice cannot be told apart.
    pub restored: bool,
    pub revision: Revision,
    pub stages: BTreeMap<StageKey, StageRow>,
    /// Facts beside stages, with the number at which each last changed.
    pub facts: BTreeMap<FactName, (u64, Vec<u8>)>,
    /// Of deleted stages, so that numbers go on and old releases stay known.
    graves: BTreeMap<StageKey, StageRow>,
    changes: Vec<(u64, ResourceName)>,
    /// Node -> the replica that holds its stream.
    pub holders: BTreeMap<NodeId, usize>,
    pub cordoned: BTreeSet<NodeId>,
    pub receipts: Vec<Recorded>,
    /// Everything that was ever committed, restored away or not.
    ever: BTreeSet<(StageKey, u64, Digest)>,
}

pub fn content(release: &Release) -> Arc<[u8]> {
    serde_json::to_vec(release).unwrap().into()
}

impl Db {
    pub fn new() -> Self {
        Self { revision: Revision::new(1, 0), ..Self::default() }
    }

    /// Writes a fact, or removes it; takes a revision as any change does.
    pub fn fact(&mut self, name: &FactName, to: Option<Vec<u8>>) {
        self.bump(None);
        let number = self.revision.number;
        match to {
            Some(content) => drop(self.facts.insert(name.clone(), (number, content))),
            None => drop(self.facts.remove(name)),
        }
        self.changes.push((number, ResourceName::Fact(name.clone())));
    }

    fn bump(&mut self, changed: Option<&StageKey>) {
        self.revision.number += 1;
        if let Some(key) = changed {
            self.changes.push((self.revision.number, ResourceName::Stage(key.clone())));
        }
    }

    /// Appends a release; whether it is committed in the same step is the
    /// caller's to say.
    pub fn append(&mut self, key: &StageKey, digest: Digest, commit: bool) -> Pending {
        let row = self.stages.entry(key.clone()).or_insert_with(|| {
            self.graves.remove(key).unwrap_or(StageRow {
                serving: None,
                version: 0,
                releases: BTreeMap::new(),
            })
        });
        let number = row.releases.keys().last().copied().unwrap_or(0) + 1;
        for (_, state) in row.releases.values_mut() {
            if *state == State::Pending {
                *state = State::Superseded;
            }
        }
        let release = release(number, digest);
        let pending = Pending {
            stage: key.clone(),
            release: ReleaseNumber(number),
            content: content(&release),
        };
        row.releases.insert(number, (release, State::Pending));
        if commit {
            assert_eq!(self.commit(key, number), Written::Committed);
        } else {
            self.bump(None);
        }
        pending
    }

    pub fn delete(&mut self, key: &StageKey) {
        if let Some(mut row) = self.stages.remove(key) {
            for (_, state) in row.releases.values_mut() {
                if *state == State::Pending {
                    *state = State::Superseded;
                }
            }
            row.serving = None;
            self.graves.insert(key.clone(), row);
            self.bump(Some(key));
        }
    }

    /// Where a release stands, as an inquiry tells it.
    pub fn inquire(&self, key: &StageKey, number: u64) -> Written {
        let row = self.stages.get(key);
        match row.and_then(|row| row.releases.get(&number)).map(|(_, state)| *state) {
            Some(State::Pending) => Written::Pending,
            Some(State::Committed) => Written::Committed,
            Some(State::Rejected) => Written::Rejected,
            Some(State::Superseded) | None => Written::Superseded,
        }
    }

    pub fn commit(&mut self, key: &StageKey, number: u64) -> Written {
        match self.inquire(key, number) {
            Written::Pending => {
                let version = self.revision.number + 1;
                let row = self.stages.get_mut(key).unwrap();
                row.releases.get_mut(&number).unwrap().1 = State::Committed;
                row.serving = Some(number);
                row.version = version;
                self.ever.insert((key.clone(), number, row.releases[&number].0.deployment));
                self.bump(Some(key));
                Written::Committed
            }
            other => other,
        }
    }

    /// Rejects, and appends the repair: what was served last, if anything.
    pub fn reject(&mut self, key: &StageKey, number: u64) -> Written {
        match self.inquire(key, number) {
            Written::Pending => {
                let row = self.stages.get_mut(key).unwrap();
                row.releases.get_mut(&number).unwrap().1 = State::Rejected;
                let repair = row.serving.map(|serving| row.releases[&serving].0.deployment);
                self.bump(None);
                if let Some(digest) = repair {
                    self.append(key, digest, false);
                }
                Written::Rejected
            }
            other => other,
        }
    }

    fn resource(&self, key: &StageKey) -> Option<Resource> {
        let row = self.stages.get(key)?;
        let release = &row.releases[&row.serving?].0;
        Some(Resource {
            name: ResourceName::Stage(key.clone()),
            version: row.version,
            content: content(release),
        })
    }

    fn fact_resource(&self, name: &FactName) -> Option<Resource> {
        let (version, content) = self.facts.get(name)?;
        let name = ResourceName::Fact(name.clone());
        Some(Resource { name, version: *version, content: content.as_slice().into() })
    }

    pub fn world(&self) -> Vec<Resource> {
        let stages = self.stages.keys().filter_map(|key| self.resource(key));
        stages.chain(self.facts.keys().filter_map(|name| self.fact_resource(name))).collect()
    }

    pub fn read(
        &self,
        replica: usize,
        since: Option<Revision>,
        asked: &[(StageKey, ReleaseNumber)],
    ) -> Fresh {
        let world = match since {
            Some(since) if since.epoch == self.revision.epoch => {
                let newer = self.changes.iter().filter(|(number, _)| *number > since.number);
                let names: BTreeSet<_> = newer.map(|(_, name)| name.clone()).collect();
                FreshWorld::Changes(names.into_iter().map(|name| self.change(name)).collect())
            }
            _ => FreshWorld::Whole(self.world()),
        };
        let nodes = self.holders.iter().map(|(node, holder)| Registered {
            node: node.clone(),
            cordoned: self.cordoned.contains(node),
            elsewhere: *holder != replica,
        });
        let of_asked = |r: &&Recorded| asked.contains(&(r.stage.clone(), r.release));
        Fresh {
            revision: self.revision,
            world,
            pending: self.pending(),
            nodes: nodes.collect(),
            receipts: self.receipts.iter().filter(of_asked).cloned().collect(),
        }
    }

    fn change(&self, name: ResourceName) -> Change {
        let resource = match &name {
            ResourceName::Stage(key) => self.resource(key),
            ResourceName::Fact(fact) => self.fact_resource(fact),
            other => unreachable!("{other} does not change here"),
        };
        match resource {
            Some(resource) => Change::upsert(resource),
            None => Change::removal(name),
        }
    }

    pub fn pending(&self) -> Vec<Pending> {
        let mut pending = Vec::new();
        for (key, row) in &self.stages {
            for (number, (release, state)) in &row.releases {
                if *state == State::Pending {
                    pending.push(Pending {
                        stage: key.clone(),
                        release: ReleaseNumber(*number),
                        content: content(release),
                    });
                }
            }
        }
        pending
    }

    /// Whether a release was committed at any time.
    pub fn was_committed(&self, key: &StageKey, release: &Release) -> bool {
        self.ever.contains(&(key.clone(), release.number.0, release.deployment))
    }

    /// Falls back to a backup, of which `seen` is what somebody remembers.
    pub fn restore(&mut self, backup: Self, seen: Revision) {
        let now = std::mem::replace(self, backup);
        self.restored = self.revision < seen;
        (self.down, self.holders, self.ever) = (now.down, now.holders, now.ever);
    }

    pub fn open_epoch(&mut self, seen: Revision) {
        if self.revision.epoch <= seen.epoch && self.revision < seen {
            self.restored = false;
            self.revision = Revision::new(seen.epoch.0 + 1, self.revision.number + 1);
            self.changes.clear();
        }
    }
}

pub fn release(number: u64, digest: Digest) -> Release {
    Release {
        number: ReleaseNumber(number),
        deployment_id: format!("d{number}").into(),
        deployment: digest,
        variables: Default::default(),
        canary: None,
        settings: Default::default(),
    }
}
