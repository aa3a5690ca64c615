//! The Invoke API: what reaches the runtime, what comes back, what is refused.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use gw_functions::AliasTarget;
use gw_testkit::eventually;
use gw_testkit::http::Call;
use serde_json::{Value, json};

use crate::support::{Served, refusal, tail, tiny};

fn told<'a>(told: &'a Value, name: &str) -> &'a str {
    let headers = told["headers"].as_array().unwrap();
    let found = headers.iter().find(|h| h[0].as_str().unwrap().eq_ignore_ascii_case(name));
    found.map_or("", |h| h[1].as_str().unwrap())
}

#[tokio::test]
async fn a_runtime_is_told_all_of_an_invocation() {
    let served = Served::of([tiny("f")]).await;
    let context = BASE64_STANDARD.encode(r#"{"custom":{"k":"é"}}"#);
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f:$LATEST";
    let call = served.call(&arn.replace(':', "%3A").replace('$', "%24"));
    let call = call.header("x-amz-client-context", &context).header("X-Amzn-Trace-Id", trace);
    let answer = call.json(&json!({ "do": "told", "x": 1 })).send().await.unwrap().ok();
    let body = answer.json();
    assert_eq!(body["event"], json!({ "do": "told", "x": 1 }));
    let id = answer.header("x-amzn-requestid").unwrap();
    assert_eq!(told(&body, "Lambda-Runtime-Aws-Request-Id"), id);
    assert_eq!(told(&body, "Lambda-Runtime-Invoked-Function-Arn"), arn);
    assert_eq!(told(&body, "Lambda-Runtime-Trace-Id"), trace);
    assert_eq!(told(&body, "Lambda-Runtime-Client-Context"), r#"{"custom":{"k":"\u00e9"}}"#);
    assert_eq!(told(&body, "Content-Type"), "application/json");
    let deadline: i64 = told(&body, "Lambda-Runtime-Deadline-Ms").parse().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let left = deadline - i64::try_from(now.as_millis()).unwrap();
    assert!((0..=60_000).contains(&left), "{left}");
    assert_eq!(answer.header("x-amz-executed-version"), Some("$LATEST"));
    assert_eq!(answer.header("x-amz-log-result"), None);
    assert_eq!(answer.header("x-amzn-trace-id"), Some(trace));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    // Without a header a trace begins here.
    let body = served.invoke("f", &json!({ "do": "told" })).await;
    assert!(told(&body, "Lambda-Runtime-Trace-Id").starts_with("Root=1-"), "{body}");
    assert_eq!(told(&body, "Lambda-Runtime-Client-Context"), "");
    let short = "arn:aws:lambda:us-east-1:000000000000:function:f";
    assert_eq!(told(&body, "Lambda-Runtime-Invoked-Function-Arn"), short);
    // Nothing becomes an empty object.
    let nothing = served.call("f").send().await.unwrap().ok();
    assert_eq!(nothing.json(), json!({}));
    served.functions.stop().await;
}

#[tokio::test]
async fn every_name_of_a_function_is_understood() {
    let mut function = tiny("f");
    let code = function.versions["$LATEST"].clone();
    function.versions.insert("3".into(), code);
    let to = |version: &str| AliasTarget { version: version.into(), weights: [].into() };
    function.aliases.insert("live".into(), to("3"));
    let served = Served::of([function]).await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let cases = [
        ("f", "$LATEST", ""),
        ("f:3", "3", ":3"),
        ("f:live", "3", ":live"),
        ("f?Qualifier=live", "3", ":live"),
        ("f?Qualifier=%24LATEST", "$LATEST", ":$LATEST"),
        ("000000000000:function:f:3", "3", ":3"),
        ("000000000000:f", "$LATEST", ""),
        (arn, "$LATEST", ""),
        (&format!("{arn}:live"), "3", ":live"),
    ];
    for (name, version, suffix) in cases {
        let (name, query) = name.split_once('?').unwrap_or((name, ""));
        let url = served.functions.url();
        let call = Call::post(&format!("{url}/2015-03-31/functions/{name}/invocations?{query}"));
        let answer = call.json(&json!({ "do": "told" })).send().await.unwrap().ok();
        assert_eq!(answer.header("x-amz-executed-version"), Some(version), "{name}?{query}");
        let arn = format!("{arn}{suffix}");
        assert_eq!(told(&answer.json(), "Lambda-Runtime-Invoked-Function-Arn"), arn);
    }
    let body = served.invoke("f:3", &json!({ "do": "env" })).await;
    assert_eq!(body["env"]["AWS_LAMBDA_FUNCTION_VERSION"], "3");
    served.functions.stop().await;
}

#[tokio::test]
async fn what_is_refused_is_refused_as_at_aws() {
    let served = Served::of([tiny("f")]).await;
    let missing = |arn: &str| {
        let text = format!("Function not found: arn:aws:lambda:us-east-1:000000000000:{arn}");
        (404, "ResourceNotFoundException".to_owned(), json!({ "Type": "User", "Message": text }))
    };
    let answer = served.answer("nope", &json!({})).await;
    assert_eq!(refusal(&answer), missing("function:nope"));
    assert_eq!(refusal(&served.answer("f:test", &json!({})).await), missing("function:f:test"));
    assert_eq!(refusal(&served.answer("f:9", &json!({})).await), missing("function:f:9"));

    let url =
        format!("{}/2015-03-31/functions/f:1/invocations?Qualifier=2", served.functions.url());
    let twice = Call::post(&url).send().await;
    let (status, kind, body) = refusal(&twice.unwrap());
    assert_eq!((status, kind.as_str()), (400, "InvalidParameterValueException"));
    assert!(body["message"].as_str().unwrap().starts_with("The derived qualifier"), "{body}");

    for (header, value, member) in [
        ("x-amz-invocation-type", "Later", "invocationType"),
        ("x-amz-log-type", "Head", "logType"),
    ] {
        let answer = served.call("f").header(header, value).send().await.unwrap();
        let (status, kind, body) = refusal(&answer);
        assert_eq!((status, kind.as_str()), (400, "ValidationException"));
        let start = format!("1 validation error detected: Value '{value}' at '{member}'");
        assert!(body["message"].as_str().unwrap().starts_with(&start), "{body}");
    }
    let (status, kind, _) = refusal(&served.answer("a%20b", &json!({})).await);
    assert_eq!((status, kind.as_str()), (400, "ValidationException"));

    for payload in [&b"{"[..], b"nothing", b"{\"a\": \x87}"] {
        let answer = served.call("f").body(payload.to_vec()).send().await.unwrap();
        let (status, kind, body) = refusal(&answer);
        assert_eq!((status, kind.as_str()), (400, "InvalidRequestContentException"));
        let start = "Could not parse request body into json: Could not parse payload into json: ";
        assert!(body["message"].as_str().unwrap().starts_with(start), "{body}");
    }
    let answer = served.call("f").header("x-amz-client-context", "%%").send().await.unwrap();
    assert_eq!(refusal(&answer).1, "InvalidRequestContentException");
    assert!(served.log().iter().all(|line| !line.contains("START")), "no runtime was asked");
    served.functions.stop().await;
}

#[tokio::test]
async fn payloads_are_bounded_both_ways() {
    let served = Served::of([tiny("f")]).await;
    let most = 6_291_456;
    let event = format!("{{\"do\":\"who\",\"x\":\"{}\"}}", "y".repeat(most - 19));
    assert_eq!(event.len(), most);
    served.call("f").body(event.clone()).send().await.unwrap().ok();
    let answer = served.call("f").body(format!("{event} ")).send().await.unwrap();
    let text = "Request must be smaller than 6291456 bytes for the InvokeFunction operation";
    let expected = json!({ "Type": "User", "message": text });
    assert_eq!(refusal(&answer), (413, "RequestTooLargeException".to_owned(), expected));
    // An asynchronous one has another bound.
    let answer = served.call("f").header("x-amz-invocation-type", "Event");
    let answer = answer.body(event).send().await.unwrap();
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert!(answer.text().contains("1048576"), "{}", answer.text());

    let most = 6_291_556;
    let whole = served.answer("f", &json!({ "do": "bytes", "n": most })).await.ok();
    assert_eq!(whole.body.len(), most);
    let (kind, text) = served.failure("f", &json!({ "do": "bytes", "n": most + 1 })).await;
    assert_eq!(kind, "Function.ResponseSizeTooLarge");
    let expected = "Response payload size exceeded maximum allowed payload size (6291556 bytes).";
    assert_eq!(text, expected);
    // Whatever it writes beyond is read, so that it hears of it and lives on.
    let failure = served.failure("f", &json!({ "do": "bytes", "n": 5 * most })).await;
    assert_eq!(failure.0, "Function.ResponseSizeTooLarge");
    eventually("the runtime to hear of both", async || {
        let told = served.log().iter().filter(|l| l.contains("answered Some(413)")).count();
        (told == 2).then_some(())
    })
    .await;
    served.functions.stop().await;
}

#[tokio::test]
async fn failures_are_answers_with_a_header() {
    let served = Served::of([tiny("f")]).await;
    let body = r#"{"errorMessage":"no cat","errorType":"KeyError","stackTrace":["a"]}"#;
    let answer = served.answer("f", &json!({ "do": "fail", "body": body })).await;
    assert_eq!(answer.text(), body, "byte for byte");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-amz-function-error"), Some("Unhandled"));
    let handled = served.answer("f", &json!({ "do": "fail", "type": "Handled" })).await;
    assert_eq!(handled.header("x-amz-function-error"), Some("Handled"));
    let odd = served.answer("f", &json!({ "do": "fail", "type": "T", "body": "oops" })).await;
    assert_eq!(odd.json(), json!({ "errorType": "T", "errorMessage": "oops" }));
    // What is no JSON is passed on: whoever called decides what it means.
    let raw = served.answer("f", &json!({ "do": "raw", "raw": "no json" })).await;
    assert_eq!((raw.text().as_str(), raw.header("x-amz-function-error")), ("no json", None));
    served.functions.stop().await;
}

#[tokio::test]
async fn a_dry_run_runs_nothing() {
    let served = Served::of([tiny("f")]).await;
    let dry = |name: &str| served.call(name).header("x-amz-invocation-type", "DryRun");
    let answer = dry("f").json(&json!({})).send().await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(dry("nope").send().await.unwrap().status, 404);
    assert_eq!(dry("f").body("{").send().await.unwrap().status, 400);
    assert!(served.log().iter().all(|line| !line.contains("START")));
    served.functions.stop().await;
}

#[tokio::test]
async fn the_log_of_an_invocation_comes_with_it() {
    let served = Served::of([tiny("f")]).await;
    let event = json!({ "do": "print", "lines": ["one", "two"] });
    let call = || served.call("f").header("x-amz-log-type", "Tail").json(&event);
    let answer = call().send().await.unwrap().ok();
    let id = answer.header("x-amzn-requestid").unwrap().to_owned();
    let log = tail(&answer);
    for part in [
        &format!("START RequestId: {id} Version: $LATEST\n"),
        "one\n",
        "err two\n",
        &format!("\nEND RequestId: {id}\nREPORT RequestId: {id}\tDuration: "),
        "\tMemory Size: 128 MB\tMax Memory Used: ",
        "\tInit Duration: ",
    ] {
        assert!(log.contains(part), "{part} in {log}");
    }
    assert!(log.contains("init of "), "the start of the environment is its first call's: {log}");
    // The terminal has it too, and the line that has no end comes with the next.
    assert!(served.log().contains(&"f one".to_owned()), "{:?}", served.log());
    let second = tail(&call().send().await.unwrap().ok());
    assert!(second.contains("no endone\n") && !second.contains("Init Duration"), "{second}");
    let long = "x".repeat(9000);
    let event = json!({ "do": "print", "lines": [long] });
    let answer = served.call("f").header("x-amz-log-type", "Tail").json(&event).send().await;
    assert_eq!(tail(&answer.unwrap()).len(), 4096);
    served.functions.stop().await;
}
