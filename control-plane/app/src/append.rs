//! How a stage gets its next release: drafted, checked, appended in the
//! caller's transaction, and then settled with the nodes.

use std::collections::BTreeMap;

use gw_model::{
    ApiId, CanaryRelease, DeploymentId, Digest, Release, ReleaseNumber, Revision, StageKey,
    StageSettings, Variables, name,
};
use gw_store::{Commit, NewRelease, StageRow, Txn};

use crate::{
    App, Caller, Error, ReleaseOutcome, ReleaseState, Result, StageDraft, StageView,
    client_certificate, documentation_version::check_shown,
};

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
    let shown = now.and_then(|now| now.settings.documentation_version.as_deref());
    let wanted = draft.settings.documentation_version.as_deref();
    check_shown(txn, api, shown, wanted).await?;
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
        let (has, wanted) = (&stage.desired.settings, &release.settings);
        client_certificate::check_named(txn, &stage.key.scope, Some(has), wanted).await?;
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
        client_certificate::check_named(txn, &key.scope, None, &draft.settings).await?;
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
}
