//! How many bytes of collected bodies a node holds at once.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use bytes::Bytes;

/// The bytes that collected bodies may take on a node, all cores together.
/// Copies count against the same number.
#[derive(Debug, Clone)]
pub struct BodyBudget(Arc<Account>);

#[derive(Debug)]
struct Account {
    limit: u64,
    used: AtomicU64,
}

impl BodyBudget {
    /// A budget of so many bytes.
    pub fn new(limit: u64) -> Self {
        Self(Arc::new(Account { limit, used: AtomicU64::new(0) }))
    }

    /// The bytes that are held now.
    pub fn used(&self) -> u64 {
        self.0.used.load(Relaxed)
    }

    /// Holds nothing yet.
    pub(crate) fn open(&self) -> Charge {
        Charge { account: Arc::clone(&self.0), held: 0 }
    }
}

impl Default for BodyBudget {
    /// 256 MiB.
    fn default() -> Self {
        Self::new(256 << 20)
    }
}

/// A part of the budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    account: Arc<Account>,
    held: u64,
}

impl Charge {
    /// Takes `more` bytes. False if the node has not as many; then nothing
    /// has changed.
    #[must_use]
    pub(crate) fn grow(&mut self, more: u64) -> bool {
        let limit = self.account.limit;
        let fits = |used: u64| used.checked_add(more).filter(|sum| *sum <= limit);
        let grown = self.account.used.fetch_update(Relaxed, Relaxed, fits).is_ok();
        if grown {
            self.held += more;
        }
        grown
    }

    /// Gives back what is beyond `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let surplus = self.held.saturating_sub(bytes);
        self.account.used.fetch_sub(surplus, Relaxed);
        self.held -= surplus;
    }

    /// The bytes, holding this part for as long as any copy of them lives.
    pub(crate) fn hold(self, bytes: Bytes) -> Bytes {
        if self.held == 0 { bytes } else { Bytes::from_owner(Held { bytes, _charge: self }) }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if self.held > 0 {
            self.account.used.fetch_sub(self.held, Relaxed);
        }
    }
}

struct Held {
    bytes: Bytes,
    _charge: Charge,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_given_back_with_their_last_copy() {
        let budget = BodyBudget::new(10);
        let mut first = budget.open();
        assert!(first.grow(6));
        let mut second = budget.open();
        assert!(!second.grow(5) && second.grow(4));
        assert!(!second.grow(u64::MAX));
        let held = first.hold(Bytes::from_static(b"abc"));
        let copy = held.slice(1..);
        drop(held);
        assert_eq!((budget.used(), &copy[..]), (10, &b"bc"[..]));
        drop(copy);
        second.shrink_to(1);
        second.shrink_to(7);
        assert_eq!(budget.used(), 1);
        drop(second);
        assert_eq!(budget.used(), 0);
    }
}
