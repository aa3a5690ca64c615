//! Replicas as processes over one database, and nodes that join them.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use gw_fleet_testkit::node::{self, Running};
use gw_proto::{self as pb, fleet_client::FleetClient};
use gw_testkit::{
    eventually,
    http::{Admin, Credentials},
};
use serde_json::{Value, json};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};

/// A replica, killed when dropped.
pub struct Replica {
    pub admin: Admin,
    /// Where nodes reach it.
    pub fleet: String,
    pub join_token: String,
    child: Child,
}

impl Replica {
    pub async fn start(folder: &Path, name: &str, database: &str, more: &[&str]) -> Self {
        let path = |ending: &str| folder.join(format!("{name}.{ending}"));
        let log = std::fs::File::create(path("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_gw-control-plane"))
            .args(["--database-url", database, "--replica", name])
            .args(["--admin-listen", "127.0.0.1:0", "--fleet-listen", "127.0.0.1:0"])
            .arg("--master-key-file")
            .arg(folder.join("master.key"))
            .arg("--bootstrap-file")
            .arg(folder.join("bootstrap.json"))
            .arg("--ready-file")
            .arg(path("ready"))
            .args(more)
            .stderr(Stdio::from(log))
            .spawn()
            .unwrap();
        let read = |path: &Path| -> Option<Value> {
            serde_json::from_slice(&std::fs::read(path).ok()?).ok()
        };
        let ready = eventually("the replica", || async { read(&path("ready")) }).await;
        let bootstrap = read(&folder.join("bootstrap.json")).unwrap();
        let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
        let admin = Admin {
            url: format!("http://{}", text(&ready, "admin_address")),
            credentials: Credentials::Bearer(text(&bootstrap, "bearer_token")),
        };
        let fleet = text(&ready, "fleet_address");
        Self { admin, fleet, join_token: text(&bootstrap, "join_token"), child }
    }

    /// As a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Makes an API with a MOCK method, its id.
    pub async fn api(&self) -> String {
        let api = self.admin.post("/restapis", &json!({"name": "pets"})).await;
        let text = |name: &str| api[name].as_str().unwrap().to_owned();
        let (id, root) = (text("id"), text("rootResourceId"));
        let method = format!("/restapis/{id}/resources/{root}/methods/GET");
        self.admin.put(&method, &json!({"authorizationType": "NONE"})).await;
        let mock = json!({
            "type": "MOCK", "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
        });
        self.admin.put(&format!("{method}/integration"), &mock).await;
        id
    }

    /// Changes the API, so that its next deployment is another one.
    pub async fn change(&self, api: &str, description: &str) {
        let operation = json!({"op": "replace", "path": "/description", "value": description});
        self.admin.patch(&format!("/restapis/{api}"), &json!([operation])).await;
    }

    /// Deploys the API; status and message.
    pub async fn deploy(&self, api: &str) -> Result<(u16, String), gw_testkit::http::Error> {
        let path = format!("/restapis/{api}/deployments");
        let call = self.admin.call(http::Method::POST, &path).json(&json!({"stageName": "prod"}));
        let answer = call.send().await?;
        Ok((answer.status, answer.text()))
    }

    /// A node of the fleet, as this replica tells it.
    pub async fn node(&self, name: &str) -> Value {
        let fleet = self.admin.get("/gatewright/v1/fleet").await;
        let nodes = fleet["nodes"].as_array().unwrap();
        nodes.iter().find(|node| node["nodeId"] == name).cloned().unwrap_or_default()
    }

    /// The revision that this replica has read.
    pub async fn revision(&self) -> Value {
        self.admin.get("/gatewright/v1/ready").await["revision"].clone()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // It may have been killed before.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn pem(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

async fn channel(address: &str, tls: ClientTlsConfig) -> Option<FleetClient<Channel>> {
    let endpoint = Channel::from_shared(format!("https://{address}")).unwrap();
    let endpoint = endpoint.tls_config(tls).unwrap().connect_timeout(Duration::from_secs(60));
    Some(FleetClient::new(endpoint.connect().await.ok()?))
}

/// Joins by the first of these replicas and goes around all of them.
pub async fn join(name: &str, by: &Replica, addresses: &[String]) -> Running {
    let ca = by.admin.call(http::Method::GET, "/gatewright/v1/ca").send().await.unwrap();
    let ca = Certificate::from_pem(ca.ok().body);
    let trust = ClientTlsConfig::new().ca_certificate(ca).domain_name("localhost");
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    let request = pb::JoinRequest {
        token_secret: by.join_token.splitn(3, '.').last().unwrap().to_owned(),
        node_name: name.to_owned(),
        certificate_request: params.serialize_request(&key).unwrap().der().to_vec().into(),
        labels: BTreeMap::new().into_iter().collect(),
        ..Default::default()
    };
    let mut client = channel(&by.fleet, trust.clone()).await.unwrap();
    let joined = client.join(request).await.unwrap().into_inner();
    let chain: String = joined.certificate_chain.iter().map(|der| pem(der)).collect();
    let tls = trust.identity(Identity::from_pem(chain, key.serialize_pem()));
    let addresses = addresses.to_vec();
    node::roam(name, move |attempt| {
        let address = addresses[attempt % addresses.len()].clone();
        let tls = tls.clone();
        async move { channel(&address, tls).await }
    })
}
