//! Named snapshots of documentation, which stages can show.

use gw_model::{ApiId, Documentation, DocumentationVersionName, StageKey, StageName};
use gw_store::{DocumentationVersionRow, Txn};
use serde_json::json;

use crate::{
    App, Caller, Error, Page, PageRequest, Result, StageDraft,
    error::Kind,
    page::page,
    rest_api::{fetch, lock},
    stage::lock_stage,
    transact::{Found as _, transact},
};

pub use gw_store::DocumentationVersionRow as DocumentationVersionView;

/// A snapshot to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDocumentationVersion {
    /// Its name, unique within the API.
    pub name: DocumentationVersionName,
    /// Free text.
    pub description: Option<String>,
    /// A stage that is to show it.
    pub stage: Option<StageName>,
}

fn place(api: &ApiId, name: &DocumentationVersionName) -> String {
    format!("restapis/{api}/documentation/versions/{name}")
}

/// Refuses a stage that shows a snapshot which is not there, and keeps that
/// snapshot from being deleted until the transaction ends.
pub(crate) async fn check_shown(
    txn: &mut Txn,
    api: &ApiId,
    now: Option<&str>,
    wanted: Option<&str>,
) -> Result<()> {
    let Some(name) = wanted.filter(|name| now != Some(name)) else { return Ok(()) };
    if txn.documentation_version_share(api, &name.into()).await? {
        Ok(())
    } else {
        Err(Error::bad_request("Invalid documentation version specified"))
    }
}

impl App {
    /// Takes a snapshot of an API's documentation; with a stage, that stage
    /// shows it from now on, which is a release of the stage.
    ///
    /// # Errors
    /// When API or stage are unknown, or the name is empty or taken.
    pub async fn documentation_version_create(
        &self,
        caller: &Caller,
        api: &ApiId,
        new: &NewDocumentationVersion,
    ) -> Result<DocumentationVersionView> {
        if new.name.as_str().trim().is_empty() {
            return Err(Error::bad_request("Documentation version must be non-empty"));
        }
        let ((view, appended), revision) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            if txn.documentation_version_fetch(api, &new.name).await?.is_some() {
                let message = format!("Documentation version already exists: {}", new.name);
                Err(Error::Conflict(message))?;
            }
            let parts = txn.documentation_parts_all(api).await?;
            let row = DocumentationVersionRow {
                name: new.name.clone(),
                description: new.description.clone(),
                created_at: self.now(),
            };
            txn.documentation_version_insert(api, &row, &parts).await?;
            let appended = match &new.stage {
                None => None,
                Some(stage) => {
                    let stage = stage.clone();
                    let key = StageKey { scope: caller.scope.clone(), api: api.clone(), stage };
                    let row = lock_stage(&mut txn, &key).await?;
                    let mut draft = StageDraft::of(&row.desired);
                    draft.settings.documentation_version = Some(new.name.to_string());
                    let release = self.next_release(&mut txn, &row, &draft).await?;
                    let cause = "CreateDocumentationVersion";
                    Some(self.append(&mut txn, &caller.arn, row, release, cause).await?)
                }
            };
            let detail = json!({ "stage": new.stage, "parts": parts.len() });
            let place = place(api, &new.name);
            let audit = caller.audit_with("CreateDocumentationVersion", place, detail);
            ((row, appended), Some(audit))
        })?;
        if let Some(appended) = appended {
            self.settle(&appended, revision).await?;
        }
        Ok(view)
    }

    /// Reads a snapshot without its parts.
    ///
    /// # Errors
    /// When API or snapshot are unknown.
    pub async fn documentation_version_fetch(
        &self,
        caller: &Caller,
        api: &ApiId,
        name: &DocumentationVersionName,
    ) -> Result<DocumentationVersionView> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        txn.documentation_version_fetch(api, name).await?.found(Kind::DocumentationVersion, name)
    }

    /// The parts of a snapshot.
    ///
    /// # Errors
    /// When API or snapshot are unknown.
    pub async fn documentation_version_parts(
        &self,
        caller: &Caller,
        api: &ApiId,
        name: &DocumentationVersionName,
    ) -> Result<Documentation> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        txn.documentation_version_parts(api, name).await?.found(Kind::DocumentationVersion, name)
    }

    /// Lists an API's snapshots by name.
    ///
    /// # Errors
    /// When the API is unknown.
    pub async fn documentation_version_list(
        &self,
        caller: &Caller,
        api: &ApiId,
        request: &PageRequest,
    ) -> Result<Page<DocumentationVersionView>> {
        let limit = self.page_limit(request);
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        let rows = txn.documentation_version_list(api, request.after(), limit).await?;
        Ok(page(rows, limit, |row: &DocumentationVersionView| row.name.to_string()))
    }

    /// Changes a snapshot's description, all that can change of it.
    ///
    /// # Errors
    /// When API or snapshot are unknown, or the edit refuses.
    pub async fn documentation_version_update(
        &self,
        caller: &Caller,
        api: &ApiId,
        name: &DocumentationVersionName,
        mut edit: impl FnMut(&mut Option<String>) -> Result<()> + Send,
    ) -> Result<DocumentationVersionView> {
        let (answer, _) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            let row = txn.documentation_version_fetch(api, name).await?;
            let mut row = row.found(Kind::DocumentationVersion, name)?;
            edit(&mut row.description)?;
            let description = row.description.as_deref();
            txn.documentation_version_describe(api, name, description).await?;
            (row, Some(caller.audit("UpdateDocumentationVersion", place(api, name))))
        })?;
        Ok(answer)
    }

    /// Deletes a snapshot that no stage shows.
    ///
    /// # Errors
    /// When API or snapshot are unknown, or a stage shows it.
    pub async fn documentation_version_delete(
        &self,
        caller: &Caller,
        api: &ApiId,
        name: &DocumentationVersionName,
    ) -> Result<()> {
        transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            // Deleted first: that waits for stages that are about to show it.
            if !txn.documentation_version_delete(api, name).await? {
                Err(Error::not_found(Kind::DocumentationVersion, name.as_str()))?;
            }
            let stages = txn.stage_list(&caller.scope, api).await?;
            let shows = |stage: &&gw_store::StageRow| {
                stage.desired.settings.documentation_version.as_deref() == Some(name.as_str())
            };
            if let Some(stage) = stages.iter().find(shows) {
                Err(Error::Conflict(format!(
                    "Cannot delete documentation version '{name}', is associated with stage: {}",
                    stage.key.stage
                )))?;
            }
            ((), Some(caller.audit("DeleteDocumentationVersion", place(api, name))))
        })?;
        Ok(())
    }
}
