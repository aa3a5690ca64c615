//! API keys by the hash of their value.

use std::sync::Arc;

use gw_model::{
    Scope,
    fact::{ApiKeyFact, HashKeyFact, KeyHash, KeyHasher},
};

use crate::shards::{SHARDS, Shards, hash_of};

/// An API key as a request meets it.
#[derive(Debug)]
pub struct ApiKey {
    id: Box<str>,
    hash: KeyHash,
    plans: Box<[Box<str>]>,
}

impl ApiKey {
    /// The key's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn plans(&self) -> impl Iterator<Item = &str> {
        self.plans.iter().map(|plan| &**plan)
    }
}

/// All API keys of a node.
#[derive(Debug, Clone, Default)]
pub(super) struct ApiKeys {
    /// `None` until the fleet has a first key.
    hasher: Option<KeyHasher>,
    by_value: Shards<Arc<ApiKey>>,
    by_id: Shards<Arc<ApiKey>>,
}

impl ApiKeys {
    /// The key of that value, whatever it opens.
    pub(super) fn find(&self, scope: &Scope, value: &[u8]) -> Option<&ApiKey> {
        let hash = self.hasher.as_ref()?.hash(scope, value);
        self.by_value.get(place(&hash), |key| key.hash == hash).map(|key| &**key)
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn shared_with(&self, other: &Self) -> (usize, usize) {
        let shared = |a: &Shards<_>, b| a.shared_with(b);
        let both = shared(&self.by_value, &other.by_value) + shared(&self.by_id, &other.by_id);
        (both, 2 * SHARDS)
    }

    pub(super) fn put(
        &mut self,
        scope: &Scope,
        id: &str,
        content: &[u8],
    ) -> Result<(), serde_json::Error> {
        let fact: ApiKeyFact = serde_json::from_slice(content)?;
        self.remove(scope, id);
        let key = Arc::new(ApiKey {
            id: id.into(),
            hash: fact.hash,
            plans: fact.plans.into_iter().map(Into::into).collect(),
        });
        self.by_id.put(name(scope, id), Arc::clone(&key), |other| *other.id == *id);
        self.by_value.put(place(&fact.hash), key, |other| *other.id == *id);
        Ok(())
    }

    pub(super) fn remove(&mut self, scope: &Scope, id: &str) {
        if let Some(key) = self.by_id.take(name(scope, id), |key| *key.id == *id) {
            self.by_value.take(place(&key.hash), |other| Arc::ptr_eq(other, &key));
        }
    }

    pub(super) fn put_hash_key(&mut self, content: &[u8]) -> Result<(), serde_json::Error> {
        let fact: HashKeyFact = serde_json::from_slice(content)?;
        self.hasher = Some(KeyHasher::new(&fact));
        Ok(())
    }

    pub(super) fn remove_hash_key(&mut self) {
        self.hasher = None;
    }
}

/// Hashes of values are as good as random.
fn place(hash: &KeyHash) -> u64 {
    let (first, _) = hash.0.split_first_chunk().expect("32 bytes begin with 8");
    u64::from_be_bytes(*first)
}

fn name(scope: &Scope, id: &str) -> u64 {
    hash_of([scope.account.as_str(), scope.region.as_str(), id])
}
