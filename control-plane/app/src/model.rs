//! Models: named schemas.

use std::collections::BTreeMap;

use gw_model::{ApiId, Model, ModelName, check, name};

use crate::{
    App, Caller, Error, ModelView, NewIds, Page, PageRequest, Result,
    error::Kind,
    input::NewModel,
    page::page,
    rest_api::{fetch, lock, told_as},
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
pub(crate) fn default_models(ids: &mut NewIds) -> BTreeMap<ModelName, Model> {
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

/// Refuses a schema that refers to models that there are not; it may refer to
/// itself.
fn check_references(
    models: &BTreeMap<ModelName, Model>,
    name: &ModelName,
    schema: Option<&str>,
) -> Result<()> {
    let Some(schema) = schema else { return Ok(()) };
    let wanted = check::schema(schema).map_err(Error::BadRequest)?;
    let known = |wanted: &String| wanted == name.as_str() || models.contains_key(wanted.as_str());
    match wanted.iter().find(|wanted| !known(wanted)) {
        Some(unknown) => Err(Error::BadRequest(check::unknown_reference(unknown))),
        None => Ok(()),
    }
}

/// The model, other than itself, whose schema refers to `name`.
fn referrer<'m>(models: &'m BTreeMap<ModelName, Model>, name: &ModelName) -> Option<&'m ModelName> {
    let refers = |model: &Model| {
        let schema = model.schema.as_deref().unwrap_or_default();
        check::model_references(schema).contains(name.as_str())
    };
    models.iter().find(|(other, model)| *other != name && refers(model)).map(|(other, _)| other)
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
            check_references(&models, &new.name, new.schema.as_deref())?;
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
        let unknown = told_as(Kind::Model, name.as_str());
        fetch(&mut txn, &caller.scope, api).await.map_err(unknown)?;
        let model = txn.model_fetch(api, name).await?.found(Kind::Model, name)?;
        Ok(ModelView { name: name.clone(), model })
    }

    /// Every model of an API, for references between them.
    ///
    /// # Errors
    /// When the API is unknown.
    pub async fn model_map(
        &self,
        caller: &Caller,
        api: &ApiId,
    ) -> Result<BTreeMap<ModelName, Model>> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        Ok(txn.models_all(api).await?)
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
            lock(&mut txn, &caller.scope, api)
                .await
                .map_err(told_as(Kind::Model, name.as_str()))?;
            let models = txn.models_all(api).await?;
            let mut model = models.get(name).cloned().found(Kind::Model, name)?;
            let before = model.schema.clone();
            edit(&mut model)?;
            if model.schema != before {
                check_references(&models, name, model.schema.as_deref())?;
            }
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
            lock(&mut txn, &caller.scope, api)
                .await
                .map_err(told_as(Kind::Model, name.as_str()))?;
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
            if let Some(other) = referrer(&txn.models_all(api).await?, name) {
                Err(Error::Conflict(format!(
                    "Cannot delete model '{name}', is referenced in model: {other}"
                )))?;
            }
            txn.api_touch(api).await?;
            ((), Some(caller.audit("DeleteModel", place(api, name))))
        })?;
        Ok(())
    }
}
