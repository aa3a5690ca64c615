//! A bound on the work that one validation may take.

/// Work that is left. One step is about ten nanoseconds.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    left: u64,
    limit: u64,
}

/// There is no work left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted;

/// Bytes of text that are looked at in one step.
const TEXT_PER_STEP: usize = 16;

impl Work {
    pub(crate) fn new(steps: u64) -> Self {
        Self { left: steps, limit: steps }
    }

    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), Exhausted> {
        match self.left.checked_sub(steps as u64) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Exhausted)
            }
        }
    }

    /// Looking at a text once.
    pub(crate) fn text(&mut self, bytes: usize) -> Result<(), Exhausted> {
        self.spend(bytes / TEXT_PER_STEP)
    }

    /// What was spent.
    pub(crate) fn spent(&self) -> u64 {
        self.limit - self.left
    }
}
