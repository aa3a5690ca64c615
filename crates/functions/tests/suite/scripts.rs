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
import logging
import os
import time
logging.getLogger().setLevel("INFO")

def handler(event, context):
    if event.get("fail"):
        raise KeyError("no cat")
    if event.get("unfit"):
        return {1, 2}
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
  console.log("hello", { from: "node" });
  return { event, id: context.awsRequestId, left: context.getRemainingTimeInMillis() > 0 };
};
export const older = (event, context, callback) => {
  setTimeout(() => callback(event.fail ? new Error("called back") : null, { by: "callback" }), 5);
};
export const silent = () => {};
export const streams = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
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
    put(dir.path(), "functions.toml", &patient(&["cat", "broken", "typo"]));
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
    let (kind, text) = served.failure("cat", &json!({ "unfit": 1 })).await;
    assert_eq!(kind, "Runtime.MarshalError");
    assert!(text.starts_with("Unable to marshal response: "), "{text}");
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
    for name in ["silent", "streams"] {
        text += &patient(&[name]);
        text += &format!("path = \"code\"\nhandler = \"index.{name}\"\n");
    }
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
