//! What an export of a stage is made of.

use gw_model::{ApiId, Documentation, RestApi, StageKey, StageName};
use time::OffsetDateTime;

use crate::{
    App, Caller, DocumentationVersionView, Error, Result, diff::content, rest_api::fetch,
    stage::stage_in,
};

/// A stage as an export shows it.
#[derive(Debug, Clone)]
pub struct StageExport {
    /// The declared form of the stage's deployment.
    pub api: RestApi,
    /// When the API was made.
    pub created_at: OffsetDateTime,
    /// The documentation that the stage shows.
    pub documentation: Option<(DocumentationVersionView, Documentation)>,
}

impl App {
    /// Reads what a stage's desired release names, at one point in time.
    ///
    /// # Errors
    /// When API or stage are unknown.
    pub async fn stage_export(
        &self,
        caller: &Caller,
        api: &ApiId,
        stage: &StageName,
    ) -> Result<StageExport> {
        let mut txn = self.store().read().await?;
        let row = fetch(&mut txn, &caller.scope, api).await?;
        let key = StageKey { scope: caller.scope.clone(), api: api.clone(), stage: stage.clone() };
        let desired = stage_in(&mut txn, &key).await?.desired;
        let declared = content(&mut txn, desired.deployment).await?;
        let documentation = match desired.settings.documentation_version {
            None => None,
            Some(name) => {
                let name = name.as_str().into();
                let version = txn.documentation_version_fetch(api, &name).await?;
                let parts = txn.documentation_version_parts(api, &name).await?;
                let missing = || Error::internal("a stage shows documentation that is not there");
                Some(version.zip(parts).ok_or_else(missing)?)
            }
        };
        Ok(StageExport { api: declared, created_at: row.created_at, documentation })
    }
}
