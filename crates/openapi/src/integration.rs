//! `x-amazon-apigateway-integration` becomes an integration.

use std::{borrow::Cow, collections::BTreeMap};

use gw_model::{
    ConnectionType, ContentHandling, HttpMethod, Integration, IntegrationResponse, IntegrationType,
    PassthroughBehavior, check,
};
use serde_json::Value;

use crate::context::{Context, Members, scalar};

/// Where an integration stands, for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) verb: HttpMethod,
    pub(crate) path: &'a str,
}

impl Place<'_> {
    pub(crate) fn integration(self, reason: &str) -> String {
        format!(
            "Unable to put integration on '{}' for resource at path '{}': {reason}",
            self.verb, self.path
        )
    }

    pub(crate) fn response(self, reason: &str) -> String {
        format!(
            "Unable to put integration response on '{}' for resource at path '{}': {reason}",
            self.verb, self.path
        )
    }
}

/// Reads an integration object and checks it as `PutIntegration` would.
/// Faults go to the context; an integration without a known type is `None`.
pub(crate) fn read<'d>(
    ctx: &mut Context<'d>,
    value: &'d Value,
    place: Place<'_>,
) -> Option<Integration> {
    let Some(members) = value.as_object() else {
        ctx.error(place.integration("the integration is not of type `object`"));
        return None;
    };
    let kind = kind(ctx, members, place)?;
    let mut integration = Integration::of_kind(kind);
    let text = |name: &str| {
        members.get(name).and_then(scalar).map(Cow::into_owned).filter(|text| !text.is_empty())
    };
    integration.http_method = text("httpMethod").map(|verb| verb.to_ascii_uppercase());
    integration.uri = text("uri");
    integration.credentials = text("credentials");
    integration.connection_id = text("connectionId");
    integration.integration_target = text("integrationTarget");
    integration.cache_namespace = text("cacheNamespace");
    integration.response_transfer_mode =
        text("responseTransferMode").map(|mode| mode.to_ascii_uppercase());
    if let Some(connection) = text("connectionType") {
        integration.connection_type = match connection.to_ascii_uppercase().as_str() {
            "VPC_LINK" => ConnectionType::VpcLink,
            "INTERNET" => ConnectionType::Internet,
            _ => {
                ctx.error(
                    place.integration(&format!("Invalid connection type specified: {connection}")),
                );
                ConnectionType::Internet
            }
        };
    }
    if let Some(timeout) = text("timeoutInMillis") {
        // A whole number may be written with a fraction of zero.
        let whole = timeout.strip_suffix(".0").unwrap_or(&timeout);
        // What is no number is out of bounds, too.
        integration.timeout_ms = whole.parse().unwrap_or(0);
    }
    integration.passthrough_behavior = passthrough(ctx, members, place);
    integration.content_handling = content_handling(ctx, members, place);
    integration.cache_key_parameters = ctx
        .texts(members, "cacheKeyParameters", "x-amazon-apigateway-integration")
        .unwrap_or_default();
    integration.insecure_skip_verification = members
        .get("tlsConfig")
        .and_then(|tls| tls.get("insecureSkipVerification"))
        .and_then(Value::as_bool);
    integration.request_parameters = parameters(ctx, members, "requestParameters", place);
    integration.request_templates = templates(members, "requestTemplates");
    integration.responses = responses(ctx, members, place);
    if let Err(reason) = check::integration(&integration) {
        ctx.error(place.integration(&reason));
    }
    Some(integration)
}

fn kind(ctx: &mut Context<'_>, members: &Members, place: Place<'_>) -> Option<IntegrationType> {
    let text = members.get("type").and_then(scalar).unwrap_or_default();
    let kind = match text.to_ascii_lowercase().as_str() {
        "http" => IntegrationType::Http,
        "http_proxy" => IntegrationType::HttpProxy,
        "aws" => IntegrationType::Aws,
        "aws_proxy" => IntegrationType::AwsProxy,
        "mock" => IntegrationType::Mock,
        "" => {
            ctx.error(place.integration("Enumeration value for IntegrationType must be non-empty"));
            return None;
        }
        _ => {
            ctx.error(place.integration(&format!(
                "Invalid integration type '{text}' specified. Valid options are \
                 HTTP,HTTP_PROXY,AWS,AWS_PROXY,MOCK"
            )));
            return None;
        }
    };
    Some(kind)
}

fn passthrough(ctx: &mut Context<'_>, members: &Members, place: Place<'_>) -> PassthroughBehavior {
    let text = members.get("passthroughBehavior").and_then(scalar).unwrap_or_default();
    match text.to_ascii_lowercase().as_str() {
        "when_no_match" | "" => PassthroughBehavior::WhenNoMatch,
        "when_no_templates" => PassthroughBehavior::WhenNoTemplates,
        "never" => PassthroughBehavior::Never,
        _ => {
            ctx.error(
                place.integration(&format!("Invalid passthrough behavior specified: {text}")),
            );
            PassthroughBehavior::WhenNoMatch
        }
    }
}

fn content_handling(
    ctx: &mut Context<'_>,
    members: &Members,
    place: Place<'_>,
) -> Option<ContentHandling> {
    let text = members.get("contentHandling").and_then(scalar)?;
    match text.to_ascii_uppercase().as_str() {
        "CONVERT_TO_TEXT" => Some(ContentHandling::ConvertToText),
        "CONVERT_TO_BINARY" => Some(ContentHandling::ConvertToBinary),
        "" | "PASSTHROUGH" => None,
        _ => {
            ctx.error(place.integration(&format!("Invalid content handling specified: {text}")));
            None
        }
    }
}

/// A map of mapping expressions; AWS leaves out what is no text, with a warning.
fn parameters(
    ctx: &mut Context<'_>,
    members: &Members,
    name: &str,
    place: Place<'_>,
) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    for (key, value) in members.get(name).and_then(Value::as_object).into_iter().flatten() {
        match value {
            Value::String(text) => _ = parameters.insert(key.clone(), text.clone()),
            other => {
                ctx.warn(format!(
                    "Invalid format for '{name}'. Expected type string for property '{key}' of \
                     resource '{}' and method '{}' but got '{other}'",
                    place.path, place.verb
                ));
            }
        }
    }
    parameters
}

/// Templates; an empty or null one is stored as null. A template written as
/// JSON counts as its text.
fn templates(members: &Members, name: &str) -> BTreeMap<String, Option<String>> {
    let map = members.get(name).and_then(Value::as_object).into_iter().flatten();
    map.map(|(media_type, value)| {
        let text = match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            other => Some(other.to_string()),
        };
        (media_type.clone(), text)
    })
    .collect()
}

fn responses<'d>(
    ctx: &mut Context<'d>,
    members: &'d Members,
    place: Place<'_>,
) -> BTreeMap<String, IntegrationResponse> {
    let mut responses = BTreeMap::new();
    for (pattern, value) in ctx.member(members, "responses", "").into_iter().flatten() {
        let Some(entry) = ctx.map(value, &format!("responses.{pattern}")) else { continue };
        let status = entry.get("statusCode").and_then(scalar).unwrap_or_default();
        if !check::is_status_code(&status) {
            ctx.error(place.response(&format!(
                "Invalid status code '{status}' specified for response '{pattern}'"
            )));
            continue;
        }
        let response = IntegrationResponse {
            selection_pattern: (pattern != "default").then(|| pattern.clone()),
            response_parameters: parameters(ctx, entry, "responseParameters", place),
            response_templates: templates(entry, "responseTemplates"),
            content_handling: content_handling(ctx, entry, place),
        };
        if responses.insert(status.clone().into_owned(), response).is_some() {
            ctx.warn(format!(
                "More than one integration response with status code {status} for method '{} {}'. \
                 Ignoring all but the last.",
                place.verb, place.path
            ));
        }
    }
    responses
}
