//! The declared form of an authorizer.

use serde::{Deserialize, Serialize};

/// Who decides whether a request may pass.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorizer {
    /// The authorizer's name.
    pub name: String,
    /// `TOKEN`, `REQUEST`, `COGNITO_USER_POOLS` or `JWT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text shown as authorization type in exports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<String>,
    /// The function's invocation ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_uri: Option<String>,
    /// A role ARN for the invocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_credentials: Option<String>,
    /// Where the identity is read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_source: Option<String>,
    /// A regular expression for tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_validation_expression: Option<String>,
    /// 0 to 3,600 seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_ttl_seconds: Option<u32>,
    /// User pools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provider_arns: Vec<String>,
    /// Whose tokens a `JWT` authorizer takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt_configuration: Option<JwtConfiguration>,
}

/// Whose tokens a `JWT` authorizer takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtConfiguration {
    /// At least one.
    pub issuers: Vec<JwtIssuer>,
    /// Algorithms of signatures; empty means AWS's default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_algorithms: Vec<String>,
}

/// An issuer of tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtIssuer {
    /// An `https` URL; the token's `iss`.
    pub issuer: String,
    /// The token's `aud` must hold one of them.
    pub audiences: Vec<String>,
    /// What else must hold of the token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_claims: Vec<JwtClaim>,
}

/// A claim that a token must make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtClaim {
    /// Its name.
    pub claim_name: String,
    /// `SINGLE_STRING` or `STRING_LIST`, when given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Whether a token without it is refused.
    #[serde(default)]
    pub required: bool,
    /// One of them; empty means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expected_values: Vec<String>,
}
