//! Nodes and their streams: who is there, who votes, what a node says.

use std::collections::BTreeSet;

use gw_model::NodeId;

use super::{Effect, Registered, Replica, SessionId};
use crate::{
    message::{Hello, NodeMessage},
    rollout,
    session::{self, Session},
};

/// A stream with its node.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) node: NodeId,
    pub(super) boot_epoch: u64,
    pub(super) session: Session,
    /// Kept until there is a world to answer it with.
    pub(super) hello: Option<Hello>,
    pub(super) last_heard_ms: u64,
}

impl Replica {
    pub(super) fn nodes(&mut self, nodes: &[Registered], now: u64, out: &mut Vec<Effect>) {
        let before = self.voters();
        self.cordoned =
            nodes.iter().filter(|node| node.cordoned).map(|node| node.node.clone()).collect();
        let elsewhere = nodes.iter().filter(|n| n.elsewhere && !self.by_node.contains_key(&n.node));
        self.remote = elsewhere.map(|node| node.node.clone()).collect();
        let after = self.voters();
        for node in before.difference(&after) {
            let event = if self.cordoned.contains(node) {
                rollout::Event::NodeCordoned(node.clone())
            } else {
                rollout::Event::NodeDisconnected(node.clone())
            };
            self.tell_all_flights(&event, now, out);
        }
        for node in after.difference(&before) {
            self.tell_all_flights(&rollout::Event::NodeConnected(node.clone()), now, out);
        }
    }

    /// Connected nodes, here and elsewhere, that are not cordoned.
    pub(super) fn voters(&self) -> BTreeSet<NodeId> {
        let all = self.by_node.keys().chain(&self.remote);
        all.filter(|node| !self.cordoned.contains(*node)).cloned().collect()
    }

    pub(super) fn opened(
        &mut self,
        session: SessionId,
        node: NodeId,
        boot_epoch: u64,
        hello: Hello,
        now: u64,
        out: &mut Vec<Effect>,
    ) {
        if let Some(other) = self.by_node.get(&node).copied() {
            let older = |stream: &Stream| boot_epoch < stream.boot_epoch;
            if self.streams.get(&other).is_some_and(older) {
                return out.push(Effect::Close(session, "a newer start of this node is connected"));
            }
            out.push(Effect::Close(other, "the node opened another stream"));
            self.closed(other, now, out);
        }
        let stream = Stream {
            node: node.clone(),
            boot_epoch,
            session: Session::new(),
            hello: Some(hello),
            last_heard_ms: now,
        };
        self.streams.insert(session, stream);
        self.by_node.insert(node.clone(), session);
        let was_voter = self.remote.remove(&node);
        self.greet(session, now, out);
        if !self.cordoned.contains(&node) {
            if was_voter {
                let event = rollout::Event::NodeDisconnected(node.clone());
                self.tell_all_flights(&event, now, out);
            }
            self.tell_all_flights(&rollout::Event::NodeConnected(node), now, out);
        }
    }

    /// Answers a stream's hello once there is a world.
    pub(super) fn greet(&mut self, session: SessionId, now: u64, out: &mut Vec<Effect>) {
        let stream = self.streams.get_mut(&session).filter(|_| self.world.is_some());
        if let Some(hello) = stream.and_then(|stream| stream.hello.take()) {
            self.tell_session(session, session::Event::Hello(&hello), now, out);
        }
    }

    pub(super) fn message(
        &mut self,
        session: SessionId,
        message: &NodeMessage,
        now: u64,
        out: &mut Vec<Effect>,
    ) {
        let Some(stream) = self.streams.get_mut(&session) else { return };
        stream.last_heard_ms = now;
        let node = stream.node.clone();
        match message {
            NodeMessage::Hello(hello) => {
                self.tell_session(session, session::Event::Hello(hello), now, out);
            }
            NodeMessage::WorldAck(ack) => {
                self.tell_session(session, session::Event::Ack(ack), now, out);
            }
            NodeMessage::Receipt(receipt) => {
                self.tell_session(session, session::Event::Receipt(receipt), now, out);
                out.push(Effect::Record(node.clone(), receipt.clone()));
                let event = rollout::Event::Receipt {
                    node,
                    state: receipt.state,
                    reason: receipt.reason.clone(),
                };
                self.tell_flight(&receipt.stage, receipt.release, event, now, out);
            }
        }
    }

    pub(super) fn closed(&mut self, session: SessionId, now: u64, out: &mut Vec<Effect>) {
        let Some(stream) = self.streams.remove(&session) else { return };
        self.by_node.remove(&stream.node);
        self.tell_all_flights(&rollout::Event::NodeDisconnected(stream.node), now, out);
    }

    pub(super) fn tell_session(
        &mut self,
        id: SessionId,
        event: session::Event<'_>,
        now: u64,
        out: &mut Vec<Effect>,
    ) {
        let (Some(stream), Some(world)) = (self.streams.get_mut(&id), &self.world) else { return };
        let mut ahead = None;
        for effect in stream.session.handle(event, world, now) {
            match effect {
                session::Effect::Send(message) => out.push(Effect::Send(id, message)),
                session::Effect::Close(reason) => out.push(Effect::Close(id, reason)),
                session::Effect::Behind(revision) => ahead = Some(revision),
            }
        }
        if ahead > self.seen_ahead {
            self.seen_ahead = ahead;
            self.read(now, out);
        }
    }
}
