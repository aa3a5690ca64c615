//! How a published world reaches the serving cores, and how it is let go.
//!
//! One writer publishes; each core keeps its own copy of the pointer and looks
//! at one number per request to see whether it is still the newest. A core
//! that moves on drops a copy, never the world: the writer's side keeps every
//! former world until nobody else does, and frees it off the serving cores.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use gw_snapshot::World;

/// One core's way to the newest world.
pub trait PinWorld {
    /// The newest world, pinned for as long as the copy is kept.
    fn pin(&self) -> Rc<Arc<World>>;
}

impl PinWorld for WorldReader {
    fn pin(&self) -> Rc<Arc<World>> {
        Self::pin(self)
    }
}

/// The newest world of a node, shared by all its threads.
#[derive(Debug, Default)]
pub struct SharedWorld {
    current: ArcSwap<World>,
    /// Goes up after `current` has changed.
    generation: AtomicU64,
    /// Worlds that cores may still serve from.
    former: Mutex<Vec<Arc<World>>>,
}

impl SharedWorld {
    /// A node that starts with `world`.
    pub fn new(world: World) -> Self {
        Self { current: ArcSwap::from_pointee(world), ..Self::default() }
    }

    /// The newest world.
    pub fn load(&self) -> Arc<World> {
        self.current.load_full()
    }

    /// Puts `world` in place: requests that start after this returns meet it.
    pub fn publish(&self, world: Arc<World>) {
        let former = self.current.swap(world);
        self.generation.fetch_add(1, Ordering::Release);
        let mut kept = self.lock_former();
        // A world published twice would otherwise hold itself.
        if !kept.iter().any(|known| Arc::ptr_eq(known, &former)) {
            kept.push(former);
        }
    }

    /// Frees former worlds that no core holds any more, on the calling
    /// thread, and tells how many are left. Call it from the reclaim thread.
    pub fn reclaim(&self) -> usize {
        let mut free = Vec::new();
        let left = {
            let mut former = self.lock_former();
            // The only holder of a former world cannot be joined by another:
            // cores take copies of the current one only.
            free.extend(former.extract_if(.., |world| Arc::strong_count(world) == 1));
            former.len()
        };
        drop(free);
        left
    }

    fn lock_former(&self) -> std::sync::MutexGuard<'_, Vec<Arc<World>>> {
        self.former.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One core's view of the newest world.
#[derive(Debug)]
#[expect(clippy::redundant_allocation, reason = "the outer count is the core's own")]
pub struct WorldReader {
    shared: Arc<SharedWorld>,
    pinned: RefCell<(u64, Rc<Arc<World>>)>,
}

impl WorldReader {
    /// A reader for one core.
    pub fn new(shared: Arc<SharedWorld>) -> Self {
        let generation = shared.generation.load(Ordering::Acquire);
        let pinned = RefCell::new((generation, Rc::new(shared.load())));
        Self { shared, pinned }
    }

    /// The newest world, pinned for as long as the copy is kept. Costs a read
    /// of one shared number and a count that no other core touches.
    pub fn pin(&self) -> Rc<Arc<World>> {
        let generation = self.shared.generation.load(Ordering::Acquire);
        let mut pinned = self.pinned.borrow_mut();
        if pinned.0 != generation {
            *pinned = (generation, Rc::new(self.shared.load()));
        }
        Rc::clone(&pinned.1)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn pinned_worlds_outlive_publishing_and_are_reclaimed_after() {
        let shared = Arc::new(SharedWorld::default());
        let reader = WorldReader::new(Arc::clone(&shared));
        let first = reader.pin();
        let next = Arc::new(World::default());
        shared.publish(Arc::clone(&next));
        assert!(!Arc::ptr_eq(&first, &next));
        assert_eq!(shared.reclaim(), 1, "a request still holds the first world");
        assert!(Arc::ptr_eq(&reader.pin(), &next));
        assert_eq!(shared.reclaim(), 1);
        drop(first);
        assert_eq!(shared.reclaim(), 0);
        assert!(Arc::ptr_eq(&reader.pin(), &shared.load()));
    }
}
