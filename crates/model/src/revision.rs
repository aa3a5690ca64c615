//! Positions in the log of committed changes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The life of one revision log. A control plane that finds its database
/// behind a revision already handed out (a restore, a failover) opens a new
/// epoch, and nodes resync in full.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// `(epoch, number)`: orders delivery and answers "has this node seen my
/// change". It never says which release a node serves.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Revision {
    /// The log's life.
    pub epoch: Epoch,
    /// The position within it; number order is commit order.
    pub number: u64,
}

impl Revision {
    /// The position `number` of epoch `epoch`.
    pub const fn new(epoch: u64, number: u64) -> Self {
        Self { epoch: Epoch(epoch), number }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch.0, self.number)
    }
}
