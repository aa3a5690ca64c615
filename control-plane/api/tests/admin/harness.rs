//! An admin API on a database of its own, and a client that signs.

use axum::{Router, body::Body};
use bytes::Bytes;
use gw_api::{Config, RegionRule, router};
use gw_app::{AdminCredentials, App, MasterKey, Parts, SystemEntropy};
use gw_model::AccountId;
use gw_sigv4::Signer;
use gw_store::Store;
use gw_testkit::postgres::{TestDatabase, Watch};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use time::OffsetDateTime;
use tower::ServiceExt as _;

pub(crate) const ACCOUNT: &str = "000000000000";

/// An admin API.
pub(crate) struct Admin {
    pub(crate) app: App,
    pub(crate) router: Router,
    pub(crate) credentials: AdminCredentials,
    database: TestDatabase,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status, exception and message.
    pub(crate) fn fault(&self) -> (u16, &str, String) {
        let message = self.json()["message"].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), self.header("x-amzn-errortype"), message)
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{:?}", self.bytes);
        self.json()
    }
}

/// Stands for the fleet's CA.
pub(crate) const CA_PEM: &str = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

impl Admin {
    pub(crate) async fn start() -> Self {
        Self::with_region(RegionRule::PerSignature).await
    }

    pub(crate) async fn with_region(region: RegionRule) -> Self {
        let database = TestDatabase::create().await;
        // A loaded machine is no broken database.
        let patience = std::time::Duration::from_secs(60);
        let options = gw_store::Options { acquire_timeout: patience, ..Default::default() };
        let store = Store::open(database.url(), &options).unwrap();
        store.migrate().await.unwrap();
        let mut parts = Parts::new(store, MasterKey::generate(&SystemEntropy::default()));
        parts.release_wait = std::time::Duration::from_millis(10);
        let app = App::new(parts);
        let account = AccountId::new(ACCOUNT);
        let credentials = app.bootstrap(&account).await.unwrap().unwrap();
        let config = Config {
            account,
            region,
            ca_sha256: "ab".repeat(32),
            ca_pem: CA_PEM.to_owned(),
            replica: "replica-1".into(),
            traffic_url: gw_api::TrafficUrl::default(),
        };
        let router = router(app.clone(), config);
        Self { app, router, credentials, database }
    }

    /// Watches everything that the database holds.
    pub(crate) async fn watch(&self) -> Watch {
        self.database.watch().await
    }

    /// A call as it is, without credentials.
    pub(crate) async fn raw(&self, request: http::Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub(crate) fn signer(&self) -> Signer<'_> {
        Signer {
            access_key: &self.credentials.access_key_id,
            secret: &self.credentials.secret_access_key,
            security_token: None,
            region: "us-east-1",
            service: "apigateway",
        }
    }

    /// A signed call.
    pub(crate) async fn call(&self, method: &str, target: &str, body: impl Into<Bytes>) -> Answer {
        self.signed(&self.signer(), method, target, body.into(), OffsetDateTime::now_utc()).await
    }

    pub(crate) async fn signed(
        &self,
        signer: &Signer<'_>,
        method: &str,
        target: &str,
        body: Bytes,
        now: OffsetDateTime,
    ) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("admin.test"));
        // As every SDK does; without it, answers are HAL.
        headers.insert("accept", HeaderValue::from_static("application/json"));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = gw_sigv4::Request { method, path, query, headers: &headers, authority: None };
        let added = gw_sigv4::sign(&request, &gw_sigv4::hash_body(&body), signer, now).unwrap();
        let mut builder = http::Request::builder().method(method).uri(target);
        builder.headers_mut().unwrap().extend(headers);
        builder.headers_mut().unwrap().extend(added);
        self.raw(builder.body(Body::from(body)).unwrap()).await
    }

    /// A GET by the bearer token with this `Accept` header.
    pub(crate) async fn accepting(&self, target: &str, accept: Option<&str>) -> Answer {
        let token = self.credentials.bearer_token.as_str();
        let mut request = http::Request::builder()
            .uri(target)
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap();
        if let Some(accept) = accept {
            request.headers_mut().insert("accept", accept.parse().unwrap());
        }
        self.raw(request).await
    }

    /// What nodes are told of something, as it is stored.
    pub(crate) async fn fact(&self, name: &gw_model::FactName) -> Option<gw_store::FactRow> {
        let mut txn = self.app.store().read().await.unwrap();
        txn.fact_fetch(name).await.unwrap()
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.call("GET", target, "").await
    }

    pub(crate) async fn send(&self, method: &str, target: &str, body: Value) -> Answer {
        self.call(method, target, body.to_string()).await
    }

    /// A new API: its id and its root resource's.
    pub(crate) async fn api(&self) -> (String, String) {
        let made = self.send("POST", "/restapis", serde_json::json!({"name": "n"})).await;
        let made = made.expect(201);
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        (text("id"), text("rootResourceId"))
    }

    /// A GET method at `/`, answered by the gateway itself.
    pub(crate) async fn mock_at_root(&self, api: &str, root: &str) -> String {
        let base = format!("/restapis/{api}/resources/{root}/methods/GET");
        let none = serde_json::json!({"authorizationType": "NONE"});
        self.send("PUT", &base, none).await.expect(201);
        let responses = format!("{base}/responses/200");
        self.send("PUT", &responses, serde_json::json!({})).await.expect(201);
        let mock = serde_json::json!({
            "type": "MOCK", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}
        });
        self.send("PUT", &format!("{base}/integration"), mock).await.expect(201);
        let responses = format!("{base}/integration/responses/200");
        self.send("PUT", &responses, serde_json::json!({})).await.expect(201);
        base
    }
}

/// One patch operation as a body.
pub(crate) fn replace(path: &str, value: &str) -> Value {
    serde_json::json!({"patchOperations": [{"op": "replace", "path": path, "value": value}]})
}
