//! `apis`, `audit`, `whoami`.

use gw_wire::gatewright::{AuditLog, Identity};

use crate::api;
use crate::cli::AuditArgs;
use crate::client::{Client, Path};
use crate::commands::dash;
use crate::error::Result;
use crate::output::{Output, render, table};

/// Lists the REST APIs by name.
pub(crate) async fn apis(client: &Client, out: Output) -> Result<()> {
    let mut all = api::apis(client).await?;
    all.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    if all.is_empty() {
        out.note("no APIs yet; `gwctl deploy FILE --stage STAGE` makes one");
    }
    out.data(&all, |all| {
        let mut table = table(&["id", "name", "version", "description"]);
        for api in all {
            let description = api.description.as_deref().and_then(|d| d.lines().next());
            table.add_row([&api.id, &api.name, dash(api.version.as_deref()), dash(description)]);
        }
        render(&table)
    })
}

/// Shows the audit log, newest first.
pub(crate) async fn audit(client: &Client, args: &AuditArgs, out: Output) -> Result<()> {
    let mut log = AuditLog { entries: Vec::new(), position: None };
    while log.entries.len() < args.limit {
        let limit = (args.limit - log.entries.len()).min(500).to_string();
        let path = Path::own(&["audit"])
            .with("limit", &limit)
            .with_some("position", log.position.as_deref());
        let page: AuditLog = client.get(path).await?;
        log.entries.extend(page.entries);
        log.position = page.position;
        if log.position.is_none() {
            break;
        }
    }
    out.data(&log, |log| {
        let mut table = table(&["at", "operation", "resource", "actor", "request"]);
        for entry in &log.entries {
            table.add_row([
                &entry.at,
                &entry.operation,
                &entry.resource,
                &entry.actor,
                &entry.request_id,
            ]);
        }
        render(&table)
    })
}

/// Shows as whom the server sees the caller.
pub(crate) async fn whoami(client: &Client, out: Output) -> Result<()> {
    let identity: Identity = client.get(Path::own(&["identity"])).await?;
    out.data(&identity, |i| {
        format!("{}\naccount {}, region {}, at {}", i.arn, i.account_id, i.region, client.endpoint)
    })
}
