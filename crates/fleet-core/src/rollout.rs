//! One release of one stage on its way to the fleet.
//!
//! ```text
//! Preparing --all answered or deadline--> Committing --committed--> Serving --all served or deadline--> Ended
//!     |  \--content rejected--> Rejecting --rejected--> Ended
//!     \--superseded--> Ended
//! ```
//!
//! Voters are the nodes that were connected and not cordoned; one that
//! disconnects is left out at once, one that lags after the deadline. Only a
//! content fault vetoes, and only a fault of content that is new to the stage:
//! a node that cannot compile what is committed already must not block every
//! later change. Commit and rejection are compare-and-sets in the
//! database, so that several replicas may run this machine for one release.

use std::collections::BTreeMap;

use gw_model::NodeId;

use crate::message::ReceiptState;

/// How long a rollout waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// For nodes to prepare; whoever has not answered then is left out.
    pub prepare_ms: u64,
    /// For nodes to serve after the commit.
    pub serve_ms: u64,
    /// Before a commit or a rejection that failed is tried again.
    pub retry_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self { prepare_ms: 10_000, serve_ms: 10_000, retry_ms: 500 }
    }
}

/// What became of a compare-and-set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// The release is committed, by this replica or by another.
    Committed,
    /// It is rejected, by this replica or by another.
    Rejected,
    /// It is rejected, and the database says for whose sake.
    RejectedFor {
        /// Who found the content at fault.
        node: NodeId,
        /// Its reason.
        reason: String,
    },
    /// A newer release took its place, or the stage is gone.
    Superseded,
    /// It still waits for its commit. Only inquiries answer this.
    Pending,
    /// The database did not answer; nobody knows.
    Unknown,
}

/// What happens to a rollout.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Begins, with the voters and whether each holds all the release's
    /// deployments compiled.
    Start(Vec<(NodeId, bool)>),
    /// Begins after the commit, which happened without this replica: only to
    /// see the nodes serve it.
    Adopt(Vec<NodeId>),
    /// A node's word, from its stream or from the database.
    Receipt {
        /// Who said it.
        node: NodeId,
        /// The word.
        state: ReceiptState,
        /// Why, when rejected or lagging.
        reason: String,
    },
    /// A node joined the voters: it connected or was uncordoned.
    NodeConnected(NodeId),
    /// A node's stream is gone.
    NodeDisconnected(NodeId),
    /// An operator took a node out of the vote.
    NodeCordoned(NodeId),
    /// A newer release was appended, or the stage was deleted.
    Superseded,
    /// The end of an [`Effect::Commit`] or [`Effect::Reject`], or the news
    /// that another replica was first.
    Written(Written),
    /// Time passes.
    Tick,
}

/// What the replica must do for a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask this node to prepare the release.
    Prepare(NodeId),
    /// Commit, and answer by [`Event::Written`].
    Commit,
    /// Reject, and answer by [`Event::Written`].
    Reject {
        /// Who found the content at fault.
        node: NodeId,
        /// Its reason.
        reason: String,
    },
    /// Tell this node to forget the release.
    Abandon(NodeId),
    /// Everyone has said the last word, or the time is up.
    Settled(Outcome),
}

/// How a rollout ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Committed. The nodes named did not serve it in time.
    Serving {
        /// Nodes that lag, or that reject what was committed without them.
        missing: Vec<NodeId>,
    },
    /// A node found the content at fault.
    Rejected {
        /// Who.
        node: NodeId,
        /// Why.
        reason: String,
    },
    /// A newer release took its place.
    Superseded,
}

/// A rejection of which nobody says by whom.
pub(crate) fn rejected_elsewhere() -> Outcome {
    let reason = "rejected through another replica".to_owned();
    Outcome::Rejected { node: NodeId::new(""), reason }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    /// Has said nothing.
    Silent,
    Prepared,
    Lagging,
    Rejected,
    Serving,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Voter {
    voice: Voice,
    asked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    New,
    Preparing {
        until_ms: u64,
    },
    /// The compare-and-set is under way, or waits for its next try.
    Committing {
        retry_at_ms: Option<u64>,
    },
    Rejecting {
        node: NodeId,
        reason: String,
        retry_at_ms: Option<u64>,
    },
    Serving {
        until_ms: u64,
    },
    Ended(Outcome),
}

/// The state machine of one release's way to the fleet.
#[derive(Debug)]
pub struct Rollout {
    timing: Timing,
    phase: Phase,
    voters: BTreeMap<NodeId, Voter>,
    /// Whether a content fault counts.
    vetoable: bool,
    /// The first content fault that anyone reported.
    veto: Option<(NodeId, String)>,
}

impl Rollout {
    /// A rollout that has not started. `vetoable` unless the stage's committed
    /// release names all the same deployments.
    pub fn new(timing: Timing, vetoable: bool) -> Self {
        Self { timing, phase: Phase::New, voters: BTreeMap::new(), vetoable, veto: None }
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.phase {
            Phase::Ended(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Whether the release is known to be committed.
    pub fn is_committed(&self) -> bool {
        matches!(self.phase, Phase::Serving { .. } | Phase::Ended(Outcome::Serving { .. }))
    }

    /// Whether the release may still be committed or rejected by this replica
    /// and no attempt at that is under way.
    pub fn is_voting(&self) -> bool {
        matches!(self.phase, Phase::Preparing { .. })
    }

    /// Takes in an event at `now`, in milliseconds.
    pub fn handle(&mut self, event: Event, now: u64) -> Vec<Effect> {
        let mut out = Vec::new();
        match event {
            Event::Start(voters) => self.start(voters, now, &mut out),
            Event::Adopt(voters) => self.adopt(voters, now),
            Event::Receipt { node, state, reason } => self.receipt(node, state, reason),
            Event::NodeConnected(node) => self.connected(node, &mut out),
            Event::NodeDisconnected(node) => {
                self.voters.remove(&node);
            }
            Event::NodeCordoned(node) => {
                self.voters.remove(&node);
                if self.veto.as_ref().is_some_and(|(by, _)| *by == node) {
                    self.veto = None;
                }
            }
            Event::Superseded => {
                let outcome = match self.phase {
                    // Who waits for a committed release is served by the newer.
                    Phase::Serving { .. } => Outcome::Serving { missing: self.missing() },
                    _ => Outcome::Superseded,
                };
                self.end(outcome, &mut out);
            }
            Event::Written(written) => self.written(written, now, &mut out),
            Event::Tick => {}
        }
        self.proceed(now, &mut out);
        out
    }

    fn start(&mut self, voters: Vec<(NodeId, bool)>, now: u64, out: &mut Vec<Effect>) {
        if self.phase != Phase::New {
            return;
        }
        self.phase = Phase::Preparing { until_ms: now + self.timing.prepare_ms };
        // What every voter holds compiled was checked by every voter: no vote.
        let all_hold = voters.iter().all(|(_, holds)| *holds);
        for (node, _) in voters {
            let voice = if all_hold { Voice::Prepared } else { Voice::Silent };
            if !all_hold {
                out.push(Effect::Prepare(node.clone()));
            }
            self.voters.insert(node, Voter { voice, asked: !all_hold });
        }
    }

    fn adopt(&mut self, voters: Vec<NodeId>, now: u64) {
        if self.phase == Phase::New {
            let voter = Voter { voice: Voice::Silent, asked: false };
            self.voters = voters.into_iter().map(|node| (node, voter)).collect();
            self.phase = Phase::Serving { until_ms: now + self.timing.serve_ms };
        }
    }

    fn receipt(&mut self, node: NodeId, state: ReceiptState, reason: String) {
        let Some(voter) = self.voters.get_mut(&node) else { return };
        voter.voice = match state {
            ReceiptState::Prepared if voter.voice == Voice::Serving => Voice::Serving,
            ReceiptState::Prepared => Voice::Prepared,
            ReceiptState::Serving => Voice::Serving,
            ReceiptState::Lagging => Voice::Lagging,
            ReceiptState::Rejected => Voice::Rejected,
        };
        if state == ReceiptState::Rejected && self.vetoable && self.veto.is_none() {
            self.veto = Some((node, reason));
        }
    }

    fn connected(&mut self, node: NodeId, out: &mut Vec<Effect>) {
        let asked = matches!(self.phase, Phase::Preparing { .. });
        // Who comes after the vote gets the outcome with its world.
        if asked {
            out.push(Effect::Prepare(node.clone()));
            self.voters.insert(node, Voter { voice: Voice::Silent, asked });
        }
    }

    fn written(&mut self, written: Written, now: u64, out: &mut Vec<Effect>) {
        if self.is_committed() || self.outcome().is_some() {
            return;
        }
        let retry_at_ms = Some(now + self.timing.retry_ms);
        match (written, &self.phase) {
            (Written::Committed, _) => {
                self.phase = Phase::Serving { until_ms: now + self.timing.serve_ms };
            }
            (Written::Superseded, _) => self.end(Outcome::Superseded, out),
            (Written::RejectedFor { node, reason }, _) => {
                self.end(Outcome::Rejected { node, reason }, out);
            }
            (Written::Rejected, phase) => {
                let known = match phase {
                    Phase::Rejecting { node, reason, .. } => Some((node.clone(), reason.clone())),
                    _ => self.veto.clone(),
                };
                let by = |(node, reason)| Outcome::Rejected { node, reason };
                self.end(known.map_or_else(rejected_elsewhere, by), out);
            }
            (Written::Unknown, Phase::Committing { .. }) => {
                self.phase = Phase::Committing { retry_at_ms };
            }
            (Written::Unknown, Phase::Rejecting { node, reason, .. }) => {
                let (node, reason) = (node.clone(), reason.clone());
                self.phase = Phase::Rejecting { node, reason, retry_at_ms };
            }
            (Written::Unknown | Written::Pending, _) => {}
        }
    }

    /// Moves on wherever the state allows.
    fn proceed(&mut self, now: u64, out: &mut Vec<Effect>) {
        match &self.phase {
            Phase::New | Phase::Ended(_) => {}
            Phase::Preparing { until_ms } => {
                if let Some((node, reason)) = self.veto.clone() {
                    self.reject(node, reason, out);
                } else if self.vote_is_over() || now >= *until_ms {
                    self.phase = Phase::Committing { retry_at_ms: None };
                    out.push(Effect::Commit);
                }
            }
            Phase::Committing { retry_at_ms: Some(at) } if now >= *at => {
                // A veto that came too late for the first try may still be in
                // time for the next.
                if let Some((node, reason)) = self.veto.clone() {
                    self.reject(node, reason, out);
                } else {
                    self.phase = Phase::Committing { retry_at_ms: None };
                    out.push(Effect::Commit);
                }
            }
            Phase::Rejecting { node, reason, retry_at_ms: Some(at) } if now >= *at => {
                let (node, reason) = (node.clone(), reason.clone());
                self.reject(node, reason, out);
            }
            Phase::Committing { .. } | Phase::Rejecting { .. } => {}
            Phase::Serving { until_ms } => {
                let last_word =
                    |voter: &Voter| matches!(voter.voice, Voice::Serving | Voice::Rejected);
                if now >= *until_ms || self.voters.values().all(last_word) {
                    self.end(Outcome::Serving { missing: self.missing() }, out);
                }
            }
        }
    }

    fn missing(&self) -> Vec<NodeId> {
        let missing = self.voters.iter().filter(|(_, voter)| voter.voice != Voice::Serving);
        missing.map(|(node, _)| node.clone()).collect()
    }

    /// All have answered; lagging voters do not hold up those that prepared,
    /// but somebody must have.
    fn vote_is_over(&self) -> bool {
        let mut voices = self.voters.values().map(|voter| voter.voice);
        let answered = self.voters.values().all(|voter| voter.voice != Voice::Silent);
        let checked = |voice| matches!(voice, Voice::Prepared | Voice::Serving);
        answered && (self.voters.is_empty() || !self.vetoable || voices.any(checked))
    }

    fn reject(&mut self, node: NodeId, reason: String, out: &mut Vec<Effect>) {
        out.push(Effect::Reject { node: node.clone(), reason: reason.clone() });
        self.phase = Phase::Rejecting { node, reason, retry_at_ms: None };
    }

    fn end(&mut self, outcome: Outcome, out: &mut Vec<Effect>) {
        if self.outcome().is_some() {
            return;
        }
        if !matches!(outcome, Outcome::Serving { .. }) {
            let asked = self.voters.iter().filter(|(_, voter)| voter.asked);
            out.extend(asked.map(|(node, _)| Effect::Abandon(node.clone())));
        }
        self.phase = Phase::Ended(outcome.clone());
        out.push(Effect::Settled(outcome));
    }
}

#[cfg(test)]
mod tests;
