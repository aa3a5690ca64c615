//! What must hold of a method with the rest of its API, in AWS's words. What
//! holds of it alone is `gw_model::check`'s.

use std::collections::BTreeSet;

use gw_model::{ApiId, Integration, IntegrationResponse, Method, ModelName, check};
use gw_store::Txn;

use crate::{Error, Limits, Result};

/// Refuses a method that refers to what its API does not have.
pub(crate) async fn method(txn: &mut Txn, api: &ApiId, method: &Method) -> Result<()> {
    check::method(method).map_err(Error::BadRequest)?;
    if let Some(validator) = &method.request_validator_id
        && txn.validator_fetch(api, validator).await?.is_none()
    {
        return Err(Error::bad_request("Invalid Request Validator identifier specified"));
    }
    let needs_authorizer =
        matches!(method.authorization_type.as_str(), "CUSTOM" | "COGNITO_USER_POOLS" | "JWT");
    if needs_authorizer {
        let found = match &method.authorizer_id {
            Some(id) => txn.authorizer_fetch(api, id).await?,
            None => None,
        };
        if found.is_none() {
            return Err(Error::bad_request(check::NO_AUTHORIZER));
        }
    }
    let wanted: BTreeSet<&String> = method.models().collect();
    for model in wanted {
        if txn.model_fetch(api, &ModelName::new(model.as_str())).await?.is_none() {
            let message = format!("Invalid model identifier specified: {model}");
            return Err(Error::BadRequest(message));
        }
    }
    Ok(())
}

/// Refuses a mapping from what the method does not declare, unless it stood in
/// `before`: a declaration may be taken away while a mapping uses it.
pub(crate) fn declared_sources(
    method: &Method,
    integration: &Integration,
    before: Option<&Integration>,
) -> Result<()> {
    let stood = |target: &str| before.and_then(|before| before.request_parameters.get(target));
    let mut missing = check::undeclared_sources(method, integration);
    match missing.find(|(target, source)| stood(target).is_none_or(|stood| stood != source)) {
        Some((_, source)) => Err(Error::BadRequest(check::undeclared(source))),
        None => Ok(()),
    }
}

/// Refuses a header that the method's response of this status does not
/// declare, unless it stood in `before`.
pub(crate) fn declared_headers(
    method: &Method,
    status: &str,
    response: &IntegrationResponse,
    before: Option<&IntegrationResponse>,
) -> Result<()> {
    let stood =
        |key: &str| before.is_some_and(|before| before.response_parameters.contains_key(key));
    let mut missing = check::undeclared_headers(method, status, response);
    match missing.find(|key| !stood(key)) {
        Some(key) => Err(Error::BadRequest(check::undeclared(key))),
        None => Ok(()),
    }
}

/// Refuses an integration that AWS refuses when it is put.
pub(crate) fn integration(integration: &Integration) -> Result<()> {
    check::integration(integration).map_err(Error::BadRequest)
}

/// Refuses a timeout beyond the quota.
pub(crate) fn timeout(integration: &Integration, limits: &Limits) -> Result<()> {
    let within = check::timeout_within(integration, limits.integration_timeout_ms);
    within.map_err(Error::BadRequest)
}

/// A status code as responses are keyed by it.
pub(crate) fn status_code(text: &str) -> Result<()> {
    check::status_code(text).map_err(Error::BadRequest)
}
