//! Deltas: accepted whole, ignored when old, refused when they do not fit.

use gw_model::{ResourceName, StageKey};

use super::{
    NodeSync, Out,
    event::Persist,
    incoming::Incoming,
    stage::{Content, Slot, Work},
};
use crate::{
    declared::{Entry, to_resource},
    message::{Delta, Receipt, ReceiptState, WorldAck},
};

impl NodeSync {
    pub(super) fn delta(&mut self, delta: Delta, now: u64, out: &mut Out) {
        let continued = self.incoming.take().filter(|incoming| incoming.continues_with(&delta));
        let mut incoming = match continued {
            Some(incoming) => incoming,
            None => match self.place(&delta) {
                Place::Next { whole } => Incoming::new(whole, delta.to, &self.world),
                Place::Old => return self.ack(true, out),
                Place::Gap => return self.ack(false, out),
            },
        };
        let more = delta.more;
        if incoming.part(delta, &self.world, &self.limits).is_err() {
            return self.ack(false, out);
        }
        if more {
            self.incoming = Some(incoming);
        } else {
            self.accept(incoming, now, out);
            self.ack(true, out);
        }
    }

    /// Where a delta stands to the world that is held.
    fn place(&self, delta: &Delta) -> Place {
        match (delta.from, self.revision) {
            (_, Some(own)) if delta.to < own => Place::Old,
            (None, _) => Place::Next { whole: true },
            (Some(from), Some(own)) if from == own && delta.to.epoch == own.epoch => {
                Place::Next { whole: false }
            }
            (Some(_), Some(own)) if delta.to == own => Place::Old,
            (Some(_), _) => Place::Gap,
        }
    }

    fn ack(&mut self, accepted: bool, out: &mut Out) {
        let revision = self.revision.unwrap_or_default();
        out.ack = Some(WorldAck { revision, accepted, root: self.world.root() });
    }

    /// Makes a checked delta the declared world.
    fn accept(&mut self, incoming: Incoming, now: u64, out: &mut Out) {
        let Incoming { whole, to, mut changes, .. } = incoming;
        let mut persist = Persist {
            revision: to,
            root: self.world.root(),
            whole,
            upserts: Vec::new(),
            removals: Vec::new(),
            former: Vec::new(),
        };
        if whole {
            let gone = self.world.iter().map(|(name, _)| name);
            let gone: Vec<_> = gone.filter(|name| !changes.contains_key(name)).cloned().collect();
            changes.extend(gone.into_iter().map(|name| (name, None)));
        }
        self.revision = Some(to);
        for (name, change) in changes {
            match change {
                None => {
                    self.world.remove(&name);
                    self.removed(&name, out);
                    if !whole {
                        persist.removals.push(name);
                    }
                }
                Some(entry) => {
                    persist.upserts.push(to_resource(&name, &entry));
                    if self.world.get(&name) != Some(&entry) {
                        let same_content = self.take(name.clone(), entry);
                        if !same_content {
                            self.declared(&name, now, out);
                        }
                    }
                }
            }
        }
        persist.root = self.world.root();
        out.persist = Some(persist);
    }

    /// Stores an entry; tells whether its content was there before.
    fn take(&mut self, name: ResourceName, entry: Entry) -> bool {
        let content = entry.content.clone();
        self.world.insert(name, entry).is_some_and(|before| before.content == content)
    }

    fn removed(&mut self, name: &ResourceName, out: &mut Out) {
        let ResourceName::Stage(key) = name else {
            out.apply.removed_resources.push(name.clone());
            return;
        };
        self.drop_all_work(key, out);
        self.former_agrees(key, out);
        if self.stages.remove(key).is_some_and(|stage| stage.serving.is_some()) {
            out.apply.removed_stages.push(key.clone());
        }
        self.recent.retain(|receipt| receipt.stage != *key);
    }

    /// Acts on what the world now says of `name`.
    pub(super) fn declared(&mut self, name: &ResourceName, now: u64, out: &mut Out) {
        let Some(entry) = self.world.get(name) else { return };
        let ResourceName::Stage(key) = name else {
            out.apply.resources.push(to_resource(name, entry));
            return;
        };
        match Content::parse(&entry.content) {
            Ok(content) => self.declared_stage(key, &content, now, out),
            Err(reason) => {
                self.drop_work(key, Slot::Target, out);
                self.save_former(key, out);
                out.receipts.push(unreadable(key, reason, now));
            }
        }
    }

    fn declared_stage(&mut self, key: &StageKey, content: &Content, now: u64, out: &mut Out) {
        let stage = self.stages.entry(key.clone()).or_default();
        let same = |work: &Option<Work>| work.as_ref().is_some_and(|w| w.content.same(content));
        if stage.serving.as_ref().is_some_and(|serving| serving.content.same(content)) {
            self.drop_work(key, Slot::Target, out);
            self.former_agrees(key, out);
            self.tell_serving(key, now, out);
        } else if same(&stage.candidate) {
            let candidate = stage.candidate.take();
            self.drop_work(key, Slot::Target, out);
            self.busy.insert(key.clone());
            if let Some(stage) = self.stages.get_mut(key) {
                stage.target = candidate;
            }
            self.save_former(key, out);
            self.activate(key, now, out);
            self.tell_progress(key, Slot::Target, now, out);
        } else if !same(&stage.target) {
            self.drop_work(key, Slot::Target, out);
            self.save_former(key, out);
            self.start(key, Slot::Target, content.clone(), now, out);
        }
        let candidate = self.stages.get(key).and_then(|stage| stage.candidate.as_ref());
        if candidate.is_some_and(|work| work.content.number() <= content.number()) {
            self.drop_work(key, Slot::Candidate, out);
        }
    }

    /// Notes on disk what a stage serves while it cannot serve what it
    /// declares.
    fn save_former(&mut self, key: &StageKey, out: &mut Out) {
        let Some(stage) = self.stages.get_mut(key) else { return };
        if let Some(serving) = &stage.serving {
            stage.former_saved = true;
            out.former.insert(key.clone(), Some(serving.content.bytes.clone()));
        }
    }
}

enum Place {
    /// Leads on from what is held, or replaces it.
    Next { whole: bool },
    /// Leads to what is held already, or behind it.
    Old,
    /// Leads on from something that is not held.
    Gap,
}

fn unreadable(key: &StageKey, reason: String, now: u64) -> Receipt {
    Receipt {
        stage: key.clone(),
        release: gw_model::ReleaseNumber(0),
        state: ReceiptState::Rejected,
        reason,
        warnings: Vec::new(),
        compile_us: 0,
        at_ms: now,
        held: Vec::new(),
    }
}
