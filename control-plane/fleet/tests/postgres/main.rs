//! Use cases, Postgres, the hub and two nodes on real streams: a release, its
//! rollback, a rejection, and how long a rollback takes.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, dead_code, reason = "tests")]

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use gw_app::{
    App, Caller, DeploymentInput, Error, MasterKey, MethodKey, NewRestApi, Parts, RollbackInput,
    SystemEntropy,
};
use gw_fleet::{AppBacking, AppFleet, Ca, Hub, Options, load_ca, serve};
use gw_fleet_core::rollout::Timing;
use gw_fleet_testkit::{
    node::{self, Running, until},
    plane::LONG,
};
use gw_model::{ApiId, HttpMethod, Integration, IntegrationType, Method, ResourceId, Scope};
use gw_proto::{self as pb, fleet_client::FleetClient};
use gw_store::Store;
use gw_testkit::{
    eventually,
    postgres::{PrivatePostgres, TestDatabase},
};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};

struct Plane {
    app: App,
    hub: Arc<Hub>,
    ca: Arc<Ca>,
    address: SocketAddr,
    caller: Caller,
}

impl Plane {
    async fn start(url: &str) -> Self {
        let options = gw_store::Options { acquire_timeout: LONG, ..Default::default() };
        let store = Store::open(url, &options).unwrap();
        let mut parts = Parts::new(store, MasterKey::generate(&SystemEntropy::default()));
        parts.release_wait = LONG;
        let plain = App::new(parts);
        plain.store().migrate().await.unwrap();
        let ca = Arc::new(load_ca(&plain).await.unwrap());
        let timing = Timing { prepare_ms: 60_000, serve_ms: 60_000, ..Timing::default() };
        let options = Options { timing, replica: "r1".to_owned(), ..Options::default() };
        let hub = Hub::start(options, Arc::new(AppBacking::new(plain.clone(), "r1")));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = serve(hub.clone(), ca.clone(), listener, &[], std::future::pending());
        tokio::spawn(async move { serving.await.unwrap() });
        let caller = Caller {
            scope: Scope::new("000000000000", "us-east-1"),
            arn: "arn:aws:iam::000000000000:user/test".to_owned(),
            request_id: "r-1".to_owned(),
        };
        let app = plain.with_fleet(Arc::new(AppFleet::new(hub.clone())));
        Self { app, hub, ca, address, caller }
    }

    async fn channel(&self, identity: Option<Identity>) -> FleetClient<Channel> {
        let mut tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(self.ca.certificate_pem()))
            .domain_name("localhost");
        if let Some(identity) = identity {
            tls = tls.identity(identity);
        }
        let endpoint = Channel::from_shared(format!("https://{}", self.address)).unwrap();
        let endpoint = endpoint.tcp_nodelay(true).tls_config(tls).unwrap();
        FleetClient::new(endpoint.connect().await.unwrap())
    }

    async fn node(&self, name: &str) -> Running {
        let hour = Duration::from_secs(3600);
        let labels = Default::default();
        let token = self.app.join_token_create(&self.caller, 1, hour, &labels).await.unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        let request = pb::JoinRequest {
            token_secret: token.secret,
            node_name: name.to_owned(),
            certificate_request: params.serialize_request(&key).unwrap().der().to_vec().into(),
            ..Default::default()
        };
        let mut stranger = self.channel(None).await;
        let joined = stranger.join(request.clone()).await.unwrap().into_inner();
        let again = stranger.join(request).await.unwrap_err();
        assert_eq!(again.message(), "the join token is not valid", "it was for one use");
        let pem = |der: &[u8]| {
            use base64::Engine as _;
            let text = base64::engine::general_purpose::STANDARD.encode(der);
            format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
        };
        let chain: String = joined.certificate_chain.iter().map(|der| pem(der)).collect();
        let identity = Identity::from_pem(chain, key.serialize_pem());
        let running = node::start(name, self.channel(Some(identity)).await).await;
        let here =
            || self.hub.live_nodes().iter().any(|(n, _)| n.node.as_str() == name && n.lag_ms == 0);
        until("the node is current", here).await;
        running
    }

    async fn api(&self) -> (ApiId, ResourceId) {
        let api = self.app.rest_api_create(&self.caller, NewRestApi::named("pets")).await.unwrap();
        let (id, root) = (api.api.id, api.root_resource_id);
        self.method(&id, &root, HttpMethod::Get).await;
        (id, root)
    }

    async fn method(&self, api: &ApiId, resource: &ResourceId, verb: HttpMethod) {
        let mut mock = Integration::of_kind(IntegrationType::Mock);
        let template = Some(r#"{"statusCode": 200}"#.to_owned());
        mock.request_templates.insert("application/json".to_owned(), template);
        let method = Method { integration: Some(mock), ..Method::default() };
        let key = MethodKey { api: api.clone(), resource: resource.clone(), verb };
        self.app.method_put(&self.caller, &key, method).await.unwrap();
    }

    async fn deploy(&self, api: &ApiId) -> gw_app::Result<gw_app::DeploymentCreated> {
        let input = DeploymentInput { stage_name: Some("prod".into()), ..Default::default() };
        self.app.deployment_create(&self.caller, api, &input).await
    }

    async fn rollback(&self, api: &ApiId) -> gw_app::ReleaseDetailView {
        let back = RollbackInput::default();
        self.app.rollback(&self.caller, api, &"prod".into(), back).await.unwrap()
    }
}

fn serves(node: &Running) -> Option<u64> {
    node.shared.serves()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releases_rollbacks_and_rejections() {
    let database = TestDatabase::create().await;
    let plane = Plane::start(database.url()).await;
    let (a, b) = (plane.node("a").await, plane.node("b").await);
    let (api, root) = plane.api().await;

    let first = plane.deploy(&api).await.unwrap();
    assert_eq!((serves(&a), serves(&b)), (Some(1), Some(1)), "after the answer all serve it");
    plane.method(&api, &root, HttpMethod::Post).await;
    let second = plane.deploy(&api).await.unwrap();
    assert_eq!((serves(&a), serves(&b)), (Some(2), Some(2)));

    let detail = plane.rollback(&api).await;
    assert_eq!((serves(&a), serves(&b)), (Some(3), Some(3)));
    assert_eq!(detail.release.release.deployment, first.deployment.digest);

    // b cannot take the next deployment: nobody ever serves it.
    plane.method(&api, &root, HttpMethod::Put).await;
    let nowhere = DeploymentInput::default();
    let made = plane.app.deployment_create(&plane.caller, &api, &nowhere).await.unwrap();
    let digest = made.deployment.digest;
    b.shared.refuses.lock().unwrap().push(digest);
    let refused = plane.deploy(&api).await.unwrap_err();
    let Error::Rejected { node, reason, .. } = refused else { panic!("{refused:?}") };
    assert_eq!((node.as_str(), reason.as_str()), ("b", "larger than this node allows"));
    let repaired = || serves(&a) == Some(5) && serves(&b) == Some(5);
    until("the repair is served", repaired).await;
    let (stage, number) = ("prod".into(), gw_model::ReleaseNumber(2));
    // Receipts are written a moment later.
    eventually("both receipts", async || {
        let detail = plane.app.release_detail(&plane.caller, &api, &stage, number).await.unwrap();
        assert_eq!(detail.release.release.deployment, second.deployment.digest);
        (detail.receipts.len() == 2).then_some(())
    })
    .await;

    // A node that goes away is left out at once; another replica's name takes
    // nothing from this one's nodes.
    a.task.abort();
    until("a is gone", || plane.hub.live_nodes().len() == 1).await;
    plane.rollback(&api).await;
    assert_eq!(serves(&b), Some(6));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rollbacks_on_a_disk_that_syncs_are_served_when_they_return() {
    let server = tokio::task::spawn_blocking(|| PrivatePostgres::start(true)).await.unwrap();
    let plane = Plane::start(&server.url()).await;
    let (a, b) = (plane.node("a").await, plane.node("b").await);
    let (api, root) = plane.api().await;
    plane.deploy(&api).await.unwrap();
    plane.method(&api, &root, HttpMethod::Post).await;
    plane.deploy(&api).await.unwrap();
    let mut times = Vec::new();
    for release in 3..63 {
        let start = Instant::now();
        plane.rollback(&api).await;
        times.push(start.elapsed());
        assert_eq!((serves(&a), serves(&b)), (Some(release), Some(release)));
    }
    times.sort();
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    // How fast they have to be is asked where nothing else runs: `make bench`.
    println!("rollback with 2 nodes: median {median:?}, worst {worst:?}");
}
