//! `diff`: what differs, and what was changed but not deployed.

use std::process::ExitCode;

use gw_wire::gatewright::{Diff, DiffEntry, Undeployed};
use serde_json::Value;

use crate::cli::{DiffArgs, StageRef};
use crate::client::{Client, Path};
use crate::error::{Error, Result};
use crate::output::Output;
use crate::{api, commands::word};

/// The longest value that is shown whole.
const MAX_VALUE: usize = 60;

/// Compares; with `--exit-code` a difference is told by 1.
pub(crate) async fn diff(client: &Client, args: &DiffArgs, out: Output) -> Result<ExitCode> {
    let all = api::apis(client).await?;
    // An API's name may hold a slash, so the whole subject is tried first.
    let (api, stage) = match api::pick(&all, &args.subject)? {
        Some(api) => (api, None),
        None => {
            let stage: StageRef = args.subject.parse().map_err(|_| missing(&args.subject))?;
            let api = api::pick(&all, &stage.api)?.ok_or_else(|| missing(&stage.api))?;
            (api, Some(stage.stage))
        }
    };
    let from = args.from.clone().or_else(|| stage.map(|s| format!("stage:{s}")));
    let equal = match from {
        Some(from) => {
            let to = args.to.as_deref().unwrap_or("working");
            let path = Path::own(&["restapis", &api.id, "diff"]).with("from", &from).with("to", to);
            let diff: Diff = client.get(path).await?;
            out.data(&diff, |d| section(&format!("{} -> {}", d.from, d.to), &d.entries))?;
            diff.equal
        }
        None if args.to.is_some() => {
            return Err(Error::usage("--to needs --from, or a stage as API/STAGE"));
        }
        None => {
            let changes: Undeployed =
                client.get(Path::own(&["restapis", &api.id, "changes"])).await?;
            out.data(&changes, undeployed_text)?;
            changes.stages.values().all(Vec::is_empty)
        }
    };
    Ok(if args.exit_code && !equal { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn missing(api: &str) -> Error {
    Error::refused(format!("there is no API with the id or name `{api}`"))
        .hint("`gwctl apis` lists them")
}

fn undeployed_text(changes: &Undeployed) -> String {
    if changes.stages.is_empty() {
        return "no stage yet".to_owned();
    }
    let sections = changes.stages.iter();
    sections
        .map(|(stage, entries)| section(&format!("stage:{stage} -> working"), entries))
        .collect::<Vec<_>>()
        .join("\n")
}

fn section(title: &str, entries: &[DiffEntry]) -> String {
    if entries.is_empty() {
        return format!("{title}: no difference");
    }
    let mut text = format!("{title}: {} differences\n", entries.len());
    for entry in entries {
        text.push_str(&line(entry));
        text.push('\n');
    }
    text
}

fn line(entry: &DiffEntry) -> String {
    let sign = match word(&entry.kind).as_str() {
        "added" => '+',
        "removed" => '-',
        _ => '~',
    };
    let place = if entry.path.is_empty() {
        entry.what.clone()
    } else {
        format!("{} {}", entry.what, entry.path)
    };
    match (&entry.from, &entry.to) {
        (Some(from), Some(to)) => format!("{sign} {place}: {} -> {}", short(from), short(to)),
        (None, Some(to)) if sign == '~' => format!("{sign} {place}: {} (new)", short(to)),
        (Some(from), None) if sign == '~' => format!("{sign} {place}: {} (gone)", short(from)),
        _ => format!("{sign} {place}"),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn entries_read_like_a_patch() {
        let entry = |json: &str| line(&serde_json::from_str(json).unwrap());
        assert_eq!(entry(r#"{"kind":"added","what":"GET /a","to":{}}"#), "+ GET /a");
        assert_eq!(entry(r#"{"kind":"removed","what":"GET /a"}"#), "- GET /a");
        assert_eq!(
            entry(r#"{"kind":"changed","what":"GET /a","path":"/x","from":1,"to":2}"#),
            "~ GET /a /x: 1 -> 2"
        );
        let long = short(&Value::String("ä".repeat(100)));
        assert!(long.ends_with('…') && long.chars().count() == MAX_VALUE + 1, "{long}");
    }

    #[test]
    fn no_difference_is_said() {
        assert_eq!(section("a -> b", &[]), "a -> b: no difference");
    }
}
