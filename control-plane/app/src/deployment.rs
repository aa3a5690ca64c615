//! Deployments: immutable copies of the working copy.

use gw_model::{Api, ApiId, DeploymentId, RestApi, StageKey, encode};
use gw_snapshot::FaultKind;
use gw_store::{DeploymentRow, StageRow, Txn};
use serde_json::json;

use crate::{
    App, Caller, CanaryDraft, DeploymentCreated, DeploymentInput, DeploymentReceiptsView,
    DeploymentView, Error, Page, PageRequest, Result, StageDraft,
    append::Appended,
    error::Kind,
    page::page,
    rest_api::{fetch, lock},
    stage::stage_view,
    transact::{Found as _, transact},
    vpc_link,
};

fn place(api: &ApiId, id: &DeploymentId) -> String {
    format!("restapis/{api}/deployments/{id}")
}

pub(crate) fn view(api: &ApiId, row: DeploymentRow) -> DeploymentView {
    DeploymentView {
        api_id: api.clone(),
        id: row.id,
        description: row.description,
        created_at: row.created_at,
        digest: row.digest,
        size_bytes: row.size_bytes as u64,
        warnings: row.warnings,
    }
}

/// Content that may be deployed.
struct Checked {
    content: encode::Encoded,
    warnings: Vec<String>,
}

/// Compiles as the proxies will. Fatal faults refuse; poisoned ones are
/// warnings, unless the caller is strict.
fn check(api: RestApi, limits: &gw_snapshot::Limits, strict: bool) -> Result<Checked> {
    let api = Api::Rest(api);
    // Who is strict reads them one by one; AWS knows one line only.
    let between = if strict { "\n" } else { "; " };
    let refuse = |faults: Vec<String>| Err(Error::BadRequest(faults.join(between)));
    let compiled = match gw_snapshot::compile(&api, limits) {
        Ok(compiled) => compiled,
        Err(faults) => {
            let told = |fault: &&gw_snapshot::Fault| strict || fault.kind == FaultKind::Fatal;
            return refuse(faults.iter().filter(told).map(ToString::to_string).collect());
        }
    };
    let warnings: Vec<String> = compiled.warnings().iter().map(ToString::to_string).collect();
    if strict && !warnings.is_empty() {
        return refuse(warnings);
    }
    Ok(Checked { content: encode::encode(&api), warnings })
}

/// Whether the named stage can take this kind of deployment, in AWS's words.
fn check_stage(input: &DeploymentInput, stage: Option<&StageRow>) -> Result<()> {
    let refuse = |text: String| {
        Err(Error::BadRequest(format!("Invalid deployment content specified.{text}")))
    };
    match (&input.stage_name, stage, &input.canary) {
        (None, _, Some(_)) => refuse(
            "Non null and non empty stageName must be provided for canary deployment. Provided \
             value is null"
                .to_owned(),
        ),
        (Some(name), None, Some(_)) => refuse(format!(
            "Stage {name} must already be created before making a canary release deployment"
        )),
        (Some(name), Some(stage), None) if stage.desired.canary.is_some() => refuse(format!(
            "Non canary deployment not supported on stage {name} because Canary is enabled. \
             Provide CanarySettings in deploymentInput."
        )),
        _ => Ok(()),
    }
}

/// What the stage should be after the call.
fn draft(input: &DeploymentInput, id: &DeploymentId, stage: Option<&StageRow>) -> StageDraft {
    let mut draft = match stage {
        Some(stage) => StageDraft::of(&stage.desired),
        None => {
            let mut draft = StageDraft::new(id.clone());
            draft.settings.description.clone_from(&input.stage_description);
            draft
        }
    };
    draft.variables.extend(input.variables.clone());
    match &input.canary {
        Some(canary) => {
            draft.canary = Some(CanaryDraft {
                percent_traffic: canary.percent_traffic,
                deployment_id: id.clone(),
                stage_variable_overrides: canary.stage_variable_overrides.clone(),
                use_stage_cache: canary.use_stage_cache,
            });
        }
        None => draft.deployment_id = id.clone(),
    }
    let settings = &mut draft.settings;
    settings.cache_cluster_enabled =
        input.cache_cluster_enabled.unwrap_or(settings.cache_cluster_enabled);
    settings.tracing_enabled = input.tracing_enabled.unwrap_or(settings.tracing_enabled);
    if input.cache_cluster_size.is_some() {
        settings.cache_cluster_size.clone_from(&input.cache_cluster_size);
    }
    draft
}

impl App {
    /// Freezes the working copy as a deployment; with a stage name it also
    /// creates that stage, repoints it, or sets its canary, and waits for the
    /// nodes as every release does.
    ///
    /// # Errors
    /// When the working copy has a fatal fault (or any, if strict), the stage
    /// cannot take it, or a node rejects the release.
    pub async fn deployment_create(
        &self,
        caller: &Caller,
        api: &ApiId,
        input: &DeploymentInput,
    ) -> Result<DeploymentCreated> {
        let ((mut created, appended), revision) = transact!(self, |txn| {
            let row = lock(&mut txn, &caller.scope, api).await?;
            let key = input.stage_name.clone().map(|stage| StageKey {
                scope: caller.scope.clone(),
                api: api.clone(),
                stage,
            });
            let stage = match &key {
                Some(key) => txn.stage_lock(key).await?,
                None => None,
            };
            check_stage(input, stage.as_ref())?;
            let copy = txn.working_copy_load(&row).await?;
            let links = vpc_link::links_of(&copy);
            let (limits, strict) = (self.limits().compile.clone(), input.strict);
            let checked = tokio::task::spawn_blocking(move || check(copy, &limits, strict))
                .await
                .map_err(Error::internal)??;
            txn.content_put(&checked.content).await?;
            txn.deployment_links_put(checked.content.digest, &links).await?;
            let deployment = self.deployment_insert(&mut txn, api, input, checked).await?;
            let appended = match &key {
                Some(key) => {
                    let draft = draft(input, &deployment.id, stage.as_ref());
                    let cause = "CreateDeployment";
                    Some(match stage {
                        Some(stage) => {
                            let release = self.next_release(&mut txn, &stage, &draft).await?;
                            self.append(&mut txn, &caller.arn, stage, release, cause).await?
                        }
                        None => {
                            let tags = Default::default();
                            self.first_release(&mut txn, caller, key, &draft, &tags, cause).await?
                        }
                    })
                }
                None => None,
            };
            let detail = json!({
                "digest": deployment.digest.to_string(),
                "stage": input.stage_name,
                "release": appended.as_ref().map(|appended| appended.release.number),
            });
            let place = place(api, &deployment.id);
            let audit = caller.audit_with("CreateDeployment", place, detail);
            let stage = appended.as_ref().map(Appended::view);
            ((DeploymentCreated { deployment, stage }, appended), Some(audit))
        })?;
        if let (Some(appended), Some(stage)) = (appended, &mut created.stage) {
            self.settle_into(stage, &appended, revision).await?;
        }
        Ok(created)
    }

    async fn deployment_insert(
        &self,
        txn: &mut Txn,
        api: &ApiId,
        input: &DeploymentInput,
        checked: Checked,
    ) -> Result<DeploymentView> {
        let mut id = DeploymentId::new(self.new_id(6));
        while txn.deployment_fetch(api, &id).await?.is_some() {
            id = DeploymentId::new(self.new_id(6));
        }
        let (digest, description) = (checked.content.digest, input.description.as_deref());
        let created_at =
            txn.deployment_insert(api, &id, description, digest, &checked.warnings).await?;
        Ok(DeploymentView {
            api_id: api.clone(),
            id,
            description: input.description.clone(),
            created_at,
            digest,
            size_bytes: checked.content.bytes.len() as u64,
            warnings: checked.warnings,
        })
    }

    /// Reads a deployment.
    ///
    /// # Errors
    /// When API or deployment are unknown, or it was deleted.
    pub async fn deployment_fetch(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &DeploymentId,
    ) -> Result<DeploymentView> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        let row = txn.deployment_fetch(api, id).await?.filter(|row| !row.hidden);
        Ok(view(api, row.found(Kind::Deployment, id)?))
    }

    /// Lists an API's deployments by id.
    ///
    /// # Errors
    /// When the API is unknown.
    pub async fn deployment_list(
        &self,
        caller: &Caller,
        api: &ApiId,
        request: &PageRequest,
    ) -> Result<Page<DeploymentView>> {
        let limit = self.page_limit(request);
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        let rows = txn.deployment_list(api, request.after(), limit).await?;
        let views = rows.into_iter().map(|row| view(api, row)).collect();
        Ok(page(views, limit, |view: &DeploymentView| view.id.to_string()))
    }

    /// Changes a deployment's description, all that can change of it.
    ///
    /// # Errors
    /// When API or deployment are unknown, or it was deleted.
    pub async fn deployment_update(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &DeploymentId,
        mut edit: impl FnMut(&mut Option<String>) -> Result<()> + Send,
    ) -> Result<DeploymentView> {
        let (answer, _) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            let row = txn.deployment_fetch(api, id).await?.filter(|row| !row.hidden);
            let mut row = row.found(Kind::Deployment, id)?;
            edit(&mut row.description)?;
            txn.deployment_describe(api, id, row.description.as_deref()).await?;
            (view(api, row), Some(caller.audit("UpdateDeployment", place(api, id))))
        })?;
        Ok(answer)
    }

    /// Deletes a deployment that no stage points at. Its content stays while
    /// a stage's history names it.
    ///
    /// # Errors
    /// When API or deployment are unknown, or a stage uses it.
    pub async fn deployment_delete(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &DeploymentId,
    ) -> Result<()> {
        transact!(self, |txn| {
            fetch(&mut txn, &caller.scope, api).await?;
            // Hidden first: that waits for stages that are about to name it.
            if !txn.deployment_hide(api, id).await? {
                Err(Error::not_found(Kind::Deployment, id.as_str()))?;
            }
            if txn.deployment_in_use(api, id).await? {
                Err(Error::bad_request(
                    "Active stages pointing to this deployment must be moved or deleted",
                ))?;
            }
            ((), Some(caller.audit("DeleteDeployment", place(api, id))))
        })?;
        Ok(())
    }

    /// What nodes said of a deployment, over the newest releases that name it.
    ///
    /// # Errors
    /// When API or deployment are unknown.
    pub async fn deployment_receipts(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &DeploymentId,
    ) -> Result<DeploymentReceiptsView> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        let row = txn.deployment_fetch(api, id).await?.found(Kind::Deployment, id)?;
        let mut releases = Vec::new();
        for (stage, number) in txn.releases_naming(api, id, 50).await? {
            let key = StageKey { scope: caller.scope.clone(), api: api.clone(), stage };
            releases.push(self.release_detail_in(&mut txn, &key, number).await?);
        }
        Ok(DeploymentReceiptsView { deployment: view(api, row), releases })
    }
}

impl Appended {
    fn view(&self) -> crate::StageView {
        stage_view(&self.stage)
    }
}
