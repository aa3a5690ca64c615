//! The nodes, as use cases see them.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use gw_app::{
    Fleet, LiveNode, NodeAnswer, NodeRequest, NodeRequestError, NodeState, ReleaseOutcome,
    ReleaseProgress, TestCall, TestInvokeInput, TestLine, TestResult,
};
use gw_fleet_core::{replica::Pending, rollout::Outcome};
use gw_model::{Digest, NodeId, Release, ReleaseNumber, ResourceName, Revision, StageKey};
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
        let mut offered = None;
        let body = match request {
            NodeRequest::Describe => Asked::Describe(pb::DescribeNode {}),
            NodeRequest::Drain { delay_ms } => Asked::Drain(pb::Drain { delay_ms }),
            NodeRequest::TestInvoke(call) => {
                // Fetched by the node while this waits.
                offered = Some(self.0.offer(call.digest, Arc::clone(&call.content)));
                Asked::TestInvoke(test_call(*call))
            }
        };
        let answer = self.0.request(node, body, deadline).await;
        drop(offered);
        match answer {
            Ok(Answered::State(state)) => Ok(NodeAnswer::State(node_state(state))),
            Ok(Answered::Tested(result)) => Ok(NodeAnswer::Tested(Box::new(test_result(result)))),
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

fn test_call(call: TestCall) -> pb::TestInvoke {
    let TestInvokeInput { path_with_query, headers, body, stage_variables, .. } = call.input;
    let header = |(name, value): (String, String)| pb::Header { name, value: value.into() };
    pb::TestInvoke {
        stage: ResourceName::Stage(call.stage).to_string(),
        digest: call.digest.as_bytes().to_vec().into(),
        resource_id: call.method.resource.to_string(),
        method: call.method.verb.as_str().to_owned(),
        path_with_query,
        headers: headers.into_iter().map(header).collect(),
        body: body.into(),
        stage_variables: stage_variables.into_iter().collect(),
        client_certificate_id: call.input.client_certificate_id.unwrap_or_default(),
    }
}

fn test_result(result: pb::TestResult) -> TestResult {
    let headers = result.headers.into_iter().map(|header| (header.name, header.value.to_vec()));
    TestResult {
        request_id: result.request_id,
        // A status has three digits.
        status: u16::try_from(result.status).unwrap_or_default(),
        headers: headers.collect(),
        body: result.body.to_vec(),
        log: result.log.into_iter().map(test_line).collect(),
        latency: Duration::from_micros(result.latency_us),
    }
}

fn test_line(line: pb::LogLine) -> TestLine {
    TestLine { at_ms: line.at_ms, text: line.text, is_step: line.step }
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
