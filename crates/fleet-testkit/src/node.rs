//! A node on the real stream: the core's machine, a compiler that is only
//! pretended, and content that is really fetched.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use gw_fleet_core::{
    message::{Abandon, Delta, Fault, NodeMessage, Prepare, ReceiptState, Resource},
    node::{Compilation, Effect, Event, Limits, NodeSync},
};
use gw_model::{Digest, ReleaseNumber, ResourceName, Revision, RootDigest, StageKey};
use gw_proto::{
    self as pb, PROTOCOL_VERSION, control_message::Body, fleet_client::FleetClient,
    node_message::Body as Said, receipt::State,
};
use tokio::sync::{Notify, mpsc};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Channel;

use crate::plane::LONG;

/// What the node finds at fault, and what it does.
#[derive(Default)]
pub struct Shared {
    /// Content that is refused.
    pub refuses: Mutex<Vec<Digest>>,
    /// A release that is refused.
    pub refuses_release: Mutex<Option<u64>>,
    /// While it is set, no compilation ends.
    pub holding: AtomicBool,
    pub held_on: Notify,
    pub served: Mutex<BTreeMap<StageKey, ReleaseNumber>>,
    /// Releases that were compiled, in order.
    pub prepared: Mutex<Vec<u64>>,
    /// Every revision that was acknowledged, in order.
    pub revisions: Mutex<Vec<Revision>>,
    /// The replica at the other end.
    pub replica: Mutex<Option<String>>,
}

impl Shared {
    /// The release of the only stage.
    pub fn serves(&self) -> Option<u64> {
        self.served.lock().unwrap().values().next().map(|release| release.0)
    }

    /// Lets compilations end again.
    pub fn release(&self) {
        self.holding.store(false, Ordering::SeqCst);
        self.held_on.notify_one();
    }
}

pub struct Running {
    pub shared: Arc<Shared>,
    pub task: tokio::task::JoinHandle<()>,
}

struct Line {
    client: FleetClient<Channel>,
    say: mpsc::UnboundedSender<pb::NodeMessage>,
}

struct Node {
    name: String,
    line: Option<Line>,
    sync: NodeSync,
    shared: Arc<Shared>,
    compiled: BTreeMap<u64, (StageKey, ReleaseNumber)>,
    held: Vec<Event>,
}

/// A node on one stream, which ends with it.
pub async fn start(name: &str, client: FleetClient<Channel>) -> Running {
    let shared = Arc::new(Shared::default());
    let mut node = Node::new(name, shared.clone());
    let task = tokio::spawn(async move { node.stream(client).await });
    Running { shared, task }
}

/// A node that goes from one replica to the next whenever its stream ends.
pub fn roam<C>(name: &str, connect: impl Fn(usize) -> C + Send + 'static) -> Running
where
    C: Future<Output = Option<FleetClient<Channel>>> + Send,
{
    let shared = Arc::new(Shared::default());
    let mut node = Node::new(name, shared.clone());
    let task = tokio::spawn(async move {
        for attempt in 0.. {
            if let Some(client) = connect(attempt).await {
                node.stream(client).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    Running { shared, task }
}

impl Node {
    fn new(name: &str, shared: Arc<Shared>) -> Self {
        Self {
            name: name.to_owned(),
            line: None,
            sync: NodeSync::new(Limits::default()),
            shared,
            compiled: BTreeMap::new(),
            held: Vec::new(),
        }
    }

    /// From the hello to the end of a stream.
    async fn stream(&mut self, mut client: FleetClient<Channel>) {
        let (say, said) = mpsc::unbounded_channel();
        self.line = Some(Line { client: client.clone(), say: say.clone() });
        self.handle(Event::Connected).await;
        let shared = self.shared.clone();
        let mut heartbeat = tokio::time::interval(Duration::from_secs(1));
        if let Ok(heard) = client.sync(UnboundedReceiverStream::new(said)).await {
            let mut heard = heard.into_inner();
            loop {
                tokio::select! {
                    message = heard.message() => match message {
                        Ok(Some(message)) => self.heard(message).await,
                        _ => break,
                    },
                    () = shared.held_on.notified() => {
                        for event in std::mem::take(&mut self.held) {
                            self.handle(event).await;
                        }
                    }
                    _ = heartbeat.tick() => {
                        let body = Some(Said::Heartbeat(pb::Heartbeat::default()));
                        let _gone = say.send(pb::NodeMessage { body });
                        self.handle(Event::Tick).await;
                    }
                }
            }
        }
        self.line = None;
        *self.shared.replica.lock().unwrap() = None;
        self.handle(Event::Disconnected).await;
    }

    async fn heard(&mut self, message: pb::ControlMessage) {
        let event = match message.body {
            Some(Body::Welcome(welcome)) => {
                *self.shared.replica.lock().unwrap() = Some(welcome.replica);
                return;
            }
            Some(Body::Delta(delta)) => Event::Delta(read_delta(delta)),
            Some(Body::Prepare(prepare)) => Event::Prepare(Prepare {
                stage: read_stage(&prepare.stage),
                release: ReleaseNumber(prepare.release),
                content: prepare.content.to_vec().into(),
            }),
            Some(Body::Abandon(abandon)) => Event::Abandon(Abandon {
                stage: read_stage(&abandon.stage),
                release: ReleaseNumber(abandon.release),
            }),
            _ => return,
        };
        self.handle(event).await;
    }

    async fn handle(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
            for effect in self.sync.handle(event, now) {
                match effect {
                    Effect::Send(message) => self.send(message),
                    Effect::Fetch(digest) => {
                        let result = self.fetch(digest).await;
                        events.push(Event::Fetched { digest, result });
                    }
                    Effect::Compile { id, stage, release } => {
                        let number = release.number;
                        let refuses = self.shared.refuses.lock().unwrap();
                        let bad = release.digests().any(|digest| refuses.contains(&digest))
                            || *self.shared.refuses_release.lock().unwrap() == Some(number.0);
                        let fault = || Fault::content("larger than this node allows");
                        let result = if bad { Err(fault()) } else { Ok(Compilation::default()) };
                        self.compiled.insert(id.0, (stage, number));
                        let compiled = Event::Compiled { id, result };
                        if self.shared.holding.load(Ordering::SeqCst) {
                            self.held.push(compiled);
                        } else {
                            events.push(compiled);
                        }
                        self.shared.prepared.lock().unwrap().push(number.0);
                    }
                    Effect::Apply(apply) => {
                        let mut served = self.shared.served.lock().unwrap();
                        for (stage, id) in apply.stages {
                            served.insert(stage, self.compiled[&id.0].1);
                        }
                    }
                    Effect::Discard(_) | Effect::Persist(_) => {}
                }
            }
        }
    }

    async fn fetch(&mut self, digest: Digest) -> Result<(), Fault> {
        let digest_bytes = digest.as_bytes().to_vec().into();
        let request = pb::FetchRequest { digest: digest_bytes, offset: 0 };
        let gone = || Fault::resource("the replica is gone");
        let line = self.line.as_mut().ok_or_else(gone)?;
        let fetched = line.client.fetch(request).await;
        let mut chunks = fetched.map_err(|_| gone())?.into_inner();
        let mut content = Vec::new();
        while let Some(chunk) = chunks.message().await.map_err(|_| gone())? {
            content.extend(chunk.data);
        }
        assert_eq!(Digest::of(&content), digest);
        Ok(())
    }

    fn send(&self, message: NodeMessage) {
        let body = match message {
            NodeMessage::Hello(hello) => Said::Hello(pb::Hello {
                protocol_version: PROTOCOL_VERSION,
                node_id: self.name.clone(),
                boot_epoch: 1,
                revision: hello.revision.map(Into::into),
                root_digest: hello.root.to_bytes().to_vec().into(),
                held: hello.held.iter().map(|d| d.as_bytes().to_vec().into()).collect(),
                ..Default::default()
            }),
            NodeMessage::WorldAck(ack) => {
                self.shared.revisions.lock().unwrap().push(ack.revision);
                Said::WorldAck(pb::WorldAck {
                    revision: Some(ack.revision.into()),
                    accepted: ack.accepted,
                    root_digest: ack.root.to_bytes().to_vec().into(),
                })
            }
            NodeMessage::Receipt(receipt) => Said::Receipt(pb::Receipt {
                stage: ResourceName::Stage(receipt.stage).to_string(),
                release: receipt.release.0,
                state: match receipt.state {
                    ReceiptState::Prepared => State::Prepared,
                    ReceiptState::Serving => State::Serving,
                    ReceiptState::Rejected => State::Rejected,
                    ReceiptState::Lagging => State::Lagging,
                }
                .into(),
                reason: receipt.reason,
                held: receipt.held.iter().map(|d| d.as_bytes().to_vec().into()).collect(),
                ..Default::default()
            }),
        };
        // A control plane that is gone is told of by the stream's other half.
        if let Some(line) = &self.line {
            let _gone = line.say.send(pb::NodeMessage { body: Some(body) });
        }
    }
}

fn read_stage(name: &str) -> StageKey {
    match name.parse() {
        Ok(ResourceName::Stage(key)) => key,
        other => panic!("{other:?}"),
    }
}

fn read_delta(delta: pb::Delta) -> Delta {
    let resource = |resource: pb::Resource| Resource {
        name: resource.name.parse().unwrap(),
        version: resource.version,
        content: resource.content.to_vec().into(),
    };
    Delta {
        from: delta.from.map(Into::into),
        to: delta.to.unwrap().into(),
        upserts: delta.upserts.into_iter().map(resource).collect(),
        removals: delta.removals.iter().map(|name| name.parse().unwrap()).collect(),
        root: RootDigest::from_slice(&delta.root_digest).unwrap(),
        more: delta.more,
    }
}

/// Waits for a state, for at most a minute.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
