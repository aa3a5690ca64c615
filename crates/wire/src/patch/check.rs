//! Rules of values, shared by creations and patches. Those of methods and
//! integrations are `gw_model::check`'s.

use gw_model::{Integration, IntegrationResponse, Method, Variables, check, name};

use crate::Fault;

/// The rules of a method that need no look at other rows.
///
/// # Errors
/// AWS's text for the first rule broken.
pub fn check_method(method: &Method) -> Result<(), Fault> {
    check::method(method).map_err(Fault::bad_request)
}

/// A key of `responseParameters`.
///
/// # Errors
/// When it is no `method.response.header.{name}`.
pub fn check_response_header(parameter: &str) -> Result<(), Fault> {
    check::response_header(parameter).map_err(Fault::bad_request)
}

/// `type/subtype`.
pub(super) fn check_media_type(text: &str) -> Result<(), Fault> {
    check::media_type(text).map_err(Fault::bad_request)
}

/// The range of integration timeouts.
///
/// # Errors
/// Outside 50 to 900,000 ms, AWS's text telling its usual quota.
pub fn timeout_ms(millis: i64) -> Result<u32, Fault> {
    check::timeout_ms(millis).map_err(Fault::bad_request)
}

/// A `passthroughBehavior` that is none of the three.
pub fn bad_passthrough() -> Fault {
    Fault::bad_request(
        "Enumeration value for PassthroughBehavior must be one of: \
         [WHEN_NO_MATCH, WHEN_NO_TEMPLATES, NEVER]",
    )
}

/// The rules of an integration that need no look at other rows.
///
/// # Errors
/// AWS's text for the first rule broken.
pub fn check_integration(integration: &Integration) -> Result<(), Fault> {
    check::integration(integration).map_err(Fault::bad_request)
}

/// The rules of an integration response.
///
/// # Errors
/// AWS's text for the first rule broken.
pub fn check_integration_response(response: &IntegrationResponse) -> Result<(), Fault> {
    check::integration_response(response).map_err(Fault::bad_request)
}

/// A model's schema: a JSON object; which models it may refer to is for the
/// caller to see.
///
/// # Errors
/// When it is empty or no JSON object, or refers to what is no model.
pub fn check_schema(schema: &str) -> Result<(), Fault> {
    check::schema(schema).map(drop).map_err(Fault::bad_request)
}

/// A stage's name.
///
/// # Errors
/// AWS's text.
pub fn check_stage_name(stage: &str) -> Result<(), Fault> {
    if name::is_stage_name(stage) {
        Ok(())
    } else {
        Err(Fault::bad_request("Stage name only allows a-zA-Z0-9_-"))
    }
}

/// Names and values of stage variables.
///
/// # Errors
/// AWS's text for the first that breaks the rules.
pub fn check_variables(variables: &Variables) -> Result<(), Fault> {
    variables.iter().try_for_each(|(key, value)| check_variable(key, value))
}

pub(super) fn check_variable(key: &str, value: &str) -> Result<(), Fault> {
    if !name::is_variable_name(key) {
        return Err(Fault::bad_request(format!(
            "Stage variable name '{key}' is invalid. Please use at most 64 alphanumeric \
             characters and underscores"
        )));
    }
    if !name::is_variable_value(value) {
        return Err(Fault::bad_request(format!(
            "Invalid stage variable value: {value}. Please use values with alphanumeric \
             characters and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
        )));
    }
    Ok(())
}

/// The longest format of access logs, in bytes.
const MAX_LOG_FORMAT: usize = 3 * 1024;

/// A stage's format of access logs: one line that tells a request by its id.
pub(super) fn check_access_log_format(format: &str) -> Result<(), Fault> {
    let line = format.strip_suffix('\n').unwrap_or(format);
    if line.contains(['\n', '\r']) {
        return Err(Fault::bad_request(
            "Access Log format must be single line, new line character is allowed only at end of \
             the format",
        ));
    }
    if !["$context.requestId", "$context.extendedRequestId"].iter().any(|id| line.contains(id)) {
        return Err(Fault::bad_request(
            "Access Log format must contain $context.requestId or $context.extendedRequestId",
        ));
    }
    if format.len() > MAX_LOG_FORMAT {
        return Err(Fault::bad_request(format!(
            "Access Log format can be at most {MAX_LOG_FORMAT} characters"
        )));
    }
    Ok(())
}

/// A canary's share.
///
/// # Errors
/// Outside 0.0 to 100.0.
pub fn check_percent(percent: f64) -> Result<(), Fault> {
    if (0.0..=100.0).contains(&percent) {
        Ok(())
    } else {
        Err(Fault::bad_request(
            "Invalid canary percent traffic specified. Must be between 0.0 and 100.0",
        ))
    }
}
