//! Random bodies and random patches to every operation, half-way sensible ones
//! and garbage: each is taken whole or refused whole, in AWS's shape, and none
//! is our fault.

mod draw;
mod pool;
mod words;

use axum::body::Body;
use http::Request;
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{Config, TestRng, TestRunner},
};

use crate::harness::{Admin, Answer};
use draw::{Call, draws};
use gw_api::{OPERATIONS, Operation};
use pool::Pool;

/// What a run makes; `GATEWRIGHT_CHANCE_CALLS` asks for more.
const CALLS: usize = 1500;

/// Operations that wait for something that does not come here.
const WAITING: &[&str] = &["WatchRelease"];

/// What nodes must run: 503 without any, which is no fault.
const BY_A_NODE: &[&str] = &["TestInvokeMethod", "TestInvokeAuthorizer", "DrainNode"];

/// A table of what is made once, when somebody first asks: no caller's state.
const MADE_WHEN_ASKED: &[&str] = &["domain_ca"];

impl Admin {
    /// A call by token: as random calls go, their signatures are not the point.
    async fn by_token(&self, call: &Call) -> Answer {
        let token = format!("Bearer {}", *self.credentials.bearer_token);
        let request = Request::builder().method(call.method).uri(&call.target);
        let request = request.header("authorization", token);
        self.raw(request.body(Body::from(call.body.clone())).unwrap()).await
    }
}

/// A success, or a refusal that a client can read.
fn sound(operation: &Operation, answer: &Answer) -> bool {
    match answer.status.as_u16() {
        200..=299 => true,
        400..=499 => {
            let (_, code, message) = answer.fault();
            code.ends_with("Exception") && !message.is_empty()
        }
        503 => BY_A_NODE.contains(&operation.name),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_is_taken_whole_or_refused_whole() {
    let admin = Admin::start().await;
    let mut watch = admin.watch().await;
    let calls = std::env::var("GATEWRIGHT_CHANCE_CALLS").ok();
    let calls = calls.map_or(CALLS, |text| text.parse().unwrap());
    let config = Config::default();
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let operations: Vec<&Operation> =
        OPERATIONS.iter().filter(|one| !WAITING.contains(&one.name)).collect();
    let draws = draws(operations.len());

    let mut pool = Pool::seeded(&admin).await;
    let mut state = watch.state().await;
    let (mut taken, mut refused) = (std::collections::BTreeSet::new(), 0);
    for round in 0..calls {
        let draw = draws.new_tree(&mut runner).unwrap().current();
        let operation = operations[draw.operation];
        let call = draw.call(operation, &pool);
        let answer = admin.by_token(&call).await;
        let told = || format!("round {round}, {}: {call:?}\n{answer:?}", operation.name);
        assert!(sound(operation, &answer), "{}", told());
        let now = watch.state().await;
        let success = answer.status.is_success();
        if !success || operation.method == "GET" {
            let changed = now.iter().filter(|(table, rows)| state.get(*table) != Some(rows));
            let changed = changed.map(|(table, _)| table.as_str());
            let changed: Vec<_> =
                changed.filter(|table| !MADE_WHEN_ASKED.contains(table)).collect();
            assert!(changed.is_empty(), "{changed:?} changed: {}", told());
            refused += usize::from(!success);
        } else {
            taken.insert(operation.name);
            pool.note(operation, &call, &answer);
        }
        state = now;
        if !pool.lives() {
            pool = Pool::seeded(&admin).await;
            state = watch.state().await;
        }
    }
    println!("{calls} calls, {refused} refused; changed something: {taken:?}");
    // A test that everything refuses shows nothing.
    assert!(taken.len() > 15 && refused > calls / 4, "{refused} of {calls}: {taken:?}");
}
