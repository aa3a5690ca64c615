//! `rollback`, `promote-canary`, `stop-canary`: one call, then the receipts.

use std::time::Duration;

use gw_wire::gatewright::{ChangeStage, ReleaseDetail, Rollback};

use crate::api::{self, stage_path};
use crate::cli::{ChangeArgs, RollbackArgs, StageRef, WaitArgs};
use crate::client::{Body, Client};
use crate::error::Result;
use crate::output::Output;
use crate::watch::{Watched, summary, verdict, watch};

/// Restores a former release.
pub(crate) async fn rollback(client: &Client, args: &RollbackArgs, out: Output) -> Result<()> {
    let body =
        Rollback { to: args.to, all: args.all, expected_release: args.wait.expected_release };
    act(client, &args.stage, "rollback", Body::json(&body)?, &args.wait, out).await
}

/// Promotes or stops a stage's canary.
pub(crate) async fn change(
    client: &Client,
    operation: &str,
    args: &ChangeArgs,
    out: Output,
) -> Result<()> {
    let body = ChangeStage { expected_release: args.wait.expected_release };
    act(client, &args.stage, operation, Body::json(&body)?, &args.wait, out).await
}

async fn act(
    client: &Client,
    stage: &StageRef,
    operation: &str,
    body: Body,
    wait: &WaitArgs,
    out: Output,
) -> Result<()> {
    let api = api::api(client, &stage.api).await?;
    let path = stage_path(&api.id, &stage.stage, &[operation]);
    let mut detail: ReleaseDetail = client.post(path, body).await?;
    let waited = wait.timeout > 0;
    if waited && !detail.settled {
        let watched = Watched {
            api: &api.id,
            stage: &stage.stage,
            number: detail.release.number,
            timeout: Duration::from_secs(wait.timeout),
        };
        detail = watch(client, watched, out).await?;
    }
    out.data(&detail, |d| {
        let canary = d.release.canary.as_ref();
        let canary =
            canary.map(|c| format!(", canary {} at {} %", c.deployment_id, c.percent_traffic));
        format!(
            "{}, deployment {}{}",
            summary(d),
            d.release.deployment_id,
            canary.unwrap_or_default()
        )
    })?;
    verdict(&detail, waited)
}
