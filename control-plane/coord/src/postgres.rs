//! The coordinator that needs nothing but the database.

use std::time::Duration;

use async_trait::async_trait;
use gw_store::{Listener, Session, Store};
use serde_json::Value;
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

use crate::{Coordinator, Error, Leadership, Replica};

/// How often things are renewed and looked at.
#[derive(Debug, Clone)]
pub struct Timing {
    /// How long a replica's lease runs without renewal.
    pub lease: Duration,
    /// How often leases are renewed and leaderships are looked at.
    pub renew: Duration,
    /// How long to wait before connecting again.
    pub retry: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            renew: Duration::from_secs(2),
            retry: Duration::from_millis(500),
        }
    }
}

/// A [`Coordinator`] on Postgres: leases are rows, leaderships are advisory
/// locks on connections of their own, wake-ups come by LISTEN.
#[derive(Debug)]
pub struct Postgres {
    store: Store,
    replica: String,
    timing: Timing,
    wakeups: watch::Receiver<u64>,
    tasks: Vec<JoinHandle<()>>,
}

impl Postgres {
    /// Registers this replica and starts to listen.
    ///
    /// # Errors
    /// When the database cannot be reached at the start. Later losses are
    /// repaired in the background.
    pub async fn start(
        store: Store,
        replica: impl Into<String>,
        detail: Value,
        timing: Timing,
    ) -> Result<Self, Error> {
        let replica = replica.into();
        renew(&store, &replica, &detail, &timing).await?;
        let listener = Listener::open(&store).await?;
        let (wake, wakeups) = watch::channel(0);
        let tasks = vec![
            tokio::spawn(listen(store.clone(), listener, wake, timing.retry)),
            tokio::spawn(keep_lease(store.clone(), replica.clone(), detail, timing.clone())),
        ];
        Ok(Self { store, replica, timing, wakeups, tasks })
    }

    /// Ends this replica's lease, so that others need not wait for its end.
    ///
    /// # Errors
    /// When the database cannot be reached; the lease then runs out by itself.
    pub async fn stop(self) -> Result<(), Error> {
        for task in &self.tasks {
            task.abort();
        }
        let mut txn = self.store.begin().await?;
        txn.replica_remove(&self.replica).await?;
        txn.commit(None).await?;
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

#[async_trait]
impl Coordinator for Postgres {
    fn replica(&self) -> &str {
        &self.replica
    }

    fn wakeups(&self) -> watch::Receiver<u64> {
        self.wakeups.clone()
    }

    async fn replicas(&self) -> Result<Vec<Replica>, Error> {
        let mut txn = self.store.read().await?;
        let rows = txn.replica_list().await?;
        Ok(rows.into_iter().map(|(name, detail)| Replica { name, detail }).collect())
    }

    async fn lead(&self, role: &str) -> Result<Option<Leadership>, Error> {
        let mut session = Session::open(&self.store).await?;
        if !session.try_lock(lock_key(role)).await? {
            return Ok(None);
        }
        // The token is taken under the lock: tokens grow in the order of leaders.
        let mut txn = self.store.begin().await?;
        let token = txn.leader_put(role, &self.replica).await?;
        txn.commit(None).await?;
        let (state, held) = watch::channel(true);
        let (resign, resigned) = oneshot::channel();
        tokio::spawn(keep_lead(session, self.timing.renew, state, resigned));
        Ok(Some(Leadership { role: role.to_owned(), token, held, _resign: resign }))
    }
}

/// The advisory lock of a role: the first eight bytes of a hash, so that roles
/// need no table of numbers.
fn lock_key(role: &str) -> i64 {
    // FNV-1a. Stable over builds, which `std`'s hasher does not promise.
    let hash = role.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.cast_signed()
}

async fn renew(
    store: &Store,
    replica: &str,
    detail: &Value,
    timing: &Timing,
) -> Result<(), gw_store::Error> {
    let ttl_ms = i64::try_from(timing.lease.as_millis()).unwrap_or(i64::MAX);
    let mut txn = store.begin().await?;
    txn.replica_renew(replica, detail, ttl_ms).await?;
    txn.commit(None).await?;
    Ok(())
}

async fn keep_lease(store: Store, replica: String, detail: Value, timing: Timing) {
    loop {
        tokio::time::sleep(timing.renew).await;
        if let Err(error) = renew(&store, &replica, &detail, &timing).await {
            tracing::warn!(%error, "replica lease not renewed");
        }
    }
}

async fn listen(store: Store, first: Listener, wake: watch::Sender<u64>, retry: Duration) {
    let mut listener = Some(first);
    loop {
        let Some(open) = &mut listener else {
            tokio::time::sleep(retry).await;
            listener = Listener::open(&store).await.ok();
            if listener.is_some() {
                // What was told meanwhile is lost: have everybody look.
                wake.send_modify(|count| *count += 1);
            }
            continue;
        };
        match open.next().await {
            Ok(_word_or_gap) => wake.send_modify(|count| *count += 1),
            Err(error) => {
                tracing::warn!(%error, "not listening to revisions, trying again");
                listener = None;
            }
        }
    }
}

/// Watches the connection that holds a leadership's lock.
async fn keep_lead(
    mut session: Session,
    every: Duration,
    state: watch::Sender<bool>,
    mut resigned: oneshot::Receiver<()>,
) {
    loop {
        tokio::select! {
            _ = &mut resigned => {
                // Closing the connection frees its locks.
                if let Err(error) = session.close().await {
                    tracing::debug!(%error, "leadership's connection was gone already");
                }
                break;
            }
            () = tokio::time::sleep(every) => {
                let alive = tokio::time::timeout(every, session.check()).await;
                if !matches!(alive, Ok(Ok(()))) {
                    break;
                }
            }
        }
    }
    // Whoever asks is told either way; nobody asking is fine.
    let _nobody_asks = state.send(false);
}
