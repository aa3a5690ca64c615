//! What handlers take out of a request, and the answers that they give.

use std::ops::Deref;

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use gw_app::{App, Caller, PageRequest};
use gw_wire::{
    Fault, FromBody,
    aws::Patch,
    page::{List, Page, encode},
    patch::PatchOperation,
};
use http::{HeaderName, HeaderValue, StatusCode, request::Parts};
use serde::Serialize;

use crate::{Api, Shared, error::ApiError};

/// What every handler answers.
pub(crate) type Answer = Result<Response, ApiError>;

/// Who calls, and the use cases to call.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) caller: Caller,
    pub(crate) api: Shared,
}

impl Deref for Call {
    type Target = App;

    fn deref(&self) -> &App {
        &self.api.app
    }
}

impl Call {
    pub(crate) fn config(&self) -> &crate::Config {
        let api: &Api = &self.api;
        &api.config
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Call {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // The front door puts it there for every route but health and ready.
        let call = parts.extensions.get::<Self>().cloned();
        call.ok_or(ApiError::Signature(gw_sigv4::Error::MissingAuthenticationToken))
    }
}

/// The query's pairs, decoded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn parse(query: &str) -> Self {
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(&text.replace('+', " "))
                .decode_utf8_lossy()
                .into_owned()
        };
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a repeated, or comma-separated, parameter holds a value.
    pub(crate) fn has(&self, name: &str, value: &str) -> bool {
        self.values(name).any(|text| text == value)
    }

    /// The values of a repeated, or comma-separated, parameter.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.0.iter().filter(move |(key, _)| key == name);
        values.flat_map(|(_, text)| text.split(',')).map(str::trim).filter(|text| !text.is_empty())
    }

    /// The same, owned.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.values(name).map(str::to_owned).collect()
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// `limit` and `position`.
    pub(crate) fn page(&self) -> Result<Page, Fault> {
        Page::parse(self.get("limit"), self.get("position"))
    }

    /// The same as use cases take it.
    pub(crate) fn page_request(&self) -> Result<PageRequest, Fault> {
        let page = self.page()?;
        let limit = u32::try_from(page.limit).unwrap_or(u32::MAX);
        Ok(PageRequest { limit, position: page.after })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

/// A body of AWS's shape.
pub(crate) struct Input<T>(pub(crate) T);

impl<T: FromBody, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(|_| ApiError::BrokenBody)?;
        Ok(Self(T::parse(&bytes)?))
    }
}

/// A body of our own shape; an absent one counts as `{}`.
pub(crate) struct OwnInput<T>(pub(crate) T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> FromRequest<S> for OwnInput<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(|_| ApiError::BrokenBody)?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        // Without members asked for, `[]` would read as a call by default.
        if text.trim_ascii_start().first() == Some(&b'[') {
            return Err(Fault::serialization("Start of list found where not expected").into());
        }
        let value = serde_json::from_slice(text)
            .map_err(|error| Fault::serialization(format!("Invalid request body: {error}")))?;
        Ok(Self(value))
    }
}

/// Tags of an answer that leaves out empty ones.
pub(crate) fn given(tags: &gw_wire::aws::Texts) -> Option<gw_wire::aws::Texts> {
    Some(tags.clone()).filter(|tags| !tags.is_empty())
}

/// The operations of a patch; `input` stands in validation messages.
pub(crate) fn patches(input: &str, body: &[u8]) -> Result<Vec<PatchOperation>, Fault> {
    Ok(Patch::<()>::parse_as(input, body)?.patch_operations)
}

/// 200 with a body.
pub(crate) fn ok<T: Serialize>(value: T) -> Answer {
    Ok(Json(value).into_response())
}

/// 201 with a body.
pub(crate) fn created<T: Serialize>(value: T) -> Answer {
    Ok((StatusCode::CREATED, Json(value)).into_response())
}

/// 202 without a body.
pub(crate) fn accepted() -> Answer {
    Ok(StatusCode::ACCEPTED.into_response())
}

/// 204.
pub(crate) fn no_content() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A page of a use case as AWS answers it.
pub(crate) fn list<T, W: Serialize>(page: &gw_app::Page<T>, convert: impl Fn(&T) -> W) -> Answer {
    let position = page.position.as_deref().map(encode);
    ok(List { item: page.items.iter().map(convert).collect(), position })
}

/// Adds a header to an answer.
pub(crate) fn with_header(answer: Answer, name: &'static str, value: &str) -> Answer {
    let mut response = answer?;
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    Ok(response)
}

/// Notes AWS's fault of an edit, which a use case would flatten to a text.
pub(crate) fn keep<T>(slot: &mut Option<Fault>, result: Result<T, Fault>) -> gw_app::Result<T> {
    result.map_err(|fault| {
        let error = gw_app::Error::BadRequest(fault.message.clone());
        *slot = Some(fault);
        error
    })
}

/// What an edit came to; its own fault goes before the use case's error.
pub(crate) fn edited<T>(slot: Option<Fault>, result: gw_app::Result<T>) -> Result<T, ApiError> {
    match (slot, result) {
        (_, Ok(value)) => Ok(value),
        (Some(fault), Err(_)) => Err(fault.into()),
        (None, Err(error)) => Err(error.into()),
    }
}
