//! The map in which a request finds its stage.
//!
//! A world is a list of shards by hash; a changed world shares every shard
//! that was not touched. Within a shard, entries are ordered by hash and found
//! by halving, so a lookup reads one cache line or two before it reaches the
//! stage, and an upsert copies one shard of pointers.

use std::sync::Arc;

use gw_model::StageKey;

use crate::CompiledStage;

/// 10,000 stages leave ten to a shard, a million a thousand: both the copied
/// list of shards and the copied shard stay in the tens of microseconds.
const SHARDS: usize = 1024;

#[derive(Debug, Clone, Default)]
struct Shard {
    /// Ordered by hash.
    entries: Vec<(u64, Arc<CompiledStage>)>,
}

/// All stages of a node. Cheap to derive the next one from; immutable itself.
#[derive(Debug, Clone)]
pub struct World {
    shards: Box<[Arc<Shard>]>,
    len: usize,
}

impl Default for World {
    fn default() -> Self {
        let empty = Arc::new(Shard::default());
        Self { shards: vec![empty; SHARDS].into(), len: 0 }
    }
}

impl World {
    /// The stage of that API, if the node serves it.
    pub fn stage(&self, api: &str, stage: &str) -> Option<&Arc<CompiledStage>> {
        let hash = hash(api, stage);
        let entries = &self.shards.get(shard_of(hash))?.entries;
        let start = entries.partition_point(|(other, _)| *other < hash);
        entries
            .get(start..)?
            .iter()
            .take_while(|(other, _)| *other == hash)
            .map(|(_, found)| found)
            .find(|found| is(found, api, stage))
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
            next.remove(key.api.as_str(), key.stage.as_str());
        }
        for stage in upserts {
            next.insert(stage);
        }
        next
    }

    /// How many stages there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no stage.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All stages, in no useful order.
    pub fn stages(&self) -> impl Iterator<Item = &Arc<CompiledStage>> {
        self.shards.iter().flat_map(|shard| shard.entries.iter().map(|(_, stage)| stage))
    }

    /// How many shards are the same in memory as those of `other`, of how many.
    pub fn shared_shards(&self, other: &Self) -> (usize, usize) {
        let pairs = self.shards.iter().zip(&other.shards);
        (pairs.filter(|(a, b)| Arc::ptr_eq(a, b)).count(), SHARDS)
    }

    /// Roughly the bytes of the map and its stages, without the compiled
    /// deployments, which stages share.
    pub fn size_bytes(&self) -> usize {
        let entry = size_of::<(u64, Arc<CompiledStage>)>();
        let stages: usize = self.stages().map(|stage| stage.size_bytes() + entry).sum();
        stages + SHARDS * size_of::<Arc<Shard>>()
    }

    fn insert(&mut self, stage: Arc<CompiledStage>) {
        let (api, name) = (stage.key().api.as_str(), stage.key().stage.as_str());
        self.remove(api, name);
        let hash = hash(api, name);
        let Some(shard) = self.shards.get_mut(shard_of(hash)) else { return };
        // Copies the shard unless this very call has already copied it.
        let entries = &mut Arc::make_mut(shard).entries;
        let at = entries.partition_point(|(other, _)| *other < hash);
        entries.insert(at, (hash, stage));
        self.len += 1;
    }

    fn remove(&mut self, api: &str, name: &str) {
        let hash = hash(api, name);
        let Some(shard) = self.shards.get_mut(shard_of(hash)) else { return };
        let found =
            shard.entries.iter().position(|(other, stage)| *other == hash && is(stage, api, name));
        if let Some(at) = found {
            Arc::make_mut(shard).entries.remove(at);
            self.len -= 1;
        }
    }
}

fn is(found: &CompiledStage, api: &str, stage: &str) -> bool {
    found.key().api.as_str() == api && found.key().stage.as_str() == stage
}

/// The top bits, as entries are ordered by the whole hash.
fn shard_of(hash: u64) -> usize {
    usize::try_from(hash >> (64 - SHARDS.trailing_zeros())).unwrap_or_default()
}

/// FNV-1a with a final mix. Ids are given out by the control plane, so nobody
/// outside can aim for collisions; what clients send is only looked up.
fn hash(api: &str, stage: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in api.bytes().chain([b'/']).chain(stage.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}
