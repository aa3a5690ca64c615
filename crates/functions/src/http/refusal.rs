//! What is refused, as AWS refuses it.

use http::StatusCode;
use http::header::HeaderValue;
use serde_json::json;

use super::Answer;

/// A call that is not answered with a function's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No such function, version or alias.
    NotFound(String),
    /// No room, with AWS's reason.
    Throttled(&'static str),
    /// The payload is no JSON.
    Content(String),
    /// The payload is longer than so many bytes.
    TooLarge(usize),
    /// A parameter that AWS's model does not allow.
    Validation(String),
    /// A parameter that makes no sense here.
    Parameter(String),
    /// The payload did not arrive.
    Broken(String),
    /// Our fault.
    Service(String),
    /// An operation that is not served here.
    Unknown,
}

impl Refusal {
    /// AWS's text for a value that does not fit its model.
    pub(crate) fn invalid(value: &str, member: &str, constraint: &str) -> Self {
        Self::Validation(format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy \
             constraint: {constraint}"
        ))
    }

    /// The answer to the caller.
    pub(crate) fn answer(self) -> Answer {
        // AWS writes some members `Message` and some `message`.
        let (status, kind, body) = match self {
            Self::NotFound(text) => {
                (404, "ResourceNotFoundException", json!({ "Type": "User", "Message": text }))
            }
            Self::Throttled(reason) => (
                429,
                "TooManyRequestsException",
                json!({ "Reason": reason, "Type": "User", "message": "Rate Exceeded." }),
            ),
            Self::Content(text) => (
                400,
                "InvalidRequestContentException",
                json!({
                    "Type": "User",
                    "message": format!("Could not parse request body into json: {text}"),
                }),
            ),
            Self::TooLarge(most) => {
                let text = format!(
                    "Request must be smaller than {most} bytes for the InvokeFunction operation"
                );
                (413, "RequestTooLargeException", json!({ "Type": "User", "message": text }))
            }
            Self::Validation(text) => (400, "ValidationException", json!({ "message": text })),
            Self::Parameter(text) => {
                (400, "InvalidParameterValueException", json!({ "Type": "User", "message": text }))
            }
            Self::Broken(text) => {
                (400, "InvalidRequestContentException", json!({ "Type": "User", "message": text }))
            }
            Self::Service(text) => {
                (500, "ServiceException", json!({ "Type": "Service", "Message": text }))
            }
            Self::Unknown => (
                404,
                "UnknownOperationException",
                json!({ "message": "gwctl functions serves no such operation" }),
            ),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = super::json(status, &body);
        answer.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(kind));
        answer
    }
}
