//! Authorizers.

use super::Checked;
use crate::{Authorizer, JwtConfiguration, name::is_parameter_name};

/// The longest time for which an authorizer's answer is kept, in seconds.
pub const MAX_RESULT_TTL_SECONDS: u32 = 3600;

/// The time for which an answer is kept unless told otherwise, in seconds.
pub const DEFAULT_RESULT_TTL_SECONDS: u32 = 300;

/// The kinds of authorizer.
pub const AUTHORIZER_TYPES: &[&str] = &["TOKEN", "REQUEST", "COGNITO_USER_POOLS", "JWT"];

/// Checks an authorizer as `CreateAuthorizer` does.
///
/// # Errors
/// The first rule that it breaks, in AWS's words where they are known.
pub fn authorizer(authorizer: &Authorizer) -> Checked {
    if authorizer.name.trim().is_empty() {
        return Err("Authorizer name cannot be blank".to_owned());
    }
    let ttl = authorizer.result_ttl_seconds.unwrap_or(DEFAULT_RESULT_TTL_SECONDS);
    if ttl > MAX_RESULT_TTL_SECONDS {
        return Err(bad_ttl());
    }
    if let Some(role) = &authorizer.authorizer_credentials
        && !role.starts_with("arn:")
    {
        return Err("Invalid ARN specified in the request".to_owned());
    }
    let source = authorizer.identity_source.as_deref();
    match authorizer.kind.as_str() {
        "TOKEN" => {
            function(authorizer)?;
            token_source(source)
        }
        "REQUEST" => {
            function(authorizer)?;
            request_sources(source.unwrap_or_default(), ttl)
        }
        "COGNITO_USER_POOLS" => {
            if authorizer.provider_arns.is_empty() {
                return Err("At least one provider ARN must be specified".to_owned());
            }
            authorizer.provider_arns.iter().try_for_each(|arn| user_pool(arn))?;
            token_source(source)
        }
        "JWT" => {
            jwt(authorizer.jwt_configuration.as_ref())?;
            token_source(source)
        }
        other => Err(format!(
            "Invalid authorizer type specified: {other}. Must be one of: [{}]",
            AUTHORIZER_TYPES.join(", ")
        )),
    }
}

/// A time outside its range.
pub fn bad_ttl() -> String {
    format!("Authorizer result TTL must be between 0 and {MAX_RESULT_TTL_SECONDS} seconds")
}

/// `arn:{partition}:apigateway:{region}:lambda:path/{version}/functions/{function}/invocations`.
fn function(authorizer: &Authorizer) -> Checked {
    let uri = authorizer.authorizer_uri.as_deref().unwrap_or("null");
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let fine = matches!(parts.as_slice(), ["arn", partition, "apigateway", region, "lambda", path]
        if !partition.is_empty()
            && !region.is_empty()
            && path.starts_with("path/")
            && path.contains("/functions/")
            && path.ends_with("/invocations"));
    if fine {
        return Ok(());
    }
    Err(format!(
        "Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN that \
         represents a Lambda function invocation."
    ))
}

fn token_source(source: Option<&str>) -> Checked {
    let source = source.unwrap_or("null");
    if source.strip_prefix("method.request.header.").is_some_and(is_source_name) {
        return Ok(());
    }
    Err(format!(
        "Invalid token source expression: {source}. The source must be a method request header, \
         matching 'method.request.header.[a-zA-Z0-9._-]+'."
    ))
}

fn is_source_name(name: &str) -> bool {
    is_parameter_name(name) && !name.contains('$')
}

/// A list with commas; it may be empty where no answer is kept.
fn request_sources(sources: &str, ttl_seconds: u32) -> Checked {
    if sources.trim().is_empty() {
        if ttl_seconds == 0 {
            return Ok(());
        }
        return Err("An identity source is required for a REQUEST authorizer whose results are \
                    cached"
            .to_owned());
    }
    let prefixes =
        ["method.request.header.", "method.request.querystring.", "stageVariables.", "context."];
    for source in sources.split(',').map(str::trim) {
        let name = prefixes.iter().find_map(|prefix| source.strip_prefix(prefix));
        if !name.is_some_and(is_source_name) {
            return Err(format!(
                "Invalid identity source expression: {source}. Sources must be headers, query \
                 strings, stage variables or context variables"
            ));
        }
    }
    Ok(())
}

/// `arn:{partition}:cognito-idp:{region}:{account}:userpool/{id}`.
fn user_pool(arn: &str) -> Checked {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let fine = matches!(parts.as_slice(), ["arn", _, "cognito-idp", region, account, pool]
        if !region.is_empty()
            && !account.is_empty()
            && pool.strip_prefix("userpool/").is_some_and(|id| !id.is_empty()));
    if fine { Ok(()) } else { Err(format!("Invalid Cognito User Pool ARN specified: {arn}")) }
}

fn jwt(configuration: Option<&JwtConfiguration>) -> Checked {
    let issuers = configuration.map(|configuration| &*configuration.issuers).unwrap_or_default();
    if issuers.is_empty() {
        return Err("A JWT authorizer requires at least one issuer".to_owned());
    }
    for issuer in issuers {
        if !issuer.issuer.starts_with("https://") {
            return Err(format!(
                "Invalid issuer specified: {}. Issuers must be https URLs",
                issuer.issuer
            ));
        }
        if issuer.audiences.is_empty() {
            return Err(format!("Issuer {} requires at least one audience", issuer.issuer));
        }
        const RESERVED: &[&str] = &["iss", "aud", "exp", "nbf", "iat", "scope", "scp"];
        for claim in &issuer.additional_claims {
            if claim.claim_name.is_empty() || RESERVED.contains(&claim.claim_name.as_str()) {
                return Err(format!("Invalid claim name specified: {:?}", claim.claim_name));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTION: &str = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/\
                            arn:aws:lambda:eu-west-1:1:function:f/invocations";
    const POOL: &str = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_a";

    fn of(kind: &str, uri: Option<&str>, source: Option<&str>) -> Authorizer {
        Authorizer {
            name: "a".into(),
            kind: kind.into(),
            authorizer_uri: uri.map(str::to_owned),
            identity_source: source.map(str::to_owned),
            ..Authorizer::default()
        }
    }

    #[test]
    fn members_by_type() {
        let header = Some("method.request.header.Authorization");
        let table = [
            (of("TOKEN", Some(FUNCTION), header), ""),
            (of("TOKEN", None, header), "Invalid Authorizer URI: null."),
            (of("TOKEN", Some("arn:aws:lambda:r:1:function:f"), header), "Invalid Authorizer URI:"),
            (of("TOKEN", Some(FUNCTION), None), "Invalid token source expression: null."),
            (
                of("TOKEN", Some(FUNCTION), Some("method.request.querystring.a")),
                "Invalid token source expression: method.request.querystring.a.",
            ),
            (
                of(
                    "TOKEN",
                    Some(FUNCTION),
                    Some("method.request.header.a, method.request.header.b"),
                ),
                "Invalid token source expression:",
            ),
            (
                of(
                    "REQUEST",
                    Some(FUNCTION),
                    Some("method.request.header.a, stageVariables.b,context.identity.sourceIp"),
                ),
                "",
            ),
            (of("REQUEST", Some(FUNCTION), None), "An identity source is required"),
            (
                of("REQUEST", Some(FUNCTION), Some("method.request.path.a")),
                "Invalid identity source expression: method.request.path.a.",
            ),
            (of("COGNITO_USER_POOLS", None, header), "At least one provider ARN"),
            (of("JWT", None, header), "requires at least one issuer"),
            (of("PASSWORD", None, header), "Invalid authorizer type specified: PASSWORD"),
        ];
        for (given, part) in table {
            match authorizer(&given) {
                Ok(()) => assert_eq!(part, "", "{given:?}"),
                Err(text) => assert!(!part.is_empty() && text.contains(part), "{text}"),
            }
        }
        let without_cache =
            Authorizer { result_ttl_seconds: Some(0), ..of("REQUEST", Some(FUNCTION), None) };
        assert_eq!(authorizer(&without_cache), Ok(()));
        let long = Authorizer {
            result_ttl_seconds: Some(3601),
            ..of("TOKEN", Some(FUNCTION), Some("method.request.header.a"))
        };
        assert_eq!(authorizer(&long), Err(bad_ttl()));
        let pools = |arn: &str| Authorizer {
            provider_arns: vec![arn.into()],
            ..of("COGNITO_USER_POOLS", None, Some("method.request.header.a"))
        };
        assert_eq!(authorizer(&pools(POOL)), Ok(()));
        assert!(authorizer(&pools("arn:aws:cognito-idp:r:1:pool/x")).is_err());
    }
}
