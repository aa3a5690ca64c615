//! The answers that the gateway gives on its own behalf.
//!
//! A [`GatewayError`] says what went wrong; [`GatewayResponses`] says how the
//! API wants that told. Looked up is the customised type, then the customised
//! default of its class, then what is built in.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use gw_model::{GatewayResponse, GatewayResponseType as Type};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::{ContextVar, Fault, Source, Text, Values};

/// When an error arises; the built-in bodies differ by a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Routing, authorization, keys, throttling: `{"message":"..."}`.
    BeforeExecution,
    /// Validation, integration, configuration: `{"message": "..."}`.
    DuringExecution,
}

/// An error on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayError {
    /// Which customisation applies.
    pub kind: Type,
    /// The status unless customised.
    pub status: StatusCode,
    /// The value of `x-amzn-ErrorType`.
    pub error_type: &'static str,
    /// `$context.error.message`; `None` prints as `null`.
    pub message: Option<Cow<'static, str>>,
    /// `$context.error.validationErrorString`.
    pub validation: Option<Box<str>>,
    /// Decides the spacing of the built-in body.
    pub moment: Moment,
    /// The reason for the API's owner: a line of the execution log. Clients
    /// never see it.
    pub log: Option<Cow<'static, str>>,
    /// Not an answer yet: a template needs more steps than
    /// [`Values::template_steps`] gave it, and not more than it may take.
    pub is_unfinished: bool,
}

impl GatewayError {
    /// The built-in error of a type.
    pub fn of(kind: Type) -> Self {
        use Moment::{BeforeExecution as Before, DuringExecution as During};
        let (message, error_type, moment) = match kind {
            Type::AccessDenied => (
                Some("User is not authorized to access this resource"),
                "AccessDeniedException",
                Before,
            ),
            Type::ApiConfigurationError | Type::Default5xx => {
                (Some("Internal server error"), "InternalServerErrorException", During)
            }
            Type::AuthorizerConfigurationError => {
                (None, "AuthorizerConfigurationException", Before)
            }
            Type::AuthorizerFailure => (None, "AuthorizerFailureException", Before),
            Type::BadRequestBody => (Some("Invalid request body"), "BadRequestException", During),
            Type::BadRequestParameters => {
                (Some("Missing required request parameters"), "BadRequestException", During)
            }
            Type::Default4xx => (Some("Bad Request"), "BadRequestException", Before),
            Type::ExpiredToken => (
                Some("The security token included in the request is expired"),
                "ExpiredTokenException",
                Before,
            ),
            Type::IntegrationFailure => (
                Some("Network error communicating with endpoint"),
                "InternalServerErrorException",
                During,
            ),
            Type::IntegrationTimeout => {
                (Some("Endpoint request timed out"), "InternalServerErrorException", During)
            }
            Type::InvalidApiKey | Type::WafFiltered => {
                (Some("Forbidden"), "ForbiddenException", Before)
            }
            Type::InvalidSignature => (
                Some(
                    "The request signature we calculated does not match the signature you \
                      provided. Check your AWS Secret Access Key and signing method. Consult \
                      the service documentation for details.",
                ),
                "InvalidSignatureException",
                Before,
            ),
            Type::MissingAuthenticationToken => (
                Some("Missing Authentication Token"),
                "MissingAuthenticationTokenException",
                Before,
            ),
            Type::QuotaExceeded => (Some("Limit Exceeded"), "LimitExceededException", Before),
            Type::RequestTooLarge => (Some("Request Too Long"), "RequestTooLargeException", Before),
            Type::ResourceNotFound => (Some("Not Found"), "NotFoundException", Before),
            Type::Throttled => (Some("Too Many Requests"), "TooManyRequestsException", Before),
            Type::Unauthorized => (Some("Unauthorized"), "UnauthorizedException", Before),
            Type::UnsupportedMediaType => {
                (Some("Unsupported Media Type"), "BadRequestException", During)
            }
        };
        let fallback = if kind == Type::Default4xx { 400 } else { 500 };
        let status = StatusCode::from_u16(kind.default_status().unwrap_or(fallback))
            .expect("AWS's statuses are statuses");
        let message = message.map(Cow::Borrowed);
        Self {
            kind,
            status,
            error_type,
            message,
            validation: None,
            moment,
            log: None,
            is_unfinished: false,
        }
    }

    /// An address that belongs to no API or stage.
    pub fn forbidden() -> Self {
        Self { kind: Type::Default4xx, ..Self::of(Type::WafFiltered) }
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same with another message.
    #[must_use]
    pub fn with_message(self, message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: Some(message.into()), ..self }
    }

    /// The same, of a request whose integration had begun.
    #[must_use]
    pub fn during_execution(self) -> Self {
        Self { moment: Moment::DuringExecution, ..self }
    }

    /// The same with another `x-amzn-ErrorType`.
    #[must_use]
    pub fn with_error_type(self, error_type: &'static str) -> Self {
        Self { error_type, ..self }
    }

    /// The same with a reason for the execution log.
    #[must_use]
    pub fn with_log(self, text: impl Into<Cow<'static, str>>) -> Self {
        Self { log: Some(text.into()), ..self }
    }

    /// The message as JSON text, or `null`.
    fn message_string(&self) -> Cow<'static, str> {
        let Some(message) = &self.message else { return Cow::Borrowed("null") };
        Cow::Owned(serde_json::Value::from(&**message).to_string())
    }

    /// The built-in body.
    fn body(&self) -> Bytes {
        let key = if self.kind == Type::AccessDenied { "Message" } else { "message" };
        let space = if self.moment == Moment::DuringExecution { " " } else { "" };
        Bytes::from(format!("{{\"{key}\":{space}{}}}", self.message_string()))
    }
}

/// An answer, complete but for the headers that every answer gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The status.
    pub status: StatusCode,
    /// `x-amzn-ErrorType`.
    pub error_type: &'static str,
    /// `Content-Type`.
    pub content_type: HeaderValue,
    /// Customised headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
}

/// The customised gateway responses of an API.
#[derive(Debug, Default)]
pub struct GatewayResponses {
    custom: BTreeMap<Type, Custom>,
}

#[derive(Debug)]
struct Custom {
    status: Option<StatusCode>,
    headers: Box<[(HeaderName, Source)]>,
    /// Media type -> template, in order of the media type.
    templates: Box<[(Box<str>, Text)]>,
}

impl GatewayResponses {
    /// Compiles the customised ones; what is wrong with them is left out and
    /// reported.
    pub(crate) fn compile(
        declared: &BTreeMap<Type, GatewayResponse>,
        faults: &mut Vec<Fault>,
    ) -> Self {
        let custom = declared.iter().map(|(kind, response)| {
            let mut fault = |reason: String| {
                faults.push(Fault::poisoned(format!("gateway response {kind}"), reason));
            };
            (*kind, Custom::compile(response, &mut fault))
        });
        Self { custom: custom.collect() }
    }

    /// Whether nothing is customised.
    pub fn is_empty(&self) -> bool {
        self.custom.is_empty()
    }

    /// The answer to an error.
    pub fn render(&self, error: &GatewayError, values: &dyn Values) -> Rendered {
        let Some(custom) = self.custom_for(error) else { return Self::built_in(error) };
        let values = WithError { values, error };
        let headers = custom.headers.iter().filter_map(|(name, source)| {
            Some((name.clone(), source.value(&values)?.into_header()?))
        });
        let headers = headers.collect();
        let (content_type, body) = match custom.template(&values) {
            Some((media, text)) => (
                HeaderValue::from_str(media).unwrap_or_else(|_| JSON.clone()),
                text.render(&values),
            ),
            None => (JSON.clone(), error.body()),
        };
        let status = custom.status.unwrap_or(error.status);
        Rendered { status, error_type: error.error_type, content_type, headers, body }
    }

    /// The built-in answer, also for requests that reached no API.
    pub fn built_in(error: &GatewayError) -> Rendered {
        Rendered {
            status: error.status,
            error_type: error.error_type,
            content_type: JSON.clone(),
            headers: Vec::new(),
            body: error.body(),
        }
    }

    fn custom_for(&self, error: &GatewayError) -> Option<&Custom> {
        if self.custom.is_empty() || error.kind == Type::RequestTooLarge {
            return None;
        }
        let class =
            if error.status.is_client_error() { Type::Default4xx } else { Type::Default5xx };
        self.custom.get(&error.kind).or_else(|| self.custom.get(&class))
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl Custom {
    fn compile(response: &GatewayResponse, fault: &mut impl FnMut(String)) -> Self {
        let status = response.status_code.as_deref().and_then(|text| {
            let status = text.parse::<u16>().ok().and_then(|n| StatusCode::from_u16(n).ok());
            // A status below 200 would end no response.
            let status = status.filter(|status| status.as_u16() >= 200);
            if status.is_none() {
                fault(format!("invalid status code {text:?}"));
            }
            status
        });
        let mut headers = Vec::new();
        for (target, expression) in &response.response_parameters {
            let Some(name) = target.strip_prefix("gatewayresponse.header.") else {
                continue;
            };
            match (name.parse::<HeaderName>(), Source::refusal(expression)) {
                (Ok(name), Ok(source)) => headers.push((name, source)),
                (Err(_), _) => fault(format!("invalid header name {name:?}")),
                (_, Err(reason)) => fault(reason),
            }
        }
        let template =
            |(media, text): (&String, &String)| (media.as_str().into(), Text::plain(text));
        let templates = response.response_templates.iter().map(template).collect();
        Self { status, headers: headers.into(), templates }
    }

    /// The template of the client's first accepted media type, else that of
    /// JSON, else the first.
    fn template(&self, values: &dyn Values) -> Option<(&str, &Text)> {
        let accept = values.header(&http::header::ACCEPT).and_then(|value| value.to_str().ok());
        pick(&self.templates, accept).map(|(media, text)| (&**media, text))
    }
}

/// The entry for the first media type of an `Accept` header, else for JSON,
/// else the first entry.
pub(crate) fn pick<'t, T>(
    templates: &'t [(Box<str>, T)],
    accept: Option<&str>,
) -> Option<&'t (Box<str>, T)> {
    let find = |wanted: &str| templates.iter().find(|(m, _)| m.eq_ignore_ascii_case(wanted));
    let first = accept.map(|accept| media_type(accept.split(',').next().unwrap_or_default()));
    first.and_then(find).or_else(|| find("application/json")).or_else(|| templates.first())
}

/// The media type that a header names, without its parameters. Compare it
/// without regard to case.
pub fn media_type(header: &str) -> &str {
    header.split(';').next().unwrap_or_default().trim()
}

/// The values of a request together with the error that ended it.
struct WithError<'a> {
    values: &'a dyn Values,
    error: &'a GatewayError,
}

impl Values for WithError<'_> {
    fn inner(&self) -> Option<&dyn Values> {
        Some(self.values)
    }

    fn context(&self, variable: ContextVar) -> Option<Cow<'_, str>> {
        match variable {
            ContextVar::ErrorMessage => self.error.message.as_deref().map(Cow::Borrowed),
            ContextVar::ErrorMessageString => Some(self.error.message_string()),
            ContextVar::ErrorResponseType => Some(Cow::Borrowed(self.error.kind.as_str())),
            ContextVar::ErrorValidation => self.error.validation.as_deref().map(Cow::Borrowed),
            other => self.values.context(other),
        }
    }
}
