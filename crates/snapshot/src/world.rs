//! What a request finds: stages, and the facts beside them.
//!
//! A world is derived from the one before it, sharing all that did not
//! change; stages and facts of one world belong together.

use std::sync::Arc;

use gw_model::{FactName, StageKey};

use crate::{
    CompiledStage, Facts, UnreadableFact,
    shards::{SHARDS, Shards, hash_of},
};

/// All that a node serves. Cheap to derive the next one from; immutable itself.
#[derive(Debug, Clone, Default)]
pub struct World {
    stages: Shards<Arc<CompiledStage>>,
    facts: Facts,
}

impl World {
    /// The stage of that API, if the node serves it.
    pub fn stage(&self, api: &str, stage: &str) -> Option<&Arc<CompiledStage>> {
        self.stages.get(hash_of([api, stage]), |found| is(found, api, stage))
    }

    /// What the node holds beside stages.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The world that follows: with `removals` taken out, then `upserts` put
    /// in place of what had their names.
    #[must_use]
    pub fn with<'k>(
        &self,
        upserts: impl IntoIterator<Item = Arc<CompiledStage>>,
        removals: impl IntoIterator<Item = &'k StageKey>,
    ) -> Self {
        let mut next = self.clone();
        for key in removals {
            let (api, name) = (key.api.as_str(), key.stage.as_str());
            next.stages.take(hash_of([api, name]), |stage| is(stage, api, name));
        }
        for stage in upserts {
            let key = stage.key().clone();
            let (api, name) = (key.api.as_str(), key.stage.as_str());
            next.stages.put(hash_of([api, name]), stage, |stage| is(stage, api, name));
        }
        next
    }

    /// The world that follows with other facts: `removals` are taken out, then
    /// `upserts`, the contents by name, put in place of what had their names.
    /// A fact whose content cannot be read is kept out and named in the answer.
    #[must_use]
    pub fn with_facts<'f>(
        &self,
        upserts: impl IntoIterator<Item = (&'f FactName, &'f [u8])>,
        removals: impl IntoIterator<Item = &'f FactName>,
    ) -> (Self, Vec<UnreadableFact>) {
        let mut next = self.clone();
        for name in removals {
            next.facts.remove(name);
        }
        let put = |(name, content)| next.facts.put(name, content).err();
        let unreadable = upserts.into_iter().filter_map(put).collect();
        (next, unreadable)
    }

    /// How many stages there are.
    pub fn len(&self) -> usize {
        self.stages.len()
    }

    /// Whether there is no stage.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All stages, in no useful order.
    pub fn stages(&self) -> impl Iterator<Item = &Arc<CompiledStage>> {
        self.stages.values()
    }

    /// How many shards of stages are the same in memory as those of `other`,
    /// of how many.
    pub fn shared_shards(&self, other: &Self) -> (usize, usize) {
        (self.stages.shared_with(&other.stages), SHARDS)
    }

    /// Roughly the bytes of the map and its stages, without the compiled
    /// deployments, which stages share.
    pub fn size_bytes(&self) -> usize {
        let stages: usize = self.stages().map(|stage| stage.size_bytes()).sum();
        stages + self.stages.size_bytes()
    }
}

fn is(found: &CompiledStage, api: &str, stage: &str) -> bool {
    found.key().api.as_str() == api && found.key().stage.as_str() == stage
}
