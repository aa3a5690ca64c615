//! Stage history, receipts, rollback, canaries.

use std::time::Duration;

use axum::{
    body::Body,
    extract::Path,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::stream;
use gw_app::{ReleaseDetailView, ReleaseState, RollbackInput};
use gw_model::{ApiId, ReleaseNumber, StageKey, StageName};
use gw_wire::{
    Fault,
    gatewright::{ChangeStage, RELEASE_HEADER, ReleaseDetail, Rollback},
};
use serde::Deserialize;
use tokio::time::Instant;

use super::convert;
use crate::{
    error::ApiError,
    extract::{Answer, Call, OwnInput, Params, ok, with_header},
};

/// A stage.
#[derive(Debug, Deserialize)]
pub(crate) struct StagePath {
    rest_api: ApiId,
    stage: StageName,
}

/// A release of a stage.
#[derive(Debug, Deserialize)]
pub(crate) struct ReleasePath {
    rest_api: ApiId,
    stage: StageName,
    number: String,
}

impl ReleasePath {
    fn number(&self) -> Result<ReleaseNumber, Fault> {
        let bad =
            |_| Fault::not_found(format!("Invalid release number specified: {}", self.number));
        self.number.parse().map(ReleaseNumber).map_err(bad)
    }
}

/// `GET .../releases`.
pub(crate) async fn history(call: Call, Path(path): Path<StagePath>, params: Params) -> Answer {
    let request = params.page_request()?;
    let view = call.release_history(&call.caller, &path.rest_api, &path.stage, &request).await?;
    ok(convert::history(&view))
}

/// `GET .../releases/{number}`.
pub(crate) async fn get(call: Call, Path(path): Path<ReleasePath>) -> Answer {
    let number = path.number()?;
    let view = call.release_detail(&call.caller, &path.rest_api, &path.stage, number).await?;
    ok(convert::detail(&view))
}

/// `GET .../deployments/{id}/receipts`.
pub(crate) async fn receipts(call: Call, Path(path): Path<crate::aws::paths::ItemPath>) -> Answer {
    let id = path.id.into();
    let view = call.deployment_receipts(&call.caller, &path.rest_api, &id).await?;
    ok(convert::receipts(&view))
}

fn released(view: &ReleaseDetailView) -> Answer {
    let number = view.release.release.number.to_string();
    with_header(ok(convert::detail(view)), RELEASE_HEADER, &number)
}

/// `POST .../rollback`.
pub(crate) async fn rollback(
    call: Call,
    Path(path): Path<StagePath>,
    OwnInput(input): OwnInput<Rollback>,
) -> Answer {
    let input = RollbackInput {
        to: input.to.map(ReleaseNumber),
        all: input.all,
        expected_release: input.expected_release.map(ReleaseNumber),
    };
    released(&call.rollback(&call.caller, &path.rest_api, &path.stage, input).await?)
}

/// `POST .../promote-canary`.
pub(crate) async fn promote_canary(
    call: Call,
    Path(path): Path<StagePath>,
    OwnInput(input): OwnInput<ChangeStage>,
) -> Answer {
    let expected = input.expected_release.map(ReleaseNumber);
    released(&call.promote_canary(&call.caller, &path.rest_api, &path.stage, expected).await?)
}

/// `POST .../stop-canary`.
pub(crate) async fn stop_canary(
    call: Call,
    Path(path): Path<StagePath>,
    OwnInput(input): OwnInput<ChangeStage>,
) -> Answer {
    let expected = input.expected_release.map(ReleaseNumber);
    released(&call.stop_canary(&call.caller, &path.rest_api, &path.stage, expected).await?)
}

/// How often the database is asked while this replica hears nothing itself.
const POLL: Duration = Duration::from_millis(250);

/// A release being watched.
struct Watch {
    call: Call,
    path: ReleasePath,
    number: ReleaseNumber,
    deadline: Instant,
    sent: Option<ReleaseDetail>,
    done: bool,
}

/// `GET .../releases/{number}/watch`: a line per change, until settled or
/// `timeoutMs` (30 seconds unless given, ten minutes at most).
pub(crate) async fn watch(call: Call, Path(path): Path<ReleasePath>, params: Params) -> Answer {
    let number = path.number()?;
    let millis = match params.get("timeoutMs") {
        None | Some("") => 30_000,
        Some(text) => text
            .parse::<u64>()
            .map_err(|_| Fault::bad_request(format!("Invalid timeoutMs specified: {text}")))?
            .min(600_000),
    };
    // What is unknown is told by a status, not in the middle of a stream.
    call.release_detail(&call.caller, &path.rest_api, &path.stage, number).await?;
    let deadline = Instant::now() + Duration::from_millis(millis);
    let watch = Watch { call, path, number, deadline, sent: None, done: false };
    let lines = stream::unfold(watch, |mut watch| async move {
        let line = watch.next().await?;
        Some((line, watch))
    });
    let mut response: Response = Body::from_stream(lines).into_response();
    let kind = http::HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    Ok(response)
}

impl Watch {
    /// The next line; `None` at the end.
    async fn next(&mut self) -> Option<Result<Bytes, ApiError>> {
        if self.done {
            return None;
        }
        loop {
            // Subscribed before it is read, so that no change falls between.
            let key = StageKey {
                scope: self.call.caller.scope.clone(),
                api: self.path.rest_api.clone(),
                stage: self.path.stage.clone(),
            };
            let mut progress = self.call.fleet().watch_release(&key, self.number);
            if let Some(progress) = &mut progress {
                progress.mark_unchanged();
            }
            let caller = &self.call.caller;
            let (api, stage) = (&self.path.rest_api, &self.path.stage);
            let view = match self.call.release_detail(caller, api, stage, self.number).await {
                Ok(view) => view,
                Err(error) => {
                    self.done = true;
                    return Some(Err(error.into()));
                }
            };
            let late = Instant::now() >= self.deadline;
            self.done = late || ended(&view);
            let detail = convert::detail(&view);
            if self.sent.as_ref() != Some(&detail) {
                let mut line = match serde_json::to_vec(&detail) {
                    Ok(line) => line,
                    Err(error) => return Some(Err(gw_app::Error::internal(error).into())),
                };
                line.push(b'\n');
                self.sent = Some(detail);
                return Some(Ok(line.into()));
            }
            if self.done {
                return None;
            }
            let until = (Instant::now() + POLL).min(self.deadline);
            match &mut progress {
                Some(progress) => {
                    let _ = tokio::time::timeout_at(until, progress.changed()).await;
                }
                None => tokio::time::sleep_until(until).await,
            }
        }
    }
}

/// Whether nothing more is to come.
fn ended(view: &ReleaseDetailView) -> bool {
    match view.release.state {
        ReleaseState::Pending => false,
        ReleaseState::Serving => view.settled,
        ReleaseState::Former | ReleaseState::Superseded | ReleaseState::Rejected => true,
    }
}
