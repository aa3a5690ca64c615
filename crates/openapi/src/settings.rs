//! The extensions at the root of a document.

use std::collections::BTreeMap;

use gw_model::{ApiKeySource, GatewayResponse, GatewayResponseType, RequestValidator, check};
use serde_json::Value;

use crate::{
    Settings, Variables,
    context::{Context, Members, Version, scalar},
    server,
};

/// The largest compression threshold, in bytes.
const MAX_COMPRESSION_SIZE_BYTES: u64 = 10_485_760;

/// What the extensions set on the API itself.
pub(crate) fn read(ctx: &mut Context<'_>) -> Settings {
    let root = ctx.root;
    let mut settings = Settings {
        api_key_source: api_key_source(ctx),
        binary_media_types: ctx.texts(root, "x-amazon-apigateway-binary-media-types", "root"),
        minimum_compression_size_bytes: compression(ctx),
        policy: policy(ctx),
        endpoint_access_mode: ctx.text(root, "x-amazon-apigateway-endpoint-access-mode", "root"),
        security_policy: ctx.text(root, "x-amazon-apigateway-security-policy", "root"),
        endpoint_type: ctx.options.endpoint_type,
        ..Settings::default()
    };
    let holder = match ctx.version {
        Version::Swagger2 => Some(root),
        Version::OpenApi3 => server::first(root).and_then(Value::as_object),
    };
    server::warn_of_more(ctx);
    let name = "x-amazon-apigateway-endpoint-configuration";
    if let Some(endpoint) = holder.and_then(|holder| ctx.member(holder, name, "")) {
        settings.disable_execute_api_endpoint =
            ctx.flag(endpoint, "disableExecuteApiEndpoint", name);
        settings.vpc_endpoint_ids = ctx.texts(endpoint, "vpcEndpointIds", name);
    }
    settings
}

/// Warns of what only HTTP APIs have and whose loss a client would notice.
/// `importexport-version` and `tag-value`, which are theirs as well, change no
/// answer.
pub(crate) fn warn_of_http_only(ctx: &mut Context<'_>) {
    let cors = "x-amazon-apigateway-cors";
    if ctx.root.get(cors).is_some_and(|value| !value.is_null()) {
        ctx.warn(format!("{cors} is supported for HTTP APIs only. Ignoring."));
    }
}

fn api_key_source(ctx: &mut Context<'_>) -> Option<ApiKeySource> {
    let text = ctx.text(ctx.root, "x-amazon-apigateway-api-key-source", "root")?;
    match text.to_ascii_uppercase().as_str() {
        "HEADER" => Some(ApiKeySource::Header),
        "AUTHORIZER" => Some(ApiKeySource::Authorizer),
        _ => {
            ctx.error(format!(
                "Invalid API key source '{text}' specified. Valid options are HEADER,AUTHORIZER"
            ));
            None
        }
    }
}

fn compression(ctx: &mut Context<'_>) -> Option<u32> {
    let value = ctx.root.get("x-amazon-apigateway-minimum-compression-size")?;
    if value.is_null() {
        return None;
    }
    let size = scalar(value).and_then(|text| text.parse::<u64>().ok());
    let size = size.filter(|size| *size <= MAX_COMPRESSION_SIZE_BYTES);
    if size.is_none() {
        ctx.error("Invalid minimum compression size, must be between 0 and 10485760");
    }
    size.and_then(|size| u32::try_from(size).ok())
}

/// The policy as text, with `execute-api:/...` resources made whole ARNs.
fn policy(ctx: &mut Context<'_>) -> Option<String> {
    let value = ctx.root.get("x-amazon-apigateway-policy")?;
    let parsed = match value {
        Value::Null => return None,
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        value => value.clone(),
    };
    let Value::Object(mut policy) = parsed else {
        ctx.error("Invalid policy document. Please check the policy syntax and ensure that Principals are valid.");
        return None;
    };
    if let Some(Variables { account_id, region, partition }) = &ctx.options.variables {
        gw_model::policy::expand_resources(&mut policy, |rest| {
            format!("arn:{partition}:execute-api:{region}:{account_id}:{{apiId}}/{rest}")
        });
    }
    Some(Value::Object(policy).to_string())
}

/// `x-amazon-apigateway-request-validators`.
pub(crate) fn validators(ctx: &mut Context<'_>) -> BTreeMap<String, RequestValidator> {
    let name = "x-amazon-apigateway-request-validators";
    let mut validators = BTreeMap::new();
    for (key, value) in ctx.member(ctx.root, name, "").into_iter().flatten() {
        let place = format!("{name}.{key}");
        let Some(members) = ctx.map(value, &place) else { continue };
        let validator = RequestValidator {
            name: key.clone(),
            validate_request_body: ctx
                .flag(members, "validateRequestBody", &place)
                .unwrap_or(false),
            validate_request_parameters: ctx
                .flag(members, "validateRequestParameters", &place)
                .unwrap_or(false),
        };
        validators.insert(key.clone(), validator);
    }
    validators
}

/// `x-amazon-apigateway-gateway-responses`.
pub(crate) fn gateway_responses(
    ctx: &mut Context<'_>,
) -> BTreeMap<GatewayResponseType, GatewayResponse> {
    let name = "x-amazon-apigateway-gateway-responses";
    let mut responses = BTreeMap::new();
    for (key, value) in ctx.member(ctx.root, name, "").into_iter().flatten() {
        let place = format!("{name}.{key}");
        let Ok(kind) = key.parse::<GatewayResponseType>() else {
            ctx.error(format!(
                "Unable to put gateway response '{key}': Invalid gateway response type"
            ));
            continue;
        };
        let Some(members) = ctx.map(value, &place) else { continue };
        let status_code = ctx.text(members, "statusCode", &place);
        let response = GatewayResponse {
            status_code,
            response_parameters: texts(ctx, members, "responseParameters", &place),
            response_templates: texts(ctx, members, "responseTemplates", &place),
        };
        if let Err(reason) = check::gateway_response(&response) {
            ctx.error(format!("Unable to put gateway response '{key}': {reason}"));
        }
        responses.insert(kind, response);
    }
    responses
}

/// A map of texts; other values are parse issues.
fn texts(
    ctx: &mut Context<'_>,
    members: &Members,
    name: &str,
    place: &str,
) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let map = members.get(name).and_then(Value::as_object);
    if map.is_none() && members.get(name).is_some_and(|value| !value.is_null()) {
        ctx.error(format!("Parse issue: attribute {place}.{name} is not of type `object`"));
    }
    for (key, value) in map.into_iter().flatten() {
        match value.as_str() {
            Some(text) => _ = texts.insert(key.clone(), text.to_owned()),
            None => {
                ctx.warn(format!(
                    "Parse issue: attribute {place}.{name}.{key} is not of type `string`"
                ));
            }
        }
    }
    texts
}
