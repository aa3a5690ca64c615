//! The answers that the gateway gives on its own behalf.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! types {
    ($($variant:ident = $name:literal, $status:expr;)*) => {
        /// The 21 types of AWS, with their names and default statuses.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[expect(missing_docs, reason = "AWS's names; the request lifecycle tells when each occurs")]
        pub enum GatewayResponseType {
            $(#[serde(rename = $name)] $variant,)*
        }

        impl GatewayResponseType {
            /// Every type, in AWS's alphabetical order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// AWS's name of the type.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The built-in status; `None` for the two defaults, which have none.
            pub const fn default_status(self) -> Option<u16> {
                match self { $(Self::$variant => $status,)* }
            }
        }
    };
}

types! {
    AccessDenied = "ACCESS_DENIED", Some(403);
    ApiConfigurationError = "API_CONFIGURATION_ERROR", Some(500);
    AuthorizerConfigurationError = "AUTHORIZER_CONFIGURATION_ERROR", Some(500);
    AuthorizerFailure = "AUTHORIZER_FAILURE", Some(500);
    BadRequestBody = "BAD_REQUEST_BODY", Some(400);
    BadRequestParameters = "BAD_REQUEST_PARAMETERS", Some(400);
    Default4xx = "DEFAULT_4XX", None;
    Default5xx = "DEFAULT_5XX", None;
    ExpiredToken = "EXPIRED_TOKEN", Some(403);
    IntegrationFailure = "INTEGRATION_FAILURE", Some(504);
    IntegrationTimeout = "INTEGRATION_TIMEOUT", Some(504);
    InvalidApiKey = "INVALID_API_KEY", Some(403);
    InvalidSignature = "INVALID_SIGNATURE", Some(403);
    MissingAuthenticationToken = "MISSING_AUTHENTICATION_TOKEN", Some(403);
    QuotaExceeded = "QUOTA_EXCEEDED", Some(429);
    RequestTooLarge = "REQUEST_TOO_LARGE", Some(413);
    ResourceNotFound = "RESOURCE_NOT_FOUND", Some(404);
    Throttled = "THROTTLED", Some(429);
    Unauthorized = "UNAUTHORIZED", Some(401);
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", Some(415);
    WafFiltered = "WAF_FILTERED", Some(403);
}

impl fmt::Display for GatewayResponseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names none of the types.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid gateway response type: {0}")]
pub struct InvalidGatewayResponseType(pub String);

impl FromStr for GatewayResponseType {
    type Err = InvalidGatewayResponseType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| InvalidGatewayResponseType(text.to_owned()))
    }
}

/// A customised gateway response.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayResponse {
    /// Replaces the default status, three digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    /// `gatewayresponse.header.{name}` -> a mapping expression.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: BTreeMap<String, String>,
    /// Media type -> template; plain substitution, no Velocity.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_templates: BTreeMap<String, String>,
}
