//! Facts beside stages: which key opens what, and what a change costs.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use gw_model::{
    FactName, Scope, StageKey,
    fact::{ApiKeyFact, HashKeyFact, KeyHasher, UsagePlanFact},
};
use gw_snapshot::World;
use support::key;

const HASH_KEY: HashKeyFact = HashKeyFact { key: [7; 32] };

type Change = (FactName, Option<Vec<u8>>);

fn scope() -> Scope {
    key("abc", "prod").scope
}

fn hash_key() -> Change {
    (FactName::api_key_hash(), Some(serde_json::to_vec(&HASH_KEY).unwrap()))
}

fn api_key(id: &str, value: &str, plans: &[&str]) -> Change {
    let hash = KeyHasher::new(&HASH_KEY).hash(&scope(), value.as_bytes());
    let plans = plans.iter().map(|plan| (*plan).to_owned()).collect();
    let fact = ApiKeyFact { hash, plans };
    (FactName::ApiKey(scope(), id.to_owned()), Some(serde_json::to_vec(&fact).unwrap()))
}

fn plan(id: &str, stages: &[(&str, &str)]) -> Change {
    let stages = stages.iter().map(|(api, stage)| gw_model::PlanStage {
        api: (*api).into(),
        stage: (*stage).into(),
        throttle: Default::default(),
    });
    let fact = UsagePlanFact { stages: stages.collect(), ..UsagePlanFact::default() };
    (FactName::UsagePlan(scope(), id.to_owned()), Some(serde_json::to_vec(&fact).unwrap()))
}

fn gone((name, _): Change) -> Change {
    (name, None)
}

/// The world after these changes, and the names of what could not be read.
fn after(world: &World, changes: &[Change]) -> (World, Vec<FactName>) {
    let upserts = changes.iter().filter_map(|(name, to)| Some((name, &**to.as_ref()?)));
    let removals = changes.iter().filter(|(_, to)| to.is_none()).map(|(name, _)| name);
    let (world, unreadable) = world.with_facts(upserts, removals);
    (world, unreadable.into_iter().map(|fact| fact.name).collect())
}

fn opens(world: &World, stage: &StageKey, value: &str) -> Option<String> {
    world.facts().api_key(stage, value.as_bytes()).map(|key| key.id().to_owned())
}

#[test]
fn a_key_opens_the_stages_of_its_plans() {
    let all = [
        // In no useful order: each fact stands for itself.
        api_key("k1", "value-1", &["p1", "p2"]),
        api_key("k2", "value-2", &["p2", "none"]),
        api_key("k3", "value-3", &["p3"]),
        api_key("k4", "value-4", &[]),
        plan("p1", &[("zzz", "x"), ("abc", "prod")]),
        plan("p2", &[("abc", "test"), ("abc", "beta")]),
        hash_key(),
    ];
    let (world, unreadable) = after(&World::default(), &all);
    assert_eq!(unreadable, []);
    let check = |value: &str, stage: &str, id: Option<&str>| {
        assert_eq!(opens(&world, &key("abc", stage), value).as_deref(), id, "{value} {stage}");
    };
    check("value-1", "prod", Some("k1"));
    check("value-1", "beta", Some("k1"));
    check("value-1", "other", None);
    check("value-2", "test", Some("k2"));
    check("value-2", "prod", None);
    check("value-3", "prod", None);
    check("value-4", "prod", None);
    check("value-5", "prod", None);
    check("", "prod", None);
    // The same API and stage under another scope is another stage.
    let mut elsewhere = key("abc", "prod");
    elsewhere.scope = Scope::new("000000000000", "eu-west-1");
    assert_eq!(opens(&world, &elsewhere, "value-1"), None);
}

#[test]
fn facts_change_one_by_one() {
    let prod = key("abc", "prod");
    let first = [hash_key(), plan("p", &[("abc", "prod")]), api_key("k", "old", &["p"])];
    let (world, _) = after(&World::default(), &first);
    assert_eq!(opens(&world, &prod, "old").as_deref(), Some("k"));

    // Another plan, gone: the former world stays as it was.
    let (off, _) = after(&world, &[api_key("k", "old", &["q"])]);
    assert_eq!(opens(&off, &prod, "old"), None);
    assert_eq!(opens(&world, &prod, "old").as_deref(), Some("k"));
    let (deleted, _) = after(&world, &[gone(api_key("k", "old", &[]))]);
    assert_eq!((opens(&deleted, &prod, "old"), deleted.facts().api_key_count()), (None, 0));
    let (emptied, _) = after(&world, &[plan("p", &[])]);
    assert_eq!(opens(&emptied, &prod, "old"), None);
    let (unplanned, _) = after(&world, &[gone(plan("p", &[]))]);
    assert_eq!(opens(&unplanned, &prod, "old"), None);

    // One step may take a value from one key and give it to another.
    let moved = [gone(api_key("k", "old", &[])), api_key("l", "old", &["p"])];
    let (moved, _) = after(&world, &moved);
    assert_eq!(opens(&moved, &prod, "old").as_deref(), Some("l"));

    let (blind, _) = after(&world, &[gone(hash_key())]);
    assert_eq!(opens(&blind, &prod, "old"), None);
}

#[test]
fn what_cannot_be_read_is_left_out_alone() {
    let prod = key("abc", "prod");
    let first = [hash_key(), plan("p", &[("abc", "prod")]), api_key("k", "old", &["p"])];
    let (world, _) = after(&World::default(), &first);
    for content in ["", "{", "[]", "null", r#"{"hash":"zz","plans":[]}"#, r#"{"hash":7}"#] {
        for (name, _) in &first {
            let broken = (name.clone(), Some(content.as_bytes().to_vec()));
            let other = api_key("l", "new", &["p"]);
            let (next, unreadable) = after(&world, &[broken, other]);
            // A plan may leave everything out; one without stages opens nothing.
            let is_empty_plan = matches!(name, FactName::UsagePlan(..))
                && (content == "[]" || content.starts_with("{\"hash"));
            if !is_empty_plan {
                assert_eq!(unreadable, std::slice::from_ref(name), "{name} {content}");
            }
            assert_eq!(opens(&next, &prod, "old"), None, "{name} {content}");
            if matches!(name, FactName::ApiKey(..)) {
                assert_eq!(opens(&next, &prod, "new").as_deref(), Some("l"));
            }
        }
    }
    // Kinds that this node has no use for are kept unread.
    let other = (FactName::HashKey("other".to_owned()), Some(b"?".to_vec()));
    assert_eq!(after(&world, &[other]).1, []);
}

#[test]
fn one_key_of_many_copies_two_shards() {
    let mut keys: Vec<Change> =
        (0..5000).map(|n| api_key(&format!("k{n}"), &format!("value-{n}"), &["p"])).collect();
    keys.extend([hash_key(), plan("p", &[("abc", "prod")])]);
    let (world, _) = after(&World::default(), &keys);
    let (next, _) = after(&world, &[api_key("k77", "value-77", &[])]);
    let (shared, of) = next.facts().shared_key_shards(world.facts());
    assert_eq!(shared, of - 2);
    assert_eq!(next.facts().api_key_count(), 5000);
    assert_eq!(opens(&next, &key("abc", "prod"), "value-77"), None);
    assert_eq!(opens(&next, &key("abc", "prod"), "value-78").as_deref(), Some("k78"));
}
