//! Request validators, authorizers and gateway responses: read, for now, and
//! written by imports.

use std::collections::BTreeMap;

use gw_model::{
    ApiId, Authorizer, AuthorizerId, GatewayResponse, GatewayResponseType, RequestValidator,
    ValidatorId,
};

use crate::{App, Caller, Result, rest_api::fetch};

impl App {
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

    /// The gateway responses that an API customises.
    ///
    /// # Errors
    /// When the API is unknown.
    pub async fn gateway_response_list(
        &self,
        caller: &Caller,
        api: &ApiId,
    ) -> Result<BTreeMap<GatewayResponseType, GatewayResponse>> {
        let mut txn = self.store().read().await?;
        fetch(&mut txn, &caller.scope, api).await?;
        Ok(txn.gateway_responses_all(api).await?)
    }
}
