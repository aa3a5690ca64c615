//! The rate limit of one method of a stage on one node: a token bucket in one
//! atomic word.

use std::sync::atomic::{AtomicU64, Ordering};

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;

/// A token bucket, kept as the time at which it would be full again (the
/// "generic cell rate algorithm"), so that taking a token is one
/// compare-and-set and nothing ticks.
#[derive(Debug)]
pub struct Throttle {
    /// Nanoseconds that one token takes to come back.
    token_ns: u64,
    /// Nanoseconds from empty to full.
    full_ns: u64,
    /// Zero for a limit that lets nothing through.
    is_open: bool,
    /// On the caller's clock.
    full_at_ns: AtomicU64,
}

impl Throttle {
    /// A full bucket of `burst` tokens that refills with `rate` tokens per
    /// second. A rate or burst of zero or less blocks everything.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to what fits; a float cast saturates"
    )]
    pub fn new(rate: f64, burst: i32) -> Self {
        let is_open = rate > 0.0 && burst > 0;
        let token =
            if is_open { (SECOND / rate).clamp(1.0, SECOND * 86_400.0 * 365.0) } else { 1.0 };
        let full = token * f64::from(burst.max(1));
        Self {
            token_ns: token as u64,
            full_ns: full as u64,
            is_open,
            full_at_ns: AtomicU64::new(0),
        }
    }

    /// Takes a token at `now_ns` on any clock that never goes back; `false`
    /// means 429.
    pub fn take(&self, now_ns: u64) -> bool {
        if !self.is_open {
            return false;
        }
        let next = |full_at: u64| {
            let full_at = full_at.max(now_ns).saturating_add(self.token_ns);
            (full_at <= now_ns.saturating_add(self.full_ns)).then_some(full_at)
        };
        // The word guards nothing but itself.
        self.full_at_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }

    /// Goes on with the fill level of the bucket that `self` replaces, so that
    /// a new release does not hand out a fresh burst.
    pub fn inherit(&self, former: &Self) {
        self.full_at_ns.store(former.full_at_ns.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_then_rate() {
        let throttle = Throttle::new(10.0, 3);
        let taken = (0..5).filter(|_| throttle.take(1_000)).count();
        assert_eq!(taken, 3);
        assert!(!throttle.take(50_000_000));
        assert!(throttle.take(100_002_000));
        assert!(!throttle.take(100_003_000));
        let taken = (0..5).filter(|_| throttle.take(10_000_000_000)).count();
        assert_eq!(taken, 3);
    }

    #[test]
    fn zero_blocks_and_heirs_go_on() {
        assert!(!Throttle::new(0.0, 10).take(0));
        assert!(!Throttle::new(10.0, 0).take(0));
        assert!(!Throttle::new(f64::NAN, 1).take(0));
        let former = Throttle::new(1.0, 1);
        assert!(former.take(5));
        let heir = Throttle::new(1.0, 1);
        heir.inherit(&former);
        assert!(!heir.take(6));
    }

    #[test]
    fn extremes_do_not_overflow() {
        for (rate, burst) in [(1e-30, i32::MAX), (f64::INFINITY, i32::MAX), (1e300, 1)] {
            let throttle = Throttle::new(rate, burst);
            throttle.take(u64::MAX);
            throttle.take(0);
        }
    }
}
