//! Has the control plane forget the nodes that a smaller `--nodes` left out.
//!
//! Their folders stay: with a larger number again they come back as they were.

use std::fs;
use std::time::Duration;

use gw_wire::gatewright::{FleetStatus, NodeHealth};
use http::Method;
use tokio::task::JoinHandle;

use crate::client::{Body, Client, Path};
use crate::error::Result;
use crate::target;
use crate::up::settings::{Settings, node_name};
use crate::up::state::StateDir;

/// How long a start waits for the first try.
const FIRST_TRY: Duration = Duration::from_secs(5);

/// A control plane that was killed leaves its nodes connected on paper until
/// its lease ends, so that there are more tries, so far apart.
const PAUSE: Duration = Duration::from_secs(2);
const TRIES: u32 = 60;

/// Nodes that `up` ran in this directory and does not run now.
fn removed(state: &StateDir, settings: &Settings) -> Vec<String> {
    let place = |name: &str| {
        let at = name.strip_prefix('n')?.parse::<usize>().ok()?.checked_sub(1)?;
        (node_name(at) == name).then_some(at)
    };
    let folders = fs::read_dir(state.join("nodes")).into_iter().flatten().flatten();
    let names = folders
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> =
        names.filter(|name| place(name).is_some_and(|at| at >= settings.nodes.len())).collect();
    names.sort();
    names
}

/// Forgets those that are away; gives those that are not, yet.
async fn forget(client: &Client, names: &[String]) -> Result<Vec<String>> {
    let fleet: FleetStatus = client.get(Path::own(&["fleet"])).await?;
    let mut left = Vec::new();
    for node in fleet.nodes {
        if !names.contains(&node.node_id) {
            continue;
        }
        let path = Path::own(&["nodes", &node.node_id]);
        if node.health != NodeHealth::Disconnected
            || client.call(Method::DELETE, path, Body::None).await.is_err()
        {
            left.push(node.node_id);
        }
    }
    Ok(left)
}

/// Tries once, and goes on in a task while some are left.
pub(crate) async fn start(state: &StateDir, settings: &Settings) -> Option<JoinHandle<()>> {
    let mut names = removed(state, settings);
    if names.is_empty() {
        return None;
    }
    let client = target::of_state_dir(state).ok()?;
    if let Ok(Ok(left)) = tokio::time::timeout(FIRST_TRY, forget(&client, &names)).await {
        names = left;
    }
    if names.is_empty() {
        return None;
    }
    Some(tokio::spawn(async move {
        for _ in 0..TRIES {
            tokio::time::sleep(PAUSE).await;
            if let Ok(left) = forget(&client, &names).await {
                names = left;
            }
            if names.is_empty() {
                return;
            }
        }
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::up::settings::tests::flags;

    #[test]
    fn nodes_that_ran_and_do_not_run_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::new(dir.path()).unwrap();
        let ports = ["--admin-port", "0", "--traffic-port", "0", "--fleet-port", "0"];
        let settings = flags(&ports, false).settle(None).unwrap().settings;
        assert!(removed(&state, &settings).is_empty(), "nothing ran yet");
        for folder in ["n1", "n2", "n3", "n12", "n0", "n03", "nx", "other"] {
            fs::create_dir_all(state.join("nodes").join(folder)).unwrap();
        }
        fs::write(state.join("nodes/n4"), "no folder").unwrap();
        assert_eq!(removed(&state, &settings), ["n12", "n3"]);
    }
}
