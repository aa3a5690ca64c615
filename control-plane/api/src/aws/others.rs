//! Request validators, authorizers and gateway responses: read only so far
//! (imports make them).

use axum::extract::Path;
use gw_app::{Error, Kind};
use gw_model::GatewayResponseType;
use gw_wire::{
    Fault,
    aws::{Authorizer, GatewayResponse, RequestValidator},
    page::List,
};

use super::paths::{InApi, Within};
use crate::extract::{Answer, Call, Params, ok};

/// `GetRequestValidators`.
pub(crate) async fn request_validators(call: Call, Path(path): InApi, params: Params) -> Answer {
    let all = call.request_validator_list(&call.caller, &path.rest_api).await?;
    let items = all.iter().map(|(id, item)| RequestValidator::new(id.as_str(), item));
    ok(params.page()?.cut(items.collect(), |item| item.id.as_str()))
}

/// `GetRequestValidator`.
pub(crate) async fn request_validator(call: Call, Path(path): Within) -> Answer {
    let all = call.request_validator_list(&call.caller, &path.rest_api).await?;
    match all.get(path.id.as_str()) {
        Some(item) => ok(RequestValidator::new(&path.id, item)),
        None => Err(Error::not_found(Kind::RequestValidator, path.id).into()),
    }
}

/// `GetAuthorizers`.
pub(crate) async fn authorizers(call: Call, Path(path): InApi, params: Params) -> Answer {
    let all = call.authorizer_list(&call.caller, &path.rest_api).await?;
    let items = all.iter().map(|(id, item)| Authorizer::new(id.as_str(), item));
    ok(params.page()?.cut(items.collect(), |item| item.id.as_str()))
}

/// `GetAuthorizer`.
pub(crate) async fn authorizer(call: Call, Path(path): Within) -> Answer {
    let all = call.authorizer_list(&call.caller, &path.rest_api).await?;
    match all.get(path.id.as_str()) {
        Some(item) => ok(Authorizer::new(&path.id, item)),
        None => Err(Error::not_found(Kind::Authorizer, path.id).into()),
    }
}

/// `GetGatewayResponses`: all types, built-in ones included, on one page.
pub(crate) async fn gateway_responses(call: Call, Path(path): InApi) -> Answer {
    let all = call.gateway_response_list(&call.caller, &path.rest_api).await?;
    let kinds = GatewayResponseType::ALL.iter();
    let item = kinds.map(|kind| GatewayResponse::new(*kind, all.get(kind))).collect();
    ok(List { item, position: None })
}

/// `GetGatewayResponse`.
pub(crate) async fn gateway_response(call: Call, Path(path): Within) -> Answer {
    let all = call.gateway_response_list(&call.caller, &path.rest_api).await?;
    let kind: GatewayResponseType = path
        .id
        .parse()
        .map_err(|_| Fault::not_found(format!("Invalid Gateway Response type: {}", path.id)))?;
    ok(GatewayResponse::new(kind, all.get(&kind)))
}
