//! Nodes' streams: who is connected, and what the database knows of it.

use std::{sync::Arc, time::Duration};

use gw_fleet_core::{
    message::{ControlMessage, Hello, NodeMessage},
    replica::{Effect, Event, LiveNode, SessionId},
};
use gw_model::NodeId;
use gw_proto as pb;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};
use tracing::{info, warn};

use super::Hub;
use crate::{
    backing::{NodeFacts, SignOfLife},
    tasks,
};

/// What goes out on a node's stream.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Control(ControlMessage),
    Request(pb::Request),
    /// The stream ends for this reason.
    Close(&'static str),
}

/// The replica's end of a stream.
pub(super) struct Stream {
    pub(super) facts: NodeFacts,
    pub(super) out: mpsc::UnboundedSender<Outgoing>,
    /// Dropped with the stream, it ends the reading side too.
    _reader: oneshot::Sender<()>,
    draining: bool,
    /// Whether the database knows that the node is here.
    registered: bool,
}

impl Hub {
    /// The connected nodes, each with whether it drains.
    pub fn live_nodes(&self) -> Vec<(LiveNode, bool)> {
        let state = self.lock();
        let draining = |node: &NodeId| {
            let stream = state.by_node.get(node).and_then(|id| state.streams.get(id));
            stream.is_some_and(|stream| stream.draining)
        };
        let nodes = state.machine.live_nodes(self.now());
        nodes.into_iter().map(|live| (live.clone(), draining(&live.node))).collect()
    }

    /// A stream said hello. The receiver resolves when the stream is to end.
    pub(crate) fn open(
        self: &Arc<Self>,
        facts: NodeFacts,
        hello: Hello,
        registered: bool,
        out: mpsc::UnboundedSender<Outgoing>,
    ) -> (SessionId, oneshot::Receiver<()>) {
        let (reader, ended) = oneshot::channel();
        let mut state = self.lock();
        state.next_session += 1;
        let session = SessionId(state.next_session);
        let (node, boot_epoch) = (facts.node.clone(), facts.boot_epoch);
        let stream = Stream { facts, out, _reader: reader, draining: false, registered };
        state.streams.insert(session, stream);
        let before = state.by_node.insert(node.clone(), session);
        let event = Event::Opened { session, node: node.clone(), boot_epoch, hello };
        self.run(&mut state, event);
        if !state.streams.contains_key(&session) {
            // It was refused; the one before it stays.
            match before {
                Some(before) => state.by_node.insert(node, before),
                None => state.by_node.remove(&node),
            };
        }
        (session, ended)
    }

    pub(crate) fn message(self: &Arc<Self>, session: SessionId, message: NodeMessage) {
        let is_ack = matches!(message, NodeMessage::WorldAck(_));
        self.handle(Event::Message(session, message));
        if is_ack {
            self.acked.notify_waiters();
        }
    }

    pub(crate) fn heartbeat(self: &Arc<Self>, session: SessionId, heartbeat: &pb::Heartbeat) {
        let mut state = self.lock();
        if let Some(stream) = state.streams.get_mut(&session) {
            stream.draining = heartbeat.draining;
        }
        self.run(&mut state, Event::Heard(session));
    }

    /// A stream ended.
    pub(crate) fn closed(self: &Arc<Self>, session: SessionId) {
        let mut state = self.lock();
        state.requests.retain(|_, waiting| waiting.session != session);
        let stream = state.streams.remove(&session);
        self.run(&mut state, Event::Closed(session));
        self.acked.notify_waiters();
        let Some(node) = stream.map(|stream| stream.facts.node) else { return };
        if state.by_node.get(&node) != Some(&session) {
            return;
        }
        state.by_node.remove(&node);
        drop(state);
        info!(node.id = %node, "node disconnected");
        let backing = Arc::clone(&self.backing);
        self.runtime.spawn(async move {
            if let Err(error) = tasks::timed(backing.node_disconnected(&node)).await {
                warn!(node.id = %node, %error, "cannot note that a node left");
            }
        });
    }

    /// The nodes' signs of life, and the nodes that the database has not heard
    /// of since they connected.
    pub(crate) fn signs(&self) -> (Vec<SignOfLife>, Vec<(SessionId, NodeFacts)>) {
        let at = OffsetDateTime::now_utc();
        let signs = self.live_nodes().into_iter().map(|(live, draining)| SignOfLife {
            node: live.node,
            acked: live.acked,
            at: at - Duration::from_millis(live.silent_ms),
            draining,
        });
        let signs = signs.collect();
        let state = self.lock();
        let unknown = state.streams.iter().filter(|(_, stream)| !stream.registered);
        (signs, unknown.map(|(session, stream)| (*session, stream.facts.clone())).collect())
    }

    /// The database has heard of a stream's node, or it has not (`None`): then
    /// the node is not of the fleet and the stream ends.
    pub(crate) fn registered(self: &Arc<Self>, session: SessionId, slot: Option<u32>) {
        let mut state = self.lock();
        let Some(stream) = state.streams.get_mut(&session) else { return };
        if slot.is_some() {
            stream.registered = true;
        } else {
            self.carry_out(&mut state, Effect::Close(session, "the node is not of this fleet"));
        }
    }

    /// The database may have forgotten who is here: tell it of every stream
    /// once more when it is back.
    pub(crate) fn register_again(&self) {
        for stream in self.lock().streams.values_mut() {
            stream.registered = false;
        }
    }
}
