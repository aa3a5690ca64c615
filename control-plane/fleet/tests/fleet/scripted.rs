//! A fleet on a loopback port, and nodes that say what a test wants.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use gw_fleet::{Ca, CaMaterial, Hub, Options, serve};
use gw_fleet_core::rollout::Timing;
use gw_proto::{
    self as pb, PROTOCOL_VERSION, control_message::Body, fleet_client::FleetClient, node_message,
    receipt::State,
};
use time::OffsetDateTime;
use tokio::{net::TcpListener, sync::mpsc};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{
    Code, Status, Streaming,
    transport::{Certificate, Channel, ClientTlsConfig, Identity},
};

use crate::memory::Memory;

pub struct Fleet {
    pub memory: Arc<Memory>,
    pub hub: Arc<Hub>,
    ca: Arc<Ca>,
    address: SocketAddr,
}

impl Fleet {
    /// One whose rollouts wait for nodes for longer than a machine stalls.
    pub async fn start() -> Self {
        Self::with_patience(60_000).await
    }

    /// One whose rollouts go on without nodes that are silent for so long.
    pub async fn with_patience(ms: u64) -> Self {
        let timing = Timing { prepare_ms: ms, serve_ms: ms, retry_ms: 50 };
        let memory = Memory::new();
        let options = Options { timing, replica: "r1".to_owned(), ..Options::default() };
        let hub = Hub::start(options, memory.clone());
        let now = OffsetDateTime::now_utc();
        let ca = Arc::new(Ca::open(&CaMaterial::generate(now).unwrap()).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = serve(hub.clone(), ca.clone(), listener, &[], std::future::pending());
        tokio::spawn(async move { serving.await.unwrap() });
        Self { memory, hub, ca, address }
    }

    pub async fn client(&self, identity: Option<Identity>) -> FleetClient<Channel> {
        let mut tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(self.ca.certificate_pem()))
            .domain_name("localhost");
        if let Some(identity) = identity {
            tls = tls.identity(identity);
        }
        let endpoint = Channel::from_shared(format!("https://{}", self.address)).unwrap();
        FleetClient::new(endpoint.tls_config(tls).unwrap().connect().await.unwrap())
    }

    /// Joins a node and gives its identity.
    pub async fn join(&self, name: &str, token: &str) -> Result<Identity, Status> {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        let request = pb::JoinRequest {
            token_secret: token.to_owned(),
            node_name: name.to_owned(),
            certificate_request: params.serialize_request(&key).unwrap().der().to_vec().into(),
            ..Default::default()
        };
        let joined = self.client(None).await.join(request).await?.into_inner();
        let pem = |der: &[u8]| {
            use base64::Engine as _;
            let text = base64::engine::general_purpose::STANDARD.encode(der);
            format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
        };
        let chain: String = joined.certificate_chain.iter().map(|der| pem(der)).collect();
        Ok(Identity::from_pem(chain, key.serialize_pem()))
    }

    /// A node that has joined and is connected, with nothing held.
    pub async fn node(&self, name: &str) -> Node {
        let identity = self.join(name, "secret").await.unwrap();
        self.connect(name, &identity, hello(name)).await.unwrap()
    }

    pub async fn connect(
        &self,
        name: &str,
        identity: &Identity,
        hello: pb::Hello,
    ) -> Result<Node, Status> {
        let mut client = self.client(Some(identity.clone())).await;
        let (say, said) = mpsc::unbounded_channel();
        let hello = pb::NodeMessage { body: Some(node_message::Body::Hello(hello)) };
        say.send(hello).unwrap();
        let heard = client.sync(UnboundedReceiverStream::new(said)).await?.into_inner();
        let mut node =
            Node { name: name.to_owned(), identity: identity.clone(), client, say, heard };
        match node.hear().await? {
            Body::Welcome(welcome) => {
                assert_eq!(welcome.replica, "r1");
                assert_eq!(welcome.traffic_names.len(), 2, "{:?}", welcome.traffic_names);
            }
            other => panic!("expected a welcome, not {other:?}"),
        }
        Ok(node)
    }
}

pub fn hello(name: &str) -> pb::Hello {
    pb::Hello {
        protocol_version: PROTOCOL_VERSION,
        node_id: name.to_owned(),
        boot_epoch: 5,
        ..Default::default()
    }
}

pub struct Node {
    pub name: String,
    pub identity: Identity,
    pub client: FleetClient<Channel>,
    say: mpsc::UnboundedSender<pb::NodeMessage>,
    heard: Streaming<pb::ControlMessage>,
}

impl Node {
    pub fn say(&self, body: node_message::Body) {
        self.say.send(pb::NodeMessage { body: Some(body) }).unwrap();
    }

    pub async fn hear(&mut self) -> Result<Body, Status> {
        let message = tokio::time::timeout(Duration::from_secs(60), self.heard.message());
        let message = message.await.expect("the control plane says something")?;
        message.and_then(|message| message.body).ok_or_else(|| Status::new(Code::Ok, "the end"))
    }

    /// The next delta, acknowledged as taken.
    pub async fn take_delta(&mut self) -> pb::Delta {
        let delta = self.delta().await;
        self.ack(&delta, true);
        delta
    }

    pub async fn delta(&mut self) -> pb::Delta {
        match self.hear().await.unwrap() {
            Body::Delta(delta) => delta,
            other => panic!("{} expected a delta, not {other:?}", self.name),
        }
    }

    /// Deltas until one leads to something new for a stage.
    pub async fn take_release(&mut self) -> gw_model::Release {
        loop {
            let delta = self.take_delta().await;
            if let Some(resource) = delta.upserts.first() {
                return serde_json::from_slice(&resource.content).unwrap();
            }
        }
    }

    pub fn ack(&self, delta: &pb::Delta, accepted: bool) {
        self.say(node_message::Body::WorldAck(pb::WorldAck {
            revision: if accepted { delta.to } else { None },
            accepted,
            root_digest: delta.root_digest.clone(),
        }));
    }

    /// The next thing heard must be a Prepare; empty deltas are taken.
    pub async fn prepare(&mut self) -> pb::Prepare {
        loop {
            match self.hear().await.unwrap() {
                Body::Prepare(prepare) => return prepare,
                Body::Delta(delta) if delta.upserts.is_empty() => self.ack(&delta, true),
                other => panic!("{} expected a prepare, not {other:?}", self.name),
            }
        }
    }

    pub fn receipt(&self, stage: &str, release: u64, state: State) {
        let digest = crate::digest_of(release);
        self.say(node_message::Body::Receipt(pb::Receipt {
            stage: stage.to_owned(),
            release,
            state: state.into(),
            reason: if state == State::Rejected { "too large".to_owned() } else { String::new() },
            held: vec![digest.as_bytes().to_vec().into()],
            ..Default::default()
        }));
    }
}
