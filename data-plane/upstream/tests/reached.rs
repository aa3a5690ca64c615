//! Origins that are reached in another way than by their own address, or that
//! want to see a certificate.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{cell::Cell, collections::BTreeSet, net::Ipv4Addr, rc::Rc, sync::Arc};

use common::run;
use gw_ports::Lease;
use gw_upstream::{
    Body, Client, Config, Error, Identity, Scheme, Target, Timeouts, TlsOptions, Via,
};
use http::Request;
use http_body_util::BodyExt as _;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::{RootCertStore, pki_types::CertificateDer, server::WebPkiClientVerifier};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// As client certificates are made: signed by their own key, no extensions.
fn certificate() -> (CertificateDer<'static>, Identity) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "ApiGateway");
    let certificate = params.self_signed(&key).unwrap();
    let identity = Identity::new(certificate.der(), &key.serialize_der()).unwrap();
    (certificate.der().clone(), identity)
}

/// An HTTPS origin for `localhost` that answers with the certificate that it
/// was shown, in hexadecimal, and counts connections. With `trusted`, it takes
/// in nobody else.
async fn origin(
    trusted: Vec<CertificateDer<'static>>,
) -> (u16, CertificateDer<'static>, Rc<Cell<u32>>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let own = made.cert.der().clone();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    trusted.into_iter().for_each(|trusted| roots.add(trusted).unwrap());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![own.clone()], made.signing_key.serialize_der().try_into().unwrap())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let opened = Rc::new(Cell::new(0));
    let count = Rc::clone(&opened);
    tokio::task::spawn_local(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.set(count.get() + 1);
            let acceptor = acceptor.clone();
            tokio::task::spawn_local(async move {
                let Ok(mut tls) = acceptor.accept(stream).await else { return };
                let shown = tls.get_ref().1.peer_certificates().unwrap()[0].to_vec();
                let body: String = shown.iter().rev().take(8).map(|b| format!("{b:02x}")).collect();
                let mut head = [0; 2048];
                while tls.read(&mut head).await.is_ok_and(|n| n > 0) {
                    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{body}");
                    tls.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    (port, own, opened)
}

fn print(certificate: &CertificateDer<'_>) -> String {
    certificate.iter().rev().take(8).map(|b| format!("{b:02x}")).collect()
}

async fn text(client: &Client, target: &Target) -> Result<String, Error> {
    let request = Request::builder().uri("/").body(Body::empty()).unwrap();
    let response = client.send(target, request, &Timeouts::default()).await?;
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

#[test]
fn each_certificate_has_connections_of_its_own() {
    run(async {
        let ((one_der, one), (two_der, two), (_, other)) =
            (certificate(), certificate(), certificate());
        let (port, ca, opened) = origin(vec![one_der.clone(), two_der.clone()]).await;
        let client = Client::new(&Config { extra_roots: vec![ca], ..Config::default() }).unwrap();
        let bare =
            Target::new(Scheme::Https, "localhost", Some(port), TlsOptions::default()).unwrap();
        let (by_one, by_two) = (bare.reached(Some(&one), None), bare.reached(Some(&two), None));
        for _ in 0..3 {
            assert_eq!(text(&client, &by_one).await.unwrap(), print(&one_der));
            assert_eq!(text(&client, &by_two).await.unwrap(), print(&two_der));
        }
        assert_eq!(opened.get(), 2, "kept, and kept apart");
        assert!(text(&client, &bare).await.is_err(), "nobody without a certificate");
        assert!(text(&client, &bare.reached(Some(&other), None)).await.is_err(), "no other one");
        // Unverified origins are shown it too, over connections of their own.
        let tls = TlsOptions { insecure_skip_verification: true };
        let careless = Target::new(Scheme::Https, "localhost", Some(port), tls).unwrap();
        let careless = careless.reached(Some(&one), None);
        assert_eq!(text(&client, &careless).await.unwrap(), print(&one_der));
        assert_eq!((client.idle_count(&bare), client.idle_count(&by_one)), (0, 1));
    });
}

#[test]
fn a_certificate_of_another_key_is_no_identity() {
    let (certificate, _) = certificate();
    let key = KeyPair::generate().unwrap().serialize_der();
    assert!(Identity::new(&certificate, &key).is_err());
    assert!(Identity::new(&certificate, b"nonsense").is_err());
}

/// An origin in clear that answers with the `Host` that it was asked for.
async fn told() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::task::spawn_local(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::task::spawn_local(async move {
                let mut buffer = [0; 2048];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    let head = String::from_utf8_lossy(&buffer[..read]).into_owned();
                    let host = head.lines().find_map(|line| line.strip_prefix("host: "));
                    let body = format!("{port} {}", host.unwrap_or_default());
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
                }
            });
        }
    });
    port
}

#[test]
fn a_way_gives_the_address_and_the_origin_its_name() {
    run(async {
        let (first, second) = (told().await, told().await);
        let client = Client::new(&Config::default()).unwrap();
        // No resolver knows this name, and none is asked.
        let named = Target::new(Scheme::Http, "nlb.invalid", Some(first), TlsOptions::default());
        let named = named.unwrap();
        let via = Via::new([("127.0.0.1", None)]).unwrap();
        let through = named.reached(None, Some(&via));
        let expected = format!("{first} nlb.invalid:{first}");
        assert_eq!(text(&client, &through).await.unwrap(), expected, "the origin's port");
        let via = Via::new([("127.0.0.1", Some(second))]).unwrap();
        let through = named.reached(None, Some(&via));
        assert_eq!(text(&client, &through).await.unwrap(), format!("{second} nlb.invalid:{first}"));

        // In turn, around what is not there.
        let lease = Lease::any(Ipv4Addr::LOCALHOST.into()).unwrap();
        let closed = lease.port();
        let via = Via::new([
            ("127.0.0.1", Some(first)),
            ("127.0.0.1", Some(closed)),
            ("127.0.0.1", Some(second)),
            ("gone.invalid", None),
        ]);
        let through = named.reached(None, Some(&via.unwrap()));
        let mut seen = BTreeSet::new();
        // Where a client begins is drawn: 60 miss one of the two once in 10^18 runs.
        for _ in 0..60 {
            let client = Client::new(&Config::default()).unwrap();
            seen.insert(text(&client, &through).await.unwrap());
        }
        assert_eq!(seen.len(), 2, "{seen:?}");
        let networks = gw_upstream::Networks {
            deny: vec!["127.0.0.1".parse().unwrap()],
            ..Default::default()
        };
        let guarded = Config { networks: Arc::new(networks), ..Config::default() };
        let refused = text(&Client::new(&guarded).unwrap(), &through).await.unwrap_err();
        assert!(matches!(refused, Error::Denied(_)), "the rules hold on every way: {refused:?}");
    });
}
