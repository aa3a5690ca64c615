//! Custom domains on real nodes: the certificate by server name, the API by
//! host and base path, through both nodes.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use gw_testkit::cluster::{Cluster, Options};
use gw_tests::{
    document, story,
    system::{Admin, PATIENCE, System as _},
};
use http::Method;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use serde_json::{Value, json};

/// An authority that only the test's client knows.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate for these names, with its key.
    fn issue(&self, names: &[&str]) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap();
        (made.pem(), key.serialize_pem())
    }
}

/// What a client saw.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    status: u16,
    body: String,
}

fn seen(status: u16, body: &str) -> Seen {
    Seen { status, body: body.to_owned() }
}

fn forbidden() -> Seen {
    seen(403, r#"{"message":"Forbidden"}"#)
}

/// As `curl --cacert CA --resolve NAME:PORT:ADDRESS https://NAME:PORT/PATH`;
/// an error is the handshake's.
async fn curl(node: SocketAddr, ca: &str, name: &str, path: &str) -> Result<Seen, String> {
    let (ca, name, path) = (ca.to_owned(), name.to_owned(), path.to_owned());
    let call = move || {
        let mut stream = connect(node, &ca, &name, &[b"http/1.1"])?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {name}:{}\r\nConnection: close\r\n\r\n",
            node.port()
        )
        .map_err(|error| error.to_string())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status = text.get(9..12).and_then(|digits| digits.parse().ok()).ok_or("no status")?;
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        Ok(Seen { status, body: body.unwrap_or_default() })
    };
    tokio::task::spawn_blocking(call).await.unwrap()
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn connect(node: SocketAddr, ca: &str, name: &str, alpn: &[&[u8]]) -> Result<Tls, String> {
    connect_by(rustls::DEFAULT_VERSIONS, node, ca, name, alpn)
}

/// The same with these versions of TLS only.
fn connect_by(
    versions: &[&'static rustls::SupportedProtocolVersion],
    node: SocketAddr,
    ca: &str,
    name: &str,
    alpn: &[&[u8]],
) -> Result<Tls, String> {
    let mut roots = RootCertStore::empty();
    for der in CertificateDer::pem_slice_iter(ca.as_bytes()) {
        roots.add(der.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let server = ServerName::try_from(name.to_owned()).unwrap();
    let session = ClientConnection::new(Arc::new(config), server).unwrap();
    let mut socket = TcpStream::connect(node).map_err(|error| error.to_string())?;
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut session = session;
    while session.is_handshaking() {
        session.complete_io(&mut socket).map_err(|error| error.to_string())?;
    }
    Ok(StreamOwned::new(session, socket))
}

/// Every node's answer, which is the same.
#[track_caller]
fn same(answers: Vec<Result<Seen, String>>) -> Result<Seen, String> {
    let mut answers = answers.into_iter();
    let first = answers.next().unwrap();
    for other in answers {
        assert_eq!(other, first, "the nodes differ");
    }
    first
}

async fn all(cluster: &Cluster, ca: &str, name: &str, path: &str) -> Result<Seen, String> {
    let mut answers = Vec::new();
    for node in &cluster.nodes {
        answers.push(curl(node.tls, ca, name, path).await);
    }
    same(answers)
}

/// An API whose stages `one` and `two` answer their names at `/`.
async fn two_stages(admin: &Admin) -> String {
    let api = story::import(admin, &document::mock("domains", "one")).await;
    story::deploy(admin, &api, "one", Value::Null).await.ok();
    story::overwrite(admin, &api, &document::mock("domains", "two")).await;
    story::deploy(admin, &api, "two", Value::Null).await.ok();
    api
}

async fn import(admin: &Admin, made: (String, String), arn: Option<&str>) -> String {
    let body = json!({"certificate": made.0, "privateKey": made.1, "certificateArn": arn});
    let answer = admin.post("/gatewright/v1/certificates", body.to_string()).await;
    answer.ok().text("certificateArn")
}

async fn regional(admin: &Admin, name: &str, arn: &str) {
    let body = json!({"domainName": name, "regionalCertificateArn": arn,
                      "endpointConfiguration": {"types": ["REGIONAL"]}});
    admin.post("/domainnames", body.to_string()).await.ok();
}

async fn map(admin: &Admin, domain: &str, api: &str, base: &str, stage: &str) {
    let body = json!({"restApiId": api, "basePath": base, "stage": stage});
    let path = format!("/domainnames/{domain}/basepathmappings");
    admin.post(&path, body.to_string()).await.ok();
}

async fn patch(admin: &Admin, path: &str, at: &str, value: &str) {
    let operation = json!({"op": "replace", "path": at, "value": value});
    let body = json!({ "patchOperations": [operation] }).to_string();
    admin.call(Method::PATCH, path, body).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_from_first_to_last() {
    let mut cluster = Cluster::start(Options::default()).await;
    let admin = cluster.client();
    let api = two_stages(&admin).await;
    let authority = Authority::new();
    let ca = authority.pem.clone();
    let (name, domain) = ("api.shop.test", "/domainnames/api.shop.test");
    let arn = import(&admin, authority.issue(&[name]), None).await;
    // Nobody has the name yet.
    assert!(all(&cluster, &ca, name, "/v1/").await.is_err());
    regional(&admin, name, &arn).await;
    assert_eq!(all(&cluster, &ca, name, "/v1/").await, Ok(forbidden()));
    map(&admin, name, &api, "v1", "one").await;
    assert_eq!(all(&cluster, &ca, name, "/v1/").await, Ok(seen(200, "one")));
    assert_eq!(all(&cluster, &ca, name, "/v1").await, Ok(seen(200, "one")));
    for path in ["/", "/v12/", "/one/"] {
        assert_eq!(all(&cluster, &ca, name, path).await, Ok(forbidden()), "{path}");
    }
    let missing = all(&cluster, &ca, name, "/v1/nothing").await.unwrap();
    assert_eq!(missing, seen(403, r#"{"message":"Missing Authentication Token"}"#));

    // Another stage, from the next request on.
    patch(&admin, &format!("{domain}/basepathmappings/v1"), "/stage", "two").await;
    assert_eq!(all(&cluster, &ca, name, "/v1/").await, Ok(seen(200, "two")));
    // Without a stage, callers name it.
    map(&admin, name, &api, "(none)", "(none)").await;
    assert_eq!(all(&cluster, &ca, name, "/one/").await, Ok(seen(200, "one")));
    assert_eq!(all(&cluster, &ca, name, "/nothing/").await, Ok(forbidden()));

    // A renewed certificate, without a restart.
    let renewed = Authority::new();
    import(&admin, renewed.issue(&["*.shop.test"]), Some(&arn)).await;
    assert_eq!(all(&cluster, &renewed.pem, name, "/v1/").await, Ok(seen(200, "two")));
    assert!(all(&cluster, &ca, name, "/v1/").await.is_err());

    // A node that starts from its disk alone serves it too.
    cluster.wait_current().await;
    cluster.on_disk().await;
    cluster.kill_control_plane();
    let node = &mut cluster.nodes[0];
    node.kill();
    node.start().await;
    let alone = curl(node.tls, &renewed.pem, name, "/v1/").await;
    assert_eq!(alone, Ok(seen(200, "two")));
    cluster.start_control_plane().await;
    cluster.wait_current().await;

    admin.call(Method::DELETE, domain, "").await.ok();
    assert!(all(&cluster, &renewed.pem, name, "/v1/").await.is_err());
    // The listener's own certificate is no way in either.
    let own = cluster.gwctl(&["ca"]).await;
    let own = String::from_utf8(own.stdout).unwrap();
    let host = format!("{api}.execute-api.localhost");
    assert_eq!(all(&cluster, &own, &host, "/one/").await, Ok(seen(200, "one")));
    for url in cluster.node_urls() {
        let call = gw_testkit::http::Call::get(&format!("{url}/v1/")).header("host", name);
        assert_eq!(call.send().await.unwrap().status, 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_arn_will_do_and_wildcards_stand_for_one_label() {
    let cluster = Cluster::start(Options::default()).await;
    let admin = cluster.client();
    let api = two_stages(&admin).await;
    let arn = "arn:aws:acm:us-east-1:123456789012:certificate/0f0f";
    regional(&admin, "*.shop.test", arn).await;
    regional(&admin, "special.shop.test", arn).await;
    map(&admin, "*.shop.test", &api, "(none)", "one").await;
    map(&admin, "special.shop.test", &api, "(none)", "two").await;
    let ca = String::from_utf8(cluster.gwctl(&["ca"]).await.stdout).unwrap();
    assert_eq!(ca.matches("BEGIN CERTIFICATE").count(), 2);
    assert_eq!(all(&cluster, &ca, "any.shop.test", "/").await, Ok(seen(200, "one")));
    assert_eq!(all(&cluster, &ca, "special.shop.test", "/").await, Ok(seen(200, "two")));
    assert!(all(&cluster, &ca, "a.b.shop.test", "/").await.is_err());
    // HTTP/2 before HTTP/1.1, where the client has both.
    let node = cluster.nodes[0].tls;
    let offered = move || {
        let stream = connect(node, &ca, "any.shop.test", &[b"h2", b"http/1.1"]).unwrap();
        stream.conn.alpn_protocol().map(<[u8]>::to_vec)
    };
    let chosen = tokio::task::spawn_blocking(offered).await.unwrap();
    assert_eq!(chosen.as_deref(), Some(&b"h2"[..]));

    // A policy without TLS 1.2, for this name only.
    let policy = "SecurityPolicy_TLS13_1_3_2025_09";
    patch(&admin, "/domainnames/special.shop.test", "/securityPolicy", policy).await;
    let ca = String::from_utf8(cluster.gwctl(&["ca"]).await.stdout).unwrap();
    let by_tls12 = |name: &'static str| {
        let ca = ca.clone();
        let old = move || connect_by(&[&rustls::version::TLS12], node, &ca, name, &[]).is_ok();
        tokio::task::spawn_blocking(old)
    };
    assert!(by_tls12("any.shop.test").await.unwrap());
    assert!(!by_tls12("special.shop.test").await.unwrap());

    // The real certificate of the ARN comes later.
    let authority = Authority::new();
    import(&admin, authority.issue(&["*.shop.test"]), Some(arn)).await;
    for name in ["any.shop.test", "special.shop.test"] {
        assert!(all(&cluster, &authority.pem, name, "/").await.is_ok(), "{name}");
    }
    let listed = cluster.gwctl(&["certificates", "list"]).await;
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains(arn) && listed.contains("special.shop.test"), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_endpoint_can_be_switched_off() {
    let options = Options {
        control_plane_args: vec!["--unknown-certificates".into(), "refuse".into()],
        ..Options::default()
    };
    let cluster = Cluster::start(options).await;
    let admin = cluster.client();
    let api = two_stages(&admin).await;
    let unknown = json!({"domainName": "api.shop.test",
                         "certificateArn": "arn:aws:acm:us-east-1:1:certificate/x"});
    let refused = admin.post("/domainnames", unknown.to_string()).await;
    assert_eq!(refused.status, 400, "{}", refused.body);

    let authority = Authority::new();
    let ca = authority.pem.clone();
    let (certificate, key) = authority.issue(&["api.shop.test"]);
    // A certificate that comes with the domain, as the older calls have it.
    let body = json!({"domainName": "api.shop.test", "certificateName": "mine",
                      "certificateBody": certificate, "certificatePrivateKey": key});
    admin.post("/domainnames", body.to_string()).await.ok();
    map(&admin, "api.shop.test", &api, "(none)", "two").await;
    patch(&admin, &format!("/restapis/{api}"), "/disableExecuteApiEndpoint", "true").await;
    story::deploy(&admin, &api, "two", Value::Null).await.ok();
    assert_eq!(all(&cluster, &ca, "api.shop.test", "/").await, Ok(seen(200, "two")));
    for url in cluster.node_urls() {
        let answer = story::body(&url, &story::path(&api, "two", "/")).await;
        assert_eq!(answer, r#"{"message":"Forbidden"}"#);
    }

    // What nodes cannot check, they do not serve.
    let domain = "/domainnames/api.shop.test";
    let operations = json!({"patchOperations": [
        {"op": "add", "path": "/endpointConfiguration/types", "value": "REGIONAL"},
        {"op": "add", "path": "/regionalCertificateArn",
         "value": import(&admin, authority.issue(&["api.shop.test"]), None).await}]});
    admin.call(Method::PATCH, domain, operations.to_string()).await.ok();
    let operations = json!({"patchOperations": [
        {"op": "remove", "path": "/endpointConfiguration/types", "value": "EDGE"},
        {"op": "add", "path": "/mutualTlsAuthentication/truststoreUri", "value": "s3://b/k"}]});
    assert_eq!(all(&cluster, &ca, "api.shop.test", "/").await, Ok(seen(200, "two")));
    admin.call(Method::PATCH, domain, operations.to_string()).await.ok();
    assert_eq!(all(&cluster, &ca, "api.shop.test", "/").await, Ok(forbidden()));
    patch(&admin, domain, "/mutualTlsAuthentication/truststoreUri", "").await;
    assert_eq!(all(&cluster, &ca, "api.shop.test", "/").await, Ok(seen(200, "two")));
    patch(&admin, domain, "/routingMode", "ROUTING_RULE_ONLY").await;
    assert_eq!(all(&cluster, &ca, "api.shop.test", "/").await, Ok(forbidden()));
}
