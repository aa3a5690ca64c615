//! Compiled deployments by digest.
//!
//! What a stage serves or has prepared is pinned. What nothing pins any more
//! is *former* and stays within a budget, longest unused out first, so that a
//! rollback finds its deployment compiled.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gw_model::Digest;
use gw_snapshot::CompiledApi;

use crate::reclaim::Reclaimer;

/// The cache. Cloning shares it; no serving core ever asks it.
pub(crate) struct Cache<T: Send + Sync + 'static = CompiledApi> {
    inner: Arc<Mutex<Inner<T>>>,
    reclaimer: Reclaimer,
}

impl<T: Send + Sync + 'static> Clone for Cache<T> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), reclaimer: self.reclaimer.clone() }
    }
}

/// What a cache knows the size of.
pub(crate) trait Weighed {
    /// Estimated memory.
    fn size(&self) -> usize;
}

impl Weighed for CompiledApi {
    fn size(&self) -> usize {
        self.size_bytes()
    }
}

struct Inner<T> {
    budget_bytes: u64,
    entries: HashMap<Digest, Entry<T>>,
    /// Entries that nothing pins, by the time since when.
    former: BTreeMap<u64, Digest>,
    former_bytes: u64,
    clock: u64,
    evicted: Vec<Digest>,
    totals: Totals,
}

struct Entry<T> {
    compiled: Arc<T>,
    bytes: u64,
    pins: usize,
    former_since: u64,
}

/// Sums, for the status.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Totals {
    pub(crate) deployments: u64,
    pub(crate) bytes: u64,
    pub(crate) compiled: u64,
    pub(crate) faults: u64,
    pub(crate) last_compile_us: u64,
}

/// Keeps one deployment from becoming former.
pub(crate) struct Pin<T: Send + Sync + 'static = CompiledApi> {
    cache: Cache<T>,
    digest: Digest,
}

impl<T: Weighed + Send + Sync + 'static> Cache<T> {
    pub(crate) fn new(budget_bytes: u64, reclaimer: Reclaimer) -> Self {
        let inner = Inner {
            budget_bytes,
            entries: HashMap::new(),
            former: BTreeMap::new(),
            former_bytes: 0,
            clock: 0,
            evicted: Vec::new(),
            totals: Totals::default(),
        };
        Self { inner: Arc::new(Mutex::new(inner)), reclaimer }
    }

    /// A deployment, if it is compiled.
    pub(crate) fn get(&self, digest: Digest) -> Option<(Arc<T>, Pin<T>)> {
        let compiled = self.lock().pin(digest)?;
        Some((compiled, Pin { cache: self.clone(), digest }))
    }

    /// Takes in what was just compiled.
    pub(crate) fn insert(&self, digest: Digest, compiled: Arc<T>) -> (Arc<T>, Pin<T>) {
        let mut inner = self.lock();
        if !inner.entries.contains_key(&digest) {
            let bytes = compiled.size() as u64;
            inner.totals.deployments += 1;
            inner.totals.bytes += bytes;
            // Pinned from the start: by the pin that is returned.
            let compiled = Arc::clone(&compiled);
            inner.entries.insert(digest, Entry { compiled, bytes, pins: 1, former_since: 0 });
        } else if let Some(found) = inner.pin(digest) {
            return (found, Pin { cache: self.clone(), digest });
        }
        (compiled, Pin { cache: self.clone(), digest })
    }

    /// Counts a compilation.
    pub(crate) fn count(&self, took: Duration, faulty: bool) {
        let totals = &mut self.lock().totals;
        totals.compiled += 1;
        totals.faults += u64::from(faulty);
        totals.last_compile_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    }

    /// Deployments dropped since the last call, and not compiled again.
    pub(crate) fn take_evicted(&self) -> Vec<Digest> {
        let mut inner = self.lock();
        let mut evicted = std::mem::take(&mut inner.evicted);
        evicted.retain(|digest| !inner.entries.contains_key(digest));
        evicted
    }

    pub(crate) fn totals(&self) -> Totals {
        self.lock().totals
    }
}

impl<T: Send + Sync + 'static> Cache<T> {
    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unpin(&self, digest: Digest) {
        let dropped = self.lock().unpin(digest);
        for compiled in dropped {
            self.reclaimer.retire(compiled);
        }
    }
}

impl<T: Send + Sync + 'static> Drop for Pin<T> {
    fn drop(&mut self) {
        self.cache.unpin(self.digest);
    }
}

impl<T> Inner<T> {
    fn pin(&mut self, digest: Digest) -> Option<Arc<T>> {
        let entry = self.entries.get_mut(&digest)?;
        if entry.pins == 0 {
            self.former.remove(&entry.former_since);
            self.former_bytes -= entry.bytes;
        }
        entry.pins += 1;
        Some(Arc::clone(&entry.compiled))
    }

    /// Returns what has to go.
    fn unpin(&mut self, digest: Digest) -> Vec<Arc<T>> {
        let Some(entry) = self.entries.get_mut(&digest) else { return Vec::new() };
        entry.pins -= 1;
        if entry.pins == 0 {
            self.clock += 1;
            entry.former_since = self.clock;
            self.former.insert(self.clock, digest);
            self.former_bytes += entry.bytes;
        }
        let mut dropped = Vec::new();
        while self.former_bytes > self.budget_bytes {
            let Some((_, oldest)) = self.former.pop_first() else { break };
            let Some(entry) = self.entries.remove(&oldest) else { continue };
            self.former_bytes -= entry.bytes;
            self.totals.deployments -= 1;
            self.totals.bytes -= entry.bytes;
            self.evicted.push(oldest);
            dropped.push(entry.compiled);
        }
        dropped
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    impl Weighed for Vec<u8> {
        fn size(&self) -> usize {
            self.len()
        }
    }

    fn put(cache: &Cache<Vec<u8>>, byte: u8) -> (Digest, Pin<Vec<u8>>) {
        let content = vec![byte; 10];
        let digest = Digest::of(&content);
        (digest, cache.insert(digest, Arc::new(content)).1)
    }

    #[test]
    fn former_ones_stay_within_the_budget() {
        let cache = Cache::new(20, Reclaimer::detached());
        let pinned: Vec<_> = (0..4).map(|byte| put(&cache, byte)).collect();
        assert_eq!(cache.totals().deployments, 4, "pins count against no budget");
        let digests: Vec<_> = pinned.iter().map(|(digest, _)| *digest).collect();
        drop(pinned);
        assert_eq!(cache.take_evicted(), digests[..2]);
        assert!(cache.get(digests[0]).is_none());
        assert_eq!(cache.totals().bytes, 20);
        assert!(cache.take_evicted().is_empty());
    }

    #[test]
    fn a_pin_brings_a_former_one_back() {
        let cache = Cache::new(10, Reclaimer::detached());
        let (first, pin) = put(&cache, 1);
        drop(pin);
        let (_, again) = cache.get(first).unwrap();
        let (_, second) = cache.get(first).unwrap();
        drop(again);
        drop(put(&cache, 2).1);
        drop(put(&cache, 3).1);
        assert!(cache.get(first).is_some(), "still pinned by the second");
        drop(second);
        assert!(cache.totals().deployments <= 2);
    }

    #[test]
    fn nothing_former_without_a_budget() {
        let cache = Cache::new(0, Reclaimer::detached());
        let (digest, pin) = put(&cache, 1);
        drop(pin);
        assert_eq!(cache.take_evicted(), vec![digest]);
    }
}
