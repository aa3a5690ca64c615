//! Between the fleet protocol's messages and `gw-fleet-core`'s types.

use std::time::SystemTime;

use gw_fleet_core::message as core;
use gw_model::{ReleaseNumber, ResourceName, StageKey};
use gw_proto::{self as pb, InvalidMessage, MAX_TEST_BODY_BYTES, convert};
use gw_snapshot::{LogLine, Tested};

/// What a control plane can say.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// The first word.
    Welcome(pb::Welcome),
    /// For the node's state machine.
    Core(core::ControlMessage),
    /// To be answered by this node.
    Request(pb::Request),
    /// A kind that this build does not know.
    Unknown,
}

/// Reads a message.
///
/// # Errors
/// When a field breaks the protocol.
pub(crate) fn incoming(message: pb::ControlMessage) -> Result<Incoming, InvalidMessage> {
    use pb::control_message::Body;
    Ok(match message.body {
        None => Incoming::Unknown,
        Some(Body::Welcome(welcome)) => Incoming::Welcome(welcome),
        Some(Body::Request(request)) => Incoming::Request(request),
        Some(Body::Delta(message)) => Incoming::Core(core::ControlMessage::Delta(delta(message)?)),
        Some(Body::Prepare(prepare)) => {
            Incoming::Core(core::ControlMessage::Prepare(core::Prepare {
                stage: stage("prepare.stage", &prepare.stage)?,
                release: ReleaseNumber(prepare.release),
                content: prepare.content.as_ref().into(),
            }))
        }
        Some(Body::Abandon(abandon)) => {
            Incoming::Core(core::ControlMessage::Abandon(core::Abandon {
                stage: stage("abandon.stage", &abandon.stage)?,
                release: ReleaseNumber(abandon.release),
            }))
        }
    })
}

fn delta(delta: pb::Delta) -> Result<core::Delta, InvalidMessage> {
    let upsert = |resource: pb::Resource| {
        Ok(core::Resource {
            name: name("delta.upserts.name", &resource.name)?,
            version: resource.version,
            content: resource.content.as_ref().into(),
        })
    };
    Ok(core::Delta {
        from: delta.from.map(Into::into),
        to: delta.to.ok_or(InvalidMessage::missing("delta.to"))?.into(),
        upserts: delta.upserts.into_iter().map(upsert).collect::<Result<_, _>>()?,
        removals: delta
            .removals
            .iter()
            .map(|text| name("delta.removals", text))
            .collect::<Result<_, _>>()?,
        root: convert::root_digest("delta.root_digest", &delta.root_digest)?,
        more: delta.more,
    })
}

fn name(field: &'static str, text: &str) -> Result<ResourceName, InvalidMessage> {
    text.parse().map_err(|_| InvalidMessage { field, reason: "is not a resource name" })
}

pub(crate) fn stage(field: &'static str, text: &str) -> Result<StageKey, InvalidMessage> {
    match name(field, text)? {
        ResourceName::Stage(key) => Ok(key),
        _ => Err(InvalidMessage { field, reason: "is not the name of a stage" }),
    }
}

/// A stage's resource name.
pub(crate) fn stage_name(key: &StageKey) -> String {
    ResourceName::Stage(key.clone()).to_string()
}

/// What a `Hello` says beside the state of the world.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    pub(crate) node_id: String,
    pub(crate) boot_epoch: u64,
    pub(crate) build: String,
    pub(crate) traffic_address: String,
    pub(crate) metrics_address: String,
}

/// Writes a message.
pub(crate) fn outgoing(message: core::NodeMessage, about: &About) -> pb::NodeMessage {
    match message {
        core::NodeMessage::Hello(hello) => hello_of(&hello, about).into_message(),
        core::NodeMessage::WorldAck(ack) => pb::WorldAck {
            revision: Some(ack.revision.into()),
            accepted: ack.accepted,
            root_digest: ack.root.to_bytes().to_vec().into(),
        }
        .into_message(),
        core::NodeMessage::Receipt(receipt) => receipt_of(receipt).into_message(),
    }
}

fn hello_of(hello: &core::Hello, about: &About) -> pb::Hello {
    pb::Hello {
        protocol_version: gw_proto::PROTOCOL_VERSION,
        node_id: about.node_id.clone(),
        boot_epoch: about.boot_epoch,
        build: about.build.clone(),
        revision: hello.revision.map(Into::into),
        root_digest: hello.root.to_bytes().to_vec().into(),
        held: digests(&hello.held),
        traffic_address: about.traffic_address.clone(),
        metrics_address: about.metrics_address.clone(),
    }
}

fn receipt_of(receipt: core::Receipt) -> pb::Receipt {
    let state = match receipt.state {
        core::ReceiptState::Prepared => pb::receipt::State::Prepared,
        core::ReceiptState::Serving => pb::receipt::State::Serving,
        core::ReceiptState::Rejected => pb::receipt::State::Rejected,
        core::ReceiptState::Lagging => pb::receipt::State::Lagging,
    };
    pb::Receipt {
        stage: stage_name(&receipt.stage),
        release: receipt.release.0,
        state: state.into(),
        reason: receipt.reason,
        warnings: receipt.warnings,
        compile_us: receipt.compile_us,
        at_ms: receipt.at_ms,
        held: digests(&receipt.held),
    }
}

/// What a test call came to.
pub(crate) fn test_result(tested: Tested) -> pb::TestResult {
    let Tested { request_id, status, headers, mut body, log, latency } = tested;
    let headers = headers.iter().map(|(name, value)| pb::Header {
        name: name.as_str().to_owned(),
        value: bytes::Bytes::copy_from_slice(value.as_bytes()),
    });
    let since = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let line = |line: LogLine| pb::LogLine {
        at_ms: u64::try_from(since(line.at).as_millis()).unwrap_or(u64::MAX),
        text: line.text,
        step: line.is_step,
    };
    body.truncate(MAX_TEST_BODY_BYTES);
    pb::TestResult {
        request_id,
        status: status.into(),
        headers: headers.collect(),
        body,
        log: log.into_iter().map(line).collect(),
        latency_us: u64::try_from(latency.as_micros()).unwrap_or(u64::MAX),
    }
}

fn digests(all: &[gw_model::Digest]) -> Vec<bytes::Bytes> {
    all.iter().map(|digest| bytes::Bytes::copy_from_slice(digest.as_bytes())).collect()
}

/// The envelope of what a node says.
pub(crate) trait IntoMessage {
    fn into_message(self) -> pb::NodeMessage;
}

macro_rules! into_message {
    ($($body:ident)*) => {$(
        impl IntoMessage for pb::$body {
            fn into_message(self) -> pb::NodeMessage {
                pb::NodeMessage { body: Some(pb::node_message::Body::$body(self)) }
            }
        }
    )*};
}

into_message! { Hello WorldAck Receipt Answer Heartbeat }

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn message(body: pb::control_message::Body) -> pb::ControlMessage {
        pb::ControlMessage { body: Some(body) }
    }

    #[test]
    fn what_breaks_the_protocol_is_named() {
        use pb::control_message::Body;
        let no_target = message(Body::Delta(pb::Delta::default()));
        assert_eq!(incoming(no_target).unwrap_err().field, "delta.to");
        let prepare = pb::Prepare { stage: "node/x".into(), ..Default::default() };
        let error = incoming(message(Body::Prepare(prepare))).unwrap_err();
        assert_eq!(error.field, "prepare.stage");
        let short = pb::Delta {
            to: Some(pb::Revision { epoch: 1, number: 1 }),
            root_digest: vec![1, 2].into(),
            ..Default::default()
        };
        let error = incoming(message(Body::Delta(short))).unwrap_err();
        assert_eq!(error.field, "delta.root_digest");
        assert!(matches!(incoming(pb::ControlMessage::default()), Ok(Incoming::Unknown)));
    }
}
