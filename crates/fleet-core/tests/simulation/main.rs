//! Whole fleets through thousands of random schedules: lost messages, streams
//! that break and come back at another replica, nodes and replicas that die,
//! a database that goes away, answers that get lost, releases that some nodes
//! cannot compile, and newer releases in between.
//!
//! `GW_SIM_SEED=n` replays one schedule with a trace, `GW_SIM_RUNS=n` runs more.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

mod fleet;
mod node;

use std::panic::{AssertUnwindSafe, catch_unwind};

fn run(seed: u64) -> Result<(), Vec<String>> {
    let mut fleet = fleet::Fleet::new(seed);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..400 {
            fleet.step();
        }
        fleet.heal();
        fleet.check();
    }));
    outcome.map_err(|_| std::mem::take(&mut fleet.trace))
}

#[test]
fn invariants_hold_on_every_schedule() {
    if let Some(seed) = std::env::var("GW_SIM_SEED").ok().and_then(|seed| seed.parse().ok()) {
        if let Err(trace) = run(seed) {
            panic!("seed {seed} fails:\n{}", trace.join("\n"));
        }
        return;
    }
    let runs = std::env::var("GW_SIM_RUNS").ok().and_then(|runs| runs.parse().ok());
    for seed in 0..runs.unwrap_or(2000) {
        assert!(run(seed).is_ok(), "replay with GW_SIM_SEED={seed}");
    }
}
