//! Integrations and their responses.

use axum::extract::Path;
use bytes::Bytes;
use gw_app::{Error, Kind};
use gw_wire::{
    aws::{Integration, IntegrationResponse, PutIntegration, PutIntegrationResponse},
    patch::{patch_integration, patch_integration_response},
};

use super::paths::{OfMethod, OfResponse};
use crate::{
    error::ApiError,
    extract::{Answer, Call, Input, created, edited, keep, no_content, ok, patches},
};

/// `PutIntegration`.
pub(crate) async fn put(
    call: Call,
    Path(path): OfMethod,
    Input(input): Input<PutIntegration>,
) -> Answer {
    let key = path.key()?;
    let made = call.integration_put(&call.caller, &key, input.to_model()?).await?;
    created(Integration::new(&made, key.resource.as_str()))
}

/// `GetIntegration`.
pub(crate) async fn get(call: Call, Path(path): OfMethod) -> Answer {
    let key = path.key()?;
    let integration = call.integration_fetch(&call.caller, &key).await?;
    ok(Integration::new(&integration, key.resource.as_str()))
}

/// `UpdateIntegration`.
pub(crate) async fn update(call: Call, Path(path): OfMethod, body: Bytes) -> Answer {
    let key = path.key()?;
    let operations = patches("updateIntegrationInput", &body)?;
    let mut fault = None;
    let edit = |integration: &mut gw_model::Integration| {
        keep(&mut fault, patch_integration(integration, &operations))
    };
    let result = call.integration_update(&call.caller, &key, edit).await;
    ok(Integration::new(&edited(fault, result)?, key.resource.as_str()))
}

/// `DeleteIntegration`.
pub(crate) async fn delete(call: Call, Path(path): OfMethod) -> Answer {
    call.integration_delete(&call.caller, &path.key()?).await?;
    no_content()
}

/// `PutIntegrationResponse`.
pub(crate) async fn put_response(
    call: Call,
    Path(path): OfResponse,
    Input(input): Input<PutIntegrationResponse>,
) -> Answer {
    let (key, status) = path.split()?;
    let made =
        call.integration_response_put(&call.caller, &key, &status, input.to_model()?).await?;
    created(IntegrationResponse::new(&status, &made))
}

/// `GetIntegrationResponse`.
pub(crate) async fn get_response(call: Call, Path(path): OfResponse) -> Answer {
    let (key, status) = path.split()?;
    let response = call.integration_response_fetch(&call.caller, &key, &status).await?;
    ok(IntegrationResponse::new(&status, &response))
}

/// `UpdateIntegrationResponse`.
pub(crate) async fn update_response(call: Call, Path(path): OfResponse, body: Bytes) -> Answer {
    let read = patches("updateIntegrationResponseInput", &body);
    let (key, status, operations) = path.split_with(read)?;
    let mut fault = None;
    let edit = |response: &mut gw_model::IntegrationResponse| {
        keep(&mut fault, patch_integration_response(response, &operations))
    };
    let result = call.integration_response_update(&call.caller, &key, &status, edit).await;
    ok(IntegrationResponse::new(&status, &edited(fault, result)?))
}

/// `DeleteIntegrationResponse`; AWS misses the integration where there is no
/// such method, also of a verb that is none.
pub(crate) async fn delete_response(call: Call, Path(path): OfResponse) -> Answer {
    let (key, status) = path.split().map_err(|error| match error {
        ApiError::App(Error::NotFound { kind: Kind::Method, id }) => {
            Error::not_found(Kind::Integration, id).into()
        }
        other => other,
    })?;
    call.integration_response_delete(&call.caller, &key, &status).await?;
    no_content()
}
