//! Request validators.

use std::collections::BTreeMap;

use gw_model::{ApiId, RequestValidator, ValidatorId};

use crate::{
    App, Caller, Error, Result,
    error::Kind,
    rest_api::{fetch, lock, told_as},
    transact::{Found as _, transact},
};

fn place(api: &ApiId, id: &ValidatorId) -> String {
    format!("restapis/{api}/requestvalidators/{id}")
}

impl App {
    /// Creates a request validator.
    ///
    /// # Errors
    /// When the API is unknown, or a limit is reached.
    pub async fn request_validator_create(
        &self,
        caller: &Caller,
        api: &ApiId,
        validator: &RequestValidator,
    ) -> Result<(ValidatorId, RequestValidator)> {
        let (answer, _) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await.map_err(|error| match error {
                // AWS's words for this call alone.
                Error::NotFound { .. } => {
                    Error::bad_request("Invalid REST API identifier specified")
                }
                other => other,
            })?;
            let validators = txn.validators_all(api).await?;
            if validators.len() >= self.limits().validators_per_api {
                Err(Error::LimitExceeded(
                    "Maximum number of Request Validators for this API has been reached."
                        .to_owned(),
                ))?;
            }
            let mut id = ValidatorId::new(self.new_id(6));
            while validators.contains_key(&id) {
                id = ValidatorId::new(self.new_id(6));
            }
            txn.validator_put(api, &id, validator).await?;
            txn.api_touch(api).await?;
            let audit = caller.audit("CreateRequestValidator", place(api, &id));
            ((id, validator.clone()), Some(audit))
        })?;
        Ok(answer)
    }

    /// An API's request validators by id.
    ///
    /// # Errors
    /// When the API is unknown.
    pub async fn request_validator_list(
        &self,
        caller: &Caller,
        api: &ApiId,
    ) -> Result<BTreeMap<ValidatorId, RequestValidator>> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        Ok(txn.validators_all(api).await?)
    }

    /// Reads a request validator.
    ///
    /// # Errors
    /// When API or validator are unknown.
    pub async fn request_validator_fetch(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &ValidatorId,
    ) -> Result<RequestValidator> {
        let unknown = told_as(Kind::RequestValidator, id.as_str());
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await.map_err(unknown)?;
        txn.validator_fetch(api, id).await?.found(Kind::RequestValidator, id)
    }

    /// Changes a request validator. The edit may run more than once.
    ///
    /// # Errors
    /// When API or validator are unknown, or the edit refuses.
    pub async fn request_validator_update(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &ValidatorId,
        mut edit: impl FnMut(&mut RequestValidator) -> Result<()> + Send,
    ) -> Result<RequestValidator> {
        let unknown = told_as(Kind::RequestValidator, id.as_str());
        let (answer, _) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await.map_err(&unknown)?;
            let validator = txn.validator_fetch(api, id).await?;
            let mut validator = validator.found(Kind::RequestValidator, id)?;
            edit(&mut validator)?;
            txn.validator_put(api, id, &validator).await?;
            txn.api_touch(api).await?;
            (validator, Some(caller.audit("UpdateRequestValidator", place(api, id))))
        })?;
        Ok(answer)
    }

    /// Deletes a request validator that no method names.
    ///
    /// # Errors
    /// When API or validator are unknown, or a method names it.
    pub async fn request_validator_delete(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &ValidatorId,
    ) -> Result<()> {
        let unknown = told_as(Kind::RequestValidator, id.as_str());
        transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await.map_err(&unknown)?;
            if !txn.validator_delete(api, id).await? {
                Err(Error::not_found(Kind::RequestValidator, id.as_str()))?;
            }
            let methods = txn.methods_all(api).await?;
            let user = methods
                .iter()
                .find(|(_, _, _, method)| method.request_validator_id.as_ref() == Some(id));
            if let Some((_, path, verb, _)) = user {
                Err(Error::Conflict(format!(
                    "Cannot delete request validator '{id}', is referenced in method: \
                     {verb}/{path}"
                )))?;
            }
            txn.api_touch(api).await?;
            ((), Some(caller.audit("DeleteRequestValidator", place(api, id))))
        })?;
        Ok(())
    }
}
