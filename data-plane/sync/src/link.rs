//! The line to the control plane: finds a replica, joins if need be, holds
//! the stream, and tells the driver what comes.
//!
//! The line decides nothing. It ends a stream that breaks the protocol, waits
//! with jitter and tries the next address.

mod backoff;
mod credentials;

pub(crate) use credentials::Credentials;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gw_proto::{self as pb, MAX_MESSAGE_BYTES, PROTOCOL_VERSION, fleet_client::FleetClient};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Channel;

use self::backoff::Backoff;
use crate::{
    channel,
    convert::{self, Incoming},
    identity::{self, As, Identity},
};

/// How long the control plane may take to open a stream.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// What the line tells the driver.
pub(crate) enum Event {
    /// A stream is being opened; the first message sent has to be a `Hello`.
    Up { node_id: String, outgoing: mpsc::UnboundedSender<pb::NodeMessage>, channel: Channel },
    /// The control plane spoke.
    Message(Incoming),
    /// No stream, or no longer, and why.
    Down(String),
}

/// The line.
pub(crate) struct Link {
    pub(crate) addresses: Vec<String>,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) backoff_min: Duration,
    pub(crate) backoff_max: Duration,
    pub(crate) events: mpsc::Sender<Event>,
}

/// How a stream ended.
struct Ended {
    reason: String,
    /// The control plane had welcomed the node.
    welcomed: bool,
}

impl Ended {
    fn unwelcome(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), welcomed: false }
    }
}

impl Link {
    /// Runs until the driver is gone.
    pub(crate) async fn run(self) {
        if self.addresses.is_empty() {
            let _ = self.events.send(Event::Down("no control plane is configured".into())).await;
            return;
        }
        let mut backoff = Backoff::new(self.backoff_min, self.backoff_max);
        // Nodes that start together spread over the replicas.
        let mut next = fastrand::usize(..self.addresses.len());
        let mut failed = 0;
        loop {
            let Some(address) = self.addresses.get(next) else { return };
            let ended = self.stream(address).await;
            tracing::info!(control_plane = %address, reason = %ended.reason, "no stream");
            if self.events.send(Event::Down(ended.reason)).await.is_err() {
                return;
            }
            next = (next + 1) % self.addresses.len();
            if ended.welcomed {
                failed = 0;
                backoff.reset();
            }
            failed += 1;
            // After a loss the other replicas are tried at once, each of them.
            if failed % self.addresses.len() == 0 || self.addresses.len() == 1 {
                tokio::time::sleep(backoff.next(fastrand::f64())).await;
            }
        }
    }

    /// One attempt, from the connection to the end of the stream.
    async fn stream(&self, address: &str) -> Ended {
        let identity = match self.identity(address).await {
            Ok(identity) => identity,
            Err(error) => return Ended::unwelcome(error),
        };
        let tls = match identity::client_config(&As::Node(&identity)) {
            Ok(tls) => tls,
            Err(error) => return Ended::unwelcome(error.to_string()),
        };
        let channel = match channel::connect(address, tls).await {
            Ok(channel) => channel,
            Err(error) => return Ended::unwelcome(error),
        };
        let renewing = tokio::spawn(Arc::clone(&self.credentials).keep_renewed(channel.clone()));
        let ended = self.sync(channel, &identity).await;
        renewing.abort();
        ended
    }

    /// The stored identity, or a new one by the join token.
    async fn identity(&self, address: &str) -> Result<Identity, String> {
        let stored = self.credentials.current();
        let expired = |identity: &Identity| identity.material.expired(SystemTime::now());
        let token = match (stored, self.credentials.token()) {
            (Some(identity), _) if !expired(&identity) => return Ok(identity),
            (_, Some(token)) => token,
            (Some(_), None) => {
                return Err("the node's certificate has expired and no join token is given".into());
            }
            (None, None) => return Err("the node has no certificate and no join token".into()),
        };
        let tls = identity::client_config(&As::Joining(token)).map_err(|e| e.to_string())?;
        let channel = channel::connect(address, tls).await?;
        let identity = self.credentials.join(channel).await?;
        tracing::info!(node.id = %identity.node_id, "joined the fleet");
        Ok(identity)
    }

    async fn sync(&self, channel: Channel, identity: &Identity) -> Ended {
        let (outgoing, messages) = mpsc::unbounded_channel();
        let node_id = identity.node_id.clone();
        let up = Event::Up { node_id, outgoing, channel: channel.clone() };
        if self.events.send(up).await.is_err() {
            return Ended::unwelcome("the node is shutting down");
        }
        let mut client = FleetClient::new(channel)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        let opening = client.sync(UnboundedReceiverStream::new(messages));
        let mut stream = match tokio::time::timeout(OPEN_TIMEOUT, opening).await {
            Err(_) => return Ended::unwelcome("the control plane does not open the stream"),
            Ok(Err(status)) => return Ended::unwelcome(told(&status)),
            Ok(Ok(answer)) => answer.into_inner(),
        };
        let mut welcomed = false;
        loop {
            let reason = match stream.message().await {
                Ok(Some(message)) => match self.pass_on(message, &mut welcomed).await {
                    Ok(()) => continue,
                    Err(reason) => reason,
                },
                Ok(None) => "the control plane closed the stream".to_owned(),
                Err(status) => told(&status),
            };
            return Ended { reason, welcomed };
        }
    }

    async fn pass_on(
        &self,
        message: pb::ControlMessage,
        welcomed: &mut bool,
    ) -> Result<(), String> {
        let message = convert::incoming(message).map_err(|error| error.to_string())?;
        if let Incoming::Welcome(welcome) = &message {
            let theirs = welcome.protocol_version;
            if theirs != PROTOCOL_VERSION {
                return Err(format!(
                    "the control plane speaks protocol version {theirs}, this node {PROTOCOL_VERSION}"
                ));
            }
            *welcomed = true;
            self.credentials.traffic_names(&welcome.traffic_names);
        }
        let sent = self.events.send(Event::Message(message)).await;
        sent.map_err(|_| "the node is shutting down".to_owned())
    }
}

fn told(status: &tonic::Status) -> String {
    format!("{}: {}", status.code(), channel::chain(status))
}
