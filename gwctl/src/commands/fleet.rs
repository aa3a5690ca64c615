//! `fleet`, `nodes`, `join-token`, `ca`.

use gw_wire::gatewright::{CreateJoinToken, FleetStatus, JoinToken, NodeDetail, NodeStatus};
use http::Method;

use crate::cli::{JoinTokenArgs, NodesCommand};
use crate::client::{Body, Client, Path};
use crate::commands::{dash, word};
use crate::error::{Error, Result};
use crate::output::{Output, render, table};

/// Shows all nodes.
pub(crate) async fn fleet(client: &Client, out: Output) -> Result<()> {
    let fleet: FleetStatus = client.get(Path::own(&["fleet"])).await?;
    out.data(&fleet, |fleet| {
        let rows = nodes_text(&fleet.nodes);
        format!("revision {}, {} nodes\n{rows}", fleet.revision, fleet.nodes.len())
    })
}

/// The table, and below it what nodes cannot serve.
fn nodes_text(nodes: &[NodeStatus]) -> String {
    let mut text = nodes_table(nodes);
    for node in nodes.iter().filter(|node| !node.not_serving.is_empty()) {
        text.push_str(&format!("\n\n{} does not serve", node.node_id));
        for stage in &node.not_serving {
            let reason = stage.reason.as_deref().unwrap_or("no reason given");
            text.push_str(&format!(
                "\n  release {} of {}/{}: {}: {reason}",
                stage.release,
                stage.rest_api_id,
                stage.stage_name,
                word(&stage.state),
            ));
        }
        let more = node.not_serving_count.saturating_sub(node.not_serving.len() as u64);
        if more > 0 {
            text.push_str(&format!("\n  and {more} stages more"));
        }
    }
    text
}

fn nodes_table(nodes: &[NodeStatus]) -> String {
    let mut table = table(&["node", "health", "revision", "lag", "seen", "traffic", "build"]);
    for node in nodes {
        let cordoned = if node.cordoned { ", cordoned" } else { "" };
        table.add_row([
            &node.node_id,
            &format!("{}{cordoned}", word(&node.health)),
            &node.revision,
            &duration(node.lag_ms),
            &format!("{} ago", duration(node.last_seen_ms_ago)),
            dash(Some(&node.traffic_address)),
            &node.build,
        ]);
    }
    render(&table)
}

/// Milliseconds in the largest unit that says enough.
fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{:.1} s", ms as f64 / 1_000.0),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        _ => format!("{} h", ms / 3_600_000),
    }
}

/// Shows what a node says of itself.
pub(crate) async fn node_show(client: &Client, node: &str, out: Output) -> Result<()> {
    let detail: NodeDetail = client.get(Path::own(&["nodes", node])).await?;
    out.data(&detail, |detail| {
        let mut text = nodes_text(std::slice::from_ref(&detail.status));
        let Some(live) = &detail.live else {
            text.push_str("\n\nnot connected: nothing of its own to tell");
            return text;
        };
        text.push_str(&format!(
            "\n\nstarted {}, world {} with root {}\n{} stages, {} deployments compiled in {} MiB\n",
            live.started_at,
            live.revision,
            live.root_digest,
            live.stages,
            live.compiled_deployments,
            live.compiled_bytes >> 20,
        ));
        let mut table = table(&["stage", "release"]);
        for (stage, release) in &live.serving {
            table.add_row([stage, &release.to_string()]);
        }
        text.push_str(&render(&table));
        text
    })
}

/// Forgets a node that is not connected.
async fn node_forget(client: &Client, node: &str, out: Output) -> Result<()> {
    client.call(Method::DELETE, Path::own(&["nodes", node]), Body::None).await?;
    out.note(&format!("forgot {node}"));
    Ok(())
}

/// Cordons, uncordons, drains or forgets a node.
pub(crate) async fn node_act(client: &Client, command: &NodesCommand, out: Output) -> Result<()> {
    let (node, verb) = match command {
        NodesCommand::Cordon(args) => (&args.node, "cordon"),
        NodesCommand::Uncordon(args) => (&args.node, "uncordon"),
        NodesCommand::Drain(args) => (&args.node, "drain"),
        NodesCommand::Show(args) => return node_show(client, &args.node, out).await,
        NodesCommand::Forget(args) => return node_forget(client, &args.node, out).await,
    };
    let status: NodeStatus = client.post(Path::own(&["nodes", node, verb]), Body::None).await?;
    out.data(&status, |status| nodes_text(std::slice::from_ref(status)))
}

/// Makes a join token; it alone goes to standard output, so that
/// `$(gwctl join-token)` works.
pub(crate) async fn join_token(client: &Client, args: &JoinTokenArgs, out: Output) -> Result<()> {
    let request = CreateJoinToken { uses: args.uses, ttl_seconds: args.ttl };
    let token: JoinToken = client.post(Path::own(&["jointokens"]), Body::json(&request)?).await?;
    out.note(&format!("expires {}", token.expires_at));
    out.data(&token, |token| token.token.clone())
}

/// Prints the fleet's CA certificate, and that of certificates issued for
/// custom domains.
pub(crate) async fn ca(client: &Client, out: Output) -> Result<()> {
    let fleet = pem(client, &["ca"]).await?;
    let domains = pem(client, &["ca", "domains"]).await?;
    let both = serde_json::json!({ "certificate": &fleet, "domainCertificate": &domains });
    out.data(&both, |_| format!("{}\n{}", fleet.trim_end(), domains.trim_end()))
}

async fn pem(client: &Client, path: &[&str]) -> Result<String> {
    let answer = client.call(Method::GET, Path::own(path), Body::None).await?;
    let pem = String::from_utf8_lossy(&answer.body).into_owned();
    if !pem.starts_with("-----BEGIN CERTIFICATE-----") {
        return Err(Error::failed(format!("{} gave no certificate", client.endpoint))
            .hint("is that address the admin API, and of a version near this gwctl's?"));
    }
    Ok(pem)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_cannot_serve_stands_below_the_table() {
        let status = |extra: serde_json::Value| {
            let mut node = serde_json::json!({"nodeId": "n2", "health": "partial",
                "cordoned": false, "slot": 1, "build": "0.1.0", "revision": "1.2",
                "lastSeenMsAgo": 5, "lagMs": 0});
            node.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            serde_json::from_value::<NodeStatus>(node).unwrap()
        };
        let stages = serde_json::json!({"notServingCount": 3, "notServing": [
            {"restApiId": "abc", "stageName": "dev", "release": 2, "state": "rejected",
             "reason": "too large"}]});
        let text = nodes_text(&[status(stages)]);
        let told = "\n\nn2 does not serve\n  release 2 of abc/dev: rejected: too large\n  \
                    and 2 stages more";
        assert!(text.contains("partial") && text.ends_with(told), "{text}");
        let text = nodes_text(&[status(serde_json::json!({}))]);
        assert!(!text.contains("does not serve"), "{text}");
    }

    #[test]
    fn durations_in_their_unit() {
        let cases = [
            (5, "5 ms"),
            (1_500, "1.5 s"),
            (119_000, "119.0 s"),
            (180_000, "3 min"),
            (7_200_000, "2 h"),
        ];
        for (ms, text) in cases {
            assert_eq!(duration(ms), text);
        }
    }
}
