//! Authorizers become security schemes; methods name them.

use std::collections::{BTreeMap, BTreeSet};

use gw_model::{Authorizer, AuthorizerId, Method, RestApi, ValidatorId};
use serde_json::{Value, json};

use super::{ExportOptions, documentation::Published};
use crate::{context::Members, schema::unique, security::default_type};

/// What stands in a scheme without a header of its own.
const NO_HEADER: &str = "Unused";

/// The name of each scheme. Names are unique: authorizers keep theirs.
pub(super) struct Schemes {
    authorizers: BTreeMap<AuthorizerId, String>,
    /// Present where a method needs it.
    iam: Option<String>,
    api_key: Option<String>,
}

impl Schemes {
    pub(super) fn of(api: &RestApi) -> Self {
        let names = api.authorizers.iter().map(|(id, authorizer)| (id, authorizer.name.as_str()));
        let authorizers = distinct(names);
        let mut taken: BTreeSet<String> = authorizers.values().cloned().collect();
        let mut needed = |name: &str, needs: &dyn Fn(&Method) -> bool| {
            let mut methods = api.resources.values().flat_map(|resource| resource.methods.values());
            methods.any(needs).then(|| {
                let name = unique(name, &taken);
                taken.insert(name.clone());
                name
            })
        };
        Self {
            iam: needed("sigv4", &|method| method.authorization_type == "AWS_IAM"),
            api_key: needed("api_key", &|method| method.api_key_required),
            authorizers,
        }
    }

    /// A method's `security`; empty where anybody may call it.
    pub(super) fn requirements(&self, method: &Method) -> Vec<Value> {
        let mut requirements = Vec::new();
        let scheme = match method.authorization_type.as_str() {
            "AWS_IAM" => self.iam.as_ref(),
            "NONE" => None,
            _ => method.authorizer_id.as_ref().and_then(|id| self.authorizers.get(id)),
        };
        if let Some(name) = scheme {
            requirements.push(json!({name: method.authorization_scopes}));
        }
        if let Some(name) = self.api_key.as_ref().filter(|_| method.api_key_required) {
            requirements.push(json!({name: []}));
        }
        requirements
    }

    /// All schemes of the document.
    pub(super) fn definitions(
        &self,
        api: &RestApi,
        options: &ExportOptions<'_>,
        published: &Published<'_>,
    ) -> Members {
        let extended = options.extensions.authorizers;
        let mut schemes = Members::new();
        // By name, since ids say nothing.
        let by_name: BTreeMap<_, _> =
            self.authorizers.iter().map(|(id, name)| (name, id)).collect();
        for (name, id) in by_name {
            let mut scheme = authorizer(&api.authorizers[id], extended);
            published.authorizer(&api.authorizers[id].name, &mut scheme);
            schemes.insert(name.clone(), scheme.into());
        }
        if let Some(name) = &self.iam {
            let mut scheme = header("Authorization");
            if extended {
                scheme.insert("x-amazon-apigateway-authtype".into(), "awsSigv4".into());
            }
            schemes.insert(name.clone(), scheme.into());
        }
        if let Some(name) = &self.api_key {
            schemes.insert(name.clone(), header("x-api-key").into());
        }
        schemes
    }
}

/// A name for each id; a later one of equal names gets a number.
fn distinct<'a, I: Ord + Clone + 'a>(
    names: impl Iterator<Item = (&'a I, &'a str)>,
) -> BTreeMap<I, String> {
    let mut taken = BTreeSet::new();
    names
        .map(|(id, name)| {
            let name = unique(name, &taken);
            taken.insert(name.clone());
            (id.clone(), name)
        })
        .collect()
}

/// The name of each request validator; AWS does not demand that they differ.
pub(super) fn validator_names(api: &RestApi) -> BTreeMap<ValidatorId, String> {
    distinct(api.request_validators.iter().map(|(id, validator)| (id, validator.name.as_str())))
}

/// A scheme that reads a header, the only kind that REST APIs import.
fn header(name: &str) -> Members {
    [("type", "apiKey"), ("name", name), ("in", "header")]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.into()))
        .collect()
}

fn authorizer(authorizer: &Authorizer, extended: bool) -> Members {
    const HEADER_SOURCE: &str = "method.request.header.";
    let source = authorizer.identity_source.as_deref();
    // A token comes from one header, which the scheme itself names.
    let token = source
        .and_then(|source| source.strip_prefix(HEADER_SOURCE))
        .filter(|name| authorizer.kind != "REQUEST" && !name.contains(','));
    let mut scheme = header(token.unwrap_or(NO_HEADER));
    if !extended {
        return scheme;
    }
    let default = match authorizer.kind.as_str() {
        "JWT" => None,
        kind => Some(default_type(kind == "COGNITO_USER_POOLS")),
    };
    if let Some(auth_type) = authorizer.auth_type.as_deref().or(default) {
        scheme.insert("x-amazon-apigateway-authtype".into(), auth_type.into());
    }
    let mut members = Members::new();
    let mut put = |name: &str, value: Option<Value>| {
        members.extend(value.map(|value| (name.to_owned(), value)));
    };
    let text = |text: &Option<String>| text.clone().map(Value::from);
    put("type", Some(authorizer.kind.to_ascii_lowercase().into()));
    put("authorizerUri", text(&authorizer.authorizer_uri));
    put("authorizerCredentials", text(&authorizer.authorizer_credentials));
    put("identitySource", text(&authorizer.identity_source).filter(|_| token.is_none()));
    put("identityValidationExpression", text(&authorizer.identity_validation_expression));
    put("authorizerResultTtlInSeconds", authorizer.result_ttl_seconds.map(Value::from));
    let arns = &authorizer.provider_arns;
    put("providerARNs", (!arns.is_empty()).then(|| json!(arns)));
    put("jwtConfiguration", authorizer.jwt_configuration.as_ref().map(|issuers| json!(issuers)));
    scheme.insert("x-amazon-apigateway-authorizer".into(), members.into());
    scheme
}
