//! Asynchronous invocations: accepted at once, run when there is room, tried
//! again.

use std::time::Duration;

use gw_functions::{Catalog, Options};
use gw_testkit::http::Call;
use serde_json::json;

use crate::support::{Gate, Served, tiny};

fn quick(functions: impl IntoIterator<Item = gw_functions::Function>) -> Options {
    let mut catalog = Catalog::of(functions);
    catalog.retry_waits = vec![Duration::from_millis(10), Duration::from_millis(20)];
    Options::declared(catalog)
}

#[tokio::test]
async fn an_event_is_accepted_before_it_runs() {
    let served = Served::with(quick([tiny("f")])).await;
    let gate = Gate::new();
    let event = gate.event("hold");
    let call = served.call("f").header("x-amz-invocation-type", "Event").json(&event);
    let answer = call.send().await.unwrap();
    gate.open();
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    let id = answer.header("x-amzn-requestid").unwrap();
    served.lines(&format!("END RequestId: {id}"), 1).await;
    let url = format!("{}/2014-11-13/functions/f/invoke-async/", served.functions.url());
    let answer = Call::post(&url).json(&json!({ "do": "print", "lines": ["old"] })).send().await;
    assert_eq!(answer.unwrap().json(), json!({ "Status": 202 }));
    served.lines("f old", 1).await;
    served.functions.stop().await;
}

#[tokio::test]
async fn a_failing_event_is_tried_again_under_its_id() {
    let mut once = tiny("once");
    once.retries = 0;
    let served = Served::with(quick([tiny("f"), once])).await;
    for (name, tries) in [("f", 3), ("once", 1)] {
        let call = served.call(name).header("x-amz-invocation-type", "Event");
        let answer = call.json(&json!({ "do": "fail" })).send().await.unwrap();
        let id = answer.header("x-amzn-requestid").unwrap().to_owned();
        served.lines(&format!("{id} is given up after {} retries", tries - 1), 1).await;
        let start = format!("START RequestId: {id} ");
        assert_eq!(served.log().iter().filter(|line| line.contains(&start)).count(), tries);
    }
    served.functions.stop().await;
}

#[tokio::test]
async fn events_wait_for_room() {
    let mut function = tiny("f");
    function.reserved_concurrency = Some(1);
    let served = Served::with(quick([function])).await;
    for _ in 0..4 {
        let call = served.call("f").header("x-amz-invocation-type", "Event");
        let answer = call.json(&json!({ "do": "sleep", "ms": 50 })).send().await.unwrap();
        assert_eq!(answer.status, 202);
    }
    served.lines("END RequestId", 4).await;
    let log = served.log();
    let turns: Vec<_> = log.iter().filter_map(|line| line.split(' ').nth(1)).collect();
    let turns: Vec<_> = turns.into_iter().filter(|w| ["START", "END"].contains(w)).collect();
    assert_eq!(turns, ["START", "END"].repeat(4), "one after the other");
    served.functions.stop().await;
}
