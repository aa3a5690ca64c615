//! What a replica hears twice.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use gw_fleet_core::{
    message::Resource,
    replica::{Effect, Event, Fresh, FreshWorld, Pending, Replica},
    rollout::Timing,
    world::Change,
};
use gw_model::{Digest, Release, ReleaseNumber, ResourceName, Revision, Scope, StageKey};

fn read(revision: Revision, world: FreshWorld) -> Event {
    let (pending, nodes, receipts) = (Vec::new(), Vec::new(), Vec::new());
    Event::Read(Fresh { revision, world, pending, nodes, receipts })
}

/// How many rollouts of a release came to their end.
fn settled(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Settled(..))).count()
}

/// A commit that goes out without a read may be met by a read that began
/// before it and found it too.
#[test]
fn a_commit_that_a_read_tells_of_again_is_rolled_out_once() {
    let stage = StageKey {
        scope: Scope::new("000000000000", "us-east-1"),
        api: "a123456789".into(),
        stage: "s".into(),
    };
    let (first, second) = (Revision::new(1, 1), Revision::new(1, 2));
    let release = ReleaseNumber(1);
    let declared = Release {
        number: release,
        deployment_id: "d1".into(),
        deployment: Digest::of(b"d1"),
        variables: Default::default(),
        canary: None,
        settings: Default::default(),
    };
    let content: Arc<[u8]> = serde_json::to_vec(&declared).unwrap().into();
    let mut replica = Replica::new(Timing::default());
    replica.handle(Event::Tick, 0);
    replica.handle(read(first, FreshWorld::Whole(Vec::new())), 1);

    let asked = replica.handle(Event::Wake, 2);
    assert!(matches!(asked[..], [Effect::Read { .. }]), "{asked:?}");
    let pending = Pending { stage: stage.clone(), release, content: content.clone() };
    // Without nodes a rollout is over as it begins.
    assert_eq!(settled(&replica.handle(Event::Committed(pending, second), 3)), 1);
    let again = Resource { name: ResourceName::Stage(stage), version: second.number, content };
    let changes = FreshWorld::Changes(vec![Change::upsert(again)]);
    assert_eq!(settled(&replica.handle(read(second, changes), 4)), 0);
    assert_eq!(replica.flights().count(), 0);
}
