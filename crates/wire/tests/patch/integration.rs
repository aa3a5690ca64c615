//! Integrations and their responses.

use super::*;

#[test]
fn integration_paths() {
    let mut integration = Integration {
        http_method: Some("GET".into()),
        uri: Some("http://h/".into()),
        ..Integration::of_kind(IntegrationType::HttpProxy)
    };
    patch_integration(
        &mut integration,
        &steps(&[
            (A, "/cacheKeyParameters", Some("method.request.path.a")),
            (A, "/cacheKeyParameters/method.request.path.b", None),
            (R, "/cacheKeyParameters/method.request.path.b", Some("method.request.path.c")),
            (D, "/cacheKeyParameters", Some("method.request.path.a")),
            (R, "/cacheNamespace", Some("ns")),
            (R, "/connectionId", Some("c")),
            (R, "/connectionType", Some("VPC_LINK")),
            (R, "/contentHandling", Some("CONVERT_TO_TEXT")),
            (R, "/credentials", Some("arn:x")),
            (R, "/httpMethod", Some("POST")),
            (R, "/integrationTarget", Some("t")),
            (R, "/passthroughBehavior", Some("NEVER")),
            (R, "/responseTransferMode", Some("STREAM")),
            (R, "/timeoutInMillis", Some("50")),
            (R, "/tlsConfig/insecureSkipVerification", Some("true")),
            (R, "/uri", Some("https://h/{b}")),
            (A, "/requestParameters/integration.request.path.b", Some("method.request.path.b")),
            (R, "/requestParameters/integration.request.path.b", Some("'b'")),
            (A, "/requestTemplates/application~1json", Some("{}")),
        ]),
    )
    .unwrap();
    assert_eq!(integration.cache_key_parameters, ["method.request.path.c"]);
    assert_eq!(integration.timeout_ms, 50);
    // As an example of the AWS CLI has it: no first slash, and no value.
    let short = steps(&[(R, "requestTemplates/application~1json", None)]);
    patch_integration(&mut integration, &short).unwrap();
    assert_eq!(integration.request_templates["application/json"], None);
    for (step, message) in [
        ((R, "/type", Some("MOCK")), unsupported("/type", R)),
        (
            (R, "/timeoutInMillis", Some("900001")),
            "Timeout should be between 50 ms and 29000 ms".into(),
        ),
        ((R, "/httpMethod", Some("")), "Enumeration value for HttpMethod must be non-empty".into()),
        (
            (A, "/requestParameters/integration.request.path.d", Some("true")),
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : \
             [Invalid mapping expression specified: true]"
                .into(),
        ),
        (
            (A, "/requestParameters/integration.request.path.d", None),
            "Invalid null or empty value in requestParameters".into(),
        ),
        ((D, "/requestTemplates/a~1b", None), "Content-Type specified was not found".into()),
    ] {
        assert_eq!(text(patch_integration(&mut integration.clone(), &steps(&[step]))), message);
    }
    integration.connection_type = Default::default();
    assert_eq!(
        text(patch_integration(&mut integration, &steps(&[(R, "/uri", Some("nowhere"))]))),
        "Invalid HTTP endpoint specified for URI"
    );
    let mut mock = Integration::of_kind(IntegrationType::Mock);
    assert_eq!(
        text(patch_integration(&mut mock, &steps(&[(R, "/uri", Some("http://h/"))]))),
        unsupported("/uri", R)
    );
}

#[test]
fn another_transfer_mode_forgets_the_timeout() {
    let mut integration = Integration::of_kind(IntegrationType::HttpProxy);
    integration.uri = Some("https://h/".to_owned());
    integration.http_method = Some("GET".to_owned());
    integration.timeout_ms = 5_000;
    let mode = |mode| (R, "/responseTransferMode", Some(mode));
    let timeout = |ms| (R, "/timeoutInMillis", Some(ms));
    for (patch, expected) in [
        (vec![mode("BUFFERED")], 5_000),
        (vec![mode("STREAM")], 29_000),
        (vec![mode("BUFFERED"), timeout("7000")], 7_000),
        (vec![timeout("900000"), mode("STREAM")], 900_000),
        (vec![mode("STREAM")], 900_000),
        (vec![mode("BUFFERED")], 29_000),
    ] {
        patch_integration(&mut integration, &steps(&patch)).unwrap();
        assert_eq!(integration.timeout_ms, expected, "{patch:?}");
    }
}

#[test]
fn integration_response_paths() {
    let mut response = IntegrationResponse::default();
    let header = "/responseParameters/method.response.header.A";
    patch_integration_response(
        &mut response,
        &steps(&[
            (R, "/contentHandling", Some("CONVERT_TO_BINARY")),
            (R, "/selectionPattern", Some("")),
            (A, header, Some("integration.response.header.B")),
            (R, header, Some("'x'")),
            (A, "/responseTemplates/application~1json", Some("")),
        ]),
    )
    .unwrap();
    assert_eq!(response.selection_pattern.as_deref(), Some(""));
    assert_eq!(response.response_templates["application/json"], None);
    for (step, message) in [
        ((R, header, None), "Invalid null or empty value in responseParameters"),
        ((A, "/responseTemplates/a~1b", None), "Invalid null or empty value in responseTemplates"),
        ((D, "/responseTemplates/a~1b", None), "Content-Type specified was not found"),
        ((R, "/x", Some("y")), "Invalid patch path /x"),
    ] {
        assert_eq!(text(patch_integration_response(&mut response, &steps(&[step]))), message);
    }
}
