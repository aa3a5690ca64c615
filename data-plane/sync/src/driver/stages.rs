//! Compiled stages between their compilation and the swap.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use gw_fleet_core::node::{Apply, CompileId};
use gw_model::{FactName, ResourceName, StageKey};
use gw_snapshot::World;

use crate::{
    WorldHandle,
    compile::{Pin, Staged},
    reclaim::Reclaimer,
};

/// What is compiled, what is served, and what a batch changes.
pub(super) struct Stages {
    world: WorldHandle,
    reclaimer: Reclaimer,
    staged: HashMap<CompileId, Staged>,
    /// Keep served deployments in the cache.
    served: HashMap<StageKey, Vec<Pin>>,
    /// `None`: served no more.
    changes: BTreeMap<StageKey, Option<CompileId>>,
    /// The same of facts beside stages; `None`: gone.
    facts: BTreeMap<FactName, Option<Arc<[u8]>>>,
    /// Facts that could not be read, counted since the start.
    unreadable: u64,
    swaps: u64,
}

impl Stages {
    pub(super) fn new(world: WorldHandle, reclaimer: Reclaimer) -> Self {
        Self {
            world,
            reclaimer,
            staged: HashMap::new(),
            served: HashMap::new(),
            changes: BTreeMap::new(),
            facts: BTreeMap::new(),
            unreadable: 0,
            swaps: 0,
        }
    }

    /// How many stages are served.
    pub(super) fn served(&self) -> usize {
        self.served.len()
    }

    /// How often the world was swapped.
    pub(super) fn swaps(&self) -> u64 {
        self.swaps
    }

    /// How many facts could not be read.
    pub(super) fn unreadable_facts(&self) -> u64 {
        self.unreadable
    }

    /// Keeps what was compiled until it is applied or discarded.
    pub(super) fn stage(&mut self, id: CompileId, staged: Staged) {
        self.staged.insert(id, staged);
    }

    /// Forgets a compiled stage; tells whether it was there.
    pub(super) fn discard(&mut self, id: CompileId) -> bool {
        let Some(staged) = self.staged.remove(&id) else { return false };
        self.reclaimer.retire(staged.stage);
        true
    }

    /// Notes a change of what is served. Resources of kinds that this build
    /// does not know mean nothing to it.
    pub(super) fn apply(&mut self, apply: Apply) {
        for (key, id) in apply.stages {
            self.change(key, Some(id));
        }
        for key in apply.removed_stages {
            self.change(key, None);
        }
        for resource in apply.resources {
            if let ResourceName::Fact(name) = resource.name {
                self.facts.insert(name, Some(resource.content));
            }
        }
        for name in apply.removed_resources {
            if let ResourceName::Fact(name) = name {
                self.facts.insert(name, None);
            }
        }
    }

    fn change(&mut self, key: StageKey, to: Option<CompileId>) {
        if let Some(Some(overtaken)) = self.changes.insert(key, to) {
            self.discard(overtaken);
        }
    }

    /// Swaps in everything that was noted, in one step.
    pub(super) fn flush(&mut self) -> bool {
        if self.changes.is_empty() && self.facts.is_empty() {
            return false;
        }
        let current = self.world.load();
        let (mut upserts, mut removals, mut former_pins) = (Vec::new(), Vec::new(), Vec::new());
        for (key, to) in std::mem::take(&mut self.changes) {
            match to.map(|id| self.staged.remove(&id)) {
                Some(Some(Staged { stage, pins })) => {
                    // Throttles go on at their fill level.
                    if let Some(former) = current.stage(key.api.as_str(), key.stage.as_str()) {
                        stage.inherit(former);
                    }
                    upserts.push(stage);
                    former_pins.extend(self.served.insert(key, pins));
                }
                Some(None) => {
                    // The machine applies only what was compiled and not
                    // discarded; keep what is served rather than nothing.
                    tracing::error!(stage = %key, "nothing compiled to serve");
                }
                None => {
                    former_pins.extend(self.served.remove(&key));
                    removals.push(key);
                }
            }
        }
        let next = self.take_facts(current.with(upserts, &removals));
        drop(current);
        self.world.publish(Arc::new(next));
        self.swaps += 1;
        // Only now may the cache drop what was served before.
        drop(former_pins);
        true
    }

    /// Puts in the facts that were noted. One that cannot be read is kept out,
    /// and all others are not.
    fn take_facts(&mut self, world: World) -> World {
        if self.facts.is_empty() {
            return world;
        }
        let changes = std::mem::take(&mut self.facts);
        let upserts = changes.iter().filter_map(|(name, to)| Some((name, &**to.as_ref()?)));
        let removals = changes.iter().filter(|(_, to)| to.is_none()).map(|(name, _)| name);
        let (next, unreadable) = world.with_facts(upserts, removals);
        for fact in unreadable {
            tracing::error!(fact = %fact.name, reason = fact.reason, "a fact cannot be read");
            self.unreadable += 1;
        }
        next
    }
}
