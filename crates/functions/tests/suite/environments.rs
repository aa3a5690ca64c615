//! Execution environments: cold and warm, late, crashed, too many, stopped.

use std::time::{Duration, Instant};

use gw_functions::{Catalog, Options};
use gw_testkit::eventually;
use serde_json::{Value, json};

use crate::support::{Gate, Served, lives, refusal, tiny};

#[tokio::test]
async fn an_environment_is_kept_warm_and_serves_one_at_a_time() {
    let served = Served::of([tiny("f")]).await;
    let first = served.invoke("f", &json!({ "do": "who" })).await;
    for served_before in 1..20 {
        let again = served.invoke("f", &json!({ "do": "who" })).await;
        assert_eq!(again["pid"], first["pid"], "warm");
        assert_eq!(again["served"], served_before + 1);
    }
    let gate = Gate::new();
    let held = gate.event("hold");
    let all_run = async {
        served.lines("START", 23).await;
        gate.open();
    };
    let three = tokio::join!(
        served.invoke("f", &held),
        served.invoke("f", &held),
        served.invoke("f", &held),
        all_run
    );
    let mut pids = [&three.0, &three.1, &three.2].map(|told| told["pid"].as_u64().unwrap());
    pids.sort_unstable();
    assert!(pids[0] != pids[1] && pids[1] != pids[2], "one process each: {pids:?}");
    assert!(pids.contains(&first["pid"].as_u64().unwrap()), "the warm one among them");
    served.functions.stop().await;
    assert!(!lives(&first["pid"]), "stopped with the server");
}

#[tokio::test]
async fn a_function_finds_its_variables() {
    let mut function = tiny("f");
    function.environment.insert("TABLE".into(), "cats".into());
    function.memory = 512;
    let mut options = Options::declared(Catalog::of([function]));
    options.region = "eu-central-1".into();
    let served = Served::with(options).await;
    let told = served.invoke("f", &json!({ "do": "env" })).await;
    let env = &told["env"];
    let expected = [
        ("TABLE", "cats"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("TZ", ":UTC"),
        ("_HANDLER", "handler"),
    ];
    for (name, value) in expected {
        assert_eq!(env[name], value, "{name}");
    }
    assert_eq!(env["LAMBDA_TASK_ROOT"], told["cwd"]);
    assert_eq!(env["CARGO_MANIFEST_DIR"], Value::Null, "our own variables stay ours");
    served.functions.stop().await;
}

#[tokio::test]
async fn a_late_function_is_killed_with_all_it_started() {
    let mut function = tiny("f");
    function.timeout = Duration::from_secs(5);
    let served = Served::of([function]).await;
    let before = served.invoke("f", &json!({ "do": "child" })).await;
    assert!(lives(&before["child"]));
    let since = Instant::now();
    let (kind, text) = served.failure("f", &json!({ "do": "sleep", "ms": 60_000 })).await;
    assert!(since.elapsed() >= Duration::from_secs(5));
    assert_eq!(kind, "Sandbox.Timedout");
    assert_eq!(text, "RequestId: ID Error: Task timed out after 5.00 seconds");
    assert!(!lives(&before["pid"]), "killed before the answer");
    eventually("its child to end", async || (!lives(&before["child"])).then_some(())).await;
    let log = served.log();
    assert!(log.iter().any(|line| line.ends_with(" Task timed out after 5.00 seconds")), "{log:?}");
    assert!(log.iter().any(|line| line.ends_with("\tStatus: timeout")), "{log:?}");
    // The next one has a new environment.
    let after = served.invoke("f", &json!({ "do": "who" })).await;
    assert_eq!(after["served"], 1);
    served.functions.stop().await;
}

#[tokio::test]
async fn crashes_are_told_as_lambda_tells_them() {
    let served = Served::of([tiny("f")]).await;
    let cases = [
        (json!({ "do": "exit", "code": 1 }), "Runtime exited with error: exit status 1"),
        (json!({ "do": "exit", "code": 0 }), "Runtime exited without providing a reason"),
        (json!({ "do": "kill" }), "Runtime exited with error: signal: killed"),
    ];
    for (event, reason) in cases {
        let (kind, text) = served.failure("f", &event).await;
        assert_eq!(kind, "Runtime.ExitError");
        assert_eq!(text, format!("RequestId: ID Error: {reason}"));
    }
    let log = served.log();
    let unseen = log.iter().find(|line| line.contains("Max Memory Used: 0 MB"));
    assert_eq!(unseen, None, "what it had used before it ended");
    // One that ends between two invocations spoils neither.
    for _ in 0..3 {
        assert_eq!(served.invoke("f", &json!({ "do": "answer and exit" })).await, "bye");
        assert_eq!(served.invoke("f", &json!({ "do": "who" })).await["served"], 1);
    }
    assert_eq!(served.invoke("f", &json!({ "do": "hang up" })).await, "done");
    // Until it has asked again: what is given to a line that is about to break
    // is lost, here as at AWS.
    served.lines("hung up", 1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(served.invoke("f", &json!("still there")).await, "still there");
    served.functions.stop().await;
}

#[tokio::test]
async fn environments_that_cannot_start_fail_their_invocation() {
    let with = |name: &str, init: &str| {
        let mut function = tiny(name);
        function.environment.insert("INIT".into(), init.into());
        function
    };
    let mut hanging = with("hanging", "hang");
    hanging.timeout = Duration::from_millis(200);
    let mut missing = tiny("missing");
    let mut code = (*missing.versions["$LATEST"]).clone();
    code.command = vec!["./no-such-program".into()];
    missing.versions.insert("$LATEST".into(), code.into());
    let all =
        [with("exits", "exit"), with("says", "error"), with("slow", "slow"), hanging, missing];
    let served = Served::of(all).await;
    let failed = |name: &'static str| served.failure(name, &Value::Null);
    let exit = "RequestId: ID Error: Runtime exited with error: exit status 3";
    assert_eq!(failed("exits").await, ("Runtime.ExitError".into(), exit.into()));
    assert_eq!(failed("says").await, ("Runtime.NoConfig".into(), "no config".into()));
    let (kind, text) = failed("missing").await;
    assert_eq!(kind, "Runtime.InvalidEntrypoint");
    assert!(text.contains("no-such-program: no such file or directory"), "{text}");
    // The time to start is none of the function's.
    let slow = served.answer("slow", &json!(1)).await.ok();
    assert_eq!(slow.header("x-amz-function-error"), None);
    let init = served.log().iter().any(|line| line.contains("Init Duration: "));
    assert!(init, "{:?}", served.log());
    // Ten seconds and its timeout, then it is over.
    let since = Instant::now();
    let (kind, text) = failed("hanging").await;
    assert!(since.elapsed() >= Duration::from_secs(10));
    assert_eq!(kind, "Sandbox.Timedout");
    assert_eq!(text, "RequestId: ID Error: Task timed out after 0.20 seconds");
    served.functions.stop().await;
}

#[tokio::test]
async fn concurrency_is_held() {
    let mut one = tiny("one");
    one.reserved_concurrency = Some(1);
    let mut none = tiny("none");
    none.reserved_concurrency = Some(0);
    let mut catalog = Catalog::of([one, none, tiny("a"), tiny("b")]);
    catalog.concurrency = 1;
    let served = Served::with(Options::declared(catalog)).await;
    let throttled = |reason: &str| {
        let body = json!({ "Reason": reason, "Type": "User", "message": "Rate Exceeded." });
        (429, "TooManyRequestsException".to_owned(), body)
    };
    let reserved = throttled("ReservedFunctionConcurrentInvocationLimitExceeded");
    assert_eq!(refusal(&served.answer("none", &json!({})).await), reserved);
    let gate = Gate::new();
    let held = gate.event("hold");
    let meanwhile = async {
        served.lines("one START", 1).await;
        assert_eq!(refusal(&served.answer("one", &json!({})).await), reserved);
        // Who has no reservation shares another limit.
        served.invoke("a", &json!({})).await;
        gate.open();
    };
    tokio::join!(served.invoke("one", &held), meanwhile);
    served.invoke("one", &json!({})).await;
    let gate = Gate::new();
    let held = gate.event("hold");
    let meanwhile = async {
        served.lines("a START", 2).await;
        let shared = throttled("ConcurrentInvocationLimitExceeded");
        assert_eq!(refusal(&served.answer("b", &json!({})).await), shared);
        gate.open();
    };
    tokio::join!(served.invoke("a", &held), meanwhile);
    served.invoke("b", &json!({})).await;
    served.functions.stop().await;
}

#[tokio::test]
async fn an_idle_environment_ends_and_a_busy_one_is_left_alone() {
    let mut options = Options::declared(Catalog::of([tiny("f")]));
    options.idle = Duration::from_millis(300);
    let served = Served::with(options).await;
    let first = served.invoke("f", &json!({ "do": "who" })).await;
    eventually("it to end", async || (!lives(&first["pid"])).then_some(())).await;
    let slow = served.invoke("f", &json!({ "do": "sleep", "ms": 700 })).await;
    assert_ne!(slow["pid"], first["pid"]);
    // One that works on after its answer is not given another invocation.
    let gate = Gate::new();
    let busy = served.invoke("f", &gate.event("work on")).await;
    let other = served.invoke("f", &json!({ "do": "who" })).await;
    assert_ne!(other["pid"], busy);
    gate.open();
    served.functions.stop().await;
}

#[tokio::test]
async fn stopping_ends_what_runs_and_tells_who_waits() {
    let served = Served::of([tiny("f")]).await;
    let child = served.invoke("f", &json!({ "do": "child" })).await;
    let call = served.call("f").json(&json!({ "do": "sleep", "ms": 60_000 }));
    let waiting = tokio::spawn(async move { call.send().await });
    served.lines("START", 2).await;
    let since = Instant::now();
    served.functions.stop().await;
    assert!(since.elapsed() < Duration::from_secs(45), "{:?}", since.elapsed());
    let answer = waiting.await.unwrap().unwrap();
    assert_eq!((answer.status, refusal(&answer).1.as_str()), (500, "ServiceException"));
    assert!(!lives(&child["pid"]));
    eventually("its child to end", async || (!lives(&child["child"])).then_some(())).await;
}

#[tokio::test]
async fn a_caller_that_goes_away_changes_nothing() {
    let mut function = tiny("f");
    function.reserved_concurrency = Some(1);
    let served = Served::of([function]).await;
    let gate = Gate::new();
    let held = served.call("f").json(&gate.event("hold"));
    let caller = tokio::spawn(async move { held.send().await });
    served.lines("START", 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    // Its place is taken until the function has ended.
    assert_eq!(served.answer("f", &json!({ "do": "who" })).await.status, 429);
    gate.open();
    let answer = eventually("room", async || {
        let answer = served.answer("f", &json!({ "do": "who" })).await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert_eq!(answer.json()["served"], 2, "by the same environment");
    served.functions.stop().await;
}

#[tokio::test]
async fn one_that_never_stops_printing_holds_nothing_back() {
    let served = Served::of([tiny("f"), tiny("g")]).await;
    let pid = served.invoke("f", &json!({ "do": "chatter" })).await;
    assert_eq!(served.invoke("f", &json!({ "do": "who" })).await["pid"], pid, "still warm");
    assert_eq!(served.invoke("g", &json!(1)).await, 1);
    served.functions.stop().await;
    assert!(!lives(&pid));
}

#[tokio::test]
async fn calls_out_of_turn_are_refused() {
    let served = Served::of([tiny("f")]).await;
    let cases = [
        ("id", 400, "InvalidRequestID"),
        ("next", 403, "InvalidStateTransition"),
        ("init", 403, "InvalidStateTransition"),
        ("mode", 400, "Runtime.InvalidResponseModeHeader"),
        ("path", 404, "NotFound"),
        ("method", 404, "NotFound"),
    ];
    for (call, status, kind) in cases {
        let told = served.invoke("f", &json!({ "do": "wrong", "call": call })).await;
        assert_eq!(told, json!({ "status": status, "errorType": kind }), "{call}");
    }
    served.lines("again: 400", cases.len()).await;
    served.functions.stop().await;
}
