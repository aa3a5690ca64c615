//! The nodes, as use cases see them.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use gw_app::{
    Fleet, LiveNode, NodeAnswer, NodeRequest, NodeRequestError, NodeState, ReleaseOutcome,
    ReleaseProgress,
};
use gw_fleet_core::{replica::Pending, rollout::Outcome};
use gw_model::{Digest, NodeId, Release, ReleaseNumber, Revision, StageKey};
use gw_proto::{self as pb, answer::Body as Answered, request::Body as Asked};
use tokio::sync::watch;

use super::backing::receipt_row;
use crate::{
    hub::{Hub, RequestError},
    track::Progress,
};

/// A hub as use cases want it.
pub struct AppFleet(Arc<Hub>);

impl AppFleet {
    /// Over a replica's hub.
    pub fn new(hub: Arc<Hub>) -> Self {
        Self(hub)
    }
}

#[async_trait]
impl Fleet for AppFleet {
    fn release_appended(&self, stage: &StageKey, release: &Release, committed: Option<Revision>) {
        // The store writes these bytes too, and gives them back unchanged.
        let Ok(content) = serde_json::to_vec(release) else {
            // The sweep finds it.
            return self.0.wake();
        };
        let (stage, number) = (stage.clone(), release.number);
        let release = Pending { stage, release: number, content: content.into() };
        match committed {
            Some(revision) => self.0.committed(release, revision),
            None => self.0.appended(release),
        }
    }

    fn world_changed(&self, _: Revision) {
        self.0.wake();
    }

    fn holds_prepared(&self, _: &StageKey, release: &Release) -> bool {
        self.0.all_hold(&release.digests().collect::<Vec<Digest>>())
    }

    async fn await_release(
        &self,
        stage: &StageKey,
        release: ReleaseNumber,
        timeout: Duration,
    ) -> ReleaseOutcome {
        let mut progress = self.0.follow_release(stage, release);
        let ended = progress.wait_for(|progress| progress.outcome.is_some());
        match tokio::time::timeout(timeout, ended).await {
            Ok(Ok(progress)) => outcome(progress.outcome.as_ref()),
            // The time is up, or the release was forgotten.
            Ok(Err(_)) | Err(_) => ReleaseOutcome::Pending,
        }
    }

    async fn await_revision(&self, revision: Revision, timeout: Duration) -> bool {
        self.0.await_revision(revision, timeout).await
    }

    fn has_nodes_elsewhere(&self) -> bool {
        self.0.has_nodes_elsewhere()
    }

    fn watch_release(
        &self,
        stage: &StageKey,
        release: ReleaseNumber,
    ) -> Option<watch::Receiver<ReleaseProgress>> {
        let mut progress = self.0.watch_release(stage, release)?;
        let (out, watched) = watch::channel(shown(&progress.borrow_and_update()));
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    changed = progress.changed() => if changed.is_err() { return },
                    () = out.closed() => return,
                }
                let now = shown(&progress.borrow_and_update());
                out.send_replace(now);
            }
        });
        Some(watched)
    }

    fn live_nodes(&self) -> Vec<LiveNode> {
        let nodes = self.0.live_nodes().into_iter().map(|(live, draining)| LiveNode {
            id: live.node,
            acked: live.acked,
            last_seen_ms_ago: live.silent_ms,
            lag_ms: live.lag_ms,
            draining,
        });
        nodes.collect()
    }

    fn revision(&self) -> Option<Revision> {
        self.0.revision()
    }

    async fn request(
        &self,
        node: &NodeId,
        request: NodeRequest,
        deadline: Duration,
    ) -> Result<NodeAnswer, NodeRequestError> {
        let body = match request {
            NodeRequest::Describe => Asked::Describe(pb::DescribeNode {}),
            NodeRequest::Drain { delay_ms } => Asked::Drain(pb::Drain { delay_ms }),
        };
        match self.0.request(node, body, deadline).await {
            Ok(Answered::State(state)) => Ok(NodeAnswer::State(node_state(state))),
            Ok(Answered::Done(_)) => Ok(NodeAnswer::Done),
            Ok(Answered::Error(error)) => Err(NodeRequestError::Failed(error)),
            Err(RequestError::NotConnected) => Err(NodeRequestError::NotConnected),
            Err(RequestError::Timeout) => Err(NodeRequestError::Timeout),
        }
    }
}

fn outcome(outcome: Option<&Outcome>) -> ReleaseOutcome {
    match outcome {
        // Whoever waits for an overtaken release is served by the newer one.
        Some(Outcome::Superseded) => ReleaseOutcome::Serving,
        Some(Outcome::Serving { missing }) if missing.is_empty() => ReleaseOutcome::Serving,
        Some(Outcome::Serving { .. }) | None => ReleaseOutcome::Pending,
        Some(Outcome::Rejected { node, reason }) => {
            ReleaseOutcome::Rejected { node: node.clone(), reason: reason.clone() }
        }
    }
}

fn shown(progress: &Progress) -> ReleaseProgress {
    ReleaseProgress {
        receipts: progress.receipts.iter().cloned().map(receipt_row).collect(),
        settled: progress.outcome.is_some(),
    }
}

fn node_state(state: pb::NodeState) -> NodeState {
    NodeState {
        revision: state.revision.map(Into::into).unwrap_or_default(),
        root_digest: hex::encode(&state.root_digest),
        stages: state.stages,
        compiled_deployments: state.compiled_deployments,
        compiled_bytes: state.compiled_bytes,
        started_at_ms: state.started_at_ms,
        serving: state.serving.into_iter().collect(),
    }
}
