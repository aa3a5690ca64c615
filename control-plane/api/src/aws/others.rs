//! Request validators, authorizers and gateway responses.

use axum::extract::Path;
use bytes::Bytes;
use gw_app::GatewayResponses;
use gw_model::GatewayResponseType;
use gw_wire::{
    aws::{
        Authorizer, CreateAuthorizer, CreateRequestValidator, GatewayResponse, PutGatewayResponse,
        RequestValidator,
    },
    page::List,
    patch::{patch_authorizer, patch_gateway_response, patch_request_validator},
};

use super::paths::{InApi, Within};
use crate::extract::{Answer, Call, Input, Params, accepted, created, edited, keep, ok, patches};

/// `CreateRequestValidator`.
pub(crate) async fn create_request_validator(
    call: Call,
    Path(path): InApi,
    Input(input): Input<CreateRequestValidator>,
) -> Answer {
    let new = input.to_model()?;
    let (id, made) = call.request_validator_create(&call.caller, &path.rest_api, &new).await?;
    created(RequestValidator::new(id.as_str(), &made))
}

/// `GetRequestValidators`.
pub(crate) async fn request_validators(call: Call, Path(path): InApi, params: Params) -> Answer {
    let page = params.page()?;
    let all = call.request_validator_list(&call.caller, &path.rest_api).await?;
    let items = all.iter().map(|(id, item)| RequestValidator::new(id.as_str(), item));
    ok(page.cut(items.collect(), |item| item.id.as_str()))
}

/// `GetRequestValidator`.
pub(crate) async fn request_validator(call: Call, Path(path): Within) -> Answer {
    let id = path.id.into();
    let item = call.request_validator_fetch(&call.caller, &path.rest_api, &id).await?;
    ok(RequestValidator::new(id.as_str(), &item))
}

/// `UpdateRequestValidator`.
pub(crate) async fn update_request_validator(
    call: Call,
    Path(path): Within,
    body: Bytes,
) -> Answer {
    let operations = patches("updateRequestValidatorInput", &body)?;
    let id = path.id.into();
    let mut fault = None;
    let edit = |validator: &mut gw_model::RequestValidator| {
        keep(&mut fault, patch_request_validator(validator, &operations))
    };
    let result = call.request_validator_update(&call.caller, &path.rest_api, &id, edit).await;
    ok(RequestValidator::new(id.as_str(), &edited(fault, result)?))
}

/// `DeleteRequestValidator`.
pub(crate) async fn delete_request_validator(call: Call, Path(path): Within) -> Answer {
    call.request_validator_delete(&call.caller, &path.rest_api, &path.id.into()).await?;
    accepted()
}

/// `CreateAuthorizer`.
pub(crate) async fn create_authorizer(
    call: Call,
    Path(path): InApi,
    Input(input): Input<CreateAuthorizer>,
) -> Answer {
    let new = input.to_model()?;
    let (id, made) = call.authorizer_create(&call.caller, &path.rest_api, &new).await?;
    created(Authorizer::new(id.as_str(), &made))
}

/// `GetAuthorizers`.
pub(crate) async fn authorizers(call: Call, Path(path): InApi, params: Params) -> Answer {
    let page = params.page()?;
    let all = call.authorizer_list(&call.caller, &path.rest_api).await?;
    let items = all.iter().map(|(id, item)| Authorizer::new(id.as_str(), item));
    ok(page.cut(items.collect(), |item| item.id.as_str()))
}

/// `GetAuthorizer`.
pub(crate) async fn authorizer(call: Call, Path(path): Within) -> Answer {
    let id = path.id.into();
    let item = call.authorizer_fetch(&call.caller, &path.rest_api, &id).await?;
    ok(Authorizer::new(id.as_str(), &item))
}

/// `UpdateAuthorizer`.
pub(crate) async fn update_authorizer(call: Call, Path(path): Within, body: Bytes) -> Answer {
    let operations = patches("updateAuthorizerInput", &body)?;
    let id = path.id.into();
    let mut fault = None;
    let edit = |authorizer: &mut gw_model::Authorizer| {
        keep(&mut fault, patch_authorizer(authorizer, &operations))
    };
    let result = call.authorizer_update(&call.caller, &path.rest_api, &id, edit).await;
    ok(Authorizer::new(id.as_str(), &edited(fault, result)?))
}

/// `DeleteAuthorizer`.
pub(crate) async fn delete_authorizer(call: Call, Path(path): Within) -> Answer {
    call.authorizer_delete(&call.caller, &path.rest_api, &path.id.into()).await?;
    accepted()
}

fn gateway_answer(kind: GatewayResponseType, all: &GatewayResponses) -> GatewayResponse {
    GatewayResponse::new(kind, all.get(&kind), all.get(&GatewayResponse::default_of(kind)))
}

/// `GetGatewayResponses`: all types, built-in ones included.
pub(crate) async fn gateway_responses(call: Call, Path(path): InApi, params: Params) -> Answer {
    let page = params.page()?;
    let all = call.gateway_response_list(&call.caller, &path.rest_api).await?;
    let mut kinds = GatewayResponseType::ALL.to_vec();
    kinds.sort_unstable_by_key(|kind| kind.as_str());
    let cut = page.cut(kinds, |kind| kind.as_str());
    let item = cut.item.into_iter().map(|kind| gateway_answer(kind, &all)).collect();
    ok(List { item, position: cut.position })
}

/// `GetGatewayResponse`.
pub(crate) async fn gateway_response(call: Call, Path(path): Within) -> Answer {
    let kind = GatewayResponse::parse_type(&path.id)?;
    ok(gateway_answer(kind, &call.gateway_response_list(&call.caller, &path.rest_api).await?))
}

/// `PutGatewayResponse`.
pub(crate) async fn put_gateway_response(call: Call, Path(path): Within, body: Bytes) -> Answer {
    // The path is validated before the body is looked at.
    let kind = GatewayResponse::parse_type(&path.id)?;
    let new = <PutGatewayResponse as gw_wire::FromBody>::parse(&body)?.to_model()?;
    let all = call.gateway_response_put(&call.caller, &path.rest_api, kind, &new).await?;
    created(gateway_answer(kind, &all))
}

/// `UpdateGatewayResponse`.
pub(crate) async fn update_gateway_response(call: Call, Path(path): Within, body: Bytes) -> Answer {
    let kind = GatewayResponse::parse_type(&path.id)?;
    let operations = patches("updateGatewayResponseInput", &body)?;
    let mut fault = None;
    let edit = |response: &mut gw_model::GatewayResponse| {
        keep(&mut fault, patch_gateway_response(response, &operations))
    };
    let result = call.gateway_response_update(&call.caller, &path.rest_api, kind, edit).await;
    ok(gateway_answer(kind, &edited(fault, result)?))
}

/// `DeleteGatewayResponse`.
pub(crate) async fn delete_gateway_response(call: Call, Path(path): Within) -> Answer {
    let kind = GatewayResponse::parse_type(&path.id)?;
    call.gateway_response_delete(&call.caller, &path.rest_api, kind).await?;
    accepted()
}
