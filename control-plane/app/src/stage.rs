//! Stages: each change appends a release, and its caller waits for the nodes.

use gw_model::{ApiId, DeploymentId, StageKey, StageName};
use gw_store::{StageRow, Txn};
use serde_json::json;

use crate::{
    App, Caller, Error, Result, StageDraft, StageView,
    domain::mapping::check_stage_unmapped,
    error::Kind,
    input::NewStage,
    rest_api::{fetch, lock},
    tags,
    transact::{Found as _, transact},
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

impl App {
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
        tags::check(&new.tags)?;
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
            self.plans_lock_of(&mut txn, &key.scope, api, Some(stage)).await?;
            let row = lock_stage(&mut txn, &key).await?;
            check_stage_unmapped(&mut txn, api, stage).await?;
            self.plans_without(&mut txn, &key.scope, api, Some(stage)).await?;
            txn.stage_delete(&row).await?;
            ((), Some(caller.audit("DeleteStage", place(&key))))
        })?;
        self.facts_settled(revision).await;
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
