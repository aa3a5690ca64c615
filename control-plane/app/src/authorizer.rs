//! Authorizers.

use std::collections::BTreeMap;

use gw_model::{ApiId, Authorizer, AuthorizerId, check};
use gw_store::Txn;

use crate::{
    App, Caller, Error, Result,
    error::Kind,
    rest_api::{fetch, lock, told_as},
    transact::{Found as _, transact},
};

fn place(api: &ApiId, id: &AuthorizerId) -> String {
    format!("restapis/{api}/authorizers/{id}")
}

/// Refuses a second authorizer of one name.
fn check_name(
    all: &BTreeMap<AuthorizerId, Authorizer>,
    id: Option<&AuthorizerId>,
    name: &str,
) -> Result<()> {
    if all.iter().any(|(other, authorizer)| Some(other) != id && authorizer.name == name) {
        return Err(Error::BadRequest(format!(
            "Authorizer name must be unique. Authorizer {name} already exists in this RestApi."
        )));
    }
    Ok(())
}

/// Refuses to take an authorizer away that a method names.
async fn check_unused(
    txn: &mut Txn,
    api: &ApiId,
    id: &AuthorizerId,
    authorizer: &Authorizer,
) -> Result<()> {
    let methods = txn.methods_all(api).await?;
    let user = methods.iter().find(|(_, _, _, method)| method.authorizer_id.as_ref() == Some(id));
    match user {
        None => Ok(()),
        Some((_, path, verb, _)) => Err(Error::Conflict(format!(
            "Cannot delete authorizer '{}', is referenced in method: {verb}/{path}",
            authorizer.name
        ))),
    }
}

impl App {
    /// Creates an authorizer.
    ///
    /// # Errors
    /// When the API is unknown, the name is taken, AWS would refuse it, or a
    /// limit is reached.
    pub async fn authorizer_create(
        &self,
        caller: &Caller,
        api: &ApiId,
        authorizer: &Authorizer,
    ) -> Result<(AuthorizerId, Authorizer)> {
        check::authorizer(authorizer).map_err(Error::BadRequest)?;
        let (answer, _) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await.map_err(|error| match error {
                // AWS says so of an API that there is not.
                Error::NotFound { .. } => Error::Conflict(
                    "Unable to complete operation due to concurrent modification. Please try \
                     again later."
                        .to_owned(),
                ),
                other => other,
            })?;
            let all = txn.authorizers_all(api).await?;
            check_name(&all, None, &authorizer.name)?;
            if all.len() >= self.limits().authorizers_per_api {
                Err(Error::LimitExceeded(
                    "Maximum number of Authorizers for this API has been reached.".to_owned(),
                ))?;
            }
            let mut id = AuthorizerId::new(self.new_id(6));
            while all.contains_key(&id) {
                id = AuthorizerId::new(self.new_id(6));
            }
            txn.authorizer_put(api, &id, authorizer).await?;
            txn.api_touch(api).await?;
            let audit = caller.audit("CreateAuthorizer", place(api, &id));
            ((id, authorizer.clone()), Some(audit))
        })?;
        Ok(answer)
    }

    /// An API's authorizers by id.
    ///
    /// # Errors
    /// When the API is unknown.
    pub async fn authorizer_list(
        &self,
        caller: &Caller,
        api: &ApiId,
    ) -> Result<BTreeMap<AuthorizerId, Authorizer>> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        Ok(txn.authorizers_all(api).await?)
    }

    /// Reads an authorizer.
    ///
    /// # Errors
    /// When API or authorizer are unknown.
    pub async fn authorizer_fetch(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &AuthorizerId,
    ) -> Result<Authorizer> {
        let unknown = told_as(Kind::Authorizer, id.as_str());
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await.map_err(unknown)?;
        txn.authorizer_fetch(api, id).await?.found(Kind::Authorizer, id)
    }

    /// Changes an authorizer. The edit may run more than once.
    ///
    /// # Errors
    /// When API or authorizer are unknown, the edit refuses, or AWS would
    /// refuse the result.
    pub async fn authorizer_update(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &AuthorizerId,
        mut edit: impl FnMut(&mut Authorizer) -> Result<()> + Send,
    ) -> Result<Authorizer> {
        let unknown = told_as(Kind::Authorizer, id.as_str());
        let (answer, _) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await.map_err(&unknown)?;
            let all = txn.authorizers_all(api).await?;
            let mut authorizer = all.get(id).cloned().found(Kind::Authorizer, id)?;
            edit(&mut authorizer)?;
            check::authorizer(&authorizer).map_err(Error::BadRequest)?;
            check_name(&all, Some(id), &authorizer.name)?;
            txn.authorizer_put(api, id, &authorizer).await?;
            txn.api_touch(api).await?;
            (authorizer, Some(caller.audit("UpdateAuthorizer", place(api, id))))
        })?;
        Ok(answer)
    }

    /// Deletes an authorizer that no method names.
    ///
    /// # Errors
    /// When API or authorizer are unknown, or a method names it.
    pub async fn authorizer_delete(
        &self,
        caller: &Caller,
        api: &ApiId,
        id: &AuthorizerId,
    ) -> Result<()> {
        let unknown = told_as(Kind::Authorizer, id.as_str());
        transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await.map_err(&unknown)?;
            let authorizer = txn.authorizer_fetch(api, id).await?.found(Kind::Authorizer, id)?;
            check_unused(&mut txn, api, id, &authorizer).await?;
            txn.authorizer_delete(api, id).await?;
            txn.api_touch(api).await?;
            ((), Some(caller.audit("DeleteAuthorizer", place(api, id))))
        })?;
        Ok(())
    }
}
