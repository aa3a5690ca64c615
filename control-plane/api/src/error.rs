//! The one place where an error becomes a status, AWS's exception and a body.

use axum::response::{IntoResponse, Response};
use gw_app::{Error, Kind};
use gw_wire::{Fault, gatewright::RELEASE_HEADER};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

/// Anything that a handler or the front door can fail with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// Found in the request itself.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Found by a use case.
    #[error(transparent)]
    App(#[from] Error),
    /// The caller did not authenticate.
    #[error(transparent)]
    Signature(#[from] gw_sigv4::Error),
    /// No operation has this verb and path.
    #[error("Unable to determine service/operation name to be authorized")]
    UnknownOperation,
    /// An operation of AWS that this version does not have.
    #[error("{0} is not available in this version of Gatewright")]
    Unavailable(&'static str),
    /// Not ready to serve.
    #[error("{0}")]
    NotReady(String),
    /// The caller went away, or sent a body that cannot be read.
    #[error("the request body could not be read")]
    BrokenBody,
}

/// An error as it goes out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) extra: Option<(HeaderName, String)>,
}

impl ApiError {
    /// Status, exception, text and headers. `account` stands in AWS's text
    /// for an unknown API.
    pub(crate) fn render(&self, account: &str) -> Rendered {
        let plain =
            |status, code| Rendered { status, code, message: self.to_string(), extra: None };
        match self {
            Self::Fault(fault) => plain(
                StatusCode::from_u16(fault.kind.status()).unwrap_or(StatusCode::BAD_REQUEST),
                fault.kind.code(),
            ),
            Self::App(error) => app_error(error, account),
            Self::Signature(error) => plain(StatusCode::FORBIDDEN, error.code()),
            Self::UnknownOperation => plain(StatusCode::FORBIDDEN, "AccessDeniedException"),
            Self::Unavailable(_) | Self::BrokenBody => {
                plain(StatusCode::BAD_REQUEST, "BadRequestException")
            }
            Self::NotReady(_) => {
                plain(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException")
            }
        }
    }

    /// Whether the fault is ours and its chain belongs into the log.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self, Self::App(Error::Internal(_) | Error::Unavailable(_)))
    }
}

fn app_error(error: &Error, account: &str) -> Rendered {
    let make = |status, code, message: String| Rendered { status, code, message, extra: None };
    let text = error.to_string();
    match error {
        Error::NotFound { kind, id } => {
            make(StatusCode::NOT_FOUND, "NotFoundException", not_found(*kind, id, account))
        }
        Error::Conflict(_) | Error::Stale { .. } => {
            make(StatusCode::CONFLICT, "ConflictException", text)
        }
        Error::Contended(_) => make(
            StatusCode::CONFLICT,
            "ConflictException",
            "Unable to complete operation due to concurrent modification. Please try again later."
                .to_owned(),
        ),
        Error::BadRequest(_) => make(StatusCode::BAD_REQUEST, "BadRequestException", text),
        Error::Rejected { release, .. } => Rendered {
            extra: Some((HeaderName::from_static(RELEASE_HEADER), release.to_string())),
            ..make(StatusCode::BAD_REQUEST, "BadRequestException", text)
        },
        Error::LimitExceeded(_) => Rendered {
            extra: Some((header::RETRY_AFTER, "60".to_owned())),
            ..make(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", text)
        },
        Error::Unauthenticated => {
            let refused = gw_sigv4::Error::UnrecognizedClient;
            make(StatusCode::FORBIDDEN, refused.code(), refused.to_string())
        }
        Error::NoNode(_) | Error::Unavailable(_) => Rendered {
            extra: Some((header::RETRY_AFTER, "1".to_owned())),
            ..make(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", text)
        },
        Error::Internal(_) => make(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalFailure",
            "The request processing has failed because of an unknown error".to_owned(),
        ),
    }
}

/// AWS's text for an id that names nothing.
fn not_found(kind: Kind, id: &str, account: &str) -> String {
    match kind {
        Kind::RestApi => format!("Invalid API identifier specified {account}:{id}"),
        Kind::Resource => "Invalid Resource identifier specified".to_owned(),
        Kind::Method => "Invalid Method identifier specified".to_owned(),
        Kind::Integration => "Invalid Integration identifier specified".to_owned(),
        Kind::MethodResponse | Kind::IntegrationResponse => {
            "Invalid Response status code specified".to_owned()
        }
        Kind::Model => format!("Invalid model name specified: {id}"),
        Kind::RequestValidator => "Invalid Request Validator identifier specified".to_owned(),
        Kind::Authorizer => "Invalid Authorizer identifier specified".to_owned(),
        Kind::GatewayResponse => "Gateway response type not defined on api".to_owned(),
        Kind::DocumentationPart => "Invalid Documentation part identifier specified".to_owned(),
        Kind::DocumentationVersion => {
            "Invalid Documentation version identifier specified".to_owned()
        }
        Kind::Deployment => "Invalid Deployment identifier specified".to_owned(),
        Kind::Stage => "Invalid stage identifier specified".to_owned(),
        Kind::ApiKey => "Invalid API Key identifier specified".to_owned(),
        Kind::UsagePlan => "Invalid Usage Plan ID specified".to_owned(),
        Kind::PlanStage => format!("Invalid API Stage {id}"),
        Kind::DomainName => "Invalid domain name identifier specified".to_owned(),
        Kind::BasePathMapping => "Invalid base path mapping identifier specified".to_owned(),
        Kind::AccessAssociation => {
            "Invalid domain name access association identifier specified".to_owned()
        }
        Kind::Certificate => format!("Invalid certificate ARN specified: {id}"),
        Kind::ClientCertificate => "Invalid Client Certificate identifier specified".to_owned(),
        Kind::VpcLink => "Invalid Vpc Link identifier specified".to_owned(),
        Kind::VpcTarget => format!("Invalid VPC target specified: {id}"),
        Kind::Release => format!("Invalid release number specified: {id}"),
        Kind::Node => format!("Invalid node name specified: {id}"),
    }
}

/// Handlers hand the error to the front door, which knows the account.
#[derive(Clone)]
pub(crate) struct Failed(pub(crate) std::sync::Arc<ApiError>);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Failed(std::sync::Arc::new(self)));
        response
    }
}

impl Rendered {
    /// AWS's shape: the message in the body, the exception in a header.
    pub(crate) fn into_response(self) -> Response {
        let body = json!({ "message": self.message }).to_string();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(self.code));
        if let Some((name, value)) = self.extra
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            headers.insert(name, value);
        }
        response
    }
}
