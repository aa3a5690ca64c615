//! Follows a release until every connected node has given its last word.

use std::collections::HashMap;
use std::time::Duration;

use gw_wire::gatewright::{Receipt, ReceiptState, ReleaseDetail, ReleaseState};

use crate::api::stage_path;
use crate::client::Client;
use crate::error::{Error, Kind, Result};
use crate::output::{Output, Tone, paint};

/// Which release, and how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watched<'a> {
    pub(crate) api: &'a str,
    pub(crate) stage: &'a str,
    pub(crate) number: u64,
    /// Zero looks once.
    pub(crate) timeout: Duration,
}

/// Shows receipts as they arrive; answers the last state seen. The error of a
/// release that did not come through is [`verdict`]'s.
pub(crate) async fn watch(
    client: &Client,
    watched: Watched<'_>,
    out: Output,
) -> Result<ReleaseDetail> {
    let number = watched.number.to_string();
    if watched.timeout.is_zero() {
        return client.get(stage_path(watched.api, watched.stage, &["releases", &number])).await;
    }
    let path = stage_path(watched.api, watched.stage, &["releases", &number, "watch"])
        .with("timeoutMs", &watched.timeout.as_millis().to_string());
    let mut shown = Shown::default();
    let mut last = None;
    let lines = client.lines(path, |detail: ReleaseDetail| {
        for line in shown.news(&detail) {
            out.note(&line);
        }
        let settled = detail.settled;
        last = Some(detail);
        !settled
    });
    // The server ends the answer at its timeout; a second more for the way.
    match tokio::time::timeout(watched.timeout + Duration::from_secs(1), lines).await {
        Ok(result) => result?,
        Err(_) => out.note("no more receipts within the time"),
    }
    last.ok_or_else(|| Error::new(Kind::TimedOut, "the server told nothing about the release"))
}

/// What has been told already.
#[derive(Debug, Default)]
struct Shown(HashMap<String, ReceiptState>);

impl Shown {
    /// A line for each receipt that is new or changed.
    fn news(&mut self, detail: &ReleaseDetail) -> Vec<String> {
        let changed = detail.receipts.iter().filter(|receipt| {
            let known = self.0.insert(receipt.node_id.clone(), receipt.state);
            known != Some(receipt.state)
        });
        changed.map(receipt_line).collect()
    }
}

fn receipt_line(receipt: &Receipt) -> String {
    let tone = match receipt.state {
        ReceiptState::Serving | ReceiptState::Prepared => Tone::Good,
        ReceiptState::Waiting | ReceiptState::Lagging => Tone::Warn,
        ReceiptState::Rejected => Tone::Bad,
    };
    let mut line = format!(
        "  {}  {}",
        receipt.node_id,
        paint(&format!("{:?}", receipt.state).to_lowercase(), tone)
    );
    if receipt.compile_us > 0 {
        line.push_str(&format!("  compiled in {:.1} ms", receipt.compile_us as f64 / 1000.0));
    }
    if let Some(reason) = &receipt.reason {
        line.push_str(&format!("  {reason}"));
    }
    line
}

/// Whether the command that made this release has done what it was asked.
/// Without `waited`, a release still on its way is good enough.
pub(crate) fn verdict(detail: &ReleaseDetail, waited: bool) -> Result<()> {
    let name = format!(
        "release {} of {}/{}",
        detail.release.number, detail.rest_api_id, detail.stage_name
    );
    let history = format!("`gwctl history {}/{}`", detail.rest_api_id, detail.stage_name);
    match detail.release.state {
        ReleaseState::Rejected => {
            let reason = detail.release.reason.clone().or_else(|| rejection(&detail.receipts));
            let reason = reason.unwrap_or_else(|| "no reason given".to_owned());
            Err(Error::new(Kind::Rejected, format!("{name} was rejected: {reason}"))
                .hint(format!("nothing changed for callers; {history} shows what serves")))
        }
        ReleaseState::Superseded if waited => {
            Err(Error::new(Kind::Failed, format!("{name} was overtaken by a newer one"))
                .hint(format!("{history} shows which")))
        }
        _ if waited && !detail.settled => {
            let missing: Vec<_> = detail
                .receipts
                .iter()
                .filter(|r| !matches!(r.state, ReceiptState::Serving | ReceiptState::Rejected))
                .map(|r| r.node_id.as_str())
                .collect();
            Err(Error::new(
                Kind::TimedOut,
                format!("{name} has not settled: {}", missing.join(", ")),
            )
            .hint("it goes on by itself; `gwctl fleet` shows the nodes"))
        }
        _ => Ok(()),
    }
}

fn rejection(receipts: &[Receipt]) -> Option<String> {
    let receipt = receipts.iter().find(|r| r.state == ReceiptState::Rejected)?;
    Some(format!("{}: {}", receipt.node_id, receipt.reason.as_deref().unwrap_or("at fault")))
}

/// How many nodes a summary names.
const MAX_NAMED: usize = 5;

/// One line that sums a release up, with the nodes that do not serve it.
pub(crate) fn summary(detail: &ReleaseDetail) -> String {
    let (serving, others): (Vec<_>, Vec<_>) =
        detail.receipts.iter().partition(|receipt| receipt.state == ReceiptState::Serving);
    let serving = serving.len();
    let named: Vec<_> = others.iter().take(MAX_NAMED).map(|r| r.node_id.as_str()).collect();
    let others = match others.len() {
        0 => String::new(),
        _ if serving == 0 => String::new(),
        all if all > MAX_NAMED => {
            format!(" (not on {} and {} more)", named.join(", "), all - MAX_NAMED)
        }
        _ => format!(" (not on {})", named.join(", ")),
    };
    let time = detail.settled_ms.map(|ms| format!(" in {ms:.0} ms")).unwrap_or_default();
    format!(
        "release {} of {}/{}: {} on {serving} of {} nodes{others}{time}",
        detail.release.number,
        detail.rest_api_id,
        detail.stage_name,
        format!("{:?}", detail.release.state).to_lowercase(),
        detail.receipts.len(),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub(crate) mod tests {
    use super::*;

    /// A release detail for tests.
    pub(crate) fn detail(state: &str, receipts: &[(&str, &str)], settled: bool) -> ReleaseDetail {
        let receipts: Vec<_> = receipts
            .iter()
            .map(|(node, state)| {
                serde_json::json!({"nodeId": node, "state": state, "compileUs": 1500,
                    "at": "2026-11-23T00:00:00Z", "reason": (*state == "rejected").then_some("too large")})
            })
            .collect();
        serde_json::from_value(serde_json::json!({
            "restApiId": "abc", "stageName": "dev", "receipts": receipts, "settled": settled,
            "settledMs": settled.then_some(12.4),
            "release": {"number": 7, "state": state, "cause": "CreateDeployment", "actor": "a",
                "createdAt": "2026-11-23T00:00:00Z", "deploymentId": "d", "digest": "00",
                "revision": "1.9"}
        }))
        .unwrap()
    }

    #[test]
    fn verdicts_become_exit_codes() {
        let good = [("n1", "serving"), ("n2", "serving")];
        let slow = [("n1", "serving"), ("n2", "waiting")];
        let bad = [("n1", "prepared"), ("n2", "rejected")];
        let code = |d: ReleaseDetail, waited| verdict(&d, waited).map_err(|e| e.kind.exit_code());
        assert_eq!(code(detail("serving", &good, true), true), Ok(()));
        assert_eq!(code(detail("pending", &slow, false), false), Ok(()));
        assert_eq!(code(detail("pending", &slow, false), true), Err(6));
        assert_eq!(code(detail("rejected", &bad, true), false), Err(5));
        assert_eq!(code(detail("superseded", &good, true), true), Err(1));
        let text = verdict(&detail("rejected", &bad, true), true).unwrap_err().to_string();
        assert!(text.contains("n2: too large"), "{text}");
    }

    #[test]
    fn only_news_is_told() {
        let mut shown = Shown::default();
        assert_eq!(shown.news(&detail("pending", &[("n1", "waiting")], false)).len(), 1);
        assert_eq!(shown.news(&detail("pending", &[("n1", "waiting")], false)).len(), 0);
        let lines = shown.news(&detail("serving", &[("n1", "serving"), ("n2", "prepared")], false));
        assert_eq!(
            lines,
            ["  n1  serving  compiled in 1.5 ms", "  n2  prepared  compiled in 1.5 ms"]
        );
    }

    #[test]
    fn a_release_in_one_line() {
        let line = summary(&detail("serving", &[("n1", "serving"), ("n2", "serving")], true));
        assert_eq!(line, "release 7 of abc/dev: serving on 2 of 2 nodes in 12 ms");
        let line = summary(&detail("serving", &[("n1", "serving"), ("n2", "lagging")], true));
        assert_eq!(line, "release 7 of abc/dev: serving on 1 of 2 nodes (not on n2) in 12 ms");
        let names: Vec<String> = (1..9).map(|n| format!("n{n}")).collect();
        let receipts: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), if name == "n1" { "serving" } else { "waiting" }))
            .collect();
        let line = summary(&detail("serving", &receipts, true));
        assert!(line.contains(" 1 of 8 nodes (not on n2, n3, n4, n5, n6 and 2 more)"), "{line}");
        let line = summary(&detail("pending", &[("n1", "waiting")], false));
        assert_eq!(line, "release 7 of abc/dev: pending on 0 of 1 nodes");
    }
}
