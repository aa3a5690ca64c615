//! `gwctl up` and `gwctl down`: what scripts rely on.

use std::{path::Path, process::Output};

use gw_testkit::cluster::binary;
use gw_tests::{
    document, story,
    system::{PATIENCE, patiently, wait_until},
};
use serde_json::Value;

async fn gwctl(args: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(binary("gwctl"));
    command.args(args);
    patiently(command).await
}

async fn up(state: &Path) -> Up {
    let state = state.display().to_string();
    let out = gwctl(&[
        "up",
        "--detach",
        "--state-dir",
        &state,
        "--nodes",
        "2",
        "--admin-port",
        "0",
        "--fleet-port",
        "0",
        "--traffic-port",
        "0",
        "--metrics-port",
        "0",
        "--output",
        "json",
    ])
    .await;
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
    Up { told: serde_json::from_slice(&out.stdout).unwrap(), moved: said.contains(" is taken; ") }
}

/// What `gwctl up` said.
struct Up {
    told: Value,
    /// Somebody else had one of its ports by then.
    moved: bool,
}

#[tokio::test(flavor = "multi_thread")]
async fn up_down_and_up_again_finds_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    // Postgres runs as another user when tests run as root.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let state = folder.path().join("state");
    let state_text = state.display().to_string();

    let mut first = up(&state).await.told;
    for member in [
        "admin_url",
        "traffic_url",
        "tls_url",
        "fleet_address",
        "access_key_id",
        "secret_access_key",
        "region",
        "account_id",
        "state_dir",
    ] {
        assert!(first[member].as_str().is_some_and(|text| !text.is_empty()), "{member} in {first}");
    }
    assert_eq!(first["node_urls"].as_array().unwrap().len(), 2);
    assert_eq!(first["metrics_urls"].as_array().unwrap().len(), 2);

    let file = folder.path().join("api.json");
    std::fs::write(&file, document::mock("kept", "still here").to_string()).unwrap();
    let deployed = gwctl(&[
        "--state-dir",
        &state_text,
        "deploy",
        file.to_str().unwrap(),
        "--stage",
        "s",
        "--wait",
    ])
    .await;
    assert!(deployed.status.success(), "{}", String::from_utf8_lossy(&deployed.stderr));
    let apis = gwctl(&["--state-dir", &state_text, "apis", "--output", "json"]).await;
    let apis: Value = serde_json::from_slice(&apis.stdout).unwrap();
    let path = story::path(apis[0]["id"].as_str().unwrap(), "s", "/");
    answers(&first, &path).await;

    // A second `up` of a running system says the same.
    assert_eq!(up(&state).await.told, first);

    // Its ports are anybody's while it is down.
    for attempt in 1.. {
        let down = gwctl(&["down", "--state-dir", &state_text]).await;
        assert!(down.status.success(), "{}", String::from_utf8_lossy(&down.stderr));
        let node = first["node_urls"][0].as_str().unwrap().trim_start_matches("http://");
        assert!(tokio::net::TcpStream::connect(node).await.is_err(), "nothing runs after `down`");
        // What could not start is not remembered.
        let odd = ["up", "--detach", "--state-dir", &state_text, "--node-arg=--no-such-flag"];
        assert_eq!(gwctl(&odd).await.status.code(), Some(1));
        let again = up(&state).await;
        if !again.moved {
            assert_eq!(again.told, first, "ports and credentials are remembered");
            break;
        }
        assert!(attempt < 10, "its ports are always taken");
        first = again.told;
    }
    answers(&first, &path).await;
    assert!(gwctl(&["down", "--state-dir", &state_text]).await.status.success());
    nodes_come_and_go(&state_text).await;
}

/// A smaller fleet forgets whom it lost, and a larger one has them back.
async fn nodes_come_and_go(state: &str) {
    for (count, expected) in [("1", &["n1"][..]), ("2", &["n1", "n2"])] {
        let out = gwctl(&["up", "--detach", "--state-dir", state, "--nodes", count]).await;
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        wait_until("the fleet is as asked for", PATIENCE, async || {
            let out = gwctl(&["--state-dir", state, "fleet", "--output", "json"]).await;
            let fleet: Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
            let nodes = fleet["nodes"].as_array().cloned().unwrap_or_default();
            let names: Vec<_> = nodes.iter().map(|node| node["nodeId"].clone()).collect();
            names == expected && nodes.iter().all(|node| node["health"] == "current")
        })
        .await;
        assert!(gwctl(&["down", "--state-dir", state]).await.status.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_config_file_is_named_as_json_too() {
    let out = gwctl(&["profile", "path", "--output", "json"]).await;
    let path: String = serde_json::from_slice(&out.stdout).unwrap();
    assert!(path.ends_with(".toml"), "{path}");
}

async fn answers(up: &Value, path: &str) {
    let mut urls: Vec<&str> =
        up["node_urls"].as_array().unwrap().iter().map(|url| url.as_str().unwrap()).collect();
    urls.push(up["traffic_url"].as_str().unwrap());
    for url in urls {
        assert_eq!(story::body(url, path).await, "still here", "{url}");
    }
}
