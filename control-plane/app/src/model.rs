//! Models: named schemas.

use std::collections::BTreeMap;

use gw_model::{ApiId, Model, ModelName, name};

use crate::{
    App, Caller, Error, ModelView, Page, PageRequest, Result,
    error::Kind,
    import::NewIds,
    input::NewModel,
    page::page,
    rest_api::{fetch, lock},
    transact::{Found as _, transact},
};

const EMPTY: &str = r#"{
  "$schema": "http://json-schema.org/draft-04/schema#",
  "title" : "Empty Schema",
  "type" : "object"
}"#;

const ERROR: &str = r#"{
  "$schema" : "http://json-schema.org/draft-04/schema#",
  "title" : "Error Schema",
  "type" : "object",
  "properties" : {
    "message" : { "type" : "string" }
  }
}"#;

/// The models that every new API has.
pub(crate) fn default_models(ids: &mut NewIds<'_>) -> BTreeMap<ModelName, Model> {
    [("Empty", "empty", EMPTY), ("Error", "error", ERROR)]
        .into_iter()
        .map(|(name, word, schema)| {
            let model = Model {
                id: ids.next(6),
                description: Some(format!("This is a default {word} schema model")),
                content_type: "application/json".to_owned(),
                schema: Some(schema.to_owned()),
            };
            (ModelName::new(name), model)
        })
        .collect()
}

fn place(api: &ApiId, name: &ModelName) -> String {
    format!("restapis/{api}/models/{name}")
}

impl App {
    /// Creates a model.
    ///
    /// # Errors
    /// When the API is unknown, or the name is taken or not alphanumeric.
    pub async fn model_create(
        &self,
        caller: &Caller,
        api: &ApiId,
        new: NewModel,
    ) -> Result<ModelView> {
        if new.name.as_str().is_empty() {
            return Err(Error::bad_request("Model name must be non-empty"));
        }
        if !name::is_model_name(new.name.as_str()) {
            let message = format!("Model name must be alphanumeric: {}", new.name);
            return Err(Error::BadRequest(message));
        }
        let (answer, _) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            let models = txn.models_all(api).await?;
            if models.contains_key(&new.name) {
                let message = "Model name already exists for this REST API".to_owned();
                Err(Error::Conflict(message))?;
            }
            if models.len() >= self.limits().models_per_api {
                Err(Error::LimitExceeded(
                    "Maximum number of models for this API has been reached.".to_owned(),
                ))?;
            }
            let model = Model {
                id: self.new_id(6),
                description: new.description.clone(),
                content_type: new.content_type.clone(),
                schema: new.schema.clone(),
            };
            txn.model_put(api, &new.name, &model).await?;
            txn.api_touch(api).await?;
            let audit = caller.audit("CreateModel", place(api, &new.name));
            (ModelView { name: new.name.clone(), model }, Some(audit))
        })?;
        Ok(answer)
    }

    /// Reads a model.
    ///
    /// # Errors
    /// When API or model are unknown.
    pub async fn model_fetch(
        &self,
        caller: &Caller,
        api: &ApiId,
        name: &ModelName,
    ) -> Result<ModelView> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        let model = txn.models_all(api).await?.remove(name).found(Kind::Model, name)?;
        Ok(ModelView { name: name.clone(), model })
    }

    /// Lists an API's models by name.
    ///
    /// # Errors
    /// When the API is unknown.
    pub async fn model_list(
        &self,
        caller: &Caller,
        api: &ApiId,
        request: &PageRequest,
    ) -> Result<Page<ModelView>> {
        let limit = self.page_limit(request);
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        let after = ModelName::new(request.after());
        let models = txn.models_all(api).await?.into_iter().filter(|(name, _)| *name > after);
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let views = models.take(size).map(|(name, model)| ModelView { name, model }).collect();
        Ok(page(views, limit, |view: &ModelView| view.name.to_string()))
    }

    /// Changes a model. The edit may run more than once.
    ///
    /// # Errors
    /// When API or model are unknown, or the edit refuses.
    pub async fn model_update(
        &self,
        caller: &Caller,
        api: &ApiId,
        name: &ModelName,
        mut edit: impl FnMut(&mut Model) -> Result<()> + Send,
    ) -> Result<ModelView> {
        let (answer, _) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            let mut model = txn.models_all(api).await?.remove(name).found(Kind::Model, name)?;
            edit(&mut model)?;
            txn.model_put(api, name, &model).await?;
            txn.api_touch(api).await?;
            let view = ModelView { name: name.clone(), model };
            (view, Some(caller.audit("UpdateModel", place(api, name))))
        })?;
        Ok(answer)
    }

    /// Deletes a model that no method names.
    ///
    /// # Errors
    /// When API or model are unknown, or a method names it.
    pub async fn model_delete(&self, caller: &Caller, api: &ApiId, name: &ModelName) -> Result<()> {
        transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            if !txn.model_delete(api, name).await? {
                Err(Error::not_found(Kind::Model, name.as_str()))?;
            }
            for (_, path, verb, method) in txn.methods_all(api).await? {
                let refused = |part: &str| {
                    // AWS prints the root's path and the separator: `//ANY`.
                    Error::Conflict(format!(
                        "Cannot delete model '{name}', is referenced in method {part}: {path}/{verb}"
                    ))
                };
                if method.request_models.values().any(|used| used == name.as_str()) {
                    Err(refused("request"))?;
                }
                let mut responses = method.responses.values();
                if responses.any(|r| r.response_models.values().any(|used| used == name.as_str())) {
                    Err(refused("response"))?;
                }
            }
            txn.api_touch(api).await?;
            ((), Some(caller.audit("DeleteModel", place(api, name))))
        })?;
        Ok(())
    }
}
