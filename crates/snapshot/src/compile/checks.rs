//! What stands before a method's integration.

use gw_model::{GatewayResponseType as Type, Method};

use super::Compiler;
use crate::{Checks, ParameterPlace, Required};

impl Compiler<'_> {
    pub(super) fn checks(&mut self, method: &Method, place: &str) -> Checks {
        let api_key = method.api_key_required.then_some(self.api.api_key_source);
        let mut checks = Checks { api_key, ..Checks::default() };
        if method.authorization_type != "NONE" {
            let kind = &method.authorization_type;
            self.poison(place, format!("authorization {kind} is not in this build"));
            checks.authorization = Some(Type::AuthorizerConfigurationError);
        } else if self.api.policy.as_deref().is_some_and(|policy| !policy.trim().is_empty()) {
            self.poison(place, "resource policies are not in this build");
            checks.authorization = Some(Type::AuthorizerConfigurationError);
        }
        let Some(id) = &method.request_validator_id else { return checks };
        let Some(validator) = self.api.request_validators.get(id) else {
            self.poison(place, format!("there is no request validator {id}"));
            checks.validation = Some(Type::ApiConfigurationError);
            return checks;
        };
        if validator.validate_request_body && !method.request_models.is_empty() {
            self.poison(place, "validation of bodies is not in this build");
            checks.validation = Some(Type::ApiConfigurationError);
        }
        if validator.validate_request_parameters {
            // Ordered by place and name, as the message lists them.
            let required = method.request_parameters.iter().filter(|(_, required)| **required);
            checks.required = required.filter_map(|(key, _)| required_of(key)).collect();
        }
        checks
    }
}

fn required_of(key: &str) -> Option<Required> {
    let (place, name) = key.strip_prefix("method.request.")?.split_once('.')?;
    let place = match place {
        "header" | "multivalueheader" => ParameterPlace::Header(name.parse().ok()?),
        "path" => ParameterPlace::Path,
        "querystring" | "multivaluequerystring" => ParameterPlace::Query,
        _ => return None,
    };
    Some(Required { place, name: name.into() })
}

/// Roughly the bytes of a route's checks.
pub(super) fn size_bytes(checks: &Checks) -> usize {
    size_of::<Checks>() + checks.required.iter().map(|r| r.name.len() + 64).sum::<usize>()
}
