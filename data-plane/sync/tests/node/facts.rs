//! Facts beside stages: published with them, and there again after a restart
//! from disk alone.

use gw_model::{
    FactName, Scope, StageKey,
    fact::{ApiKeyFact, HashKeyFact, KeyHasher, UsagePlanFact},
};
use gw_proto::control_message::Body;

use super::*;

const HASH_KEY: HashKeyFact = HashKeyFact { key: [7; 32] };

fn scope() -> Scope {
    Scope::new("000000000000", "us-east-1")
}

fn prod() -> StageKey {
    StageKey { scope: scope(), api: "aaa".into(), stage: "prod".into() }
}

fn key_name(id: &str) -> String {
    FactName::ApiKey(scope(), id.to_owned()).to_string()
}

fn key(value: &str, plan: &str) -> Vec<u8> {
    let hash = KeyHasher::new(&HASH_KEY).hash(&scope(), value.as_bytes());
    serde_json::to_vec(&ApiKeyFact { hash, plans: vec![plan.to_owned()] }).unwrap()
}

/// The world with its first facts: a plan that opens the stage, and a key.
fn with_facts(world: &mut Declared) -> Body {
    let stages = vec![gw_model::PlanStage {
        api: prod().api,
        stage: prod().stage,
        throttle: Default::default(),
    }];
    let plan = UsagePlanFact { stages, ..UsagePlanFact::default() };
    let plan_name = FactName::UsagePlan(scope(), "plan".to_owned()).to_string();
    world.set(&plan_name, serde_json::to_vec(&plan).unwrap());
    world.set(&FactName::api_key_hash().to_string(), serde_json::to_vec(&HASH_KEY).unwrap());
    world.set(&key_name("k"), key("value", "plan"));
    world.set("hash-key/of-a-later-build", b"kept unread".to_vec());
    world.whole()
}

fn opens(node: &Handle, value: &str) -> bool {
    node.world().load().facts().api_key(&prod(), value.as_bytes()).is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_reach_requests_and_survive_on_disk() {
    let dir = folder();
    let mut fleet = Fleet::start().await;
    let (node, mut session, mut world) = joined(&mut fleet, dir.path()).await;
    session.send(with_facts(&mut world));
    let ack = session.ack().await;
    assert!(ack.accepted && ack.root_digest == world.root());
    // The acknowledgement says that requests meet them.
    assert!(opens(&node, "value") && !opens(&node, "other"));

    session.send(world.set(&key_name("k"), key("value", "none")));
    assert!(session.ack().await.accepted);
    assert!(!opens(&node, "value"), "its plan is another");
    session.send(world.set(&key_name("l"), key("other", "plan")));
    assert!(session.ack().await.accepted);
    assert!(opens(&node, "other"));

    // One that cannot be read is kept out and counted; the world goes on.
    session.send(world.set(&key_name("l"), b"{".to_vec()));
    assert!(session.ack().await.accepted);
    assert!(!opens(&node, "other"));
    wait("it is counted", || node.status().unreadable_facts == 1).await;
    session.send(world.set(&key_name("m"), key("third", "plan")));
    let ack = session.ack().await;
    assert!(ack.accepted && ack.root_digest == world.root());
    assert_eq!(served(&node, "aaa"), Some(1));

    node.shutdown();
    drop((node, session));
    let dead = fleet.kill().await;
    let again = start(config_alone(dir.path()));
    assert!(opens(&again, "third") && !opens(&again, "value") && !opens(&again, "other"));
    assert_eq!(served(&again, "aaa"), Some(1));

    // What changed meanwhile comes with the first delta; what is gone goes.
    again.shutdown();
    drop(again);
    let mut fleet = dead.revive().await;
    let node = start(config(dir.path(), &fleet));
    let mut session = fleet.accept().await;
    assert_eq!(session.hello().await.root_digest, world.root());
    world.resources.remove(&key_name("m"));
    world.set(&key_name("n"), key("fourth", "plan"));
    session.send(world.whole());
    assert!(session.ack().await.accepted);
    assert!(opens(&node, "fourth") && !opens(&node, "third"));
    node.shutdown();
}

/// A node that knows of no control plane.
fn config_alone(dir: &Path) -> Config {
    Config::new(dir)
}
