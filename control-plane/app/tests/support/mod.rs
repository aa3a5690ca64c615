//! An app over a fresh database, a fleet that does as it is told, and a small API.
#![allow(dead_code, clippy::unwrap_used, reason = "each test binary uses a part of it")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use gw_app::{
    App, Caller, DeploymentInput, Fleet, MasterKey, MethodKey, NewRestApi, Parts, ReleaseOutcome,
    SystemEntropy,
};
use gw_model::{
    ApiId, HttpMethod, Integration, IntegrationType, Method, Release, ReleaseNumber, ResourceId,
    Revision, Scope, StageKey, StageName,
};
use gw_store::{Options, Store};
use gw_testkit::postgres::TestDatabase;

/// An app with its database.
pub(crate) struct Bench {
    pub(crate) database: Option<TestDatabase>,
    pub(crate) app: App,
    pub(crate) caller: Caller,
    pub(crate) fleet: Arc<Scripted>,
}

/// Commits what is appended as a fleet of willing nodes would, unless told to
/// wait; never holds anything prepared, unless told so.
#[derive(Default)]
pub(crate) struct Scripted {
    app: Mutex<Option<App>>,
    pub(crate) passive: AtomicBool,
    pub(crate) holds: AtomicBool,
    pub(crate) announced: Mutex<Vec<(StageKey, ReleaseNumber, Option<Revision>)>>,
}

#[async_trait]
impl Fleet for Scripted {
    fn release_appended(&self, stage: &StageKey, release: &Release, committed: Option<Revision>) {
        self.announced.lock().unwrap().push((stage.clone(), release.number, committed));
    }

    fn holds_prepared(&self, _: &StageKey, _: &Release) -> bool {
        self.holds.load(Ordering::Relaxed)
    }

    async fn await_release(
        &self,
        stage: &StageKey,
        release: ReleaseNumber,
        _: Duration,
    ) -> ReleaseOutcome {
        if self.passive.load(Ordering::Relaxed) {
            return ReleaseOutcome::Pending;
        }
        let app = self.app.lock().unwrap().clone().unwrap();
        app.rollout_commit(stage, release).await.unwrap();
        ReleaseOutcome::Serving
    }
}

pub(crate) fn caller() -> Caller {
    Caller {
        scope: Scope::new("000000000000", "us-east-1"),
        arn: "arn:aws:iam::000000000000:user/test".to_owned(),
        request_id: "r-1".to_owned(),
    }
}

/// An app that gives its database up after `patience`. A loaded machine is no
/// broken database, so most tests have much of it.
pub(crate) fn app_over(url: &str, patience: Duration) -> App {
    let options = Options { acquire_timeout: patience, ..Options::default() };
    let store = Store::open(url, &options).unwrap();
    App::new(Parts::new(store, MasterKey::generate(&SystemEntropy::default())))
}

pub(crate) async fn bench() -> Bench {
    let database = TestDatabase::create().await;
    let mut bench = bench_over(database.url()).await;
    bench.database = Some(database);
    bench
}

/// The same over a database that the test looks after.
pub(crate) async fn bench_over(url: &str) -> Bench {
    let plain = app_over(url, Duration::from_secs(60));
    plain.store().migrate().await.unwrap();
    let fleet = Arc::new(Scripted::default());
    *fleet.app.lock().unwrap() = Some(plain.clone());
    let shared: Arc<dyn Fleet> = Arc::clone(&fleet) as _;
    Bench { database: None, app: plain.with_fleet(shared), caller: caller(), fleet }
}

pub(crate) fn mock() -> Integration {
    let mut integration = Integration::of_kind(IntegrationType::Mock);
    let template = Some(r#"{"statusCode": 200}"#.to_owned());
    integration.request_templates.insert("application/json".to_owned(), template);
    integration
}

impl Bench {
    /// An API with a MOCK at `GET /`: its id and its root.
    pub(crate) async fn api(&self, name: &str) -> (ApiId, ResourceId) {
        let api = self.app.rest_api_create(&self.caller, NewRestApi::named(name)).await.unwrap();
        let (id, root) = (api.api.id, api.root_resource_id);
        let method = Method { integration: Some(mock()), ..Method::default() };
        self.app.method_put(&self.caller, &get(&id, &root), method).await.unwrap();
        (id, root)
    }

    /// Deploys the working copy to a stage.
    pub(crate) async fn deploy(&self, api: &ApiId, stage: &str) -> gw_app::DeploymentCreated {
        let input =
            DeploymentInput { stage_name: Some(StageName::from(stage)), ..Default::default() };
        self.app.deployment_create(&self.caller, api, &input).await.unwrap()
    }

    pub(crate) fn key(&self, api: &ApiId, stage: &str) -> StageKey {
        StageKey { scope: self.caller.scope.clone(), api: api.clone(), stage: stage.into() }
    }

    /// Every audit entry, newest first.
    pub(crate) async fn audit(&self) -> Vec<gw_app::AuditRow> {
        let mut txn = self.app.store().read().await.unwrap();
        txn.audit_page(self.caller.scope.account.as_str(), None, 100_000).await.unwrap()
    }
}

pub(crate) fn get(api: &ApiId, resource: &ResourceId) -> MethodKey {
    MethodKey { api: api.clone(), resource: resource.clone(), verb: HttpMethod::Get }
}
