//! `gwctl functions`, alone and beside the nodes of `gwctl up`.

use std::path::Path;
use std::process::{Output, Stdio};

use gw_testkit::{cluster::binary, eventually, http::Call, skip};
use gw_tests::{document, story, system::patiently};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

const WEB: &str = "\
def handler(event, context):
    name = event['pathParameters']['name']
    fur = event['queryStringParameters']['fur']
    return {'statusCode': 201, 'headers': {'x-by': 'python'}, 'body': f'{name} is {fur}'}
";

const CODE: &str = "\
import os

def handler(event, context):
    if event.get('fail'):
        raise KeyError('no cat')
    return {'pid': os.getpid(), 'event': event, 'arn': context.invoked_function_arn}
";

/// A folder with the function `cat`; `None`, and a note, without Python.
fn folder(test: &str) -> Option<tempfile::TempDir> {
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        skip::note(test, "no python3");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    // Postgres runs as another user when tests run as root.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).unwrap();
    std::fs::create_dir_all(folder.path().join("f/cat")).unwrap();
    std::fs::write(folder.path().join("f/cat/app.py"), CODE).unwrap();
    std::fs::create_dir_all(folder.path().join("f/web")).unwrap();
    std::fs::write(folder.path().join("f/web/app.py"), WEB).unwrap();
    // Three seconds are for functions, not for a busy test machine.
    let patience = "[functions.cat]\ntimeout = 60\n[functions.web]\ntimeout = 60\n";
    std::fs::write(folder.path().join("f/functions.toml"), patience).unwrap();
    Some(folder)
}

async fn gwctl(args: &[&str]) -> Output {
    let mut command = Command::new(binary("gwctl"));
    command.args(args).env_remove("AWS_ENDPOINT_URL_LAMBDA");
    patiently(command).await
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn lives(pid: &Value) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

#[tokio::test]
async fn functions_run_by_themselves_and_end_with_their_server() {
    let Some(folder) = folder("functions_run_by_themselves") else { return };
    let dir = folder.path().join("f").display().to_string();
    for killed in [false, true] {
        let mut server = Command::new(binary("gwctl"))
            .args(["functions", "run", &dir, "--port", "0", "--output", "json"])
            // What one that is killed leaves there goes with the test.
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let ready: Value =
            serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        assert_eq!(ready["functions"], json!(["cat", "web"]));
        let url = ready["url"].as_str().unwrap();
        let told = gwctl(&["functions", "invoke", "cat", "--url", url]).await;
        assert!(told.status.success(), "{}", said(&told));
        assert!(said(&told).contains("START RequestId: "), "{}", said(&told));
        let told: Value = serde_json::from_slice(&told.stdout).unwrap();
        assert_eq!(told["event"], json!({}));
        if killed {
            server.kill().await.unwrap();
            eventually("the runtime to end", async || (!lives(&told["pid"])).then_some(())).await;
        } else {
            let pid = i32::try_from(server.id().unwrap()).unwrap();
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
            assert!(server.wait().await.unwrap().success());
            assert!(!lives(&told["pid"]), "stopped before the server ended");
        }
    }
    let none = gwctl(&["functions", "run", folder.path().to_str().unwrap()]).await;
    assert_eq!(none.status.code(), Some(2));
    assert!(said(&none).contains("holds no function"), "{}", said(&none));
}

/// What `gwctl up` tells, and whether it had to take another port.
async fn up(state: &str, more: &[&str]) -> (Value, bool) {
    let ports = ["--admin-port", "0", "--fleet-port", "0", "--traffic-port", "0"];
    let rest = ["--metrics-port", "0", "--nodes", "1", "--output", "json"];
    let head = ["up", "--detach", "--state-dir", state];
    let out = gwctl(&[&head[..], &ports, &rest, more].concat()).await;
    assert!(out.status.success(), "{}", said(&out));
    let told = serde_json::from_slice(&out.stdout).unwrap();
    // Its ports are anybody's while it is down.
    (told, said(&out).contains(" is taken; "))
}

async fn down(state: &str) {
    let out = gwctl(&["down", "--state-dir", state]).await;
    assert!(out.status.success(), "{}", said(&out));
}

/// What a part of a running system finds in its environment.
fn variable(state: &Path, part: &str, name: &str) -> Option<String> {
    let run = std::fs::read_to_string(state.join("run.json")).unwrap();
    let run: Value = serde_json::from_str(&run).unwrap();
    let children = run["children"].as_array().unwrap();
    let pid = &children.iter().find(|child| child["name"] == part)?["process"]["pid"];
    let all = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    let text = String::from_utf8_lossy(&all).into_owned();
    let start = format!("{name}=");
    text.split('\0').find_map(|pair| pair.strip_prefix(&start)).map(str::to_owned)
}

/// An API in front of the function: deployed as a document that was written for
/// AWS, called as clients call it.
async fn through_an_api(folder: &Path, state: &str, up: &Value) {
    let uri = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/\
               arn:aws:lambda:eu-west-1:123456789012:function:web/invocations";
    let integration = json!({ "type": "aws_proxy", "httpMethod": "POST", "uri": uri });
    let method = json!({ "responses": {}, "x-amazon-apigateway-integration": integration });
    let document = document::api("functions", &json!({ "/cats/{name}": { "get": method } }));
    let file = folder.join("api.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let deploy = ["--state-dir", state, "deploy", file, "--stage", "s", "--wait"];
    let deployed = gwctl(&deploy).await;
    assert!(deployed.status.success(), "{}", said(&deployed));
    let apis = gwctl(&["--state-dir", state, "apis", "--output", "json"]).await;
    let apis: Value = serde_json::from_slice(&apis.stdout).unwrap();
    let path = story::path(apis[0]["id"].as_str().unwrap(), "s", "/cats/tom");
    let url = format!("{}{path}?fur=red", up["traffic_url"].as_str().unwrap());
    let answer = Call::get(&url).send().await.unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (201, "tom is red"));
    assert_eq!(answer.header("x-by"), Some("python"));
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_run_beside_the_nodes_that_call_them() {
    let Some(folder) = folder("functions_run_beside_the_nodes") else { return };
    let dir = folder.path().join("f").display().to_string();
    let path = folder.path().join("state");
    let state = path.display().to_string();
    let (first, _) = up(&state, &["--functions", &dir, "--functions-port", "0"]).await;
    let url = first["functions_url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{first}");
    assert_eq!(variable(&path, "n1", "AWS_ENDPOINT_URL_LAMBDA").as_deref(), Some(url));

    let event = folder.path().join("event.json");
    std::fs::write(&event, r#"{"fail":1}"#).unwrap();
    let place = ["--state-dir", &state];
    let invoke = |more: &[&str]| {
        let args = [&["functions", "invoke", "cat"], more, &place].concat();
        let args: Vec<String> = args.into_iter().map(str::to_owned).collect();
        async move { gwctl(&args.iter().map(String::as_str).collect::<Vec<_>>()).await }
    };
    let told = invoke(&[]).await;
    assert!(told.status.success(), "{}", said(&told));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["arn"], "arn:aws:lambda:us-east-1:000000000000:function:cat");
    let failed = invoke(&["--event", event.to_str().unwrap()]).await;
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    let error: Value = serde_json::from_slice(&failed.stdout).unwrap();
    assert_eq!(error["errorType"], "KeyError");
    assert_eq!(invoke(&["--qualifier", "nope"]).await.status.code(), Some(3));
    let list = gwctl(&["functions", "list", "--output", "json", "--state-dir", &state]).await;
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list[0]["FunctionName"], "cat");
    eventually("the report is in the log", async || {
        let logs = gwctl(&["logs", "functions", "--state-dir", &state]).await;
        String::from_utf8_lossy(&logs.stdout).contains("REPORT RequestId: ").then_some(())
    })
    .await;

    through_an_api(folder.path(), &state, &first).await;

    assert_eq!(up(&state, &[]).await.0, first, "a second `up` says the same");
    down(&state).await;
    assert!(!lives(&told["pid"]), "`down` ends the functions too");
    let (again, moved) = up(&state, &[]).await;
    assert!(moved || again == first, "remembered: {again}");
    assert!(invoke(&[]).await.status.success());
    down(&state).await;
    let (without, _) = up(&state, &["--no-functions"]).await;
    assert_eq!(without.get("functions_url"), None);
    assert_eq!(variable(&path, "n1", "AWS_ENDPOINT_URL_LAMBDA"), None);
    assert_eq!(invoke(&[]).await.status.code(), Some(2));
    down(&state).await;
}
