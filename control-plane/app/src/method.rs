//! Methods and the responses that they declare.

use gw_model::{ApiId, HttpMethod, Method, MethodResponse, ResourceId};
use gw_store::Txn;

use crate::{
    App, Caller, Error, MethodView, Result, check,
    error::Kind,
    rest_api::{fetch, lock, told_as},
    transact::{Found as _, transact},
};

/// Where a method is: API, resource and verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodKey {
    /// The API.
    pub api: ApiId,
    /// The resource.
    pub resource: ResourceId,
    /// The verb.
    pub verb: HttpMethod,
}

impl MethodKey {
    pub(crate) fn place(&self) -> String {
        format!("restapis/{}/resources/{}/methods/{}", self.api, self.resource, self.verb)
    }

    /// Reads the method, telling apart what is missing.
    pub(crate) async fn read(&self, txn: &mut Txn) -> Result<Method> {
        match txn.method_fetch(&self.api, &self.resource, self.verb).await? {
            Some(method) => Ok(method),
            None => {
                txn.resource_fetch(&self.api, &self.resource)
                    .await?
                    .found(Kind::Resource, &self.resource)?;
                Err(Error::not_found(Kind::Method, self.verb.as_str()))
            }
        }
    }

    /// An unknown API is told as an unknown resource, as AWS does.
    pub(crate) fn unknown(&self) -> impl Fn(Error) -> Error + '_ {
        told_as(Kind::Resource, self.resource.as_str())
    }

    fn view(&self, method: Method) -> MethodView {
        MethodView { resource_id: self.resource.clone(), verb: self.verb, method }
    }
}

impl App {
    /// Reads one method and answers the part that `pick` finds.
    pub(crate) async fn method_part<T>(
        &self,
        caller: &Caller,
        key: &MethodKey,
        pick: impl FnOnce(Method) -> Result<T> + Send,
    ) -> Result<T> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, &key.api).await.map_err(key.unknown())?;
        pick(key.read(&mut txn).await?)
    }

    /// Edits one method under its API's lock: every change below a method
    /// goes through here.
    pub(crate) async fn method_edit<T: Send>(
        &self,
        caller: &Caller,
        key: &MethodKey,
        (operation, below): (&'static str, String),
        mut edit: impl FnMut(&mut Method) -> Result<T> + Send,
    ) -> Result<T> {
        let (answer, _) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, &key.api).await.map_err(key.unknown())?;
            let before = key.read(&mut txn).await?;
            let mut method = before.clone();
            let answer = edit(&mut method)?;
            if method != before {
                check::method(&mut txn, &key.api, &method).await?;
                txn.methods_put(&key.api, [(&key.resource, key.verb, &method)]).await?;
                txn.api_touch(&key.api).await?;
            }
            (answer, Some(caller.audit(operation, format!("{}{below}", key.place()))))
        })?;
        Ok(answer)
    }

    /// Adds a method to a resource.
    ///
    /// # Errors
    /// When the resource is unknown, has the verb already, or the method
    /// refers to what its API does not have.
    pub async fn method_put(
        &self,
        caller: &Caller,
        key: &MethodKey,
        method: Method,
    ) -> Result<MethodView> {
        transact!(self, |txn| {
            lock(&mut txn, &caller.scope, &key.api).await.map_err(key.unknown())?;
            let resource = txn
                .resource_fetch(&key.api, &key.resource)
                .await?
                .found(Kind::Resource, &key.resource)?;
            if resource.resource.methods.contains_key(&key.verb) {
                Err(Error::Conflict("Method already exists for this resource".to_owned()))?;
            }
            check::method(&mut txn, &key.api, &method).await?;
            txn.method_insert(&key.api, &key.resource, key.verb, &method).await?;
            txn.api_touch(&key.api).await?;
            ((), Some(caller.audit("PutMethod", key.place())))
        })?;
        Ok(key.view(method))
    }

    /// Reads a method with its integration.
    ///
    /// # Errors
    /// When API, resource or method are unknown.
    pub async fn method_fetch(&self, caller: &Caller, key: &MethodKey) -> Result<MethodView> {
        self.method_part(caller, key, |method| Ok(key.view(method))).await
    }

    /// Changes a method. The edit may run more than once.
    ///
    /// # Errors
    /// When the method is unknown, the edit refuses, or the result refers to
    /// what the API does not have.
    pub async fn method_update(
        &self,
        caller: &Caller,
        key: &MethodKey,
        mut edit: impl FnMut(&mut Method) -> Result<()> + Send,
    ) -> Result<MethodView> {
        let audit = ("UpdateMethod", String::new());
        self.method_edit(caller, key, audit, |method| {
            edit(method)?;
            Ok(key.view(method.clone()))
        })
        .await
    }

    /// Deletes a method.
    ///
    /// # Errors
    /// When API, resource or method are unknown.
    pub async fn method_delete(&self, caller: &Caller, key: &MethodKey) -> Result<()> {
        transact!(self, |txn| {
            lock(&mut txn, &caller.scope, &key.api).await.map_err(key.unknown())?;
            key.read(&mut txn).await?;
            txn.methods_delete(&key.api, [(&key.resource, key.verb)]).await?;
            txn.api_touch(&key.api).await?;
            ((), Some(caller.audit("DeleteMethod", key.place())))
        })?;
        Ok(())
    }

    /// Declares a response of a method.
    ///
    /// # Errors
    /// When the method is unknown or declares that status already.
    pub async fn method_response_put(
        &self,
        caller: &Caller,
        key: &MethodKey,
        status: &str,
        response: MethodResponse,
    ) -> Result<MethodResponse> {
        check::status_code(status)?;
        let audit = ("PutMethodResponse", format!("/responses/{status}"));
        self.method_edit(caller, key, audit, |method| {
            if method.responses.contains_key(status) {
                let message = "Response already exists for this resource".to_owned();
                return Err(Error::Conflict(message));
            }
            method.responses.insert(status.to_owned(), response.clone());
            Ok(())
        })
        .await?;
        Ok(response)
    }

    /// Reads a declared response.
    ///
    /// # Errors
    /// When method or response are unknown.
    pub async fn method_response_fetch(
        &self,
        caller: &Caller,
        key: &MethodKey,
        status: &str,
    ) -> Result<MethodResponse> {
        self.method_part(caller, key, |mut method| {
            method.responses.remove(status).found(Kind::MethodResponse, status)
        })
        .await
    }

    /// Changes a declared response. The edit may run more than once.
    ///
    /// # Errors
    /// When method or response are unknown, or the edit refuses.
    pub async fn method_response_update(
        &self,
        caller: &Caller,
        key: &MethodKey,
        status: &str,
        mut edit: impl FnMut(&mut MethodResponse) -> Result<()> + Send,
    ) -> Result<MethodResponse> {
        let audit = ("UpdateMethodResponse", format!("/responses/{status}"));
        self.method_edit(caller, key, audit, |method| {
            let response = method.responses.get_mut(status).found(Kind::MethodResponse, status)?;
            edit(response)?;
            Ok(response.clone())
        })
        .await
    }

    /// Takes a declared response away.
    ///
    /// # Errors
    /// When method or response are unknown.
    pub async fn method_response_delete(
        &self,
        caller: &Caller,
        key: &MethodKey,
        status: &str,
    ) -> Result<()> {
        let audit = ("DeleteMethodResponse", format!("/responses/{status}"));
        self.method_edit(caller, key, audit, |method| {
            method.responses.remove(status).found(Kind::MethodResponse, status).map(drop)
        })
        .await
    }
}
