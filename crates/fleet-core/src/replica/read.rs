//! What the database is asked for, and how the world moves by what it says.

use std::collections::BTreeSet;

use gw_model::{ResourceName, Revision, StageKey};

use super::{Effect, Fresh, FreshWorld, Pending, Recorded, Replica, flight::Flight};
use crate::{
    message::Resource,
    rollout, session,
    world::{Change, World},
};

/// How the world moved.
enum Moved {
    /// Everything may have changed.
    Whole,
    /// These changed.
    By(Vec<ResourceName>),
}

impl Replica {
    /// Reads the database, or again once the read under way is over.
    pub(super) fn read(&mut self, now: u64, out: &mut Vec<Effect>) {
        if self.reading {
            self.read_again = true;
            return;
        }
        self.reading = true;
        self.read_again = false;
        self.outran_read = false;
        self.last_read_ms = Some(now);
        self.judged = self.seen_ahead;
        let remote = |flight: &&Flight| flight.voters_elsewhere(&self.remote);
        let receipts = self.flights.iter().filter(|(_, flight)| remote(flight));
        out.push(Effect::Read {
            since: self.world.as_ref().map(World::revision),
            receipts: receipts.map(|(stage, flight)| (stage.clone(), flight.release)).collect(),
        });
    }

    /// Takes in what a read found.
    pub(super) fn fresh(&mut self, fresh: Fresh, now: u64, out: &mut Vec<Effect>) {
        self.reading = false;
        let own = self.world.as_ref().map(World::revision);
        if self.outran_read && Some(fresh.revision) < own {
            // It began before a commit that is known by now.
            return self.read(now, out);
        }
        self.nodes(&fresh.nodes, now, out);
        let Some(moved) = self.advance(fresh.revision, fresh.world, out) else { return };
        let changed = match moved {
            Moved::Whole => {
                let all = self.world.iter().flat_map(|world| world.declared().iter());
                all.map(|(name, _)| name.clone()).collect()
            }
            Moved::By(names) => names,
        };
        let known = self.flights.keys().cloned().collect::<BTreeSet<_>>();
        for stage in changed.iter().filter_map(as_stage) {
            self.committed(stage, now, out);
        }
        self.gone(&known, &fresh.pending, now, out);
        for pending in fresh.pending {
            self.pending(pending, now, out);
        }
        for Recorded { stage, release, node, state, reason } in fresh.receipts {
            if !self.by_node.contains_key(&node) {
                let event = rollout::Event::Receipt { node, state, reason };
                self.tell_flight(&stage, release, event, now, out);
            }
        }
        for session in self.streams.keys().copied().collect::<Vec<_>>() {
            self.greet(session, now, out);
            self.tell_session(session, session::Event::World { even_if_empty: false }, now, out);
        }
        if let (Some(ahead), Some(world)) = (self.judged.take(), &self.world) {
            self.seen_ahead = None;
            if ahead > world.revision() {
                out.push(Effect::OpenEpoch(ahead));
            }
        }
        if self.read_again {
            self.read(now, out);
        }
    }

    /// Takes in a commit of which everything is known. Where it is the next
    /// revision nothing else can have changed, so nodes need not wait for a
    /// read of the database.
    pub(super) fn committed_here(
        &mut self,
        pending: Pending,
        revision: Revision,
        now: u64,
        out: &mut Vec<Effect>,
    ) {
        let Pending { stage, content, .. } = pending;
        let resource = Resource {
            name: ResourceName::Stage(stage.clone()),
            version: revision.number,
            content,
        };
        let next = |world: &&mut World| world.revision().number + 1 == revision.number;
        let world = self.world.as_mut().filter(next);
        if !world.is_some_and(|world| world.advance(revision, vec![Change::upsert(resource)])) {
            return self.read(now, out);
        }
        self.outran_read = self.reading;
        self.committed(&stage, now, out);
        for session in self.streams.keys().copied().collect::<Vec<_>>() {
            self.tell_session(session, session::Event::World { even_if_empty: false }, now, out);
        }
    }

    /// Moves the world; `None` if what was read does not fit it.
    fn advance(
        &mut self,
        revision: Revision,
        fresh: FreshWorld,
        out: &mut Vec<Effect>,
    ) -> Option<Moved> {
        let own = self.world.as_ref().map(World::revision);
        if own.is_some_and(|own| revision < own) {
            // A database that lost what was seen here (a restore) must not be
            // taken for news.
            out.extend(own.map(Effect::OpenEpoch));
            return None;
        }
        match (fresh, &mut self.world) {
            (FreshWorld::Whole(resources), world) => {
                let fresh = World::new(revision, resources);
                let first = world.is_none();
                *world = Some(fresh);
                Some(if first { Moved::By(Vec::new()) } else { Moved::Whole })
            }
            (FreshWorld::Changes(changes), Some(world)) => {
                // A read that began before a commit which is known by now tells
                // of it again: that is no news, and no second rollout.
                let news =
                    |change: &&Change| world.declared().get(&change.name) != change.entry.as_ref();
                let names = changes.iter().filter(news).map(|change| change.name.clone()).collect();
                let moved = revision == world.revision() || world.advance(revision, changes);
                moved.then_some(Moved::By(names))
            }
            (FreshWorld::Changes(_), None) => None,
        }
    }
}

fn as_stage(name: &ResourceName) -> Option<&StageKey> {
    match name {
        ResourceName::Stage(key) => Some(key),
        _ => None,
    }
}
