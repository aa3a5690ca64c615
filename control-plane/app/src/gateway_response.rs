//! Gateway responses: what an API says on the gateway's own behalf.

use std::collections::BTreeMap;

use gw_model::{ApiId, GatewayResponse, GatewayResponseType, check};

use crate::{
    App, Caller, Error, Result,
    error::Kind,
    rest_api::{fetch, lock},
    transact::transact,
};

fn place(api: &ApiId, kind: GatewayResponseType) -> String {
    format!("restapis/{api}/gatewayresponses/{kind}")
}

/// The gateway responses that an API customises.
pub type GatewayResponses = BTreeMap<GatewayResponseType, GatewayResponse>;

impl App {
    /// The gateway responses that an API customises.
    ///
    /// # Errors
    /// When the API is unknown.
    pub async fn gateway_response_list(
        &self,
        caller: &Caller,
        api: &ApiId,
    ) -> Result<GatewayResponses> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        Ok(txn.gateway_responses_all(api).await?)
    }

    /// Customises a gateway response, in place of what was customised before;
    /// answers all that the API customises.
    ///
    /// # Errors
    /// When the API is unknown, or AWS would refuse the response.
    pub async fn gateway_response_put(
        &self,
        caller: &Caller,
        api: &ApiId,
        kind: GatewayResponseType,
        response: &GatewayResponse,
    ) -> Result<GatewayResponses> {
        self.gateway_response_edit(caller, api, kind, "PutGatewayResponse", |stored| {
            stored.clone_from(response);
            Ok(())
        })
        .await
    }

    /// Changes a gateway response; one that is not customised yet becomes so.
    /// Answers all that the API customises. The edit may run more than once.
    ///
    /// # Errors
    /// When the API is unknown, the edit refuses, or AWS would refuse the result.
    pub async fn gateway_response_update(
        &self,
        caller: &Caller,
        api: &ApiId,
        kind: GatewayResponseType,
        edit: impl FnMut(&mut GatewayResponse) -> Result<()> + Send,
    ) -> Result<GatewayResponses> {
        self.gateway_response_edit(caller, api, kind, "UpdateGatewayResponse", edit).await
    }

    async fn gateway_response_edit(
        &self,
        caller: &Caller,
        api: &ApiId,
        kind: GatewayResponseType,
        operation: &'static str,
        mut edit: impl FnMut(&mut GatewayResponse) -> Result<()> + Send,
    ) -> Result<GatewayResponses> {
        let (answer, _) = transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            let mut all = txn.gateway_responses_all(api).await?;
            let response = all.entry(kind).or_default();
            edit(response)?;
            check::gateway_response(response).map_err(Error::BadRequest)?;
            txn.gateway_response_put(api, &kind, response).await?;
            txn.api_touch(api).await?;
            (all, Some(caller.audit(operation, place(api, kind))))
        })?;
        Ok(answer)
    }

    /// Makes a gateway response what is built in again.
    ///
    /// # Errors
    /// When the API is unknown or does not customise it.
    pub async fn gateway_response_delete(
        &self,
        caller: &Caller,
        api: &ApiId,
        kind: GatewayResponseType,
    ) -> Result<()> {
        transact!(self, |txn| {
            lock(&mut txn, &caller.scope, api).await?;
            if !txn.gateway_response_delete(api, &kind).await? {
                Err(Error::not_found(Kind::GatewayResponse, kind.as_str()))?;
            }
            txn.api_touch(api).await?;
            ((), Some(caller.audit("DeleteGatewayResponse", place(api, kind))))
        })?;
        Ok(())
    }
}
