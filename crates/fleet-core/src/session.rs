//! A replica's side of one node's stream: what the node holds, and what it is
//! sent next.
//!
//! One delta is under way at a time; changes that come meanwhile are sent
//! together once it is acknowledged. A node that refuses a delta gets the
//! whole world, after a pause that doubles each time.

use std::collections::{BTreeMap, BTreeSet};

use gw_model::{Digest, ReleaseNumber, Revision, RootDigest, StageKey};

use crate::{
    message::{Abandon, ControlMessage, Hello, Prepare, Receipt, WorldAck},
    world::World,
};

/// A node that owes an acknowledgement for this long is cut off; it comes back
/// on a new stream.
const ACK_TIMEOUT_MS: u64 = 60_000;

/// The pause before the second whole world in a row.
const RESYNC_FIRST_MS: u64 = 500;

/// The longest such pause.
const RESYNC_MAX_MS: u64 = 60_000;

/// What happens to a session.
#[derive(Debug)]
pub enum Event<'a> {
    /// The node's first message.
    Hello(&'a Hello),
    /// The node's answer to a delta.
    Ack(&'a WorldAck),
    /// The node's word on a release.
    Receipt(&'a Receipt),
    /// The replica's world moved on, or its content did not change but a
    /// timer wants all nodes to know the newest revision.
    World {
        /// Whether to send a delta without changes.
        even_if_empty: bool,
    },
    /// A rollout wants this prepared.
    Prepare(Prepare),
    /// A rollout wants this forgotten.
    Abandon(Abandon),
    /// Time passes; about once a second.
    Tick,
}

/// What the replica must do for a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send this on the stream.
    Send(ControlMessage),
    /// The node holds a newer revision than the replica: read the database.
    /// If that is behind too, a new epoch is due.
    Behind(Revision),
    /// End the stream.
    Close(&'static str),
}

/// The state machine of one stream.
#[derive(Debug, Default)]
pub struct Session {
    greeted: bool,
    acked: Option<(Revision, RootDigest)>,
    /// The delta under way: where it leads, and when it was sent.
    sent: Option<(Revision, u64)>,
    /// Whole worlds that were refused in a row.
    refusals: u32,
    not_before_ms: u64,
    /// Whether the next delta must be a whole world.
    resync: bool,
    held: BTreeSet<Digest>,
    prepared: BTreeMap<StageKey, ReleaseNumber>,
    /// Since when the node has been behind the replica's world.
    behind_since_ms: Option<u64>,
}

impl Session {
    /// A stream on which nothing was said yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The revision that the node acknowledged last.
    pub fn acked(&self) -> Option<Revision> {
        self.acked.map(|(revision, _)| revision)
    }

    /// Whether the node holds all these deployments compiled.
    pub fn holds(&self, digests: &[Digest]) -> bool {
        digests.iter().all(|digest| self.held.contains(digest))
    }

    /// Whether the node lacks nothing. Its revision may be older: one that
    /// changed nothing for nodes is told only on the next tick.
    pub fn is_current(&self, world: &World) -> bool {
        self.acked.is_some_and(|(revision, root)| {
            revision.epoch == world.revision().epoch && root == world.root()
        })
    }

    /// Milliseconds that the node has been behind; 0 when it is current.
    pub fn lag_ms(&self, now: u64) -> u64 {
        self.behind_since_ms.map_or(0, |since| now.saturating_sub(since).max(1))
    }

    /// Takes in an event; `world` is what the node should hold.
    pub fn handle(&mut self, event: Event<'_>, world: &World, now: u64) -> Vec<Effect> {
        let mut out = Vec::new();
        match event {
            Event::Hello(hello) => self.hello(hello, world, now, &mut out),
            Event::Ack(ack) => self.ack(ack, world, now, &mut out),
            Event::Receipt(receipt) => self.held.extend(receipt.held.iter().copied()),
            Event::World { even_if_empty } => self.push(world, even_if_empty, now, &mut out),
            Event::Prepare(prepare) => {
                self.prepared.insert(prepare.stage.clone(), prepare.release);
                out.push(Effect::Send(ControlMessage::Prepare(prepare)));
            }
            Event::Abandon(abandon) => {
                if self.prepared.get(&abandon.stage) == Some(&abandon.release) {
                    self.prepared.remove(&abandon.stage);
                    out.push(Effect::Send(ControlMessage::Abandon(abandon)));
                }
            }
            Event::Tick => self.tick(world, now, &mut out),
        }
        self.note_lag(world, now);
        out
    }

    fn hello(&mut self, hello: &Hello, world: &World, now: u64, out: &mut Vec<Effect>) {
        if self.greeted {
            return out.push(Effect::Close("a second hello on one stream"));
        }
        self.greeted = true;
        self.acked = hello.revision.map(|revision| (revision, hello.root));
        self.held = hello.held.iter().copied().collect();
        self.push(world, true, now, out);
    }

    fn ack(&mut self, ack: &WorldAck, world: &World, now: u64, out: &mut Vec<Effect>) {
        let Some((to, _)) = self.sent.take() else { return };
        self.acked = (ack.revision != Revision::default()).then_some((ack.revision, ack.root));
        if ack.accepted {
            self.refusals = 0;
            self.resync = false;
            // A node that is ahead of what it was sent says so here.
            if ack.revision < to {
                self.resync = true;
            }
        } else {
            self.resync = true;
            if self.refusals > 0 {
                let doubled = RESYNC_FIRST_MS.saturating_mul(1 << (self.refusals - 1).min(16));
                self.not_before_ms = now + doubled.min(RESYNC_MAX_MS);
            }
            self.refusals += 1;
        }
        self.push(world, false, now, out);
    }

    fn tick(&mut self, world: &World, now: u64, out: &mut Vec<Effect>) {
        match self.sent {
            Some((_, at)) if now.saturating_sub(at) >= ACK_TIMEOUT_MS => {
                out.push(Effect::Close("a delta was not acknowledged in time"));
            }
            Some(_) => {}
            None => self.push(world, true, now, out),
        }
    }

    /// Sends what the node lacks, unless something is under way.
    fn push(&mut self, world: &World, even_if_empty: bool, now: u64, out: &mut Vec<Effect>) {
        if !self.greeted || self.sent.is_some() || now < self.not_before_ms {
            return;
        }
        let held = self.acked.filter(|_| !self.resync);
        let delta = match (held, self.acked) {
            (_, Some((ahead, _))) if ahead > world.revision() => {
                return out.push(Effect::Behind(ahead));
            }
            (Some((at, root)), _) if at == world.revision() && root == world.root() => return,
            (Some((at, root)), _) if at < world.revision() => world.delta(at, root),
            _ => None,
        };
        let parts = match delta {
            Some(delta) if delta.upserts.is_empty() && delta.removals.is_empty() => {
                if !even_if_empty {
                    return;
                }
                vec![delta]
            }
            Some(delta) => vec![delta],
            None => world.whole(),
        };
        self.sent = Some((world.revision(), now));
        out.extend(parts.into_iter().map(|part| Effect::Send(ControlMessage::Delta(part))));
    }

    fn note_lag(&mut self, world: &World, now: u64) {
        if self.is_current(world) {
            self.behind_since_ms = None;
        } else if self.behind_since_ms.is_none() {
            self.behind_since_ms = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{message::Resource, world::Change};

    fn resource(text: &str, version: u64) -> Resource {
        Resource { name: text.parse().unwrap(), version, content: text.as_bytes().into() }
    }

    fn deltas(effects: &[Effect]) -> Vec<(Option<Revision>, Revision)> {
        let delta = |effect: &Effect| match effect {
            Effect::Send(ControlMessage::Delta(delta)) => Some((delta.from, delta.to)),
            _ => None,
        };
        effects.iter().filter_map(delta).collect()
    }

    fn ack(revision: Revision, accepted: bool, root: RootDigest) -> WorldAck {
        WorldAck { revision, accepted, root }
    }

    #[test]
    fn follows_the_world_one_delta_at_a_time() {
        let mut world = World::new(Revision::new(1, 1), [resource("key/a", 1)]);
        let mut session = Session::new();
        let hello = Hello::default();
        let sent = session.handle(Event::Hello(&hello), &world, 0);
        assert_eq!(deltas(&sent), [(None, Revision::new(1, 1))]);

        let first = world.root();
        world.advance(Revision::new(1, 2), vec![Change::upsert(resource("key/b", 2))]);
        let sent = session.handle(Event::World { even_if_empty: false }, &world, 1);
        assert!(sent.is_empty(), "one delta is under way");
        let sent = session.handle(Event::Ack(&ack(Revision::new(1, 1), true, first)), &world, 2);
        assert_eq!(deltas(&sent), [(Some(Revision::new(1, 1)), Revision::new(1, 2))]);
        session.handle(Event::Ack(&ack(world.revision(), true, world.root())), &world, 3);
        assert_eq!((session.acked(), session.lag_ms(9)), (Some(world.revision()), 0));

        world.advance(Revision::new(1, 3), vec![]);
        assert!(session.handle(Event::World { even_if_empty: false }, &world, 4).is_empty());
        assert_eq!(deltas(&session.handle(Event::Tick, &world, 1000)).len(), 1);
    }

    #[test]
    fn refusals_lead_to_whole_worlds_with_pauses() {
        let world = World::new(Revision::new(1, 1), [resource("key/a", 1)]);
        let mut session = Session::new();
        session.handle(Event::Hello(&Hello::default()), &world, 0);
        let refused = ack(Revision::default(), false, RootDigest::default());
        let sent = session.handle(Event::Ack(&refused), &world, 1);
        assert_eq!(deltas(&sent), [(None, world.revision())], "the first time at once");
        assert!(session.handle(Event::Ack(&refused), &world, 2).is_empty());
        assert!(session.handle(Event::Tick, &world, 400).is_empty());
        assert_eq!(deltas(&session.handle(Event::Tick, &world, 502)).len(), 1);
        assert!(session.lag_ms(502) > 0);
    }

    #[test]
    fn a_node_ahead_is_not_sent_back() {
        let world = World::new(Revision::new(1, 1), []);
        for revision in [Revision::new(1, 5), Revision::new(2, 1)] {
            let mut session = Session::new();
            let hello = Hello { revision: Some(revision), ..Hello::default() };
            let effects = session.handle(Event::Hello(&hello), &world, 0);
            assert_eq!(effects, [Effect::Behind(revision)]);
        }
        let old = Hello { revision: Some(Revision::new(0, 99)), ..Hello::default() };
        let sent = Session::new().handle(Event::Hello(&old), &world, 0);
        assert_eq!(deltas(&sent), [(None, world.revision())], "an older epoch starts afresh");
    }

    #[test]
    fn silence_ends_the_stream() {
        let world = World::new(Revision::new(1, 1), []);
        let mut session = Session::new();
        session.handle(Event::Hello(&Hello::default()), &world, 0);
        assert!(session.handle(Event::Tick, &world, ACK_TIMEOUT_MS - 1).is_empty());
        let effects = session.handle(Event::Tick, &world, ACK_TIMEOUT_MS);
        assert!(matches!(effects[..], [Effect::Close(_)]));
    }
}
