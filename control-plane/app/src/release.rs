//! A stage's history, and the one-call changes that AWS has no call for.

use gw_model::{ApiId, Release, ReleaseNumber, StageKey, StageName};
use gw_store::{ReceiptRow, ReceiptState, ReleaseRow, StageRow, Txn};
use serde_json::{Value, json};

use crate::{
    App, Caller, Error, HistoryView, Page, PageRequest, ReleaseDetailView, ReleaseState,
    ReleaseView, Result, RollbackInput, StageDraft,
    append::Appended,
    error::Kind,
    page::page,
    stage::{lock_stage, place, stage_in},
    transact::{Found as _, transact},
};

fn view(row: ReleaseRow) -> ReleaseView {
    ReleaseView {
        release: row.release,
        state: row.state,
        cause: row.cause,
        actor: row.actor,
        reason: row.reason,
        created_at: row.created_at,
        revision: row.revision,
        description: row.description,
    }
}

/// Refuses a caller who read an older state of the stage.
fn fresh(stage: &StageRow, expected: Option<ReleaseNumber>) -> Result<()> {
    let actual = stage.desired.number;
    match expected {
        Some(expected) if expected != actual => Err(Error::Stale { expected, actual }),
        _ => Ok(()),
    }
}

/// The release after `now` that goes back to `to`: deployment, canary and
/// variables, and with `all` every other setting too. Nobody wants an
/// incident's rollback to lift an emergency throttle.
fn restored(now: &Release, to: Release, all: bool) -> Release {
    let settings = if all { to.settings.clone() } else { now.settings.clone() };
    Release { number: ReleaseNumber(now.number.0 + 1), settings, ..to }
}

impl App {
    /// A page of a stage's history, newest first.
    ///
    /// # Errors
    /// When API or stage are unknown.
    pub async fn release_history(
        &self,
        caller: &Caller,
        api: &ApiId,
        stage: &StageName,
        request: &PageRequest,
    ) -> Result<HistoryView> {
        let key = StageKey { scope: caller.scope.clone(), api: api.clone(), stage: stage.clone() };
        let limit = self.page_limit(request);
        let before = request.before::<u64>()?.map(ReleaseNumber);
        let mut txn = self.store().read().await?;
        let row = stage_in(&mut txn, &key).await?;
        let rows = txn.release_list(&row, before, limit).await?;
        let views: Vec<ReleaseView> = rows.into_iter().map(view).collect();
        let releases: Page<_> =
            page(views, limit, |view: &ReleaseView| view.release.number.to_string());
        Ok(HistoryView { desired: row.desired.number, serving: row.serving, releases })
    }

    /// A release with what the nodes said of it so far.
    ///
    /// # Errors
    /// When API, stage or release are unknown.
    pub async fn release_detail(
        &self,
        caller: &Caller,
        api: &ApiId,
        stage: &StageName,
        number: ReleaseNumber,
    ) -> Result<ReleaseDetailView> {
        let key = StageKey { scope: caller.scope.clone(), api: api.clone(), stage: stage.clone() };
        let mut txn = self.store().read().await?;
        self.release_detail_in(&mut txn, &key, number).await
    }

    pub(crate) async fn release_detail_in(
        &self,
        txn: &mut Txn,
        key: &StageKey,
        number: ReleaseNumber,
    ) -> Result<ReleaseDetailView> {
        let stage = stage_in(txn, key).await?;
        let row = txn.release_fetch(&stage, number).await?;
        let row = row.found(Kind::Release, number.to_string())?;
        // This replica's memory is newer than the rows that it writes behind.
        let live = self.fleet().watch_release(key, number).map(|watch| watch.borrow().clone());
        let (receipts, settled) = match live {
            Some(progress) => (progress.receipts, progress.settled),
            None => {
                let receipts = txn.receipt_list(key, number).await?;
                let settled = settled(row.state, &receipts);
                (receipts, settled)
            }
        };
        let last = receipts.iter().map(|receipt| receipt.at).max().filter(|_| settled);
        let settled_ms = last.map(|at| (at - row.created_at).as_seconds_f64() * 1000.0);
        Ok(ReleaseDetailView {
            key: key.clone(),
            release: view(row),
            receipts,
            settled,
            settled_ms,
        })
    }

    /// Goes back to a former release by appending one: history is never
    /// rewritten.
    ///
    /// # Errors
    /// When the stage or the release are unknown, there is nothing to go back
    /// to, the stage moved on, or a node rejects the new release.
    pub async fn rollback(
        &self,
        caller: &Caller,
        api: &ApiId,
        stage: &StageName,
        input: RollbackInput,
    ) -> Result<ReleaseDetailView> {
        let key = StageKey { scope: caller.scope.clone(), api: api.clone(), stage: stage.clone() };
        let (appended, revision) = transact!(self, |txn| {
            let row = lock_stage(&mut txn, &key).await?;
            fresh(&row, input.expected_release)?;
            let target = rollback_target(&mut txn, &row, &input).await?;
            let to = target.number;
            let release = restored(&row.desired, target, input.all);
            let detail = json!({ "to": to, "all": input.all, "release": release.number });
            let appended = self.append(&mut txn, &caller.arn, row, release, "rollback").await?;
            (appended, Some(caller.audit_with("rollback", place(&key), detail)))
        })?;
        self.settle(&appended, revision).await?;
        self.release_detail(caller, api, stage, appended.release.number).await
    }

    /// Makes the canary the stage's own deployment, merges its overrides into
    /// the stage's variables, and ends it.
    ///
    /// # Errors
    /// When the stage is unknown, has no canary or moved on, or a node rejects
    /// the new release.
    pub async fn promote_canary(
        &self,
        caller: &Caller,
        api: &ApiId,
        stage: &StageName,
        expected: Option<ReleaseNumber>,
    ) -> Result<ReleaseDetailView> {
        self.canary_change(caller, (api, stage), expected, "promote-canary", |draft| {
            let canary = draft.canary.take().ok_or_else(|| no_canary("promote"))?;
            draft.deployment_id = canary.deployment_id;
            draft.variables.extend(canary.stage_variable_overrides);
            Ok(())
        })
        .await
    }

    /// Ends the canary; every request meets the stage's own deployment.
    ///
    /// # Errors
    /// When the stage is unknown, has no canary or moved on, or a node rejects
    /// the new release.
    pub async fn stop_canary(
        &self,
        caller: &Caller,
        api: &ApiId,
        stage: &StageName,
        expected: Option<ReleaseNumber>,
    ) -> Result<ReleaseDetailView> {
        self.canary_change(caller, (api, stage), expected, "stop-canary", |draft| {
            draft.canary.take().map(drop).ok_or_else(|| no_canary("stop"))
        })
        .await
    }

    async fn canary_change(
        &self,
        caller: &Caller,
        (api, stage): (&ApiId, &StageName),
        expected: Option<ReleaseNumber>,
        cause: &'static str,
        edit: impl Fn(&mut StageDraft) -> Result<()> + Send + Sync,
    ) -> Result<ReleaseDetailView> {
        let key = StageKey { scope: caller.scope.clone(), api: api.clone(), stage: stage.clone() };
        let (appended, revision): (Appended, _) = transact!(self, |txn| {
            let row = lock_stage(&mut txn, &key).await?;
            fresh(&row, expected)?;
            let mut draft = StageDraft::of(&row.desired);
            edit(&mut draft)?;
            let release = self.next_release(&mut txn, &row, &draft).await?;
            let detail = json!({ "release": release.number });
            let appended = self.append(&mut txn, &caller.arn, row, release, cause).await?;
            (appended, Some(caller.audit_with(cause, place(&key), detail)))
        })?;
        self.settle(&appended, revision).await?;
        self.release_detail(caller, api, stage, appended.release.number).await
    }
}

fn no_canary(what: &str) -> Error {
    Error::BadRequest(format!("The stage has no canary to {what}"))
}

/// What a rollback restores: the release that the caller names, or the last
/// one that served something else than the present. If the newest release does
/// not serve (it is pending), going back means the one that does.
async fn rollback_target(
    txn: &mut Txn,
    stage: &StageRow,
    input: &RollbackInput,
) -> Result<Release> {
    if let Some(number) = input.to {
        let row = txn.release_fetch(stage, number).await?;
        let row = row.found(Kind::Release, number.to_string())?;
        if row.state == ReleaseState::Rejected {
            let reason = row.reason.unwrap_or_default();
            return Err(Error::BadRequest(format!("Release {number} was rejected: {reason}")));
        }
        return Ok(row.release);
    }
    let found = match stage.serving {
        Some(serving) if serving != stage.desired.number => {
            txn.release_fetch(stage, serving).await?.map(|row| row.release)
        }
        Some(serving) => former(txn, stage, serving, input.all).await?,
        None => None,
    };
    let message = "Nothing to roll back to: the stage has no release that served anything else";
    found.ok_or_else(|| Error::bad_request(message))
}

/// The last release before `serving` whose return would be noticed. A throttle
/// that was set since, or the repair of a release that was rejected, repeats
/// what it followed: going back to that would undo nothing.
async fn former(
    txn: &mut Txn,
    stage: &StageRow,
    serving: ReleaseNumber,
    all: bool,
) -> Result<Option<Release>> {
    let now = &stage.desired;
    let again = restored(now, now.clone(), all);
    let mut before = serving;
    while let Some(found) = txn.release_former(stage, before).await? {
        before = found.number;
        if restored(now, found.clone(), all) != again {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Whether the rows tell the last word of a release.
fn settled(state: ReleaseState, receipts: &[ReceiptRow]) -> bool {
    match state {
        ReleaseState::Pending => false,
        ReleaseState::Serving => !receipts
            .iter()
            .any(|receipt| matches!(receipt.state, ReceiptState::Waiting | ReceiptState::Prepared)),
        ReleaseState::Former | ReleaseState::Superseded | ReleaseState::Rejected => true,
    }
}

/// What the audit log tells of a rejection.
pub(crate) fn rejection_detail(
    number: ReleaseNumber,
    node: &str,
    reason: &str,
    repair: Option<ReleaseNumber>,
) -> Value {
    json!({ "release": number, "node": node, "reason": reason, "repair": repair })
}
