//! What an API itself sets, in extensions at the root.

use std::collections::BTreeMap;

use gw_model::{ApiKeySource, RestApi};
use serde_json::{Value, json};

use super::{ExportOptions, security::validator_names};
use crate::context::Members;

/// The name of the endpoint configuration's extension.
pub(super) const ENDPOINT: &str = "x-amazon-apigateway-endpoint-configuration";

/// The endpoint configuration, where it says something. The types of endpoint
/// are no part of a document: an import is told them by its caller.
pub(super) fn endpoint(api: &RestApi, options: &ExportOptions<'_>) -> Option<Value> {
    if !options.extensions.integrations {
        return None;
    }
    let mut endpoint = Members::new();
    if api.disable_execute_api_endpoint {
        endpoint.insert("disableExecuteApiEndpoint".into(), true.into());
    }
    let ids = &api.endpoint_configuration.vpc_endpoint_ids;
    if !ids.is_empty() {
        endpoint.insert("vpcEndpointIds".into(), json!(ids));
    }
    (!endpoint.is_empty()).then(|| endpoint.into())
}

/// The other extensions at the root, but for documentation.
pub(super) fn root(api: &RestApi, options: &ExportOptions<'_>, document: &mut Members) {
    let mut put = |name: &str, value: Value| {
        document.insert(format!("x-amazon-apigateway-{name}"), value);
    };
    if options.extensions.integrations {
        if api.api_key_source != ApiKeySource::default() {
            put("api-key-source", json!(api.api_key_source));
        }
        if let Some(mode) = &api.endpoint_access_mode {
            put("endpoint-access-mode", mode.clone().into());
        }
        if let Some(policy) = &api.security_policy {
            put("security-policy", policy.clone().into());
        }
        if let Some(policy) = &api.policy {
            let value = serde_json::from_str(policy);
            put("policy", value.unwrap_or_else(|_| policy.clone().into()));
        }
    }
    if options.extensions.gateway_responses && !api.gateway_responses.is_empty() {
        let responses: Members = api
            .gateway_responses
            .iter()
            .map(|(kind, response)| (kind.to_string(), json!(response)))
            .collect();
        put("gateway-responses", responses.into());
    }
    if options.extensions.validators && !api.request_validators.is_empty() {
        let names = validator_names(api);
        // By name, since ids say nothing.
        let validators: BTreeMap<String, Value> = api
            .request_validators
            .iter()
            .map(|(id, validator)| {
                let flags = json!({
                    "validateRequestParameters": validator.validate_request_parameters,
                    "validateRequestBody": validator.validate_request_body,
                });
                (names[id].clone(), flags)
            })
            .collect();
        put("request-validators", json!(validators));
    }
    if options.extensions.integrations {
        if let Some(size) = api.minimum_compression_size_bytes {
            put("minimum-compression-size", size.into());
        }
        if !api.binary_media_types.is_empty() {
            put("binary-media-types", json!(api.binary_media_types));
        }
    }
}
