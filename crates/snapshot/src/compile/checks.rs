//! What stands before a method's integration.

use gw_model::{GatewayResponseType as Type, Method, RestApi};
use gw_schema::Compiler as Schemas;

use super::Compiler;
use crate::{Bodies, Checks, ParameterPlace, Required, gateway::media_type};

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
            match self.bodies(method) {
                Ok(bodies) => checks.bodies = Some(bodies),
                Err(reasons) => {
                    for reason in reasons {
                        self.poison(place, reason);
                    }
                    checks.validation = Some(Type::ApiConfigurationError);
                }
            }
        }
        if validator.validate_request_parameters {
            // Ordered by place and name, as the message lists them.
            let required = method.request_parameters.iter().filter(|(_, required)| **required);
            checks.required = required.filter_map(|(key, _)| required_of(key)).collect();
        }
        checks
    }
}

/// The compiler of an API's models, without any so far.
pub(super) fn schemas(api: &RestApi) -> Schemas<'_> {
    // A model need not have a schema; any JSON is good for one without.
    Schemas::new(
        |name| {
            let schema = api.models.get(name)?.schema.as_deref();
            Some(schema.filter(|text| !text.trim().is_empty()).unwrap_or("{}"))
        },
        gw_schema::Limits::default(),
    )
}

impl Compiler<'_> {
    /// The schemas of a method's request models, or why not.
    fn bodies(&mut self, method: &Method) -> Result<Bodies, Vec<String>> {
        let (mut by_type, mut default, mut reasons) = (Vec::new(), None, Vec::new());
        for (media, model) in &method.request_models {
            match self.schemas.model(model) {
                Ok(schema) if media == "$default" => default = Some(schema),
                Ok(schema) => {
                    let media = media_type(media).to_ascii_lowercase();
                    by_type.push((media.into(), schema));
                }
                Err(reason) => reasons.push(format!("model {model}: {reason}")),
            }
        }
        match reasons.is_empty() {
            true => Ok(Bodies { by_type: by_type.into(), default }),
            false => Err(reasons),
        }
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
    let bodies = checks.bodies.as_ref().map_or(0, Bodies::size_bytes);
    size_of::<Checks>() + bodies + checks.required.iter().map(|r| r.name.len() + 64).sum::<usize>()
}
