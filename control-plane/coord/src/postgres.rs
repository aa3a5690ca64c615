//! Coordination by the database alone: an advisory lock is a role, a row with
//! an expiry is a lease, LISTEN hears of revisions.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use gw_store::{Listener, Session, Store};
use tokio::{sync::watch, task::JoinHandle, time::MissedTickBehavior};

use crate::{Coordinator, Error, Leadership, Replica, Role};

/// The upper half of our advisory lock keys, so that they meet nobody else's.
const LOCK_SPACE: i64 = 0x6777_0000_0000;

/// How often a leader looks whether its connection, and so its lock, is there.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// How long it takes to give up on an answer to that.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

const fn lock_key(role: Role) -> i64 {
    LOCK_SPACE + role as i64
}

/// A coordinator over a database.
#[derive(Debug)]
pub struct PostgresCoordinator {
    store: Store,
    revisions: watch::Receiver<u64>,
    listening: JoinHandle<()>,
}

impl PostgresCoordinator {
    /// Starts listening, in a task of its own that reconnects for ever. Must
    /// be called within a tokio runtime.
    pub fn new(store: Store) -> Self {
        let (wake, revisions) = watch::channel(0);
        let listening = tokio::spawn(listen(store.clone(), wake));
        Self { store, revisions, listening }
    }
}

impl Drop for PostgresCoordinator {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Counts wake-ups as long as somebody could hear them.
async fn listen(store: Store, wake: watch::Sender<u64>) {
    let mut pause_ms = 50;
    loop {
        match Listener::open(&store).await {
            Ok(mut listener) => {
                pause_ms = 50;
                // Whatever was told before this moment was not heard.
                wake.send_modify(|count| *count += 1);
                while let Ok(_told) = listener.next().await {
                    wake.send_modify(|count| *count += 1);
                }
            }
            Err(error) => tracing::debug!(%error, "cannot listen for revisions"),
        }
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        pause_ms = (pause_ms * 2).min(2_000);
    }
}

#[async_trait]
impl Coordinator for PostgresCoordinator {
    async fn campaign(
        &self,
        role: Role,
        replica: &str,
    ) -> Result<Option<Box<dyn Leadership>>, Error> {
        let mut session = Session::open(&self.store).await?;
        if !session.try_lock(lock_key(role)).await? {
            return Ok(None);
        }
        let mut txn = self.store.begin().await?;
        let token = txn.leader_put(role.as_str(), replica).await?;
        txn.commit(None).await?;
        Ok(Some(Box::new(Held::start(session, token))))
    }

    async fn fence(&self, role: Role, token: u64) -> Result<bool, Error> {
        let mut txn = self.store.begin().await?;
        Ok(txn.leader_fence(role.as_str(), token).await?)
    }

    async fn renew(&self, replica: &Replica, ttl: Duration) -> Result<(), Error> {
        let ttl_ms = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        let mut txn = self.store.begin().await?;
        txn.replica_renew(&replica.name, &replica.address, ttl_ms).await?;
        txn.commit(None).await?;
        Ok(())
    }

    async fn leave(&self, replica: &str) -> Result<(), Error> {
        let mut txn = self.store.begin().await?;
        txn.replica_remove(replica).await?;
        txn.commit(None).await?;
        Ok(())
    }

    async fn replicas(&self) -> Result<Vec<Replica>, Error> {
        let mut txn = self.store.begin().await?;
        let rows = txn.replica_list().await?;
        Ok(rows.into_iter().map(|(name, address)| Replica { name, address }).collect())
    }

    fn revisions(&self) -> watch::Receiver<u64> {
        self.revisions.clone()
    }
}

/// A held advisory lock. A task owns its connection and looks after it; when
/// this handle is dropped, the task ends, the connection closes, and Postgres
/// frees the lock.
struct Held {
    token: u64,
    held: Arc<AtomicBool>,
    lost: watch::Receiver<bool>,
    give_up: watch::Sender<bool>,
    keeper: JoinHandle<()>,
}

impl Held {
    fn start(session: Session, token: u64) -> Self {
        let held = Arc::new(AtomicBool::new(true));
        let (tell_lost, lost) = watch::channel(false);
        let (give_up, asked) = watch::channel(false);
        let keeper = tokio::spawn(keep(session, Arc::clone(&held), tell_lost, asked));
        Self { token, held, lost, give_up, keeper }
    }
}

async fn keep(
    mut session: Session,
    held: Arc<AtomicBool>,
    tell_lost: watch::Sender<bool>,
    mut asked: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(CHECK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let answer = tokio::time::timeout(CHECK_TIMEOUT, session.check()).await;
                if !matches!(answer, Ok(Ok(()))) {
                    break;
                }
            }
            // Asked to give up, or the handle is gone.
            _ = asked.changed() => break,
        }
    }
    held.store(false, Ordering::Release);
    tell_lost.send_replace(true);
    // Best effort: the server frees the lock as the connection ends anyhow.
    let _ = tokio::time::timeout(CHECK_TIMEOUT, session.close()).await;
}

#[async_trait]
impl Leadership for Held {
    fn token(&self) -> u64 {
        self.token
    }

    fn held(&self) -> bool {
        self.held.load(Ordering::Acquire)
    }

    async fn lost(&self) {
        // An error means that the keeper is gone, and with it the lock.
        let _ = self.lost.clone().wait_for(|lost| *lost).await;
    }

    async fn resign(self: Box<Self>) {
        self.give_up.send_replace(true);
        let _ = self.keeper.await;
    }
}
