//! Authorizers.

use gw_model::{JwtClaim, JwtConfiguration, JwtIssuer, check};
use serde::{Deserialize, Serialize};

use crate::{Body, Fault, FromBody};

/// An authorizer as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorizer {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `TOKEN`, `REQUEST`, `COGNITO_USER_POOLS` or `JWT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// User pools.
    #[serde(default, rename = "providerARNs", skip_serializing_if = "Vec::is_empty")]
    pub provider_arns: Vec<String>,
    /// Shown in exports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<String>,
    /// The function's invocation ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_uri: Option<String>,
    /// A role ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_credentials: Option<String>,
    /// Where the identity is read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_source: Option<String>,
    /// A regular expression for tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_validation_expression: Option<String>,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_result_ttl_in_seconds: Option<u32>,
    /// Whose tokens a `JWT` authorizer takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt_configuration: Option<JwtConfiguration>,
}

impl Authorizer {
    /// The answer for an authorizer.
    pub fn new(id: &str, authorizer: &gw_model::Authorizer) -> Self {
        Self {
            id: id.to_owned(),
            name: authorizer.name.clone(),
            kind: authorizer.kind.clone(),
            provider_arns: authorizer.provider_arns.clone(),
            auth_type: authorizer.auth_type.clone(),
            authorizer_uri: authorizer.authorizer_uri.clone(),
            authorizer_credentials: authorizer.authorizer_credentials.clone(),
            identity_source: authorizer.identity_source.clone(),
            identity_validation_expression: authorizer.identity_validation_expression.clone(),
            authorizer_result_ttl_in_seconds: authorizer.result_ttl_seconds,
            jwt_configuration: authorizer.jwt_configuration.clone(),
        }
    }
}

/// The body of `CreateAuthorizer`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateAuthorizer {
    /// Unique within the API.
    pub name: String,
    /// `TOKEN`, `REQUEST`, `COGNITO_USER_POOLS` or `JWT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// User pools.
    #[serde(default, rename = "providerARNs", skip_serializing_if = "Vec::is_empty")]
    pub provider_arns: Vec<String>,
    /// Shown in exports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<String>,
    /// The function's invocation ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_uri: Option<String>,
    /// A role ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_credentials: Option<String>,
    /// Where the identity is read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_source: Option<String>,
    /// A regular expression for tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_validation_expression: Option<String>,
    /// Seconds, 0 to 3,600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_result_ttl_in_seconds: Option<i64>,
    /// Whose tokens a `JWT` authorizer takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt_configuration: Option<JwtConfiguration>,
}

impl FromBody for CreateAuthorizer {
    const INPUT: &'static str = "createAuthorizerInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        let kind = body.one_of("type", check::AUTHORIZER_TYPES)?;
        if kind.is_none() {
            body.required("type")?;
        }
        Ok(Self {
            kind: kind.unwrap_or_default(),
            name: body.required("name")?,
            provider_arns: body.strings("providerARNs")?,
            auth_type: body.string("authType")?,
            authorizer_uri: body.string("authorizerUri")?,
            authorizer_credentials: body.string("authorizerCredentials")?,
            identity_source: body.string("identitySource")?,
            identity_validation_expression: body.string("identityValidationExpression")?,
            authorizer_result_ttl_in_seconds: body.integer("authorizerResultTtlInSeconds")?,
            jwt_configuration: body.object("jwtConfiguration", read_jwt)?,
        })
    }
}

fn read_jwt(body: &mut Body) -> Result<JwtConfiguration, Fault> {
    Ok(JwtConfiguration {
        issuers: body.objects("issuers", |issuer| {
            Ok(JwtIssuer {
                issuer: issuer.required("issuer")?,
                audiences: issuer.strings("audiences")?,
                additional_claims: issuer.objects("additionalClaims", |claim| {
                    Ok(JwtClaim {
                        claim_name: claim.required("claimName")?,
                        format: claim.string("format")?,
                        required: claim.boolean("required")?.unwrap_or_default(),
                        expected_values: claim.strings("expectedValues")?,
                    })
                })?,
            })
        })?,
        default_algorithms: body.strings("defaultAlgorithms")?,
    })
}

impl CreateAuthorizer {
    /// The authorizer to store, under the rules that need no look at other
    /// rows. AWS fills in `authType`, but not the TTL that it uses.
    ///
    /// # Errors
    /// AWS's text for the first rule broken.
    pub fn to_model(&self) -> Result<gw_model::Authorizer, Fault> {
        let text = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
        let ttl = self.authorizer_result_ttl_in_seconds.map(result_ttl).transpose()?;
        let default_type = match self.kind.as_str() {
            "TOKEN" | "REQUEST" => Some("custom"),
            "COGNITO_USER_POOLS" => Some("cognito_user_pools"),
            _ => None,
        };
        let authorizer = gw_model::Authorizer {
            name: self.name.clone(),
            kind: self.kind.clone(),
            auth_type: text(&self.auth_type).or_else(|| default_type.map(str::to_owned)),
            authorizer_uri: text(&self.authorizer_uri),
            authorizer_credentials: text(&self.authorizer_credentials),
            identity_source: text(&self.identity_source),
            identity_validation_expression: text(&self.identity_validation_expression),
            result_ttl_seconds: ttl,
            provider_arns: self.provider_arns.clone(),
            jwt_configuration: self.jwt_configuration.clone(),
        };
        check::authorizer(&authorizer).map_err(Fault::bad_request)?;
        Ok(authorizer)
    }
}

/// The range of `authorizerResultTtlInSeconds`.
pub(crate) fn result_ttl(seconds: i64) -> Result<u32, Fault> {
    u32::try_from(seconds)
        .ok()
        .filter(|seconds| *seconds <= check::MAX_RESULT_TTL_SECONDS)
        .ok_or_else(|| Fault::bad_request(check::bad_ttl()))
}
