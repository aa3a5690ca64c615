//! What non-proxy integrations do to requests and answers.
//!
//! A [`RequestMapping`] turns the client's request into what the integration
//! gets: parameters, a template by the body's media type, conversion between
//! text and bytes, overrides. A [`ResponseMapping`] does the same for the
//! answer, after it has chosen the integration response. Both are compiled with
//! the deployment, and can be used from any thread.
//!
//! A fault of one template or pattern fails the requests that meet it, and no
//! others; it is reported when the deployment is made.

mod binary;
mod body;
mod content;
mod names;
mod parameters;
mod pattern;
mod record;
mod request;
mod response;
mod template;
mod vtl;

use std::borrow::Cow;

use bytes::Bytes;
use gw_model::GatewayResponseType as Type;
use gw_template::Overrides;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::{GatewayError, Values};

pub use binary::BinaryMediaTypes;
pub(crate) use binary::content_type;
pub use body::{BodyPath, Picked, WithBody};
pub use content::convert_request;
pub use record::{Event, Record};
pub use request::RequestMapping;
pub use response::ResponseMapping;

pub(crate) use names::is_forbidden;

/// A request as the method got it.
#[derive(Clone, Copy)]
pub struct Inbound<'a> {
    /// What is known of the request.
    pub values: &'a dyn Values,
    /// Its whole body, without content coding.
    pub body: &'a Bytes,
}

/// A request as the integration gets it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappedRequest {
    /// The body: the template's output, or the client's body passed through.
    pub body: Bytes,
    /// Headers; each name once.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Query parameters, decoded; repeated ones as often as they are there.
    pub query: Vec<(String, String)>,
    /// What `{name}` in the address stands for, percent-encoded: it can go into
    /// a path as it is.
    pub path: Vec<(String, String)>,
    /// What the template has overridden. The request's part is in the members
    /// above; the answer's is for [`Outcome::overrides`].
    pub overrides: Overrides,
}

/// What chooses among the integration responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector<'a> {
    /// A status: of an HTTP backend, a service, or a MOCK's template.
    Status(u16),
    /// The `errorMessage` of a Lambda function, if it failed.
    Error(Option<&'a str>),
}

/// What an integration answered.
#[derive(Clone, Copy)]
pub struct Outcome<'a> {
    /// What is known of the client's request.
    pub values: &'a dyn Values,
    /// The integration's status.
    pub status: u16,
    /// The integration's headers.
    pub headers: &'a HeaderMap,
    /// The integration's whole body, without content coding.
    pub body: &'a Bytes,
    /// What the request's template has overridden.
    pub overrides: &'a Overrides,
}

/// An answer as the client gets it, but for the headers that every answer gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedResponse {
    /// The status.
    pub status: StatusCode,
    /// Headers, forbidden names renamed; each name once, `Content-Type` among
    /// them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
}

/// More headers, query or path parameters of one message than anything takes,
/// and few enough to be compared with each other.
const MAX_NAMES: usize = 1000;

/// Refuses what a template or a list of mappings makes too many of: header maps
/// end, and cores would be held up, far below what a template's steps allow.
fn few(count: usize, what: &str) -> Result<(), GatewayError> {
    if count <= MAX_NAMES {
        return Ok(());
    }
    Err(configuration_error(format_args!("{count} {what}, at most {MAX_NAMES} allowed")))
}

/// AWS's 500, with the reason for the execution log.
fn configuration_error(reason: impl std::fmt::Display) -> GatewayError {
    GatewayError::of(Type::ApiConfigurationError)
        .with_log(format!("Execution failed due to configuration error: {reason}"))
}

/// AWS's 400 for a request that cannot be read.
fn bad_request(message: impl Into<Cow<'static, str>>) -> GatewayError {
    GatewayError::of(Type::Default4xx).with_message(message).during_execution()
}
