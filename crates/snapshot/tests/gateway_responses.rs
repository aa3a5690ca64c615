//! Every built-in gateway response, and how customisation is looked up.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use gw_model::{GatewayResponse, GatewayResponseType as Type, HttpMethod::Get, RestApi};
use gw_snapshot::{GatewayError, Rendered};
use http::{HeaderValue, StatusCode};
use support::*;

fn base() -> RestApi {
    api("abc", vec![("/", Get, mock("{\"statusCode\": 200}", ""))])
}

fn render(api: &RestApi, error: &GatewayError, request: &Request) -> Rendered {
    compiled(api).gateway_responses().render(error, request)
}

#[test]
fn built_in() {
    let check = |kind: Type, status: u16, error_type: &str, body: &str| {
        let rendered = render(&base(), &GatewayError::of(kind), &Request::default());
        let found = (rendered.status.as_u16(), rendered.error_type, &rendered.body[..]);
        assert_eq!(found, (status, error_type, body.as_bytes()), "{kind}");
        assert_eq!(rendered.content_type, "application/json");
    };
    let internal = "InternalServerErrorException";
    let bad = "BadRequestException";
    let denied = r#"{"Message":"User is not authorized to access this resource"}"#;
    check(Type::AccessDenied, 403, "AccessDeniedException", denied);
    check(Type::ApiConfigurationError, 500, internal, r#"{"message": "Internal server error"}"#);
    let null = r#"{"message":null}"#;
    check(Type::AuthorizerConfigurationError, 500, "AuthorizerConfigurationException", null);
    check(Type::AuthorizerFailure, 500, "AuthorizerFailureException", null);
    check(Type::BadRequestBody, 400, bad, r#"{"message": "Invalid request body"}"#);
    let expired = r#"{"message":"The security token included in the request is expired"}"#;
    check(Type::ExpiredToken, 403, "ExpiredTokenException", expired);
    let network = r#"{"message": "Network error communicating with endpoint"}"#;
    check(Type::IntegrationFailure, 504, internal, network);
    check(Type::IntegrationTimeout, 504, internal, r#"{"message": "Endpoint request timed out"}"#);
    let forbidden = r#"{"message":"Forbidden"}"#;
    check(Type::InvalidApiKey, 403, "ForbiddenException", forbidden);
    check(Type::WafFiltered, 403, "ForbiddenException", forbidden);
    let missing = r#"{"message":"Missing Authentication Token"}"#;
    let missing_type = "MissingAuthenticationTokenException";
    check(Type::MissingAuthenticationToken, 403, missing_type, missing);
    let quota = r#"{"message":"Limit Exceeded"}"#;
    check(Type::QuotaExceeded, 429, "LimitExceededException", quota);
    let large = r#"{"message":"Request Too Long"}"#;
    check(Type::RequestTooLarge, 413, "RequestTooLargeException", large);
    check(Type::ResourceNotFound, 404, "NotFoundException", r#"{"message":"Not Found"}"#);
    let throttled = r#"{"message":"Too Many Requests"}"#;
    check(Type::Throttled, 429, "TooManyRequestsException", throttled);
    check(Type::Unauthorized, 401, "UnauthorizedException", r#"{"message":"Unauthorized"}"#);
    check(Type::UnsupportedMediaType, 415, bad, r#"{"message": "Unsupported Media Type"}"#);
    for kind in Type::ALL {
        let error = GatewayError::of(*kind);
        let body = GatewayResponses::built_in_body(&error);
        assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok(), "{kind}");
    }
}

/// A short name for the associated function.
struct GatewayResponses;

impl GatewayResponses {
    fn built_in_body(error: &GatewayError) -> bytes::Bytes {
        gw_snapshot::GatewayResponses::built_in(error).body
    }
}

fn custom(status: Option<&str>, templates: &[(&str, &str)]) -> GatewayResponse {
    let pair = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
    GatewayResponse {
        status_code: status.map(str::to_owned),
        response_templates: templates.iter().map(pair).collect(),
        ..GatewayResponse::default()
    }
}

#[test]
fn own_type_then_class_then_built_in() {
    let mut api = base();
    let own = custom(None, &[("application/json", "own $context.error.responseType")]);
    api.gateway_responses.insert(Type::Throttled, own);
    let class = custom(Some("499"), &[("application/json", "class $context.error.message")]);
    api.gateway_responses.insert(Type::Default4xx, class);
    let check = |kind: Type, status: u16, body: &str| {
        let rendered = render(&api, &GatewayError::of(kind), &Request::default());
        assert_eq!(
            (rendered.status.as_u16(), &*rendered.body),
            (status, body.as_bytes()),
            "{kind}"
        );
    };
    check(Type::Throttled, 429, "own THROTTLED");
    check(Type::Unauthorized, 499, "class Unauthorized");
    check(Type::RequestTooLarge, 413, r#"{"message":"Request Too Long"}"#);
    check(Type::IntegrationTimeout, 504, r#"{"message": "Endpoint request timed out"}"#);
}

#[test]
fn templates_are_chosen_by_accept() {
    let mut api = base();
    let templates =
        [("application/json", "json"), ("text/html", "<p>$method.request.header.x-a</p>")];
    api.gateway_responses.insert(Type::Default5xx, custom(None, &templates));
    let check = |accept: Option<&'static str>, media: &str, body: &str| {
        let mut request = Request::default();
        request.headers.insert("x-a", HeaderValue::from_static("v"));
        if let Some(accept) = accept {
            request.headers.insert("accept", HeaderValue::from_static(accept));
        }
        let error = GatewayError::of(Type::IntegrationFailure).with_status(StatusCode::BAD_GATEWAY);
        let rendered = render(&api, &error, &request);
        assert_eq!(rendered.status, 502);
        assert_eq!(
            (&rendered.content_type, &*rendered.body),
            (&HeaderValue::from_str(media).unwrap(), body.as_bytes())
        );
    };
    check(None, "application/json", "json");
    check(Some("text/html;q=1, */*"), "text/html", "<p>v</p>");
    check(Some("image/png"), "application/json", "json");
}

#[test]
fn no_template_keeps_the_built_in_body() {
    let mut api = base();
    let mut response = custom(Some("418"), &[]);
    for (name, value) in [
        ("X-Static", "'s'"),
        ("X-Header", "method.request.header.origin"),
        ("X-Path", "method.request.path.id"),
        ("X-Stage", "stageVariables.v"),
        ("X-Absent", "method.request.querystring.q"),
        ("X-Error", "context.error.responseType"),
    ] {
        let key = format!("gatewayresponse.header.{name}");
        response.response_parameters.insert(key, value.to_owned());
    }
    api.gateway_responses.insert(Type::InvalidApiKey, response);
    let mut request = Request::default();
    request.headers.insert("origin", HeaderValue::from_static("o"));
    // A line break that a client hides in its path does not become a header.
    request.path = vec![("id", "a%0d%0ab")];
    request.variables = vec![("v", "blue")];
    let rendered = render(&api, &GatewayError::of(Type::InvalidApiKey), &request);
    assert_eq!(
        (rendered.status.as_u16(), &*rendered.body),
        (418, &br#"{"message":"Forbidden"}"#[..])
    );
    let headers: Vec<String> =
        rendered.headers.iter().map(|(n, v)| format!("{n}={}", v.to_str().unwrap())).collect();
    let expected = ["x-error=INVALID_API_KEY", "x-header=o", "x-stage=blue", "x-static=s"];
    assert_eq!(headers, expected);
}
