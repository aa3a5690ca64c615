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
    offered: Arc<Mutex<Offered>>,
}

/// Content that is in no database, and how many offer it.
type Offered = HashMap<Digest, (Arc<[u8]>, usize)>;

/// Keeps content within reach of nodes until it is dropped.
#[must_use]
pub struct Offer {
    digest: Digest,
    offered: Arc<Mutex<Offered>>,
}

impl Drop for Offer {
    fn drop(&mut self) {
        let mut offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = offered.get_mut(&self.digest) {
            *count -= 1;
            if *count == 0 {
                offered.remove(&self.digest);
            }
        }
    }
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
        Self { backing, budget_bytes, kept: Mutex::default(), offered: Arc::default() }
    }

    /// Adds content that is in no database.
    pub(crate) fn offer(&self, digest: Digest, content: Arc<[u8]>) -> Offer {
        self.offered().entry(digest).or_insert((content, 0)).1 += 1;
        Offer { digest, offered: Arc::clone(&self.offered) }
    }

    /// A deployment's content; `None` if there is none of that digest.
    pub(crate) async fn get(&self, digest: Digest) -> Answer<Option<Arc<[u8]>>> {
        if let Some((content, _)) = self.offered().get(&digest) {
            return Ok(Some(Arc::clone(content)));
        }
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

    fn offered(&self) -> std::sync::MutexGuard<'_, Offered> {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
