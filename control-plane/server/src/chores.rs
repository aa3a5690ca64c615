//! What a replica does beside serving: it renews its lease, and where it leads,
//! it prunes what retention allows, renews certificates that it issued, and frees
//! nodes whose replica is gone.

use std::{sync::Arc, time::Duration};

use gw_app::App;
use gw_coord::{Coordinator, Leadership, Role};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

/// How long a lease runs without renewal.
const LEASE: Duration = Duration::from_secs(10);

/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(3);

/// How often a replica without the lead asks for it.
const ASK: Duration = Duration::from_secs(5);

/// How many changes the log keeps. A node further behind gets the whole world.
const CHANGES_KEPT: u64 = 100_000;

/// How often the leader works, and on what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beats {
    /// The log of changes is pruned.
    changes: Duration,
    /// Deployments' content that nothing names is deleted.
    contents: Duration,
    /// Content younger than this stays: its deployment may be about to be
    /// written.
    contents_age_s: u32,
    /// Certificates issued for custom domains are renewed.
    certificates: Duration,
    /// Nodes of replicas that are gone are marked as disconnected.
    orphans: Duration,
    /// A new leader looks for those only after this time. The lead changes
    /// hands when the database was away; every lease has run out then, and
    /// replicas that live need time to renew theirs.
    settle: Duration,
}

impl Default for Beats {
    fn default() -> Self {
        Self {
            changes: Duration::from_secs(60),
            contents: Duration::from_secs(3600),
            contents_age_s: 24 * 3600,
            certificates: Duration::from_secs(3600),
            orphans: Duration::from_secs(5),
            settle: LEASE + RENEW,
        }
    }
}

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
pub(crate) async fn retain(
    app: App,
    coordinator: Arc<dyn Coordinator>,
    replica: String,
    beats: Beats,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        match coordinator.campaign(Role::Retention, &replica).await {
            Ok(Some(lead)) => {
                tracing::info!(token = lead.token(), "leading retention");
                let work = Work { app: &app, coordinator: &*coordinator, replica: &replica };
                work.go_on(&*lead, beats, &stop).await;
                lead.resign().await;
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "the lead cannot be asked for"),
        }
        pause(ASK, &stop).await;
    }
}

/// The leader's work. All of it may be done twice, so it needs no fence.
struct Work<'a> {
    app: &'a App,
    coordinator: &'a dyn Coordinator,
    replica: &'a str,
}

impl Work<'_> {
    async fn go_on(&self, lead: &dyn Leadership, beats: Beats, stop: &CancellationToken) {
        let every = |first: Duration, period: Duration| {
            let mut interval = interval_at(Instant::now() + first, period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        };
        let mut changes = every(beats.changes, beats.changes);
        let mut contents = every(beats.contents, beats.contents);
        let mut certificates = every(beats.certificates, beats.certificates);
        let mut orphans = every(beats.settle, beats.orphans);
        while lead.held() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = lead.lost() => return,
                _ = changes.tick() => {
                    let pruned = self.app.changes_prune(CHANGES_KEPT).await;
                    told("changes forgotten", pruned);
                }
                _ = contents.tick() => {
                    let pruned = self.app.contents_prune(beats.contents_age_s).await;
                    told("unnamed contents deleted", pruned);
                }
                _ = certificates.tick() => {
                    let renewed = self.app.domain_certificates_renew().await;
                    told("certificates of custom domains renewed", renewed);
                }
                _ = orphans.tick() => told("nodes of dead replicas freed", self.orphans().await),
            }
        }
    }

    /// Marks nodes as disconnected whose replica is not in the registry.
    async fn orphans(&self) -> gw_app::Result<u64> {
        let alive = match self.coordinator.replicas().await {
            Ok(alive) => alive,
            Err(error) => {
                tracing::debug!(%error, "the registry of replicas cannot be read");
                return Ok(0);
            }
        };
        let alive: Vec<String> = alive.into_iter().map(|replica| replica.name).collect();
        if !alive.iter().any(|name| name == self.replica) {
            // The registry lags behind the living, this replica included.
            return Ok(0);
        }
        self.app.nodes_orphaned(&alive).await
    }
}

fn told(what: &str, outcome: gw_app::Result<u64>) {
    match outcome {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "{what}"),
        Err(error) => tracing::warn!(%error, "not done: {what}"),
    }
}

async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use gw_app::{
        Caller, JoinRequest, MasterKey, NewRestApi, Parts, SystemEntropy, world::NodeHello,
    };
    use gw_coord::{PostgresCoordinator, Replica};
    use gw_model::{NodeId, Scope};
    use gw_testkit::{eventually, postgres::TestDatabase};

    use super::*;

    async fn app(database: &TestDatabase) -> App {
        // A loaded machine is no broken database.
        let options = gw_store::Options {
            acquire_timeout: Duration::from_secs(60),
            ..gw_store::Options::default()
        };
        let store = gw_store::Store::open(database.url(), &options).unwrap();
        store.migrate().await.unwrap();
        App::new(Parts::new(store, MasterKey::generate(&SystemEntropy::default())))
    }

    fn caller() -> Caller {
        Caller {
            scope: Scope::new("000000000000", "us-east-1"),
            arn: "arn:aws:iam::000000000000:user/test".to_owned(),
            request_id: "r-1".to_owned(),
        }
    }

    /// Joins a node and connects it to a replica.
    async fn node(app: &App, name: &str, replica: &str) {
        let hour = Duration::from_secs(3600);
        let token = app.join_token_create(&caller(), 1, hour, &Default::default()).await.unwrap();
        let request = JoinRequest {
            token_secret: token.secret.clone(),
            name: Some(NodeId::new(name)),
            labels: Default::default(),
        };
        app.node_join(&request).await.unwrap();
        let hello = NodeHello {
            id: name.into(),
            replica: replica.to_owned(),
            build: String::new(),
            traffic_address: String::new(),
            metrics_address: String::new(),
            boot_epoch: 1,
        };
        app.node_connect(&hello).await.unwrap();
    }

    async fn holder(app: &App, name: &str) -> Option<String> {
        let rows = app.node_rows().await.unwrap();
        rows.into_iter().find(|row| row.id.as_str() == name).unwrap().replica
    }

    fn beats() -> Beats {
        let short = Duration::from_millis(20);
        Beats {
            changes: short,
            contents: short,
            contents_age_s: 0,
            certificates: short,
            orphans: short,
            settle: short,
        }
    }

    #[tokio::test]
    async fn the_leader_frees_nodes_and_deletes_what_nothing_names() {
        let database = TestDatabase::create().await;
        let app = app(&database).await;
        let coordinator: Arc<dyn Coordinator> =
            Arc::new(PostgresCoordinator::new(app.store().clone()));
        let alive = Replica { name: "alive".to_owned(), address: String::new() };
        coordinator.renew(&alive, Duration::from_secs(600)).await.unwrap();
        node(&app, "a", "alive").await;
        node(&app, "b", "dead").await;
        let made = app.rest_api_create(&caller(), NewRestApi::named("n")).await.unwrap();
        let api = made.api.id;
        // A deployment needs a method; its content outlives the API.
        let mut mock = gw_model::Integration::of_kind(gw_model::IntegrationType::Mock);
        let template = Some(r#"{"statusCode": 200}"#.to_owned());
        mock.request_templates.insert("application/json".to_owned(), template);
        let method = gw_model::Method { integration: Some(mock), ..Default::default() };
        let key = gw_app::MethodKey {
            api: api.clone(),
            resource: made.root_resource_id,
            verb: gw_model::HttpMethod::Get,
        };
        app.method_put(&caller(), &key, method).await.unwrap();
        let made = app.deployment_create(&caller(), &api, &Default::default()).await.unwrap();
        let digest = made.deployment.digest;
        app.rest_api_delete(&caller(), &api).await.unwrap();
        assert!(app.content_chunk(digest, 0, 1).await.unwrap().is_some());

        let stop = CancellationToken::new();
        let work = retain(app.clone(), coordinator, "alive".into(), beats(), stop.clone());
        let work = tokio::spawn(work);
        let freed = || async { holder(&app, "b").await.is_none().then_some(()) };
        eventually("the node of the dead replica is free", freed).await;
        let gone =
            || async { app.content_chunk(digest, 0, 1).await.unwrap().is_none().then_some(()) };
        eventually("the content is gone", gone).await;
        assert_eq!(holder(&app, "a").await.as_deref(), Some("alive"));
        stop.cancel();
        work.await.unwrap();
    }

    #[tokio::test]
    async fn a_leader_that_is_not_registered_frees_nobody() {
        let database = TestDatabase::create().await;
        let app = app(&database).await;
        let coordinator = PostgresCoordinator::new(app.store().clone());
        node(&app, "a", "other").await;
        let work = Work { app: &app, coordinator: &coordinator, replica: "alive" };
        assert_eq!(work.orphans().await.unwrap(), 0);
        assert_eq!(holder(&app, "a").await.as_deref(), Some("other"));
        let own = Replica { name: "alive".to_owned(), address: String::new() };
        coordinator.renew(&own, Duration::from_secs(600)).await.unwrap();
        assert_eq!(work.orphans().await.unwrap(), 1);
        assert_eq!(holder(&app, "a").await, None);
    }
}
