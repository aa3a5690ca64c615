#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn node(name: &str) -> NodeId {
    NodeId::new(name)
}

fn started(voters: &[(&str, bool)]) -> (Rollout, Vec<Effect>) {
    let mut rollout = Rollout::new(Timing::default(), true);
    let voters = voters.iter().map(|(name, holds)| (node(name), *holds)).collect();
    let effects = rollout.handle(Event::Start(voters), 0);
    (rollout, effects)
}

fn says(name: &str, state: ReceiptState) -> Event {
    Event::Receipt { node: node(name), state, reason: "why".to_owned() }
}

fn committed(rollout: &mut Rollout, now: u64) -> Vec<Effect> {
    rollout.handle(Event::Written(Written::Committed), now)
}

use ReceiptState::{Lagging, Prepared, Rejected, Serving};

#[test]
fn commits_when_all_are_prepared_and_settles_when_all_serve() {
    let (mut rollout, effects) = started(&[("a", false), ("b", true)]);
    assert_eq!(effects, [Effect::Prepare(node("a")), Effect::Prepare(node("b"))]);
    assert_eq!(rollout.handle(says("a", Prepared), 1), []);
    assert_eq!(rollout.handle(says("a", Prepared), 2), [], "a duplicate changes nothing");
    assert_eq!(rollout.handle(says("b", Prepared), 3), [Effect::Commit]);
    assert_eq!(committed(&mut rollout, 4), []);
    assert_eq!(rollout.handle(says("b", Serving), 5), []);
    let settled = Effect::Settled(Outcome::Serving { missing: vec![] });
    assert_eq!(rollout.handle(says("a", Serving), 6), [settled]);
    assert_eq!(rollout.handle(Event::Superseded, 7), []);
}

#[test]
fn nobody_votes_on_what_all_hold() {
    assert_eq!(started(&[("a", true), ("b", true)]).1, [Effect::Commit]);
    assert_eq!(started(&[]).1, [Effect::Commit]);
}

#[test]
fn only_content_faults_veto() {
    let (mut rollout, _) = started(&[("a", false), ("b", false)]);
    assert_eq!(rollout.handle(says("a", Lagging), 1), []);
    assert_eq!(rollout.handle(says("b", Prepared), 2), [Effect::Commit]);

    let (mut rollout, _) = started(&[("a", false), ("b", false)]);
    let reject = Effect::Reject { node: node("a"), reason: "why".to_owned() };
    assert_eq!(rollout.handle(says("a", Rejected), 1), [reject]);
    assert_eq!(rollout.handle(says("b", Prepared), 2), []);
    let effects = rollout.handle(Event::Written(Written::Rejected), 3);
    assert!(effects.contains(&Effect::Abandon(node("b"))));
    let outcome = Outcome::Rejected { node: node("a"), reason: "why".to_owned() };
    assert_eq!(effects.last(), Some(&Effect::Settled(outcome)));
}

#[test]
fn a_fleet_that_only_lags_is_waited_for() {
    let (mut rollout, _) = started(&[("a", false)]);
    assert_eq!(rollout.handle(says("a", Lagging), 1), []);
    assert_eq!(rollout.handle(Event::Tick, 9_999), []);
    assert_eq!(rollout.handle(Event::Tick, 10_000), [Effect::Commit]);
}

#[test]
fn the_absent_do_not_block() {
    let (mut rollout, _) = started(&[("a", false), ("b", false), ("c", false)]);
    assert_eq!(rollout.handle(says("a", Prepared), 1), []);
    assert_eq!(rollout.handle(Event::NodeDisconnected(node("b")), 2), []);
    assert_eq!(rollout.handle(Event::NodeCordoned(node("c")), 3), [Effect::Commit]);
    committed(&mut rollout, 4);
    let effects = rollout.handle(Event::NodeDisconnected(node("a")), 5);
    assert_eq!(effects, [Effect::Settled(Outcome::Serving { missing: vec![] })]);
}

#[test]
fn laggards_are_left_out_after_the_deadline() {
    let (mut rollout, _) = started(&[("a", false), ("b", false)]);
    rollout.handle(says("a", Prepared), 1);
    assert_eq!(rollout.handle(Event::Tick, 10_000), [Effect::Commit]);
    committed(&mut rollout, 10_001);
    rollout.handle(says("a", Serving), 10_002);
    let missing = vec![node("b")];
    let settled = Effect::Settled(Outcome::Serving { missing });
    assert_eq!(rollout.handle(Event::Tick, 20_001), [settled]);
}

#[test]
fn a_node_that_connects_during_the_vote_has_one() {
    let (mut rollout, _) = started(&[("a", false)]);
    assert_eq!(rollout.handle(Event::NodeConnected(node("b")), 1), [Effect::Prepare(node("b"))]);
    assert_eq!(rollout.handle(says("a", Prepared), 2), []);
    assert_eq!(rollout.handle(says("b", Prepared), 3), [Effect::Commit]);
    assert_eq!(rollout.handle(Event::NodeConnected(node("c")), 4), []);
}

#[test]
fn the_database_is_asked_again() {
    let (mut rollout, effects) = started(&[("a", true)]);
    assert_eq!(effects, [Effect::Commit]);
    assert_eq!(rollout.handle(Event::Written(Written::Unknown), 10), []);
    assert_eq!(rollout.handle(Event::Tick, 500), []);
    assert_eq!(rollout.handle(Event::Tick, 510), [Effect::Commit]);
    // A veto between two tries turns the commit into a rejection, and the
    // database has the last word on which of the two it was.
    rollout.handle(Event::Written(Written::Unknown), 511);
    rollout.handle(says("a", Rejected), 512);
    let effects = rollout.handle(Event::Tick, 2000);
    assert!(matches!(effects[..], [Effect::Reject { .. }]));
    committed(&mut rollout, 2001);
    assert!(rollout.is_committed());
}

#[test]
fn superseded_releases_are_forgotten() {
    let (mut rollout, _) = started(&[("a", false)]);
    let effects = rollout.handle(Event::Superseded, 1);
    assert_eq!(effects, [Effect::Abandon(node("a")), Effect::Settled(Outcome::Superseded)]);
    assert_eq!(rollout.handle(says("a", Prepared), 2), []);
    assert_eq!(rollout.outcome(), Some(&Outcome::Superseded));
}

#[test]
fn what_is_committed_already_cannot_be_vetoed() {
    let mut rollout = Rollout::new(Timing::default(), false);
    rollout.handle(Event::Start(vec![(node("a"), false), (node("b"), false)]), 0);
    assert_eq!(rollout.handle(says("a", Rejected), 1), []);
    assert_eq!(rollout.handle(says("b", Rejected), 2), [Effect::Commit]);
}
