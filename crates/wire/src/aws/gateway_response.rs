//! Gateway responses.

use gw_model::{GatewayResponseType as Type, check};
use serde::{Deserialize, Serialize};

use super::{Templates, Texts};
use crate::{Body, Fault, FromBody};

/// A gateway response as AWS answers it, built-in ones included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayResponse {
    /// One of the 21 types.
    pub response_type: String,
    /// Absent for the two defaults until set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    /// Always there, also when empty.
    #[serde(default)]
    pub response_parameters: Texts,
    /// Media type -> template.
    #[serde(default)]
    pub response_templates: Texts,
    /// Nobody has customised it.
    pub default_response: bool,
}

/// The types in the order of AWS's message.
const TYPES: &[&str] = &[
    "REQUEST_TOO_LARGE",
    "RESOURCE_NOT_FOUND",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "MISSING_AUTHENTICATION_TOKEN",
    "BAD_REQUEST_BODY",
    "INVALID_SIGNATURE",
    "INVALID_API_KEY",
    "BAD_REQUEST_PARAMETERS",
    "AUTHORIZER_FAILURE",
    "UNAUTHORIZED",
    "INTEGRATION_TIMEOUT",
    "ACCESS_DENIED",
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "WAF_FILTERED",
    "QUOTA_EXCEEDED",
    "THROTTLED",
    "API_CONFIGURATION_ERROR",
    "UNSUPPORTED_MEDIA_TYPE",
    "INTEGRATION_FAILURE",
    "EXPIRED_TOKEN",
];

impl GatewayResponse {
    /// The template of a response that nobody has customised.
    pub const DEFAULT_TEMPLATE: &'static str = r#"{"message":$context.error.messageString}"#;

    /// Reads a type of a path.
    ///
    /// # Errors
    /// AWS's `ValidationException`.
    pub fn parse_type(text: &str) -> Result<Type, Fault> {
        text.parse().map_err(|_| {
            Fault::validation(&[format!(
                "Value '{text}' at 'responseType' failed to satisfy constraint: Member must \
                 satisfy enum value set: [{}]",
                TYPES.join(", ")
            )])
        })
    }

    /// The type from which one takes what nobody has customised.
    pub fn default_of(kind: Type) -> Type {
        match kind.default_status() {
            Some(500..) => Type::Default5xx,
            None if kind == Type::Default5xx => Type::Default5xx,
            _ => Type::Default4xx,
        }
    }

    /// The answer for a type. One that is not customised shows what the
    /// default of its class makes of it.
    pub fn new(
        kind: Type,
        custom: Option<&gw_model::GatewayResponse>,
        class: Option<&gw_model::GatewayResponse>,
    ) -> Self {
        let shown = custom.or(class);
        let status_code = shown
            .and_then(|response| response.status_code.clone())
            .or_else(|| kind.default_status().map(|status| status.to_string()));
        let templates = shown.map(|response| response.response_templates.clone());
        let response_templates =
            templates.filter(|templates| !templates.is_empty()).unwrap_or_else(default_templates);
        Self {
            response_type: kind.as_str().to_owned(),
            status_code,
            response_parameters: shown
                .map(|response| response.response_parameters.clone())
                .unwrap_or_default(),
            response_templates,
            default_response: custom.is_none(),
        }
    }
}

/// What is shown where there are no templates.
pub(crate) fn default_templates() -> Texts {
    [("application/json".to_owned(), GatewayResponse::DEFAULT_TEMPLATE.to_owned())].into()
}

/// The body of `PutGatewayResponse`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PutGatewayResponse {
    /// Three digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    /// `gatewayresponse.header.{name}` -> mapping expression.
    #[serde(default, skip_serializing_if = "Templates::is_empty")]
    pub response_parameters: Templates,
    /// Media type -> template.
    #[serde(default, skip_serializing_if = "Templates::is_empty")]
    pub response_templates: Templates,
}

impl FromBody for PutGatewayResponse {
    const INPUT: &'static str = "putGatewayResponseInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            status_code: body.status_code("statusCode")?,
            response_parameters: body.nullable_map("responseParameters")?,
            response_templates: body.nullable_map("responseTemplates")?,
        })
    }
}

impl PutGatewayResponse {
    /// The gateway response to store.
    ///
    /// # Errors
    /// AWS's text for the first rule broken.
    pub fn to_model(&self) -> Result<gw_model::GatewayResponse, Fault> {
        let filled = |map: &Templates, member: &str| -> Result<Texts, Fault> {
            let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
            let empty = || Fault::bad_request(format!("Invalid null or empty value in {member}"));
            map.iter()
                .map(|(key, value)| Ok((key.clone(), text(value).ok_or_else(empty)?)))
                .collect()
        };
        let response = gw_model::GatewayResponse {
            status_code: self.status_code.clone().filter(|status| !status.is_empty()),
            response_parameters: filled(&self.response_parameters, "responseParameters")?,
            response_templates: filled(&self.response_templates, "responseTemplates")?,
        };
        check::gateway_response(&response).map_err(Fault::bad_request)?;
        Ok(response)
    }
}
