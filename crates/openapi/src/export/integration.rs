//! An integration as `x-amazon-apigateway-integration`.

use std::collections::BTreeMap;

use gw_model::{ConnectionType, Integration, IntegrationResponse};
use serde::Serialize;
use serde_json::{Value, json};

use crate::context::Members;

/// The integration object: AWS's spelling, defaults left out.
pub(super) fn value(integration: &Integration) -> Value {
    let mut members = Members::new();
    let mut put = |name: &str, value: Option<Value>| {
        members.extend(value.map(|value| (name.to_owned(), value)));
    };
    let text = |text: &Option<String>| text.clone().map(Value::from);
    put("type", Some(integration.kind.as_str().to_ascii_lowercase().into()));
    put("httpMethod", text(&integration.http_method));
    put("uri", text(&integration.uri));
    put("credentials", text(&integration.credentials));
    let linked = integration.connection_type == ConnectionType::VpcLink;
    put("connectionType", linked.then(|| "VPC_LINK".into()));
    put("connectionId", text(&integration.connection_id));
    put("integrationTarget", text(&integration.integration_target));
    put("requestParameters", map(&integration.request_parameters));
    put("requestTemplates", map(&integration.request_templates));
    put("passthroughBehavior", Some(lower(&integration.passthrough_behavior)));
    put("contentHandling", integration.content_handling.map(|handling| json!(handling)));
    let timeout = integration.timeout_ms;
    put("timeoutInMillis", (timeout != Integration::DEFAULT_TIMEOUT_MS).then(|| timeout.into()));
    put("cacheNamespace", text(&integration.cache_namespace));
    let keys = &integration.cache_key_parameters;
    put("cacheKeyParameters", (!keys.is_empty()).then(|| json!(keys)));
    put(
        "tlsConfig",
        integration
            .insecure_skip_verification
            .map(|skip| json!({"insecureSkipVerification": skip})),
    );
    put("responseTransferMode", text(&integration.response_transfer_mode));
    put("responses", responses(&integration.responses));
    members.into()
}

/// Responses by what selects them. Of several with one pattern only the first
/// is ever selected, so the others need no place.
fn responses(responses: &BTreeMap<String, IntegrationResponse>) -> Option<Value> {
    let mut by_pattern = Members::new();
    for (status, response) in responses {
        let pattern = match response.selection_pattern.as_deref() {
            None | Some("") => "default",
            // The word alone would be read as the default response.
            Some("default") => "(?:default)",
            Some(pattern) => pattern,
        };
        if by_pattern.contains_key(pattern) {
            continue;
        }
        let mut members = Members::new();
        members.insert("statusCode".into(), status.clone().into());
        members.extend(named("responseParameters", map(&response.response_parameters)));
        members.extend(named("responseTemplates", map(&response.response_templates)));
        let handling = response.content_handling.map(|handling| json!(handling));
        members.extend(named("contentHandling", handling));
        by_pattern.insert(pattern.to_owned(), members.into());
    }
    (!by_pattern.is_empty()).then(|| by_pattern.into())
}

fn named(name: &str, value: Option<Value>) -> Option<(String, Value)> {
    value.map(|value| (name.to_owned(), value))
}

fn map<V: Serialize>(map: &BTreeMap<String, V>) -> Option<Value> {
    (!map.is_empty()).then(|| json!(map))
}

fn lower(value: &impl Serialize) -> Value {
    json!(value).as_str().unwrap_or_default().to_ascii_lowercase().into()
}
