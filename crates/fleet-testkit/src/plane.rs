//! A control plane for tests: a real gRPC server with real mutual TLS, whose
//! words are the test's.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use gw_model::Digest;
use gw_ports::Lease;
use gw_proto::{
    self as pb, control_message, fleet_server, node_message, receipt::State as ReceiptState,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tokio_stream::{Stream, StreamExt as _, wrappers::UnboundedReceiverStream};
use tonic::{Request, Response, Status, Streaming, transport};

/// Longer than anything takes on a busy machine.
pub const LONG: Duration = Duration::from_secs(60);

/// A certificate authority.
pub struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pub der: Vec<u8>,
    pem: String,
}

impl Default for Ca {
    fn default() -> Self {
        Self::new()
    }
}

impl Ca {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "test fleet");
        let certificate = params.self_signed(&key).unwrap();
        let (der, pem) = (certificate.der().to_vec(), certificate.pem());
        Self { issuer: Issuer::new(params, key), der, pem }
    }

    pub fn token(&self) -> String {
        format!("gwj1.{}.the-secret", Digest::of(&self.der))
    }

    fn server(&self, names: &[SanType]) -> transport::Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = names.to_vec();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        transport::Identity::from_pem(certificate.pem() + &self.pem, key.serialize_pem())
    }

    fn sign(&self, request: &[u8], names: Vec<String>, life: Duration) -> Vec<u8> {
        let mut request = CertificateSigningRequestParams::from_der(&request.into()).unwrap();
        request.params = CertificateParams::new(names.clone()).unwrap();
        request.params.distinguished_name.push(DnType::CommonName, names[0].as_str());
        let now = time::OffsetDateTime::now_utc();
        request.params.not_before = now - Duration::from_secs(1);
        request.params.not_after = now + life;
        request.signed_by(&self.issuer).unwrap().der().to_vec()
    }
}

/// What the server remembers, over restarts too.
pub struct State {
    pub joins: Vec<pb::JoinRequest>,
    pub renewals: usize,
    /// Digest and offset of each fetch.
    pub fetches: Vec<(Digest, u64)>,
    pub contents: HashMap<Digest, Vec<u8>>,
    /// The names on traffic certificates; none makes none.
    pub traffic_names: Vec<String>,
    /// How long issued certificates live.
    pub life: Duration,
    /// Break each transfer's first attempt after this many bytes.
    pub break_after: Option<usize>,
}

/// The control plane.
pub struct Fleet {
    pub address: SocketAddr,
    pub ca: Arc<Ca>,
    pub state: Arc<Mutex<State>>,
    sessions: mpsc::UnboundedReceiver<Session>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
    /// The port stays its own while it is dead.
    lease: Lease,
}

struct Service {
    ca: Arc<Ca>,
    state: Arc<Mutex<State>>,
    sessions: mpsc::UnboundedSender<Session>,
}

/// One stream of a node.
pub struct Session {
    pub from_node: Streaming<pb::NodeMessage>,
    pub to_node: mpsc::UnboundedSender<Result<pb::ControlMessage, Status>>,
    pub has_certificate: bool,
    traffic_names: Vec<String>,
}

impl Fleet {
    pub async fn start() -> Self {
        let state = State {
            joins: Vec::new(),
            renewals: 0,
            fetches: Vec::new(),
            contents: HashMap::new(),
            traffic_names: Vec::new(),
            life: Duration::from_secs(3600),
            break_after: None,
        };
        let lease = Lease::any(Ipv4Addr::LOCALHOST.into()).unwrap();
        Self::start_with(lease, Arc::new(Ca::new()), Arc::new(Mutex::new(state))).await
    }

    async fn start_with(lease: Lease, ca: Arc<Ca>, state: Arc<Mutex<State>>) -> Self {
        let names = [SanType::IpAddress(Ipv4Addr::LOCALHOST.into())];
        Self::start_as(&names, lease, ca, state).await
    }

    /// A server that shows a certificate for these names.
    async fn start_as(
        names: &[SanType],
        lease: Lease,
        ca: Arc<Ca>,
        state: Arc<Mutex<State>>,
    ) -> Self {
        let address = lease.address();
        let listener = TcpListener::bind(address).await.unwrap();
        let (sessions, accepted) = mpsc::unbounded_channel();
        let service = Service { ca: Arc::clone(&ca), state: Arc::clone(&state), sessions };
        let tls = transport::ServerTlsConfig::new()
            .identity(ca.server(names))
            .client_ca_root(transport::Certificate::from_pem(&ca.pem))
            .client_auth_optional(true);
        let (stop, stopped) = oneshot::channel::<()>();
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        let serving = transport::Server::builder()
            .tls_config(tls)
            .unwrap()
            .add_service(fleet_server::FleetServer::new(service))
            .serve_with_incoming(incoming);
        let server = tokio::spawn(async move {
            tokio::select! { _ = serving => {}, _ = stopped => {} }
        });
        Self { address, ca, state, sessions: accepted, stop: Some(stop), server, lease }
    }

    /// Ends the server without a good-bye; streams end when their senders do.
    pub async fn kill(mut self) -> Dead {
        drop(self.stop.take());
        self.server.abort();
        let _ = (&mut self.server).await;
        Dead { ca: self.ca, state: self.state, lease: self.lease }
    }

    pub async fn accept(&mut self) -> Session {
        timeout(LONG, self.sessions.recv()).await.expect("a node connects").unwrap()
    }

    pub async fn accept_within(&mut self, time: Duration) -> Option<Session> {
        timeout(time, self.sessions.recv()).await.ok().flatten()
    }

    pub fn put(&self, content: &[u8]) -> Digest {
        let digest = Digest::of(content);
        self.state.lock().unwrap().contents.insert(digest, content.to_vec());
        digest
    }
}

/// A control plane that can come back.
pub struct Dead {
    pub ca: Arc<Ca>,
    pub state: Arc<Mutex<State>>,
    lease: Lease,
}

impl Dead {
    /// Somebody with a traffic certificate of the fleet takes its place.
    pub async fn impersonate(self) -> Fleet {
        let name = |name: &str| SanType::DnsName(name.try_into().unwrap());
        let names = [name("execute-api.localhost"), name("*.execute-api.localhost")];
        Fleet::start_as(&names, self.lease, self.ca, self.state).await
    }

    pub async fn revive(self) -> Fleet {
        Fleet::start_with(self.lease, self.ca, self.state).await
    }
}

impl Session {
    pub fn send(&self, body: control_message::Body) {
        self.to_node.send(Ok(pb::ControlMessage { body: Some(body) })).unwrap();
    }

    pub fn welcome(&self) {
        self.send(control_message::Body::Welcome(pb::Welcome {
            protocol_version: gw_proto::PROTOCOL_VERSION,
            slot: 7,
            replica: "test".to_owned(),
            heartbeat_ms: 200,
            traffic_names: self.traffic_names.clone(),
        }));
    }

    async fn next(&mut self) -> node_message::Body {
        let next = timeout(LONG, self.from_node.message()).await.expect("the node speaks");
        next.unwrap().expect("the stream goes on").body.unwrap()
    }

    /// The next message that `pick` takes; others are passed over.
    pub async fn until<T>(&mut self, pick: impl Fn(node_message::Body) -> Option<T>) -> T {
        loop {
            if let Some(found) = pick(self.next().await) {
                return found;
            }
        }
    }

    /// Reads the hello and welcomes the node.
    pub async fn hello(&mut self) -> pb::Hello {
        let node_message::Body::Hello(hello) = self.next().await else { panic!("a hello first") };
        self.welcome();
        hello
    }

    pub async fn ack(&mut self) -> pb::WorldAck {
        self.until(|body| match body {
            node_message::Body::WorldAck(ack) => Some(ack),
            _ => None,
        })
        .await
    }

    /// The next receipt for a stage.
    pub async fn receipt(&mut self, stage: &str) -> pb::Receipt {
        self.until(|body| match body {
            node_message::Body::Receipt(receipt) if receipt.stage == stage => Some(receipt),
            _ => None,
        })
        .await
    }

    /// Waits for the receipt of a stage's release; it has to say that state.
    pub async fn expect(&mut self, stage: &str, release: u64, state: ReceiptState) -> pb::Receipt {
        loop {
            // A new stream begins with what was said on the old one.
            let receipt = self.receipt(stage).await;
            if receipt.release == release {
                assert_eq!(receipt.state(), state, "{}", receipt.reason);
                return receipt;
            }
        }
    }
}

#[tonic::async_trait]
impl fleet_server::Fleet for Service {
    async fn join(
        &self,
        request: Request<pb::JoinRequest>,
    ) -> Result<Response<pb::JoinResponse>, Status> {
        let request = request.into_inner();
        let mut state = self.state.lock().unwrap();
        state.joins.push(request.clone());
        if request.token_secret != "the-secret" {
            return Err(Status::unauthenticated("unknown join token"));
        }
        let traffic = &request.traffic_certificate_request;
        Ok(Response::new(self.issue(&request.certificate_request, traffic, &state)))
    }

    async fn renew(
        &self,
        request: Request<pb::RenewRequest>,
    ) -> Result<Response<pb::JoinResponse>, Status> {
        if request.peer_certs().is_none() {
            return Err(Status::unauthenticated("no certificate"));
        }
        let request = request.into_inner();
        let mut state = self.state.lock().unwrap();
        state.renewals += 1;
        let traffic = &request.traffic_certificate_request;
        Ok(Response::new(self.issue(&request.certificate_request, traffic, &state)))
    }

    type SyncStream = UnboundedReceiverStream<Result<pb::ControlMessage, Status>>;

    async fn sync(
        &self,
        request: Request<Streaming<pb::NodeMessage>>,
    ) -> Result<Response<Self::SyncStream>, Status> {
        let has_certificate = request.peer_certs().is_some();
        let (to_node, messages) = mpsc::unbounded_channel();
        let from_node = request.into_inner();
        let traffic_names = self.state.lock().unwrap().traffic_names.clone();
        let session = Session { from_node, to_node, has_certificate, traffic_names };
        self.sessions.send(session).map_err(|_| Status::unavailable("shutting down"))?;
        Ok(Response::new(UnboundedReceiverStream::new(messages)))
    }

    type FetchStream = Pin<Box<dyn Stream<Item = Result<pb::Chunk, Status>> + Send>>;

    async fn fetch(
        &self,
        request: Request<pb::FetchRequest>,
    ) -> Result<Response<Self::FetchStream>, Status> {
        let request = request.into_inner();
        let digest = Digest::from_slice(&request.digest).unwrap();
        let mut state = self.state.lock().unwrap();
        state.fetches.push((digest, request.offset));
        let Some(content) = state.contents.get(&digest) else {
            return Err(Status::not_found("no such content"));
        };
        let rest = &content[usize::try_from(request.offset).unwrap()..];
        let total = content.len() as u64;
        let chunk = |data: &[u8]| Ok(pb::Chunk { total, data: data.to_vec().into() });
        let chunks: Vec<_> = match state.break_after {
            Some(bytes) if request.offset == 0 && bytes < rest.len() => {
                vec![chunk(&rest[..bytes]), Err(Status::unavailable("the line broke"))]
            }
            _ => rest.chunks(gw_proto::CHUNK_BYTES).map(chunk).collect(),
        };
        let stream: Self::FetchStream = Box::pin(tokio_stream::iter(chunks).map(|chunk| chunk));
        Ok(Response::new(stream))
    }
}

impl Service {
    fn issue(&self, request: &[u8], traffic: &[u8], state: &State) -> pb::JoinResponse {
        let leaf = self.ca.sign(request, vec!["node-1".to_owned()], state.life);
        let names = || Some(state.traffic_names.clone()).filter(|names| !names.is_empty());
        let traffic = names().map(|names| self.ca.sign(traffic, names, state.life));
        pb::JoinResponse {
            node_id: "node-1".to_owned(),
            certificate_chain: vec![leaf.into(), self.ca.der.clone().into()],
            ca_certificate: self.ca.der.clone().into(),
            traffic_certificate_chain: traffic.into_iter().map(Into::into).collect(),
        }
    }
}
