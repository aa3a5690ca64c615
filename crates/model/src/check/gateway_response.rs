//! Gateway responses.

use super::{Checked, mapping, media_type, status_code};
use crate::GatewayResponse;

/// Checks a customised gateway response as `PutGatewayResponse` does.
///
/// # Errors
/// The first rule that it breaks, in AWS's words.
pub fn gateway_response(response: &GatewayResponse) -> Checked {
    response.status_code.as_deref().map_or(Ok(()), status_code)?;
    for (target, source) in &response.response_parameters {
        mapping::parameter(target, "gatewayresponse.", &["header", "path", "querystring"])?;
        mapping::refusal_source(source)?;
    }
    response.response_templates.keys().try_for_each(|key| media_type(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_statuses_and_templates() {
        let header = |target: &str, source: &str| GatewayResponse {
            response_parameters: [(target.into(), source.into())].into(),
            ..GatewayResponse::default()
        };
        // Stored, though answers have neither: so it is at AWS.
        for target in ["gatewayresponse.path.x", "gatewayresponse.querystring.x"] {
            assert_eq!(gateway_response(&header(target, "'a'")), Ok(()), "{target}");
        }
        for source in [
            "'*'",
            "method.request.header.Origin",
            "context.requestId",
            "method.input.params.petId",
        ] {
            assert_eq!(gateway_response(&header("gatewayresponse.header.X", source)), Ok(()));
        }
        for (target, source) in [
            ("gatewayresponse.body.X", "'a'"),
            ("method.response.header.X", "'a'"),
            ("gatewayresponse.header.", "'a'"),
            ("gatewayresponse.header.X", "integration.response.header.a"),
            ("gatewayresponse.header.X", "text"),
            ("gatewayresponse.header.X", "method.input.params."),
            ("gatewayresponse.header.X", "method.input.header.a"),
        ] {
            assert!(gateway_response(&header(target, source)).is_err(), "{target} {source}");
        }
        let status = |code: &str| GatewayResponse {
            status_code: Some(code.into()),
            ..GatewayResponse::default()
        };
        assert_eq!(gateway_response(&status("418")), Ok(()));
        assert!(gateway_response(&status("4xx")).is_err());
    }
}
