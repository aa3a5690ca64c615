//! How replicas of the control plane agree on who does what.
//!
//! A [`Coordinator`] elects the replica that owns a role (wave timers,
//! retention), keeps the registry of replicas with leases, and wakes replicas
//! when a revision was committed. [`PostgresCoordinator`] needs nothing beside
//! the database. [`contract`] is the suite that every implementation passes.
//!
//! What it does not do: it decides nothing about releases (that is a
//! compare-and-set in the store) and a lost wake-up loses nothing, since every
//! replica also sweeps on a timer.

pub mod contract;
mod postgres;

use std::time::Duration;

use async_trait::async_trait;
pub use postgres::PostgresCoordinator;
use tokio::sync::watch;

/// Why coordination did not work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The service behind it cannot be reached.
    #[error("the coordination service cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else.
    #[error("coordination failed")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<gw_store::Error> for Error {
    fn from(error: gw_store::Error) -> Self {
        match error {
            gw_store::Error::Unavailable(_) => Self::Unavailable(Box::new(error)),
            other => Self::Internal(Box::new(other)),
        }
    }
}

/// A task that one replica does for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Finishes rollouts whose replica is gone, and runs wave timers.
    Rollouts,
    /// Prunes what retention allows.
    Retention,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::Rollouts, Self::Retention];

    /// The role's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rollouts => "rollouts",
            Self::Retention => "retention",
        }
    }
}

/// A replica of the control plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// Its name.
    pub name: String,
    /// Where other replicas reach it.
    pub address: String,
}

/// Leadership of a role, held until it is dropped or lost.
#[async_trait]
pub trait Leadership: Send + Sync {
    /// Grows with each change of hands. What a leader writes for its role
    /// carries it, so that a former leader's late write is refused.
    fn token(&self) -> u64;

    /// Whether it is held still, as far as this replica can tell without
    /// asking; false for good once it is lost.
    fn held(&self) -> bool;

    /// Waits until it is lost.
    async fn lost(&self);

    /// Gives it up.
    async fn resign(self: Box<Self>);
}

/// How the replicas of a control plane agree on who leads, who is there and
/// who must wake up.
#[async_trait]
pub trait Coordinator: Send + Sync + 'static {
    /// Takes a role if nobody holds it; `None` if somebody does.
    ///
    /// # Errors
    /// When the service is gone.
    async fn campaign(
        &self,
        role: Role,
        replica: &str,
    ) -> Result<Option<Box<dyn Leadership>>, Error>;

    /// Whether a fencing token is the newest one of its role.
    ///
    /// # Errors
    /// When the service is gone.
    async fn fence(&self, role: Role, token: u64) -> Result<bool, Error>;

    /// Registers this replica, or renews its lease.
    ///
    /// # Errors
    /// When the service is gone.
    async fn renew(&self, replica: &Replica, ttl: Duration) -> Result<(), Error>;

    /// Ends this replica's lease at once.
    ///
    /// # Errors
    /// When the service is gone.
    async fn leave(&self, replica: &str) -> Result<(), Error>;

    /// Replicas whose lease runs, by name.
    ///
    /// # Errors
    /// When the service is gone.
    async fn replicas(&self) -> Result<Vec<Replica>, Error>;

    /// Changes whenever a revision was committed, by any replica, or may have
    /// been (after a lost connection). The value only counts wake-ups.
    fn revisions(&self) -> watch::Receiver<u64>;
}
