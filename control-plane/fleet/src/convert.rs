//! Between the protocol's messages and the core's.

use bytes::Bytes;
use gw_fleet_core::message::{
    ControlMessage, Delta, Hello, NodeMessage, Receipt, ReceiptState, Resource, WorldAck,
};
use gw_model::{ReleaseNumber, ResourceName, RootDigest, StageKey};
use gw_proto::{
    self as pb, InvalidMessage,
    control_message::Body,
    convert::{digest, root_digest},
    receipt::State,
};

/// A control message as it travels.
pub(crate) fn control(message: ControlMessage) -> pb::ControlMessage {
    let body = match message {
        ControlMessage::Delta(delta) => Body::Delta(self::delta(delta)),
        ControlMessage::Prepare(prepare) => Body::Prepare(pb::Prepare {
            stage: stage_name(&prepare.stage),
            release: prepare.release.0,
            content: Bytes::from_owner(prepare.content),
        }),
        ControlMessage::Abandon(abandon) => Body::Abandon(pb::Abandon {
            stage: stage_name(&abandon.stage),
            release: abandon.release.0,
        }),
    };
    pb::ControlMessage { body: Some(body) }
}

fn delta(delta: Delta) -> pb::Delta {
    let resource = |resource: Resource| pb::Resource {
        name: resource.name.to_string(),
        version: resource.version,
        content: Bytes::from_owner(resource.content),
    };
    pb::Delta {
        from: delta.from.map(Into::into),
        to: Some(delta.to.into()),
        upserts: delta.upserts.into_iter().map(resource).collect(),
        removals: delta.removals.iter().map(ToString::to_string).collect(),
        root_digest: delta.root.to_bytes().to_vec().into(),
        more: delta.more,
    }
}

fn stage_name(stage: &StageKey) -> String {
    ResourceName::Stage(stage.clone()).to_string()
}

/// A node's first message, as far as the core reads it.
pub(crate) fn hello(hello: &pb::Hello) -> Result<Hello, InvalidMessage> {
    let root = match &hello.root_digest[..] {
        [] if hello.revision.is_none() => RootDigest::default(),
        bytes => root_digest("root_digest", bytes)?,
    };
    let held = hello.held.iter().map(|bytes| digest("held", bytes)).collect::<Result<_, _>>()?;
    Ok(Hello { revision: hello.revision.map(Into::into), root, held })
}

/// A node's answer to a delta.
pub(crate) fn world_ack(ack: &pb::WorldAck) -> Result<NodeMessage, InvalidMessage> {
    Ok(NodeMessage::WorldAck(WorldAck {
        revision: ack.revision.map(Into::into).unwrap_or_default(),
        accepted: ack.accepted,
        root: root_digest("root_digest", &ack.root_digest)?,
    }))
}

/// A node's word on a release.
pub(crate) fn receipt(receipt: pb::Receipt) -> Result<NodeMessage, InvalidMessage> {
    let stage = match receipt.stage.parse() {
        Ok(ResourceName::Stage(stage)) => stage,
        _ => return Err(InvalidMessage { field: "stage", reason: "is not a stage's name" }),
    };
    let state = match receipt.state() {
        State::Prepared => ReceiptState::Prepared,
        State::Serving => ReceiptState::Serving,
        State::Rejected => ReceiptState::Rejected,
        State::Lagging => ReceiptState::Lagging,
        State::Unspecified => return Err(InvalidMessage::missing("state")),
    };
    let held = receipt.held.iter().map(|bytes| digest("held", bytes)).collect::<Result<_, _>>()?;
    Ok(NodeMessage::Receipt(Receipt {
        stage,
        release: ReleaseNumber(receipt.release),
        state,
        reason: receipt.reason,
        warnings: receipt.warnings,
        compile_us: receipt.compile_us,
        at_ms: receipt.at_ms,
        held,
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn bytes_from_outside_are_checked() {
        assert!(hello(&pb::Hello::default()).unwrap().revision.is_none());
        let odd = pb::Hello { held: vec![vec![1; 31].into()], ..Default::default() };
        assert_eq!(hello(&odd).unwrap_err().field, "held");
        let rootless = pb::Hello { revision: Some(Default::default()), ..Default::default() };
        assert_eq!(hello(&rootless).unwrap_err().field, "root_digest");
        assert_eq!(world_ack(&pb::WorldAck::default()).unwrap_err().field, "root_digest");
        let node = pb::Receipt { stage: "node/a".into(), state: 1, ..Default::default() };
        assert_eq!(receipt(node).unwrap_err().field, "stage");
        let stage = "stage/1/r/a/s".to_owned();
        let stateless = pb::Receipt { stage: stage.clone(), ..Default::default() };
        assert_eq!(receipt(stateless).unwrap_err().field, "state");
        let fine = pb::Receipt { stage, state: 2, release: 7, ..Default::default() };
        assert!(matches!(receipt(fine), Ok(NodeMessage::Receipt(r)) if r.release.0 == 7));
    }
}
