//! Security schemes become authorizers; an operation's security picks one of
//! them, IAM, or an API key.

use std::collections::BTreeMap;

use gw_model::{Authorizer, AuthorizerId, JwtConfiguration, Method, check};
use serde_json::Value;

use crate::{
    context::{Context, Members},
    import::AdaptationKind,
    paths::Operation,
};

/// What a scheme asks of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scheme {
    /// A key of a usage plan.
    ApiKey,
    /// A signature.
    Iam,
    /// A Lambda authorizer of this name.
    Custom(String),
    /// A user pool authorizer of this name.
    Cognito(String),
    /// An authorizer of this name that reads signed tokens itself.
    Jwt(String),
    /// A scheme that AWS ignores; the text is its type.
    Unsupported(String),
}

/// The schemes of a document.
#[derive(Debug, Default)]
pub(crate) struct Security {
    schemes: BTreeMap<String, Scheme>,
    pub(crate) authorizers: BTreeMap<String, Authorizer>,
}

impl Security {
    /// Reads every scheme, whether an operation uses it or not.
    pub(crate) fn read(ctx: &mut Context<'_>) -> Self {
        let mut security = Self::default();
        let definitions = ctx.definitions("securitySchemes", "securityDefinitions");
        for (name, value) in definitions.into_iter().flatten() {
            let place = format!("securitySchemes.{name}");
            let Some(value) = ctx.resolve(value, &place) else { continue };
            let Some(members) = ctx.map(value, &place) else { continue };
            if let Some(scheme) = security.scheme(ctx, name, members) {
                security.schemes.insert(name.clone(), scheme);
            }
        }
        security
    }

    fn scheme<'d>(
        &mut self,
        ctx: &mut Context<'d>,
        name: &str,
        members: &'d Members,
    ) -> Option<Scheme> {
        let place = format!("securitySchemes.{name}");
        let auth_type = ctx.text(members, "x-amazon-apigateway-authtype", &place);
        let extension = ctx
            .member(members, "x-amazon-apigateway-authorizer", &format!("{place}."))
            .filter(|extension| !extension.is_empty());
        if let Some(extension) = extension {
            let authorizer = authorizer(ctx, name, members, extension, auth_type)?;
            let scheme = match authorizer.kind.as_str() {
                "COGNITO_USER_POOLS" => Scheme::Cognito(name.to_owned()),
                "JWT" => Scheme::Jwt(name.to_owned()),
                _ => Scheme::Custom(name.to_owned()),
            };
            self.authorizers.insert(name.to_owned(), authorizer);
            return Some(scheme);
        }
        if auth_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("awsSigv4")) {
            return Some(Scheme::Iam);
        }
        let text = |key| members.get(key).and_then(Value::as_str).unwrap_or_default();
        let header = text("in") == "header" && text("name").eq_ignore_ascii_case("x-api-key");
        if text("type") == "apiKey" && header {
            return Some(Scheme::ApiKey);
        }
        if text("type") != "apiKey" {
            let kind = text("type");
            ctx.warn(format!(
                "Unsupported security definition type '{kind}' for '{name}'. Ignoring."
            ));
        }
        Some(Scheme::Unsupported(text("type").to_owned()))
    }

    /// Sets what the `security` of an operation asks for. All requirements of
    /// the list count, as at AWS; the first authorizer is taken.
    pub(crate) fn apply<'d>(
        &self,
        ctx: &mut Context<'d>,
        operation: &'d Members,
        place: &str,
        method: &mut Method,
    ) {
        // What the root says holds for operations that are silent.
        let extension = "x-amazon-apigateway-auth";
        let holder = if operation.contains_key(extension) { operation } else { ctx.root };
        if let Some(auth) = ctx.member(holder, extension, "") {
            match ctx.text(auth, "type", place).unwrap_or_default().to_ascii_uppercase().as_str() {
                "AWS_IAM" => method.authorization_type = "AWS_IAM".to_owned(),
                "NONE" | "" => {}
                other => ctx.error(format!(
                    "Unable to put method {place}: Invalid authorization type specified: {other}"
                )),
            }
        }
        let requirements = operation.get("security").and_then(Value::as_array);
        for requirement in requirements.into_iter().flatten() {
            for (name, scopes) in requirement.as_object().into_iter().flatten() {
                self.require(ctx, name, scopes, place, method);
            }
        }
    }

    fn require(
        &self,
        ctx: &mut Context<'_>,
        name: &str,
        scopes: &Value,
        place: &str,
        method: &mut Method,
    ) {
        let (kind, authorizer) = match self.schemes.get(name) {
            Some(Scheme::ApiKey) => {
                method.api_key_required = true;
                return;
            }
            Some(Scheme::Iam) => ("AWS_IAM", None),
            Some(Scheme::Custom(name)) => ("CUSTOM", Some(name)),
            Some(Scheme::Cognito(name)) => ("COGNITO_USER_POOLS", Some(name)),
            Some(Scheme::Jwt(name)) => ("JWT", Some(name)),
            // Already warned of, once for the document.
            Some(Scheme::Unsupported(_)) => return,
            None => {
                let fault =
                    format!("Unable to put method {place}: Unknown security scheme '{name}'");
                return ctx.refuse_or_drop(place, fault);
            }
        };
        if method.authorization_type != "NONE" {
            return ctx.warn(format!(
                "More than one authorizer for method {place}. Ignoring all but the first."
            ));
        }
        method.authorization_type = kind.to_owned();
        method.authorizer_id = authorizer.map(|name| AuthorizerId::new(name.clone()));
        let scopes = scopes.as_array().into_iter().flatten();
        method.authorization_scopes = scopes.filter_map(Value::as_str).map(str::to_owned).collect();
    }
}

/// Says what the document's own `security` asks for, which AWS does not read
/// for REST APIs: who adapts a document must learn that it protects nothing.
pub(crate) fn tell_of_the_documents(ctx: &mut Context<'_>, operations: &[Operation<'_>]) {
    let requirements = ctx.root.get("security").and_then(Value::as_array);
    let mut schemes: Vec<&str> = requirements
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(|requirement| requirement.keys().map(String::as_str))
        .collect();
    schemes.dedup();
    let silent = operations.iter().filter(|one| !one.members.contains_key("security")).count();
    if ctx.adapting() && !schemes.is_empty() && silent > 0 {
        let schemes = schemes.join(", ");
        let left = if silent == 1 {
            "1 operation without one of its own is".to_owned()
        } else {
            format!("{silent} operations without one of their own are")
        };
        ctx.adapted(
            AdaptationKind::Dropped,
            "security",
            format!("the document's security ({schemes}) is not read for REST APIs: {left} open"),
        );
    }
}

fn authorizer<'d>(
    ctx: &mut Context<'d>,
    name: &str,
    scheme: &'d Members,
    extension: &'d Members,
    auth_type: Option<String>,
) -> Option<Authorizer> {
    let place = format!("securitySchemes.{name}.x-amazon-apigateway-authorizer");
    let unable = |reason: &str| format!("Unable to create authorizer '{name}': {reason}");
    let kind = ctx.text(extension, "type", &place).unwrap_or_default().to_ascii_uppercase();
    let (cognito, jwt) = (kind == "COGNITO_USER_POOLS", kind == "JWT");
    let header = scheme.get("name").and_then(Value::as_str).filter(|_| kind != "REQUEST");
    let from_header = header.map(|header| format!("method.request.header.{header}"));
    let ttl = ttl(ctx, extension, &unable);
    let default_ttl = (!cognito && !jwt).then_some(check::DEFAULT_RESULT_TTL_SECONDS);
    let authorizer = Authorizer {
        name: name.to_owned(),
        auth_type: auth_type.or_else(|| (!jwt).then(|| default_type(cognito).to_owned())),
        authorizer_uri: ctx.text(extension, "authorizerUri", &place),
        authorizer_credentials: ctx.text(extension, "authorizerCredentials", &place),
        identity_source: ctx.text(extension, "identitySource", &place).or(from_header),
        identity_validation_expression: ctx.text(extension, "identityValidationExpression", &place),
        result_ttl_seconds: ttl.or(default_ttl),
        provider_arns: ctx.texts(extension, "providerARNs", &place).unwrap_or_default(),
        jwt_configuration: if jwt { jwt_configuration(ctx, extension, &unable) } else { None },
        kind,
    };
    if let Err(reason) = check::authorizer(&authorizer) {
        ctx.error(unable(&reason));
    }
    Some(authorizer)
}

/// What AWS shows as authorization type where the document is silent.
pub(crate) fn default_type(cognito: bool) -> &'static str {
    if cognito { "cognito_user_pools" } else { "custom" }
}

fn jwt_configuration(
    ctx: &mut Context<'_>,
    extension: &Members,
    unable: &impl Fn(&str) -> String,
) -> Option<JwtConfiguration> {
    let value = extension.get("jwtConfiguration").filter(|value| !value.is_null())?.clone();
    let read = serde_json::from_value(value);
    read.map_err(|error| ctx.error(unable(&format!("Invalid jwtConfiguration: {error}")))).ok()
}

fn ttl(
    ctx: &mut Context<'_>,
    extension: &Members,
    unable: &impl Fn(&str) -> String,
) -> Option<u32> {
    let value = extension.get("authorizerResultTtlInSeconds").filter(|value| !value.is_null())?;
    let seconds = crate::context::scalar(value).and_then(|text| text.parse::<u32>().ok());
    if seconds.is_none() {
        ctx.error(unable(&check::bad_ttl()));
    }
    seconds
}
