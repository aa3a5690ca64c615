//! Functions in Python and Node by the clients that come with us, from a
//! folder, as people have them.

use std::fs;
use std::path::Path;
use std::process::Command;

use gw_functions::{Error, Options, RuntimeClient};
use gw_testkit::{eventually, skip};
use serde_json::json;

use crate::support::{Served, tail};

const PYTHON: &str = r#"
import collections
import datetime
import decimal
import logging
import os
import time
logging.getLogger().setLevel("INFO")

def handler(event, context):
    if event.get("fail"):
        raise KeyError("no cat")
    if event.get("unfit"):
        return {"set": {1, 2}, "date": datetime.date(2026, 11, 23)}[event["unfit"]]
    if event.get("odd"):
        pair = collections.namedtuple("Pair", "left right")(decimal.Decimal("1.10"), b"two")
        return b"bytes" if event["odd"] == "bytes" else pair
    if event.get("surrogate"):
        return "\ud800"
    print("hello from print")
    logging.info("hello from logging")
    return {
        "event": event,
        "id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis() > 0,
        "context": context.client_context and context.client_context.custom,
        "pid": os.getpid(),
    }
"#;

const NODE: &str = r#"
export const handler = async (event, context) => {
  if (event.fail) throw new TypeError("no dog");
  if (event.reject) return Promise.reject("text");
  if (event.later) setTimeout(() => { throw new RangeError("later"); }, 1);
  if (event.unheard) Promise.reject(new Error("unheard"));
  if (event.later || event.unheard) await new Promise((r) => setTimeout(r, 10_000));
  if (event.circle) return Object.assign(event, { circle: event });
  console.log("hello", { from: "node" });
  return { event, id: context.awsRequestId, left: context.getRemainingTimeInMillis() > 0 };
};
export const older = (event, context, callback) => {
  if (event.wait !== undefined) {
    context.callbackWaitsForEmptyEventLoop = event.wait;
    setTimeout(() => { event.waited = true; }, 20);
    callback(null, event);
    return callback(new Error("too late"));
  }
  setTimeout(() => callback(event.fail ? new Error("called back") : null, { by: "callback" }), 5);
};
export const silent = () => {};
export const plain = awslambda.streamifyResponse((event, stream) => {
  if (event.end) stream.end("plain");
});
export const open = awslambda.streamifyResponse(async (event, stream) => { stream.write("open"); });
export const streams = awslambda.streamifyResponse(async (event, stream) => {
  if (event.late) {
    setTimeout(() => { stream.write({ by: "object" }); stream.end(", late"); }, 20);
    return;
  }
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
  if (event.bare) return stream.end("no metadata");
  stream.write("one,");
  if (event.fail) { await new Promise((r) => setTimeout(r, 100)); throw new Error("midway"); }
  stream.write("two");
  stream.end();
});
"#;

fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success())
}

fn put(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // Whole at once: whoever reads it meanwhile reads no half.
    let new = path.with_file_name(".new");
    fs::write(&new, text).unwrap();
    fs::rename(new, path).unwrap();
}

/// Declarations of functions with much time: three seconds are for functions,
/// not for a busy test machine.
fn patient(names: &[&str]) -> String {
    names.iter().map(|name| format!("[functions.{name}]\ntimeout = 60\n")).collect()
}

async fn serve(folder: &Path, watch: bool) -> Served {
    let mut options = Options::folder(folder);
    options.client = RuntimeClient::Own;
    options.watch = watch;
    Served::with(options).await
}

#[tokio::test]
async fn python_functions_by_our_client() {
    if !has("python3") {
        return skip::note("python_functions_by_our_client", "no python3");
    }
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "cat/app.py", PYTHON);
    put(dir.path(), "broken/app.py", "import no_such_module\ndef handler(e, c): pass\n");
    put(dir.path(), "typo/app.py", "def handler(e, c) pass\nhandler = 1\n");
    let mut text = patient(&["cat"]);
    // The interpreter is the one that was found, whatever the function declares.
    text += "runtime = \"python3.11\"\nenvironment = { PATH = \"/usr/bin:/bin\" }\n";
    put(dir.path(), "functions.toml", &(text + &patient(&["broken", "typo"])));
    let served = serve(dir.path(), false).await;
    let call = served.call("cat").header("x-amz-log-type", "Tail");
    let call = call.header("x-amz-client-context", "eyJjdXN0b20iOnsiayI6InYifX0=");
    let answer = call.json(&json!({ "x": "é" })).send().await.unwrap().ok();
    let told = answer.json();
    assert_eq!(told["event"], json!({ "x": "é" }));
    assert_eq!(told["id"], answer.header("x-amzn-requestid").unwrap());
    assert_eq!(told["left"], true);
    assert_eq!(told["context"], json!({ "k": "v" }));
    assert!(told["arn"].as_str().unwrap().ends_with(":function:cat"), "{told}");
    let log = tail(&answer);
    assert!(log.contains("hello from print\n") && log.contains("\thello from logging\n"), "{log}");
    let failed = served.answer("cat", &json!({ "fail": 1 })).await;
    assert_eq!(failed.header("x-amz-function-error"), Some("Unhandled"));
    let error = failed.json();
    assert_eq!(
        (&error["errorType"], &error["errorMessage"]),
        (&json!("KeyError"), &json!("'no cat'"))
    );
    assert!(error["stackTrace"][0].as_str().unwrap().contains("in handler"), "{error}");
    for (unfit, class) in [("set", "set"), ("date", "date")] {
        let (kind, text) = served.failure("cat", &json!({ "unfit": unfit })).await;
        assert_eq!(kind, "Runtime.MarshalError");
        let wanted = format!("Object of type {class} is not JSON serializable");
        assert_eq!(text, format!("Unable to marshal response: {wanted}"));
    }
    let odd = served.answer("cat", &json!({ "odd": "pair" })).await.ok();
    assert_eq!(odd.text(), r#"{"left": 1.10, "right": "two"}"#);
    assert_eq!(served.answer("cat", &json!({ "odd": "bytes" })).await.ok().text(), "bytes");
    // Escaped by runtimes before Python 3.12, as this one says it is.
    let surrogate = served.answer("cat", &json!({ "surrogate": 1 })).await.ok();
    assert_eq!(surrogate.text(), r#""\ud800""#);
    let again = served.invoke("cat", &json!({})).await;
    assert_eq!(again["pid"], told["pid"], "warm after failures");
    let (kind, text) = served.failure("broken", &json!({})).await;
    assert_eq!(kind, "Runtime.ImportModuleError");
    assert_eq!(text, "Unable to import module 'app': No module named 'no_such_module'");
    assert_eq!(served.failure("typo", &json!({})).await.0, "Runtime.UserCodeSyntaxError");
    served.functions.stop().await;
}

#[tokio::test]
async fn node_functions_by_our_client() {
    if !has("node") {
        return skip::note("node_functions_by_our_client", "no node");
    }
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "code/index.mjs", NODE);
    put(dir.path(), "old/index.js", "exports.handler = async (event) => ({ old: event });\n");
    let mut text = patient(&["old"]);
    for (name, export) in [("dog", "handler"), ("older", "older"), ("none", "nothing")] {
        text += &patient(&[name]);
        text += &format!("path = \"code\"\nhandler = \"index.{export}\"\n");
    }
    for name in ["silent", "streams", "plain"] {
        text += &patient(&[name]);
        text += &format!("path = \"code\"\nhandler = \"index.{name}\"\n");
    }
    text += "[functions.open]\npath = \"code\"\nhandler = \"index.open\"\ntimeout = 0.5\n";
    put(dir.path(), "functions.toml", &text);
    let served = serve(dir.path(), false).await;
    let call = served.call("dog").header("x-amz-log-type", "Tail");
    let answer = call.json(&json!({ "x": "é" })).send().await.unwrap().ok();
    assert_eq!(answer.header("x-amz-function-error"), None, "{}", answer.text());
    let id = answer.header("x-amzn-requestid").unwrap().to_owned();
    assert_eq!(answer.json(), json!({ "event": { "x": "é" }, "id": id, "left": true }));
    let log = tail(&answer);
    assert!(log.contains(&format!("\t{id}\tINFO\thello {{ from: 'node' }}\n")), "{log}");
    let (kind, text) = served.failure("dog", &json!({ "fail": 1 })).await;
    assert_eq!((kind.as_str(), text.as_str()), ("TypeError", "no dog"));
    let (kind, text) = served.failure("dog", &json!({ "reject": 1 })).await;
    assert_eq!((kind.as_str(), text.as_str()), ("string", "text"));
    assert_eq!(served.invoke("old", &json!(1)).await, json!({ "old": 1 }));
    assert_eq!(served.invoke("older", &json!({})).await, json!({ "by": "callback" }));
    assert_eq!(served.failure("older", &json!({ "fail": 1 })).await.1, "called back");
    assert_eq!(served.failure("none", &json!({})).await.0, "Runtime.HandlerNotFound");
    assert_eq!(served.invoke("silent", &json!({})).await, json!(null));
    let streamed = served.answer("streams", &json!({})).await.ok();
    assert_eq!(streamed.text(), "{\"statusCode\":201}\0\0\0\0\0\0\0\0one,two");
    let (kind, text) = served.failure("streams", &json!({ "fail": 1 })).await;
    assert_eq!((kind.as_str(), text.as_str()), ("Error", "midway"));
    as_awss_client_does(&served).await;
    served.functions.stop().await;
}

/// What surprises people at AWS surprises them here.
async fn as_awss_client_does(served: &Served) {
    let unheard = "Runtime.UnhandledPromiseRejection";
    for (name, event, kind, text) in [
        ("dog", json!({ "later": 1 }), "RangeError", "later"),
        ("dog", json!({ "unheard": 1 }), unheard, "Error: unheard"),
        ("dog", json!({ "circle": 1 }), "Error", "Unable to stringify response body"),
        ("plain", json!({}), "string", "Streaming does not support non-async handlers."),
    ] {
        let failure = served.failure(name, &event).await;
        assert_eq!(failure, (kind.to_owned(), text.to_owned()), "{name} {event}");
    }
    let ended = served.answer("plain", &json!({ "end": 1 })).await.ok();
    assert_eq!(ended.text(), "plain", "an error after its end is for the log");
    let waited = served.invoke("older", &json!({ "wait": true })).await;
    assert_eq!(waited, json!({ "wait": true, "waited": true }), "for an empty event loop");
    let at_once = served.invoke("older", &json!({ "wait": false })).await;
    assert_eq!(at_once, json!({ "wait": false }));
    let late = served.answer("streams", &json!({ "late": 1 })).await.ok();
    assert_eq!(late.text(), "{\"by\":\"object\"}, late", "until the stream is ended");
    let bare = served.answer("streams", &json!({ "bare": 1 })).await.ok();
    assert_eq!(bare.text(), "no metadata", "which only `write` sends");
    assert_eq!(served.failure("open", &json!({})).await.0, "Sandbox.Timedout", "never ended");
}

#[tokio::test]
async fn a_client_that_cannot_be_loaded_is_passed_over() {
    if !has("node") {
        return skip::note("a_client_that_cannot_be_loaded_is_passed_over", "no node");
    }
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "dog/index.mjs", NODE);
    put(dir.path(), "functions.toml", &patient(&["dog"]));
    let package = "dog/node_modules/aws-lambda-ric";
    put(dir.path(), &format!("{package}/bin/index.mjs"), "process.exit(1);\n");
    put(dir.path(), &format!("{package}/dist/rapid-client.node"), "of another machine");
    let served = Served::with(Options::folder(dir.path())).await;
    assert_eq!(served.invoke("dog", &json!({ "x": 1 })).await["event"], json!({ "x": 1 }));
    let log = served.log().join("\n");
    assert!(log.contains("(aws-lambda-ric cannot be loaded)"), "{log}");
    let mut options = Options::folder(dir.path());
    options.client = RuntimeClient::Official;
    let error = gw_functions::Functions::start(options).await.map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("has no native part that"), "{error}");
    served.functions.stop().await;
}

#[tokio::test]
async fn changed_files_are_served_anew() {
    if !has("python3") {
        return skip::note("changed_files_are_served_anew", "no python3");
    }
    let dir = tempfile::tempdir().unwrap();
    let code =
        |text: &str| format!("import os\ndef handler(e, c): return ['{text}', os.getpid()]\n");
    put(dir.path(), "f/app.py", &code("old"));
    put(dir.path(), "still/app.py", &code("still"));
    put(dir.path(), "functions.toml", &patient(&["f", "still"]));
    let served = serve(dir.path(), true).await;
    assert_eq!(served.invoke("f", &json!({})).await[0], "old");
    let still = served.invoke("still", &json!({})).await;
    put(dir.path(), "f/app.py", &code("renewed"));
    put(dir.path(), "more/app.py", &code("more"));
    put(dir.path(), "functions.toml", &patient(&["f", "still", "more"]));
    eventually("the change", async || {
        (served.invoke("f", &json!({})).await[0] == "renewed").then_some(())
    })
    .await;
    eventually("another function", async || {
        (served.answer("more", &json!({})).await.status == 200).then_some(())
    })
    .await;
    assert_eq!(served.invoke("still", &json!({})).await, still, "kept warm");
    // A declaration at fault leaves all as it was.
    put(dir.path(), "functions.toml", "[functions.f]\ntimeout = -1\n");
    eventually("the fault", async || {
        served.log().iter().any(|line| line.contains("kept as they were")).then_some(())
    })
    .await;
    assert_eq!(served.invoke("f", &json!({})).await[0], "renewed");
    served.functions.stop().await;
}

#[tokio::test]
async fn what_cannot_be_served_says_why() {
    let empty = tempfile::tempdir().unwrap();
    let start = async |options| gw_functions::Functions::start(options).await.map(|_| ());
    let error = start(Options::folder(empty.path())).await.unwrap_err();
    assert!(matches!(error, Error::Empty { .. }), "{error}");
    let error = start(Options::folder(empty.path().join("none"))).await.unwrap_err();
    assert!(error.to_string().contains("none"), "{error}");
    put(empty.path(), "f/index.mjs", "");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut options = Options::folder(empty.path());
    options.listen = taken.local_addr().unwrap();
    let error = start(options).await.unwrap_err().to_string();
    assert!(error.contains(&taken.local_addr().unwrap().to_string()), "{error}");
    if has("node") {
        let mut options = Options::folder(empty.path());
        options.client = RuntimeClient::Official;
        let error = start(options).await.unwrap_err().to_string();
        assert!(error.contains("function f: aws-lambda-ric is not installed"), "{error}");
    }
}
