//! Stages: each change appends a release, and its caller waits for the nodes.

use std::collections::BTreeMap;

use gw_model::{
    ApiId, CanaryRelease, DeploymentId, Digest, Release, ReleaseNumber, Revision, StageKey,
    StageName, StageSettings, Variables, name,
};
use gw_store::{Commit, NewRelease, StageRow, Txn};
use serde_json::json;

use crate::{
    App, Caller, Error, ReleaseOutcome, ReleaseState, Result, StageDraft, StageView,
    error::Kind,
    rest_api::{fetch, lock},
    transact::{Found as _, transact},
    types::NewStage,
};

pub(crate) fn place(key: &StageKey) -> String {
    format!("restapis/{}/stages/{}", key.api, key.stage)
}

pub(crate) fn stage_view(row: &StageRow) -> StageView {
    StageView {
        key: row.key.clone(),
        desired: row.desired.clone(),
        desired_state: row.desired_state,
        serving: row.serving,
        tags: row.tags.clone(),
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

/// Locks a stage, telling apart what is missing.
pub(crate) async fn lock_stage(txn: &mut Txn, key: &StageKey) -> Result<StageRow> {
    match txn.stage_lock(key).await? {
        Some(stage) => Ok(stage),
        None => {
            fetch(txn, &key.scope, &key.api).await?;
            Err(Error::not_found(Kind::Stage, key.stage.as_str()))
        }
    }
}

/// A release just appended, for what follows its commit to the database.
pub(crate) struct Appended {
    /// The stage as it is after the append.
    pub(crate) stage: StageRow,
    /// The release.
    pub(crate) release: Release,
    /// Whether it serves already.
    pub(crate) committed: bool,
}

impl StageDraft {
    /// A new stage with AWS's defaults.
    pub fn new(deployment_id: DeploymentId) -> Self {
        Self {
            deployment_id,
            variables: Variables::new(),
            canary: None,
            settings: StageSettings::default(),
        }
    }

    /// What must hold of every release, whoever wrote it.
    fn check(&self) -> Result<()> {
        let canary = self.canary.iter();
        let overrides = canary.clone().flat_map(|canary| &canary.stage_variable_overrides);
        for (name, value) in self.variables.iter().chain(overrides) {
            if !name::is_variable_name(name) {
                return Err(Error::BadRequest(format!("Invalid stage variable name: {name}")));
            }
            if !name::is_variable_value(value) {
                return Err(Error::BadRequest(format!(
                    "Invalid stage variable value: {value}. Please use values with alphanumeric \
                     characters and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
                )));
            }
        }
        for canary in canary {
            if !(0.0..=100.0).contains(&canary.percent_traffic) {
                return Err(Error::bad_request(
                    "Canary percentTraffic must be between 0.0 and 100.0",
                ));
            }
        }
        let rates = self.settings.method_settings.values().map(|s| s.throttling_rate_limit);
        if rates.into_iter().any(|rate| !rate.is_finite()) {
            return Err(Error::bad_request("Throttling rate limit must be a finite number"));
        }
        Ok(())
    }
}

/// The content of a deployment that a release may name: what the stage names
/// already (a deleted deployment may stay), or one that was not deleted.
async fn digest_of(
    txn: &mut Txn,
    api: &ApiId,
    now: Option<&Release>,
    id: &DeploymentId,
) -> Result<Digest> {
    if let Some(now) = now {
        if now.deployment_id == *id {
            return Ok(now.deployment);
        }
        if let Some(canary) = now.canary.as_ref().filter(|canary| canary.deployment_id == *id) {
            return Ok(canary.deployment);
        }
    }
    let digest = txn.deployment_share(api, id).await?;
    digest.ok_or_else(|| Error::bad_request("Deployment id does not exist"))
}

async fn release_of(
    txn: &mut Txn,
    api: &ApiId,
    now: Option<&Release>,
    number: ReleaseNumber,
    draft: &StageDraft,
) -> Result<Release> {
    draft.check()?;
    let deployment = digest_of(txn, api, now, &draft.deployment_id).await?;
    let canary = match &draft.canary {
        Some(canary) => Some(CanaryRelease {
            percent_traffic: canary.percent_traffic,
            deployment: digest_of(txn, api, now, &canary.deployment_id).await?,
            deployment_id: canary.deployment_id.clone(),
            stage_variable_overrides: canary.stage_variable_overrides.clone(),
            use_stage_cache: canary.use_stage_cache,
        }),
        None => None,
    };
    Ok(Release {
        number,
        deployment_id: draft.deployment_id.clone(),
        deployment,
        variables: draft.variables.clone(),
        canary,
        settings: draft.settings.clone(),
    })
}

impl App {
    /// The release that a draft asks for, after the stage's newest one.
    pub(crate) async fn next_release(
        &self,
        txn: &mut Txn,
        stage: &StageRow,
        draft: &StageDraft,
    ) -> Result<Release> {
        let (now, api) = (&stage.desired, &stage.key.api);
        release_of(txn, api, Some(now), ReleaseNumber(now.number.0 + 1), draft).await
    }

    /// Appends a release; where every voter holds it prepared it is committed
    /// with it, which is what makes a rollback instant.
    pub(crate) async fn append(
        &self,
        txn: &mut Txn,
        actor: &str,
        mut stage: StageRow,
        release: Release,
        cause: &str,
    ) -> Result<Appended> {
        let at = self.now();
        txn.release_append(&stage, NewRelease { release: &release, cause, actor, at }).await?;
        let mut committed = false;
        if self.fleet().holds_prepared(&stage.key, &release) {
            let done = txn.release_commit(&stage.key, release.number).await?;
            committed = matches!(done, Commit::Done { .. });
        }
        stage.desired = release.clone();
        stage.desired_state = ReleaseState::Pending;
        stage.updated_at = at;
        if committed {
            stage.desired_state = ReleaseState::Serving;
            stage.serving = Some(release.number);
        }
        Ok(Appended { stage, release, committed })
    }

    /// Inserts a stage with its first release.
    pub(crate) async fn first_release(
        &self,
        txn: &mut Txn,
        caller: &Caller,
        key: &StageKey,
        draft: &StageDraft,
        tags: &BTreeMap<String, String>,
        cause: &str,
    ) -> Result<Appended> {
        if !name::is_stage_name(key.stage.as_str()) {
            return Err(Error::bad_request(
                "Stage name only allows a-zA-Z0-9_- and at most 128 characters",
            ));
        }
        if txn.stage_list(&key.scope, &key.api).await?.len() >= self.limits().stages_per_api {
            return Err(Error::LimitExceeded(
                "Maximum number of stages for this API has been reached.".to_owned(),
            ));
        }
        let number = txn.stage_first_number(key).await?;
        let release = release_of(txn, &key.api, None, number, draft).await?;
        let stage = txn.stage_insert(key, &release, tags, self.now()).await?;
        self.append(txn, &caller.arn, stage, release, cause).await
    }

    /// Tells the nodes of a release and waits for them, within bounds.
    pub(crate) async fn settle(
        &self,
        appended: &Appended,
        revision: Option<Revision>,
    ) -> Result<ReleaseOutcome> {
        let (key, release) = (&appended.stage.key, &appended.release);
        self.fleet().release_appended(key, release, revision.filter(|_| appended.committed));
        let wait = self.release_wait();
        let outcome = self.fleet().await_release(key, release.number, wait).await;
        if let ReleaseOutcome::Rejected { node, reason } = outcome {
            return Err(Error::Rejected {
                release: release.number,
                node: node.into_string(),
                reason,
            });
        }
        Ok(outcome)
    }

    /// The same, with the outcome in the view that the caller gets.
    pub(crate) async fn settle_into(
        &self,
        view: &mut StageView,
        appended: &Appended,
        revision: Option<Revision>,
    ) -> Result<()> {
        if self.settle(appended, revision).await? == ReleaseOutcome::Serving {
            view.desired_state = ReleaseState::Serving;
            view.serving = Some(appended.release.number);
        }
        Ok(())
    }

    /// Creates a stage that points at a deployment.
    ///
    /// # Errors
    /// When API or deployment are unknown, the name is taken, or a node
    /// rejects the release.
    pub async fn stage_create(
        &self,
        caller: &Caller,
        api: &ApiId,
        new: &NewStage,
    ) -> Result<StageView> {
        let key =
            StageKey { scope: caller.scope.clone(), api: api.clone(), stage: new.name.clone() };
        let (appended, revision) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            if txn.stage_fetch(&key).await?.is_some() {
                Err(Error::Conflict("Stage already exists".to_owned()))?;
            }
            let (draft, tags) = (&new.draft, &new.tags);
            let cause = "CreateStage";
            let appended = self.first_release(&mut txn, caller, &key, draft, tags, cause).await?;
            (appended, Some(caller.audit("CreateStage", place(&key))))
        })?;
        let mut view = stage_view(&appended.stage);
        self.settle_into(&mut view, &appended, revision).await?;
        Ok(view)
    }

    /// Reads a stage with its desired release.
    ///
    /// # Errors
    /// When API or stage are unknown.
    pub async fn stage_fetch(
        &self,
        caller: &Caller,
        api: &ApiId,
        stage: &StageName,
    ) -> Result<StageView> {
        let key = StageKey { scope: caller.scope.clone(), api: api.clone(), stage: stage.clone() };
        let mut txn = self.store().read().await?;
        Ok(stage_view(&stage_in(&mut txn, &key).await?))
    }

    /// Lists an API's stages by name; only those that name a deployment, if
    /// one is given.
    ///
    /// # Errors
    /// When the API is unknown.
    pub async fn stage_list(
        &self,
        caller: &Caller,
        api: &ApiId,
        deployment: Option<&DeploymentId>,
    ) -> Result<Vec<StageView>> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        let rows = txn.stage_list(&caller.scope, api).await?;
        let named = |row: &&StageRow| {
            deployment.is_none_or(|id| {
                let canary = row.desired.canary.as_ref();
                row.desired.deployment_id == *id
                    || canary.is_some_and(|canary| canary.deployment_id == *id)
            })
        };
        Ok(rows.iter().filter(named).map(stage_view).collect())
    }

    /// Changes a stage: one release, however much the edit changes, and none
    /// if it changes nothing. The edit may run more than once.
    ///
    /// # Errors
    /// When API, stage or a deployment are unknown, the edit refuses, or a
    /// node rejects the release.
    pub async fn stage_update(
        &self,
        caller: &Caller,
        api: &ApiId,
        stage: &StageName,
        mut edit: impl FnMut(&mut StageDraft) -> Result<()> + Send,
    ) -> Result<StageView> {
        let key = StageKey { scope: caller.scope.clone(), api: api.clone(), stage: stage.clone() };
        let ((mut view, appended), revision) = transact!(self, |txn| {
            let row = lock_stage(&mut txn, &key).await?;
            let before = StageDraft::of(&row.desired);
            let mut draft = before.clone();
            edit(&mut draft)?;
            if draft == before {
                let audit = caller.audit("UpdateStage", place(&key));
                ((stage_view(&row), None), Some(audit))
            } else {
                let release = self.next_release(&mut txn, &row, &draft).await?;
                let detail = json!({ "release": release.number });
                let cause = "UpdateStage";
                let appended = self.append(&mut txn, &caller.arn, row, release, cause).await?;
                let audit = caller.audit_with("UpdateStage", place(&key), detail);
                ((stage_view(&appended.stage), Some(appended)), Some(audit))
            }
        })?;
        if let Some(appended) = appended {
            self.settle_into(&mut view, &appended, revision).await?;
        }
        Ok(view)
    }

    /// Replaces a stage's tags by what the edit makes of them.
    ///
    /// # Errors
    /// When API or stage are unknown, or the edit refuses.
    pub async fn stage_tags_update(
        &self,
        caller: &Caller,
        api: &ApiId,
        stage: &StageName,
        mut edit: impl FnMut(&mut BTreeMap<String, String>) -> Result<()> + Send,
    ) -> Result<()> {
        let key = StageKey { scope: caller.scope.clone(), api: api.clone(), stage: stage.clone() };
        transact!(self, |txn| {
            let row = lock_stage(&mut txn, &key).await?;
            let mut tags = row.tags.clone();
            edit(&mut tags)?;
            txn.stage_tags_set(&row, &tags).await?;
            ((), Some(caller.audit("TagResource", place(&key))))
        })?;
        Ok(())
    }

    /// Deletes a stage with its history; it ends on every node.
    ///
    /// # Errors
    /// When API or stage are unknown.
    pub async fn stage_delete(
        &self,
        caller: &Caller,
        api: &ApiId,
        stage: &StageName,
    ) -> Result<()> {
        let key = StageKey { scope: caller.scope.clone(), api: api.clone(), stage: stage.clone() };
        let ((), revision) = transact!(self, |txn| {
            let row = lock_stage(&mut txn, &key).await?;
            txn.stage_delete(&row).await?;
            ((), Some(caller.audit("DeleteStage", place(&key))))
        })?;
        if let Some(revision) = revision {
            self.fleet().world_changed(revision);
        }
        Ok(())
    }
}

/// Reads a stage, telling apart what is missing.
pub(crate) async fn stage_in(txn: &mut Txn, key: &StageKey) -> Result<StageRow> {
    match txn.stage_fetch(key).await? {
        Some(stage) => Ok(stage),
        None => {
            fetch(txn, &key.scope, &key.api).await?;
            None.found(Kind::Stage, &key.stage)
        }
    }
}
