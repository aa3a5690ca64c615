//! TLS: names, protocols, reload, and clients that do not finish.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use common::{Front, GET, LONG, read_all};
use gw_listen::{
    CertificateStore, Certificates, Limits, NamedCertificates, Settings, certified_key,
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName},
    sign::CertifiedKey,
};

struct Made {
    key: Arc<CertifiedKey>,
    cert: CertificateDer<'static>,
}

fn make(names: &[&str]) -> Made {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = made.signing_key.serialize_pem();
    Made {
        key: certified_key(made.cert.pem().as_bytes(), key.as_bytes()).unwrap(),
        cert: made.cert.der().clone(),
    }
}

fn front(certificates: Certificates, limits: Limits) -> (Front, Arc<CertificateStore>) {
    let store = Arc::new(CertificateStore::new(certificates));
    let front = Front::with(Settings {
        cores: 1,
        tls: vec!["127.0.0.1:0".parse().unwrap()],
        certificates: Arc::clone(&store),
        limits,
        ..Settings::default()
    });
    (front, store)
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// A finished handshake with exactly this certificate, or the reason why not.
fn handshake(
    front: &Front,
    made: &Made,
    name: &str,
    alpn: &[&str],
) -> Result<Stream, std::io::Error> {
    handshake_by(rustls::DEFAULT_VERSIONS, front, made, name, alpn)
}

/// The same with these versions of TLS only.
fn handshake_by(
    versions: &[&'static rustls::SupportedProtocolVersion],
    front: &Front,
    made: &Made,
    name: &str,
    alpn: &[&str],
) -> Result<Stream, std::io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|p| p.as_bytes().to_vec()).collect();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(front.workers.tls_addresses()[0])?;
    stream.set_read_timeout(Some(LONG))?;
    let mut stream = StreamOwned::new(session, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

fn get(stream: &mut Stream) -> String {
    stream.write_all(GET.as_bytes()).unwrap();
    let mut got = vec![0; 4096];
    let n = stream.read(&mut got).unwrap();
    String::from_utf8_lossy(&got[..n]).into_owned()
}

#[test]
fn certificates_by_name() {
    let default = make(&["default.example"]);
    let one = make(&["one.example", "*.wild.example"]);
    let certificates = Certificates::new()
        .with_default(Arc::clone(&default.key))
        .with_own_names(&one.key)
        .unwrap();
    let (front, _) = front(certificates, Limits::default());
    for (made, name, fits) in [
        (&default, "default.example", true),
        (&one, "one.example", true),
        (&one, "ONE.example", true),
        (&one, "a.wild.example", true),
        (&one, "a.b.wild.example", false),
        (&one, "two.example", false),
    ] {
        assert_eq!(handshake(&front, made, name, &[]).is_ok(), fits, "{name}");
    }
    let mut stream = handshake(&front, &one, "one.example", &["http/1.1"]).unwrap();
    assert!(get(&mut stream).contains("tls=true sni=one.example"));
}

#[test]
fn protocols() {
    let made = make(&["a"]);
    let (front, _) =
        front(Certificates::new().with_default(Arc::clone(&made.key)), Limits::default());
    for (offered, taken) in [
        (&["h2", "http/1.1"][..], Some("h2")),
        (&["http/1.1"][..], Some("http/1.1")),
        (&[][..], None),
    ] {
        let mut stream = handshake(&front, &made, "a", offered).unwrap();
        assert_eq!(stream.conn.alpn_protocol(), taken.map(str::as_bytes), "{offered:?}");
        if taken == Some("h2") {
            stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
            let mut frame = [0; 9];
            stream.read_exact(&mut frame).unwrap();
            assert_eq!(frame[3], 4, "the first frame is SETTINGS");
        } else {
            assert!(get(&mut stream).contains("200 OK"));
        }
    }
    // A protocol that we do not speak.
    assert!(handshake(&front, &made, "a", &["spdy/3"]).is_err());
}

/// One certificate under its name, which asks for TLS 1.3.
struct Strict(Arc<CertifiedKey>);

impl NamedCertificates for Strict {
    fn find(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        (name == "strict.example").then(|| Arc::clone(&self.0))
    }

    fn is_tls13_only(&self, name: &str) -> bool {
        name == "strict.example"
    }
}

#[test]
fn named_certificates_go_before_the_listeners_own() {
    let (own, strict) = (make(&["strict.example", "own.example"]), make(&["strict.example"]));
    let certificates = Certificates::new().with_own_names(&own.key).unwrap();
    let (front, store) = front(certificates, Limits::default());
    let (tls12, tls13) = (&[&rustls::version::TLS12], &[&rustls::version::TLS13]);
    assert!(handshake_by(tls12, &front, &own, "strict.example", &[]).is_ok());
    store.set_named(Box::new(Strict(Arc::clone(&strict.key))));
    for (versions, made, name, fits) in [
        (tls13, &strict, "strict.example", true),
        (tls12, &strict, "strict.example", false),
        (tls13, &own, "strict.example", false),
        (tls12, &own, "own.example", true),
        (tls13, &own, "own.example", true),
    ] {
        let done = handshake_by(versions, &front, made, name, &[]);
        assert_eq!(done.is_ok(), fits, "{versions:?} {name}");
    }
}

#[test]
fn certificates_change_under_open_connections() {
    let (old, new) = (make(&["a"]), make(&["a"]));
    let (front, store) =
        front(Certificates::new().with_default(Arc::clone(&old.key)), Limits::default());
    let mut open = handshake(&front, &old, "a", &[]).unwrap();
    assert!(get(&mut open).contains("200 OK"));
    store.replace(Certificates::new().with_default(Arc::clone(&new.key)));
    assert!(handshake(&front, &old, "a", &[]).is_err());
    assert!(get(&mut handshake(&front, &new, "a", &[]).unwrap()).contains("200 OK"));
    assert!(get(&mut open).contains("200 OK"), "the open connection goes on");
}

#[test]
fn a_handshake_that_never_ends_is_cut() {
    let made = make(&["a"]);
    let limits = Limits { handshake_timeout: Duration::from_millis(200), ..Limits::default() };
    let (front, _) = front(Certificates::new().with_default(Arc::clone(&made.key)), limits);
    let mut stream = TcpStream::connect(front.workers.tls_addresses()[0]).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(b"\x16\x03\x01").unwrap();
    assert_eq!(read_all(&mut stream), "");
    front.wait_open(0);
    assert_eq!(front.workers.stats()[0].handshakes_failed.get(), 1);
}

#[test]
fn handshakes_at_once_are_limited() {
    let made = make(&["a"]);
    let limits = Limits { max_handshakes: 1, handshake_timeout: LONG, ..Limits::default() };
    let (front, _) = front(Certificates::new().with_default(Arc::clone(&made.key)), limits);
    let mut blocker = TcpStream::connect(front.workers.tls_addresses()[0]).unwrap();
    blocker.write_all(b"\x16\x03\x01").unwrap();
    front.wait_open(1);
    std::thread::scope(|scope| {
        let next = scope.spawn(|| handshake(&front, &made, "a", &[]).unwrap());
        std::thread::sleep(Duration::from_millis(150));
        assert!(!next.is_finished(), "two at once");
        // It gets its turn when the blocker has gone.
        drop(blocker);
        assert!(get(&mut next.join().unwrap()).contains("200 OK"));
    });
}

#[test]
fn keys_that_do_not_fit_are_refused() {
    let one = rcgen::generate_simple_self_signed(vec!["a".to_owned()]).unwrap();
    let two = rcgen::generate_simple_self_signed(vec!["a".to_owned()]).unwrap();
    let wrong = two.signing_key.serialize_pem();
    assert!(certified_key(one.cert.pem().as_bytes(), wrong.as_bytes()).is_err());
    assert!(certified_key(b"", wrong.as_bytes()).is_err());
    assert!(certified_key(one.cert.pem().as_bytes(), b"nothing").is_err());
}
