//! Methods and their responses.

use super::*;

#[test]
fn method_paths() {
    let mut method = Method::default();
    patch_method(
        &mut method,
        &steps(&[
            (A, "/authorizationScopes", Some("a")),
            (A, "/authorizationScopes", Some("b")),
            (D, "/authorizationScopes", Some("a")),
            (R, "/authorizationType", Some("CUSTOM")),
            (R, "/authorizerId", Some("abc123")),
            (R, "/apiKeyRequired", Some("true")),
            (R, "/operationName", Some("op")),
            (R, "/requestValidatorId", Some("v")),
            (A, "/requestParameters/method.request.header.X-A", Some("true")),
            (A, "/requestParameters/method.request.path.b", Some("true")),
            (R, "/requestParameters/method.request.path.b", Some("false")),
            (D, "/requestParameters/method.request.header.X-A", None),
            (A, "/requestModels/application~1json", Some("Empty")),
        ]),
    )
    .unwrap();
    assert_eq!(method.authorization_scopes, ["b"]);
    assert_eq!(method.request_parameters, [("method.request.path.b".to_owned(), false)].into());
    assert_eq!(method.request_models["application/json"], "Empty");
    for (step, message) in [
        (
            (A, "/requestParameters/method.request.querystring.b", Some("true")),
            "Parameter names must be unique across querystring, header and path",
        ),
        (
            (R, "/authorizerId", Some("")),
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or \
             COGNITO_USER_POOLS requires a valid authorizer.",
        ),
        (
            (R, "/requestParameters/method.request.header.X", Some("true")),
            "Invalid parameter name specified",
        ),
        ((D, "/requestModels/text~1xml", None), "Content-Type specified was not found"),
        (
            (A, "/requestModels/123", Some("Empty")),
            "Validation Result: warnings : [], errors : [Invalid content type specified: 123]",
        ),
        (
            (A, "/apiKeyRequired", Some("true")),
            "Invalid patch operation specified. Must be one of: [replace]",
        ),
        ((A, "/httpMethod", Some("PUT")), "Invalid patch path /httpMethod"),
        (
            (R, "/authorizationScopes", Some("x")),
            "Invalid patch operation specified. Must be one of: [add, remove]",
        ),
    ] {
        assert_eq!(text(patch_method(&mut method.clone(), &steps(&[step]))), message);
    }
}

#[test]
fn method_response_paths() {
    let mut response = MethodResponse::default();
    patch_method_response(
        &mut response,
        &steps(&[
            (A, "/responseParameters/method.response.header.A", Some("true")),
            (R, "/responseParameters/method.response.header.A", Some("false")),
            (A, "/responseModels/application~1json", Some("Empty")),
            (R, "/responseModels/application~1json", Some("Error")),
        ]),
    )
    .unwrap();
    assert_eq!(response.response_models["application/json"], "Error");
    for (step, message) in [
        ((R, "/statusCode", Some("1")), "Invalid patch path /statusCode"),
        ((R, "/responseModels", Some("1")), "Invalid patch path /responseModels"),
        ((D, "/responseModels/a~1b", None), "Content-Type specified was not found"),
        (
            (D, "/responseParameters/method.response.header.B", None),
            "Invalid parameter name specified",
        ),
    ] {
        assert_eq!(text(patch_method_response(&mut response, &steps(&[step]))), message);
    }
}
