//! How the replicas of a control plane find each other: who is there, who
//! leads what, and when somebody committed a change.
//!
//! [`Coordinator`] is the contract; [`Postgres`] keeps it with advisory locks,
//! leases in rows and LISTEN/NOTIFY, so that an installation needs nothing
//! beside its database. [`contract`] is the test that every implementation has
//! to pass. Nothing here is needed for a change to arrive: who listens also
//! sweeps, so a lost wake-up costs a moment and never a change.

pub mod contract;
mod postgres;

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::watch;

pub use postgres::{Postgres, Timing};

/// Why a coordinator could not answer.
#[derive(Debug, thiserror::Error)]
#[error("the coordinator cannot be reached")]
pub struct Error(#[from] gw_store::Error);

/// A replica whose lease runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Replica {
    /// Its name, unique among living replicas.
    pub name: String,
    /// What it said of itself when it registered.
    pub detail: Value,
}

/// The right to act for a role, until it is lost or given back.
///
/// Holding one is no proof: another replica may lead before this one learns of
/// its loss. Writes of a leader therefore carry [`Leadership::token`], and the
/// store refuses an older token than the newest.
pub struct Leadership {
    role: String,
    token: u64,
    held: watch::Receiver<bool>,
    // Dropping it ends the leadership.
    _resign: tokio::sync::oneshot::Sender<()>,
}

impl Leadership {
    /// The role led.
    pub fn role(&self) -> &str {
        &self.role
    }

    /// The fencing token: grows with each change of hands.
    pub fn token(&self) -> u64 {
        self.token
    }

    /// Whether the leadership is believed to be held.
    pub fn is_held(&self) -> bool {
        *self.held.borrow()
    }

    /// Waits until the leadership is lost.
    pub async fn lost(&self) {
        let mut held = self.held.clone();
        // An error means that the keeper is gone, and the leadership with it.
        let _lost = held.wait_for(|held| !held).await;
    }
}

impl fmt::Debug for Leadership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leadership")
            .field("role", &self.role)
            .field("token", &self.token)
            .field("held", &self.is_held())
            .finish_non_exhaustive()
    }
}

/// What replicas need of each other.
#[async_trait]
pub trait Coordinator: Send + Sync + 'static {
    /// The name under which this replica registered.
    fn replica(&self) -> &str;

    /// Changes whenever a revision may have been committed, by this replica or
    /// another. It may change without cause and may miss one while the
    /// coordinator is away; it always changes once after it came back.
    fn wakeups(&self) -> watch::Receiver<u64>;

    /// The replicas whose lease runs, by name.
    ///
    /// # Errors
    /// When the coordinator cannot be reached.
    async fn replicas(&self) -> Result<Vec<Replica>, Error>;

    /// Takes the lead of a role if nobody has it; `None` if somebody has.
    ///
    /// # Errors
    /// When the coordinator cannot be reached.
    async fn lead(&self, role: &str) -> Result<Option<Leadership>, Error>;
}
