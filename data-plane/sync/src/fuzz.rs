//! Entry points for fuzzing: what bytes from outside reach.

use gw_fleet_core::{
    message::ControlMessage,
    node::{Event, Limits, NodeSync},
};
use gw_model::RootDigest;
use prost::Message as _;

use crate::{
    convert::{self, Incoming},
    disk,
};

/// Feeds `data` to the readers of a world: as what a control plane says, as
/// the records of a log, and as a deployment's content.
///
/// # Panics
/// When a reader does, or when a world comes out whose root digest is not
/// that of its resources.
pub fn world(data: &[u8]) {
    let mut node = NodeSync::new(Limits::default());
    node.handle(Event::Connected, 0);
    for piece in pieces(data) {
        let Ok(message) = gw_proto::ControlMessage::decode(piece) else { continue };
        let Ok(Incoming::Core(message)) = convert::incoming(message) else { continue };
        let event = match message {
            ControlMessage::Delta(delta) => Event::Delta(delta),
            ControlMessage::Prepare(prepare) => Event::Prepare(prepare),
            ControlMessage::Abandon(abandon) => Event::Abandon(abandon),
        };
        node.handle(event, 1);
    }
    if let Some(saved) = node.saved() {
        assert_eq!(root_of(&saved), node.root());
    }
    if let Ok(found) = disk::replay(pieces(data)) {
        assert_eq!(root_of(&found.world), found.root);
    }
    if let Ok(api) = gw_model::encode::decode(data) {
        let _ = gw_snapshot::compile(&api, &gw_snapshot::Limits::default());
    }
}

/// Splits at a 16-bit length before each piece.
fn pieces(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = data.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (piece, rest) = rest.split_at(length);
        data = rest;
        Some(piece)
    })
}

fn root_of(world: &gw_fleet_core::node::SavedWorld) -> RootDigest {
    let mut root = RootDigest::default();
    for resource in &world.resources {
        root.add(&resource.name.to_string(), resource.version, &resource.content);
    }
    root
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(pieces: &[Vec<u8>]) -> Vec<u8> {
        let frame = |piece: &Vec<u8>| {
            let mut bytes = u16::try_from(piece.len()).unwrap().to_be_bytes().to_vec();
            bytes.extend_from_slice(piece);
            bytes
        };
        pieces.iter().flat_map(frame).collect()
    }

    /// A world of one stage, as a control plane sends it.
    fn valid() -> Vec<u8> {
        let name = "stage/000000000000/us-east-1/aaa/prod";
        let mut root = RootDigest::default();
        root.add(name, 1, b"{}");
        let resource =
            gw_proto::Resource { name: name.into(), version: 1, content: b"{}"[..].into() };
        let delta = gw_proto::Delta {
            to: Some(gw_proto::Revision { epoch: 1, number: 1 }),
            upserts: vec![resource],
            root_digest: root.to_bytes().to_vec().into(),
            ..Default::default()
        };
        let body = Some(gw_proto::control_message::Body::Delta(delta));
        gw_proto::ControlMessage { body }.encode_to_vec()
    }

    proptest! {
        #[test]
        fn any_bytes(pieces in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..100), 0..5)
        ) {
            world(&framed(&pieces));
        }

        #[test]
        fn a_damaged_message(at in any::<prop::sample::Index>(), with in any::<u8>()) {
            let mut message = valid();
            *at.get_mut(&mut message) = with;
            world(&framed(&[valid(), message]));
        }
    }
}
