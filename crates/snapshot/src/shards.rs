//! A map that is cheap to derive the next one from: shards by hash, copied
//! when they are written.
//!
//! Within a shard, entries are ordered by hash and found by halving, so a
//! lookup reads a cache line or two before it reaches the value, and a change
//! copies one shard of pointers. Maps that differ in one entry share all
//! other shards.

use std::sync::Arc;

/// 10,000 entries leave ten to a shard, a million a thousand: both the copied
/// list of shards and the copied shard stay in the tens of microseconds.
pub(crate) const SHARDS: usize = 1024;

/// Ordered by hash.
type Shard<V> = Vec<(u64, V)>;

/// Values by hash. Which of the values of one hash is meant, the caller tells.
#[derive(Debug, Clone)]
pub(crate) struct Shards<V> {
    shards: Arc<[Arc<Shard<V>>]>,
    len: usize,
}

impl<V> Default for Shards<V> {
    fn default() -> Self {
        let empty = Arc::new(Shard::new());
        Self { shards: vec![empty; SHARDS].into(), len: 0 }
    }
}

impl<V> Shards<V> {
    /// The value with that hash that `is` the one.
    pub(crate) fn get(&self, hash: u64, is: impl Fn(&V) -> bool) -> Option<&V> {
        let entries = self.shards.get(shard_of(hash))?;
        let start = entries.partition_point(|(other, _)| *other < hash);
        let same = entries.get(start..)?.iter().take_while(|(other, _)| *other == hash);
        same.map(|(_, value)| value).find(|value| is(value))
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// All values, in no useful order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.shards.iter().flat_map(|shard| shard.iter().map(|(_, value)| value))
    }

    /// How many shards are the same in memory as those of `other`.
    pub(crate) fn shared_with(&self, other: &Self) -> usize {
        let pairs = self.shards.iter().zip(other.shards.iter());
        pairs.filter(|(a, b)| Arc::ptr_eq(a, b)).count()
    }

    /// Bytes of the map itself, without what its values point to.
    pub(crate) fn size_bytes(&self) -> usize {
        SHARDS * size_of::<Arc<Shard<V>>>() + self.len * size_of::<(u64, V)>()
    }
}

impl<V: Clone> Shards<V> {
    /// Puts a value in place of the one of that hash that `is` the same.
    pub(crate) fn put(&mut self, hash: u64, value: V, is: impl Fn(&V) -> bool) -> Option<V> {
        let before = self.take(hash, is);
        if let Some(entries) = self.shard(hash) {
            let at = entries.partition_point(|(other, _)| *other < hash);
            entries.insert(at, (hash, value));
            self.len += 1;
        }
        before
    }

    /// Takes out the value of that hash that `is` the one.
    pub(crate) fn take(&mut self, hash: u64, is: impl Fn(&V) -> bool) -> Option<V> {
        let found = |(other, value): &(u64, V)| *other == hash && is(value);
        // Looked for first: what is not there copies nothing.
        let at = self.shards.get(shard_of(hash))?.iter().position(found)?;
        let (_, value) = self.shard(hash)?.remove(at);
        self.len -= 1;
        Some(value)
    }

    /// Copies the list and the shard unless this map alone has them.
    fn shard(&mut self, hash: u64) -> Option<&mut Shard<V>> {
        Arc::make_mut(&mut self.shards).get_mut(shard_of(hash)).map(Arc::make_mut)
    }
}

/// The top bits, as entries are ordered by the whole hash.
fn shard_of(hash: u64) -> usize {
    usize::try_from(hash >> (64 - SHARDS.trailing_zeros())).unwrap_or_default()
}

/// FNV-1a with a final mix, a mark between the parts. For names that the
/// control plane gives out, so that nobody outside can aim for collisions;
/// what clients send is only looked up.
pub(crate) fn hash_of<'p>(parts: impl IntoIterator<Item = &'p str>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([b'/']) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        /// Against a plain map, with hashes that collide.
        #[test]
        fn does_as_a_map_does(steps in vec((any::<bool>(), 0_u64..40, 0_u64..1000), 0..200)) {
            let hash = |key: u64| ((key % 5) << 55) | (key % 3);
            let (mut shards, mut plain) = (Shards::default(), BTreeMap::new());
            for (put, key, value) in steps {
                let is = |entry: &(u64, u64)| entry.0 == key;
                let before = if put {
                    prop_assert_eq!(
                        shards.put(hash(key), (key, value), is).map(|entry| entry.1),
                        plain.insert(key, value)
                    );
                    continue;
                } else {
                    shards.take(hash(key), is)
                };
                prop_assert_eq!(before.map(|entry| entry.1), plain.remove(&key));
            }
            prop_assert_eq!(shards.len(), plain.len());
            for key in 0..40 {
                let found = shards.get(hash(key), |entry| entry.0 == key);
                prop_assert_eq!(found.map(|entry| &entry.1), plain.get(&key));
            }
            let mut all: Vec<_> = shards.values().copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, plain.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_change_copies_one_shard() {
        let mut shards = Shards::default();
        for n in 0..10_000_u64 {
            shards.put(hash_of([n.to_string().as_str()]), n, |_| false);
        }
        let mut next = shards.clone();
        next.put(hash_of(["new"]), 1, |_| false);
        assert_eq!(next.shared_with(&shards), SHARDS - 1);
        assert!(next.take(hash_of(["none"]), |_| true).is_none());
        assert_eq!(next.shared_with(&shards), SHARDS - 1);
        assert_eq!((shards.len(), next.len()), (10_000, 10_001));
    }
}
