//! AWS integrations: services and, mapped, Lambda functions.

use super::Compiler;
use crate::{Aws, AwsAddress, AwsCall, AwsTarget, Integration, RequestMapping, ResponseMapping};

impl Compiler<'_> {
    /// Services of AWS, their requests and answers mapped.
    pub(super) fn aws(
        &mut self,
        declared: &gw_model::Integration,
        place: &str,
    ) -> Result<Integration, Vec<String>> {
        let mut reasons = Vec::new();
        let method = verb(declared, &mut reasons);
        let mut faults = Vec::new();
        let mut fault = |reason| faults.push(reason);
        let request = RequestMapping::compile(declared, &self.binary, self.limits, &mut fault);
        let response = ResponseMapping::compile(declared, &self.binary, self.limits, &mut fault);
        let address = address(declared).map_err(|found| reasons.extend(found)).ok();
        if let Some(AwsAddress::Fixed(target)) = &address {
            reasons.extend(unmapped(target, &request));
            if matches!(target.uri.call, AwsCall::Lambda(_))
                && !matches!(declared.http_method.as_deref(), Some("POST" | "ANY"))
            {
                reasons.push("a Lambda function is invoked by POST only".to_owned());
            }
        }
        let Some(address) = address.filter(|_| reasons.is_empty()) else {
            return Err([reasons, faults].concat());
        };
        for reason in faults {
            self.poison(place, reason);
        }
        let timeout_ms = declared.timeout_ms.max(1);
        Ok(Integration::Aws(Box::new(Aws { address, method, request, response, timeout_ms })))
    }
}

/// The verb to send; `None` for the client's own.
fn verb(declared: &gw_model::Integration, reasons: &mut Vec<String>) -> Option<http::Method> {
    match declared.http_method.as_deref() {
        Some("ANY") => None,
        Some(verb) => match http::Method::from_bytes(verb.as_bytes()) {
            Ok(method) if method != http::Method::CONNECT => Some(method),
            _ => {
                reasons.push(format!("{verb:?} is not a verb"));
                None
            }
        },
        None => {
            reasons.push("the integration has no httpMethod".to_owned());
            None
        }
    }
}

fn address(declared: &gw_model::Integration) -> Result<AwsAddress, Vec<String>> {
    let uri = declared.uri.as_deref().filter(|uri| !uri.is_empty());
    let uri = uri.ok_or_else(|| vec!["the integration has no URI".to_owned()])?;
    AwsAddress::compile(uri, declared.credentials.as_deref())
        .map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

/// Places of the address that nothing ever fills.
fn unmapped(target: &AwsTarget, request: &RequestMapping) -> Vec<String> {
    if request.may_override() {
        return Vec::new();
    }
    let is_mapped = |place: &str| request.path_names().any(|name| name == place);
    let missing = target.uri.places().filter(|place| !is_mapped(place));
    missing.map(|name| format!("{{{name}}} has no integration.request.path mapping")).collect()
}
