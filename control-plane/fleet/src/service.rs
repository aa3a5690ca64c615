//! The `Fleet` service: reads what nodes send, checks who they are, and hands
//! it to the hub.

use std::{pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use gw_fleet_core::replica::SessionId;
use gw_model::{NodeId, ResourceName};
use gw_proto::{
    self as pb, CHUNK_BYTES, InvalidMessage, PROTOCOL_VERSION, control_message, convert,
    node_message::Body,
};
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use tracing::{info, warn};

use crate::{
    backing::{BackingError, NodeFacts},
    ca::{Ca, CaError, TrafficNames, node_of},
    convert as own,
    hub::{Hub, Outgoing},
    tasks::timed,
};

/// How long a stream may stay silent before its hello.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a welcome waits for the database; the node is registered later if
/// it is slower.
const REGISTER_TIMEOUT: Duration = Duration::from_millis(500);

type Issued = Result<pb::JoinResponse, Status>;
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The service over one hub.
pub(crate) struct Service {
    hub: Arc<Hub>,
    ca: Arc<Ca>,
    traffic: TrafficNames,
}

impl Service {
    pub(crate) fn new(hub: Arc<Hub>, ca: Arc<Ca>, traffic: TrafficNames) -> Self {
        Self { hub, ca, traffic }
    }

    /// Signs what a node asks for: its identity, and what it shows to clients.
    fn issue(&self, identity: &[u8], traffic: &[u8], node: &NodeId) -> Issued {
        let now = OffsetDateTime::now_utc();
        let chain = self.ca.sign_node(identity, node.as_str(), now).map_err(status_of_ca)?;
        let traffic_chain = match traffic {
            [] => Vec::new(),
            request => self.ca.sign_traffic(request, &self.traffic, now).map_err(status_of_ca)?,
        };
        Ok(pb::JoinResponse {
            node_id: node.to_string(),
            certificate_chain: chain.into_iter().map(Into::into).collect(),
            ca_certificate: self.ca.certificate_der().to_vec().into(),
            traffic_certificate_chain: traffic_chain.into_iter().map(Into::into).collect(),
        })
    }

    /// Notes in the database that a node is here; its slot, and whether the
    /// database knows.
    async fn register(&self, facts: &NodeFacts) -> Result<(u32, bool), Status> {
        let connected = self.hub.backing().node_connected(facts);
        match tokio::time::timeout(REGISTER_TIMEOUT, connected).await {
            Ok(Ok(Some(slot))) => Ok((slot, true)),
            Ok(Ok(None)) => Err(Status::permission_denied("the node is not of this fleet")),
            // Nodes sync from memory while the database is gone.
            Ok(Err(_)) | Err(_) => Ok((self.remembered_slot(&facts.node).unwrap_or(0), false)),
        }
    }

    fn remembered_slot(&self, node: &NodeId) -> Option<u32> {
        let content = self.hub.resource(&ResourceName::Node(node.clone()))?;
        let facts: serde_json::Value = serde_json::from_slice(&content).ok()?;
        facts.get("slot")?.as_u64()?.try_into().ok()
    }
}

#[tonic::async_trait]
impl pb::fleet_server::Fleet for Service {
    type SyncStream = Answers<pb::ControlMessage>;
    type FetchStream = Answers<pb::Chunk>;

    async fn join(
        &self,
        request: Request<pb::JoinRequest>,
    ) -> Result<Response<pb::JoinResponse>, Status> {
        let request = request.into_inner();
        if !request.node_name.is_empty() && !is_node_name(&request.node_name) {
            return Err(Status::invalid_argument(
                "a node's name has 1 to 63 letters, digits, dots, dashes and underscores",
            ));
        }
        // A token is used up only for a request that can be signed.
        let (identity, traffic) =
            (&request.certificate_request, &request.traffic_certificate_request);
        self.issue(identity, traffic, &NodeId::new("check"))?;
        let labels = request.labels.into_iter().collect();
        let joined = self.hub.backing().join(&request.token_secret, &request.node_name, labels);
        let node = timed(joined).await.map_err(|error| status_of(&error))?;
        info!(node.id = %node, "node joined");
        self.issue(identity, traffic, &node).map(Response::new)
    }

    async fn renew(
        &self,
        request: Request<pb::RenewRequest>,
    ) -> Result<Response<pb::JoinResponse>, Status> {
        let node = caller(&request)?;
        // The certificate says that it was of the fleet, a year ago perhaps.
        match timed(self.hub.backing().node_known(&node)).await {
            Ok(true) => {}
            Ok(false) => return Err(Status::permission_denied("the node is not of this fleet")),
            Err(error) => return Err(status_of(&error)),
        }
        let request = request.into_inner();
        let (identity, traffic) =
            (&request.certificate_request, &request.traffic_certificate_request);
        self.issue(identity, traffic, &node).map(Response::new)
    }

    async fn sync(
        &self,
        request: Request<Streaming<pb::NodeMessage>>,
    ) -> Result<Response<Self::SyncStream>, Status> {
        let node = caller(&request)?;
        let mut messages = request.into_inner();
        let first = tokio::time::timeout(HELLO_TIMEOUT, messages.message()).await;
        let first = first.map_err(|_| Status::deadline_exceeded("no hello in time"))??;
        let Some(Body::Hello(hello)) = first.and_then(|message| message.body) else {
            return Err(Status::invalid_argument("the first message must be a hello"));
        };
        check_hello(&hello, &node)?;
        let core = own::hello(&hello).map_err(invalid)?;
        let facts = NodeFacts {
            node,
            boot_epoch: hello.boot_epoch,
            build: hello.build,
            traffic_address: hello.traffic_address,
            metrics_address: hello.metrics_address,
        };
        let (slot, registered) = self.register(&facts).await?;

        let options = self.hub.options();
        let welcome = pb::Welcome {
            protocol_version: PROTOCOL_VERSION,
            slot,
            replica: options.replica.clone(),
            heartbeat_ms: options.heartbeat_ms,
            traffic_names: self.traffic.iter().map(str::to_owned).collect(),
        };
        let welcome = control_message::Body::Welcome(welcome);
        let welcome = Ok(pb::ControlMessage { body: Some(welcome) });

        let (out, outgoing) = mpsc::unbounded_channel();
        info!(node.id = %facts.node, node.build = %facts.build, "node connected");
        let (session, ended) = self.hub.open(facts, core, registered, out);
        tokio::spawn(read(Arc::clone(&self.hub), session, messages, ended));
        let outgoing = UnboundedReceiverStream::new(outgoing).map(outbound);
        Ok(Response::new(Box::pin(stream::iter([welcome]).chain(outgoing))))
    }

    async fn fetch(
        &self,
        request: Request<pb::FetchRequest>,
    ) -> Result<Response<Self::FetchStream>, Status> {
        caller(&request)?;
        let request = request.into_inner();
        let digest = convert::digest("digest", &request.digest).map_err(invalid)?;
        let content = self.hub.content(digest).await.map_err(|error| status_of(&error))?;
        let content = content.ok_or_else(|| Status::not_found("no deployment of that digest"))?;
        let content = Bytes::from_owner(content);
        let total = content.len() as u64;
        let start = usize::try_from(request.offset).unwrap_or(usize::MAX);
        if start > content.len() {
            return Err(Status::out_of_range("the offset lies behind the end"));
        }
        let chunks = (start..content.len()).step_by(CHUNK_BYTES).map(move |at| {
            let end = content.len().min(at + CHUNK_BYTES);
            Ok(pb::Chunk { total, data: content.slice(at..end) })
        });
        Ok(Response::new(Box::pin(stream::iter(chunks))))
    }
}

/// Reads a stream until either side ends it.
async fn read(
    hub: Arc<Hub>,
    session: SessionId,
    mut messages: Streaming<pb::NodeMessage>,
    mut ended: oneshot::Receiver<()>,
) {
    loop {
        let message = tokio::select! {
            message = messages.message() => message,
            // The hub gave the stream up.
            _ = &mut ended => break,
        };
        let body = match message {
            Ok(Some(message)) => message.body,
            Ok(None) | Err(_) => break,
        };
        if let Err(error) = take(&hub, session, body) {
            warn!(%error, "a node broke the protocol");
            break;
        }
    }
    hub.closed(session);
}

fn take(hub: &Arc<Hub>, session: SessionId, body: Option<Body>) -> Result<(), InvalidMessage> {
    match body {
        Some(Body::WorldAck(ack)) => hub.message(session, own::world_ack(&ack)?),
        Some(Body::Receipt(receipt)) => hub.message(session, own::receipt(receipt)?),
        Some(Body::Heartbeat(heartbeat)) => hub.heartbeat(session, &heartbeat),
        Some(Body::Answer(pb::Answer { id, body: Some(body) })) => hub.answer(session, id, body),
        Some(Body::Answer(_)) => return Err(InvalidMessage::missing("answer")),
        Some(Body::Hello(_)) => {
            return Err(InvalidMessage { field: "hello", reason: "came twice" });
        }
        // A kind of message that only newer nodes know.
        None => {}
    }
    Ok(())
}

fn outbound(outgoing: Outgoing) -> Result<pb::ControlMessage, Status> {
    match outgoing {
        Outgoing::Control(message) => Ok(own::control(message)),
        Outgoing::Request(request) => {
            Ok(pb::ControlMessage { body: Some(control_message::Body::Request(request)) })
        }
        Outgoing::Close(reason) => Err(Status::aborted(reason)),
    }
}

fn check_hello(hello: &pb::Hello, node: &NodeId) -> Result<(), Status> {
    if hello.protocol_version != PROTOCOL_VERSION {
        return Err(Status::failed_precondition(format!(
            "the node speaks protocol {}, this control plane speaks {PROTOCOL_VERSION}",
            hello.protocol_version
        )));
    }
    if hello.node_id != node.as_str() {
        return Err(Status::permission_denied(format!(
            "the certificate is that of node {node}, not of {}",
            hello.node_id
        )));
    }
    Ok(())
}

/// The node whose certificate the connection shows.
fn caller<T>(request: &Request<T>) -> Result<NodeId, Status> {
    let certificates = request.peer_certs();
    let leaf = certificates.as_ref().and_then(|chain| chain.first());
    leaf.and_then(|leaf| node_of(leaf))
        .map(NodeId::new)
        .ok_or_else(|| Status::unauthenticated("a node certificate is needed"))
}

/// Node names stand in certificates, file names and resource names.
fn is_node_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && !name.starts_with(['.', '-'])
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function of map_err")]
fn invalid(error: InvalidMessage) -> Status {
    Status::invalid_argument(error.to_string())
}

fn status_of(error: &BackingError) -> Status {
    match error {
        BackingError::Unavailable(_) => Status::unavailable("the database cannot be reached"),
        BackingError::Refused(reason) => Status::permission_denied(reason),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function of map_err")]
fn status_of_ca(error: CaError) -> Status {
    match error {
        CaError::Request(_) => Status::invalid_argument(error.to_string()),
        CaError::Material(_) | CaError::Name(..) => Status::internal("the CA cannot sign"),
    }
}
