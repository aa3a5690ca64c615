//! Waiting times between attempts: doubling, jittered, bounded.

use std::time::Duration;

/// The waits of one line.
pub(super) struct Backoff {
    min: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        Self { min, max: max.max(min), next: min }
    }

    /// The next wait, between half and the whole of the present step; `draw`
    /// is uniform in `0.0..1.0`. Half stays fixed, so that nobody hammers;
    /// half is drawn, so that a thousand nodes do not come back as one.
    pub(super) fn next(&mut self, draw: f64) -> Duration {
        let step = self.next;
        self.next = (step * 2).min(self.max);
        step.mul_f64(0.5 + 0.5 * draw.clamp(0.0, 1.0))
    }

    pub(super) fn reset(&mut self) {
        self.next = self.min;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_back_soon_after_its_control_plane() {
        let config = crate::Config::new("unused");
        let mut backoff = Backoff::new(config.backoff_min, config.backoff_max);
        for _ in 0..100 {
            backoff.next(1.0);
        }
        assert_eq!(backoff.next(1.0), Duration::from_secs(3));
        assert_eq!(backoff.next(0.0), Duration::from_millis(1500), "and not all at once");
    }

    #[test]
    fn doubles_up_to_its_bound() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new(ms(100), ms(500));
        let waits: Vec<_> = (0..4).map(|_| backoff.next(1.0)).collect();
        assert_eq!(waits, [ms(100), ms(200), ms(400), ms(500)]);
        assert_eq!(backoff.next(0.0), ms(250));
        backoff.reset();
        assert_eq!(backoff.next(1.0), ms(100));
    }
}
