//! Deployments on their way to nodes: each is read once from the database
//! however many nodes ask at a time, and kept while there is room.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use gw_model::Digest;
use tokio::sync::OnceCell;

use crate::backing::{Answer, Backing};

type Slot = Arc<OnceCell<Option<Arc<[u8]>>>>;

/// Content by digest, up to a number of bytes.
pub(crate) struct Contents {
    backing: Arc<dyn Backing>,
    budget_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    slots: HashMap<Digest, Slot>,
    /// Oldest first.
    order: VecDeque<(Digest, usize)>,
    size_bytes: usize,
}

impl Contents {
    pub(crate) fn new(backing: Arc<dyn Backing>, budget_bytes: usize) -> Self {
        Self { backing, budget_bytes, kept: Mutex::default() }
    }

    /// A deployment's content; `None` if there is none of that digest.
    pub(crate) async fn get(&self, digest: Digest) -> Answer<Option<Arc<[u8]>>> {
        let slot = Arc::clone(self.kept().slots.entry(digest).or_default());
        let fresh = !slot.initialized();
        let content = slot.get_or_try_init(|| self.backing.content(digest)).await.cloned();
        if fresh || content.is_err() {
            self.note(digest, &slot, content.as_ref().ok().and_then(Option::as_deref));
        }
        content
    }

    /// Keeps what was found within the budget, and forgets what was not.
    fn note(&self, digest: Digest, slot: &Slot, content: Option<&[u8]>) {
        let mut kept = self.kept();
        let Some(content) = content else {
            // Another asker may be filling it right now.
            if slot.get().is_none_or(Option::is_none) {
                kept.slots.remove(&digest);
            }
            return;
        };
        if kept.order.iter().any(|(known, _)| *known == digest) {
            return;
        }
        kept.order.push_back((digest, content.len()));
        kept.size_bytes += content.len();
        while kept.size_bytes > self.budget_bytes && kept.order.len() > 1 {
            if let Some((oldest, size_bytes)) = kept.order.pop_front() {
                kept.slots.remove(&oldest);
                kept.size_bytes -= size_bytes;
            }
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
