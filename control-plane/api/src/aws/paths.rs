//! One extractor per path shape, reused by all its handlers.

use axum::extract::Path;
use gw_app::{Error, Kind, MethodKey};
use gw_model::{ApiId, HttpMethod, ResourceId};
use gw_wire::Fault;
use serde::Deserialize;

use crate::{error::ApiError, extract::Call};

/// `/restapis/{rest_api}`.
pub(crate) type InApi = Path<ApiPath>;

/// An API.
#[derive(Debug, Deserialize)]
pub(crate) struct ApiPath {
    pub(crate) rest_api: ApiId,
}

/// `/restapis/{rest_api}/.../{id}`: something that an API holds by id or name.
pub(crate) type Within = Path<ItemPath>;

/// Something within an API.
#[derive(Debug, Deserialize)]
pub(crate) struct ItemPath {
    pub(crate) rest_api: ApiId,
    pub(crate) id: String,
}

/// `/restapis/{rest_api}/resources/{resource}/methods/{verb}`.
pub(crate) type OfMethod = Path<MethodPath>;

/// A method, or its integration.
#[derive(Debug, Deserialize)]
pub(crate) struct MethodPath {
    rest_api: ApiId,
    resource: ResourceId,
    verb: String,
}

impl MethodPath {
    /// The method that must be there.
    pub(crate) fn key(self) -> Result<MethodKey, ApiError> {
        let Ok(verb) = self.verb.parse::<HttpMethod>() else {
            return Err(Error::not_found(Kind::Method, self.verb).into());
        };
        Ok(MethodKey { api: self.rest_api, resource: self.resource, verb })
    }

    /// The method to put: a verb that there is not is the caller's fault, and
    /// is told once it is known that there is such a resource.
    pub(crate) async fn new_key(self, call: &Call) -> Result<MethodKey, ApiError> {
        let parsed: Result<HttpMethod, _> = self.verb.parse();
        let verb = *parsed.as_ref().unwrap_or(&HttpMethod::Any);
        let key = MethodKey { api: self.rest_api, resource: self.resource, verb };
        let Err(fault) = parsed else { return Ok(key) };
        match call.method_fetch(&call.caller, &key).await {
            Err(error @ Error::NotFound { kind: Kind::Resource, .. }) => Err(error.into()),
            Ok(_) | Err(_) => Err(Fault::bad_request(fault.to_string()).into()),
        }
    }
}

/// A method path with `/responses/{status}` behind.
pub(crate) type OfResponse = Path<ResponsePath>;

/// A response of a method or of its integration.
#[derive(Debug, Deserialize)]
pub(crate) struct ResponsePath {
    rest_api: ApiId,
    resource: ResourceId,
    verb: String,
    pub(crate) status: String,
}

impl ResponsePath {
    /// The method, and the status.
    pub(crate) fn split(self) -> Result<(MethodKey, String), ApiError> {
        let (key, status, ()) = self.split_with(Ok(()))?;
        Ok((key, status))
    }

    /// The same beside what was read of the body: one exception names the
    /// violations of both, the body's first.
    pub(crate) fn split_with<T>(
        self,
        body: Result<T, Fault>,
    ) -> Result<(MethodKey, String, T), ApiError> {
        let method =
            MethodPath { rest_api: self.rest_api, resource: self.resource, verb: self.verb };
        let status = self.status;
        if gw_model::check::is_status_code(&status) {
            let body = body?;
            return Ok((method.key()?, status, body));
        }
        let violation = format!(
            "Value '{status}' at 'statusCode' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [1-5]\\d\\d"
        );
        let fault = match body {
            Ok(_) => Fault::validation(&[violation]),
            Err(fault) => fault.and_violation(&violation),
        };
        Err(fault.into())
    }
}
