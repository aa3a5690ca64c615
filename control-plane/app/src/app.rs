//! The handle that use cases are methods of.

use std::{sync::Arc, time::Duration};

use gw_store::Store;
use time::OffsetDateTime;

use crate::{
    Clock, DomainOptions, Entropy, Fleet, Limits, MasterKey, NoFleet, SystemClock, SystemEntropy,
    clock::{ID_ALPHABET, text},
};

/// What an [`App`] is made of.
#[derive(Clone)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Seals secrets at rest.
    pub master_key: MasterKey,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids and secrets.
    pub entropy: Arc<dyn Entropy>,
    /// How much of everything this installation takes.
    pub limits: Limits,
    /// How custom domains are made.
    pub domains: DomainOptions,
    /// How long a call that makes a release waits for the nodes.
    pub release_wait: Duration,
}

impl Parts {
    /// The machine's clock and randomness, default limits, two seconds of waiting.
    pub fn new(store: Store, master_key: MasterKey) -> Self {
        Self {
            store,
            master_key,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy::default()),
            limits: Limits::default(),
            domains: DomainOptions::default(),
            release_wait: Duration::from_secs(2),
        }
    }
}

/// The use cases. Clones share everything.
#[derive(Clone)]
pub struct App {
    parts: Arc<Parts>,
    fleet: Arc<dyn Fleet>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

impl App {
    /// Use cases over a database, with no nodes as yet.
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), fleet: NoFleet::shared() }
    }

    /// The same with nodes. The fleet itself is built over an app without one.
    #[must_use]
    pub fn with_fleet(&self, fleet: Arc<dyn Fleet>) -> Self {
        Self { parts: Arc::clone(&self.parts), fleet }
    }

    /// The database, for readiness and coordination.
    pub fn store(&self) -> &Store {
        &self.parts.store
    }

    /// The nodes.
    pub fn fleet(&self) -> &Arc<dyn Fleet> {
        &self.fleet
    }

    /// Bounds.
    pub fn limits(&self) -> &Limits {
        &self.parts.limits
    }

    /// How long a call that makes a release waits for the nodes.
    pub fn release_wait(&self) -> Duration {
        self.parts.release_wait
    }

    /// How custom domains are made.
    pub fn domains(&self) -> &DomainOptions {
        &self.parts.domains
    }

    /// The present moment, by the clock that this app was given.
    pub fn now(&self) -> OffsetDateTime {
        self.parts.clock.now()
    }

    pub(crate) fn master_key(&self) -> &MasterKey {
        &self.parts.master_key
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.parts.entropy
    }

    /// A new id of AWS's form.
    pub(crate) fn new_id(&self, length: usize) -> String {
        text(self.entropy(), ID_ALPHABET, length)
    }
}
