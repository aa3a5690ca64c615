//! What a node says to its control plane.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gw_fleet_core::{message::NodeMessage, node::NodeSync};
use gw_proto::{self as pb, answer, request};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::{sync::mpsc, time::Instant};

use super::now_ms;
use crate::{
    Hooks,
    convert::{About, IntoMessage as _, outgoing, stage_name},
    status,
};

/// Bounds on what a control plane may ask for.
const HEARTBEAT_MS: std::ops::RangeInclusive<u32> = 100..=60_000;

/// "Never", for a timer.
const FAR: Duration = Duration::from_secs(86_400);

/// The speaking end of the line.
pub(super) struct Talk {
    hooks: Arc<dyn Hooks>,
    about: About,
    line: Option<mpsc::UnboundedSender<pb::NodeMessage>>,
    /// Set once welcomed.
    heartbeat_every: Option<Duration>,
    next_heartbeat: Instant,
}

impl Talk {
    pub(super) fn new(hooks: Arc<dyn Hooks>, about: About) -> Self {
        // A past instant would need a runtime; it is set when a line is up.
        let next_heartbeat = Instant::now();
        Self { hooks, about, line: None, heartbeat_every: None, next_heartbeat }
    }

    pub(super) fn is_up(&self) -> bool {
        self.line.is_some()
    }

    pub(super) fn up(&mut self, node_id: String, line: mpsc::UnboundedSender<pb::NodeMessage>) {
        self.about.node_id = node_id;
        self.line = Some(line);
        self.heartbeat_every = None;
    }

    pub(super) fn down(&mut self) {
        self.line = None;
        self.heartbeat_every = None;
    }

    pub(super) fn welcome(&mut self, welcome: &pb::Welcome) {
        let ms = welcome.heartbeat_ms.clamp(*HEARTBEAT_MS.start(), *HEARTBEAT_MS.end());
        self.heartbeat_every = Some(Duration::from_millis(ms.into()));
        self.next_heartbeat = Instant::now();
    }

    /// When the next heartbeat is due.
    pub(super) fn next_heartbeat(&self) -> Instant {
        match self.heartbeat_every {
            Some(_) => self.next_heartbeat,
            None => Instant::now() + FAR,
        }
    }

    pub(super) fn prepared(&self, stage: &gw_snapshot::CompiledStage) {
        self.hooks.prepared(stage);
    }

    pub(super) fn heartbeat(&mut self) {
        let Some(every) = self.heartbeat_every else { return };
        self.next_heartbeat = Instant::now() + every;
        let load = self.hooks.load();
        self.say(
            pb::Heartbeat {
                at_ms: now_ms(),
                requests_total: load.requests_total,
                open_connections: load.open_connections,
                resident_bytes: load.resident_bytes,
                draining: load.draining,
            }
            .into_message(),
        );
    }

    pub(super) fn send(&self, message: NodeMessage) {
        self.say(outgoing(message, &self.about));
    }

    fn say(&self, message: pb::NodeMessage) {
        if let Some(line) = &self.line {
            // A line that just broke is reported by the link; what was said
            // into it is told again on the next one.
            let _ = line.send(message);
        }
    }

    /// A way to answer a request later, on the line that it came by.
    fn later(&self, id: u64) -> Say {
        let line = self.line.clone();
        Box::new(move |body| {
            let answer = pb::Answer { id, body: Some(body) }.into_message();
            // Nobody waits for what was asked on a former line.
            if let Some(line) = line {
                let _ = line.send(answer);
            }
        })
    }

    /// Answers a request: most at once, so that their deadlines play no part;
    /// a test call when it has ended.
    pub(super) fn answer(
        &self,
        request: pb::Request,
        machine: &NodeSync,
        status: &status::Shared,
        tests: impl FnOnce(pb::TestInvoke, Duration, Say),
    ) {
        let body = match request.body {
            Some(request::Body::Describe(pb::DescribeNode {})) => {
                answer::Body::State(describe(machine, &status.read()))
            }
            Some(request::Body::Drain(drain)) => {
                self.hooks.drain(Duration::from_millis(drain.delay_ms.into()));
                answer::Body::Done(pb::Done {})
            }
            Some(request::Body::TestInvoke(call)) => {
                let deadline = Duration::from_millis(request.deadline_ms.into());
                return tests(call, deadline, self.later(request.id));
            }
            None => answer::Body::Error("this build does not know that request".to_owned()),
        };
        self.say(pb::Answer { id: request.id, body: Some(body) }.into_message());
    }
}

/// Gives an answer that takes its time.
pub(super) type Say = Box<dyn FnOnce(answer::Body) + Send>;

fn describe(machine: &NodeSync, status: &status::Status) -> pb::NodeState {
    let since_epoch = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).ok();
    let ms = |since: Duration| u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let offline_since = status.offline_since.map(|at| OffsetDateTime::from(at).format(&Rfc3339));
    pb::NodeState {
        revision: machine.revision().map(Into::into),
        root_digest: machine.root().to_bytes().to_vec().into(),
        stages: status.stages,
        compiled_deployments: status.compiled_deployments,
        compiled_bytes: status.compiled_bytes,
        started_at_ms: status.started_at.and_then(since_epoch).map_or(0, ms),
        offline_since: offline_since.and_then(Result::ok).unwrap_or_default(),
        serving: machine.all_serving().map(|(key, at)| (stage_name(key), at.0)).collect(),
    }
}
