//! How backends are reached: shown a client certificate, through a VPC link.

use std::sync::Arc;

use gw_testkit::{
    cluster::{Cluster, Options},
    echo::Echo,
};
use gw_tests::{document, load, story, system::System as _};
use http::Method;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

const ARN: &str =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/orders/50dc6c495c0c9188";

/// The HTTPS backend's own certificate.
struct Served {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
    pem: String,
}

fn served() -> Served {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    Served {
        certificate: made.cert.der().clone(),
        key: made.signing_key.serialize_der(),
        pem: made.cert.pem(),
    }
}

/// A backend that talks to nobody but who shows this certificate; it answers
/// `known`. Returns its port.
async fn strict_backend(served: &Served, client_pem: &str) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(client_pem.as_bytes()).unwrap()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![served.certificate.clone()],
            PrivateKeyDer::try_from(served.key.clone()).unwrap(),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut tls) = acceptor.accept(stream).await else { return };
                let mut head = [0; 4096];
                while tls.read(&mut head).await.is_ok_and(|read| read > 0) {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nknown";
                    tls.write_all(answer).await.unwrap();
                }
            });
        }
    });
    port
}

/// An API whose `GET /` goes to `uri`; `more` adds members to the integration.
fn proxied(title: &str, uri: &str, more: Value) -> Value {
    let integration = json!({"type": "http_proxy", "httpMethod": "GET", "uri": uri});
    let integration = document::with(integration, more);
    document::api(title, &json!({"/": {"get": {"x-amazon-apigateway-integration": integration}}}))
}

async fn status(url: &str, path: &str) -> u16 {
    load::get(url, path).await.unwrap().status().as_u16()
}

fn replace(path: &str, value: &str) -> String {
    json!({"patchOperations": [{"op": "replace", "path": path, "value": value}]}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_wants_a_certificate_sees_the_stages() {
    let folder = tempfile::tempdir().unwrap();
    let served = served();
    let ca = folder.path().join("backend-ca.pem");
    std::fs::write(&ca, &served.pem).unwrap();
    let mut options = Options::default();
    options.node_args.extend(["--upstream-ca".to_owned(), ca.display().to_string()]);
    let mut cluster = Cluster::start(options).await;
    let admin = cluster.client();

    let certificate = admin.post("/clientcertificates", "{}").await.ok();
    let id = certificate.text("clientCertificateId");
    let other = admin.post("/clientcertificates", "{}").await.ok().text("clientCertificateId");
    let port = strict_backend(&served, &certificate.text("pemEncodedCertificate")).await;
    let document = proxied("bank", &format!("https://localhost:{port}/"), json!({}));
    let api = story::import(&admin, &document).await;
    for stage in ["with", "without", "other"] {
        story::deploy(&admin, &api, stage, Value::Null).await.ok();
    }
    let stage = |name: &str| format!("/restapis/{api}/stages/{name}");
    let name = async |at: &str, id: &str| {
        let body = replace("/clientCertificateId", id);
        admin.call(Method::PATCH, &stage(at), body).await.ok()
    };
    name("with", &id).await;
    name("other", &other).await;
    let path = |stage: &str| story::path(&api, stage, "/");
    for url in cluster.node_urls() {
        // Each after each, so that no connection could be lent from one to another.
        for _ in 0..3 {
            assert_eq!(status(&url, &path("with")).await, 200);
            assert_eq!(status(&url, &path("without")).await, 504);
            assert_eq!(status(&url, &path("other")).await, 504);
        }
    }
    story::every_node_answers(&cluster, &path("with"), "known").await;

    // The canary shows it too.
    let canary = json!({"canarySettings": {"percentTraffic": 100.0}});
    story::deploy(&admin, &api, "with", canary).await.ok();
    story::every_node_answers(&cluster, &path("with"), "known").await;
    let used = admin.call(Method::DELETE, &format!("/clientcertificates/{id}"), "").await;
    assert_eq!(used.status, 400, "{used:?}");

    // From disk alone.
    cluster.on_disk().await;
    cluster.kill_control_plane();
    for at in 0..cluster.nodes.len() {
        cluster.nodes[at].kill();
        cluster.nodes[at].start().await;
    }
    story::every_node_answers(&cluster, &path("with"), "known").await;
    for url in cluster.node_urls() {
        assert_eq!(status(&url, &path("without")).await, 504);
    }
    cluster.start_control_plane().await;
    cluster.wait_current().await;

    // Taken away, it is not shown any more, by kept connections neither.
    name("with", "").await;
    for url in cluster.node_urls() {
        assert_eq!(status(&url, &path("with")).await, 504);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vpc_link_leads_to_its_target() {
    let (blue, green) = (Echo::start("blue"), Echo::start("green"));
    let mut cluster = Cluster::start(Options::default()).await;
    let admin = cluster.client();
    let body = json!({"name": "orders", "targetArns": [ARN]}).to_string();
    let link = admin.post("/vpclinks", body).await.ok().text("id");
    let uri = "http://orders.internal:8088/base?x=1";
    let through = |id: &str| json!({"connectionType": "VPC_LINK", "connectionId": id});
    let fixed = story::import(&admin, &proxied("fixed", uri, through(&link))).await;
    let variable = proxied("variable", uri, through("${stageVariables.link}"));
    let variable = story::import(&admin, &variable).await;
    story::deploy(&admin, &fixed, "prod", Value::Null).await.ok();
    let variables = json!({"variables": {"link": link}});
    story::deploy(&admin, &variable, "prod", variables).await.ok();
    let paths = [story::path(&fixed, "prod", "/"), story::path(&variable, "prod", "/")];
    let refused = r#"{"message": "Internal server error"}"#;
    // Nobody knows the load balancer yet.
    for path in &paths {
        story::every_node_answers(&cluster, path, refused).await;
    }

    let set = |to: &Echo| to.address().to_string();
    let out = cluster.gwctl(&["vpc-targets", "set", "orders", &set(&blue)]).await;
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let available = admin.get(&format!("/vpclinks/{link}")).await.ok();
    assert_eq!(available.json["status"], "AVAILABLE");
    reaches(&cluster, &paths, "blue").await;

    // Another address, in a moment and on all nodes.
    let out = cluster.gwctl(&["vpc-targets", "set", ARN, &set(&green)]).await;
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    reaches(&cluster, &paths, "green").await;
    let used = admin.call(Method::DELETE, &format!("/vpclinks/{link}"), "").await;
    assert!(used.body.contains(&format!("{fixed}:GET:")), "{used:?}");

    // From disk alone.
    cluster.on_disk().await;
    cluster.kill_control_plane();
    for at in 0..cluster.nodes.len() {
        cluster.nodes[at].kill();
        cluster.nodes[at].start().await;
    }
    reaches(&cluster, &paths, "green").await;
    cluster.start_control_plane().await;
    cluster.wait_current().await;

    // A link that there is not is AWS's 500.
    let stage = format!("/restapis/{variable}/stages/prod");
    admin.call(Method::PATCH, &stage, replace("/variables/link", "nosuch")).await.ok();
    story::every_node_answers(&cluster, &paths[1], refused).await;
    reaches(&cluster, &paths[..1], "green").await;
    for target in [ARN, "orders"] {
        let out = cluster.gwctl(&["vpc-targets", "delete", target]).await;
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    story::every_node_answers(&cluster, &paths[0], refused).await;
}

/// Every node reaches this backend, under the name that the URI says.
async fn reaches(cluster: &Cluster, paths: &[String], backend: &str) {
    for url in cluster.node_urls() {
        for path in paths {
            let told = story::body(&url, path).await;
            let told: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told}"));
            assert_eq!(told["backend"], backend, "{url}{path}");
            assert_eq!((&told["path"], &told["query"]), (&json!("/base"), &json!("x=1")));
            let host = json!(["host", "orders.internal:8088"]);
            let headers = told["headers"].as_array().unwrap();
            let is_host = |h: &&Value| h[0].as_str().unwrap().eq_ignore_ascii_case("host");
            let hosts: Vec<_> = headers.iter().filter(is_host).map(|h| h[1].clone()).collect();
            assert_eq!(hosts, [host[1].clone()]);
        }
    }
}
