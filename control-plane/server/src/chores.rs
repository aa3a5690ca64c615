//! What a replica does beside serving: it renews its lease, and where it leads,
//! it prunes the log of changes.

use std::{sync::Arc, time::Duration};

use gw_app::App;
use gw_coord::{Coordinator, Leadership, Role};
use tokio_util::sync::CancellationToken;

/// How long a lease runs without renewal.
const LEASE: Duration = Duration::from_secs(10);

/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(3);

/// How often a replica without the lead asks for it.
const ASK: Duration = Duration::from_secs(5);

/// How often the leader works.
const EVERY: Duration = Duration::from_secs(60);

/// How many changes the log keeps. A node further behind gets the whole world.
const CHANGES_KEPT: u64 = 100_000;

/// Keeps this replica in the registry until `stop`, then takes it out.
pub(crate) async fn keep_lease(
    coordinator: Arc<dyn Coordinator>,
    replica: gw_coord::Replica,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        if let Err(error) = coordinator.renew(&replica, LEASE).await {
            tracing::debug!(%error, "the lease was not renewed");
        }
        pause(RENEW, &stop).await;
    }
    if let Err(error) = coordinator.leave(&replica.name).await {
        tracing::debug!(%error, "the lease runs out by itself");
    }
}

/// Works while it leads, and asks for the lead while it does not.
pub(crate) async fn prune(
    app: App,
    coordinator: Arc<dyn Coordinator>,
    replica: String,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        match coordinator.campaign(Role::Retention, &replica).await {
            Ok(Some(lead)) => {
                tracing::info!(token = lead.token(), "leading retention");
                lead_pruning(&app, &*lead, &stop).await;
                lead.resign().await;
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "the lead cannot be asked for"),
        }
        pause(ASK, &stop).await;
    }
}

async fn lead_pruning(app: &App, lead: &dyn Leadership, stop: &CancellationToken) {
    while !stop.is_cancelled() && lead.held() {
        tokio::select! {
            () = pause(EVERY, stop) => {}
            () = lead.lost() => return,
        }
        // Pruning twice does no harm, so it needs no fence.
        if let Err(error) = app.changes_prune(CHANGES_KEPT).await {
            tracing::warn!(%error, "the log of changes was not pruned");
        }
    }
}

async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}
