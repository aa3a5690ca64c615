//! `history` and `status`.

use std::collections::BTreeMap;

use gw_wire::aws::{RestApi, Stage};
use gw_wire::gatewright::{Canary, History, ReleaseDetail, ReleaseSummary, Undeployed};
use serde::Serialize;

use crate::api::{self, stage_path};
use crate::cli::{HistoryArgs, StageRef, StatusArgs};
use crate::client::{Client, Path};
use crate::commands::{dash, word};
use crate::error::{Error, Result};
use crate::output::{Output, render, table};

/// Shows the releases of a stage, newest first.
pub(crate) async fn history(client: &Client, args: &HistoryArgs, out: Output) -> Result<()> {
    let api = api::api(client, &args.stage.api).await?;
    let history = releases(client, &api.id, &args.stage.stage, args.limit).await?;
    out.data(&history, listed)
}

/// The table, and below it why releases were rejected.
fn listed(history: &History) -> String {
    let mut table =
        table(&["release", "state", "deployment", "canary", "cause", "by", "at", "description"]);
    let mut reasons = String::new();
    for release in &history.releases {
        let state = word(&release.state);
        table.add_row([
            &marked(release.number, history),
            &state,
            &release.deployment_id,
            &canary_text(release.canary.as_ref()),
            &release.cause,
            &release.actor,
            &release.created_at,
            dash(release.description.as_deref()),
        ]);
        if let Some(reason) = &release.reason {
            reasons += &format!("\nrelease {} {state} by {reason}", release.number);
        }
    }
    format!("{}\n* desired, > serving{reasons}", render(&table))
}

/// The number with marks for what is desired and what serves.
fn marked(number: u64, history: &History) -> String {
    let desired = if history.desired == Some(number) { "*" } else { "" };
    let serving = if history.serving == Some(number) { ">" } else { "" };
    format!("{number}{desired}{serving}")
}

fn canary_text(canary: Option<&Canary>) -> String {
    canary.map_or_else(
        || "-".to_owned(),
        |c| format!("{} at {} %", c.deployment_id, c.percent_traffic),
    )
}

async fn releases(client: &Client, api: &str, stage: &str, limit: usize) -> Result<History> {
    let mut whole: Option<History> = None;
    loop {
        let have = whole.as_ref().map_or(0, |h| h.releases.len());
        let position = whole.as_ref().and_then(|h| h.position.clone());
        let path = stage_path(api, stage, &["releases"])
            .with("limit", &(limit - have).clamp(1, 500).to_string())
            .with_some("position", position.as_deref());
        let page: History = client.get(path).await?;
        let whole = match &mut whole {
            None => whole.insert(page),
            Some(whole) => {
                whole.releases.extend(page.releases);
                whole.position = page.position;
                whole
            }
        };
        if whole.position.is_none() || whole.releases.len() >= limit {
            return Ok(whole.clone());
        }
    }
}

/// One stage in the list of all.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StageLine {
    rest_api_id: String,
    rest_api_name: String,
    #[serde(flatten)]
    stage: Stage,
}

/// One stage in full.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StageStatus {
    rest_api_name: String,
    desired: Option<u64>,
    serving: Option<u64>,
    /// How many parts of the working copy are not deployed here.
    undeployed_changes: usize,
    #[serde(flatten)]
    detail: ReleaseDetail,
}

/// Shows one stage with its receipts, or a line for every stage.
pub(crate) async fn status(client: &Client, args: &StatusArgs, out: Output) -> Result<()> {
    match &args.stage {
        Some(stage) => one(client, stage, out).await,
        None => all(client, out).await,
    }
}

async fn all(client: &Client, out: Output) -> Result<()> {
    let mut lines = Vec::new();
    for api in api::apis(client).await? {
        for stage in api::stages(client, &api.id).await? {
            lines.push(line(&api, stage));
        }
    }
    lines.sort_by(|a, b| {
        (&a.rest_api_name, &a.stage.stage_name).cmp(&(&b.rest_api_name, &b.stage.stage_name))
    });
    out.data(&lines, |lines| {
        let mut table = table(&["api", "id", "stage", "release", "state", "deployment", "canary"]);
        for line in lines {
            let stage = &line.stage;
            let canary = stage.canary_settings.as_ref().map(|c| {
                format!("{} at {} %", dash(c.deployment_id.as_deref()), c.percent_traffic)
            });
            table.add_row([
                &line.rest_api_name,
                &line.rest_api_id,
                &stage.stage_name,
                &stage.gatewright_release.map_or_else(|| "-".to_owned(), |n| n.to_string()),
                dash(stage.gatewright_release_state.as_deref()),
                &stage.deployment_id,
                dash(canary.as_deref()),
            ]);
        }
        render(&table)
    })
}

fn line(api: &RestApi, stage: Stage) -> StageLine {
    StageLine { rest_api_id: api.id.clone(), rest_api_name: api.name.clone(), stage }
}

async fn one(client: &Client, stage: &StageRef, out: Output) -> Result<()> {
    let api = api::api(client, &stage.api).await?;
    let history = releases(client, &api.id, &stage.stage, 1).await?;
    let newest: Option<&ReleaseSummary> = history.releases.first();
    let number = history.desired.or(newest.map(|r| r.number)).ok_or_else(|| {
        Error::refused(format!("{}/{} has no release", api.name, stage.stage))
            .hint("`gwctl status` lists the stages")
    })?;
    let detail: ReleaseDetail =
        client.get(stage_path(&api.id, &stage.stage, &["releases", &number.to_string()])).await?;
    let changes: Undeployed = client.get(Path::own(&["restapis", &api.id, "changes"])).await?;
    let status = StageStatus {
        rest_api_name: api.name,
        desired: history.desired,
        serving: history.serving,
        undeployed_changes: changes.stages.get(&stage.stage).map_or(0, Vec::len),
        detail,
    };
    out.data(&status, stage_text)
}

fn stage_text(status: &StageStatus) -> String {
    let release = &status.detail.release;
    let number = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let mut facts = vec![
        ("api", format!("{} ({})", status.rest_api_name, status.detail.rest_api_id)),
        ("stage", status.detail.stage_name.clone()),
        ("desired", format!("release {}, {}", number(status.desired), word(&release.state))),
        ("serving", format!("release {}", number(status.serving))),
        ("deployment", release.deployment_id.clone()),
        ("canary", canary_text(release.canary.as_ref())),
        ("made by", format!("{} of {} at {}", release.cause, release.actor, release.created_at)),
    ];
    if let Some(reason) = &release.reason {
        facts.push(("reason", reason.clone()));
    }
    if !status.detail.variables.is_empty() {
        facts.push(("variables", variables_text(&status.detail.variables)));
    }
    let deployed = match status.undeployed_changes {
        0 => "nothing".to_owned(),
        n => format!("{n} changes of the working copy: see `gwctl diff`"),
    };
    facts.push(("undeployed", deployed));
    let mut text: String =
        facts.iter().map(|(name, value)| format!("{name:<11} {value}\n")).collect();
    if !status.detail.receipts.is_empty() {
        let mut table = table(&["node", "receipt", "compiled", "at", "reason"]);
        for receipt in &status.detail.receipts {
            table.add_row([
                &receipt.node_id,
                &word(&receipt.state),
                &format!("{:.1} ms", receipt.compile_us as f64 / 1000.0),
                &receipt.at,
                dash(receipt.reason.as_deref()),
            ]);
        }
        text.push('\n');
        text.push_str(&render(&table));
    }
    text
}

fn variables_text(variables: &BTreeMap<String, String>) -> String {
    variables.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::tests::detail;

    #[test]
    fn marks_tell_desired_from_serving() {
        let history =
            History { desired: Some(3), serving: Some(2), releases: Vec::new(), position: None };
        assert_eq!(marked(3, &history), "3*");
        assert_eq!(marked(2, &history), "2>");
        assert_eq!(marked(1, &history), "1");
        let same = History { serving: Some(3), ..history };
        assert_eq!(marked(3, &same), "3*>");
    }

    #[test]
    fn a_history_tells_why_releases_were_rejected() {
        let mut bad = detail("rejected", &[], true).release;
        bad.reason = Some("n2: too large".into());
        let good = detail("serving", &[], true).release;
        let history = History {
            desired: Some(good.number),
            serving: Some(good.number),
            releases: vec![good, bad],
            position: None,
        };
        let text = listed(&history);
        let last = text.lines().last();
        assert!(last.is_some_and(|last| last.ends_with("rejected by n2: too large")), "{text}");
        assert_eq!(text.lines().count(), 5, "{text}");
    }

    #[test]
    fn a_stage_is_told_in_full() {
        let status = StageStatus {
            rest_api_name: "pets".into(),
            desired: Some(7),
            serving: Some(6),
            undeployed_changes: 2,
            detail: detail("pending", &[("n1", "waiting")], false),
        };
        let text = stage_text(&status);
        for part in ["pets (abc)", "release 7, pending", "release 6", "2 changes", "n1"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
