//! What differs between deployments, stages and the working copy.

use std::collections::{BTreeMap, btree_map::Entry};

use gw_model::{Api, ApiId, Digest, RestApi, StageKey, StageName, encode};
use gw_openapi::DiffEntry;
use gw_store::Txn;

use crate::{
    App, Caller, DiffRef, Error, Result, error::Kind, rest_api::fetch, stage::stage_in,
    transact::Found as _,
};

/// The declared form of stored content.
pub(crate) async fn content(txn: &mut Txn, digest: Digest) -> Result<RestApi> {
    let bytes = txn.content_fetch(digest).await?;
    let bytes = bytes.ok_or_else(|| Error::internal("a deployment's content is missing"))?;
    let Api::Rest(api) = encode::decode(&bytes).map_err(Error::internal)?;
    Ok(api)
}

impl App {
    /// The declared form that a reference names.
    ///
    /// # Errors
    /// When the API or what is referred to is unknown.
    pub async fn declared_form(
        &self,
        caller: &Caller,
        api: &ApiId,
        reference: &DiffRef,
    ) -> Result<RestApi> {
        let mut txn = self.store().read().await?;
        declared_form(&mut txn, caller, api, reference).await
    }

    /// What differs between two declared forms of an API.
    ///
    /// # Errors
    /// When the API or what is referred to is unknown.
    pub async fn diff(
        &self,
        caller: &Caller,
        api: &ApiId,
        from: &DiffRef,
        to: &DiffRef,
    ) -> Result<Vec<DiffEntry>> {
        let mut txn = self.store().read().await?;
        let from = declared_form(&mut txn, caller, api, from).await?;
        let to = declared_form(&mut txn, caller, api, to).await?;
        Ok(gw_openapi::diff(&from, &to))
    }

    /// "You changed it and did not deploy": how the working copy differs from
    /// what each stage's desired release names.
    ///
    /// # Errors
    /// When the API is unknown.
    pub async fn undeployed(
        &self,
        caller: &Caller,
        api: &ApiId,
    ) -> Result<BTreeMap<StageName, Vec<DiffEntry>>> {
        let mut txn = self.store().read().await?;
        let working = declared_form(&mut txn, caller, api, &DiffRef::Working).await?;
        let mut stages = BTreeMap::new();
        let mut seen = BTreeMap::<Digest, Vec<DiffEntry>>::new();
        for stage in txn.stage_list(&caller.scope, api).await? {
            let digest = stage.desired.deployment;
            let entries = match seen.entry(digest) {
                Entry::Occupied(seen) => seen.into_mut(),
                Entry::Vacant(new) => {
                    let deployed = content(&mut txn, digest).await?;
                    new.insert(gw_openapi::diff(&deployed, &working))
                }
            };
            stages.insert(stage.key.stage, entries.clone());
        }
        Ok(stages)
    }
}

async fn declared_form(
    txn: &mut Txn,
    caller: &Caller,
    api: &ApiId,
    reference: &DiffRef,
) -> Result<RestApi> {
    let row = fetch(txn, &caller.scope, api).await?;
    let key = |stage: &StageName| StageKey {
        scope: caller.scope.clone(),
        api: api.clone(),
        stage: stage.clone(),
    };
    let digest = match reference {
        DiffRef::Working => return Ok(txn.working_copy_load(&row).await?),
        DiffRef::Deployment(id) => {
            txn.deployment_fetch(api, id).await?.found(Kind::Deployment, id)?.digest
        }
        DiffRef::Stage(stage) => stage_in(txn, &key(stage)).await?.desired.deployment,
        DiffRef::Canary(stage) => {
            let canary = stage_in(txn, &key(stage)).await?.desired.canary;
            let message = || Error::BadRequest(format!("Stage {stage} has no canary"));
            canary.ok_or_else(message)?.deployment
        }
    };
    content(txn, digest).await
}
