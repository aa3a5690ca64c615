//! Content that has just arrived and is about to be compiled.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gw_model::Digest;

/// Keeps contents in memory from their arrival to their compilation. Beyond
/// its budget the oldest go; those are on disk by then, or fetched again.
pub(crate) struct AtHand {
    budget_bytes: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    contents: HashMap<Digest, Arc<[u8]>>,
    order: VecDeque<Digest>,
    bytes: usize,
}

impl AtHand {
    pub(crate) fn new(budget_bytes: usize) -> Self {
        Self { budget_bytes, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, digest: Digest, content: Arc<[u8]>) {
        let mut inner = self.lock();
        inner.remove(digest);
        inner.bytes += content.len();
        inner.contents.insert(digest, content);
        inner.order.push_back(digest);
        // The newest always stays, however large.
        while inner.bytes > self.budget_bytes && inner.order.len() > 1 {
            if let Some(oldest) = inner.order.pop_front() {
                inner.take(oldest);
            }
        }
    }

    pub(crate) fn get(&self, digest: Digest) -> Option<Arc<[u8]>> {
        self.lock().contents.get(&digest).cloned()
    }

    pub(crate) fn remove(&self, digest: Digest) {
        self.lock().remove(digest);
    }
}

impl Inner {
    fn take(&mut self, digest: Digest) -> bool {
        let content = self.contents.remove(&digest);
        self.bytes -= content.as_ref().map_or(0, |content| content.len());
        content.is_some()
    }

    fn remove(&mut self, digest: Digest) {
        if self.take(digest) {
            self.order.retain(|other| *other != digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let at_hand = AtHand::new(10);
        let content = |byte: u8| -> (Digest, Arc<[u8]>) {
            let bytes = vec![byte; 4];
            (Digest::of(&bytes), bytes.into())
        };
        let all = [content(1), content(2), content(3)];
        for (digest, bytes) in &all {
            at_hand.put(*digest, Arc::clone(bytes));
        }
        assert!(at_hand.get(all[0].0).is_none());
        assert!(at_hand.get(all[1].0).is_some());
        at_hand.remove(all[1].0);
        assert!(at_hand.get(all[1].0).is_none());
        assert!(at_hand.get(all[2].0).is_some());
    }
}
