//! Kept connections of one core: a stack per origin, so that the hottest
//! connection is used first and surplus ones age out at the bottom.

use std::{
    cell::{Cell, RefCell},
    fmt,
    hash::{BuildHasherDefault, Hasher},
    rc::Rc,
    time::{Duration, Instant},
};

use hashbrown::HashMap;

use crate::{exchange::Conn, target::Target};

/// A connection in use.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) conn: Conn,
    born: Instant,
}

impl Lease {
    pub(crate) fn new(conn: Conn) -> Self {
        Self { conn, born: Instant::now() }
    }
}

struct Idle {
    lease: Lease,
    since: Instant,
}

impl Idle {
    fn is_usable(&mut self, now: Instant, limits: &Limits) -> bool {
        now.saturating_duration_since(self.since) < limits.idle_timeout
            && self.lease.conn.stream.is_quiet()
    }
}

/// Bounds of every stack of a pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) idle_timeout: Duration,
    pub(crate) max_idle: usize,
    pub(crate) max_lifetime: Duration,
}

/// The kept connections of one origin.
pub(crate) struct Slot {
    idle: RefCell<Vec<Idle>>,
    limits: Limits,
    /// Rotates over the addresses of the origin.
    pub(crate) turn: Cell<usize>,
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("idle", &self.idle.borrow().len()).finish()
    }
}

impl Slot {
    /// The most recently used connection that its origin has not closed.
    pub(crate) fn take(&self, now: Instant) -> Option<Lease> {
        let mut idle = self.idle.borrow_mut();
        while let Some(mut entry) = idle.pop() {
            if entry.is_usable(now, &self.limits) {
                return Some(entry.lease);
            }
        }
        None
    }

    /// Keeps a connection whose answer has been read, unless it is too old or
    /// one too many.
    pub(crate) fn put(&self, lease: Lease) {
        let now = Instant::now();
        if now.duration_since(lease.born) > self.limits.max_lifetime {
            return;
        }
        let mut idle = self.idle.borrow_mut();
        if idle.len() < self.limits.max_idle {
            idle.push(Idle { lease, since: now });
        }
    }

    fn sweep(&self, now: Instant) -> usize {
        let mut idle = self.idle.borrow_mut();
        idle.retain_mut(|entry| entry.is_usable(now, &self.limits));
        idle.len()
    }

    pub(crate) fn idle_count(&self) -> usize {
        self.idle.borrow().len()
    }
}

/// A target's hash is computed when the target is built; this passes it on.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

pub(crate) struct Pool {
    slots: RefCell<HashMap<Target, Rc<Slot>, BuildHasherDefault<KeyHasher>>>,
    limits: Limits,
}

impl Pool {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { slots: RefCell::default(), limits }
    }

    pub(crate) fn slot(&self, target: &Target) -> Rc<Slot> {
        if let Some(slot) = self.slots.borrow().get(target) {
            return Rc::clone(slot);
        }
        let slot = Rc::new(Slot {
            idle: RefCell::default(),
            limits: self.limits,
            turn: Cell::new(fastrand::usize(..1024)),
        });
        self.slots.borrow_mut().insert(target.clone(), Rc::clone(&slot));
        slot
    }

    /// Drops connections that closed or were idle too long, and origins
    /// without any.
    pub(crate) fn sweep(&self) {
        let now = Instant::now();
        self.slots.borrow_mut().retain(|_, slot| slot.sweep(now) > 0 || Rc::strong_count(slot) > 1);
    }
}
