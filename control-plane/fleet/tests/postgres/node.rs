//! A node on the real stream: the core's machine, a compiler that is only
//! pretended, and content that is really fetched.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gw_fleet_core::{
    message::{Abandon, Delta, Fault, NodeMessage, Prepare, ReceiptState, Resource},
    node::{Compilation, Effect, Event, Limits, NodeSync},
};
use gw_model::{Digest, ReleaseNumber, ResourceName, RootDigest, StageKey};
use gw_proto::{
    self as pb, PROTOCOL_VERSION, control_message::Body, fleet_client::FleetClient,
    node_message::Body as Said, receipt::State,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Channel;

/// Content that the node finds at fault, and what it serves.
#[derive(Default)]
pub struct Shared {
    pub refuses: Mutex<Vec<Digest>>,
    pub served: Mutex<BTreeMap<StageKey, ReleaseNumber>>,
}

pub struct Running {
    pub shared: Arc<Shared>,
    pub task: tokio::task::JoinHandle<()>,
}

struct Node {
    name: String,
    client: FleetClient<Channel>,
    say: mpsc::UnboundedSender<pb::NodeMessage>,
    sync: NodeSync,
    shared: Arc<Shared>,
    compiled: BTreeMap<u64, (StageKey, ReleaseNumber)>,
}

pub async fn start(name: &str, mut client: FleetClient<Channel>) -> Running {
    let (say, said) = mpsc::unbounded_channel();
    let shared = Arc::new(Shared::default());
    let mut node = Node {
        name: name.to_owned(),
        client: client.clone(),
        say,
        sync: NodeSync::new(Limits::default()),
        shared: shared.clone(),
        compiled: BTreeMap::new(),
    };
    node.handle(Event::Connected).await;
    let mut heard = client.sync(UnboundedReceiverStream::new(said)).await.unwrap().into_inner();
    let task = tokio::spawn(async move {
        while let Ok(Some(message)) = heard.message().await {
            let event = match message.body {
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
                _ => continue,
            };
            node.handle(event).await;
        }
    });
    Running { shared, task }
}

impl Node {
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
                        let refuses = self.shared.refuses.lock().unwrap();
                        let bad = release.digests().any(|digest| refuses.contains(&digest));
                        let fault = || Fault::content("larger than this node allows");
                        let result = if bad { Err(fault()) } else { Ok(Compilation::default()) };
                        self.compiled.insert(id.0, (stage, release.number));
                        events.push(Event::Compiled { id, result });
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
        let mut chunks = self.client.fetch(request).await.unwrap().into_inner();
        let mut content = Vec::new();
        while let Some(chunk) = chunks.message().await.unwrap() {
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
            NodeMessage::WorldAck(ack) => Said::WorldAck(pb::WorldAck {
                revision: Some(ack.revision.into()),
                accepted: ack.accepted,
                root_digest: ack.root.to_bytes().to_vec().into(),
            }),
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
        let _gone = self.say.send(pb::NodeMessage { body: Some(body) });
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

/// Waits for a state, for at most ten seconds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}
