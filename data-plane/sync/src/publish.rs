//! The one place where serving cores find the current world.
//!
//! The world is swapped whole. A generation counter lets each core keep its
//! own copy of the pointer, so that a request costs one relaxed read of a
//! cache line that seldom changes, and no shared reference count.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use arc_swap::ArcSwap;
use gw_snapshot::World;

use crate::reclaim::Reclaimer;

/// Where to find a node's current world.
pub type WorldHandle = Published<World>;

/// One serving core's view of the world.
pub type WorldReader = Reader<World>;

/// A value that is replaced whole and read by many. Cloning shares it.
pub struct Published<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    current: ArcSwap<T>,
    generation: AtomicU64,
    reclaimer: Reclaimer,
}

impl<T> Clone for Published<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T: Send + Sync + 'static> Published<T> {
    /// Publishes `first`; later values that are replaced end at `reclaimer`.
    pub(crate) fn new(first: Arc<T>, reclaimer: Reclaimer) -> Self {
        let shared =
            Shared { current: ArcSwap::new(first), generation: AtomicU64::new(0), reclaimer };
        Self { shared: Arc::new(shared) }
    }

    /// Publishes a fixed value that nobody replaces: for tests of a proxy.
    pub fn fixed(value: T) -> Self {
        Self::new(Arc::new(value), Reclaimer::detached())
    }

    /// The current value. For serving cores a [`Reader`] is cheaper.
    pub fn load(&self) -> Arc<T> {
        self.shared.current.load_full()
    }

    /// Counts the replacements since the start.
    pub fn generation(&self) -> u64 {
        self.shared.generation.load(Ordering::Acquire)
    }

    /// A reader for one core.
    pub fn reader(&self) -> Reader<T> {
        // The counter is read first: a value published in between is then
        // loaded once too often, never missed.
        let generation = self.generation();
        Reader { published: self.clone(), generation, value: self.load() }
    }

    /// Replaces the value. A request that begins after this returns meets it.
    pub(crate) fn publish(&self, value: Arc<T>) {
        let former = self.shared.current.swap(value);
        self.shared.generation.fetch_add(1, Ordering::Release);
        self.shared.reclaimer.retire(former);
    }
}

/// A core's own copy of the current value's pointer.
///
/// It holds the last value it saw until [`Reader::current`] is called again;
/// a core that may be idle for long should call it from a timer, so that old
/// values can be freed.
pub struct Reader<T> {
    published: Published<T>,
    generation: u64,
    value: Arc<T>,
}

impl<T: Send + Sync + 'static> Reader<T> {
    /// The current value. Clone the `Arc` to keep it for a whole request.
    pub fn current(&mut self) -> &Arc<T> {
        let generation = self.published.generation();
        if generation != self.generation {
            self.value = self.published.load();
            self.generation = generation;
        }
        &self.value
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_reader_sees_each_published_value() {
        let published = Published::new(Arc::new(1), Reclaimer::detached());
        let mut reader = published.reader();
        assert_eq!(**reader.current(), 1);
        published.publish(Arc::new(2));
        assert_eq!(**reader.current(), 2);
        assert_eq!((*published.load(), published.generation()), (2, 1));
    }

    #[test]
    fn readers_on_other_threads_never_go_back() {
        let published = Published::new(Arc::new(0), Reclaimer::detached());
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let mut reader = published.reader();
                std::thread::spawn(move || {
                    let mut last = 0;
                    while last < 1000 {
                        let now = **reader.current();
                        assert!(now >= last);
                        last = now;
                    }
                })
            })
            .collect();
        (1..=1000).for_each(|value| published.publish(Arc::new(value)));
        for reader in readers {
            reader.join().unwrap();
        }
    }
}
