//! Releases on their way, one per stage.

use std::{collections::BTreeSet, sync::Arc};

use gw_model::{Digest, NodeId, Release, ReleaseNumber, ResourceName, StageKey};

use super::{Effect, Pending, Replica};
use crate::{
    message::{Abandon, Prepare},
    rollout::{self, Outcome, Rollout, Written},
    session,
};

/// A release with its rollout.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) release: ReleaseNumber,
    content: Arc<[u8]>,
    rollout: Rollout,
}

impl Flight {
    /// Whether nodes of other replicas have a say in it.
    pub(super) fn voters_elsewhere(&self, remote: &BTreeSet<NodeId>) -> bool {
        self.rollout.outcome().is_none() && !remote.is_empty()
    }
}

impl Replica {
    /// Starts the rollout of a release that waits for its commit, unless it is
    /// under way.
    pub(super) fn pending(&mut self, pending: Pending, now: u64, out: &mut Vec<Effect>) {
        let Pending { stage, release, content } = pending;
        if let Some(flight) = self.flights.get(&stage) {
            if flight.release >= release {
                return;
            }
            let older = flight.release;
            self.tell_flight(&stage, older, rollout::Event::Superseded, now, out);
        }
        let committed = self.committed_digests(&stage);
        if committed.as_ref().is_some_and(|(number, _)| *number >= release) {
            // A hint that came later than the news of its commit.
            return;
        }
        // A release that cannot be read names no deployments that anybody
        // could hold; the nodes will say what is wrong with it.
        let digests = digests_of(&content).map(|(_, digests)| digests);
        let known = committed.map(|(_, digests)| digests).unwrap_or_default();
        let vetoable = digests.iter().flatten().any(|d| !known.contains(d)) || digests.is_none();
        let voters = self.voters_holding(digests.as_deref());
        let flight = Flight { release, content, rollout: Rollout::new(self.timing, vetoable) };
        self.flights.insert(stage.clone(), flight);
        self.tell_flight(&stage, release, rollout::Event::Start(voters), now, out);
    }

    /// Takes note that the world now declares a stage at some release: the end
    /// of the vote, or a release that was committed without one.
    pub(super) fn committed(&mut self, stage: &StageKey, now: u64, out: &mut Vec<Effect>) {
        let name = ResourceName::Stage(stage.clone());
        let Some(entry) = self.world.as_ref().and_then(|world| world.declared().get(&name)) else {
            return;
        };
        let content = entry.content.clone();
        let Some((release, _)) = digests_of(&content) else { return };
        let in_flight = self.flights.get(stage).map(|flight| flight.release);
        if in_flight.is_some_and(|in_flight| in_flight > release) {
            return;
        }
        if in_flight != Some(release) {
            if let Some(older) = in_flight {
                self.tell_flight(stage, older, rollout::Event::Superseded, now, out);
            }
            let voters = self.voters().into_iter().collect();
            let flight = Flight { release, content, rollout: Rollout::new(self.timing, false) };
            self.flights.insert(stage.clone(), flight);
            self.tell_flight(stage, release, rollout::Event::Adopt(voters), now, out);
        } else {
            let event = rollout::Event::Written(Written::Committed);
            self.tell_flight(stage, release, event, now, out);
        }
    }

    /// Asks after flights that do not wait for a commit any more, and that
    /// this replica did not bring to an end itself.
    pub(super) fn gone(
        &mut self,
        known: &BTreeSet<StageKey>,
        pending: &[Pending],
        now: u64,
        out: &mut Vec<Effect>,
    ) {
        let waiting: BTreeSet<(&StageKey, ReleaseNumber)> =
            pending.iter().map(|pending| (&pending.stage, pending.release)).collect();
        for stage in known {
            let Some(flight) = self.flights.get(stage) else { continue };
            if !flight.rollout.is_committed() && !waiting.contains(&(stage, flight.release)) {
                let newer = pending.iter().any(|p| p.stage == *stage && p.release > flight.release);
                let release = flight.release;
                if newer {
                    self.tell_flight(stage, release, rollout::Event::Superseded, now, out);
                } else if flight.rollout.is_voting() {
                    out.push(Effect::Inquire(stage.clone(), release));
                }
            }
        }
    }

    /// The release at which the world declares a stage, with its deployments.
    fn committed_digests(&self, stage: &StageKey) -> Option<(ReleaseNumber, Vec<Digest>)> {
        let name = ResourceName::Stage(stage.clone());
        digests_of(&self.world.as_ref()?.declared().get(&name)?.content)
    }

    fn voters_holding(&self, digests: Option<&[Digest]>) -> Vec<(NodeId, bool)> {
        let holds = |node: &NodeId| {
            let stream = self.by_node.get(node).and_then(|id| self.streams.get(id));
            digests.is_some_and(|d| stream.is_some_and(|stream| stream.session.holds(d)))
        };
        self.voters().into_iter().map(|node| (node.clone(), holds(&node))).collect()
    }

    pub(super) fn tell_all_flights(
        &mut self,
        event: &rollout::Event,
        now: u64,
        out: &mut Vec<Effect>,
    ) {
        let all: Vec<_> =
            self.flights.iter().map(|(stage, flight)| (stage.clone(), flight.release)).collect();
        for (stage, release) in all {
            self.tell_flight(&stage, release, event.clone(), now, out);
        }
    }

    /// Takes the database's word on a release that has left the air because a
    /// newer one came. The newer one may be the repair of a rejection that
    /// another replica wrote; whoever waits for the older must hear of it.
    pub(super) fn overtaken(
        &mut self,
        stage: &StageKey,
        release: ReleaseNumber,
        written: &Written,
        out: &mut Vec<Effect>,
    ) {
        let outcome = match written {
            // The next tick asks again.
            Written::Unknown | Written::Pending => return,
            Written::RejectedFor { node, reason } => {
                Outcome::Rejected { node: node.clone(), reason: reason.clone() }
            }
            Written::Rejected => rollout::rejected_elsewhere(),
            Written::Committed | Written::Superseded => Outcome::Superseded,
        };
        if self.overtaken.remove(&(stage.clone(), release)) {
            out.push(Effect::Settled(stage.clone(), release, outcome));
        }
    }

    /// Hands an event to a stage's flight, if it is that release's, and
    /// carries on what it wants.
    pub(super) fn tell_flight(
        &mut self,
        stage: &StageKey,
        release: ReleaseNumber,
        event: rollout::Event,
        now: u64,
        out: &mut Vec<Effect>,
    ) {
        let fits = |flight: &&mut Flight| flight.release == release;
        let Some(flight) = self.flights.get_mut(stage).filter(fits) else { return };
        let told_by_database = matches!(event, rollout::Event::Written(_));
        let effects = flight.rollout.handle(event, now);
        let content = flight.content.clone();
        for effect in effects {
            match effect {
                rollout::Effect::Prepare(node) => {
                    out.push(Effect::Asked(node.clone(), stage.clone(), release));
                    if let Some(session) = self.by_node.get(&node).copied() {
                        let (stage, content) = (stage.clone(), content.clone());
                        let prepare = Prepare { stage, release, content };
                        self.tell_session(session, session::Event::Prepare(prepare), now, out);
                    }
                }
                rollout::Effect::Abandon(node) => {
                    if let Some(session) = self.by_node.get(&node).copied() {
                        let abandon = Abandon { stage: stage.clone(), release };
                        self.tell_session(session, session::Event::Abandon(abandon), now, out);
                    }
                }
                rollout::Effect::Commit => out.push(Effect::Commit(stage.clone(), release)),
                rollout::Effect::Reject { node, reason } => {
                    out.push(Effect::Reject { stage: stage.clone(), release, node, reason });
                }
                rollout::Effect::Settled(outcome) => {
                    self.flights.remove(stage);
                    if outcome == Outcome::Superseded && !told_by_database {
                        self.overtaken.insert((stage.clone(), release));
                        out.push(Effect::Inquire(stage.clone(), release));
                    } else {
                        out.push(Effect::Settled(stage.clone(), release, outcome));
                    }
                }
            }
        }
    }
}

/// The deployments that a release's content names; `None` if it cannot be read.
fn digests_of(content: &[u8]) -> Option<(ReleaseNumber, Vec<Digest>)> {
    let release: Release = serde_json::from_slice(content).ok()?;
    Some((release.number, release.digests().collect()))
}
